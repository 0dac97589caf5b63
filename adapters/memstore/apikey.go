package memstore

import (
	"context"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type apiKeys repos

func (r apiKeys) Insert(ctx context.Context, org domain.OrganizationID, k domain.APIKey) error {
	return r.run(ctx, func(t *tx) error { return t.apiKeys.insertIn(t, org, k) })
}

func (r apiKeys) Get(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID) (domain.APIKey, error) {
	return query(ctx, r.run, func(t *tx) (domain.APIKey, error) { return t.apiKeys.getIn(org, string(id)) })
}

func (r apiKeys) ByHash(ctx context.Context, hash string) (domain.APIKey, error) {
	return query(ctx, r.run, func(t *tx) (domain.APIKey, error) {
		id, ok := t.keyHashes.rows[hash]
		if !ok {
			return domain.APIKey{}, fault.ErrNotFound
		}
		return t.apiKeys.get(id)
	})
}

func (r apiKeys) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.APIKey, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.APIKey, error) {
		var out []domain.APIKey
		for k := range t.keyList.down(before(string(org), p.After)) {
			if k.group != string(org) || len(out) >= p.Limit {
				break
			}
			out = append(out, clone(t.apiKeys.rows[k.id]))
		}
		return out, nil
	})
}

func (r apiKeys) Update(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID, change func(*domain.APIKey) error) (domain.APIKey, error) {
	return query(ctx, r.run, func(t *tx) (domain.APIKey, error) {
		k, err := t.apiKeys.getIn(org, string(id))
		if err != nil {
			return k, err
		}
		return t.apiKeys.update(t, k, change, func(old domain.APIKey, k *domain.APIKey) {
			k.ID, k.Organization, k.Version = old.ID, old.Organization, old.Version+1
		})
	})
}

type audit repos

func (r audit) Append(ctx context.Context, entries ...domain.AuditEntry) error {
	return r.run(ctx, func(t *tx) error {
		return t.atomically(func() error {
			for _, e := range entries {
				if err := t.audit.insert(t, e); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (r audit) List(ctx context.Context, org domain.OrganizationID, f store.AuditFilter) ([]domain.AuditEntry, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.AuditEntry, error) {
		var out []domain.AuditEntry
		for k := range t.auditList.down(before(string(org), f.After)) {
			if k.group != string(org) || len(out) >= f.Limit {
				break
			}
			if e := t.audit.rows[k.id]; audited(e, f) {
				out = append(out, clone(e))
			}
		}
		return out, nil
	})
}

func audited(e domain.AuditEntry, f store.AuditFilter) bool {
	return free(f.User, e.User) && free(f.Key, e.Key) &&
		free(f.Action, e.Action) && free(f.Resource, e.Resource) && free(f.ResourceID, e.ResourceID) &&
		(f.From.IsZero() || !e.At.Before(domain.Instant(f.From))) && (f.To.IsZero() || e.At.Before(domain.Instant(f.To)))
}

type groups repos

func (r groups) Insert(ctx context.Context, org domain.OrganizationID, g domain.Group) error {
	return r.run(ctx, func(t *tx) error { return t.groups.insertIn(t, org, g) })
}

func (r groups) Get(ctx context.Context, org domain.OrganizationID, id domain.GroupID) (domain.Group, error) {
	return query(ctx, r.run, func(t *tx) (domain.Group, error) { return t.groups.getIn(org, string(id)) })
}

func (r groups) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Group, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Group, error) {
		var out []domain.Group
		start := behind(org, p)
		for k := range t.groupList.up(start) {
			if k.group != string(org) || len(out) >= p.Limit {
				break
			}
			if k != start {
				out = append(out, clone(t.groups.rows[k.id]))
			}
		}
		return out, nil
	})
}

func (r groups) Update(ctx context.Context, org domain.OrganizationID, id domain.GroupID, change func(*domain.Group) error) (domain.Group, error) {
	return query(ctx, r.run, func(t *tx) (domain.Group, error) {
		g, err := t.groups.getIn(org, string(id))
		if err != nil {
			return g, err
		}
		return t.groups.update(t, g, change, func(old domain.Group, g *domain.Group) {
			g.ID, g.Organization, g.Version = old.ID, old.Organization, old.Version+1
		})
	})
}

func (r groups) Delete(ctx context.Context, org domain.OrganizationID, id domain.GroupID) error {
	return r.run(ctx, func(t *tx) error {
		if _, err := t.groups.getIn(org, string(id)); err != nil {
			return err
		}
		for _, c := range t.channels.rows {
			if c.Organization == org && c.Group == id {
				c = clone(c)
				c.Group = ""
				t.channels.write(t, string(c.ID), &c)
			}
		}
		t.groups.write(t, string(id), nil)
		return nil
	})
}
