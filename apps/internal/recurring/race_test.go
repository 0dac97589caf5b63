package recurring_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// TestManyAtOnce: over a real database too, each occurrence is booked once by
// many workers, and each slot is given to one post.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	all := stores(t)
	if dsn := os.Getenv("TEST_POSTGRES_DSN"); dsn != "" {
		all["PostgreSQL"] = func() store.Store { return onPostgres(t, dsn) }
	}
	for name, open := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open, "", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			a, b := w.connect("ann"), w.connect("bob")
			for _, ch := range []domain.Channel{a, b} {
				if _, err := w.Channels.SetSlots(t.Context(), w.owner, ch.ID, "", []domain.Slot{{Weekday: time.Monday, Minute: 540}}); err != nil {
					t.Fatal(err)
				}
			}
			v, err := w.Posts.Create(t.Context(), w.owner, input("x", "2026-03-02T13:00", "", &domain.Recurrence{EveryDays: 1}, a, b))
			if err != nil {
				t.Fatal(err)
			}
			w.now = w.now.AddDate(0, 0, 30)
			const queued = 8
			var wg sync.WaitGroup
			for i := range queued {
				wg.Go(func() {
					if _, err := w.Posts.Expand(t.Context()); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					in := input("q", "", "", nil, a, b)
					if i%2 == 0 {
						in = input("q", "", "", nil, b, a)
					}
					in.When = core.Queue
					if _, err := w.Posts.Create(t.Context(), w.owner, in); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got, want := len(w.all(v.Post.ID)), 2*(30+2-1); got != want {
				t.Errorf("got %d occurrences, want %d", got, want)
			}
			for _, ch := range []domain.Channel{a, b} {
				taken, err := w.store.Deliveries().Taken(t.Context(), w.owner.Organization, ch.ID, w.now)
				if err != nil || len(taken) != queued+2 {
					t.Errorf("got %d instants, %v; want one for each of %d posts and of 2 occurrences", len(taken), err, queued)
				}
			}
		})
	}
}

// onPostgres opens a store in a schema of its own.
func onPostgres(t testing.TB, dsn string) store.Store {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN is not a URL")
	}
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	name := "crier_recurring_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		if err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	st, err := bunstore.Open(t.Context(), bunstore.Config{URL: u.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return st
}
