package facebook

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

// RedirectForm implements social.RedirectConnector.
func (p *Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector. What a person refused
// before is asked for again.
// https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.app().Begin(in, scopes(), url.Values{"auth_type": {"rerequest"}}), nil
}

// FinishConnect implements social.RedirectConnector. The token that it keeps
// lives for 60 days: those of pages that come from it do not end.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	app, api := p.app(), p.api()
	short, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, late(err)
	}
	long, err := api.Token(ctx, "/"+p.cfg.APIVersion+"/oauth/access_token", url.Values{
		"grant_type": {"fb_exchange_token"}, "client_id": {p.cfg.AppID}, "client_secret": {p.cfg.AppSecret},
		"fb_exchange_token": {short.Access},
	})
	if err != nil {
		return social.Connection{}, err
	}
	var me user
	_, err = api.Call(ctx, long.Access, rest.Request{
		Method: http.MethodGet, Path: "/me", Query: url.Values{"fields": {"id,name,picture.type(large){url}"}}, Out: &me,
	})
	if err != nil {
		return social.Connection{}, err
	}
	if me.ID == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "Facebook did not say who signed in. Please try again.")
	}
	granted, err := graph.List[permission](ctx, api, long.Access, "/me/permissions", url.Values{"limit": {"100"}}, 0)
	if err != nil {
		return social.Connection{}, err
	}
	for _, g := range granted {
		if g.Status == "granted" {
			long.Scopes = append(long.Scopes, g.Permission)
		}
	}
	if err := app.Demand(long, "pages_show_list", "pages_manage_posts", "pages_read_engagement"); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: me.ID, Name: me.Name, URL: site + "/" + me.ID, Avatar: me.Picture.Data.URL,
		Credential: app.Credential(long, social.Credential{}),
	}, nil
}

// late explains a code that is too old or was used.
func late(err error) error {
	if c := graph.CauseOf(err); c.Code == 100 && (c.Subcode == 36007 || c.Subcode == 36009) {
		e := *social.AsError(err)
		e.Message = "This sign-in took too long, or was used before. Please start again."
		return &e
	}
	return err
}

const pageFields = "id,name,username,link,access_token,tasks,picture.type(large){url}"

// Choices implements social.Chooser: the pages that the person may publish on,
// their own and those of their businesses.
// https://developers.facebook.com/docs/graph-api/reference/user/accounts
func (p *Provider) Choices(ctx context.Context, signedIn social.Connection) ([]social.Connection, error) {
	token, q := signedIn.Credential.Access, url.Values{"fields": {pageFields}, "limit": {"100"}}
	pages, err := graph.List[page](ctx, p.api(), token, "/me/accounts", q, 0)
	if err != nil {
		return nil, err
	}
	more, err := p.ofBusinesses(ctx, token, q, signedIn.Credential.Scopes())
	if err != nil {
		return nil, err
	}
	var out []social.Connection
	for _, g := range append(pages, more...) {
		seen := slices.ContainsFunc(out, func(c social.Connection) bool { return c.Account == g.ID })
		if g.ID == "" || g.AccessToken == "" || seen || !g.publishes() {
			continue
		}
		out = append(out, g.connection(signedIn.Credential.Extra))
	}
	if len(out) == 0 {
		return nil, social.Errorf(social.CodeRejected, "There is no Facebook page that you may publish on. Create one, or ask for the right to create content, and choose it when Facebook asks which pages may be used.")
	}
	return out, nil
}

// ofBusinesses lists the pages that a person reaches through a business alone.
func (p *Provider) ofBusinesses(ctx context.Context, token string, q url.Values, granted []string) ([]page, error) {
	if !slices.Contains(granted, "business_management") {
		return nil, nil
	}
	list, err := graph.List[business](ctx, p.api(), token, "/me/businesses", url.Values{"fields": {"id"}, "limit": {"100"}}, 0)
	if err != nil {
		return nil, err
	}
	var out []page
	for _, b := range list {
		for _, edge := range []string{"/owned_pages", "/client_pages"} {
			pages, err := graph.List[page](ctx, p.api(), token, "/"+url.PathEscape(b.ID)+edge, q, 0)
			if err != nil {
				return nil, err
			}
			out = append(out, pages...)
		}
	}
	return out, nil
}

// publishes reports whether the person may create content on the page. Where
// the tasks are missing, the platform says so when it is tried.
func (g page) publishes() bool {
	return len(g.Tasks) == 0 || slices.ContainsFunc(g.Tasks, func(t string) bool { return strings.HasSuffix(t, "CREATE_CONTENT") })
}

func (g page) connection(extra map[string]string) social.Connection {
	c := social.Connection{
		Account: g.ID, Name: g.Name, URL: g.Link, Avatar: g.Picture.Data.URL,
		Credential: social.Credential{Access: g.AccessToken, Extra: maps.Clone(extra)},
	}
	if g.Username != "" {
		c.Handle = "@" + g.Username
	}
	if c.URL == "" {
		c.URL = site + "/" + g.ID
	}
	return c
}
