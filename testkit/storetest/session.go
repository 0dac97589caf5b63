package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func secondFactorKind() kind[domain.SecondFactor] {
	type T = domain.SecondFactor
	return kind[T]{
		name:   "second factor",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.User), nil, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.SecondFactors().Insert(ctx, v) },
		get:    func(ctx context.Context, r store.Repos, v T) (T, error) { return r.SecondFactors().Get(ctx, v.User) },
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.SecondFactors().Update(ctx, v.User, change)
		},
		counter: func(v *T) *string { return &v.Sealed },
	}
}

func sessionChecks() []Check {
	return []Check{
		{"session/names the member while it lives", sessionMember},
		{"session/lists those of a person that live", sessionsOfUser},
		{"session/all but one are revoked", sessionsRevoked},
		{"session/purge removes what ended", sessionsPurge},
		{"strikes/begin at nothing and keep every field", strikesBegin},
		{"strikes/parallel updates all land", strikesParallel},
		{"strikes/update with an error changes nothing", strikesFail},
		{"strikes/are forgotten", strikesForgotten},
		{"second factor/is deleted", secondFactorDeleted},
	}
}

// signedIn stores a session of user that lives for an hour from noon on.
func (b *bench) signedIn(user domain.UserID, change func(*domain.Session)) domain.Session {
	s := sessionKind().new(b)
	s.User, s.ExpiresAt, s.RevokedAt = user, at(time.Hour), time.Time{}
	if change != nil {
		change(&s)
	}
	b.must(b.Sessions().Insert(b, s), "insert")
	return s
}

func sessionMember(b *bench) {
	for _, m := range []domain.Member{{Organization: ours, User: "ann"}, {Organization: theirs, User: "ann"}, {Organization: theirs, User: "bob"}} {
		m.Role, m.CreatedAt = domain.RoleUser, noon()
		b.must(b.Members().Insert(b, m), "insert")
	}
	s := b.signedIn("ann", nil)
	revoked := b.signedIn("ann", func(s *domain.Session) { s.RevokedAt = noon() })
	for _, o := range []org{ours, theirs} {
		got := must2[domain.Member](b, "Member")(b.Sessions().Member(b, s.ID, "ann", o, noon()))
		b.same("member", got, domain.Member{Organization: o, User: "ann", Role: domain.RoleUser, CreatedAt: noon()})
	}
	for what, ask := range map[string]func() (domain.Member, error){
		"of no session":        func() (domain.Member, error) { return b.Sessions().Member(b, "none", "ann", ours, noon()) },
		"of another person":    func() (domain.Member, error) { return b.Sessions().Member(b, s.ID, "bob", theirs, noon()) },
		"of a stranger":        func() (domain.Member, error) { return b.Sessions().Member(b, s.ID, "ann", "org-none", noon()) },
		"of a revoked session": func() (domain.Member, error) { return b.Sessions().Member(b, revoked.ID, "ann", ours, noon()) },
		"at the end":           func() (domain.Member, error) { return b.Sessions().Member(b, s.ID, "ann", ours, at(time.Hour)) },
	} {
		if _, err := ask(); !errors.Is(err, fault.ErrNotFound) {
			b.errorf("member %s: got error %v, want fault.ErrNotFound", what, err)
		}
	}
}

func sessionsOfUser(b *bench) {
	var want []domain.Session
	for i, used := range []time.Duration{time.Minute, 0, 0} {
		want = append(want, b.signedIn("ann", func(s *domain.Session) {
			s.ID, s.LastUsedAt = domain.SessionID([]string{"c", "a", "b"}[i]), at(used)
		}))
	}
	b.signedIn("bob", nil)
	b.signedIn("ann", func(s *domain.Session) { s.RevokedAt = noon() })
	b.signedIn("ann", func(s *domain.Session) { s.ExpiresAt = noon() })
	b.same("sessions", must2[[]domain.Session](b, "OfUser")(b.Sessions().OfUser(b, "ann", noon())), want)
}

func sessionsRevoked(b *bench) {
	keep, one, two := b.signedIn("ann", nil), b.signedIn("ann", nil), b.signedIn("ann", nil)
	bob := b.signedIn("bob", nil)
	before := b.signedIn("ann", func(s *domain.Session) { s.RevokedAt = at(-time.Hour) })
	ended := b.signedIn("ann", func(s *domain.Session) { s.ExpiresAt = noon() })
	if n := must2[int](b, "RevokeOf")(b.Sessions().RevokeOf(b, "ann", keep.ID, noon())); n != 2 {
		b.errorf("got %d revoked, want 2", n)
	}
	one.RevokedAt, two.RevokedAt = noon(), noon()
	one.Version, two.Version = one.Version+1, two.Version+1
	for what, want := range map[string]domain.Session{
		"the one that is spared": keep, "the first": one, "the second": two, "somebody else's": bob,
		"one that was revoked before": before, "one that has ended": ended,
	} {
		b.same(what, must2[domain.Session](b, "get")(b.Sessions().Get(b, want.ID)), want)
	}
	if n := must2[int](b, "RevokeOf")(b.Sessions().RevokeOf(b, "ann", "", noon())); n != 1 {
		b.errorf("got %d revoked where none is spared, want the last", n)
	}
}

