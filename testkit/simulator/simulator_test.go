package simulator_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// murmur is a platform that there is not.
type murmur struct{ m *simulator.Mount }

func (*murmur) About() simulator.About {
	return simulator.About{Name: "murmur", Providers: []string{"murmur"}}
}

func (*murmur) Settings(at func(string) string) map[string]string {
	return map[string]string{"MURMUR_API_URL": at("api.murmur.example")}
}

func (p *murmur) Mount(m *simulator.Mount) {
	p.m = m
	m.TwoApps("murmur")
	m.AddAccount(simulator.Account{Platform: "murmur", ID: "1", Handle: "ann", Name: "Ann"})
	m.AddAccount(simulator.Account{Platform: "murmur", ID: "2", Handle: "bob", Name: "Bob"})
	m.OAuth2(simulator.OAuth2{
		Platform: "murmur", Authorize: "murmur.example/authorize", Token: "api.murmur.example/token",
		Revoke: "api.murmur.example/revoke", PKCE: true, Rotate: true, Access: time.Hour,
	})
	m.Handle("POST api.murmur.example/media", p.upload)
	m.Handle("POST api.murmur.example/posts", func(w http.ResponseWriter, r *http.Request) {
		token, why := m.Bearer(r, "murmur")
		if why != simulator.Fine {
			simulator.JSON(w, http.StatusUnauthorized, map[string]string{"error": string(why)})
			return
		}
		text, _ := io.ReadAll(r.Body)
		post := m.Publish(simulator.Post{
			Platform: "murmur", Account: token.Account.ID, Text: string(text), Parent: r.URL.Query().Get("parent"),
		})
		if u := m.Upload("murmur", r.URL.Query().Get("media")); u != nil {
			post.Media = append(post.Media, u)
		}
		simulator.JSON(w, http.StatusCreated, map[string]string{"id": post.ID, "asked": m.Asked(r)})
	})
}

// upload takes the body, or what is at an address.
func (p *murmur) upload(w http.ResponseWriter, r *http.Request) {
	u := p.m.NewUpload(simulator.Upload{Platform: "murmur", Account: "1", Type: r.Header.Get("Content-Type")})
	var err error
	if from := r.URL.Query().Get("from"); from != "" {
		err = p.m.Get(r, u, from)
	} else {
		err = u.Append(r.Body)
	}
	if err != nil {
		simulator.JSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	p.m.Process(u, time.Minute)
	simulator.JSON(w, http.StatusOK, map[string]any{"id": u.ID, "done": u.Done})
}

func (*murmur) Types(a simulator.Account) map[string]string {
	return map[string]string{"name": a.Handle}
}

func (*murmur) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	if kind != simulator.RateLimited {
		return false
	}
	w.Header().Set("Retry-After", "60")
	w.WriteHeader(http.StatusTooManyRequests)
	return true
}

