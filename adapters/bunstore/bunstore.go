// Package bunstore is a store.Store in SQLite or PostgreSQL: one implementation
// through bun, of which only locking and the schema know the dialect. Its
// tables start with "crier_", so it can live inside a host's own database, and
// Join lets it take part in a host's own transaction.
package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"

	"github.com/crierhq/crier/ports/store"
)

// Dialect names the kind of database.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Store implements store.Store. Use Open or New, then Migrate.
type Store struct {
	repos
	dialect Dialect
	// build makes queries; they run on the connection that each is given.
	build *bun.DB
	// write and read are the same pool but for a SQLite file.
	write, read *sql.DB
	// owned says that Close closes the pools.
	owned bool
}

var _ store.Store = (*Store)(nil)

// New returns a Store on a pool that the host opened and will close. It does
// not touch the database.
//
// A SQLite pool should set busy_timeout and begin its transactions with
// _txlock=immediate; a pgx pool should use the simple protocol, because every
// statement has its values in its text and caching it would be in vain.
func New(db *sql.DB, d Dialect) (*Store, error) {
	if db == nil {
		return nil, errors.New("bunstore: the database pool is missing")
	}
	return newStore(db, db, d)
}

func newStore(write, read *sql.DB, d Dialect) (*Store, error) {
	var dialect schema.Dialect
	switch d {
	case SQLite:
		dialect = sqlitedialect.New()
	case Postgres:
		dialect = pgdialect.New()
	default:
		return nil, fmt.Errorf("bunstore: there is no dialect %q; use %q or %q", d, SQLite, Postgres)
	}
	s := &Store{dialect: d, build: bun.NewDB(write, dialect), write: write, read: read}
	s.repos = repos{st: s}
	return s, nil
}

// Close closes the pools that Open opened. It does nothing to one that came
// through New. It may be repeated.
func (s *Store) Close() error {
	if !s.owned {
		return nil
	}
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping implements store.Store: it begins a transaction that could write.
func (s *Store) Ping(ctx context.Context) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		query, want := "SELECT 'off'", "off"
		if s.dialect == Postgres {
			query = "SELECT current_setting('transaction_read_only')"
		}
		var readOnly string
		if err := tx.QueryRowContext(ctx, query).Scan(&readOnly); err != nil {
			return translate(ctx, err)
		}
		if readOnly != want {
			return unavailable(errors.New("the database is read-only"))
		}
		return nil
	})
}

// InTx implements store.Store. A transaction that lost against another one is
// run again, a bounded number of times.
func (s *Store) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		return fn(ctx, repos{st: s, tx: tx, depth: new(int)})
	})
}

// maxTries bounds how often a transaction is run that others keep in its way.
const maxTries = 8

func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		err := s.once(ctx, do)
		if err == nil || try == maxTries || !transient(err) {
			return err
		}
		if err := pause(ctx, time.Millisecond<<try); err != nil {
			return err
		}
	}
}

// pause waits for d, or returns the error of ctx if that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) once(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return translate(ctx, err)
	}
	// After Commit this does nothing; it also serves a panic of do.
	defer func() { _ = tx.Rollback() }()
	if err := do(tx); err != nil {
		return err
	}
	return translate(ctx, tx.Commit())
}

// repos implements store.Repos on the pools, or inside a transaction.
type repos struct {
	st *Store
	// tx is nil outside of a transaction.
	tx *sql.Tx
	// depth numbers the savepoints of tx.
	depth *int
}

func (r repos) Organizations() store.Organizations { return organizations{r} }
func (r repos) Users() store.Users                 { return users{r} }
func (r repos) Members() store.Members             { return members{r} }
func (r repos) Sessions() store.Sessions           { return sessions{r} }
func (r repos) Strikes() store.Strikes             { return strikes{r} }
func (r repos) SecondFactors() store.SecondFactors { return secondFactors{r} }
func (r repos) Identities() store.Identities       { return identities{r} }
func (r repos) Channels() store.Channels           { return channels{r} }
func (r repos) Connects() store.Connects           { return connects{r} }
func (r repos) Posts() store.Posts                 { return posts{r} }
func (r repos) Deliveries() store.Deliveries       { return deliveries{r} }
func (r repos) Attempts() store.Attempts           { return attempts{r} }
func (r repos) Media() store.Media                 { return media{r} }
func (r repos) Outbox() store.Outbox               { return outbox{r} }
func (r repos) Documents() store.Documents         { return documents{r} }
func (r repos) Secrets() store.Secrets             { return secrets{r} }
func (r repos) Settings() store.Settings           { return settings{r} }
func (r repos) Jobs() store.Jobs                   { return jobs{r} }
func (r repos) Budgets() store.Budgets             { return budgets{r} }
func (r repos) Replays() store.Replays             { return replays{r} }
func (r repos) Tokens() store.Tokens               { return tokens{r} }
func (r repos) APIKeys() store.APIKeys             { return apiKeys{r} }
func (r repos) Audit() store.Audit                 { return audit{r} }
func (r repos) Invitations() store.Invitations     { return invitations{r} }
func (r repos) Groups() store.Groups               { return groups{r} }

// reader is where a statement runs that only reads.
func (r repos) reader() bun.IConn {
	if r.tx != nil {
		return r.tx
	}
	return r.st.read
}

// writer is where a single statement runs that writes.
func (r repos) writer() bun.IConn {
	if r.tx != nil {
		return r.tx
	}
	return r.st.write
}

// joinTx runs do inside the transaction of r, or in one of its own.
func (r repos) joinTx(ctx context.Context, do func(repos) error) error {
	if r.tx != nil {
		return do(r)
	}
	return r.st.transact(ctx, func(tx *sql.Tx) error {
		return do(repos{st: r.st, tx: tx, depth: new(int)})
	})
}

// savepoint runs do so that its failure undoes only what it did.
func (r repos) savepoint(ctx context.Context, do func() error) error {
	*r.depth++
	defer func() { *r.depth-- }()
	name := fmt.Sprintf("crier_%d", *r.depth)
	if _, err := r.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return translate(ctx, err)
	}
	done := false
	back := func() error {
		// The caller's end is no reason to leave the transaction half done.
		_, err := r.tx.ExecContext(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT "+name)
		return err
	}
	defer func() {
		if !done { // do panicked
			_ = back()
		}
	}()
	err := do()
	if err == nil {
		err = ctx.Err()
	}
	done = true
	if err != nil {
		if undo := back(); undo != nil {
			return errors.Join(err, translate(ctx, undo))
		}
		return err
	}
	_, err = r.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
	return translate(ctx, err)
}
