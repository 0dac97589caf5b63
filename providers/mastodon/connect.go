package mastodon

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// What a Redirect keeps for the way back.
const (
	keepInstance = "instance"
	keepID       = "client_id"
	keepSecret   = "client_secret"
	keepVerifier = "code_verifier"
	keepApp      = "app" // the name the app is kept under
)

// instanceForm asks for a server.
type instanceForm struct {
	Instance string `json:"instance" required:"true" maxLength:"300" doc:"The server of the account, such as mastodon.social, or the account's handle, such as @ann@mastodon.social."`
}

// optionalForm asks where a server is configured for those who name none.
type optionalForm struct {
	Instance string `json:"instance,omitempty" maxLength:"300" doc:"The server of the account, such as mastodon.social, or the account's handle, such as @ann@mastodon.social. Empty: the usual server of this site."`
}

// RedirectForm implements social.RedirectConnector.
func (p *Provider) RedirectForm() social.Schema {
	if p.cfg.Instance != "" {
		return social.SchemaOf[optionalForm]()
	}
	return social.SchemaOf[instanceForm]()
}

// scopesFor is what we ask for, in the words that a server knows: "profile"
// came with Mastodon 4.3 and shows less than "read:accounts". An empty list
// stands for a server that does not say.
// https://docs.joinmastodon.org/api/oauth-scopes/
func scopesFor(supported []string) []string {
	var out []string
	for _, wishes := range [][]string{
		{"profile", "read:accounts", "read"},
		{"read:statuses", "read"},
		{"read:search", "read"},
		{"write:media", "write"},
		{"write:statuses", "write"},
	} {
		i := slices.IndexFunc(wishes, func(s string) bool { return slices.Contains(supported, s) })
		if i < 0 {
			i = len(wishes) - 2 // The words every server has known since 2.4.3.
		}
		if !slices.Contains(out, wishes[i]) {
			out = append(out, wishes[i])
		}
	}
	return out
}

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	typed := in.Values["instance"]
	if strings.TrimSpace(typed) == "" {
		typed = p.cfg.Instance
	}
	origin, err := originOf(typed)
	if err != nil {
		return social.Redirect{}, err
	}
	meta, err := p.metadata(ctx, origin)
	if err != nil {
		return social.Redirect{}, unreachable(origin, err)
	}
	scopes := strings.Join(scopesFor(meta.Scopes), " ")
	name := appName(origin, in.Callback, scopes)
	app, err := p.app(ctx, origin, name, in.Callback, scopes)
	if err != nil {
		return social.Redirect{}, err
	}
	q := url.Values{
		"response_type": {"code"}, "client_id": {app.ClientID}, "redirect_uri": {in.Callback},
		"scope": {scopes}, "state": {in.State},
	}
	keep := map[string]string{keepInstance: origin, keepID: app.ClientID, keepSecret: app.ClientSecret, keepApp: name}
	if slices.Contains(meta.Challenge, "S256") {
		keep[keepVerifier] = digest(p.deps.NewID() + p.deps.NewID())
		q.Set("code_challenge", digest(keep[keepVerifier]))
		q.Set("code_challenge_method", "S256")
	}
	return social.Redirect{URL: origin + "/oauth/authorize?" + q.Encode(), Keep: keep}, nil
}

