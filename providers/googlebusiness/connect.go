package googlebusiness

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/google"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The scopes of Google. https://developers.google.com/my-business/content/implement-oauth
const (
	scopeManage  = "https://www.googleapis.com/auth/business.manage"
	scopeProfile = "https://www.googleapis.com/auth/userinfo.profile"
)

func scopes() []string { return []string{scopeManage, scopeProfile} }

func (p *Provider) login() google.Login {
	return google.Login{
		HTTP: p.deps.HTTP, Name: "Google", Settings: "GOOGLE_BUSINESS_CLIENT_ID and GOOGLE_BUSINESS_CLIENT_SECRET",
		AuthURL: p.cfg.AuthURL, TokenURL: p.cfg.TokenURL,
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, NewID: p.deps.NewID, Now: p.deps.Now,
	}
}

// RedirectForm implements social.RedirectConnector.
func (*Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return p.login().Begin(in, scopes()), nil
}

// FinishConnect implements social.RedirectConnector. It returns the person.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	c, err := p.login().Finish(ctx, in, scopeManage, scopeProfile)
	if err != nil {
		return social.Connection{}, err
	}
	var me person
	err = p.call(ctx, social.Target{Credential: c}, rest.Request{Method: http.MethodGet, Path: p.cfg.PeopleURL + "/oauth2/v3/userinfo", Out: &me})
	if err == nil && me.Sub == "" {
		err = social.Errorf(social.CodeUnavailable, "Google did not say who signed in. Please try again.")
	}
	if err != nil {
		return social.Connection{}, err
	}
	return social.Connection{Account: me.Sub, Name: me.Name, Avatar: me.Picture, Credential: c}, nil
}

// Refresh implements social.Refresher.
func (p *Provider) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	return p.login().Refresh(ctx, t.Credential)
}

// pictured is how many locations are shown with a picture: each costs a call.
const pictured = 20

// Choices implements social.Chooser: the locations that may have posts. One that
// several accounts lead to is that of the first by name, so that it is the same
// channel when it is connected again.
func (p *Provider) Choices(ctx context.Context, signedIn social.Connection) ([]social.Connection, error) {
	t := social.Target{Credential: signedIn.Credential}
	var accounts []account
	if err := p.pages(ctx, t, p.cfg.AccountsURL+"/v1/accounts", url.Values{"pageSize": {"20"}}, func(l listing) { accounts = append(accounts, l.Accounts...) }); err != nil {
		return nil, err
	}
	slices.SortFunc(accounts, func(a, b account) int { return cmp.Compare(a.Name, b.Name) })
	var out []social.Connection
	seen, refused := map[string]bool{}, 0
	for _, a := range accounts {
		q := url.Values{"readMask": {"name,title,storefrontAddress,metadata"}, "pageSize": {"100"}}
		err := p.pages(ctx, t, p.cfg.LocationsURL+"/v1/"+a.Name+"/locations", q, func(l listing) {
			for _, at := range l.Locations {
				switch {
				case at.Name == "" || seen[at.Name]:
				case !at.takesPosts():
					refused++
				default:
					out = append(out, at.connection(a.Name, signedIn.Credential))
				}
				seen[at.Name] = true
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, none(refused)
	}
	for i := range out[:min(len(out), pictured)] {
		out[i].Avatar = p.picture(ctx, t, out[i].Account)
	}
	return out, nil
}

// none says what the person lacks.
func none(refused int) error {
	if refused > 0 {
		return social.Errorf(social.CodeRejected, "Google lets no app post for the business profiles that you manage, such as those of large chains.")
	}
	return social.Errorf(social.CodeRejected, "You manage no business profile with this Google account. Claim one on business.google.com, or ask its owner to make you a manager.")
}

// takesPosts reports whether apps may post for the location. Google no longer
// says so of most: what is missing is tried.
func (l location) takesPosts() bool {
	may := l.Metadata.CanOperateLocalPost
	return may == nil || *may
}

// connection is a location of an account. Its address tells it from others of
// the same name.
func (l location) connection(account string, c social.Credential) social.Connection {
	c.Extra = maps.Clone(c.Extra)
	place := append(slices.Clone(l.Address.Lines), l.Address.Locality)
	place = slices.DeleteFunc(place, func(s string) bool { return s == "" })
	return social.Connection{
		Account: account + "/" + l.Name, Name: l.Title, Handle: strings.Join(place, ", "), URL: l.Metadata.MapsURI, Credential: c,
	}
}

// maxPages bounds how far a list is followed.
const maxPages = 100

// pages hands over every page of a list.
func (p *Provider) pages(ctx context.Context, t social.Target, address string, q url.Values, take func(listing)) error {
	for range maxPages {
		var out listing
		if err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: address, Query: q, Out: &out}); err != nil {
			return err
		}
		take(out)
		if out.Next == "" {
			return nil
		}
		q.Set("pageToken", out.Next)
	}
	return nil
}

// picture is that of a location; empty: it has none, or it is not told.
// https://developers.google.com/my-business/reference/rest/v4/accounts.locations.media/list
func (p *Provider) picture(ctx context.Context, t social.Target, account string) string {
	var out listing
	_ = p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/v4/" + account + "/media", Query: url.Values{"pageSize": {"100"}}, Out: &out}) // It is an ornament.
	for _, category := range []string{"PROFILE", "LOGO"} {
		for _, m := range out.Media {
			if m.Association.Category == category {
				return cmp.Or(m.ThumbnailURL, m.GoogleURL)
			}
		}
	}
	return ""
}
