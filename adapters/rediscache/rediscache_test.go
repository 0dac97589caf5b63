package rediscache_test

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/adapters/rediscache"
	"github.com/crierhq/crier/ports/cache"
	"github.com/crierhq/crier/testkit/cachetest"
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

// TestConformance lets time pass by moving what Redis holds towards its end: it
// ends by the clock of Redis, which no test can move.
func TestConformance(t *testing.T) {
	t.Parallel()
	client(t, nil)
	cachetest.Run(t, cachetest.Harness{Open: func(t testing.TB) (cachetest.Installation, error) {
		c, prefix := client(t, nil), "cache-test-"+rand.Text()+":"
		age := redis.NewScript(`
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  redis.call('PEXPIRE', key, redis.call('PTTL', key) - ARGV[2])
end`)
		pass := func(d time.Duration) {
			if err := age.Run(t.Context(), c, nil, prefix, d.Milliseconds()).Err(); err != nil && err != redis.Nil { //nolint:errorlint // the client returns this value
				t.Fatal(err)
			}
		}
		out, err := rediscache.New(rediscache.Config{Client: c, Prefix: prefix, Life: time.Minute, Timeout: 5 * time.Second})
		return cachetest.Installation{Cache: out, Pass: pass, Forget: func() { pass(time.Hour) }}, err
	}})
}

// TestOutOfReachIsAnErrorSoon: a request must not wait for a Redis that hangs.
// What changed then is still to be let go of.
func TestOutOfReachIsAnErrorSoon(t *testing.T) {
	t.Parallel()
	proxy := tcpproxy.New(t, client(t, nil).Options().Addr)
	c := client(t, func(o *redis.Options) { o.Addr = proxy.Addr() })
	out, err := rediscache.New(rediscache.Config{Client: c, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := out.Get(t.Context(), cache.Key{Group: "g"}); err == nil {
		t.Errorf("Get: got %+v, want an error", got)
	}
	if out.Put(t.Context(), cache.Key{Group: "g"}, "lease", nil) == nil {
		t.Error("Put: got no error")
	}
	release, err := out.Hold(t.Context(), "g")
	if err == nil || release == nil || release(t.Context()) == nil {
		t.Errorf("Hold: got error %v, want one, and a Release that returns one, too", err)
	}
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := rediscache.New(rediscache.Config{Life: -1, Timeout: -1})
	for _, want := range []string{"a Client", "Life", "Timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}
