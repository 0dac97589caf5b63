package wire

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func TestReachable(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://crier.example.org": true, "http://203.0.113.5:3000": true, "https://[2001:db8::1]": true,
		"http://localhost:3000": false, "http://crier": false, "http://127.0.0.1": false, "http://192.168.1.2": false,
		"http://[::1]:3000": false, "http://crier.local": false, "http://x.localhost": false, "http://[fd00::1]": false, "http://crier.internal": false,
	} {
		if got := reachable(address); got != want {
			t.Errorf("%s: got %t, want %t", address, got, want)
		}
	}
}

func load(t *testing.T, env ...string) (config.Config, Environment) {
	t.Helper()
	cfg, err := config.Load(env, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, Environment{Environ: env, ReadFile: os.ReadFile, Log: slog.New(slog.DiscardHandler)}
}

func build(t *testing.T, env ...string) *App {
	t.Helper()
	cfg, e := load(t, env...)
	app, err := Build(t.Context(), cfg, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	})
	return app
}

func ask(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return rec
}

func TestSitesLieUnderTheNameOfTheirProvider(t *testing.T) {
	t.Parallel()
	app := build(t, "DATA_DIR="+t.TempDir())
	if rec := ask(t, app, "/feed/nobody"); rec.Code != 404 || strings.Contains(rec.Header().Get("Content-Type"), "json") {
		t.Errorf("got %d %v, want the provider's own page", rec.Code, rec.Header())
	}
	if rec := ask(t, app, "/"); rec.Code != 200 || !strings.Contains(rec.Body.String(), "Crier is running") {
		t.Errorf("got %d %s, want the front page", rec.Code, rec.Body)
	}
	if rec := ask(t, app, "/feeds"); rec.Code != 404 || !strings.Contains(rec.Body.String(), "route_not_found") {
		t.Errorf("got %d %s, want the API's 404", rec.Code, rec.Body)
	}
}

func TestMonitorsMayAskWithHEAD(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(build(t, "DATA_DIR="+t.TempDir()))
	t.Cleanup(srv.Close)
	for path, want := range map[string]int{"/livez": 200, "/nothing": 404, "/media/x/file": 401} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestASiteCannotHideTheAPI(t *testing.T) {
	t.Parallel()
	app := build(t, "DATA_DIR="+t.TempDir())
	_, err := app.routes(wired{Engine: app.Engine(), sites: map[domain.ProviderID]http.Handler{"posts": http.NotFoundHandler()}})
	if err == nil || !strings.Contains(err.Error(), "posts") {
		t.Errorf("got %v, want an error that names the provider", err)
	}
}

func TestFeedsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	app := build(t, "DATA_DIR="+t.TempDir(), "HOST_FEEDS=false")
	if _, err := app.Engine().Channels.Catalog().Get("feed"); err == nil {
		t.Error("got a feed, want none")
	}
	if rec := ask(t, app, "/feed/x"); !strings.Contains(rec.Body.String(), "route_not_found") {
		t.Errorf("got %s, want no pages of feeds", rec.Body)
	}
}

func TestSecretsOfTheOperatorComeFirst(t *testing.T) {
	t.Parallel()
	dir, secret := t.TempDir(), strings.Repeat("s", 40)
	key := "mine:" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	app := build(t, "DATA_DIR="+dir, "JWT_SECRET="+secret, "ENCRYPTION_KEYS="+key)
	if string(app.jwt) != secret {
		t.Error("got another secret than the one that is set")
	}
	if _, err := os.Stat(filepath.Join(dir, "secrets")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no secrets to be made", err)
	}
	half := build(t, "DATA_DIR="+t.TempDir(), "JWT_SECRET="+secret)
	if string(half.jwt) != secret || half.sealer == nil {
		t.Error("got another secret than the one that is set")
	}
}

func TestOwnersDiffer(t *testing.T) {
	t.Parallel()
	if a, b := owner(), owner(); a == b {
		t.Errorf("got %q twice", a)
	}
}

func TestWaitingIsForPostgresThatIsAway(t *testing.T) {
	t.Parallel()
	away := &fault.Error{Kind: fault.Unavailable}
	pg, _ := load(t, "DATABASE_URL=postgres://u:p@h/d")
	lite, _ := load(t)
	for name, c := range map[string]struct {
		cfg  config.Config
		err  error
		want bool
	}{
		"PostgreSQL away":     {pg, away, true},
		"wrong password":      {pg, errors.New("password authentication failed"), false},
		"a file that is gone": {lite, away, false},
	} {
		if got := waitable(c.cfg, c.err); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

// TestRunEnds: without work, and with work, when it is told to.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	app := build(t, "DATA_DIR="+t.TempDir())
	for _, work := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		if err := app.Run(ctx, work, func(context.Context) { cancel() }); err != nil {
			t.Errorf("work %t: got %v, want nil", work, err)
		}
	}
}