// world is a simulator with a client that reaches it.
type world struct {
	t *testing.T
	*simulator.Sim
	client *http.Client
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	var err error
	w.Sim, err = simulator.New(simulator.Config{StandIns: []simulator.StandIn{&murmur{}}, Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	w.client = &http.Client{Transport: w.Transport()}
	return w
}

func (w *world) form(address string, form url.Values) (int, map[string]any) {
	w.t.Helper()
	resp, err := w.client.PostForm(address, form)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, out
}

const verifier = "a-word-of-at-least-forty-three-letters-to-be-safe"

// ask is the address of the page where a person says yes.
func ask() string {
	sum := sha256.Sum256([]byte(verifier))
	return "https://murmur.example/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"simulator"}, "redirect_uri": {"https://crier.example/back"},
		"scope": {"read write"}, "state": {"s1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

func exchange(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"simulator"}, "client_secret": {"simulator-secret"},
		"redirect_uri": {"https://crier.example/back"}, "code_verifier": {verifier},
	}
}

func (w *world) code(account string) string {
	w.t.Helper()
	back, err := w.Approve(w.t.Context(), ask(), account)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil || u.Query().Get("state") != "s1" {
		w.t.Fatalf("got the way back %s (%v), want one with the state", back, err)
	}
	return u.Query().Get("code")
}

func (w *world) token(account string) (access, refresh string) {
	w.t.Helper()
	status, body := w.form("https://api.murmur.example/token", exchange(w.code(account)))
	if status != http.StatusOK {
		w.t.Fatalf("got %d %v, want a token", status, body)
	}
	return body["access_token"].(string), body["refresh_token"].(string)
}

func (w *world) post(access, text string) (*http.Response, error) {
	req, err := http.NewRequest(http.MethodPost, "https://api.murmur.example/posts", strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+access)
	resp, err := w.client.Do(req)
	if err == nil {
		w.t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func TestPersonLetsAnAppInAndItPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, _ := w.token("bob")
	if resp, err := w.post(other, "Hi."); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("got %v, %v, want 201", resp, err)
	}
	access, _ := w.token("ann")
	resp, err := w.post(access, "Hello.")
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("got %v, %v, want 201", resp, err)
	}
	got := w.Timeline("murmur", "ann")
	if len(got) != 1 || got[0].Text != "Hello." || got[0].Account != "1" || !got[0].At.Equal(w.now) {
		t.Errorf("got %+v, want one post of Ann", got)
	}
	if got := w.Timeline("murmur", "bob"); len(got) != 1 || got[0].Text != "Hi." {
		t.Errorf("got %+v, want one post of Bob", got)
	}
}

func TestCodeIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(url.Values)
		later  time.Duration
		want   string
	}{
		"wrong verifier": {change: func(f url.Values) { f.Set("code_verifier", "x") }, want: "invalid_grant"},
		"wrong address":  {change: func(f url.Values) { f.Set("redirect_uri", "https://else.example") }, want: "invalid_grant"},
		"wrong secret":   {change: func(f url.Values) { f.Set("client_secret", "x") }, want: "invalid_client"},
		"another app": {change: func(f url.Values) {
			f.Set("client_id", "simulator-2")
			f.Set("client_secret", "simulator-2-secret")
		}, want: "invalid_grant"},
		"too late": {change: func(url.Values) {}, later: 11 * time.Minute, want: "invalid_grant"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			form := exchange(w.code("ann"))
			c.change(form)
			w.now = w.now.Add(c.later)
			if status, body := w.form("https://api.murmur.example/token", form); status == http.StatusOK || body["error"] != c.want {
				t.Errorf("got %d %v, want %s", status, body, c.want)
			}
		})
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := exchange(w.code("ann"))
	w.form("https://api.murmur.example/token", form)
	if status, body := w.form("https://api.murmur.example/token", form); body["error"] != "invalid_grant" {
		t.Errorf("got %d %v, want invalid_grant", status, body)
	}
}

func TestTokenEndsAndIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, refresh := w.token("ann")
	w.now = w.now.Add(time.Hour)
	if resp, err := w.post(access, "Late."); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Fatalf("got %v, %v, want 401", resp, err)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"simulator"}, "client_secret": {"simulator-secret"}}
	status, body := w.form("https://api.murmur.example/token", form)
	if status != http.StatusOK {
		t.Fatalf("got %d %v, want a token", status, body)
	}
	if resp, err := w.post(body["access_token"].(string), "Now."); err != nil || resp.StatusCode != http.StatusCreated {
		t.Errorf("got %v, %v, want 201", resp, err)
	}
	if status, body := w.form("https://api.murmur.example/token", form); body["error"] != "invalid_grant" {
		t.Errorf("got %d %v for a used refresh token, want invalid_grant", status, body)
	}
}