func sessionsPurge(b *bench) {
	living := b.signedIn("ann", nil)
	ended := b.signedIn("ann", func(s *domain.Session) { s.ExpiresAt = noon() })
	b.must(b.Sessions().Purge(b, noon()), "purge")
	b.same("what lives", must2[domain.Session](b, "get")(b.Sessions().Get(b, living.ID)), living)
	if _, err := b.Sessions().Get(b, ended.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("what ended: got error %v, want fault.ErrNotFound", err)
	}
}

func strikesBegin(b *bench) {
	var want domain.Strikes
	fill(&want, b.next())
	want.Key = "key"
	_, err := b.Strikes().Update(b, "key", func(s *domain.Strikes) error {
		b.same("what is not there", *s, domain.Strikes{Key: "key"})
		*s = want
		s.Key = "another"
		return nil
	})
	b.must(err, "update")
	got := must2[domain.Strikes](b, "update")(b.Strikes().Update(b, "key", func(*domain.Strikes) error { return nil }))
	b.same("after two updates", got, want)
}

func strikesParallel(b *bench) {
	const n = 20
	b.parallel(n, func(int) {
		_, err := b.Strikes().Update(b, "key", func(s *domain.Strikes) error { s.Count++; return nil })
		if err != nil {
			b.errorf("parallel update: got error %q, want none", err)
		}
	})
	got := must2[domain.Strikes](b, "update")(b.Strikes().Update(b, "key", func(*domain.Strikes) error { return nil }))
	if got.Count != n {
		b.errorf("%d of %d updates landed", got.Count, n)
	}
}

func strikesFail(b *bench) {
	count := func(s *domain.Strikes) error { s.Count++; return nil }
	must2[domain.Strikes](b, "update")(b.Strikes().Update(b, "old", count))
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) error {
		for _, key := range []string{"old", "new"} {
			_, err := r.Strikes().Update(ctx, key, func(s *domain.Strikes) error { s.Count = 100; return errWanted })
			if !errors.Is(err, errWanted) {
				b.errorf("%s: got error %v, want that of change", key, err)
			}
		}
		return nil
	}), "transaction")
	for key, want := range map[string]int{"old": 2, "new": 1} {
		if got := must2[domain.Strikes](b, "update")(b.Strikes().Update(b, key, count)); got.Count != want {
			b.errorf("%s: got %d, want %d", key, got.Count, want)
		}
	}
}

func strikesForgotten(b *bench) {
	for key, when := range map[string]time.Time{"old": noon(), "deleted": at(time.Hour), "kept": at(time.Microsecond)} {
		_, err := b.Strikes().Update(b, key, func(s *domain.Strikes) error { s.Count, s.LastAt = 7, when; return nil })
		b.must(err, "update")
	}
	b.must(b.Strikes().Delete(b, "deleted"), "delete")
	b.must(b.Strikes().Delete(b, "deleted"), "second delete")
	b.must(b.Strikes().Purge(b, noon()), "purge")
	for key, want := range map[string]int{"old": 0, "deleted": 0, "kept": 7} {
		got := must2[domain.Strikes](b, "update")(b.Strikes().Update(b, key, func(*domain.Strikes) error { return nil }))
		if got.Count != want {
			b.errorf("%s: got %d, want %d", key, got.Count, want)
		}
	}
}

func secondFactorDeleted(b *bench) {
	f, other := secondFactorKind().new(b), secondFactorKind().new(b)
	b.must(b.SecondFactors().Insert(b, f), "insert")
	b.must(b.SecondFactors().Insert(b, other), "insert")
	b.must(b.SecondFactors().Delete(b, f.User), "delete")
	b.must(b.SecondFactors().Delete(b, f.User), "second delete")
	if _, err := b.SecondFactors().Get(b, f.User); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("after a delete: got error %v, want fault.ErrNotFound", err)
	}
	b.same("another person's", must2[domain.SecondFactor](b, "get")(b.SecondFactors().Get(b, other.User)), other)
}
