package discord

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
)

// skew is how far Discord's clock may be behind ours.
const skew = time.Minute

// Find implements social.Finder. It looks for the one message of the bot since
// the first try that says the same, with the same files, and answers the same
// message. Discord gives no nonce back.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	set = set.first(it)
	in, _, err := p.place(ctx, t, it, set)
	if err != nil {
		return nil, err
	}
	var me user
	if err := p.get(ctx, "/users/@me", nil, &me); err != nil {
		return nil, err
	}
	var found []message
	if in.takesPosts() {
		found, err = p.posts(ctx, t, it, set, in, me)
	} else {
		found, err = p.messages(ctx, t, it, set, in, me)
	}
	switch {
	case err != nil:
		return nil, err
	case len(found) == 1:
		ref := refOf(t.Account, found[0], it.Media, extraOf(it, set, in))
		return &ref, nil
	case in.takesPosts() && p.deps.Now().Before(t.FirstTry.Add(dedupe)):
		// A post in a forum has no nonce. As long as it would be sent again if it
		// were not seen, it is only not seen yet.
		return nil, social.Errorf(social.CodeUnavailable, "The post is not seen in the forum yet.")
	}
	return nil, nil
}

// messages are those in a channel that may be it.
// https://discord.com/developers/docs/resources/message#get-channel-messages
func (p *Provider) messages(ctx context.Context, t social.Target, it social.Item, set Settings, in channel, me user) ([]message, error) {
	parent := ""
	if set.refers(it, in) {
		parent = it.Parent.ID
	}
	var all, out []message
	query := url.Values{"after": {idOf(t.FirstTry.Add(-skew))}, "limit": {"100"}}
	err := p.get(ctx, channelPath(in.ID)+"/messages", query, &all)
	if codeOf(err) == unknownChannel {
		return nil, nil // The thread was not opened yet.
	}
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.ID != "" && m.Author.ID == me.ID && m.Reference.Message == parent && m.says(it, set) {
			m.Channel = in.ID
			out = append(out, m)
		}
	}
	return out, nil
}

// posts are those in a forum that may be it.
// https://discord.com/developers/docs/resources/guild#list-active-guild-threads
func (p *Provider) posts(ctx context.Context, t social.Target, it social.Item, set Settings, in channel, me user) ([]message, error) {
	threads, err := p.threads(ctx, t)
	if err != nil {
		return nil, err
	}
	since, title := idOf(t.FirstTry.Add(-skew)), titleOf(set.Title, it.Text)
	var out []message
	for _, c := range threads {
		if c.Parent != in.ID || c.Owner != me.ID || c.Name != title || !later(c.ID, since) {
			continue
		}
		var m message
		if err := p.get(ctx, messagePath(c.ID, c.ID), nil, &m); err != nil {
			return nil, err
		}
		if m.ID != "" && m.says(it, set) {
			m.Channel = c.ID
			out = append(out, m)
		}
	}
	return out, nil
}

// threads are the open ones of the server.
func (p *Provider) threads(ctx context.Context, t social.Target) ([]channel, error) {
	var out struct {
		Threads []channel `json:"threads"`
	}
	err := p.get(ctx, guildPath(t.Account)+"/threads/active", nil, &out)
	return out.Threads, err
}

// later reports whether an id is of a later moment than another.
func later(id, than string) bool {
	return len(id) > len(than) || len(id) == len(than) && id > than
}

// says reports whether m is what Discord makes of it.
func (m message) says(it social.Item, set Settings) bool {
	if len(m.Attachments) != len(it.Media) {
		return false
	}
	for i, a := range m.Attachments {
		if a.Size != it.Media[i].Bytes {
			return false
		}
	}
	text := markup.Markdown(it.Text).Discord()
	if set.Poll != nil {
		return strings.TrimSpace(m.Poll.Question.Text) == strings.TrimSpace(markup.Markdown(it.Text).Visible())
	}
	return letters(m.Content) == letters(text)
}

// letters is a text without its white space, which Discord trims.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) {
			return -1
		}
		return r
	}, s)
}
