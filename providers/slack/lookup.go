package slack

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// channels hands the channels of a workspace to each, until it wants no more.
// https://docs.slack.dev/reference/methods/conversations.list
func (p *Provider) channels(ctx context.Context, t social.Target, types string, each func(conversation) bool) error {
	query := url.Values{"types": {types}, "exclude_archived": {"true"}, "limit": {"999"}}
	for range maxPages {
		var page struct {
			paging
			Channels []conversation `json:"channels"`
		}
		if err := p.get(ctx, t.Credential.Access, "conversations.list", query, &page); err != nil {
			return err
		}
		for _, c := range page.Channels {
			if !each(c) {
				return nil
			}
		}
		if page.Metadata.Next == "" {
			return nil
		}
		query.Set("cursor", page.Metadata.Next)
	}
	return nil
}

// Options implements social.OptionLister: the public channels, and the private
// ones that the bot is in.
func (p *Provider) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	if q.Field != "channel" {
		return nil, social.Errorf(social.CodeUnsupported, "There is nothing to look up here.")
	}
	search := strings.ToLower(strings.TrimPrefix(q.Search, "#"))
	var out []social.Option
	err := p.channels(ctx, t, "public_channel,private_channel", func(c conversation) bool {
		if c.ID != "" && strings.Contains(strings.ToLower(c.Name), search) {
			o := social.Option{Value: c.ID, Label: "#" + c.Name}
			if c.Private {
				o.Detail = "private"
			}
			out = append(out, o)
		}
		return len(out) < social.MaxOptions
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Mentions implements social.Mentioner: the people of the workspace.
// https://docs.slack.dev/reference/methods/users.list
func (p *Provider) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	search = strings.ToLower(strings.TrimPrefix(search, "@"))
	var out []social.Mention
	query := url.Values{"limit": {"200"}}
	for range maxPages {
		var page struct {
			paging
			Members []user `json:"members"`
		}
		if err := p.get(ctx, t.Credential.Access, "users.list", query, &page); err != nil {
			return nil, err
		}
		for _, u := range page.Members {
			if u.known(search) {
				out = append(out, social.Mention{Text: "<@" + u.ID + ">", Name: u.shown(), Handle: "@" + u.Name, Avatar: u.Profile.Image72})
			}
		}
		if len(out) >= social.MaxOptions {
			return out[:social.MaxOptions], nil
		}
		if page.Metadata.Next == "" {
			break
		}
		query.Set("cursor", page.Metadata.Next)
	}
	return out, nil
}

// slackbot is a user of every workspace that is no bot to the API.
const slackbot = "USLACKBOT"

// known reports whether u is a person that goes by search.
func (u user) known(search string) bool {
	if u.ID == "" || u.Deleted || u.Bot || u.ID == slackbot {
		return false
	}
	for _, name := range []string{u.Name, u.Profile.RealName, u.Profile.DisplayName} {
		if strings.Contains(strings.ToLower(name), search) {
			return true
		}
	}
	return false
}

// shown is what people see of u.
func (u user) shown() string { return cmp.Or(u.Profile.DisplayName, u.Profile.RealName, u.Name) }
