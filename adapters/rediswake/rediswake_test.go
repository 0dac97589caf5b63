package rediswake_test

import (
	"crypto/rand"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/adapters/rediswake"
	"github.com/crierhq/crier/ports/wake"
	"github.com/crierhq/crier/testkit/tcpproxy"
	"github.com/crierhq/crier/testkit/waketest"
)

func options(t testing.TB) *redis.Options {
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
	o.DialerRetries, o.MaxRetries = 1, 1
	return o
}

func TestConformance(t *testing.T) {
	t.Parallel()
	options(t)
	waketest.Run(t, waketest.Harness{Open: func(t testing.TB) waketest.Installation { return open(t, 0) }})
}

// TestQuietConnectionsAreTried has next to no quiet, so that tries and rings mix.
func TestQuietConnectionsAreTried(t *testing.T) {
	t.Parallel()
	options(t)
	waketest.Run(t, waketest.Harness{Open: func(t testing.TB) waketest.Installation { return open(t, 10*time.Millisecond) }})
}

func open(t testing.TB, quiet time.Duration) waketest.Installation {
	t.Helper()
	admin := redis.NewClient(options(t))
	t.Cleanup(func() { _ = admin.Close() })
	proxy := tcpproxy.New(t, admin.Options().Addr)
	proxy.Up()
	name := "wake-test-" + rand.Text()
	return waketest.Installation{
		Bell: func() wake.Bell {
			o := options(t)
			o.Addr, o.ClientName = proxy.Addr(), name
			c := redis.NewClient(o)
			t.Cleanup(func() { _ = c.Close() })
			b, err := rediswake.New(rediswake.Config{
				Client: c, Log: slog.New(slog.DiscardHandler), Channel: name, Quiet: quiet,
				Backoff: 10 * time.Millisecond, MaxBackoff: 100 * time.Millisecond,
			})
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		Kill: func() {
			list, err := admin.ClientList(t.Context()).Result()
			if err != nil {
				t.Error(err)
			}
			for line := range strings.Lines(list) {
				if !strings.Contains(line, "name="+name) {
					continue
				}
				id, _, _ := strings.Cut(strings.TrimPrefix(line, "id="), " ")
				if err := admin.ClientKillByFilter(t.Context(), "ID", id).Err(); err != nil {
					t.Error(err)
				}
			}
		},
		Down: func() func() {
			proxy.Down()
			return proxy.Up
		},
	}
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := rediswake.New(rediswake.Config{Quiet: -1, Backoff: -1})
	for _, want := range []string{"a Client", "Quiet", "needs Log"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}
