package wire

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/freeport"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/testkit/tcpproxy"
)

// TestMain keeps the client of Redis from printing.
func TestMain(m *testing.M) {
	redis.SetLogger(silence{})
	os.Exit(m.Run())
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// process is an App that runs.
type process struct {
	*App
	t     *testing.T
	token string
	jobs  atomic.Int64 // that ran here
	stop  func()
}

// start builds an App and runs it until the test ends.
func start(t *testing.T, work bool, env ...string) *process {
	t.Helper()
	p := &process{t: t}
	// Outages are bridged by asking until an answer comes, however often.
	env = append(env, "PUBLISH_GAP=0s", "RATE_LIMIT_ADDRESS=0", "RATE_LIMIT_USER=0", "RATE_LIMIT_ORGANIZATION=0")
	cfg, err := config.Load(env, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	note := func(context.Context, domain.Job) error { p.jobs.Add(1); return nil } //nolint:unparam // a handler
	p.App, err = Build(t.Context(), cfg, Environment{
		Environ: env, ReadFile: os.ReadFile, Log: slog.New(slog.DiscardHandler),
		Adjust: func(c *core.Config) { c.Jobs = []core.JobKind{{Name: "note", Do: note}} },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, work, nil) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-done, p.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

func (p *process) call(method, path, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(p.t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+p.token)
	rec := httptest.NewRecorder()
	p.ServeHTTP(rec, req)
	return rec
}

// must calls and returns one field of the answer.
func (p *process) must(status int, method, path, body, field string) string {
	p.t.Helper()
	rec := p.call(method, path, body)
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != status {
		p.t.Fatalf("%s %s: got %d %s, want %d", method, path, rec.Code, rec.Body, status)
	}
	for name := range strings.SplitSeq(field, ".") {
		inner, ok := out[name].(map[string]any)
		if !ok {
			text, _ := out[name].(string)
			return text
		}
		out = inner
	}
	return ""
}

// feed signs a person in and returns the id of a feed of theirs.
func (p *process) feed() string {
	p.t.Helper()
	p.token = p.must(201, "POST", "/auth/register", `{"email":"ann@example.org","password":"long enough"}`, "accessToken")
	return p.must(201, "POST", "/integrations/connect", `{"provider":"feed","fields":{"title":"News"}}`, "integration.id")
}

func (p *process) post(feed string, at time.Time) string {
	p.t.Helper()
	when := `"type":"now"`
	if !at.IsZero() {
		when = `"type":"schedule","scheduledAt":"` + at.UTC().Format(time.RFC3339Nano) + `"`
	}
	return p.must(201, "POST", "/posts", `{"content":"x","integrations":["`+feed+`"],`+when+`}`, "id")
}

func (p *process) state(id string) string {
	var out struct{ State string }
	_ = json.Unmarshal(p.call("GET", "/posts/"+id, "").Body.Bytes(), &out) // while the database is away there is none
	return out.State
}

// ready is the status of GET /readyz and what it says.
func (p *process) ready() string {
	rec := p.call("GET", "/readyz", "")
	var out struct{ Status string }
	_ = json.Unmarshal(rec.Body.Bytes(), &out) // an error has none
	return strings.TrimSpace(strconv.Itoa(rec.Code) + " " + out.Status)
}

const patience = 60 * time.Second

func (p *process) until(what string, ok func() bool) {
	p.t.Helper()
	if !eventually(ok) {
		p.t.Fatalf("%s did not come; ready: %s", what, p.ready())
	}
}

func eventually(ok func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			return false
		}
	}
	return true
}

func (p *process) untilReady(want string) {
	p.t.Helper()
	p.until("/readyz with "+want, func() bool { return p.ready() == want })
}

func (p *process) untilPublished(id string) {
	p.t.Helper()
	p.until("the publication of "+id, func() bool { return p.state(id) == "published" })
}

// TestRegression01DatabaseDownAtBootAndLater has PostgreSQL refuse at first, and
// go away again later.
func TestRegression01DatabaseDownAtBootAndLater(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(schema(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := tcpproxy.New(t, u.Host)
	u.Host = proxy.Addr()
	p := start(t, true, "DATA_DIR="+t.TempDir(), "DATABASE_URL="+u.String())
	if got := p.ready(); got != "503" {
		t.Errorf("without the database: got %s, want 503", got)
	}
	if rec := p.call("GET", "/livez", ""); rec.Code != http.StatusOK {
		t.Errorf("without the database: got %d, want it alive", rec.Code)
	}
	if rec := p.call("POST", "/auth/login", `{}`); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("without the database: got %d %s, want 503 and when to come again", rec.Code, rec.Body)
	}
	proxy.Up()
	p.untilReady("200 ok")
	feed := p.feed()
	p.untilPublished(p.post(feed, time.Time{}))

	due := p.post(feed, time.Now().Add(2*time.Second))
	proxy.Down()
	p.untilReady("503")
	<-time.After(3 * time.Second) // it becomes due meanwhile
	proxy.Up()
	p.untilReady("200 ok")
	p.untilPublished(due)
	p.untilPublished(p.post(feed, time.Time{}))
}

// TestPostgresWakesWorkers: the worker looks by itself every five minutes only,
// because it hears what the server rings.
func TestPostgresWakesWorkers(t *testing.T) {
	t.Parallel()
	env := []string{"DATA_DIR=" + t.TempDir(), "DATABASE_URL=" + schema(t), "POLL_INTERVAL=1m", "LEASE=1h"}
	wakesWorkers(t, env)
}

// TestRedisWakesWorkers is the same through Redis.
func TestRedisWakesWorkers(t *testing.T) {
	t.Parallel()
	r := newRedis(t)
	r.start()
	env := []string{"DATA_DIR=" + t.TempDir(), "REDIS_URL=" + r.url(), "POLL_INTERVAL=1m", "LEASE=1h"}
	server := wakesWorkers(t, env)
	keys, err := r.client().Keys(t.Context(), "asynq:*").Result()
	if err != nil || len(keys) == 0 {
		t.Errorf("got %v, %v; want the side job to have come through Redis", keys, err)
	}
	server.stop()
}

func wakesWorkers(t *testing.T, env []string) *process {
	t.Helper()
	server := start(t, false, env...)
	worker := start(t, true, env...)
	worker.untilReady("200 ok")
	feed := server.feed()
	<-time.After(200 * time.Millisecond) // the worker sleeps by now
	begin := time.Now()
	server.untilPublished(server.post(feed, time.Time{}))
	server.job()
	worker.until("a side job", func() bool { return worker.jobs.Load() == 1 })
	if d := time.Since(begin); d > 45*time.Second {
		t.Errorf("got it done after %v, want less than a poll", d)
	}
	return server
}

// job enqueues a side job.
func (p *process) job() {
	p.t.Helper()
	if err := p.Engine().Jobs.Enqueue(p.t.Context(), domain.Job{Kind: "note"}); err != nil {
		p.t.Fatal(err)
	}
}

// TestRegression01RedisDownAtBootAndLater stops and starts a real Redis. What
// is due goes out on time all the while, and readiness tells the difference.
func TestRegression01RedisDownAtBootAndLater(t *testing.T) {
	t.Parallel()
	r := newRedis(t)
	env := []string{"DATA_DIR=" + t.TempDir(), "REDIS_URL=" + r.url(), "POLL_INTERVAL=200ms"}
	server, worker := start(t, false, env...), start(t, true, env...)
	feed := server.feed()
	done := int64(0)
	goesOut := func(when, ready string) {
		t.Helper()
		worker.untilReady(ready)
		server.untilPublished(server.post(feed, time.Time{}))
		server.untilPublished(server.post(feed, time.Now().Add(500*time.Millisecond)))
		server.job()
		done++
		worker.until("a side job "+when, func() bool { return worker.jobs.Load() == done })
		if got := server.ready(); !strings.HasPrefix(got, "200 ") {
			t.Errorf("%s: got %s, want the server ready", when, got)
		}
	}
	goesOut("without Redis", "200 degraded")
	r.start()
	goesOut("with Redis", "200 ok")
	r.kill()
	goesOut("while Redis is gone", "200 degraded")
	r.start()
	goesOut("with an empty Redis", "200 ok")
}

// redisServer is a Redis of one test.
type redisServer struct {
	t    *testing.T
	bin  string
	port string
	cmd  *exec.Cmd
}

func newRedis(t *testing.T) *redisServer {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed, and CI must not leave Redis out")
		}
		t.Skip("NOT TESTED WITH REDIS: redis-server is not installed")
	}
	port, err := freeport.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &redisServer{t: t, bin: bin, port: strconv.Itoa(port)}
	t.Cleanup(r.kill)
	return r
}

func (r *redisServer) url() string { return "redis://" + net.JoinHostPort("127.0.0.1", r.port) + "/0" }

func (r *redisServer) client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: net.JoinHostPort("127.0.0.1", r.port), DialerRetries: 1})
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (r *redisServer) start() {
	r.t.Helper()
	r.cmd = exec.Command(r.bin, "--port", r.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", r.t.TempDir())
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	c := r.client()
	if !eventually(func() bool { return c.Ping(r.t.Context()).Err() == nil }) {
		r.t.Fatal("Redis did not start")
	}
}

func (r *redisServer) kill() {
	if r.cmd != nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
		r.cmd = nil
	}
}
