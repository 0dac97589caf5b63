package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/crierhq/crier/core/fault"
)

// Config says which database to open.
type Config struct {
	// URL is "postgres://user:password@host:port/name?options", or
	// "sqlite:///var/lib/crier/crier.db", or just the path of a SQLite file. A
	// file that is missing is made, readable for its owner only; its folder
	// must exist.
	URL string
	// MaxConns bounds the connections to PostgreSQL. Zero means 10. A SQLite
	// file has one connection that writes and up to four that read.
	MaxConns int
}

// The limits of the pools.
const (
	defaultConns   = 10
	sqliteReaders  = 4
	sqliteIdleTime = 10 * time.Second // each keeps pages of its own in memory
	maxIdleTime    = 5 * time.Minute
	maxLifetime    = time.Hour
)

// Open opens the pools and checks that the database answers. The Store must be
// closed. Errors never hold the password of the URL.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	scheme, rest, found := strings.Cut(cfg.URL, "://")
	switch {
	case cfg.URL == "" || cfg.MaxConns < 0:
		return nil, errors.New("bunstore: Config needs a URL, and MaxConns that is not negative")
	case !found:
		return openSQLite(ctx, cfg.URL)
	case scheme == "sqlite":
		path, err := url.PathUnescape(rest)
		if err != nil {
			return nil, fmt.Errorf("bunstore: the path in the database URL is not escaped well: %w", err)
		}
		return openSQLite(ctx, path)
	case scheme == "postgres" || scheme == "postgresql":
		return openPostgres(ctx, cfg)
	default:
		return nil, fmt.Errorf("bunstore: a database URL cannot start with %q; use postgres:// or sqlite:// or the path of a file", scheme+"://")
	}
}

func openPostgres(ctx context.Context, cfg Config) (*Store, error) {
	conn, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("bunstore: the PostgreSQL URL cannot be read; it looks like postgres://user:password@host:5432/name")
	}
	// bun puts the values into the text of a statement, so a prepared one would
	// never be used again.
	conn.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn.RuntimeParams["standard_conforming_strings"] = "on" // bun quotes that way
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "crier"
	}
	n := cfg.MaxConns
	if n == 0 {
		n = defaultConns
	}
	db := stdlib.OpenDB(*conn)
	limit(db, n)
	return opened(ctx, db, db, Postgres)
}

func limit(db *sql.DB, n int) {
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	db.SetConnMaxIdleTime(maxIdleTime)
	db.SetConnMaxLifetime(maxLifetime)
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("bunstore: the path of the database file: %w", err)
	}
	// The file is made here, because SQLite would let everybody read it, and
	// because the reason why it cannot be made is clearer from here.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, &fault.Error{
			Kind: fault.Unavailable, Code: "database_unavailable",
			Message: "The database file cannot be opened for writing.", Err: err,
		}
	}
	write, err := sql.Open("sqlite", sqliteName(path, "_txlock=immediate"))
	if err != nil {
		return nil, translate(ctx, err)
	}
	// SQLite has one writer at a time. One connection makes the others wait in
	// line here, where that is fair and can be canceled.
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteName(path, "_pragma=query_only(1)"))
	if err != nil {
		return nil, errors.Join(translate(ctx, err), write.Close())
	}
	limit(read, sqliteReaders)
	// Opening one reads the whole schema, and costs as much as several reads.
	read.SetConnMaxIdleTime(sqliteIdleTime)
	return opened(ctx, write, read, SQLite)
}

// sqliteName is the name that opens path. synchronous is FULL: in WAL mode NORMAL would
// be faster, but a power cut could then take back a commit, and with it the
// intent to publish that was put on record before a platform was called.
func sqliteName(path, more string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	name := url.URL{Scheme: "file", Path: path}
	return name.String() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&" + more
}

// opened makes the Store and checks that the database answers.
func opened(ctx context.Context, write, read *sql.DB, d Dialect) (*Store, error) {
	s, err := newStore(write, read, d)
	if err != nil {
		return nil, err
	}
	s.owned = true
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
