// Package oauth signs people in at platforms: OAuth 2 (RFC 6749) with PKCE
// (RFC 7636), and in oauth1.go the OAuth 1.0a of RFC 5849.
//
//	app := oauth.App{
//		REST: rest.Client{HTTP: deps.HTTP, Now: deps.Now}, Name: "Murmur", Settings: "MURMUR_CLIENT_ID and MURMUR_CLIENT_SECRET",
//		AuthURL: "https://murmur.example/authorize", TokenURL: "https://api.murmur.example/token",
//		ID: cfg.ClientID, Secret: cfg.ClientSecret, PKCE: true, NewID: deps.NewID, Now: deps.Now,
//	}
//	app.Begin(in, scopes, nil)   // in BeginConnect
//	app.Exchange(ctx, in, nil)   // in FinishConnect
//	app.Refresh(ctx, cred, nil)  // in Refresh
//
// A code and most refresh tokens work once, so nothing here is sent a second
// time by itself, and no way of naming the app is tried out: a lost answer is
// told from a request that never left, as everywhere in providers/kit/rest.
package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Auth is how an app names itself at the token endpoint.
type Auth int

// The ways to name an app (RFC 6749, 2.3.1).
const (
	// AuthBody sends id and secret in the form.
	AuthBody Auth = iota
	// AuthBasic sends them in the Authorization header.
	AuthBasic
)

// App is an operator's app at a platform, with the platform's endpoints.
type App struct {
	// REST makes the calls. Its Base is not used; its Classify is asked about
	// what is no error of OAuth.
	REST rest.Client
	// Name is what people call the platform, and Settings what an operator sets
	// the app with, for messages.
	Name, Settings string
	// AuthURL is the page where people allow the app, TokenURL gives tokens.
	// RevokeURL takes them back; empty: the platform has none.
	AuthURL, TokenURL, RevokeURL string
	// ID and Secret are the operator's. Without a Secret the app is a public
	// one, which names itself by its ID alone.
	ID, Secret string
	Auth       Auth
	// IDName is what the platform calls the id. Default: client_id.
	IDName string
	// ScopeSep is between scopes. Default: a space.
	ScopeSep string
	// PKCE sends a challenge with every sign-in.
	PKCE bool
	// NewID is needed for PKCE.
	NewID func() string
	// Now says when a token ends.
	Now func() time.Time
}

// keepVerifier is where a Redirect keeps the verifier of PKCE. It never changes.
const keepVerifier = "code_verifier"

// Begin returns where to send the person. extra is added to the address.
func (a App) Begin(in social.ConnectRequest, scopes []string, extra url.Values) social.Redirect {
	q := url.Values{
		"response_type": {"code"}, a.idName(): {a.ID}, "redirect_uri": {in.Callback}, "state": {in.State},
	}
	if len(scopes) > 0 {
		q.Set("scope", strings.Join(scopes, a.scopeSep()))
	}
	maps.Copy(q, extra)
	var keep map[string]string
	if a.PKCE {
		keep = map[string]string{keepVerifier: Digest(a.NewID() + a.NewID())}
		q.Set("code_challenge", Digest(keep[keepVerifier]))
		q.Set("code_challenge_method", "S256")
	}
	sep := "?"
	if strings.Contains(a.AuthURL, "?") {
		sep = "&"
	}
	return social.Redirect{URL: a.AuthURL + sep + q.Encode(), Keep: keep}
}

// Digest gives 43 letters that nobody can turn back: the challenge of S256
// (RFC 7636, 4.2). It also brings ids of any form into the alphabet and length
// of a verifier.
func Digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Code returns the code that the person came back with, or says why there is
// none.
func (a App) Code(in social.Callback) (string, error) {
	switch failed := in.Query["error"]; {
	case failed == "access_denied", failed == "user_cancelled_login", failed == "user_cancelled_authorize":
		return "", social.Errorf(social.CodeRejected, "You did not allow the connection on %s.", a.Name)
	case failed != "":
		return "", social.Errorf(social.CodeRejected, "%s did not allow the connection: %s", a.Name,
			sentence(failed, in.Query["error_description"]))
	case in.Query["code"] == "":
		return "", social.Errorf(social.CodeRejected, "%s sent you back without an answer. Please start again.", a.Name)
	}
	return in.Query["code"], nil
}

