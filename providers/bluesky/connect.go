package bluesky

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The traits of an account, and extraPDS of its credential. The server of an
// account can change; a refresh learns the new one and keeps it in the
// credential, which wins over the trait.
const (
	traitService = "service"
	traitPDS     = "pds"
	traitHandle  = "handle"
	traitDID     = "did"

	extraPDS = "pds"
)

type connectForm struct {
	Service    string `json:"service" doc:"Address of the server you log in at. Leave it empty for the usual one, which is https://bsky.social unless your operator chose another."`
	Identifier string `json:"identifier" required:"true" doc:"Your handle, such as ann.bsky.social, or your e-mail address."`
	Password   string `json:"password" required:"true" secret:"true" doc:"An app password made for this purpose under Settings, Privacy and security, App passwords. Do not use your main password."`
}

// ConnectForm implements social.FormConnector.
func (*Provider) ConnectForm() social.Schema { return social.SchemaOf[connectForm]() }

// ConnectWith implements social.FormConnector. The password is used for this
// one call and is not kept: what is kept is the session, which lives on as
// long as it is refreshed.
func (p *Provider) ConnectWith(ctx context.Context, values social.Values) (social.Connection, error) {
	service, ok := p.cfg.Service, true
	if v := typedText(values["service"]); v != "" {
		service, ok = originOf(v)
	}
	if !ok {
		return social.Connection{}, social.Errorf(social.CodeRejected,
			"The server must be an address such as https://bsky.social, without a path.")
	}
	identifier := strings.TrimPrefix(typedText(values["identifier"]), "@")
	if !strings.ContainsAny(identifier, ".@:") {
		return social.Connection{}, social.Errorf(social.CodeRejected,
			"Please write the whole handle, such as ann.bsky.social, or the e-mail address.")
	}
	s, err := p.login(ctx, service, identifier, typedText(values["password"]))
	if err != nil {
		return social.Connection{}, err
	}
	pds := pdsOf(s.DidDoc, service)
	who := p.profileOf(ctx, pds, s)
	return social.Connection{
		Account: s.Did,
		Name:    who.DisplayName,
		Handle:  "@" + s.Handle,
		URL:     appURL + "/profile/" + s.Did,
		Avatar:  who.Avatar,
		Traits: social.Traits{
			traitService: service, traitPDS: pds, traitHandle: s.Handle, traitDID: s.Did,
		},
		Credential: s.credential(),
	}, nil
}

func (p *Provider) login(ctx context.Context, service, identifier, password string) (session, error) {
	var s session
	resp, err := p.call(ctx, service, createSession, rest.Request{
		JSON: sessionInput{Identifier: identifier, Password: password},
		// A session whose answer is lost does no harm: it is never used.
		Reads: true,
		Out:   &s,
	})
	if err != nil {
		return session{}, explainLogin(err, resp.Body)
	}
	return s, s.check(social.CodeUnavailable)
}

// explainLogin turns the refusals that a person typing into the form can mend
// into advice.
func explainLogin(err error, body []byte) error {
	e := social.AsError(err)
	var x xrpcError
	if json.Unmarshal(body, &x) != nil {
		return e
	}
	switch {
	case x.Error == "AuthFactorTokenRequired":
		e.Code = social.CodeRejected
		e.Message = "This is the main password of an account with e-mail confirmation. Please make an app password in the Bluesky settings and use that."
	case e.Code == social.CodeAuthRevoked:
		e.Code = social.CodeRejected
		e.Message = "Bluesky does not know this handle and app password together. Please check both, and the server."
	}
	return e
}

// check refuses a session that is no use. incomplete is the code for one that
// lacks what it must have.
func (s session) check(incomplete social.Code) error {
	switch {
	case s.Active != nil && !*s.Active:
		return social.Errorf(social.CodeAccountBlocked, "%s", messages[social.CodeAccountBlocked])
	case s.Did == "" || s.AccessJwt == "":
		return social.Errorf(incomplete, "The server sent an answer that we cannot read.")
	}
	return nil
}

func (s session) credential() social.Credential {
	return social.Credential{Access: s.AccessJwt, Refresh: s.RefreshJwt, Expiry: expiryOf(s.AccessJwt)}
}

