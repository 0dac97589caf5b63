package discord

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

// Options implements social.OptionLister: the channels, forums and open threads
// of the server, and the tags of the forum that was chosen.
func (p *Provider) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	var all []social.Option
	var err error
	switch q.Field {
	case "channel":
		all, err = p.channels(ctx, t)
	case "tags":
		all, err = p.tags(ctx, t, q)
	default:
		return nil, social.Errorf(social.CodeUnsupported, "There is nothing to look up here.")
	}
	all = slices.DeleteFunc(all, func(o social.Option) bool { return !contains(o.Label, q.Search) })
	return all[:min(len(all), social.MaxOptions)], err
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// channels are those that take messages, in the order of the server, and then the
// open threads.
func (p *Provider) channels(ctx context.Context, t social.Target) ([]social.Option, error) {
	var all []channel
	if err := p.get(ctx, guildPath(t.Account)+"/channels", nil, &all); err != nil {
		return nil, err
	}
	threads, err := p.threads(ctx, t)
	if err != nil {
		return nil, err
	}
	names, places := map[string]string{}, map[string]int{}
	for _, c := range all {
		names[c.ID] = c.Name
		if c.Type == channelCategory {
			places[c.ID] = c.Position + 1 // Channels without a category are above all others.
		}
	}
	slices.SortStableFunc(all, func(a, b channel) int {
		return cmp.Or(cmp.Compare(places[a.Parent], places[b.Parent]), cmp.Compare(a.Position, b.Position))
	})
	var out []social.Option
	for _, c := range slices.Concat(all, threads) {
		if c.ID != "" && (c.takesMessages() || c.takesPosts()) {
			out = append(out, social.Option{Value: c.ID, Label: c.label(), Detail: c.detail(names[c.Parent])})
		}
	}
	return out, nil
}

func (c channel) label() string {
	if c.isThread() {
		return c.Name
	}
	return "#" + c.Name
}

// detail says what c is, and what it belongs to.
func (c channel) detail(parent string) string {
	kind := map[int]string{
		channelAnnouncement: "announcements", channelForum: "forum", channelMedia: "media", channelVoice: "voice", channelStage: "stage",
	}[c.Type]
	switch {
	case c.isThread() && parent != "":
		return "thread in #" + parent
	case c.isThread():
		return "thread"
	case parent != "" && kind != "":
		return parent + ", " + kind
	}
	return cmp.Or(kind, parent)
}

// tags are those of a forum; nobody else has any.
func (p *Provider) tags(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	set, err := social.DecodeSettings[Settings](q.Settings)
	if err != nil || set.Channel == "" {
		return nil, err
	}
	c, err := p.channel(ctx, t, set.Channel)
	var out []social.Option
	for _, tag := range c.Tags {
		one := social.Option{Value: tag.ID, Label: tag.Name}
		if tag.Moderated {
			one.Detail = "moderators only"
		}
		out = append(out, one)
	}
	return out, err
}

// Mentions implements social.Mentioner: members of the server whose name begins
// so, and then roles.
// https://discord.com/developers/docs/resources/guild#search-guild-members
func (p *Provider) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	var members []struct {
		User user   `json:"user"`
		Nick string `json:"nick"`
	}
	if search != "" {
		query := url.Values{"query": {search}, "limit": {"50"}}
		if err := p.get(ctx, guildPath(t.Account)+"/members/search", query, &members); err != nil {
			return nil, err
		}
	}
	var roles []struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Managed bool   `json:"managed"`
	}
	if err := p.get(ctx, guildPath(t.Account)+"/roles", nil, &roles); err != nil {
		return nil, err
	}
	var out []social.Mention
	for _, m := range members {
		if m.User.ID != "" {
			name := cmp.Or(m.Nick, m.User.GlobalName, m.User.Username)
			out = append(out, social.Mention{Text: "<@" + m.User.ID + ">", Name: name, Handle: "@" + m.User.Username, Avatar: avatarOf(m.User)})
		}
	}
	for _, r := range roles {
		// The role with the server's own id is everybody.
		if r.ID != "" && r.ID != t.Account && !r.Managed && contains(r.Name, search) {
			out = append(out, social.Mention{Text: "<@&" + r.ID + ">", Name: r.Name})
		}
	}
	return out[:min(len(out), social.MaxOptions)], nil
}
