package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

type auditRow struct {
	bun.BaseModel `bun:"table:crier_audit"`

	ID           string                       `bun:"id,pk"`
	Organization string                       `bun:"organization_id"`
	At           int64                        `bun:"made_at"`
	User         string                       `bun:"user_id"`
	Key          string                       `bun:"key_id"`
	Action       string                       `bun:"action"`
	Resource     string                       `bun:"resource"`
	ResourceID   string                       `bun:"resource_id"`
	Name         string                       `bun:"name"`
	Changes      object[[]domain.AuditChange] `bun:"changes"`
	Request      string                       `bun:"request_id"`
	Network      string                       `bun:"network"`
}

func (r *auditRow) set(e domain.AuditEntry) {
	*r = auditRow{
		ID: string(e.ID), Organization: string(e.Organization), At: micros(e.At), User: string(e.User), Key: string(e.Key),
		Action: e.Action, Resource: e.Resource, ResourceID: e.ResourceID, Name: e.Name,
		Changes: object[[]domain.AuditChange]{e.Changes}, Request: e.Request, Network: e.Network,
	}
}

func (r *auditRow) value() domain.AuditEntry {
	return domain.AuditEntry{
		ID: domain.AuditID(r.ID), Organization: domain.OrganizationID(r.Organization), At: instant(r.At),
		User: domain.UserID(r.User), Key: domain.APIKeyID(r.Key), Action: r.Action, Resource: r.Resource, ResourceID: r.ResourceID,
		Name: r.Name, Changes: r.Changes.of, Request: r.Request, Network: r.Network,
	}
}

type audit struct{ repos }

func (r audit) Append(ctx context.Context, entries ...domain.AuditEntry) error {
	switch len(entries) {
	case 0:
		return nil
	case 1:
		return insert[auditRow](ctx, r.repos, entries[0])
	}
	return r.joinTx(ctx, func(r repos) error {
		return r.savepoint(ctx, func() error {
			for _, e := range entries {
				if err := insert[auditRow](ctx, r, e); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (r audit) List(ctx context.Context, org domain.OrganizationID, f store.AuditFilter) ([]domain.AuditEntry, error) {
	return list[auditRow, domain.AuditEntry](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org))
		if !f.After.IsZero() {
			q = q.Where("(made_at, id) < (?, ?)", micros(f.After.At), f.After.ID)
		}
		for _, c := range []struct{ column, is string }{
			{"user_id", string(f.User)}, {"key_id", string(f.Key)}, {"action", f.Action}, {"resource", f.Resource}, {"resource_id", f.ResourceID},
		} {
			if c.is != "" {
				q = q.Where("? = ?", bun.Ident(c.column), c.is)
			}
		}
		if !f.From.IsZero() {
			q = q.Where("made_at >= ?", micros(f.From))
		}
		if !f.To.IsZero() {
			q = q.Where("made_at < ?", micros(f.To))
		}
		return q.OrderExpr("made_at DESC, id DESC").Limit(int64(f.Limit))
	})
}