// profileOf reads how the account presents itself. It is no loss if that
// fails, as it does on a server that is not joined to Bluesky's own.
func (p *Provider) profileOf(ctx context.Context, pds string, s session) profile {
	var out profile
	_, err := p.call(ctx, pds, getProfile, rest.Request{
		Method: http.MethodGet, Query: url.Values{"actor": {s.Did}}, Bearer: s.AccessJwt, Out: &out,
	})
	if err != nil {
		out = profile{}
	}
	if out.DisplayName == "" {
		out.DisplayName = s.Handle
	}
	return out
}

// Refresh implements social.Refresher. Both tokens are replaced; the old
// refresh token works for two more hours, so a lost answer is no loss.
func (p *Provider) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	var s session
	resp, err := p.call(ctx, p.serviceOf(t), refreshSession, rest.Request{
		Bearer: t.Credential.Refresh, Reads: true, Out: &s,
	})
	if err != nil {
		return social.Credential{}, explainRefresh(err, resp.Status)
	}
	if err := s.check(social.CodeUnavailable); err != nil {
		return social.Credential{}, err
	}
	if s.Did != t.Account {
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "The server answered for another account. Please connect again.")
	}
	c := s.credential()
	if c.Refresh == "" {
		c.Refresh = t.Credential.Refresh
	}
	c.Extra = map[string]string{}
	for k, v := range t.Credential.Extra {
		c.Extra[k] = v
	}
	c.Extra[extraPDS] = pdsOf(s.DidDoc, hostOf(t, p.cfg.Service))
	return c, nil
}

// explainRefresh knows that a refresh token that is not accepted cannot be
// refreshed in turn.
func explainRefresh(err error, status int) error {
	e := social.AsError(err)
	if e.Code == social.CodeAccountBlocked {
		return e
	}
	if e.Code == social.CodeAuthExpired || e.Code == social.CodeAuthRevoked || status == http.StatusUnauthorized {
		e.Code, e.Message = social.CodeAuthRevoked, messages[social.CodeAuthRevoked]
	}
	return e
}

// Revoke implements social.Revoker. It ends the session, not the app password.
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	_, err := p.call(ctx, p.serviceOf(t), deleteSession, rest.Request{Bearer: t.Credential.Refresh, Reads: true})
	if e, ok := errors.AsType[*social.Error](err); ok && (e.Code == social.CodeAuthExpired || e.Code == social.CodeAuthRevoked) {
		return nil // it has ended already
	}
	return err
}

func (p *Provider) serviceOf(t social.Target) string {
	if v := t.Traits[traitService]; v != "" {
		return v
	}
	return p.cfg.Service
}

// host is the server that keeps the account's repository.
func (p *Provider) host(t social.Target) string { return hostOf(t, p.cfg.Service) }

func hostOf(t social.Target, fallback string) string {
	for _, v := range []string{t.Credential.Extra[extraPDS], t.Traits[traitPDS], t.Traits[traitService]} {
		if v != "" {
			return v
		}
	}
	return fallback
}

// pdsOf reads the account's server from its DID document, see
// https://atproto.com/specs/did.
func pdsOf(doc json.RawMessage, fallback string) string {
	var d struct {
		Service []struct {
			ID       string `json:"id"`
			Type     string `json:"type"`
			Endpoint any    `json:"serviceEndpoint"`
		} `json:"service"`
	}
	if json.Unmarshal(doc, &d) != nil {
		return fallback
	}
	for _, s := range d.Service {
		endpoint, _ := s.Endpoint.(string)
		if !strings.HasSuffix(s.ID, "#atproto_pds") {
			continue
		}
		if origin, ok := originOf(endpoint); ok {
			return origin
		}
	}
	return fallback
}

// originOf reads the address of a server as a person or a document writes it.
// Passwords and tokens go there, so it is https, except on this very machine.
func originOf(s string) (string, bool) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", false
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), true
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// typedText drops what comes along unseen when a person copies a handle: spaces
// and marks of writing direction.
func typedText(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

// expiryOf reads when a token ends. The token is opaque to us otherwise: its
// signature is the server's business.
func expiryOf(jwt string) time.Time {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Exp int64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.Exp <= 0 {
		return time.Time{}
	}
	return time.Unix(claims.Exp, 0).UTC()
}
