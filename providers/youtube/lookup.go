package youtube

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Options implements social.OptionLister, for the settings category and playlist.
func (p *Provider) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	switch q.Field {
	case "category":
		return p.categories(ctx, t, q.Search)
	case "playlist":
		return p.playlists(ctx, t, q.Search)
	}
	return nil, social.Errorf(social.CodeUnsupported, "YouTube cannot look this setting up.")
}

// categories are the same everywhere, but a region has to be named.
func (p *Provider) categories(ctx context.Context, t social.Target, search string) ([]social.Option, error) {
	var in list[category]
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/youtube/v3/videoCategories", Query: url.Values{"part": {"snippet"}, "regionCode": {"US"}}, Out: &in,
	})
	var out []social.Option
	for _, c := range in.Items {
		if c.Snippet.Assignable && holds(c.Snippet.Title, search) {
			out = append(out, social.Option{Value: c.ID, Label: c.Snippet.Title})
		}
	}
	return out[:min(len(out), social.MaxOptions)], err
}

// maxPages is how many pages of fifty playlists are looked through.
const maxPages = 10

func (p *Provider) playlists(ctx context.Context, t social.Target, search string) ([]social.Option, error) {
	var out []social.Option
	q := url.Values{"part": {"snippet"}, "mine": {"true"}, "maxResults": {"50"}}
	for range maxPages {
		var in list[playlist]
		if _, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/youtube/v3/playlists", Query: q, Out: &in}); err != nil {
			return nil, err
		}
		for _, l := range in.Items {
			if holds(l.Snippet.Title, search) {
				out = append(out, social.Option{Value: l.ID, Label: l.Snippet.Title})
			}
		}
		if in.Next == "" || len(out) >= social.MaxOptions {
			break
		}
		q.Set("pageToken", in.Next)
	}
	return out[:min(len(out), social.MaxOptions)], nil
}

func holds(title, search string) bool {
	return strings.Contains(strings.ToLower(title), strings.ToLower(strings.TrimSpace(search)))
}