func TestPersonDoesNotAllow(t *testing.T) {
	t.Parallel()
	back, err := newWorld(t).Deny(t.Context(), ask())
	if err != nil || !strings.Contains(back, "error=access_denied") || strings.Contains(back, "code=") {
		t.Errorf("got %s, %v, want access_denied", back, err)
	}
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		trouble simulator.Trouble
		status  int // 0: the connection is dropped
		out     int // posts that are out afterwards
	}{
		"none that fits":        {simulator.Trouble{Do: simulator.DropBefore, Path: "/else"}, 201, 1},
		"of another":            {simulator.Trouble{Do: simulator.DropBefore, Account: "bob"}, 201, 1},
		"drop before":           {simulator.Trouble{Do: simulator.DropBefore, Account: "ann"}, 0, 0},
		"drop after":            {simulator.Trouble{Do: simulator.DropAfter, Platform: "murmur"}, 0, 1},
		"answer":                {simulator.Trouble{Do: simulator.Answer, Status: 503, Method: "POST"}, 503, 0},
		"refuse":                {simulator.Trouble{Do: simulator.Refuse, Kind: simulator.RateLimited}, 429, 0},
		"refuse unknown":        {simulator.Trouble{Do: simulator.Refuse, Kind: simulator.QuotaGone}, 501, 0},
		"expired":               {simulator.Trouble{Do: simulator.Expire, Platform: "murmur", Account: "ann"}, 401, 0},
		"revoked":               {simulator.Trouble{Do: simulator.Revoke, Platform: "murmur"}, 401, 0},
		"lost while publishing": {simulator.Trouble{Do: simulator.DropAfter, Publishing: true, Account: "ann"}, 0, 1},
		"only later":            {simulator.Trouble{Do: simulator.DropBefore, Skip: 1}, 201, 1},
		"waits, then out":       {simulator.Trouble{Do: simulator.Delay, Takes: 1}, 201, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			access, _ := w.token("ann")
			if err := w.Trouble(c.trouble); err != nil {
				t.Fatal(err)
			}
			status := 0
			if resp, err := w.post(access, "Hello."); err == nil {
				status = resp.StatusCode
			}
			if out := len(w.Timeline("murmur", "")); status != c.status || out != c.out {
				t.Errorf("got status %d and %d posts, want %d and %d", status, out, c.status, c.out)
			}
		})
	}
}

// Whoever wants posts to be refused does not mean that people are signed out.
func TestTroubleLeavesSignInsAlone(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{"": http.StatusOK, "/token": http.StatusServiceUnavailable} {
		w := newWorld(t)
		code := w.code("ann")
		if err := w.Trouble(simulator.Trouble{Do: simulator.Answer, Status: http.StatusServiceUnavailable, Body: "{}", Path: path}); err != nil {
			t.Fatal(err)
		}
		if status, body := w.form("https://api.murmur.example/token", exchange(code)); status != want {
			t.Errorf("path %q: got %d %v, want %d", path, status, body, want)
		}
	}
}

func TestTroubleThatCannotBeHad(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]simulator.Trouble{
		"unknown": {Do: "explode"}, "no kind": {Do: simulator.Refuse}, "no status": {Do: simulator.Answer},
		"publishing": {Do: simulator.Delay, Publishing: true},
		"negative":   {Do: simulator.DropAfter, Times: -2},
	} {
		if err := newWorld(t).Trouble(trouble); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

// Over a socket, the first segment of the path is the host.
func TestHostInThePath(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	sim, err := simulator.New(simulator.Config{StandIns: []simulator.StandIn{&murmur{}}, Base: base})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = sim
	server.Start()
	t.Cleanup(server.Close)
	if got, want := sim.Settings()["MURMUR_API_URL"], base+"/api.murmur.example"; got != want {
		t.Fatalf("got the setting %s, want %s", got, want)
	}
	address := strings.Replace(ask(), "https://", base+"/", 1)
	back, err := sim.Approve(t.Context(), address, "ann")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(back)
	w := &world{t: t, Sim: sim, client: server.Client()}
	status, body := w.form(base+"/api.murmur.example/token", exchange(u.Query().Get("code")))
	if status != http.StatusOK {
		t.Fatalf("got %d %v, want a token", status, body)
	}
	if err := sim.Trouble(simulator.Trouble{Do: simulator.DropAfter}); err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest(http.MethodPost, base+"/api.murmur.example/posts", strings.NewReader("Hello."))
	req.Header.Set("Authorization", "Bearer "+body["access_token"].(string))
	if resp, err := server.Client().Do(req); err == nil {
		_ = resp.Body.Close()
		t.Error("got an answer, want a dropped connection")
	}
	resp, err := server.Client().Get(base + "/_/timeline?account=ann")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var posts []simulator.Post
	if err := json.NewDecoder(resp.Body).Decode(&posts); err != nil || len(posts) != 1 {
		t.Errorf("got %v, %v, want the one post that was put out before the connection was dropped", posts, err)
	}
}
