package memstore

import (
	"context"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type organizations repos

func (r organizations) Insert(ctx context.Context, o domain.Organization) error {
	return r.run(ctx, func(t *tx) error { return t.organizations.insert(t, o) })
}

func (r organizations) Get(ctx context.Context, id domain.OrganizationID) (domain.Organization, error) {
	return query(ctx, r.run, func(t *tx) (domain.Organization, error) { return t.organizations.get(string(id)) })
}

func (r organizations) Update(ctx context.Context, id domain.OrganizationID, change func(*domain.Organization) error) (domain.Organization, error) {
	return query(ctx, r.run, func(t *tx) (domain.Organization, error) {
		o, err := t.organizations.get(string(id))
		if err != nil {
			return o, err
		}
		return t.organizations.update(t, o, change, func(old domain.Organization, o *domain.Organization) {
			o.ID, o.Version = old.ID, old.Version+1
		})
	})
}

type users repos

func (r users) Insert(ctx context.Context, u domain.User) error {
	return r.run(ctx, func(t *tx) error { return t.users.insert(t, u) })
}

func (r users) Get(ctx context.Context, id domain.UserID) (domain.User, error) {
	return query(ctx, r.run, func(t *tx) (domain.User, error) { return t.users.get(string(id)) })
}

func (r users) ByEmail(ctx context.Context, email string) (domain.User, error) {
	return query(ctx, r.run, func(t *tx) (domain.User, error) {
		id, ok := t.emails.rows[email]
		if !ok {
			return domain.User{}, fault.ErrNotFound
		}
		return t.users.get(id)
	})
}

func (r users) Update(ctx context.Context, id domain.UserID, change func(*domain.User) error) (domain.User, error) {
	return query(ctx, r.run, func(t *tx) (domain.User, error) {
		u, err := t.users.get(string(id))
		if err != nil {
			return u, err
		}
		return t.users.update(t, u, change, func(old domain.User, u *domain.User) {
			u.ID, u.Version = old.ID, old.Version+1
		})
	})
}

func (r users) Count(ctx context.Context) (int, error) {
	return query(ctx, r.run, func(t *tx) (int, error) { return len(t.users.rows), nil })
}

func (r users) First(ctx context.Context) (domain.User, error) {
	return query(ctx, r.run, func(t *tx) (domain.User, error) {
		for k := range t.userList.group("") {
			return clone(t.users.rows[k.id]), nil
		}
		return domain.User{}, fault.ErrNotFound
	})
}

func (r users) Delete(ctx context.Context, id domain.UserID) error {
	return r.run(ctx, func(t *tx) error {
		if _, err := t.users.get(string(id)); err != nil {
			return err
		}
		t.users.write(t, string(id), nil)
		drop(t, t.members, func(m domain.Member) bool { return m.User == id })
		drop(t, t.sessions, func(s domain.Session) bool { return s.User == id })
		drop(t, t.secondFactors, func(f domain.SecondFactor) bool { return f.User == id })
		drop(t, t.identities, func(i domain.Identity) bool { return i.User == id })
		drop(t, t.connects, func(c store.Connect) bool { return c.User == id })
		drop(t, t.tokens, func(k domain.Token) bool { return k.Subject == string(id) })
		return nil
	})
}

type members repos

// join makes one key of several parts; no part can hold the separator.
func join(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = append(append(b, p...), 0)
	}
	return string(b)
}

func memberID(m domain.Member) string { return join(string(m.Organization), string(m.User)) }

func (r members) Insert(ctx context.Context, m domain.Member) error {
	return r.run(ctx, func(t *tx) error { return t.members.insert(t, m) })
}

func (r members) Get(ctx context.Context, org domain.OrganizationID, user domain.UserID) (domain.Member, error) {
	return query(ctx, r.run, func(t *tx) (domain.Member, error) {
		return t.members.get(memberID(domain.Member{Organization: org, User: user}))
	})
}

func (r members) OfUser(ctx context.Context, user domain.UserID) ([]domain.Member, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Member, error) {
		var out []domain.Member
		for k := range t.memberships.group(string(user)) {
			out = append(out, clone(t.members.rows[k.id]))
		}
		return out, nil
	})
}
