package main_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // to make a database of a newer version
)

// binary builds the server once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "crier-server-test-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "server")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// process is a server that was started.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *output
	stderr *output
	done   chan struct{}
	url    string
}

// output collects what a process writes and can be waited for.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newOutput() *output { return &output{more: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await returns the first match of pattern's first group.
func (p *process) await(o *output, pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	limit := time.After(30 * time.Second)
	for {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-o.more:
		case <-p.done:
			if m := re.FindStringSubmatch(o.String()); m != nil {
				return m[len(m)-1]
			}
			p.t.Fatalf("the server ended without %s: %s%s", pattern, p.stdout, p.stderr)
		case <-limit:
			p.t.Fatalf("no %s in time: %s%s", pattern, p.stdout, p.stderr)
		}
	}
}

// start runs the server with these settings and nothing of the environment.
func start(t *testing.T, args []string, env ...string) *process {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, stdout: newOutput(), stderr: newOutput(), done: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), file, args...)
	p.cmd.Env = append([]string{"BIND_ADDRESS=127.0.0.1", "PORT=0", "TZ=Pacific/Auckland"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	return p
}

func serve(t *testing.T, env ...string) *process {
	t.Helper()
	p := start(t, nil, env...)
	p.url = "http://" + p.await(p.stderr, `msg=listening address=(\S+)`)
	return p
}

// stop asks the server to end and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	return p.wait()
}

func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("the server did not end: %s", p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) call(method, path, token string, body any) (int, map[string]any) {
	p.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, r)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	out := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&out)
	return res.StatusCode, out
}

var ann = map[string]string{"email": "ann@example.org", "password": "long enough"}

// TestServerKeepsEverythingOverARestart is the first hour of a self-hoster.
func TestServerKeepsEverythingOverARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	p := serve(t, "DATA_DIR="+dir, "REGISTRATION=first")
	p.ready()
	for _, path := range []string{"/livez", "/readyz", "/api/openapi.json"} {
		if status, body := p.call("GET", path, "", nil); status != 200 {
			t.Errorf("%s: got %d %v, want 200", path, status, body)
		}
	}
	for path, want := range map[string]int{"/nothing": 404, "/posts": 401} {
		if status, body := p.call("GET", path, "", nil); status != want || body["statusCode"] != float64(want) || body["requestId"] == "" {
			t.Errorf("%s: got %d %v, want an error body of %d", path, status, body, want)
		}
	}
	if status, body := p.call("PATCH", "/posts", "", nil); status != 405 || body["code"] != "method_not_allowed" {
		t.Errorf("PATCH: got %d %v, want 405", status, body)
	}
	status, registered := p.call("POST", "/auth/register", "", ann)
	if status != 201 {
		t.Fatalf("register: got %d %v, want 201", status, registered)
	}
	token, _ := registered["accessToken"].(string)
	if status, body := p.call("POST", "/auth/register", "", map[string]string{"email": "eve@example.org", "password": "long enough"}); status != 403 {
		t.Errorf("a second person: got %d %v, want 403", status, body)
	}
	status, connected := p.call("POST", "/integrations/connect", token, map[string]any{"provider": "feed", "fields": map[string]string{"title": "News"}})
	if status != 201 {
		t.Fatalf("connect: got %d %v, want 201", status, connected)
	}
	channel := connected["integration"].(map[string]any)
	status, post := p.call("POST", "/posts", token, map[string]any{"content": "Hello from the test", "integrations": []any{channel["id"]}, "type": "now"})
	if status != 201 {
		t.Fatalf("post: got %d %v, want 201", status, post)
	}
	if code := p.stop(); code != 0 {
		t.Fatalf("stop: got exit code %d, want 0: %s", code, p.stderr)
	}

	p = serve(t, "DATA_DIR="+dir)
	if status, body := p.call("GET", "/posts", token, nil); status != 200 {
		t.Errorf("the old token: got %d %v, want 200", status, body)
	}
	if status, body := p.call("POST", "/auth/login", "", ann); status != 200 {
		t.Errorf("login: got %d %v, want 200", status, body)
	}
	link := p.published(token, post["id"].(string))
	if !strings.Contains(link, "/feed/") {
		t.Fatalf("got the link %q, want one to the feed", link)
	}
	res, err := (&http.Client{}).Do(p.get(link[strings.Index(link, "/feed/"):]))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	if page, _ := io.ReadAll(res.Body); res.StatusCode != 200 || !strings.Contains(string(page), "Hello from the test") {
		t.Errorf("the page: got %d %s, want the post", res.StatusCode, page)
	}
	if code := p.stop(); code != 0 || !strings.Contains(p.stderr.String(), "msg=stopped") {
		t.Errorf("stop: got exit code %d, want 0: %s", code, p.stderr)
	}
}

func (p *process) get(path string) *http.Request {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return req
}

// ready waits until the server is ready: its worker may need a moment.
func (p *process) ready() {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	status, body := 0, map[string]any(nil)
	for range 500 {
		if status, body = p.call("GET", "/readyz", "", nil); status == 200 {
			return
		}
		<-tick.C
	}
	p.t.Fatalf("/readyz: got %d %v, want 200", status, body)
}

