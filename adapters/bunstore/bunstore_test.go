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
	// Migrating one file and copying it is quicker than migrating many.
	name := filepath.Join(t.TempDir(), "empty.db")
	if err := openSQLite(t, name).Close(); err != nil {
		t.Fatal(err)
	}
	empty, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB) store.Store {
		name := filepath.Join(t.TempDir(), "crier.db")
		if err := os.WriteFile(name, empty, 0o600); err != nil {
			t.Fatal(err)
		}
		return opened(t, bunstore.Config{URL: name})
	}})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	// Migrating one database and copying it is quicker than migrating many.
	empty := databaseLike(t, nil)
	if err := openPostgres(t, empty.String()).Close(); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB) store.Store {
		return opened(t, bunstore.Config{URL: databaseLike(t, empty).String(), MaxConns: 6})
	}})
}

// databaseLike makes a database of its own, a copy of like if that is not nil,
// and returns its URL. Nobody may be connected to like.
func databaseLike(t testing.TB, like *url.URL) *url.URL {
	t.Helper()
	u, err := url.Parse(postgresURL(t))
	if err != nil {
		t.Fatal("TEST_POSTGRES_DSN is not a URL")
	}
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	name := "crier_test_" + strings.ToLower(rand.Text())
	create := "CREATE DATABASE " + name
	if like != nil {
		create += " TEMPLATE " + strings.TrimPrefix(like.Path, "/")
	}
	if _, err := db.ExecContext(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return u
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
