package facebook

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

func (p *Provider) login() graph.Login {
	return graph.Login{
		API: p.api(), AuthURL: p.cfg.AuthURL, ID: p.cfg.AppID, Secret: p.cfg.AppSecret,
		Settings: "FACEBOOK_APP_ID and FACEBOOK_APP_SECRET",
	}
}

// RedirectForm implements social.RedirectConnector.
func (p *Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.login().Begin(in, scopes()), nil
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Connection{}, err
	}
	return p.login().Finish(ctx, in, "pages_show_list", "pages_manage_posts", "pages_read_engagement")
}

const pageFields = "id,name,username,link,access_token,tasks,picture.type(large){url}"

// Choices implements social.Chooser: the pages that the person may publish on.
func (p *Provider) Choices(ctx context.Context, signedIn social.Connection) ([]social.Connection, error) {
	pages, err := graph.Pages[page](ctx, p.api(), signedIn.Credential, pageFields)
	if err != nil {
		return nil, err
	}
	var out []social.Connection
	for _, g := range pages {
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