// published waits until a post is out and returns its link.
func (p *process) published(token, id string) string {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 400 {
		_, v := p.call("GET", "/posts/"+id, token, nil)
		if v["state"] == "published" {
			d := v["deliveries"].([]any)[0].(map[string]any)
			return d["items"].([]any)[0].(map[string]any)["url"].(string)
		}
		<-tick.C
	}
	p.t.Fatal("the post was not published in time")
	return ""
}

// TestServerSaysWhyItCannotStart: one clear line, exit code 2, and nothing of
// Go's own noise.
func TestServerSaysWhyItCannotStart(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	exposed := t.TempDir()
	if err := errors2(os.Mkdir(filepath.Join(exposed, "secrets"), 0o700), os.WriteFile(filepath.Join(exposed, "secrets", "jwt_secret"), []byte("x"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  []string
		want []string
	}{
		"a port in use":              {[]string{"PORT=" + port}, []string{"cannot listen on 127.0.0.1:" + port, "address already in use"}},
		"a file as a folder":         {[]string{"DATA_DIR=" + file}, []string{"DATA_DIR", "not a directory"}},
		"below a file":               {[]string{"DATA_DIR=" + filepath.Join(file, "x")}, []string{"DATA_DIR", "not a directory"}},
		"a newer database":           {[]string{"DATA_DIR=" + newer(t)}, []string{"made by a newer Crier (version 9999"}},
		"exposed secrets":            {[]string{"DATA_DIR=" + exposed}, []string{"chmod 600"}},
		"no folder for the database": {[]string{"DATABASE_URL=sqlite:///nowhere/at/all.db"}, []string{"database file cannot be opened"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, append([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "LOG_LEVEL=error"}, c.env...)...)
			code, text := p.wait(), p.stderr.String()
			if code != 2 || strings.Count(strings.TrimSpace(text), "\n") != 0 || !strings.HasPrefix(text, "server: ") {
				t.Errorf("got exit code %d and %q, want 2 and one line", code, text)
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("got %q, want it to say %q", text, want)
				}
			}
		})
	}
}

func errors2(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// newer makes a data folder with a database of a version that is not known.
func newer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	p := serve(t, "DATA_DIR="+dir)
	p.stop()
	db, err := sql.Open("sqlite", filepath.Join(dir, "crier.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test reads it again by another way
	if _, err := db.ExecContext(t.Context(), "INSERT INTO crier_migrations (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestServerTellsEveryWrongSettingAtOnce also covers those of providers.
func TestServerTellsEveryWrongSettingAtOnce(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"config"}} {
		p := start(t, args, "PORT=70000", "PUBLIC_URL=crier", "LOG_LEVEL=loud", "JWT_SECRET=sekrit", "FEED_ENTRIES=many")
		code, text := p.wait(), p.stderr.String()
		for _, want := range []string{"PORT", "PUBLIC_URL", "LOG_LEVEL", "JWT_SECRET", "FEED_ENTRIES"} {
			if code != 2 || !strings.Contains(text, "\n  "+want+": ") {
				t.Errorf("%v: got exit code %d and %s, want 2 and a line about %s", args, code, text, want)
			}
		}
		if strings.Contains(text, "sekrit") {
			t.Errorf("got %s, which tells a secret", text)
		}
	}
}

func TestSubcommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"config":  {[]string{"config"}, 0, "JWT_SECRET = "},
		"version": {[]string{"version"}, 0, "crier "},
		"unknown": {[]string{"serve"}, 2, `there is no command "serve"`},
		"no flag": {[]string{"-nope"}, 2, "flag provided but not defined"},
		"health":  {[]string{"health"}, 1, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.args, "DATA_DIR="+dir, "JWT_SECRET="+strings.Repeat("sekrit", 8), "PORT=1")
			code, text := p.wait(), p.stdout.String()+p.stderr.String()
			if code != c.code || !strings.Contains(text, c.want) || strings.Contains(text, "sekrit") {
				t.Errorf("got exit code %d and %s, want %d and %q", code, text, c.code, c.want)
			}
		})
	}
	p := serve(t, "DATA_DIR="+dir)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
	p.ready()
	health := start(t, []string{"health"}, "PORT="+port, "BIND_ADDRESS=0.0.0.0")
	if code := health.wait(); code != 0 || !strings.Contains(health.stdout.String(), `"status":"ok"`) {
		t.Errorf("health of a server that runs: got exit code %d and %s%s, want 0", code, health.stdout, health.stderr)
	}
}

