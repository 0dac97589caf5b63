package bunstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	files := newFiles(t)
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB) store.Store { return files.open(t) }})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	schemas := newSchemas(t)
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB) store.Store { return schemas.open(t) }})
}

// files are databases that are migrated and empty. Copying one is quicker by far
// than migrating another.
type files struct{ empty []byte }

func newFiles(t *testing.T) files {
	t.Helper()
	name := filepath.Join(t.TempDir(), "empty.db")
	if err := openSQLite(t, name).Close(); err != nil {
		t.Fatal(err)
	}
	empty, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return files{empty}
}

// open returns a store on an empty file that nobody else uses.
func (f files) open(t testing.TB) *bunstore.Store {
	t.Helper()
	name := filepath.Join(t.TempDir(), "crier.db")
	if err := os.WriteFile(name, f.empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return opened(t, bunstore.Config{URL: name})
}

// schemas are migrated and empty. Emptying one is quicker by far than migrating
// another.
type schemas struct {
	t    *testing.T
	free chan string // their URLs
}

func newSchemas(t *testing.T) *schemas {
	t.Helper()
	postgresURL(t)
	return &schemas{t, make(chan string, 1000)}
}

// open returns a store on an empty schema that nobody else uses.
func (s *schemas) open(t testing.TB) *bunstore.Store {
	t.Helper()
	var dsn string
	select {
	case dsn = <-s.free:
	default:
		dsn = schema(s.t)
		migrate(t, bunstore.Config{URL: dsn})
	}
	t.Cleanup(func() { // after the store is closed
		truncate(t, dsn)
		s.free <- dsn
	})
	return opened(t, bunstore.Config{URL: dsn, MaxConns: 6})
}

// truncate empties all tables but the one that knows the migrations.
func truncate(t testing.TB, dsn string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var tables string
	err = db.QueryRowContext(context.Background(), `SELECT string_agg(quote_ident(tablename), ', ')
		FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'crier_migrations'`).Scan(&tables)
	if err == nil {
		_, err = db.ExecContext(context.Background(), "TRUNCATE "+tables+" RESTART IDENTITY")
	}
	if err != nil {
		t.Error(err)
	}
}

func openSQLite(t testing.TB, path string) *bunstore.Store {
	t.Helper()
	return migrated(t, bunstore.Config{URL: path})
}

func openPostgres(t testing.TB, dsn string) *bunstore.Store {
	t.Helper()
	return migrated(t, bunstore.Config{URL: dsn, MaxConns: 6})
}

func opened(t testing.TB, cfg bunstore.Config) *bunstore.Store {
	t.Helper()
	s, err := bunstore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func migrate(t testing.TB, cfg bunstore.Config) {
	t.Helper()
	if err := migrated(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
}

func migrated(t testing.TB, cfg bunstore.Config) *bunstore.Store {
	t.Helper()
	s := opened(t, cfg)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}

// postgresURL is the database that tests may use.
func postgresURL(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("TEST_POSTGRES_DSN")
	if dsn == "" && os.Getenv("CI") == "true" {
		t.Fatal("TEST_POSTGRES_DSN is not set, and CI must not leave PostgreSQL out")
	}
	if dsn == "" {
		t.Skip("NOT TESTED ON POSTGRESQL: set TEST_POSTGRES_DSN, or run it through apps/internal/devservices")
	}
	return dsn
}

// schema makes a schema of its own and returns a URL that uses it.
func schema(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(postgresURL(t))
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN is not a URL")
	}
	name := "crier_test_" + strings.ToLower(rand.Text())
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
