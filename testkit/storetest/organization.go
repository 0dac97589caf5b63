package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func organizationChecks() []Check {
	return []Check{
		{"organization/takes everything with it", organizationDelete},
		{"user/several at once", usersAtOnce},
		{"member/lists an organization", memberList},
		{"member/counts a role", memberCount},
		{"member/ends", memberDelete},
		{"member/an owner stays", ownerStays},
		{"invitation/lists the newest first", invitationList},
		{"invitation/is removed once", invitationDelete},
	}
}

func organizationDelete(b *bench) {
	type look struct {
		kind  string
		there func(store.Repos) (bool, error)
	}
	seen := map[org][]look{}
	for _, o := range []org{ours, theirs} {
		b.must(b.Organizations().Insert(b, domain.Organization{ID: o, Name: "x", CreatedAt: noon(), Version: 1}), "insert")
		for _, k := range kinds() {
			if there, ok := k.putIn(b, o); ok {
				seen[o] = append(seen[o], look{k.called(), there})
			}
		}
	}
	ses := sessionKind().new(b)
	ses.Organization = ours
	b.must(b.Sessions().Insert(b, ses), "insert session")
	b.must(b.Organizations().Delete(b, ours), "delete")
	if err := b.Organizations().Delete(b, ours); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("delete of what is gone: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Organizations().Get(b, ours); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("organization after its end: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Sessions().Get(b, ses.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("sign-in to what is gone: got error %v, want fault.ErrNotFound", err)
	}
	for o, looks := range seen {
		for _, l := range looks {
			there, err := l.there(b)
			b.must(err, "get "+l.kind)
			if there != (o == theirs) {
				b.errorf("%s of %s is there: got %t, want %t", l.kind, o, there, o == theirs)
			}
		}
	}
}

func usersAtOnce(b *bench) {
	one, two := userKind().new(b), userKind().new(b)
	b.must(b.Users().Insert(b, one), "insert")
	b.must(b.Users().Insert(b, two), "insert")
	got := must2[[]domain.User](b, "GetMany")(b.Users().GetMany(b, []domain.UserID{two.ID, "nobody", one.ID, two.ID}))
	slices.SortFunc(got, func(x, y domain.User) int { return x.CreatedAt.Compare(y.CreatedAt) })
	b.same("several", got, []domain.User{one, two})
	if got := must2[[]domain.User](b, "GetMany")(b.Users().GetMany(b, nil)); len(got) != 0 {
		b.errorf("none at once: got %d, want 0", len(got))
	}
}

func (b *bench) member(o org, user domain.UserID, role domain.Role, after time.Duration) domain.Member {
	m := domain.Member{Organization: o, User: user, Role: role, CreatedAt: at(after)}
	b.must(b.Members().Insert(b, m), "insert member")
	return m
}

func memberList(b *bench) {
	second, third := b.member(ours, "b", "user", time.Second), b.member(ours, "c", "user", time.Second)
	first := b.member(ours, "d", "owner", 0)
	b.member(theirs, "a", "owner", 0)
	want := []domain.Member{first, second, third}
	b.same("all", must2[[]domain.Member](b, "List")(b.Members().List(b, ours, store.Page{Limit: 9})), want)
	var got []domain.Member
	for p := (store.Page{Limit: 1}); len(got) < 9; {
		page := must2[[]domain.Member](b, "List")(b.Members().List(b, ours, p))
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		p.After = store.Position{At: page[0].CreatedAt, ID: string(page[0].User)}
	}
	b.same("one by one", got, want)
}

func memberCount(b *bench) {
	b.member(ours, "a", "owner", 0)
	b.member(ours, "b", "owner", 0)
	b.member(ours, "c", "user", 0)
	b.member(theirs, "c", "owner", 0)
	for role, want := range map[domain.Role]int{"owner": 2, "user": 1, "viewer": 0} {
		if got := must2[int](b, "Count")(b.Members().Count(b, ours, role)); got != want {
			b.errorf("count of %s: got %d, want %d", role, got, want)
		}
	}
}

func memberDelete(b *bench) {
	b.member(ours, "a", "owner", 0)
	b.member(theirs, "a", "owner", 0)
	b.must(b.Members().Delete(b, ours, "a"), "delete")
	if err := b.Members().Delete(b, ours, "a"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("second delete: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Members().Get(b, theirs, "a"); err != nil {
		b.errorf("membership elsewhere: got error %v, want none", err)
	}
	if got := must2[[]domain.Member](b, "OfUser")(b.Members().OfUser(b, "a")); len(got) != 1 {
		b.errorf("memberships after one ended: got %d, want 1", len(got))
	}
}

// ownerStays has all owners leave at once, each only if there is another one:
// whoever holds the organization's row is alone with its members.
func ownerStays(b *bench) {
	b.must(b.Organizations().Insert(b, domain.Organization{ID: ours, Name: "x", CreatedAt: noon(), Version: 1}), "insert")
	const n = 6
	for i := range n {
		b.member(ours, domain.UserID(rune('a'+i)), "owner", 0)
	}
	b.parallel(n, func(i int) {
		err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
			if _, err := r.Organizations().Update(ctx, ours, func(*domain.Organization) error { return nil }); err != nil {
				return err
			}
			owners, err := r.Members().Count(ctx, ours, "owner")
			if err != nil || owners < 2 {
				return err
			}
			return r.Members().Delete(ctx, ours, domain.UserID(rune('a'+i)))
		})
		if err != nil {
			b.errorf("leave: got error %v, want none", err)
		}
	})
	if got := must2[int](b, "Count")(b.Members().Count(b, ours, "owner")); got != 1 {
		b.errorf("owners after all wanted to leave: got %d, want 1", got)
	}
}

func (b *bench) invitation(o org, id domain.InvitationID, after time.Duration) domain.Invitation {
	v := domain.Invitation{ID: id, Organization: o, Role: "user", CreatedAt: at(after), ExpiresAt: at(time.Hour)}
	b.must(b.Invitations().Insert(b, o, v), "insert invitation")
	return v
}

func invitationList(b *bench) {
	one, two, three := b.invitation(ours, "a", 0), b.invitation(ours, "b", 0), b.invitation(ours, "0", time.Second)
	b.invitation(theirs, "x", time.Second)
	b.same("all", must2[[]domain.Invitation](b, "List")(b.Invitations().List(b, ours, store.Page{Limit: 9})), []domain.Invitation{three, two, one})
	page := store.Page{Limit: 1, After: store.Position{At: three.CreatedAt, ID: "0"}}
	b.same("a page", must2[[]domain.Invitation](b, "List")(b.Invitations().List(b, ours, page)), []domain.Invitation{two})
}

func invitationDelete(b *bench) {
	b.invitation(ours, "a", 0)
	if err := b.Invitations().Delete(b, theirs, "a"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("delete by another tenant: got error %v, want fault.ErrNotFound", err)
	}
	won := make(chan struct{}, 8)
	b.parallel(cap(won), func(int) {
		if err := b.Invitations().Delete(b, ours, "a"); err == nil {
			won <- struct{}{}
		} else if !errors.Is(err, fault.ErrNotFound) {
			b.errorf("parallel delete: got error %v, want fault.ErrNotFound", err)
		}
	})
	if len(won) != 1 {
		b.errorf("%d of %d parallel deletes won, want 1", len(won), cap(won))
	}
}
