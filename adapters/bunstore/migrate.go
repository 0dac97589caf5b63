package bunstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// versions is the table in which the migrations that were applied are noted.
const versions = "crier_migrations"

// VersionError says that the database was made by a program newer than this
// one, which therefore must not write to it.
type VersionError struct {
	// Have is the version of the database, and Know the newest one that this
	// program knows.
	Have, Know int64
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the database was made by a newer Crier (version %d; this one knows %d)", e.Have, e.Know)
}

// Migrate brings the tables up to the version that this program knows. It only
// ever goes forward, may be repeated, and is safe to call from several
// processes at once. A database that is newer already gives a *VersionError and
// stays as it is.
func (s *Store) Migrate(ctx context.Context) error {
	if s.dialect == Postgres {
		return s.migratePostgres(ctx)
	}
	// Each SQLite migration is one transaction together with its version, so of
	// two processes one wins; the other has to look again.
	for try := 1; ; try++ {
		err := s.up(ctx)
		if err == nil || try == maxTries || ctx.Err() != nil || isVersion(err) {
			return err
		}
		if err := pause(ctx, 5*time.Millisecond<<try); err != nil {
			return err
		}
	}
}

func isVersion(err error) bool {
	_, ok := err.(*VersionError) //nolint:errorlint // up returns it bare
	return ok
}

// migratePostgres lets one process at a time migrate one schema. The lock ends
// with its connection, so a crash leaves none behind.
func (s *Store) migratePostgres(ctx context.Context) (err error) {
	// The lock and the work need a connection each.
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return translate(ctx, err)
	}
	defer func() { _ = conn.Close() }()
	const key = "(hashtextextended('" + versions + ".' || current_schema(), 0))"
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock"+key); err != nil {
		return translate(ctx, err)
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock"+key)
	}()
	return s.up(ctx)
}

func (s *Store) up(ctx context.Context) error {
	p, err := provider(s.write, s.dialect)
	if err != nil {
		return err
	}
	have, know, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("bunstore: reading the version of the database: %w", translate(ctx, err))
	}
	if have > know {
		return &VersionError{Have: have, Know: know}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bunstore: migrating the database: %w", translate(ctx, err))
	}
	return nil
}

func provider(db *sql.DB, d Dialect) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+string(d))
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectPostgres
	if d == SQLite {
		dialect = goose.DialectSQLite3
	}
	return goose.NewProvider(dialect, db, dir,
		goose.WithTableName(versions), goose.WithDisableGlobalRegistry(true))
}
