package memstore

import (
	"context"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type identities repos

func (d *data) waysIn() {
	d.identities = newTable(func(i domain.Identity) string { return string(i.ID) }, nil)
	d.subjects = d.identities.unique(func(i domain.Identity) string { return join(i.Issuer, i.Subject) })
	d.identityList = d.identities.order(func(i domain.Identity) (key, bool) {
		return key{string(i.User), micros(i.CreatedAt), string(i.ID)}, true
	})
}

func (r identities) Insert(ctx context.Context, i domain.Identity) error {
	return r.run(ctx, func(t *tx) error { return t.identities.insert(t, i) })
}

func (r identities) BySubject(ctx context.Context, issuer, subject string) (domain.Identity, error) {
	return query(ctx, r.run, func(t *tx) (domain.Identity, error) {
		id, ok := t.subjects.rows[join(issuer, subject)]
		if !ok {
			return domain.Identity{}, fault.ErrNotFound
		}
		return t.identities.get(id)
	})
}

func (r identities) OfUser(ctx context.Context, user domain.UserID) ([]domain.Identity, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Identity, error) {
		var out []domain.Identity
		for k := range t.identityList.group(string(user)) {
			out = append(out, clone(t.identities.rows[k.id]))
		}
		return out, nil
	})
}

func (r identities) Delete(ctx context.Context, user domain.UserID, id domain.IdentityID) error {
	return r.run(ctx, func(t *tx) error {
		if i, ok := t.identities.rows[string(id)]; !ok || i.User != user {
			return fault.ErrNotFound
		}
		t.identities.write(t, string(id), nil)
		return nil
	})
}