// sentence is what a platform says, as the end of a message.
func sentence(code, text string) string {
	out := strings.ReplaceAll(code, "_", " ")
	if text != "" {
		out = text
	}
	if r := []rune(out); len(r) > 200 {
		out = string(r[:200]) + "…"
	}
	if !strings.HasSuffix(out, ".") && !strings.HasSuffix(out, "…") {
		out += "."
	}
	return out
}

// Exchange turns what came back into tokens. extra is added to the form.
func (a App) Exchange(ctx context.Context, in social.Callback, extra url.Values) (Token, error) {
	code, err := a.Code(in)
	if err != nil {
		return Token{}, err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {in.Callback}}
	if v := in.Keep[keepVerifier]; v != "" {
		form.Set("code_verifier", v)
	}
	maps.Copy(form, extra)
	out, err := a.token(ctx, form)
	if e := refusal(err); e != nil && e.Code == social.CodeAuthRevoked {
		e.Code, e.Message = social.CodeRejected, "This sign-in took too long, or was used before. Please start again."
		return Token{}, e
	}
	return out, err
}

// Refresh trades the refresh token of c for new tokens. CodeAuthRevoked means
// that the person must connect again.
func (a App) Refresh(ctx context.Context, c social.Credential, extra url.Values) (Token, error) {
	if c.Refresh == "" {
		return Token{}, social.Errorf(social.CodeAuthRevoked, "%s gave us no means to stay signed in. Please connect the account again.", a.Name)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.Refresh}}
	maps.Copy(form, extra)
	return a.token(ctx, form)
}

// Revoke gives a token back (RFC 7009).
func (a App) Revoke(ctx context.Context, token string, extra url.Values) error {
	form := url.Values{"token": {token}}
	maps.Copy(form, extra)
	_, err := a.post(ctx, a.RevokeURL, form, true) // It may be repeated, so a lost answer does no harm.
	return err
}

// token asks for tokens.
func (a App) token(ctx context.Context, form url.Values) (Token, error) {
	resp, err := a.post(ctx, a.TokenURL, form, false)
	if err != nil {
		return Token{}, err
	}
	out, err := ParseToken(resp.Body)
	if err != nil {
		return Token{}, social.Errorf(social.CodeUnavailable, "%s gave us no permission that we can read. Please start again.", a.Name)
	}
	return out, nil
}

// post sends a form that names the app.
func (a App) post(ctx context.Context, to string, form url.Values, reads bool) (rest.Response, error) {
	r := rest.Request{Method: http.MethodPost, Path: to, Form: form, Reads: reads, Secrets: []string{a.Secret}}
	switch {
	case a.Auth == AuthBasic && a.Secret != "":
		// RFC 6749, 2.3.1: both are encoded like a form before.
		pair := url.QueryEscape(a.ID) + ":" + url.QueryEscape(a.Secret)
		r.Header = http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(pair))}}
	default:
		form.Set(a.idName(), a.ID)
		if a.Secret != "" {
			form.Set("client_secret", a.Secret)
		}
	}
	api := a.REST
	api.Base, api.Classify = "", a.classify
	return api.Do(ctx, r)
}

