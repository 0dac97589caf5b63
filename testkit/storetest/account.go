package storetest

import (
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func accountChecks() []Check {
	return []Check{
		{"user/an address is taken once", emailUnique},
		{"user/is found by address and counted", userLookup},
		{"user/the first one is known", firstUser},
		{"user/takes what is theirs alone along", userDelete},
		{"member/belongs once", memberOnce},
		{"member/lists the oldest first", membersInOrder},
	}
}

func emailUnique(b *bench) {
	one, two := userKind().new(b), userKind().new(b)
	two.Email = one.Email
	b.must(b.Users().Insert(b, one), "insert")
	if err := b.Users().Insert(b, two); !errors.Is(err, fault.ErrConflict) {
		b.errorf("insert with an address that is taken: got error %v, want fault.ErrConflict", err)
	}
	two.Email = "free@example.org"
	b.must(b.Users().Insert(b, two), "insert")
	_, err := b.Users().Update(b, two.ID, func(u *domain.User) error { u.Email = one.Email; return nil })
	if !errors.Is(err, fault.ErrConflict) {
		b.errorf("update to an address that is taken: got error %v, want fault.ErrConflict", err)
	}
	b.same("user after a refused update", must2[domain.User](b, "get")(b.Users().Get(b, two.ID)), two)

	same := userKind().new(b)
	same.Email = "race@example.org"
	won := make(chan struct{}, 8)
	b.parallel(cap(won), func(i int) {
		u := same
		u.ID += domain.UserID(rune('a' + i))
		if err := b.Users().Insert(b, u); err == nil {
			won <- struct{}{}
		} else if !errors.Is(err, fault.ErrConflict) {
			b.errorf("parallel insert: got error %q, want fault.ErrConflict", err)
		}
	})
	if len(won) != 1 {
		b.errorf("%d of %d parallel inserts with one address landed, want 1", len(won), cap(won))
	}
}

func userLookup(b *bench) {
	if n := must2[int](b, "count")(b.Users().Count(b)); n != 0 {
		b.errorf("count of an empty store: got %d, want 0", n)
	}
	one, two := userKind().new(b), userKind().new(b)
	b.must(b.Users().Insert(b, one), "insert")
	b.must(b.Users().Insert(b, two), "insert")
	if n := must2[int](b, "count")(b.Users().Count(b)); n != 2 {
		b.errorf("count: got %d, want 2", n)
	}
	b.same("by address", must2[domain.User](b, "ByEmail")(b.Users().ByEmail(b, two.Email)), two)
	if _, err := b.Users().ByEmail(b, "nobody@example.org"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("unknown address: got error %v, want fault.ErrNotFound", err)
	}
	_, err := b.Users().Update(b, two.ID, func(u *domain.User) error { u.Email = "new@example.org"; return nil })
	b.must(err, "update")
	if _, err := b.Users().ByEmail(b, two.Email); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("address that was given up: got error %v, want fault.ErrNotFound", err)
	}
	if got := must2[domain.User](b, "ByEmail")(b.Users().ByEmail(b, "new@example.org")); got.ID != two.ID {
		b.errorf("by the new address: got %s, want %s", got.ID, two.ID)
	}
}

func firstUser(b *bench) {
	if _, err := b.Users().First(b); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("first of nobody: got error %v, want fault.ErrNotFound", err)
	}
	for i, after := range []time.Duration{time.Microsecond, time.Hour, 0, 0} {
		u := userKind().new(b)
		u.CreatedAt = at(after)
		u.ID = domain.UserID([]string{"a", "b", "c", "d"}[i])
		b.must(b.Users().Insert(b, u), "insert")
	}
	if got := must2[domain.User](b, "First")(b.Users().First(b)); got.ID != "c" {
		b.errorf("first: got %s, want c, who came first", got.ID)
	}
}

