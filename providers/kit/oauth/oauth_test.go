package oauth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// app is an app of a platform that answers as h says.
func app(t *testing.T, h http.HandlerFunc) oauth.App {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	ids := 0
	return oauth.App{
		REST: rest.Client{HTTP: s.Client(), Now: now}, Name: "Murmur", Settings: "MURMUR_CLIENT_ID and MURMUR_CLIENT_SECRET",
		AuthURL: s.URL + "/authorize", TokenURL: s.URL + "/token", RevokeURL: s.URL + "/revoke",
		ID: "app-id", Secret: "app secret", PKCE: true, Now: now,
		NewID: func() string { ids++; return fmt.Sprint("id", ids) },
	}
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestBeginAsksForAllThatIsNeeded(t *testing.T) {
	t.Parallel()
	a := app(t, nil)
	in := social.ConnectRequest{Callback: "https://crier.example/cb", State: "s1"}
	got := a.Begin(in, []string{"read", "write"}, url.Values{"prompt": {"consent"}})
	u, err := url.Parse(got.URL)
	if err != nil {
		t.Fatal(err)
	}
	verifier := got.Keep["code_verifier"]
	want := url.Values{
		"response_type": {"code"}, "client_id": {"app-id"}, "redirect_uri": {"https://crier.example/cb"}, "state": {"s1"},
		"scope": {"read write"}, "prompt": {"consent"}, "code_challenge": {oauth.Digest(verifier)}, "code_challenge_method": {"S256"},
	}
	if u.Query().Encode() != want.Encode() || len(verifier) != 43 {
		t.Errorf("got %s with the verifier %q, want %s", u.RawQuery, verifier, want.Encode())
	}
	a.PKCE, a.IDName, a.ScopeSep, a.AuthURL = false, "client_key", ",", "https://m.example/a?v=2"
	got = a.Begin(in, []string{"read", "write"}, nil)
	for _, want := range []string{"https://m.example/a?v=2&client_key=app-id", "scope=read%2Cwrite"} {
		if !strings.Contains(got.URL, want) {
			t.Errorf("got %s, want %s in it", got.URL, want)
		}
	}
	if got.Keep != nil {
		t.Errorf("got %v to keep without PKCE, want nothing", got.Keep)
	}
}

// TestDigestIsTheChallengeOfTheStandard plays RFC 7636, appendix B.
func TestDigestIsTheChallengeOfTheStandard(t *testing.T) {
	t.Parallel()
	if got, want := oauth.Digest("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestExchangeNamesTheApp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*oauth.App)
		auth   string
		form   url.Values
	}{
		"in the body":   {func(*oauth.App) {}, "", url.Values{"client_id": {"app-id"}, "client_secret": {"app secret"}}},
		"in the header": {func(a *oauth.App) { a.Auth = oauth.AuthBasic }, "Basic YXBwLWlkOmFwcCtzZWNyZXQ=", url.Values{}},
		"a public app":  {func(a *oauth.App) { a.Auth, a.Secret = oauth.AuthBasic, "" }, "", url.Values{"client_id": {"app-id"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got url.Values
			var auth string
			a := app(t, func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				got, auth = r.PostForm, r.Header.Get("Authorization")
				_, _ = io.WriteString(w, `{"access_token":"acc-1","refresh_token":"ref-1","expires_in":7200,"scope":"read,write"}`)
			})
			tc.change(&a)
			tok, err := a.Exchange(t.Context(), social.Callback{
				Callback: "https://crier.example/cb", Query: map[string]string{"code": "c1"}, Keep: map[string]string{"code_verifier": "v1"},
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := url.Values{
				"grant_type": {"authorization_code"}, "code": {"c1"}, "redirect_uri": {"https://crier.example/cb"}, "code_verifier": {"v1"},
			}
			for k, v := range tc.form {
				want[k] = v
			}
			if got.Encode() != want.Encode() || auth != tc.auth {
				t.Errorf("got %s and %q, want %s and %q", got.Encode(), auth, want.Encode(), tc.auth)
			}
			c := a.Credential(tok, social.Credential{})
			if c.Access != "acc-1" || c.Refresh != "ref-1" || !c.Expiry.Equal(now().Add(2*time.Hour)) || !slices.Equal(c.Scopes(), []string{"read", "write"}) {
				t.Errorf("got %s %s %s %v", c.Access, c.Refresh, c.Expiry, c.Extra)
			}
		})
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	exchange := func(a oauth.App, t *testing.T) error {
		_, err := a.Exchange(t.Context(), social.Callback{Query: map[string]string{"code": "secret-code"}}, nil)
		return err
	}
	refresh := func(a oauth.App, t *testing.T) error {
		_, err := a.Refresh(t.Context(), social.Credential{Refresh: "secret-refresh"}, nil)
		return err
	}
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		call   func(oauth.App, *testing.T) error
		code   social.Code
		says   string
	}{
		"a code that was used":      {answer(400, `{"error":"invalid_grant","error_description":"secret-code was used"}`), exchange, social.CodeRejected, "start again"},
		"a sign-in that was ended":  {answer(400, `{"error":"invalid_grant"}`), refresh, social.CodeAuthRevoked, "connect the account again"},
		"the wrong secret":          {answer(401, `{"error":"invalid_client"}`), refresh, social.CodeRejected, "MURMUR_CLIENT_SECRET"},
		"401 without a word":        {answer(401, ``), refresh, social.CodeRejected, "MURMUR_CLIENT_SECRET"},
		"away":                      {answer(503, ``), refresh, social.CodeOutcomeUnknown, ""},
		"away, it says":             {answer(503, `{"error":"temporarily_unavailable"}`), refresh, social.CodeUnavailable, ""},
		"crowded":                   {answer(429, ``), refresh, social.CodeRateLimited, ""},
		"something else":            {answer(400, `{"error":"invalid_request","error_description":"No redirect"}`), exchange, social.CodeRejected, "No redirect."},
		"an answer without a token": {answer(200, `{"secret-code":1}`), exchange, social.CodeUnavailable, ""},
		"an answer nobody can read": {answer(200, `secret-code`), exchange, social.CodeUnavailable, ""},
		"an answer that was lost":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, refresh, social.CodeOutcomeUnknown, ""},
		"an error that is no text":  {answer(400, `{"error":{"message":"x"}}`), refresh, social.CodeRejected, ""},
		"nothing to stay signed with": {nil, func(a oauth.App, t *testing.T) error {
			_, err := a.Refresh(t.Context(), social.Credential{}, nil)
			return err
		}, social.CodeAuthRevoked, "connect the account again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.call(app(t, tc.answer), t)
			e, ok := errors.AsType[*social.Error](err)
			if !ok || e.Code != tc.code || !strings.Contains(e.Message, tc.says) {
				t.Fatalf("got %#v, want %s and %q", err, tc.code, tc.says)
			}
			for _, secret := range []string{"secret-code", "secret-refresh", "app secret"} {
				if strings.Contains(e.Message+e.Evidence+e.Error(), secret) {
					t.Errorf("the error tells the secret %q: %+v", secret, e)
				}
			}
		})
	}
}

func TestPeopleWhoComeBackWithoutACodeLearnWhy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query map[string]string
		says  string
	}{
		"they said no":   {map[string]string{"error": "access_denied"}, "You did not allow"},
		"the app is new": {map[string]string{"error": "unauthorized_client", "error_description": "Not reviewed"}, "Not reviewed."},
		"nothing":        {map[string]string{}, "without an answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := app(t, nil).Exchange(t.Context(), social.Callback{Query: tc.query}, nil)
			if e := social.AsError(err); e.Code != social.CodeRejected || !strings.Contains(e.Message, tc.says) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
}

func TestARenewalLosesNothing(t *testing.T) {
	t.Parallel()
	a := app(t, answer(200, `{"access_token":"acc-2"}`))
	old := social.Credential{Access: "acc-1", Refresh: "ref-1", Extra: map[string]string{"scope": "read", "own": "x"}}
	tok, err := a.Refresh(t.Context(), old, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := a.Credential(tok, old)
	if got.Access != "acc-2" || got.Refresh != "ref-1" || got.Extra["own"] != "x" || got.Extra["scope"] != "read" || !got.Expiry.IsZero() {
		t.Errorf("got %s %s %v %s", got.Access, got.Refresh, got.Extra, got.Expiry)
	}
	got.Extra["own"] = "y"
	if old.Extra["own"] != "x" {
		t.Error("the old credential shares the new one's map")
	}
}

func TestMissingScopesAreNamed(t *testing.T) {
	t.Parallel()
	a := app(t, nil)
	if err := a.Demand(oauth.Token{}, "write"); err != nil {
		t.Errorf("got %v from a platform that does not say what it granted, want nothing", err)
	}
	err := a.Demand(oauth.Token{Scopes: []string{"read"}}, "read", "write")
	if e := social.AsError(err); e.Code != social.CodeScopeMissing || !strings.Contains(e.Message, "write") {
		t.Errorf("got %v, want the missing scope", err)
	}
}

func TestRevokeMayBeRepeated(t *testing.T) {
	t.Parallel()
	a := app(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if e := social.AsError(a.Revoke(t.Context(), "tok-1", nil)); e.Code != social.CodeUnavailable {
		t.Errorf("got %s for a lost answer, want unavailable", e.Code)
	}
}
