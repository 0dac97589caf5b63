package linkedin

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// RedirectForm implements social.RedirectConnector.
func (common) RedirectForm() social.Schema { return social.Schema{} }

// app is the operator's. LinkedIn knows no PKCE for web apps.
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
func (c common) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: c.deps.HTTP, Now: c.deps.Now}, Name: "LinkedIn", Settings: "LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET",
		AuthURL: c.cfg.WebURL + "/oauth/v2/authorization", TokenURL: c.cfg.WebURL + "/oauth/v2/accessToken",
		ID: c.cfg.ClientID, Secret: c.cfg.ClientSecret, Now: c.deps.Now,
	}
}

func (c common) scopes() []string {
	if c.page {
		return strings.Fields(c.cfg.PageScopes)
	}
	return strings.Fields(c.cfg.Scopes)
}

// BeginConnect implements social.RedirectConnector.
func (c common) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return c.app().Begin(in, c.scopes(), nil), nil
}

// exchange turns the code that came back into a credential.
func (c common) exchange(ctx context.Context, in social.Callback, needed string) (social.Credential, error) {
	app := c.app()
	token, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Credential{}, err
	}
	return app.Credential(token, social.Credential{}), app.Demand(token, needed)
}

// Refresh implements social.Refresher. LinkedIn gives refresh tokens to approved
// partners alone; without one the person must connect again after 60 days.
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
func (c common) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	app := c.app()
	token, err := app.Refresh(ctx, t.Credential, nil)
	if err != nil {
		return social.Credential{}, err
	}
	return app.Credential(token, t.Credential), nil
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	cred, err := p.exchange(ctx, in, "w_member_social")
	if err != nil {
		return social.Connection{}, err
	}
	var me struct {
		Sub     string `json:"sub"`
		Name    string `json:"name"`
		Picture string `json:"picture"`
	}
	_, err = p.do(ctx, rest.Request{Method: http.MethodGet, Path: "/v2/userinfo", Bearer: cred.Access, Out: &me})
	if err == nil && me.Sub == "" {
		err = social.Errorf(social.CodeUnavailable, "LinkedIn did not say whose account this is.")
	}
	if err != nil {
		return social.Connection{}, err
	}
	return social.Connection{Account: me.Sub, Name: me.Name, Avatar: me.Picture, Credential: cred}, nil
}

// FinishConnect implements social.RedirectConnector. The connection is the
// person; Choices has the pages.
func (p *Page) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	cred, err := p.exchange(ctx, in, "w_organization_social")
	if err != nil {
		return social.Connection{}, err
	}
	var me struct {
		ID        string `json:"id"`
		FirstName string `json:"localizedFirstName"`
		LastName  string `json:"localizedLastName"`
	}
	_, err = p.do(ctx, rest.Request{Method: http.MethodGet, Path: "/v2/me", Bearer: cred.Access, Out: &me})
	if err == nil && me.ID == "" {
		err = social.Errorf(social.CodeUnavailable, "LinkedIn did not say whose account this is.")
	}
	if err != nil {
		return social.Connection{}, err
	}
	return social.Connection{Account: me.ID, Name: strings.TrimSpace(me.FirstName + " " + me.LastName), Credential: cred}, nil
}

type organization struct {
	ID         int64  `json:"id"`
	Name       string `json:"localizedName"`
	VanityName string `json:"vanityName"`
	Logo       struct {
		Original string `json:"original"`
	} `json:"logoV2"`
}

// Choices implements social.Chooser: the pages on which the person may post.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role
func (p *Page) Choices(ctx context.Context, signedIn social.Connection) ([]social.Connection, error) {
	t := social.Target{Credential: signedIn.Credential}
	ids, err := p.managed(ctx, t)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, social.Errorf(social.CodeRejected, "You manage no page on LinkedIn. Somebody who does must make you an administrator or content administrator of it.")
	}
	var got struct {
		Results map[string]organization `json:"results"`
	}
	_, err = p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/rest/organizations?ids=List(" + strings.Join(ids, ",") + ")", Out: &got}, "")
	if err != nil {
		return nil, err
	}
	logos := p.logos(ctx, t, got.Results)
	out := make([]social.Connection, 0, len(ids))
	for _, id := range ids {
		o := got.Results[id]
		conn := social.Connection{
			Account: id, Name: cmp.Or(o.Name, "Page "+id), URL: site + "/company/" + cmp.Or(o.VanityName, id),
			Avatar: logos[o.Logo.Original], Credential: signedIn.Credential,
		}
		if o.VanityName != "" {
			conn.Handle = "@" + o.VanityName
		}
		out = append(out, conn)
	}
	return out, nil
}

// managed are the ids of the pages, in the order of LinkedIn.
func (p *Page) managed(ctx context.Context, t social.Target) ([]string, error) {
	var got struct {
		Elements []struct {
			Role         string `json:"role"`
			Organization string `json:"organization"`
		} `json:"elements"`
	}
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/rest/organizationAcls?q=roleAssignee&state=APPROVED&count=100", Out: &got,
	}, "")
	var ids []string
	seen := map[string]bool{}
	for _, e := range got.Elements {
		id, ok := strings.CutPrefix(e.Organization, "urn:li:organization:")
		if ok && id != "" && !seen[id] && (e.Role == "ADMINISTRATOR" || e.Role == "CONTENT_ADMINISTRATOR" || e.Role == "CONTENT_ADMIN") {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, err
}

// logos finds where the pictures of pages are. A page without one is a page
// all the same, so a failure only leaves them out.
func (p *Page) logos(ctx context.Context, t social.Target, of map[string]organization) map[string]string {
	byImage, out := map[string]string{}, map[string]string{}
	var urns []string
	for _, o := range of {
		if image := strings.Replace(o.Logo.Original, ":digitalmediaAsset:", ":image:", 1); image != "" && byImage[image] == "" {
			byImage[image] = o.Logo.Original
			urns = append(urns, image)
		}
	}
	if len(urns) == 0 {
		return nil
	}
	var got struct {
		Results map[string]struct {
			DownloadURL string `json:"downloadUrl"`
		} `json:"results"`
	}
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/rest/images?ids=List(" + listed(urns) + ")", Out: &got}, "")
	if err != nil {
		return nil
	}
	for image, r := range got.Results {
		out[byImage[image]] = r.DownloadURL
	}
	return out
}
