package simulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// OAuth2 is the sign-in of a platform (RFC 6749, 7636, 7009). Zero values are
// what most platforms do.
type OAuth2 struct {
	Platform string
	// Authorize, Token and Revoke are the host and path of each page, such as
	// "api.x.com/2/oauth2/token". Revoke may be empty.
	Authorize, Token, Revoke string
	// ClientID is the name of the parameter; empty: client_id. TikTok calls it
	// client_key.
	ClientID string
	// Separator is between scopes; empty: a blank.
	Separator string
	// PKCE demands a code challenge.
	PKCE bool
	// Basic demands that the app shows its secret in the header Authorization;
	// otherwise the form does too.
	Basic bool
	// Access and Refresh are how long tokens last; 0: for ever, and no refresh
	// token where Refresh is negative.
	Access, Refresh time.Duration
	// Rotate gives a new refresh token at every refresh, and ends the old one.
	Rotate bool
	// Apps gives apps a token of their own, by client_credentials.
	Apps bool
	// Grant may change a token before it is given out, such as make it that of a
	// page; nil: nothing.
	Grant func(t *Token)
	// Reply writes the answer of the token endpoint; nil: that of RFC 6749.
	Reply func(w http.ResponseWriter, t *Token)
	// Fail writes an error of the token endpoint; nil: that of RFC 6749.
	Fail func(w http.ResponseWriter, status int, code, description string)
}

// Grant is an answer of a person that no token was made of yet.
type Grant struct {
	platform, code, app, redirect, challenge string
	account                                  *Account
	scopes                                   []string
	until                                    time.Time
}

// OAuth2 adds the pages of a sign-in.
func (m *Mount) OAuth2(o OAuth2) {
	if o.ClientID == "" {
		o.ClientID = "client_id"
	}
	if o.Separator == "" {
		o.Separator = " "
	}
	if o.Grant == nil {
		o.Grant = func(*Token) {}
	}
	if o.Fail == nil {
		o.Fail = func(w http.ResponseWriter, status int, code, description string) {
			JSON(w, status, map[string]string{"error": code, "error_description": description})
		}
	}
	if o.Reply == nil {
		o.Reply = func(w http.ResponseWriter, t *Token) { JSON(w, http.StatusOK, m.TokenBody(t, o.Separator)) }
	}
	f := oauth2{OAuth2: o, Mount: m}
	m.HandleSignIn("GET "+o.Authorize, f.ask)
	m.HandleSignIn("POST "+o.Authorize, f.decide)
	m.HandleSignIn("POST "+o.Token, f.exchange)
	if o.Revoke != "" {
		m.HandleSignIn("POST "+o.Revoke, f.revoke)
	}
}

// TokenBody is what RFC 6749 answers with.
func (w *World) TokenBody(t *Token, separator string) map[string]any {
	out := map[string]any{"access_token": t.Access, "token_type": "bearer", "scope": strings.Join(t.Scopes, separator)}
	if !t.Expires.IsZero() {
		out["expires_in"] = int(t.Expires.Sub(w.Now()).Seconds())
	}
	if t.Refresh != "" {
		out["refresh_token"] = t.Refresh
	}
	return out
}

type oauth2 struct {
	OAuth2
	*Mount
}

// checked reads the question of an app, or says what is wrong with it. People
// are never sent to an address that the app did not register.
func (f oauth2) checked(q url.Values) (redirect *url.URL, problem string) {
	app := f.App(f.Platform, q.Get(f.ClientID))
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case app == nil:
		return nil, "There is no app " + q.Get(f.ClientID) + "."
	case err != nil || redirect.Host == "":
		return nil, "The app names no address to come back to."
	case len(app.Redirects) > 0 && !slices.Contains(app.Redirects, redirect.String()):
		return nil, "The app did not register the address " + redirect.String() + "."
	case q.Get("response_type") != "code":
		return nil, "The response_type is not code."
	case f.PKCE && (q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256"):
		return nil, "The code_challenge is missing, or its method is not S256."
	}
	return redirect, ""
}

// ask shows the question whether an app may come in.
func (f oauth2) ask(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if _, problem := f.checked(q); problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	f.question(w, r, question{Platform: f.Platform, App: q.Get(f.ClientID), Scopes: strings.Split(q.Get("scope"), f.Separator)})
}

