package enginetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/ports/cache"
	"github.com/crierhq/crier/ports/store"
)

// HoldsOnly fails the test where something that the engine remembers is changed
// in the store while the cache may remember it. It returns what to give to an
// engine instead of a cache and a store.
func HoldsOnly(t testing.TB, c cache.Cache, st store.Store) (cache.Cache, store.Store) {
	h := &held{Cache: c, t: t, groups: map[string]int{}}
	return h, heldStore{heldRepos{st, h}, st}
}

// held is a cache that knows what is held.
type held struct {
	cache.Cache
	t      testing.TB
	mu     sync.Mutex
	groups map[string]int
}

func (h *held) Hold(ctx context.Context, groups ...string) (cache.Release, error) {
	release, err := h.Cache.Hold(ctx, groups...)
	if err == nil {
		h.count(groups, 1)
	}
	var once sync.Once
	return func(ctx context.Context) error {
		once.Do(func() { h.count(groups, -1) })
		return release(ctx)
	}, err
}

func (h *held) count(groups []string, by int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range groups {
		h.groups[g] += by
	}
}

// must complains unless a group is held.
func (h *held) must(what, group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.groups[group] == 0 {
		h.t.Errorf("%s was called while the group %q was not held: its use case must make the change through recall.Memory.Change", what, group)
	}
}

type heldStore struct {
	heldRepos
	st store.Store
}

func (s heldStore) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return s.st.InTx(ctx, func(ctx context.Context, r store.Repos) error { return fn(ctx, heldRepos{r, s.held}) })
}

func (s heldStore) Ping(ctx context.Context) error { return s.st.Ping(ctx) }

type heldRepos struct {
	store.Repos
	held *held
}

func (r heldRepos) Users() store.Users { return heldUsers{r.Repos.Users(), r.held} }

func (r heldRepos) Sessions() store.Sessions { return heldSessions{r.Repos.Sessions(), r.held} }

func (r heldRepos) Members() store.Members { return heldMembers{r.Repos.Members(), r.held} }

func (r heldRepos) APIKeys() store.APIKeys { return heldKeys{r.Repos.APIKeys(), r.held} }

func (r heldRepos) Organizations() store.Organizations {
	return heldOrganizations{r.Repos.Organizations(), r.held}
}

type heldUsers struct {
	store.Users
	held *held
}

func (u heldUsers) Delete(ctx context.Context, id domain.UserID) error {
	u.held.must("Users.Delete", recall.OfUser(id))
	return u.Users.Delete(ctx, id)
}

type heldSessions struct {
	store.Sessions
	held *held
}

func (s heldSessions) Update(ctx context.Context, id domain.SessionID, change func(*domain.Session) error) (domain.Session, error) {
	return s.Sessions.Update(ctx, id, func(ses *domain.Session) error {
		was := ses.RevokedAt
		err := change(ses)
		if err == nil && !ses.RevokedAt.Equal(was) {
			s.held.must("Sessions.Update", recall.OfUser(ses.User))
		}
		return err
	})
}

func (s heldSessions) RevokeOf(ctx context.Context, user domain.UserID, except domain.SessionID, now time.Time) (int, error) {
	s.held.must("Sessions.RevokeOf", recall.OfUser(user))
	return s.Sessions.RevokeOf(ctx, user, except, now)
}

type heldMembers struct {
	store.Members
	held *held
}

func (m heldMembers) Update(ctx context.Context, org domain.OrganizationID, user domain.UserID, change func(*domain.Member) error) (domain.Member, error) {
	m.held.must("Members.Update", recall.OfOrganization(org))
	return m.Members.Update(ctx, org, user, change)
}

func (m heldMembers) Delete(ctx context.Context, org domain.OrganizationID, user domain.UserID) error {
	m.held.must("Members.Delete", recall.OfOrganization(org))
	return m.Members.Delete(ctx, org, user)
}

type heldKeys struct {
	store.APIKeys
	held *held
}

func (k heldKeys) Update(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID, change func(*domain.APIKey) error) (domain.APIKey, error) {
	return k.APIKeys.Update(ctx, org, id, func(key *domain.APIKey) error {
		used := key.UsedAt
		err := change(key)
		if err == nil && key.UsedAt.Equal(used) { // its last use is nothing that anybody is judged by
			k.held.must("APIKeys.Update", recall.OfOrganization(org))
		}
		return err
	})
}

type heldOrganizations struct {
	store.Organizations
	held *held
}

func (o heldOrganizations) Delete(ctx context.Context, id domain.OrganizationID) error {
	o.held.must("Organizations.Delete", recall.OfOrganization(id))
	return o.Organizations.Delete(ctx, id)
}