// digest gives 43 letters that nobody can turn back (RFC 7636, 4.2). It also
// brings ids of any form into the alphabet and length of a code verifier.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// unreachable names the server that does not answer: it is what was typed.
func unreachable(origin string, err error) error {
	e := *social.AsError(err)
	if e.Code == social.CodeUnavailable && e.Status == 0 {
		e.Message = "There is no answer from " + hostOf(origin) + ". Is this the address of the server?"
	}
	return &e
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	origin := in.Keep[keepInstance]
	if err := allowed(in, hostOf(origin)); err != nil {
		return social.Connection{}, err
	}
	cred, err := p.exchange(ctx, origin, in)
	if err != nil {
		return social.Connection{}, err
	}
	var me account
	_, err = p.do(ctx, origin, rest.Request{
		Method: http.MethodGet, Path: "/api/v1/accounts/verify_credentials", Bearer: cred.Access, Out: &me,
	})
	if err != nil {
		return social.Connection{}, err
	}
	if me.ID == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "The server %s did not say whose account this is.", hostOf(origin))
	}
	site := p.instance(ctx, origin)
	domain := site.Domain
	if domain == "" {
		domain = hostOf(origin)
	}
	name := me.DisplayName
	if name == "" {
		name = me.Username
	}
	return social.Connection{
		// An id of Mastodon is unique only on its server.
		Account: hostOf(origin) + "/" + string(me.ID),
		Name:    name, Handle: "@" + me.Username + "@" + domain,
		URL: me.URL, Avatar: me.Avatar,
		Traits: traitsOf(origin, site, me), Credential: cred,
	}, nil
}

// allowed reads whether the person let us in.
func allowed(in social.Callback, host string) error {
	switch {
	case host == "":
		return social.Errorf(social.CodeRejected, "This connection was not started here. Please start again.")
	case in.Query["error"] == "access_denied":
		return social.Errorf(social.CodeRejected, "You did not allow the connection on %s.", host)
	case in.Query["error"] != "":
		return social.Errorf(social.CodeRejected, "The server %s did not allow the connection: %s", host,
			sentence(in.Query["error"]+" "+in.Query["error_description"]))
	case in.Query["code"] == "":
		return social.Errorf(social.CodeRejected, "The server %s sent you back without an answer. Please start again.", host)
	default:
		return nil
	}
}

// exchange turns the code that came back into a credential.
func (p *Provider) exchange(ctx context.Context, origin string, in social.Callback) (social.Credential, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {in.Query["code"]}, "redirect_uri": {in.Callback},
		"client_id": {in.Keep[keepID]}, "client_secret": {in.Keep[keepSecret]},
	}
	if v := in.Keep[keepVerifier]; v != "" {
		form.Set("code_verifier", v)
	}
	resp, err := p.do(ctx, origin, rest.Request{Method: http.MethodPost, Path: "/oauth/token", Form: form})
	if err != nil {
		return social.Credential{}, p.refused(ctx, in.Keep[keepApp], resp.Body, err)
	}
	var out token
	// Not Request.Out: an answer that cannot be read would end up as evidence,
	// with the token in it.
	if json.Unmarshal(resp.Body, &out) != nil || out.AccessToken == "" {
		return social.Credential{}, social.Errorf(social.CodeUnavailable, "The server %s gave us no permission.", hostOf(origin))
	}
	cred := social.Credential{
		Access: out.AccessToken,
		Extra:  map[string]string{keepID: in.Keep[keepID], keepSecret: in.Keep[keepSecret]},
	}
	if out.ExpiresIn > 0 {
		cred.Expiry = p.deps.Now().Add(time.Duration(out.ExpiresIn) * time.Second)
	}
	return cred, nil
}

// refused explains why a code was not taken. A server that forgot our app gets
// a new one at the next try.
func (p *Provider) refused(ctx context.Context, app string, body []byte, err error) error {
	e := *social.AsError(err)
	switch oauthError(body) {
	case "invalid_client":
		e.Code, e.Message = social.CodeUnavailable, "The server has forgotten our app. Please start again."
		if err := p.forget(ctx, app); err != nil {
			e.Err = errors.Join(e.Err, err)
		}
	case "invalid_grant":
		e.Code, e.Message = social.CodeRejected, "This sign-in took too long, or was used before. Please start again."
	}
	return &e
}

// Revoke implements social.Revoker.
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/oauth/revoke", Reads: true, // It may be repeated, so a lost answer does no harm.
		Form: url.Values{
			keepID: {t.Credential.Extra[keepID]}, keepSecret: {t.Credential.Extra[keepSecret]},
			"token": {t.Credential.Access},
		},
	})
	return err
}
