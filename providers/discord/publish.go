package discord

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Publish implements social.Provider. Files go out with their message, because
// Discord knows no other way.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	set = set.first(it)
	in, opens, err := p.place(ctx, t, it, set)
	if err == nil && opens {
		err = p.open(ctx, in)
	}
	if err != nil {
		return social.Outcome{}, err
	}
	m, err := p.send(ctx, t, it, set, in)
	if err != nil {
		return social.Outcome{}, err
	}
	if m.ID == "" || m.Channel == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Discord did not say which message this became.")
	}
	out := social.Published(refOf(t.Account, m, it.Media, extraOf(it, set, in)))
	if set.Crosspost {
		out = out.But(p.crosspost(ctx, m, in))
	}
	return out, nil
}

// place is the channel or thread that it goes to. opens says that it is the thread
// of the message that it answers, which may have to be opened; it has the id of
// that message.
func (p *Provider) place(ctx context.Context, t social.Target, it social.Item, set Settings) (in channel, opens bool, err error) {
	id := set.Channel
	if it.Parent != nil && it.Parent.Extra[extraChannel] != "" {
		id = it.Parent.Extra[extraChannel]
	}
	in, err = p.channel(ctx, t, id)
	if err != nil || it.Parent == nil || set.Answers != threaded || in.isThread() {
		return in, false, err
	}
	return channel{
		ID: it.Parent.ID, Type: threadPublic, Guild: in.Guild, Parent: in.ID, Name: titleOf(it.Parent.Extra[extraTitle], it.Text),
	}, true, nil
}

// channel reads the channel with an id. The bot is in the servers of many people,
// so that one of another server is refused, whoever knows its number.
func (p *Provider) channel(ctx context.Context, t social.Target, id string) (channel, error) {
	var c channel
	err := p.get(ctx, channelPath(id), nil, &c)
	if code := codeOf(err); code == missingAccess || code == unknownChannel {
		return channel{}, p.lost(ctx, t, err)
	}
	switch {
	case err != nil:
		return channel{}, err
	case c.ID == "":
		return channel{}, social.Errorf(social.CodeUnavailable, "Discord sent an answer that we cannot read.")
	case c.Guild != t.Account:
		return channel{}, social.Errorf(social.CodeRejected, "The channel is not one of this server. Please choose another.")
	case !c.takesMessages() && !c.takesPosts():
		return channel{}, social.Errorf(social.CodeRejected, "Nobody can write messages in this channel. Please choose another.")
	}
	return c, nil
}

// lost is why a channel cannot be seen: because the bot is not in the server any
// more, or as Discord said.
func (p *Provider) lost(ctx context.Context, t social.Target, said error) error {
	if err := p.get(ctx, guildPath(t.Account), nil, nil); absent(err) {
		return social.Errorf(social.CodeAuthRevoked, "The bot is not in the server any more. Please connect it again.")
	}
	return said
}

// open opens a thread on a message, unless it is there.
// https://discord.com/developers/docs/resources/channel#start-thread-from-message
func (p *Provider) open(ctx context.Context, thread channel) error {
	err := p.bot(ctx, http.MethodPost, messagePath(thread.Parent, thread.ID)+"/threads", rest.Request{
		JSON: object{"name": thread.Name}, Reads: true, // It can be opened once only, so that it may be tried again.
	})
	if codeOf(err) == threadExists {
		return nil
	}
	return err
}

// nonce keeps a message from being sent twice: Discord answers with the one that
// has it. It may have 25 letters.
func nonce(t social.Target) string { return oauth.Digest(t.Key)[:25] }

// send makes the call that the public sees.
func (p *Provider) send(ctx context.Context, t social.Target, it social.Item, set Settings, in channel) (message, error) {
	payload := body(it, set.style())
	if in.takesPosts() {
		return p.post(ctx, it, set, in, payload)
	}
	payload["nonce"], payload["enforce_nonce"] = nonce(t), true
	if set.refers(it, in) {
		payload["message_reference"] = object{"message_id": it.Parent.ID}
	}
	var m message
	err := p.bot(ctx, http.MethodPost, channelPath(in.ID)+"/messages", request(payload, it.Media, set.style(), &m))
	return m, err
}

// refers reports whether a message names the one that it answers. In a thread that
// was opened for the post everything answers its first message.
func (s Settings) refers(it social.Item, in channel) bool {
	return it.Parent != nil && (!in.isThread() || in.ID == s.Channel)
}

// post opens a post in a forum. It has no nonce; see Find.
// https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel
func (p *Provider) post(ctx context.Context, it social.Item, set Settings, in channel, first object) (message, error) {
	payload := object{"name": titleOf(set.Title, it.Text), "message": first}
	if len(set.Tags) > 0 {
		payload["applied_tags"] = set.Tags
	}
	var c channel
	err := p.bot(ctx, http.MethodPost, channelPath(in.ID)+"/threads", request(payload, it.Media, set.style(), &c))
	m := message{ID: c.ID, Channel: c.ID} // The first message of a post has the id of its thread.
	if c.Message != nil {
		m.Attachments = c.Message.Attachments
	}
	return m, err
}

// crosspost is of no account for whether the message is out. It returns what the
// author hears if it does not work.
func (p *Provider) crosspost(ctx context.Context, m message, in channel) string {
	if in.Type != channelAnnouncement {
		return "It was not published to the servers that follow the channel, because the channel is not one for announcements."
	}
	if err := p.bot(ctx, http.MethodPost, messagePath(m.Channel, m.ID)+"/crosspost", rest.Request{}); err != nil {
		return "It was not published to the servers that follow the channel: " + social.AsError(err).Message
	}
	return ""
}

// extraOf is what must be known of a message later.
func extraOf(it social.Item, set Settings, in channel) map[string]string {
	out := map[string]string{}
	switch {
	case in.takesPosts():
		out[extraKind] = kindPost
	case set.Poll != nil:
		out[extraKind] = kindPoll
	}
	if set.Answers == threaded && !in.takesPosts() && !in.isThread() {
		out[extraTitle] = titleOf(set.Title, it.Text)
	}
	return out
}
