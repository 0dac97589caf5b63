package bunstore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// host is a program with a database and a table of its own.
type host struct {
	*sql.DB
	store *bunstore.Store
}

var hosts = map[string]func(t *testing.T) host{
	"sqlite": func(t *testing.T) host {
		name := "file:" + filepath.Join(t.TempDir(), "host.db") + "?_pragma=busy_timeout(5000)&_txlock=immediate"
		return hostOn(t, "sqlite", name, bunstore.SQLite)
	},
	"postgres": func(t *testing.T) host {
		return hostOn(t, "pgx", schema(t), bunstore.Postgres)
	},
}

func hostOn(t *testing.T, driver, name string, d bunstore.Dialect) host {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s, err := bunstore.New(db, d)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE orders (id TEXT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	return host{db, s}
}

func (h host) begin(t *testing.T) *sql.Tx {
	t.Helper()
	tx, err := h.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO orders (id) VALUES ('o')"); err != nil {
		t.Fatal(err)
	}
	return tx
}

// has reports whether the host's row and the posts are there.
func (h host) has(t *testing.T, posts ...domain.PostID) (order bool, got []bool) {
	t.Helper()
	var n int
	if err := h.QueryRowContext(t.Context(), "SELECT count(*) FROM orders").Scan(&n); err != nil {
		t.Fatal(err)
	}
	for _, id := range posts {
		_, err := h.store.Posts().Get(t.Context(), "org", id)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
		got = append(got, err == nil)
	}
	return n > 0, got
}

func post(id domain.PostID) domain.Post {
	return domain.Post{ID: id, Organization: "org", State: domain.PostDraft, CreatedAt: time.Unix(1, 0), Version: 1}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	errInner := errors.New("inner")
	cases := map[string]struct {
		work  func(t *testing.T, s store.Store)
		end   func(*sql.Tx) error
		order bool
		posts [2]bool
	}{
		"commit keeps both": {
			work: func(t *testing.T, s store.Store) { insert(t, s, "a"); insertInTx(t, s, "b", nil) },
			end:  (*sql.Tx).Commit, order: true, posts: [2]bool{true, true},
		},
		"rollback undoes both": {
			work: func(t *testing.T, s store.Store) { insert(t, s, "a"); insertInTx(t, s, "b", nil) },
			end:  (*sql.Tx).Rollback,
		},
		"a failed InTx undoes only its part": {
			work: func(t *testing.T, s store.Store) { insertInTx(t, s, "b", errInner); insert(t, s, "a") },
			end:  (*sql.Tx).Commit, order: true, posts: [2]bool{true, false},
		},
		"a conflict does not spoil the host's transaction": {
			work: func(t *testing.T, s store.Store) {
				insert(t, s, "a")
				if err := s.Posts().Insert(t.Context(), "org", post("a")); !errors.Is(err, fault.ErrConflict) {
					t.Errorf("second insert: got error %v, want fault.ErrConflict", err)
				}
				insert(t, s, "b")
			},
			end: (*sql.Tx).Commit, order: true, posts: [2]bool{true, true},
		},
		"a panic in InTx undoes only its part": {
			work: func(t *testing.T, s store.Store) {
				func() {
					defer func() { _ = recover() }()
					_ = s.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
						_ = r.Posts().Insert(ctx, "org", post("b"))
						panic("no")
					})
				}()
				insert(t, s, "a")
			},
			end: (*sql.Tx).Commit, order: true, posts: [2]bool{true, false},
		},
	}
	for dialect, open := range hosts {
		for name, c := range cases {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := open(t)
				tx := h.begin(t)
				s := h.store.Join(tx)
				if err := s.Ping(t.Context()); err != nil {
					t.Errorf("Ping: %v", err)
				}
				c.work(t, s)
				if err := c.end(tx); err != nil {
					t.Fatalf("end of the host's transaction: %v", err)
				}
				order, posts := h.has(t, "a", "b")
				if order != c.order || posts[0] != c.posts[0] || posts[1] != c.posts[1] {
					t.Errorf("order and posts: got %t %v, want %t %v", order, posts, c.order, c.posts)
				}
			})
		}
	}
}

func insert(t *testing.T, s store.Repos, id domain.PostID) {
	t.Helper()
	if err := s.Posts().Insert(t.Context(), "org", post(id)); err != nil {
		t.Fatalf("insert: %v", err)
	}
}

func insertInTx(t *testing.T, s store.Store, id domain.PostID, fail error) {
	t.Helper()
	err := s.InTx(t.Context(), func(_ context.Context, r store.Repos) error {
		insert(t, r, id)
		if _, err := r.Posts().Get(t.Context(), "org", id); err != nil {
			t.Errorf("get inside: %v", err)
		}
		return fail
	})
	if err != fail { //nolint:errorlint // it must come back as it is
		t.Fatalf("InTx: got error %v, want %v", err, fail)
	}
}
