package graph

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Login signs people in with Facebook.
// https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
type Login struct {
	API API
	// AuthURL is the root of the pages, such as https://www.facebook.com.
	AuthURL string
	// ID is the app's, Settings what an operator sets the app with.
	ID, Settings string
	// Secret is the app's, also where API sends no proof.
	Secret string
}

func (l Login) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: l.API.HTTP, Now: l.API.Now, Classify: l.API.Classify},
		Name: "Facebook", Settings: l.Settings,
		AuthURL:  l.AuthURL + "/" + l.API.Version + "/dialog/oauth",
		TokenURL: l.API.Base + "/" + l.API.Version + "/oauth/access_token",
		ID:       l.ID, Secret: l.Secret, ScopeSep: ",", Now: l.API.Now,
	}
}

// Begin returns where to send the person. What they refused before is asked for
// again.
func (l Login) Begin(in social.ConnectRequest, scopes []string) social.Redirect {
	return l.app().Begin(in, scopes, url.Values{"auth_type": {"rerequest"}})
}

// Finish returns who came back, with a token that lives for 60 days: those of
// pages that come from it do not end. need is what they must have allowed.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
func (l Login) Finish(ctx context.Context, in social.Callback, need ...string) (social.Connection, error) {
	app := l.app()
	short, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, late(err)
	}
	long, err := l.API.Token(ctx, "/"+l.API.Version+"/oauth/access_token", url.Values{
		"grant_type": {"fb_exchange_token"}, "client_id": {l.ID}, "client_secret": {l.Secret}, "fb_exchange_token": {short.Access},
	})
	if err != nil {
		return social.Connection{}, err
	}
	var me struct {
		ID      string  `json:"id"`
		Name    string  `json:"name"`
		Picture Picture `json:"picture"`
	}
	_, err = l.API.Call(ctx, long.Access, rest.Request{
		Method: http.MethodGet, Path: "/me", Query: url.Values{"fields": {"id,name,picture.type(large){url}"}}, Out: &me,
	})
	if err == nil && me.ID == "" {
		err = social.Errorf(social.CodeUnavailable, "Facebook did not say who signed in. Please try again.")
	}
	if err != nil {
		return social.Connection{}, err
	}
	if long.Scopes, err = l.granted(ctx, long.Access); err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(long, need...); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: me.ID, Name: me.Name, URL: "https://www.facebook.com/" + me.ID, Avatar: me.Picture.Data.URL,
		Credential: app.Credential(long, social.Credential{}),
	}, nil
}

// Picture is a field picture.
type Picture struct {
	Data struct {
		URL string `json:"url"`
	} `json:"data"`
}

// granted lists what the person allowed.
func (l Login) granted(ctx context.Context, token string) ([]string, error) {
	list, err := List[struct {
		Permission string `json:"permission"`
		Status     string `json:"status"`
	}](ctx, l.API, token, "/me/permissions", url.Values{"limit": {"100"}}, 0)
	var out []string
	for _, p := range list {
		if p.Status == "granted" {
			out = append(out, p.Permission)
		}
	}
	return out, err
}

// late explains a code that is too old or was used.
func late(err error) error {
	if c := CauseOf(err); c.Code == 100 && (c.Subcode == 36007 || c.Subcode == 36009) {
		e := *social.AsError(err)
		e.Message = "This sign-in took too long, or was used before. Please start again."
		return &e
	}
	return err
}

// Pages lists the pages of who signed in with the given fields: their own, and
// where they allowed it those that they reach through a business. A business may
// refuse its pages to those who only work there: then its pages are left out. One
// page may be in the list twice.
// https://developers.facebook.com/docs/graph-api/reference/user/accounts
func Pages[T any](ctx context.Context, a API, signedIn social.Credential, fields string) ([]T, error) {
	token, q := signedIn.Access, url.Values{"fields": {fields}, "limit": {"100"}}
	out, err := List[T](ctx, a, token, "/me/accounts", q, 0)
	if err != nil || !slices.Contains(signedIn.Scopes(), "business_management") {
		return out, err
	}
	list, err := List[struct {
		ID string `json:"id"`
	}](ctx, a, token, "/me/businesses", url.Values{"fields": {"id"}, "limit": {"100"}}, 0)
	if err != nil && !denied(err) {
		return nil, err
	}
	for _, b := range list {
		for _, edge := range []string{"/owned_pages", "/client_pages"} {
			pages, err := List[T](ctx, a, token, "/"+url.PathEscape(b.ID)+edge, q, 0)
			if err != nil && !denied(err) {
				return nil, err
			}
			out = append(out, pages...)
		}
	}
	return out, nil
}

// denied reports whether the platform says that a list is not for this person.
func denied(err error) bool {
	code := social.CodeOf(err)
	return code == social.CodeScopeMissing || code == social.CodeRejected
}
