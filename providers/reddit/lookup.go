package reddit

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Options implements social.OptionLister: communities, and the flairs of the
// community that was chosen.
func (p *Provider) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	switch q.Field {
	case "subreddit":
		return p.communities(ctx, t, strings.TrimSpace(q.Search))
	case "flair":
		return p.flairs(ctx, t, q)
	}
	return nil, social.Errorf(social.CodeUnsupported, "There is nothing to look up here.")
}

// communities lists the profile of the account, the communities it is in, and
// then others that are found by the words.
func (p *Provider) communities(ctx context.Context, t social.Target, search string) ([]social.Option, error) {
	// https://www.reddit.com/dev/api/#GET_subreddits_mine_{where}
	all, err := p.list(ctx, t, "/subreddits/mine/subscriber", nil)
	if err != nil {
		return nil, err
	}
	if search != "" {
		// https://www.reddit.com/dev/api/#GET_subreddits_search
		others, err := p.list(ctx, t, "/subreddits/search", url.Values{"q": {search}, "sort": {"relevance"}})
		if err != nil {
			return nil, err
		}
		all = append(slices.DeleteFunc(all, func(c community) bool { return !contains(c.Name+" "+c.Title, search) }), others...)
	}
	var out []social.Option
	if own := t.Traits[traitName]; own != "" && contains("u_"+own, search) {
		out = append(out, social.Option{Value: "u_" + own, Label: "u/" + own, Detail: "Your profile"})
	}
	for _, c := range all {
		o := social.Option{Value: c.Name, Label: "r/" + c.Name, Detail: words(c.Title)}
		if c.open() && !slices.Contains(out, o) && len(out) < social.MaxOptions {
			out = append(out, o)
		}
	}
	return out, nil
}

// open reports whether the account may post there.
func (c community) open() bool {
	closed := c.Type == "restricted" || c.Type == "private" || c.Type == "archived"
	return c.Name != "" && !strings.HasPrefix(c.Name, "u_") && !c.Banned && (!closed || c.Contributor || c.Moderator)
}

func (p *Provider) list(ctx context.Context, t social.Target, path string, query url.Values) ([]community, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", "100")
	query.Set("raw_json", "1")
	var page listing[community]
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: path, Query: query, Out: &page})
	return page.things(), err
}

// flairs lists what an author may choose.
// https://www.reddit.com/dev/api/#GET_api_link_flair_v2
func (p *Provider) flairs(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	set, err := social.DecodeSettings[Settings](q.Settings)
	if err != nil || set.Subreddit == "" {
		return nil, err
	}
	var all []flair
	err = p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/r/" + url.PathEscape(set.Subreddit) + "/api/link_flair_v2", Query: url.Values{"raw_json": {"1"}}, Out: &all,
	})
	if err != nil {
		if social.AsError(err).Status == http.StatusForbidden {
			return nil, nil // The community has none.
		}
		return nil, err
	}
	var out []social.Option
	for _, f := range all {
		if f.ID == "" || f.ModOnly || !contains(f.Text, q.Search) || len(out) == social.MaxOptions {
			continue
		}
		o := social.Option{Value: f.ID, Label: f.Text}
		if f.Editable {
			o.Detail = "You may write your own words on it."
		}
		out = append(out, o)
	}
	return out, nil
}

func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// Mentions implements social.Mentioner.
// https://www.reddit.com/dev/api/#GET_users_search
func (p *Provider) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	search = strings.TrimSpace(search)
	if search == "" {
		return nil, nil // Reddit lists nobody without a word.
	}
	var page listing[user]
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/users/search", Out: &page,
		Query: url.Values{"q": {search}, "limit": {"25"}, "raw_json": {"1"}},
	})
	var out []social.Mention
	for _, u := range page.things() {
		if u.Name == "" || u.Suspended {
			continue
		}
		m := social.Mention{Text: "u/" + u.Name, Name: u.Name, Handle: "u/" + u.Name, URL: site + "/user/" + url.PathEscape(u.Name) + "/"}
		m.Avatar, _, _ = strings.Cut(u.Icon, "?")
		if title := words(u.Profile.Title); title != "" {
			m.Name = title
		}
		out = append(out, m)
	}
	return out, err
}
