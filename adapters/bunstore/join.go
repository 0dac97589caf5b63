package bunstore

import (
	"context"
	"database/sql"

	"github.com/crierhq/crier/ports/store"
)

// Join returns a Store whose calls all run inside tx, a transaction of the host
// on the same database: its rows and ours are kept or undone together. InTx of
// it runs inside tx too, and a failure of its function undoes only what that
// function did. Join never commits nor rolls back tx, and nothing is run again
// that lost against another transaction: that is for the host to do.
//
// Like tx, the Store that Join returns serves one goroutine at a time and ends
// with tx.
func (s *Store) Join(tx *sql.Tx) store.Store {
	return joined{repos{st: s, tx: tx, depth: new(int)}}
}

type joined struct{ repos }

// InTx implements store.Store.
func (j joined) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return j.savepoint(ctx, func() error { return fn(ctx, j.repos) })
}

// Ping implements store.Store.
func (j joined) Ping(ctx context.Context) error {
	_, err := j.tx.ExecContext(ctx, "SELECT 1")
	return translate(ctx, err)
}
