package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// App is a program that people let in.
type App struct {
	Platform, ID, Secret string
	Redirects            []string // empty: any
}

// TwoApps makes the apps that every platform has: "simulator" and "simulator-2",
// with their ids and "-secret" as secrets.
func (w *World) TwoApps(platform string) {
	w.AddApp(App{Platform: platform, ID: "simulator", Secret: "simulator-secret"})
	w.AddApp(App{Platform: platform, ID: "simulator-2", Secret: "simulator-2-secret"})
}

// AddApp makes an app. An empty id or secret is made up.
func (w *World) AddApp(a App) *App {
	if a.ID == "" {
		a.ID = w.NewSecret()
	}
	if a.Secret == "" {
		a.Secret = w.NewSecret()
	}
	w.apps = append(w.apps, &a)
	return &a
}

// App finds an app; nil: there is none.
func (w *World) App(platform, id string) *App {
	i := slices.IndexFunc(w.apps, func(a *App) bool { return a.Platform == platform && a.ID == id })
	if i < 0 {
		return nil
	}
	return w.apps[i]
}

// Token is a permission that a person gave to an app.
type Token struct {
	Platform  string
	App       string // the client id
	Account   *Account
	Scopes    []string
	Access    string
	Secret    string // that of OAuth 1.0a
	Refresh   string
	Expires   time.Time // zero: never
	RefreshBy time.Time // zero: never too late
	Revoked   bool
	// Extra is for what only the platform has.
	Extra map[string]string
}

// Issue makes a token, with an access token where t has none.
func (w *World) Issue(t Token) *Token {
	if t.Access == "" {
		t.Access = w.NewSecret()
	}
	if t.Extra == nil {
		t.Extra = map[string]string{}
	}
	w.tokens[t.Access] = &t
	return &t
}

// Why says why a token does not let its bearer in.
type Why string

// Reasons that a token is of no use. Fine is none.
const (
	Fine    Why = ""
	Missing Why = "missing" // there is none
	Unknown Why = "unknown" // nobody gave it out
	Expired Why = "expired"
	Revoked Why = "revoked"
)

// Token finds the token with these letters, for one platform of those given.
func (w *World) Token(access string, platforms ...string) (*Token, Why) {
	t := w.tokens[access]
	switch {
	case access == "":
		return nil, Missing
	case t == nil || t.Account == nil || !slices.Contains(platforms, t.Platform):
		return nil, Unknown // One of an app alone is nobody's.
	case t.Revoked:
		return t, Revoked
	case !t.Expires.IsZero() && !w.Now().Before(t.Expires):
		return t, Expired
	default:
		return t, Fine
	}
}

// Bearer finds who makes a request: by the header Authorization, otherwise by
// access_token in the query or in a form that was read.
func (w *World) Bearer(r *http.Request, platforms ...string) (*Token, Why) {
	return w.Token(bearer(r), platforms...)
}

func bearer(r *http.Request) string {
	auth := r.Header.Get("Authorization")
	if kind, token, ok := strings.Cut(auth, " "); ok && (strings.EqualFold(kind, "Bearer") || strings.EqualFold(kind, "OAuth")) {
		return strings.TrimSpace(token)
	}
	if r.PostForm != nil && r.PostForm.Get("access_token") != "" {
		return r.PostForm.Get("access_token")
	}
	return r.URL.Query().Get("access_token")
}

// ByRefresh finds the token that a refresh token belongs to. Unknown is also one
// that was used, where it may be used only once.
func (w *World) ByRefresh(platform, refresh string) (*Token, Why) {
	for _, t := range w.tokens {
		switch {
		case refresh == "" || t.Refresh != refresh || t.Platform != platform:
		case t.Revoked:
			return t, Revoked
		case !t.RefreshBy.IsZero() && !w.Now().Before(t.RefreshBy):
			return t, Expired
		default:
			return t, Fine
		}
	}
	return nil, Unknown
}

// Tokens lists those of an account; an empty account stands for all.
func (w *World) Tokens(platform, account string) []*Token {
	var out []*Token
	for _, t := range w.tokens {
		if t.Platform == platform && (account == "" || t.Account != nil && (t.Account.ID == account || t.Account.Handle == account)) {
			out = append(out, t)
		}
	}
	return out
}

// Has reports whether the token includes every scope.
func (t *Token) Has(scopes ...string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(t.Scopes, s) })
}
