package memstore

import (
	"context"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func (r organizations) Delete(ctx context.Context, id domain.OrganizationID) error {
	return r.run(ctx, func(t *tx) error {
		if _, err := t.organizations.get(string(id)); err != nil {
			return err
		}
		t.organizations.write(t, string(id), nil)
		purge(t, t.members, id)
		purge(t, t.invitations, id)
		purge(t, t.attempts, id)
		purge(t, t.deliveries, id)
		purge(t, t.posts, id)
		for _, c := range t.channels.rows {
			if c.Organization == id {
				t.lanes.write(t, string(c.ID), nil)
			}
		}
		purge(t, t.channels, id)
		purge(t, t.media, id)
		purge(t, t.events, id)
		purge(t, t.jobs, id)
		purge(t, t.apiKeys, id)
		purge(t, t.replays, id)
		purge(t, t.audit, id)
		purge(t, t.groups, id)
		drop(t, t.sessions, func(s domain.Session) bool { return s.Organization == id })
		drop(t, t.connects, func(c store.Connect) bool { return c.Organization == id })
		return nil
	})
}

// purge removes the rows of an organization.
func purge[V any](t *tx, tb *table[V], org domain.OrganizationID) {
	drop(t, tb, func(v V) bool { return tb.org(v) == org })
}

// drop removes the rows that are unwanted.
func drop[V any](t *tx, tb *table[V], unwanted func(V) bool) {
	for id, v := range tb.rows {
		if unwanted(v) {
			tb.write(t, id, nil)
		}
	}
}

func (r users) GetMany(ctx context.Context, ids []domain.UserID) ([]domain.User, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.User, error) {
		var out []domain.User
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			if u, err := t.users.get(string(id)); err == nil {
				out = append(out, u)
			}
		}
		return out, nil
	})
}

func (r members) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Member, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Member, error) {
		var out []domain.Member
		start := behind(org, p)
		for k := range t.memberList.up(start) {
			if k.group != string(org) || len(out) >= p.Limit {
				break
			}
			if k != start {
				out = append(out, clone(t.members.rows[join(string(org), k.id)]))
			}
		}
		return out, nil
	})
}

func (r members) Count(ctx context.Context, org domain.OrganizationID, role domain.Role) (int, error) {
	return query(ctx, r.run, func(t *tx) (int, error) {
		n := 0
		for _, m := range t.members.rows {
			if m.Organization == org && m.Role == role {
				n++
			}
		}
		return n, nil
	})
}

func (r members) Update(ctx context.Context, org domain.OrganizationID, user domain.UserID, change func(*domain.Member) error) (domain.Member, error) {
	return query(ctx, r.run, func(t *tx) (domain.Member, error) {
		m, err := t.members.get(join(string(org), string(user)))
		if err != nil {
			return m, err
		}
		return t.members.update(t, m, change, func(old domain.Member, m *domain.Member) {
			m.Organization, m.User = old.Organization, old.User
		})
	})
}

func (r members) Delete(ctx context.Context, org domain.OrganizationID, user domain.UserID) error {
	return r.run(ctx, func(t *tx) error {
		m, err := t.members.get(join(string(org), string(user)))
		if err == nil {
			t.members.write(t, memberID(m), nil)
		}
		return err
	})
}

type invitations repos

func (r invitations) Insert(ctx context.Context, org domain.OrganizationID, v domain.Invitation) error {
	return r.run(ctx, func(t *tx) error { return t.invitations.insertIn(t, org, v) })
}

func (r invitations) Get(ctx context.Context, org domain.OrganizationID, id domain.InvitationID) (domain.Invitation, error) {
	return query(ctx, r.run, func(t *tx) (domain.Invitation, error) { return t.invitations.getIn(org, string(id)) })
}

func (r invitations) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Invitation, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Invitation, error) {
		var out []domain.Invitation
		for k := range t.inviteList.down(before(string(org), p.After)) {
			if k.group != string(org) || len(out) >= p.Limit {
				break
			}
			out = append(out, clone(t.invitations.rows[k.id]))
		}
		return out, nil
	})
}

func (r invitations) Delete(ctx context.Context, org domain.OrganizationID, id domain.InvitationID) error {
	return r.run(ctx, func(t *tx) error {
		_, err := t.invitations.getIn(org, string(id))
		if err == nil {
			t.invitations.write(t, string(id), nil)
		}
		return err
	})
}
