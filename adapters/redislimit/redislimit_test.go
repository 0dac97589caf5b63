package redislimit_test

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/adapters/redislimit"
	"github.com/crierhq/crier/ports/limit"
	"github.com/crierhq/crier/testkit/limittest"
	"github.com/crierhq/crier/testkit/tcpproxy"
)

func client(t testing.TB, change func(*redis.Options)) *redis.Client {
	t.Helper()
	raw := os.Getenv("TEST_REDIS_URL")
	if raw == "" && os.Getenv("CI") == "true" {
		t.Fatal("TEST_REDIS_URL is not set, and CI must not leave Redis out")
	}
	if raw == "" {
		t.Skip("NOT TESTED ON REDIS: set TEST_REDIS_URL, or run it through apps/internal/devservices")
	}
	o, err := redis.ParseURL(raw)
	if err != nil {
		t.Fatal("TEST_REDIS_URL is not a URL of Redis")
	}
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	if change != nil {
		change(o)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func open(t testing.TB, c *redis.Client) (*redislimit.Limiter, string) {
	t.Helper()
	prefix := "limit-test-" + rand.Text() + ":"
	l, err := redislimit.New(redislimit.Config{Client: c, Prefix: prefix, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return l, prefix
}

// TestConformance lets time pass by moving what Redis holds into the past: the
// script reads the clock of Redis, which no test can move.
func TestConformance(t *testing.T) {
	t.Parallel()
	client(t, nil)
	limittest.Run(t, limittest.Harness{Open: func(t testing.TB) (limittest.Installation, error) {
		c := client(t, nil)
		l, prefix := open(t, c)
		age := redis.NewScript(`
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local left = redis.call('PTTL', key) - ARGV[2] / 1000
  if left <= 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, string.format('%.0f', redis.call('GET', key) - ARGV[2]), 'PX', math.ceil(left))
  end
end`)
		pass := func(d time.Duration) {
			if err := age.Run(t.Context(), c, nil, prefix, d.Microseconds()).Err(); err != nil && err != redis.Nil { //nolint:errorlint // the client returns this value
				t.Fatal(err)
			}
		}
		return limittest.Installation{Limiter: l, Pass: pass, Slack: 2 * time.Second}, nil
	}})
}

// TestKeysGoAway: what has all of its units back is not kept.
func TestKeysGoAway(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	l, prefix := open(t, c)
	if _, err := l.Take(t.Context(), "k", limit.Policy{Name: "p", Limit: 10, Window: time.Hour}, 5); err != nil {
		t.Fatal(err)
	}
	left, err := c.PTTL(t.Context(), prefix+"p:k").Result()
	if err != nil || left <= 29*time.Minute || left > 30*time.Minute {
		t.Errorf("got %v, %v left of a key, want the half hour after which nothing is taken", left, err)
	}
}

// TestOutOfReachIsAnErrorSoon: a request must not wait for a Redis that hangs.
func TestOutOfReachIsAnErrorSoon(t *testing.T) {
	t.Parallel()
	proxy := tcpproxy.New(t, client(t, nil).Options().Addr)
	c := client(t, func(o *redis.Options) { o.Addr = proxy.Addr() })
	l, err := redislimit.New(redislimit.Config{Client: c, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if res, err := l.Take(t.Context(), "k", limit.Policy{Name: "p", Limit: 1, Window: time.Second}, 1); err == nil {
		t.Errorf("got %+v, want an error", res)
	}
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := redislimit.New(redislimit.Config{Timeout: -1})
	for _, want := range []string{"a Client", "Timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}
