package xcom

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// unsearchable is what X does not take in a search for people.
var unsearchable = regexp.MustCompile(`[^A-Za-z0-9_' ]+`)

// Mentions implements social.Mentioner. https://docs.x.com/x-api/users/search-users
func (p *Provider) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	search = strings.TrimSpace(unsearchable.ReplaceAllString(search, " "))
	if search == "" {
		return nil, nil
	}
	var out data[[]user]
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/2/users/search", Out: &out,
		Query: url.Values{"query": {search[:min(len(search), 50)]}, "max_results": {"20"}, "user.fields": {"name,profile_image_url,username"}},
	})
	var list []social.Mention
	for _, u := range out.Data[:min(len(out.Data), social.MaxOptions)] {
		list = append(list, social.Mention{
			Text: "@" + u.Username, Name: u.Name, Handle: "@" + u.Username, URL: site + "/" + u.Username, Avatar: u.Image,
		})
	}
	return list, err
}

// Options implements social.OptionLister, for the setting community.
// https://docs.x.com/x-api/communities/search-communities
func (p *Provider) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	if q.Field != "community" {
		return nil, social.Errorf(social.CodeUnsupported, "X cannot look this setting up.")
	}
	if strings.TrimSpace(q.Search) == "" {
		return nil, nil // X lists no communities without a word.
	}
	var out data[[]community]
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/2/communities/search", Out: &out,
		Query: url.Values{"query": {q.Search}, "max_results": {"20"}, "community.fields": {"description,id,name"}},
	})
	var list []social.Option
	for _, c := range out.Data[:min(len(out.Data), social.MaxOptions)] {
		list = append(list, social.Option{Value: c.ID, Label: c.Name, Detail: c.Description})
	}
	return list, err
}
