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