// TestServerWaitsForPostgres: a database that is down at boot makes the server
// not ready, and nothing worse.
func TestServerWaitsForPostgres(t *testing.T) {
	t.Parallel()
	p := serve(t, "DATA_DIR="+t.TempDir(), "DATABASE_URL=postgres://crier:sekrit@127.0.0.1:1/crier")
	if status, _ := p.call("GET", "/livez", "", nil); status != 200 {
		t.Errorf("/livez: got %d, want 200", status)
	}
	status, body := p.call("GET", "/readyz", "", nil)
	if status != 503 || body["message"] != "The store does not answer." || body["statusCode"] != 503.0 {
		t.Errorf("/readyz: got %d %v, want 503 with a reason", status, body)
	}
	if status, body := p.call("GET", "/posts", "", nil); status != 503 || body["code"] != "starting" {
		t.Errorf("/posts: got %d %v, want 503", status, body)
	}
	p.await(p.stderr, "the database (still) cannot be reached")
	if code := p.stop(); code != 0 || strings.Contains(p.stderr.String(), "sekrit") {
		t.Errorf("stop: got exit code %d, want 0 and no password: %s", code, p.stderr)
	}
}

// TestWelcome: what make run shows.
func TestWelcome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, []string{"-welcome"}, "DATA_DIR="+dir)
	p.url = "http://" + p.await(p.stderr, `msg=listening address=(\S+)`)
	link := p.await(p.stdout, `It is out: (http://\S+)\n`)
	password := p.await(p.stdout, `password  (\S+)\n`)
	p.await(p.stdout, `nothing is lost`)
	if status, body := p.call("POST", "/auth/login", "", map[string]string{"email": "owner@localhost", "password": password}); status != 200 {
		t.Errorf("login: got %d %v, want 200", status, body)
	}
	res, err := (&http.Client{}).Do(p.get(link[strings.Index(link, "/feed/"):]))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	if page, _ := io.ReadAll(res.Body); !strings.Contains(string(page), "my first post") {
		t.Errorf("got the page %s, want the first post", page)
	}
	p.stop()
	again := start(t, []string{"-welcome"}, "DATA_DIR="+dir)
	again.await(again.stdout, `Crier is running at (http://\S+)`)
	if out := again.stdout.String(); strings.Contains(out, "password") {
		t.Errorf("got %s, want no second account", out)
	}
	again.stop()
}

// TestServerTakesUpWorkOncePostgresIsThere starts the server while nothing
// listens at the address of its database, and lets the database come later.
func TestServerTakesUpWorkOncePostgresIsThere(t *testing.T) {
	t.Parallel()
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	if dsn == "" {
		t.Skip("NOT TESTED ON POSTGRESQL: set TEST_POSTGRES_DSN, or run it through apps/internal/devservices")
	}
	address, closeGate, openGate := gate(t, dsn)
	defer closeGate()
	p := serve(t, "DATA_DIR="+t.TempDir(), "DATABASE_URL="+address)
	if status, _ := p.call("GET", "/readyz", "", nil); status != 503 {
		t.Errorf("/readyz before: got %d, want 503", status)
	}
	openGate()
	p.await(p.stderr, "the database is there now")
	p.ready()
	status, registered := p.call("POST", "/auth/register", "", ann)
	if status != 201 {
		t.Fatalf("register: got %d %v, want 201", status, registered)
	}
	token, _ := registered["accessToken"].(string)
	_, connected := p.call("POST", "/integrations/connect", token, map[string]any{"provider": "feed", "fields": map[string]string{"title": "News"}})
	channel, _ := connected["integration"].(map[string]any)
	_, post := p.call("POST", "/posts", token, map[string]any{"content": "Late but there", "integrations": []any{channel["id"]}, "type": "now"})
	id, _ := post["id"].(string)
	if link := p.published(token, id); link == "" {
		t.Error("got no link, want the post to be out")
	}
	if code := p.stop(); code != 0 {
		t.Errorf("stop: got exit code %d, want 0: %s", code, p.stderr)
	}
}

// gate makes a schema of its own and returns the address of its database
// through a port that nothing listens on before open.
func gate(t *testing.T, dsn string) (address string, shut, open func()) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN is not a URL")
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN cannot be opened")
	}
	schema := fmt.Sprintf("server_test_%d", time.Now().UnixNano())
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().String()
	_ = ln.Close()
	network, target := "tcp", u.Host
	q := u.Query()
	if dir := q.Get("host"); dir != "" {
		network, target = "unix", filepath.Join(dir, ".s.PGSQL."+cmp.Or(q.Get("port"), u.Port(), "5432"))
		q.Del("host")
		q.Del("port")
	}
	q.Set("search_path", schema)
	u.Host, u.RawQuery = port, q.Encode()
	shut = func() {
		_, _ = db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+schema+" CASCADE")
		_ = db.Close()
	}
	open = func() {
		ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
		go forward(ln, network, target)
	}
	return u.String(), shut, open
}

// forward copies every connection to target and back.
func forward(ln net.Listener, network, target string) {
	for {
		in, err := ln.Accept()
		if err != nil {
			return
		}
		out, err := (&net.Dialer{}).DialContext(context.Background(), network, target)
		if err != nil {
			_ = in.Close()
			continue
		}
		for _, c := range [][2]net.Conn{{in, out}, {out, in}} {
			go func() {
				_, _ = io.Copy(c[0], c[1])
				_ = c[0].Close()
			}()
		}
	}
}
