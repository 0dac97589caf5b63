package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The traits: how far a server was boosted, and of the person who signed in the
// server that the bot was added to just now.
const (
	traitTier  = "tier"
	traitGuild = "guild"
)

// scopes are what a person is asked for: to add the bot, and to say who they are
// and which servers they manage.
func scopes() []string { return []string{"bot", "identify", "guilds"} }

// RedirectForm implements social.RedirectConnector.
func (*Provider) RedirectForm() social.Schema { return social.Schema{} }

// app is the operator's.
// https://discord.com/developers/docs/topics/oauth2
func (p *Provider) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now}, Name: "Discord", Settings: "DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET",
		AuthURL: p.cfg.WebURL + "/oauth2/authorize", TokenURL: p.base + "/oauth2/token",
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, Auth: oauth.AuthBasic, Now: p.deps.Now,
	}
}

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return p.app().Begin(in, scopes(), url.Values{"permissions": {p.cfg.Permissions}, "integration_type": {"0"}}), nil
}

// FinishConnect implements social.RedirectConnector. The connection is the
// person; Choices has the servers.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	app := p.app()
	token, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(token, "identify", "guilds"); err != nil {
		return social.Connection{}, err
	}
	var me user
	if err := p.person(ctx, token.Access, "/users/@me", nil, &me); err != nil {
		return social.Connection{}, err
	}
	if me.ID == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "Discord did not say whose account this is.")
	}
	var added struct {
		Guild struct {
			ID string `json:"id"`
		} `json:"guild"`
	}
	_ = json.Unmarshal(token.Raw, &added) // Without it only the order of the servers is another.
	return social.Connection{
		Account: me.ID, Name: cmp.Or(me.GlobalName, me.Username), Handle: "@" + me.Username, Avatar: avatarOf(me),
		Traits: social.Traits{traitGuild: added.Guild.ID}, Credential: app.Credential(token, social.Credential{}),
	}, nil
}

// person reads something as the person who signed in.
func (p *Provider) person(ctx context.Context, token, path string, query url.Values, out any) error {
	_, err := p.do(ctx, rest.Request{Method: http.MethodGet, Path: path, Query: query, Bearer: token, Out: out}, classifyPerson)
	return err
}

// avatarOf is the address of a picture; empty: there is none.
// https://discord.com/developers/docs/reference#image-formatting
func avatarOf(u user) string {
	if u.Avatar == "" {
		return ""
	}
	return cdn + "/avatars/" + u.ID + "/" + u.Avatar + ".png"
}

type guild struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Icon        string `json:"icon"`
	Owner       bool   `json:"owner"`
	Permissions string `json:"permissions"`
	Tier        int    `json:"premium_tier"`
	Members     *int64 `json:"approximate_member_count"`
}

// The permissions that let people decide about a server.
// https://discord.com/developers/docs/topics/permissions
const (
	mayAdminister = 1 << 3
	mayManage     = 1 << 5
)

func (g guild) managed() bool {
	bits, _ := strconv.ParseUint(g.Permissions, 10, 64) // What is no number permits nothing.
	return g.Owner || bits&(mayAdminister|mayManage) != 0
}

// Choices implements social.Chooser: the servers that the person manages and the
// bot is in. Others could be anybody's, as one bot is in all of them.
func (p *Provider) Choices(ctx context.Context, signedIn social.Connection) ([]social.Connection, error) {
	var all []guild
	if err := p.person(ctx, signedIn.Credential.Access, "/users/@me/guilds", nil, &all); err != nil {
		return nil, err
	}
	var out []social.Connection
	for _, g := range all {
		if g.ID == "" || !g.managed() {
			continue
		}
		var in guild
		err := p.get(ctx, guildPath(g.ID), nil, &in)
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, connectionOf(g, in))
	}
	if len(out) == 0 {
		return nil, social.Errorf(social.CodeRejected, "You manage no server on Discord that the bot is in. Please connect again and choose a server to add it to.")
	}
	added := signedIn.Traits[traitGuild]
	slices.SortStableFunc(out, func(a, b social.Connection) int {
		return order(a.Account == added) - order(b.Account == added)
	})
	return out, nil
}

func order(first bool) int {
	if first {
		return 0
	}
	return 1
}

// connectionOf is a server as it is stored. It needs no credential: the bot is
// the operator's.
func connectionOf(g, in guild) social.Connection {
	out := social.Connection{
		Account: g.ID, Name: cmp.Or(g.Name, in.Name, g.ID), URL: site + "/channels/" + g.ID,
		Traits: social.Traits{traitTier: strconv.Itoa(in.Tier)},
	}
	if g.Icon != "" {
		out.Avatar = cdn + "/icons/" + g.ID + "/" + g.Icon + ".png"
	}
	return out
}

// AccountMetrics implements social.AccountMeter: about how many people are in the
// server now, which is all that Discord tells.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	today := p.deps.Now().UTC().Truncate(24 * time.Hour)
	if today.Before(period.From) || !today.Before(period.To) {
		return social.Series{}, nil
	}
	var g guild
	if err := p.get(ctx, guildPath(t.Account), url.Values{"with_counts": {"true"}}, &g); err != nil {
		return nil, err
	}
	if g.Members == nil {
		return social.Series{}, nil
	}
	return social.Series{social.MetricFollowers: {{Day: today, Value: *g.Members}}}, nil
}
