package simulator_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/testkit/simulator"
)

// elder is a platform that signs people in with OAuth 1.0a.
type elder struct{}

func (elder) About() simulator.About {
	return simulator.About{Name: "elder", Providers: []string{"elder"}}
}

func (elder) Settings(func(string) string) map[string]string { return nil }

func (elder) Mount(m *simulator.Mount) {
	m.TwoApps("elder")
	m.AddAccount(simulator.Account{Platform: "elder", ID: "1", Handle: "ann"})
	m.OAuth1(simulator.OAuth1{
		Platform: "elder", RequestToken: "api.elder.example/request", Authorize: "api.elder.example/authorize",
		AccessToken: "api.elder.example/access",
		Extra:       func(t *simulator.Token) map[string]string { return map[string]string{"screen_name": t.Account.Handle} },
	})
	m.Handle("POST api.elder.example/posts", func(w http.ResponseWriter, r *http.Request) {
		if token, why := m.Signed(r, "elder"); why != simulator.Fine {
			http.Error(w, string(why), http.StatusUnauthorized)
		} else {
			_, _ = io.WriteString(w, token.Account.Handle)
		}
	})
}

// sign makes a request with a form, and returns the answer.
func sign(t *testing.T, client *http.Client, s oauth.Signer, address string, form url.Values, extra map[string]string) (int, string) {
	t.Helper()
	s.Key, s.Nonce, s.Now = "simulator", func() string { return "n" }, time.Now
	if s.Secret == "" {
		s.Secret = "simulator-secret"
	}
	header, err := s.Header(http.MethodPost, address, form, extra)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", header)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func values(t *testing.T, raw string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSignedSignIn(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{StandIns: []simulator.StandIn{elder{}}})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: sim.Transport()}
	const api = "https://api.elder.example"
	_, body := sign(t, client, oauth.Signer{}, api+"/request", nil, map[string]string{"oauth_callback": "https://crier.example/back?state=s"})
	asked := values(t, body)
	back, err := sim.Approve(t.Context(), api+"/authorize?oauth_token="+asked.Get("oauth_token"), "ann")
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(back)
	if err != nil || at.Query().Get("state") != "s" {
		t.Fatalf("got the way back %s (%v), want one with the state", back, err)
	}
	open := oauth.Signer{Token: asked.Get("oauth_token"), TokenSecret: asked.Get("oauth_token_secret")}
	if status, body := sign(t, client, open, api+"/access", nil, map[string]string{"oauth_verifier": "wrong"}); status != http.StatusUnauthorized {
		t.Errorf("got %d %s for a wrong verifier, want 401", status, body)
	}
	_, body = sign(t, client, open, api+"/access", nil, map[string]string{"oauth_verifier": at.Query().Get("oauth_verifier")})
	got := values(t, body)
	if got.Get("screen_name") != "ann" {
		t.Fatalf("got %s, want a token of Ann", body)
	}
	signed := oauth.Signer{Token: got.Get("oauth_token"), TokenSecret: got.Get("oauth_token_secret")}
	form := url.Values{"status": {"Hello, ☃ & friends!"}}
	if status, body := sign(t, client, signed, api+"/posts?a=b%20c", form, nil); status != http.StatusOK || body != "ann" {
		t.Errorf("got %d %s, want ann", status, body)
	}
	signed.TokenSecret = "wrong"
	if status, body := sign(t, client, signed, api+"/posts", form, nil); status != http.StatusUnauthorized {
		t.Errorf("got %d %s for a wrong signature, want 401", status, body)
	}
}