// classify reads an error of RFC 6749, 5.2.
func (a App) classify(status int, body []byte) *social.Error {
	var e struct {
		Error       any    `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &e) // What is no JSON is no error of OAuth.
	name, _ := e.Error.(string)
	switch name {
	case "invalid_grant", "invalid_refresh_token":
		return social.Errorf(social.CodeAuthRevoked, "%s has ended this sign-in. Please connect the account again.", a.Name)
	case "invalid_client", "unauthorized_client":
		return social.Errorf(social.CodeRejected, "%s does not accept the app of this server. Its operator must look at %s.", a.Name, a.Settings)
	case "invalid_scope":
		return social.Errorf(social.CodeScopeMissing, "The app of this server may not ask for all that it needs on %s.", a.Name)
	case "temporarily_unavailable", "server_error":
		return social.Errorf(social.CodeUnavailable, "%s is not available at the moment.", a.Name)
	}
	if a.REST.Classify != nil {
		if e := a.REST.Classify(status, body); e != nil {
			return e
		}
	}
	if status == http.StatusUnauthorized {
		return social.Errorf(social.CodeRejected, "%s does not accept the app of this server. Its operator must look at %s.", a.Name, a.Settings)
	}
	if name != "" && status < 500 && status != http.StatusTooManyRequests {
		return social.Errorf(social.CodeRejected, "%s did not allow the connection: %s", a.Name, sentence(name, e.Description))
	}
	return nil
}

func refusal(err error) *social.Error {
	if err == nil {
		return nil
	}
	return social.AsError(err)
}

func (a App) idName() string {
	if a.IDName == "" {
		return "client_id"
	}
	return a.IDName
}

func (a App) scopeSep() string {
	if a.ScopeSep == "" {
		return " "
	}
	return a.ScopeSep
}

// Token is what a token endpoint answers (RFC 6749, 5.1).
type Token struct {
	Access, Refresh string
	// Scopes are what was granted; empty: what was asked for.
	Scopes []string
	// ExpiresIn is for how long Access is good; zero: the platform did not say.
	ExpiresIn time.Duration
	// Raw is the whole answer, for what only one platform says.
	Raw json.RawMessage
}

// ParseToken reads the answer of a token endpoint. Its error says nothing of
// what is in it.
func ParseToken(body []byte) (Token, error) {
	var in struct {
		AccessToken  string          `json:"access_token"`
		RefreshToken string          `json:"refresh_token"`
		Scope        json.RawMessage `json:"scope"`
		ExpiresIn    json.Number     `json:"expires_in"`
	}
	if json.Unmarshal(body, &in) != nil || in.AccessToken == "" {
		return Token{}, social.Errorf(social.CodeUnavailable, "There is no token in the answer.")
	}
	seconds, _ := in.ExpiresIn.Float64()
	return Token{
		Access: in.AccessToken, Refresh: in.RefreshToken, Scopes: scopesIn(in.Scope), Raw: body,
		ExpiresIn: time.Duration(min(max(seconds, 0), 1e9)) * time.Second,
	}, nil
}

// scopesIn reads a list that is a text with commas or spaces, or an array.
func scopesIn(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var s string
	_ = json.Unmarshal(raw, &s) // Anything else grants nothing that we know of.
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })
}

// Credential is what is stored of t. What the platform did not send is carried
// over from old, which is zero at the first sign-in: an empty refresh token
// never replaces one that is good.
func (a App) Credential(t Token, old social.Credential) social.Credential {
	out := social.Credential{Access: t.Access, Refresh: t.Refresh, Extra: maps.Clone(old.Extra)}
	if out.Refresh == "" {
		out.Refresh = old.Refresh
	}
	if t.ExpiresIn > 0 {
		out.Expiry = a.Now().Add(t.ExpiresIn)
	}
	if len(t.Scopes) > 0 {
		if out.Extra == nil {
			out.Extra = map[string]string{}
		}
		out.Extra[social.ExtraScope] = strings.Join(t.Scopes, " ")
	}
	return out
}

// Missing returns those of wanted that were not granted. A platform that does
// not say what it granted granted all.
func (t Token) Missing(wanted ...string) []string {
	if len(t.Scopes) == 0 {
		return nil
	}
	var out []string
	for _, s := range wanted {
		if !slices.Contains(t.Scopes, s) {
			out = append(out, s)
		}
	}
	return out
}

// Demand is an error where one of wanted was not granted: people may tick off
// what they do not want to give.
func (a App) Demand(t Token, wanted ...string) error {
	missing := t.Missing(wanted...)
	if len(missing) == 0 {
		return nil
	}
	return social.Errorf(social.CodeScopeMissing, "On %s, please allow all that is asked for. Missing: %s.", a.Name, strings.Join(missing, ", "))
}
