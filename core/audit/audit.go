// Package audit keeps the log of who did what to what. Use cases append to it in
// the transaction that makes the change, so that there is an entry if and only
// if the change was kept.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// Config is what the log needs. All fields are required.
type Config struct {
	Store  store.Store
	Access *access.Checker
	Now    func() time.Time
	NewID  func() string
}

// Log writes and reads the audit log.
type Log struct{ cfg Config }

// New returns a Log.
func New(cfg Config) *Log { return &Log{cfg: cfg} }

// Entry is what was done; who did it and when is added by Append.
type Entry struct {
	// Action is what was done, such as "channel.connected". Actions are stored
	// and filtered by, so they never change their meaning.
	Action string
	// Resource is the kind of what it was done to, ID which one, and Name what
	// people call it.
	Resource, ID, Name string
	// Changes are the values that became others. They must not hold a secret.
	Changes []domain.AuditChange
}

// Append writes entries, done by a in its organization, into the transaction of
// r.
func (l *Log) Append(ctx context.Context, r store.Repos, a domain.Actor, entries ...Entry) error {
	out := make([]domain.AuditEntry, len(entries))
	for i, e := range entries {
		out[i] = domain.AuditEntry{
			ID: domain.AuditID(l.cfg.NewID()), Organization: a.Organization, At: domain.Instant(l.cfg.Now()), User: a.User, Key: a.Key,
			Action: e.Action, Resource: e.Resource, ResourceID: e.ID, Name: e.Name, Changes: e.Changes,
			Request: a.Origin.Request, Network: a.Origin.Network,
		}
	}
	if err := r.Audit().Append(ctx, out...); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// List returns the entries of the actor's organization that match, the newest
// first.
func (l *Log) List(ctx context.Context, a domain.Actor, f store.AuditFilter) ([]domain.AuditEntry, error) {
	if err := l.cfg.Access.Check(a, permit.Audit, permit.Read); err != nil {
		return nil, err
	}
	out, err := l.cfg.Store.Audit().List(ctx, a.Organization, f)
	if err != nil {
		return nil, fmt.Errorf("list audit entries: %w", err)
	}
	return out, nil
}

// Changes lists the fields whose values differ. fields are triples: the name,
// what it was, and what it is now.
func Changes(fields ...[3]string) []domain.AuditChange {
	var out []domain.AuditChange
	for _, f := range fields {
		if f[1] != f[2] {
			out = append(out, domain.AuditChange{Field: f[0], Before: f[1], After: f[2]})
		}
	}
	return out
}
