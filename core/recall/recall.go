// Package recall remembers what was read of the store, and sees to it that nobody
// is told what a write has changed. Use cases read with Read what every request
// asks, and make with Change what changes it.
package recall

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/cache"
)

// Config is what a Memory needs. All but Cache and WriteOnly is required.
type Config struct {
	// Cache keeps the values. Nil: nothing is remembered.
	Cache cache.Cache
	// WriteOnly says that nothing is read from the Cache: it is kept right for
	// others who do.
	WriteOnly bool
	Log       *slog.Logger
	Now       func() time.Time
	// Sleep waits for d.
	Sleep func(ctx context.Context, d time.Duration) bool
}

const (
	// rest is how long a cache is left alone that did not answer a reader, so that
	// not every request waits for it.
	rest = time.Second
	// again is the time between two tries to have a cache forget something.
	again = time.Second
)

// Memory is a cache in front of a store. It is safe for concurrent use.
type Memory struct {
	cfg Config
	// joined says that what Change does is committed by somebody else, later.
	joined bool

	mu     sync.Mutex
	broken bool
	until  time.Time // when a broken cache is tried again
}

// New returns a Memory.
func New(cfg Config) *Memory { return &Memory{cfg: cfg} }

// Joined is a Memory for use cases whose writes are part of a transaction that
// somebody else commits. It reads nothing, for others must not see what may
// still be undone, and what it changes is not remembered until cache.HoldFor is
// over.
func (m *Memory) Joined() *Memory {
	cfg := m.cfg
	cfg.WriteOnly = true
	return &Memory{cfg: cfg, joined: true}
}

// Reads reports whether Read can know anything without asking the store.
func (m *Memory) Reads() bool { return m.cfg.Cache != nil && !m.cfg.WriteOnly }

// OfUser names the group of what is read of a person: their sign-ins.
func OfUser(id domain.UserID) string { return "user/" + string(id) }

// OfOrganization names the group of what is read of an organization: its members
// and their roles, and its API keys.
func OfOrganization(id domain.OrganizationID) string { return "organization/" + string(id) }

// Session names a sign-in of a person, which was not ended: the time.Time when it
// ends by itself.
func Session(user domain.UserID, id domain.SessionID) cache.Key {
	return cache.Key{Group: OfUser(user), Name: "session/" + string(id)}
}

// Role names what a member may do in an organization: a domain.Role.
func Role(org domain.OrganizationID, user domain.UserID) cache.Key {
	return cache.Key{Group: OfOrganization(org), Name: "role/" + string(user)}
}

// APIKey names an API key.
func APIKey(org domain.OrganizationID, id domain.APIKeyID) cache.Key {
	return cache.Key{Group: OfOrganization(org), Name: "key/" + string(id)}
}

// Secret names the API key whose secret has, or had, a hash. It tells nothing but
// which key that is: the key itself says whether the hash is good.
func Secret(hash string) cache.Key { return cache.Key{Group: "secret/" + hash} }

// Question asks for one value.
type Question struct {
	key  cache.Key
	load func(ctx context.Context) ([]byte, error)
	take func(value []byte) error
}

// Ask has Read set into to the value of a key. load reads it from the store. Only
// what it returns without an error is remembered; T is kept as JSON. What ends by
// itself must be judged by whoever asks, at the time when they do.
func Ask[T any](k cache.Key, into *T, load func(ctx context.Context) (T, error)) Question {
	return Question{
		key: k,
		load: func(ctx context.Context) ([]byte, error) {
			var err error
			if *into, err = load(ctx); err != nil {
				return nil, err
			}
			return json.Marshal(*into)
		},
		take: func(value []byte) error { return json.Unmarshal(value, into) },
	}
}

// Read answers the questions from the cache, and from the store what that does not
// know. It returns the first error of a load as it is. A cache that does not
// answer is no error.
func (m *Memory) Read(ctx context.Context, questions ...Question) error {
	known := m.get(ctx, questions)
	for i, q := range questions {
		if known[i].Found && q.take(known[i].Value) == nil {
			continue
		}
		value, err := q.load(ctx)
		if err != nil {
			return err
		}
		if known[i].Lease == "" {
			continue
		}
		m.heard(ctx, m.cfg.Cache.Put(ctx, q.key, known[i].Lease, value))
	}
	return nil
}

// get returns what the cache knows, which may be nothing.
func (m *Memory) get(ctx context.Context, questions []Question) []cache.Entry {
	nothing := make([]cache.Entry, len(questions))
	if !m.Reads() || m.resting() {
		return nothing
	}
	keys := make([]cache.Key, len(questions))
	for i, q := range questions {
		keys[i] = q.key
	}
	known, err := m.cfg.Cache.Get(ctx, keys...)
	if m.heard(ctx, err); err != nil {
		return nothing
	}
	return known
}

// resting reports whether the cache is left alone now. Of the readers after a
// rest one tries, and the others go on without.
func (m *Memory) resting() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.broken {
		return false
	}
	now := m.cfg.Now()
	if now.Before(m.until) {
		return true
	}
	m.until = now.Add(rest)
	return false
}

// heard takes note of how a reader fared, and says what is new.
func (m *Memory) heard(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return // the caller is gone, which says nothing of the cache
	}
	m.mu.Lock()
	was := m.broken
	if m.broken = err != nil; m.broken {
		m.until = m.cfg.Now().Add(rest)
	}
	m.mu.Unlock()
	switch {
	case err != nil && !was:
		m.cfg.Log.WarnContext(ctx, "the cache does not answer; everything is read from the store until it does", "error", err)
	case err == nil && was:
		m.cfg.Log.InfoContext(ctx, "the cache answers again")
	}
}

// Change runs do, which changes in a transaction what the values of the groups
// are read from. Once Change has returned, nobody is told what was there before,
// whatever do returned: where the cache cannot be reached, it waits until
// everything that might be remembered is too old. The error is that of do; where
// somebody else commits (see Joined) it can be Unavailable "cache_unavailable",
// and then do has not run.
func (m *Memory) Change(ctx context.Context, do func(ctx context.Context) error, groups ...string) error {
	if m.cfg.Cache == nil {
		return do(ctx)
	}
	release, err := m.cfg.Cache.Hold(ctx, groups...)
	if m.joined {
		if err != nil {
			return &fault.Error{
				Kind: fault.Unavailable, Code: "cache_unavailable", Err: err,
				Message: "Who may do what cannot be changed just now, because not everybody could be told. Try it again in a moment.",
			}
		}
		return do(ctx)
	}
	// The change stands even if whoever asked for it is gone.
	defer m.letGo(context.WithoutCancel(ctx), release)
	return do(ctx)
}

func (m *Memory) letGo(ctx context.Context, release cache.Release) {
	for left := m.cfg.Cache.Life(); ; left -= again {
		err := release(ctx)
		switch {
		case err == nil:
			return
		case left <= 0:
			m.cfg.Log.WarnContext(ctx, "the cache did not answer to forget what was changed, so that was waited for until it was too old to be told", "error", err)
			return
		}
		m.cfg.Sleep(ctx, min(left, again))
	}
}
