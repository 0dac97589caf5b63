package pgwake_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/crierhq/crier/adapters/pgwake"
	"github.com/crierhq/crier/ports/wake"
	"github.com/crierhq/crier/testkit/tcpproxy"
	"github.com/crierhq/crier/testkit/waketest"
)

// dsn is the database that tests may use.
func dsn(t testing.TB) *url.URL {
	t.Helper()
	raw := os.Getenv("TEST_POSTGRES_DSN")
	if raw == "" && os.Getenv("CI") == "true" {
		t.Fatal("TEST_POSTGRES_DSN is not set, and CI must not leave PostgreSQL out")
	}
	if raw == "" {
		t.Skip("NOT TESTED ON POSTGRESQL: set TEST_POSTGRES_DSN, or run it through apps/internal/devservices")
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN is not a URL")
	}
	return u
}

func TestConformance(t *testing.T) {
	t.Parallel()
	dsn(t)
	waketest.Run(t, waketest.Harness{Open: func(t testing.TB) waketest.Installation { return open(t, 0) }})
}

// TestQuietConnectionsAreTried has next to no quiet, so that tries and rings mix.
func TestQuietConnectionsAreTried(t *testing.T) {
	t.Parallel()
	dsn(t)
	waketest.Run(t, waketest.Harness{Open: func(t testing.TB) waketest.Installation { return open(t, 10*time.Millisecond) }})
}

func open(t testing.TB, quiet time.Duration) waketest.Installation {
	t.Helper()
	u := dsn(t)
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN cannot be opened")
	}
	t.Cleanup(func() { _ = db.Close() })
	proxy := tcpproxy.New(t, u.Host)
	proxy.Up()
	name := "wake_test_" + strings.ToLower(rand.Text())
	through := *u
	through.Host = proxy.Addr()
	q := through.Query()
	q.Set("application_name", name)
	through.RawQuery = q.Encode()
	return waketest.Installation{
		Bell: func() wake.Bell {
			b, err := pgwake.New(pgwake.Config{
				URL: through.String(), Channel: name, Log: slog.New(slog.DiscardHandler), Quiet: quiet,
				Backoff: 10 * time.Millisecond, MaxBackoff: 100 * time.Millisecond,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = b.Close() })
			return b
		},
		Kill: func() {
			if _, err := db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", name); err != nil {
				t.Error(err)
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
	for name, c := range map[string]struct {
		cfg  pgwake.Config
		want []string
	}{
		"empty":    {pgwake.Config{}, []string{"a URL", "needs Log"}},
		"negative": {pgwake.Config{URL: "postgres://h/d", Quiet: -1, Log: slog.New(slog.DiscardHandler)}, []string{"Quiet"}},
		"password": {pgwake.Config{URL: "postgres://u:hunter2@h:x/d", Log: slog.New(slog.DiscardHandler)}, []string{"a URL"}},
	} {
		_, err := pgwake.New(c.cfg)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want %q in it", name, err, want)
			}
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: got error %v, which tells the password", name, err)
		}
	}
}
