package instagram

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// traitUsername is the name of the account, to tell its own comments.
const traitUsername = "username"

func (p *Provider) scopes() []string {
	out := []string{
		"instagram_basic", "instagram_content_publish", "pages_show_list", "pages_read_engagement",
		"instagram_manage_comments", "instagram_manage_insights", "business_management",
	}
	if p.cfg.ManageContents {
		out = append(out, "instagram_manage_contents")
	}
	return out
}

func (p *Provider) login() graph.Login {
	api := p.api
	api.Name = "Facebook"
	return graph.Login{
		API: api, AuthURL: p.cfg.AuthURL, ID: p.cfg.AppID, Secret: p.cfg.AppSecret,
		Settings: "INSTAGRAM_APP_ID and INSTAGRAM_APP_SECRET",
	}
}

// RedirectForm implements social.RedirectConnector.
func (a *account) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.login().Begin(in, p.scopes()), nil
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Connection{}, err
	}
	return p.login().Finish(ctx, in, "instagram_basic", "instagram_content_publish", "pages_show_list")
}

// Choices implements social.Chooser: the accounts that are linked to pages of
// the person.
func (p *Provider) Choices(ctx context.Context, signedIn social.Connection) ([]social.Connection, error) {
	pages, err := graph.Pages[page](ctx, p.api, signedIn.Credential, "id,access_token,instagram_business_account{"+profileFields+"}")
	if err != nil {
		return nil, err
	}
	var out []social.Connection
	for _, g := range pages {
		if g.Account == nil || g.Account.ID == "" || g.AccessToken == "" {
			continue
		}
		if !slices.ContainsFunc(out, func(c social.Connection) bool { return c.Account == g.Account.ID }) {
			// The token of a page has no end, that of a person has.
			out = append(out, g.Account.connection(social.Credential{Access: g.AccessToken, Extra: maps.Clone(signedIn.Credential.Extra)}))
		}
	}
	if len(out) == 0 {
		return nil, social.Errorf(social.CodeRejected, "None of your Facebook pages is linked to a professional account on Instagram. Link one in the settings of the page, and choose both when Facebook asks what may be used.")
	}
	return out, nil
}

const profileFields = "id,username,name,profile_picture_url"

func (pr profile) connection(cred social.Credential) social.Connection {
	name := pr.Name
	if name == "" {
		name = pr.Username
	}
	return social.Connection{
		Account: pr.ID, Name: name, Handle: "@" + pr.Username, URL: site + "/" + pr.Username, Avatar: pr.Picture,
		Traits: social.Traits{traitUsername: pr.Username}, Credential: cred,
	}
}

func standaloneScopes() []string {
	return []string{
		"instagram_business_basic", "instagram_business_content_publish",
		"instagram_business_manage_comments", "instagram_business_manage_insights",
	}
}

func (p *Standalone) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now, Classify: p.api.Classify},
		Name: "Instagram", Settings: "INSTAGRAM_STANDALONE_APP_ID and INSTAGRAM_STANDALONE_APP_SECRET",
		AuthURL: p.cfg.AuthURL + "/oauth/authorize", TokenURL: p.cfg.TokenURL + "/oauth/access_token",
		ID: p.cfg.AppID, Secret: p.cfg.AppSecret, ScopeSep: ",", Now: p.deps.Now,
	}
}

// BeginConnect implements social.RedirectConnector.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
func (p *Standalone) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.app().Begin(in, standaloneScopes(), nil), nil
}

// FinishConnect implements social.RedirectConnector. The code is good for a
// token of an hour, and that for one of 60 days.
func (p *Standalone) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	in.Query = maps.Clone(in.Query)
	if code, ok := in.Query["code"]; ok {
		in.Query["code"] = strings.TrimSuffix(code, "#_") // Instagram appends it.
	}
	app := p.app()
	short, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	scopes := permissionsIn(short.Raw)
	long, err := p.api.Token(ctx, "/access_token", url.Values{
		"grant_type": {"ig_exchange_token"}, "client_secret": {p.cfg.AppSecret}, "access_token": {short.Access},
	})
	if err != nil {
		return social.Connection{}, err
	}
	long.Scopes = scopes
	if err := app.Demand(long, "instagram_business_basic", "instagram_business_content_publish"); err != nil {
		return social.Connection{}, err
	}
	var me struct {
		UserID string `json:"user_id"`
		profile
	}
	_, err = p.api.Call(ctx, long.Access, rest.Request{
		Method: http.MethodGet, Path: "/me", Query: url.Values{"fields": {"user_id,username,name,profile_picture_url"}}, Out: &me,
	})
	if err == nil && me.UserID == "" {
		err = social.Errorf(social.CodeUnavailable, "Instagram did not say who signed in. Please try again.")
	}
	if err != nil {
		return social.Connection{}, err
	}
	me.ID = me.UserID // The id beside it is another one for every app.
	return me.connection(app.Credential(long, social.Credential{})), nil
}

// permissionsIn reads what was granted: a list, or a text with commas.
func permissionsIn(raw json.RawMessage) []string {
	var list struct {
		Permissions []string `json:"permissions"`
	}
	if json.Unmarshal(raw, &list) == nil {
		return list.Permissions
	}
	var one struct {
		Permissions string `json:"permissions"`
	}
	_ = json.Unmarshal(raw, &one) // Anything else grants nothing that we know of.
	return strings.FieldsFunc(one.Permissions, func(r rune) bool { return r == ',' || r == ' ' })
}

// Refresh implements social.Refresher. A token that is a day old can be renewed
// for another 60 days; once it has ended a person must connect again.
func (p *Standalone) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	tok, err := p.api.Token(ctx, "/refresh_access_token", url.Values{
		"grant_type": {"ig_refresh_token"}, "access_token": {t.Credential.Access},
	})
	if err != nil {
		if e := social.AsError(err); e.Code == social.CodeAuthExpired {
			e.Code, e.Message = social.CodeAuthRevoked, "The permission to use this account has ended. Connect it again."
		}
		return social.Credential{}, err
	}
	return p.app().Credential(tok, t.Credential), nil
}
