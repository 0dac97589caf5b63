// Package memstore is a store.Store in memory, for tests, demos and programs
// that embed Crier and bring no database. It forgets everything when the
// process ends. It passes storetest like every other store.
package memstore

import (
	"context"
	"errors"

	"github.com/crierhq/crier/ports/store"
)

// Store implements store.Store. Use New.
type Store struct {
	repos
	// lock is held while it is full. A channel, unlike a mutex, can be waited
	// for together with a context.
	lock chan struct{}
	data *data
}

var _ store.Store = (*Store)(nil)

// New returns an empty Store. It never fails and needs no closing.
func New() *Store {
	s := &Store{lock: make(chan struct{}, 1), data: newData()}
	s.repos = repos{s.auto}
	return s
}

// InTx implements store.Store. Transactions run one after the other; what fn
// wrote is taken back step by step if it fails or panics.
func (s *Store) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return s.auto(ctx, func(t *tx) error {
		return fn(ctx, repos{t.join})
	})
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.auto(ctx, func(*tx) error { return nil })
}

// auto runs do in a transaction of its own.
func (s *Store) auto(ctx context.Context, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.lock }()
	t := &tx{data: s.data}
	defer t.end()
	if err := do(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t.undo = nil
	return nil
}

// tx is one transaction: the data and the way back.
type tx struct {
	*data
	undo []func()
	over bool
}

var errOver = errors.New("memstore: the transaction is over")

// join runs do inside t.
func (t *tx) join(ctx context.Context, do func(*tx) error) error {
	if t.over {
		return errOver
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return do(t)
}

// end takes back what is still to be undone, newest first.
func (t *tx) end() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	t.undo, t.over = nil, true
}

// mark and back make one call all or nothing inside a longer transaction.
func (t *tx) atomically(do func() error) error {
	mark := len(t.undo)
	err := do()
	if err != nil {
		for i := len(t.undo) - 1; i >= mark; i-- {
			t.undo[i]()
		}
		t.undo = t.undo[:mark]
	}
	return err
}

// runner runs a piece of work on the data: in a transaction of its own, or
// inside one that is open.
type runner func(ctx context.Context, do func(*tx) error) error

// query runs a piece of work that returns a value.
func query[T any](ctx context.Context, run runner, do func(*tx) (T, error)) (T, error) {
	var out T
	err := run(ctx, func(t *tx) (err error) {
		out, err = do(t)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

// repos implements store.Repos over a runner.
type repos struct{ run runner }

func (r repos) Organizations() store.Organizations { return organizations(r) }
func (r repos) Users() store.Users                 { return users(r) }
func (r repos) Members() store.Members             { return members(r) }
func (r repos) Sessions() store.Sessions           { return sessions(r) }
func (r repos) Strikes() store.Strikes             { return strikes(r) }
func (r repos) SecondFactors() store.SecondFactors { return secondFactors(r) }
func (r repos) Identities() store.Identities       { return identities(r) }
func (r repos) Channels() store.Channels           { return channels(r) }
func (r repos) Connects() store.Connects           { return connects(r) }
func (r repos) Posts() store.Posts                 { return posts(r) }
func (r repos) Deliveries() store.Deliveries       { return deliveries(r) }
func (r repos) Attempts() store.Attempts           { return attempts(r) }
func (r repos) Media() store.Media                 { return media(r) }
func (r repos) Outbox() store.Outbox               { return outbox(r) }
func (r repos) Documents() store.Documents         { return documents(r) }
func (r repos) Secrets() store.Secrets             { return secrets(r) }
func (r repos) Settings() store.Settings           { return settings(r) }
func (r repos) Jobs() store.Jobs                   { return jobs(r) }
func (r repos) Budgets() store.Budgets             { return budgets(r) }
func (r repos) Replays() store.Replays             { return replays(r) }
func (r repos) Tokens() store.Tokens               { return tokens(r) }
func (r repos) APIKeys() store.APIKeys             { return apiKeys(r) }
func (r repos) Audit() store.Audit                 { return audit(r) }
func (r repos) Invitations() store.Invitations     { return invitations(r) }
func (r repos) Groups() store.Groups               { return groups(r) }