// decide sends the person back with the answer.
func (f oauth2) decide(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect, problem := f.checked(q)
	if problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	back := redirect.Query()
	if q.Has("state") {
		back.Set("state", q.Get("state"))
	}
	account := f.answered(r, f.Platform)
	if account == nil {
		back.Set("error", "access_denied")
		back.Set("error_description", "The person did not allow it.")
	} else {
		g := &Grant{
			platform: f.Platform, code: f.NewSecret(), app: q.Get(f.ClientID), redirect: q.Get("redirect_uri"),
			challenge: q.Get("code_challenge"), account: account,
			scopes: strings.FieldsFunc(q.Get("scope"), func(c rune) bool { return c == ' ' || strings.ContainsRune(f.Separator, c) }),
			until:  f.Now().Add(10 * time.Minute),
		}
		f.grants = append(f.grants, g)
		back.Set("code", g.code)
	}
	redirect.RawQuery = back.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

// exchange gives a token for a code or a refresh token.
func (f oauth2) exchange(w http.ResponseWriter, r *http.Request) {
	app := f.client(r)
	if app == nil {
		f.Fail(w, http.StatusUnauthorized, "invalid_client", "The app is unknown, or its secret is wrong.")
		return
	}
	switch kind := r.PostFormValue("grant_type"); {
	case kind == "authorization_code":
		f.byCode(w, r, app)
	case kind == "refresh_token" && f.Refresh >= 0:
		f.byRefresh(w, r, app)
	case kind == "client_credentials" && f.Apps:
		f.Reply(w, f.Issue(Token{Platform: f.Platform, App: app.ID}))
	default:
		f.Fail(w, http.StatusBadRequest, "unsupported_grant_type", "The grant_type is not known.")
	}
}

// client finds the app that makes a request.
func (f oauth2) client(r *http.Request) *App {
	id, secret, basic := r.BasicAuth()
	if !basic {
		if f.Basic {
			return nil
		}
		id, secret = r.PostFormValue(f.ClientID), r.PostFormValue("client_secret")
	} else if plain, err := url.QueryUnescape(id); err == nil {
		id = plain
		secret, _ = url.QueryUnescape(secret)
	}
	app := f.App(f.Platform, id)
	if app == nil || subtle.ConstantTimeCompare([]byte(app.Secret), []byte(secret)) != 1 {
		return nil
	}
	return app
}

func (f oauth2) byCode(w http.ResponseWriter, r *http.Request, app *App) {
	code := r.PostFormValue("code")
	i := slices.IndexFunc(f.grants, func(g *Grant) bool { return g.platform == f.Platform && g.code == code })
	if i < 0 {
		f.Fail(w, http.StatusBadRequest, "invalid_grant", "The code is unknown, or was used before.")
		return
	}
	g := f.grants[i]
	f.grants = slices.Delete(f.grants, i, i+1) // A code is good for one try.
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case g.app != app.ID:
		f.Fail(w, http.StatusBadRequest, "invalid_grant", "The code is that of another app.")
	case !f.Now().Before(g.until):
		f.Fail(w, http.StatusBadRequest, "invalid_grant", "The code is too old.")
	case g.redirect != r.PostFormValue("redirect_uri"):
		f.Fail(w, http.StatusBadRequest, "invalid_grant", "The redirect_uri is not the one that was asked with.")
	case g.challenge != "" && g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		f.Fail(w, http.StatusBadRequest, "invalid_grant", "The code_verifier does not fit the code_challenge.")
	default:
		f.Reply(w, f.issue(Token{Platform: f.Platform, App: app.ID, Account: g.account, Scopes: g.scopes}))
	}
}

// issue makes a token with the lives that the platform gives.
func (f oauth2) issue(t Token) *Token {
	if f.Access > 0 {
		t.Expires = f.Now().Add(f.Access)
	}
	if t.Refresh == "" && f.Refresh >= 0 {
		t.Refresh = f.NewSecret()
		if f.Refresh > 0 {
			t.RefreshBy = f.Now().Add(f.Refresh)
		}
	}
	out := f.Issue(t)
	f.Grant(out)
	return out
}

func (f oauth2) byRefresh(w http.ResponseWriter, r *http.Request, app *App) {
	old, why := f.ByRefresh(f.Platform, r.PostFormValue("refresh_token"))
	if why != Fine || old.App != app.ID {
		f.Fail(w, http.StatusBadRequest, "invalid_grant", "The refresh token is unknown, used or too old.")
		return
	}
	next := Token{Platform: f.Platform, App: app.ID, Account: old.Account, Scopes: old.Scopes, Extra: old.Extra}
	if !f.Rotate {
		next.Refresh, next.RefreshBy = old.Refresh, old.RefreshBy
	}
	old.Refresh = ""
	f.Reply(w, f.issue(next))
}

// revoke ends a token, and says nothing about whether there was one.
func (f oauth2) revoke(w http.ResponseWriter, r *http.Request) {
	if f.client(r) == nil {
		f.Fail(w, http.StatusUnauthorized, "invalid_client", "The app is unknown, or its secret is wrong.")
		return
	}
	secret := r.PostFormValue("token")
	for _, t := range f.tokens {
		if t.Platform == f.Platform && (t.Access == secret || t.Refresh == secret) {
			t.Revoked = true
		}
	}
	JSON(w, http.StatusOK, map[string]any{})
}
