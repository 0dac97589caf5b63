package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func identityKind() kind[domain.Identity] {
	type T = domain.Identity
	return kind[T]{
		name:   "identity",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), nil, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Identities().Insert(ctx, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Identities().BySubject(ctx, v.Issuer, v.Subject)
		},
	}
}

func identityChecks() []Check {
	return []Check{
		{"identity/a subject of an issuer is linked once", subjectOnce},
		{"identity/lists a person's, oldest first", identitiesInOrder},
		{"identity/is deleted by its owner alone", identityDeleted},
	}
}

func subjectOnce(b *bench) {
	one, two := identityKind().new(b), identityKind().new(b)
	two.Issuer, two.Subject = one.Issuer, one.Subject
	b.must(b.Identities().Insert(b, one), "insert")
	if err := b.Identities().Insert(b, two); !errors.Is(err, fault.ErrConflict) {
		b.errorf("insert for another person: got error %v, want fault.ErrConflict", err)
	}
	b.same("by subject", must2[domain.Identity](b, "BySubject")(b.Identities().BySubject(b, one.Issuer, one.Subject)), one)
	two.Issuer = "https://other.example"
	b.must(b.Identities().Insert(b, two), "insert of the same subject of another issuer")
	for _, pair := range [][2]string{{one.Subject, one.Issuer}, {one.Issuer, "x"}, {"x", one.Subject}, {one.Issuer + one.Subject, ""}} {
		if _, err := b.Identities().BySubject(b, pair[0], pair[1]); !errors.Is(err, fault.ErrNotFound) {
			b.errorf("BySubject(%q, %q): got error %v, want fault.ErrNotFound", pair[0], pair[1], err)
		}
	}

	same := identityKind().new(b)
	won := make(chan struct{}, 8)
	b.parallel(cap(won), func(i int) {
		v := same
		v.ID += domain.IdentityID(rune('a' + i))
		if err := b.Identities().Insert(b, v); err == nil {
			won <- struct{}{}
		} else if !errors.Is(err, fault.ErrConflict) {
			b.errorf("parallel insert: got error %q, want fault.ErrConflict", err)
		}
	})
	if len(won) != 1 {
		b.errorf("%d of %d parallel inserts of one subject landed, want 1", len(won), cap(won))
	}
}

func identitiesInOrder(b *bench) {
	var want []domain.Identity
	for i, id := range []domain.IdentityID{"c", "a", "b"} {
		v := identityKind().new(b)
		v.ID, v.User = id, "u"
		v.CreatedAt = at(time.Duration(min(i, 1)) * time.Microsecond) // the last two at once
		want = append(want, v)
	}
	for _, i := range []int{2, 0, 1} {
		b.must(b.Identities().Insert(b, want[i]), "insert")
	}
	b.must(b.Identities().Insert(b, identityKind().new(b)), "insert for another person")
	b.same("list", must2[[]domain.Identity](b, "OfUser")(b.Identities().OfUser(b, "u")), want)
	if got := must2[[]domain.Identity](b, "OfUser")(b.Identities().OfUser(b, "nobody")); len(got) != 0 {
		b.errorf("identities of nobody: got %d, want 0", len(got))
	}
}

func identityDeleted(b *bench) {
	v, other := identityKind().new(b), identityKind().new(b)
	v.User, other.User = "u", "u"
	b.must(b.Identities().Insert(b, v), "insert")
	b.must(b.Identities().Insert(b, other), "insert")
	if err := b.Identities().Delete(b, "somebody-else", v.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("delete by another person: got error %v, want fault.ErrNotFound", err)
	}
	b.same("after another person tried", must2[domain.Identity](b, "BySubject")(b.Identities().BySubject(b, v.Issuer, v.Subject)), v)
	b.must(b.Identities().Delete(b, "u", v.ID), "delete")
	if err := b.Identities().Delete(b, "u", v.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("second delete: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Identities().BySubject(b, v.Issuer, v.Subject); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("after a delete: got error %v, want fault.ErrNotFound", err)
	}
	b.same("what is left", must2[[]domain.Identity](b, "OfUser")(b.Identities().OfUser(b, "u")), []domain.Identity{other})
	b.must(b.Identities().Insert(b, v), "insert after a delete")
}
