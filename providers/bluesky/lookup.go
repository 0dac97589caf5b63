package bluesky

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Mentions implements social.Mentioner. The account's server passes the
// question on to the application that knows everybody.
// https://docs.bsky.app/docs/api/app-bsky-actor-search-actors-typeahead
func (p *Provider) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	search = strings.TrimPrefix(strings.TrimSpace(search), "@")
	if search == "" {
		return nil, nil
	}
	var found struct {
		Actors []profile `json:"actors"`
	}
	_, err := p.call(ctx, p.host(t), searchActors, rest.Request{
		Method: http.MethodGet, Bearer: t.Credential.Access, Out: &found, Query: url.Values{"q": {search}, "limit": {"20"}},
	})
	if err != nil {
		return nil, err
	}
	var out []social.Mention
	for _, a := range found.Actors {
		if a.Handle == "" || a.Handle == invalidHandle {
			continue // A mention of it would lead to nobody.
		}
		out = append(out, social.Mention{
			Text: "@" + a.Handle, Name: cmp.Or(a.DisplayName, a.Handle), Handle: "@" + a.Handle, URL: appURL + "/profile/" + a.Handle, Avatar: a.Avatar,
		})
	}
	return out, nil
}

// invalidHandle stands for one that does not lead back to its account.
// https://atproto.com/specs/handle
const invalidHandle = "handle.invalid"

// AccountMetrics implements social.AccountMeter: how many followers there are
// now. The network keeps no numbers of days.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	out := social.Series{}
	today, in := period.Today(p.deps.Now())
	if !in {
		return out, nil
	}
	var me profile
	_, err := p.call(ctx, p.host(t), getProfile, rest.Request{
		Method: http.MethodGet, Bearer: t.Credential.Access, Out: &me, Query: url.Values{"actor": {t.Account}},
	})
	out.Add(social.MetricFollowers, today, me.Followers)
	return out, err
}
