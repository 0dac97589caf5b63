package githubidentity_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/crierhq/crier/adapters/githubidentity"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/testkit/identitytest"
)

const (
	clientID     = "Iv1.crier"
	clientSecret = "the secret of the app"
	callback     = "https://crier.example/auth/callback/github"
)

// hub answers as GitHub's documentation says.
type hub struct {
	*httptest.Server
	mu    sync.Mutex
	codes map[string]grant
	// user and emails change what the API says.
	user   func(map[string]any)
	emails func([]map[string]any) []map[string]any
	status int
}

type grant struct {
	query url.Values
	who   identity.Identity
}

func newHub(t testing.TB) *hub {
	t.Helper()
	h := &hub{codes: map[string]grant{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/oauth/access_token", h.serveToken)
	mux.HandleFunc("GET /api/user", h.serveUser)
	mux.HandleFunc("GET /api/user/emails", h.serveEmails)
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

// Approve implements identitytest.Service.
func (h *hub) Approve(_ context.Context, address string, who identity.Identity) (string, error) {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, h.URL+"/login/oauth/authorize?") || u.Query().Get("client_id") != clientID {
		return "", errors.Join(err, errors.New("this is no request of the app"))
	}
	q := u.Query()
	if q.Get("scope") != "read:user user:email" {
		return "", errors.New("the scope is " + q.Get("scope"))
	}
	code := rand.Text()
	h.mu.Lock()
	h.codes[code] = grant{q, who}
	h.mu.Unlock()
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), nil
}

// Stop implements identitytest.Service.
func (h *hub) Stop() { h.Close() }

func (h *hub) serveToken(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g, ok := h.codes[r.FormValue("code")]
	delete(h.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	// Without the header Accept, GitHub answers as a form.
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	switch {
	case r.FormValue("client_id") != clientID || r.FormValue("client_secret") != clientSecret:
		_, _ = w.Write([]byte(url.Values{"error": {"incorrect_client_credentials"}}.Encode()))
	case !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != g.query.Get("code_challenge") || r.FormValue("redirect_uri") != g.query.Get("redirect_uri"):
		_, _ = w.Write([]byte(url.Values{"error": {"bad_verification_code"}, "error_description": {"The code passed is incorrect or expired."}}.Encode()))
	default:
		access := "gho_" + rand.Text()
		h.codes[access] = g
		_, _ = w.Write([]byte(url.Values{"access_token": {access}, "scope": {"read:user,user:email"}, "token_type": {"bearer"}}.Encode()))
	}
}

// asks finds out who calls the API.
func (h *hub) asks(w http.ResponseWriter, r *http.Request) (identity.Identity, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g, ok := h.codes[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	ok = ok && r.Header.Get("Accept") == "application/vnd.github+json" && r.Header.Get("X-GitHub-Api-Version") != "" && r.Header.Get("User-Agent") != ""
	if !ok || h.status != 0 {
		w.WriteHeader(max(h.status, 401))
		return identity.Identity{}, false
	}
	return g.who, true
}

func (h *hub) serveUser(w http.ResponseWriter, r *http.Request) {
	if who, ok := h.asks(w, r); ok {
		number, _ := strconv.Atoi(who.Subject)
		body := map[string]any{"login": "octo", "id": number, "name": who.Name, "email": "public@example.org", "type": "User"}
		if h.user != nil {
			h.user(body)
		}
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (h *hub) serveEmails(w http.ResponseWriter, r *http.Request) {
	if who, ok := h.asks(w, r); ok {
		list := []map[string]any{
			{"email": "old@example.org", "primary": false, "verified": true, "visibility": nil},
			{"email": who.Email, "primary": true, "verified": who.EmailVerified, "visibility": "public"},
		}
		if who.Email == "" {
			list = list[:1]
		}
		if h.emails != nil {
			list = h.emails(list)
		}
		_ = json.NewEncoder(w).Encode(list)
	}
}

func provider(t testing.TB, h *hub, secret string) *githubidentity.Provider {
	t.Helper()
	p, err := githubidentity.New(githubidentity.Config{
		ClientID: clientID, ClientSecret: secret, HTTP: h.Client(), WebURL: h.URL, APIURL: h.URL + "/api",
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestConformance(t *testing.T) {
	t.Parallel()
	identitytest.Run(t, identitytest.Harness{Secret: clientSecret, NoNonce: true, New: func(t testing.TB) (identity.Provider, identitytest.Service) {
		h := newHub(t)
		return provider(t, h, clientSecret), h
	}})
}

func complete(t *testing.T, p *githubidentity.Provider, h *hub) (identity.Identity, error) {
	t.Helper()
	r := identity.Request{Callback: callback, State: "s", Nonce: "n", Verifier: strings.Repeat("v", 43)}
	to, err := p.Begin(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := h.Approve(t.Context(), to, identity.Identity{Subject: "583231", Email: "octo@example.org", EmailVerified: true, Name: "The Octocat"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	return p.Complete(t.Context(), identity.Return{Callback: callback, Nonce: "n", Verifier: r.Verifier, Code: u.Query().Get("code")})
}

func TestWhoGitHubSaysItIs(t *testing.T) {
	t.Parallel()
	octo := identity.Identity{Subject: "583231", Email: "octo@example.org", EmailVerified: true, Name: "The Octocat"}
	with := func(change func(*identity.Identity)) identity.Identity {
		out := octo
		change(&out)
		return out
	}
	cases := map[string]struct {
		hub  func(*hub)
		want identity.Identity
	}{
		"as documented": {func(*hub) {}, octo},
		"without a name": {
			func(h *hub) { h.user = func(m map[string]any) { m["name"] = nil } }, with(func(i *identity.Identity) { i.Name = "octo" }),
		},
		"without addresses": {
			func(h *hub) { h.emails = func([]map[string]any) []map[string]any { return nil } },
			with(func(i *identity.Identity) { i.Email, i.EmailVerified = "", false }),
		},
		"with a primary address that is not verified": {
			func(h *hub) {
				h.emails = func(l []map[string]any) []map[string]any { l[1]["verified"] = false; return l }
			}, with(func(i *identity.Identity) { i.EmailVerified = false }),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			tc.hub(h)
			tc.want.Issuer = h.URL
			if got, err := complete(t, provider(t, h, clientSecret), h); err != nil || got != tc.want {
				t.Errorf("got %+v, %v; want %+v", got, err, tc.want)
			}
		})
	}
}

func TestWhenGitHubDoesNotHelp(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		hub    func(*hub)
		secret string
		want   *fault.Error
	}{
		"a wrong secret": {func(*hub) {}, "wrong", &fault.Error{Kind: fault.Unavailable, Code: "identity_unavailable"}},
		"too many calls": {func(h *hub) { h.status = 403 }, clientSecret, &fault.Error{Kind: fault.Unavailable, Code: "identity_unavailable"}},
		"an outage":      {func(h *hub) { h.status = 502 }, clientSecret, &fault.Error{Kind: fault.Unavailable, Code: "identity_unavailable"}},
		"no number": {
			func(h *hub) { h.user = func(m map[string]any) { delete(m, "id") } }, clientSecret,
			&fault.Error{Kind: fault.Unauthenticated, Code: "identity_invalid"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			tc.hub(h)
			if got, err := complete(t, provider(t, h, tc.secret), h); !errors.Is(err, tc.want) {
				t.Errorf("got %+v, %v; want %s", got, err, tc.want.Code)
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := githubidentity.New(githubidentity.Config{})
	for _, field := range []string{"ClientID", "ClientSecret", "HTTP"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+field) {
			t.Errorf("got %v, want it to name %s", err, field)
		}
	}
}
