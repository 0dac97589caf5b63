package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// tenantTables are the tables whose rows belong to an organization. Their
// column organization_id says to which; a test finds one that is missing here.
func tenantTables() []string {
	return []string{
		"crier_members", "crier_invitations", "crier_sessions", "crier_connects", "crier_attempts", "crier_deliveries", "crier_lanes",
		"crier_posts", "crier_channels", "crier_media", "crier_outbox", "crier_jobs", "crier_api_keys", "crier_audit", "crier_groups", "crier_replays",
	}
}

func (r organizations) Delete(ctx context.Context, id domain.OrganizationID) error {
	return r.joinTx(ctx, func(r repos) error {
		// First, for the audit log cannot be removed while it is there.
		n, err := r.exec(ctx, "DELETE FROM crier_organizations WHERE id = ?", string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.ErrNotFound
		}
		for _, table := range tenantTables() {
			if _, err := r.exec(ctx, "DELETE FROM ? WHERE organization_id = ?", bun.Ident(table), string(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r users) GetMany(ctx context.Context, ids []domain.UserID) ([]domain.User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list[userRow, domain.User](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("id IN (?)", texts(ids))
	})
}

func memberOf(org domain.OrganizationID, user domain.UserID) where {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("organization_id = ?", string(org)).Where("user_id = ?", string(user))
	}
}

func (r members) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Member, error) {
	return list[memberRow, domain.Member](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org))
		if !p.After.IsZero() {
			q = q.Where("(created_at, user_id) > (?, ?)", micros(p.After.At), p.After.ID)
		}
		return q.OrderExpr("created_at, user_id").Limit(int64(p.Limit))
	})
}

func (r members) Count(ctx context.Context, org domain.OrganizationID, role domain.Role) (int, error) {
	n, err := r.st.build.NewSelect().Conn(r.reader()).Model((*memberRow)(nil)).
		Where("organization_id = ?", string(org)).Where("role = ?", string(role)).Count(ctx)
	return int(n), translate(ctx, err)
}

func (r members) Update(ctx context.Context, org domain.OrganizationID, user domain.UserID, change func(*domain.Member) error) (domain.Member, error) {
	return update[memberRow](ctx, r.repos, memberOf(org, user), change, func(old domain.Member, m *domain.Member) {
		m.Organization, m.User = old.Organization, old.User
	})
}

func (r members) Delete(ctx context.Context, org domain.OrganizationID, user domain.UserID) error {
	n, err := r.exec(ctx, "DELETE FROM crier_members WHERE organization_id = ? AND user_id = ?", string(org), string(user))
	if err == nil && n == 0 {
		return fault.ErrNotFound
	}
	return err
}

type invitationRow struct {
	bun.BaseModel `bun:"table:crier_invitations"`

	ID           string `bun:"id,pk"`
	Organization string `bun:"organization_id"`
	Email        string `bun:"email"`
	Mailed       bool   `bun:"mailed"`
	Role         string `bun:"role"`
	By           string `bun:"inviter_id"`
	CreatedAt    int64  `bun:"created_at"`
	ExpiresAt    int64  `bun:"expires_at"`
}

func (r *invitationRow) set(v domain.Invitation) {
	*r = invitationRow{
		ID: string(v.ID), Organization: string(v.Organization), Email: v.Email, Mailed: v.Mailed, Role: string(v.Role), By: string(v.By),
		CreatedAt: micros(v.CreatedAt), ExpiresAt: micros(v.ExpiresAt),
	}
}

func (r *invitationRow) value() domain.Invitation {
	return domain.Invitation{
		ID: domain.InvitationID(r.ID), Organization: domain.OrganizationID(r.Organization), Email: r.Email, Mailed: r.Mailed,
		Role: domain.Role(r.Role), By: domain.UserID(r.By), CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.ExpiresAt),
	}
}

type invitations struct{ repos }

func (r invitations) Insert(ctx context.Context, org domain.OrganizationID, v domain.Invitation) error {
	return insertIn[invitationRow](ctx, r.repos, org, v.Organization, v)
}

func (r invitations) Get(ctx context.Context, org domain.OrganizationID, id domain.InvitationID) (domain.Invitation, error) {
	return get[invitationRow, domain.Invitation](ctx, r.repos, in(org, id))
}

func (r invitations) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Invitation, error) {
	return list[invitationRow, domain.Invitation](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org))
		if !p.After.IsZero() {
			q = q.Where("(created_at, id) < (?, ?)", micros(p.After.At), p.After.ID)
		}
		return q.OrderExpr("created_at DESC, id DESC").Limit(int64(p.Limit))
	})
}

func (r invitations) Delete(ctx context.Context, org domain.OrganizationID, id domain.InvitationID) error {
	n, err := r.exec(ctx, "DELETE FROM crier_invitations WHERE id = ? AND organization_id = ?", string(id), string(org))
	if err == nil && n == 0 {
		return fault.ErrNotFound
	}
	return err
}
