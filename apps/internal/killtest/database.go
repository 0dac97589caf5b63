package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// database is where the programs keep everything.
type database interface {
	// url is the setting that names it.
	url() string
	// disturb ends up to n connections to it and returns how many it were.
	disturb(ctx context.Context, n int) (int, error)
	// check looks for damage.
	check(ctx context.Context) error
	// drop removes it.
	drop(ctx context.Context) error
}

// postgres is a schema of its own in a PostgreSQL. Its connections go by its
// name, so that nobody else's are ended.
type postgres struct {
	admin     *sql.DB
	dsn, name string
}

func newPostgres(ctx context.Context, dsn, name string) (*postgres, error) {
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	name = strings.ToLower(name)
	if _, err := admin.ExecContext(ctx, "CREATE SCHEMA "+name); err != nil {
		return nil, errors.Join(err, admin.Close())
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.Join(errors.New("the address of the database is not a URL"), admin.Close())
	}
	q := u.Query()
	q.Set("search_path", name)
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	return &postgres{admin, u.String(), name}, nil
}

func (p *postgres) url() string { return p.dsn }

func (p *postgres) disturb(ctx context.Context, n int) (int, error) {
	var ended int
	err := p.admin.QueryRowContext(ctx, `SELECT count(pg_terminate_backend(pid)) FROM (
		SELECT pid FROM pg_stat_activity WHERE application_name = $1 ORDER BY random() LIMIT $2) victims`, p.name, n).Scan(&ended)
	return ended, err
}

func (p *postgres) check(context.Context) error { return nil }

func (p *postgres) drop(ctx context.Context) error {
	_, err := p.admin.ExecContext(ctx, "DROP SCHEMA "+p.name+" CASCADE")
	return errors.Join(err, p.admin.Close())
}

// sqlite is the file in the data folder.
type sqlite struct{ dir string }

func (s sqlite) url() string { return "" }

func (s sqlite) disturb(context.Context, int) (int, error) { return 0, nil }

func (s sqlite) check(ctx context.Context) error {
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "crier.db"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("the database file is damaged: %s %w", verdict, err)
	}
	return nil
}

func (s sqlite) drop(context.Context) error { return nil }
