package discord

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// traitChannel is the channel that a webhook writes to.
const traitChannel = "channel"

type webhookForm struct {
	URL string `json:"url" required:"true" secret:"true" maxLength:"300" doc:"Address of the webhook: in Discord open the settings of the channel, then Integrations, Webhooks, Copy Webhook URL. Whoever knows it can write there."`
}

// ConnectForm implements social.FormConnector.
func (*Webhook) ConnectForm() social.Schema { return social.SchemaOf[webhookForm]() }

// webhookAddress is what Discord gives people to copy. Only the id and the token
// are taken from it, so that it leads nowhere but to Discord.
var webhookAddress = regexp.MustCompile(`^https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api(?:/v[0-9]+)?/webhooks/([0-9]{5,20})/([A-Za-z0-9_-]{20,200})/?(?:\?.*)?$`)

// ConnectWith implements social.FormConnector.
func (p *Webhook) ConnectWith(ctx context.Context, values social.Values) (social.Connection, error) {
	parts := webhookAddress.FindStringSubmatch(strings.TrimSpace(values["url"]))
	if parts == nil {
		return social.Connection{}, social.Errorf(social.CodeRejected,
			"This is not the address of a webhook of Discord. It looks like https://discord.com/api/webhooks/, a number, a slash and many letters.")
	}
	cred := social.Credential{Access: parts[2]}
	var hook struct {
		ID      string `json:"id"`
		Type    int    `json:"type"`
		Name    string `json:"name"`
		Avatar  string `json:"avatar"`
		Guild   string `json:"guild_id"`
		Channel string `json:"channel_id"`
	}
	err := p.call(ctx, social.Target{Account: parts[1], Credential: cred}, http.MethodGet, "", rest.Request{Out: &hook})
	if social.CodeOf(err) == social.CodeAuthRevoked {
		return social.Connection{}, social.Errorf(social.CodeRejected, "Discord does not know this webhook. Please copy the whole of its address.")
	}
	const incoming = 1
	switch {
	case err != nil:
		return social.Connection{}, err
	case hook.ID == "" || hook.Guild == "" || hook.Channel == "":
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "Discord sent an answer that we cannot read.")
	case hook.Type != incoming:
		return social.Connection{}, social.Errorf(social.CodeRejected, "Nothing can be written with a webhook of this kind. Please make a new one in the settings of the channel.")
	}
	return social.Connection{
		Account: hook.ID, Name: cmp.Or(hook.Name, "Webhook"), URL: link(hook.Guild, hook.Channel, ""),
		Avatar: avatarOf(user{ID: hook.ID, Avatar: hook.Avatar}), Traits: social.Traits{traitGuild: hook.Guild, traitChannel: hook.Channel},
		Credential: cred,
	}, nil
}

// call makes a call of the webhook, whose path holds the token.
func (p *Webhook) call(ctx context.Context, t social.Target, method, path string, r rest.Request) error {
	token := t.Credential.Access
	r.Method, r.Path = method, "/webhooks/"+url.PathEscape(t.Account)+"/"+url.PathEscape(token)+path
	r.Secrets = []string{token, url.PathEscape(token)}
	_, err := p.do(ctx, r, classifyWebhook)
	return err
}

// Publish implements social.Provider. It waits for the message, as Discord hides
// what goes wrong otherwise.
// https://discord.com/developers/docs/resources/webhook#execute-webhook
func (p *Webhook) Publish(ctx context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	set, err := social.DecodeSettings[WebhookSettings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	var m message
	r := request(set.body(it), it.Media, set.style(), &m)
	r.Query = url.Values{"wait": {"true"}}
	if set.Thread != "" {
		r.Query.Set("thread_id", set.Thread)
	}
	if err := p.call(ctx, t, http.MethodPost, "", r); err != nil {
		return social.Outcome{}, err
	}
	if m.ID == "" || m.Channel == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Discord did not say which message this became.")
	}
	extra := map[string]string{}
	if set.Poll != nil {
		extra[extraKind] = kindPoll
	}
	return social.Published(refOf(t.Traits[traitGuild], m, it.Media, extra)), nil
}

// body is a message as a webhook sends it.
func (s WebhookSettings) body(it social.Item) object {
	out := body(it, s.style())
	for name, v := range map[string]string{"username": s.Username, "avatar_url": s.AvatarURL, "thread_name": strings.TrimSpace(s.Title)} {
		if v != "" {
			out[name] = v
		}
	}
	if len(s.Tags) > 0 {
		out["applied_tags"] = s.Tags
	}
	return out
}

// inThread is the query for a message that is not in the webhook's own channel.
func inThread(t social.Target, ref social.Ref) url.Values {
	if in := ref.Extra[extraChannel]; in != "" && in != t.Traits[traitChannel] {
		return url.Values{"thread_id": {in}}
	}
	return nil
}

// Confirm implements social.Confirmer.
func (p *Webhook) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	var m message
	err := p.call(ctx, t, http.MethodGet, "/messages/"+url.PathEscape(ref.ID), rest.Request{Query: inThread(t, ref), Out: &m})
	return there(m, err)
}

// Edit implements social.Editor. It changes the text.
func (p *Webhook) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[WebhookSettings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	payload, err := changed(ref, it, set.style())
	if err != nil {
		return social.Ref{}, err
	}
	r := rest.Request{JSON: payload, Query: inThread(t, ref), Reads: true}
	return ref, p.call(ctx, t, http.MethodPatch, "/messages/"+url.PathEscape(ref.ID), r)
}

// Delete implements social.Deleter.
func (p *Webhook) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	err := p.call(ctx, t, http.MethodDelete, "/messages/"+url.PathEscape(ref.ID), rest.Request{Query: inThread(t, ref), Reads: true})
	if code := codeOf(err); code == unknownMessage || code == unknownChannel {
		return nil
	}
	return err
}