// TestRegression20NoInputBreaksTheDatabase sends what databases trip over, to the real one.
func TestRegression20NoInputBreaksTheDatabase(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(*testing.T) string{
		"SQLite":     func(*testing.T) string { return "" },
		"PostgreSQL": schema,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tryToBreak(t, build(t, "DATA_DIR="+t.TempDir(), "DATABASE_URL="+database(t)))
		})
	}
}

func tryToBreak(t *testing.T, app *App) {
	t.Helper()
	call := func(method, path, token, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		app.ServeHTTP(rec, req)
		return rec
	}
	var session struct{ AccessToken string }
	rec := call("POST", "/auth/register", "", `{"email":"ann@example.org","password":"long enough"}`)
	if err := json.Unmarshal(rec.Body.Bytes(), &session); err != nil || rec.Code != 201 {
		t.Fatalf("register: got %d %s", rec.Code, rec.Body)
	}
	quoted := `'\"; DROP TABLE crier_posts; -- \u2028 ? $1 ?0 %s \ud83d\ude00`
	for _, op := range [][3]string{
		{"GET", "/posts?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", ""},
		{"GET", "/posts?cursor=" + cursor("-9007199254740992.x"), ""},
		{"GET", "/posts?cursor=" + cursor("9007199254740992.zzz"), ""},
		{"GET", "/media?cursor=" + cursor("0.-"), ""},
		{"GET", "/integrations?cursor=" + cursor("-1.a:b"), ""},
		{"GET", "/posts?integration=a:b.c-d_e", ""},
		{"GET", "/posts/a:b", ""},
		{"GET", "/posts/failures?mine=true&state=failed&provider=a:b&integration=a_b&code=" + url.QueryEscape(`'";%_$1?0`), ""},
		{"GET", "/posts/failures/deliveries?cursor=" + cursor("-9007199254740992.x"), ""},
		{"POST", "/posts/failures/retry", `{"code":"` + quoted + `","provider":"a:b"}`},
		{"DELETE", "/media/..", ""},
		{"GET", "/media/x/file?organization=x&expires=1&signature=x", ""},
		{"GET", "/integrations/callback/feed?state=%00&code=x", ""},
		{"GET", "/integrations/callback/feed?state=" + strings.Repeat("x", 400), ""},
		{"POST", "/posts", `{"content":"` + quoted + `","tags":["` + quoted + `"]}`},
		{"POST", "/posts", `{"content":"x","scheduledAt":"9999-12-31T23:59:59Z"}`},
		{"POST", "/posts", `{"content":"x","integrations":["` + strings.Repeat("x", 200_000) + `"]}`},
		{"POST", "/posts", `{"content":"x","media":["` + quoted + `"],"integrations":[{"id":"` + quoted + `","settings":{"a":1e300}}]}`},
		{"POST", "/auth/login", `{"email":"` + quoted + `","password":"` + quoted + `"}`},
		{"POST", "/auth/refresh", `{"refreshToken":"` + quoted + `.x"}`},
		{"POST", "/integrations/connect", `{"provider":"feed","fields":{"title":"` + quoted + `"}}`},
		{"GET", "/feed/%00/" + strings.Repeat("x", 400), ""},
		{"GET", "/%2e%2e/%2e%2e/etc/passwd", ""},
	} {
		rec := call(op[0], op[1], session.AccessToken, op[2])
		if rec.Code >= 500 {
			t.Errorf("%s %s %.80s: got %d %s, want no 500", op[0], op[1], op[2], rec.Code, rec.Body)
		}
	}
	rec = call("GET", "/posts", session.AccessToken, "")
	if !strings.Contains(rec.Body.String(), `DROP TABLE crier_posts; -- `) {
		t.Errorf("got %s, want the odd text as it was written", rec.Body)
	}
}

func cursor(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// schema makes a schema of its own in the database that tests may use and
// returns a URL for it.
func schema(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	if dsn == "" {
		t.Skip("NOT TESTED ON POSTGRESQL: set TEST_POSTGRES_DSN, or run it through apps/internal/devservices")
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN is not a URL")
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN cannot be opened")
	}
	name := "wire_test_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+name+" CASCADE")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