func userDelete(b *bench) {
	gone, stays := userKind().new(b), userKind().new(b)
	looks := map[domain.UserID]map[string]func() error{}
	for _, u := range []domain.User{gone, stays} {
		b.must(b.Users().Insert(b, u), "insert")
		b.member(ours, u.ID, domain.RoleUser, 0)
		looks[u.ID] = theirOwn(b, u.ID)
	}
	b.must(b.Users().Delete(b, gone.ID), "delete")
	if err := b.Users().Delete(b, gone.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("delete of who is gone: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Users().ByEmail(b, gone.Email); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("address of who is gone: got error %v, want fault.ErrNotFound", err)
	}
	for name, there := range looks[gone.ID] {
		if err := there(); !errors.Is(err, fault.ErrNotFound) {
			b.errorf("%s of who is gone: got error %v, want fault.ErrNotFound", name, err)
		}
	}
	for name, there := range looks[stays.ID] {
		if err := there(); err != nil {
			b.errorf("%s of somebody else: got error %v, want none", name, err)
		}
	}
	again := gone
	again.ID += "-again"
	b.must(b.Users().Insert(b, again), "insert with an address that is free again")
}

// theirOwn makes one row of each kind that belongs to a person, and returns how
// to look for it.
func theirOwn(b *bench, user domain.UserID) map[string]func() error {
	ses, tok, way, flow := sessionKind().new(b), tokenKind().new(b), identityKind().new(b), connectKind().new(b)
	ses.User, tok.Subject, way.User, flow.User = user, string(user), user, user
	b.must(b.Sessions().Insert(b, ses), "insert sign-in")
	b.must(b.Tokens().Insert(b, tok), "insert token")
	b.must(b.Identities().Insert(b, way), "insert identity")
	b.must(b.Connects().Insert(b, flow), "insert connect flow")
	b.must(b.SecondFactors().Insert(b, domain.SecondFactor{User: user, Sealed: "x", CreatedAt: noon(), Version: 1}), "insert second factor")
	return map[string]func() error{
		"user":          func() error { _, err := b.Users().Get(b, user); return err },
		"membership":    func() error { _, err := b.Members().Get(b, ours, user); return err },
		"sign-in":       func() error { _, err := b.Sessions().Get(b, ses.ID); return err },
		"token":         func() error { _, err := b.Tokens().Get(b, tok.Hash, tok.Purpose, tok.CreatedAt); return err },
		"identity":      func() error { _, err := b.Identities().BySubject(b, way.Issuer, way.Subject); return err },
		"connect flow":  func() error { _, err := b.Connects().Take(b, flow.StateHash, noon()); return err },
		"second factor": func() error { _, err := b.SecondFactors().Get(b, user); return err },
	}
}

func memberOnce(b *bench) {
	m := memberKind().new(b)
	b.must(b.Members().Insert(b, m), "insert")
	again := m
	again.Role = domain.RoleViewer
	if err := b.Members().Insert(b, again); !errors.Is(err, fault.ErrConflict) {
		b.errorf("second membership: got error %v, want fault.ErrConflict", err)
	}
	b.same("member", must2[domain.Member](b, "get")(b.Members().Get(b, m.Organization, m.User)), m)
	again.Organization = theirs
	b.must(b.Members().Insert(b, again), "insert into another organization")
}

func membersInOrder(b *bench) {
	var want []domain.Member
	for i, o := range []org{"org-b", "org-c", "org-a"} {
		want = append(want, domain.Member{Organization: o, User: "u", Role: domain.RoleUser, CreatedAt: at(time.Duration(i) * time.Microsecond)})
	}
	for _, i := range []int{2, 0, 1} {
		b.must(b.Members().Insert(b, want[i]), "insert")
	}
	b.must(b.Members().Insert(b, domain.Member{Organization: "org-b", User: "other", CreatedAt: noon()}), "insert")
	b.same("memberships", must2[[]domain.Member](b, "OfUser")(b.Members().OfUser(b, "u")), want)
	if got := must2[[]domain.Member](b, "OfUser")(b.Members().OfUser(b, "nobody")); len(got) != 0 {
		b.errorf("memberships of nobody: got %d, want 0", len(got))
	}
}
