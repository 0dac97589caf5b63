package mastodon

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Mentions implements social.Mentioner: people whom the account's own server
// knows.
// https://docs.joinmastodon.org/methods/search/#v2
func (p *Provider) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	search = strings.TrimPrefix(strings.TrimSpace(search), "@")
	if search == "" {
		return nil, nil
	}
	var found struct {
		Accounts []account `json:"accounts"`
	}
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/api/v2/search", Out: &found,
		Query: url.Values{"q": {search}, "type": {"accounts"}, "limit": {"20"}},
	})
	if err != nil {
		return nil, err
	}
	var out []social.Mention
	for _, a := range found.Accounts {
		if a.Acct == "" {
			continue
		}
		handle := "@" + a.Acct
		out = append(out, social.Mention{Text: handle, Name: cmp.Or(a.DisplayName, a.Username), Handle: handle, URL: a.URL, Avatar: a.Avatar})
	}
	return out, nil
}

// AccountMetrics implements social.AccountMeter: how many followers there are
// now. Servers keep no numbers of days.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	out := social.Series{}
	today, in := period.Today(p.deps.Now())
	if !in {
		return out, nil
	}
	var me account
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/api/v1/accounts/verify_credentials", Out: &me})
	out.Add(social.MetricFollowers, today, me.Followers)
	return out, err
}
