package bunstore

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type organizationRow struct {
	bun.BaseModel `bun:"table:crier_organizations"`

	ID              string            `bun:"id,pk"`
	Name            string            `bun:"name"`
	Zone            string            `bun:"zone"`
	LateWindow      int64             `bun:"late_window"` // nanoseconds
	RequireApproval bool              `bun:"require_approval"`
	Paused          object[pauseJSON] `bun:"paused"`
	EndsAt          *int64            `bun:"ends_at"`
	CreatedAt       int64             `bun:"created_at"`
	Version         int               `bun:"version"`
}

func (r *organizationRow) set(o domain.Organization) {
	*r = organizationRow{
		ID: string(o.ID), Name: o.Name, Zone: o.Zone, LateWindow: int64(o.LateWindow),
		RequireApproval: o.RequireApproval, Paused: object[pauseJSON]{pauseOf(o.Paused)},
		EndsAt: orNull(o.EndsAt), CreatedAt: micros(o.CreatedAt), Version: o.Version,
	}
}

func (r *organizationRow) value() domain.Organization {
	return domain.Organization{
		ID: domain.OrganizationID(r.ID), Name: r.Name, Zone: r.Zone, LateWindow: time.Duration(r.LateWindow),
		RequireApproval: r.RequireApproval, Paused: r.Paused.of.value(),
		EndsAt: orZero(r.EndsAt), CreatedAt: instant(r.CreatedAt), Version: r.Version,
	}
}

type organizations struct{ repos }

func (r organizations) Insert(ctx context.Context, o domain.Organization) error {
	return insert[organizationRow](ctx, r.repos, o)
}

func (r organizations) Get(ctx context.Context, id domain.OrganizationID) (domain.Organization, error) {
	return get[organizationRow, domain.Organization](ctx, r.repos, byID(id))
}

func (r organizations) Update(ctx context.Context, id domain.OrganizationID, change func(*domain.Organization) error) (domain.Organization, error) {
	return update[organizationRow](ctx, r.repos, byID(id), change, func(old domain.Organization, o *domain.Organization) {
		o.ID, o.Version = old.ID, old.Version+1
	})
}

type userRow struct {
	bun.BaseModel `bun:"table:crier_users"`

	ID           string `bun:"id,pk"`
	Email        string `bun:"email"`
	Name         string `bun:"name"`
	PasswordHash string `bun:"password_hash"`
	VerifiedAt   *int64 `bun:"email_verified_at"`
	CreatedAt    int64  `bun:"created_at"`
	Version      int    `bun:"version"`

	Zone       string `bun:"zone"`
	Language   string `bun:"language"`
	WeekStart  string `bun:"week_start"`
	TimeFormat string `bun:"time_format"`
	Avatar     string `bun:"avatar"`
	AvatarOrg  string `bun:"avatar_organization"`
	Muted      string `bun:"muted"`
}

func (r *userRow) set(u domain.User) {
	*r = userRow{
		ID: string(u.ID), Email: u.Email, Name: u.Name, PasswordHash: u.PasswordHash,
		VerifiedAt: orNull(u.EmailVerifiedAt), CreatedAt: micros(u.CreatedAt), Version: u.Version,
		Zone: u.Profile.Zone, Language: u.Profile.Language, WeekStart: string(u.Profile.WeekStart), TimeFormat: string(u.Profile.TimeFormat),
		Avatar: string(u.Profile.Avatar), AvatarOrg: string(u.Profile.AvatarOrganization),
		Muted: strings.Join(convert(u.Muted, func(n domain.Notice) string { return string(n) }), ","),
	}
}

func (r *userRow) value() domain.User {
	return domain.User{
		ID: domain.UserID(r.ID), Email: r.Email, Name: r.Name, PasswordHash: r.PasswordHash,
		EmailVerifiedAt: orZero(r.VerifiedAt), CreatedAt: instant(r.CreatedAt), Version: r.Version,
		Profile: domain.Profile{
			Zone: r.Zone, Language: r.Language, WeekStart: domain.WeekStart(r.WeekStart), TimeFormat: domain.TimeFormat(r.TimeFormat),
			Avatar: domain.MediaID(r.Avatar), AvatarOrganization: domain.OrganizationID(r.AvatarOrg),
		},
		Muted: convert(strings.FieldsFunc(r.Muted, func(c rune) bool { return c == ',' }), func(s string) domain.Notice { return domain.Notice(s) }),
	}
}

type users struct{ repos }

func (r users) Insert(ctx context.Context, u domain.User) error {
	return insert[userRow](ctx, r.repos, u)
}

func (r users) Get(ctx context.Context, id domain.UserID) (domain.User, error) {
	return get[userRow, domain.User](ctx, r.repos, byID(id))
}

func (r users) ByEmail(ctx context.Context, email string) (domain.User, error) {
	return get[userRow, domain.User](ctx, r.repos, func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("email = ?", email)
	})
}

func (r users) Update(ctx context.Context, id domain.UserID, change func(*domain.User) error) (domain.User, error) {
	return updateUnique[userRow](ctx, r.repos, byID(id), change, func(old domain.User, u *domain.User) {
		u.ID, u.Version = old.ID, old.Version+1
	})
}

func (r users) Count(ctx context.Context) (int, error) {
	n, err := r.st.build.NewSelect().Conn(r.reader()).Model((*userRow)(nil)).Count(ctx)
	return int(n), translate(ctx, err)
}

func (r users) First(ctx context.Context) (domain.User, error) {
	first, err := list[userRow, domain.User](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.OrderExpr("created_at, id").Limit(1)
	})
	if err != nil || len(first) == 0 {
		return domain.User{}, cmp.Or(err, error(fault.ErrNotFound))
	}
	return first[0], nil
}

// personTables are the tables whose rows belong to a person. Their column
// user_id says to whom.
func personTables() []string {
	return []string{"crier_members", "crier_sessions", "crier_second_factors", "crier_identities", "crier_connects"}
}

func (r users) Delete(ctx context.Context, id domain.UserID) error {
	return r.joinTx(ctx, func(r repos) error {
		n, err := r.exec(ctx, "DELETE FROM crier_users WHERE id = ?", string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.ErrNotFound
		}
		for _, table := range personTables() {
			if _, err := r.exec(ctx, "DELETE FROM ? WHERE user_id = ?", bun.Ident(table), string(id)); err != nil {
				return err
			}
		}
		_, err = r.exec(ctx, "DELETE FROM crier_tokens WHERE subject = ?", string(id))
		return err
	})
}

type memberRow struct {
	bun.BaseModel `bun:"table:crier_members"`

	Organization string `bun:"organization_id,pk"`
	User         string `bun:"user_id,pk"`
	Role         string `bun:"role"`
	CreatedAt    int64  `bun:"created_at"`
}

func (r *memberRow) set(m domain.Member) {
	*r = memberRow{
		Organization: string(m.Organization), User: string(m.User), Role: string(m.Role), CreatedAt: micros(m.CreatedAt),
	}
}

func (r *memberRow) value() domain.Member {
	return domain.Member{
		Organization: domain.OrganizationID(r.Organization), User: domain.UserID(r.User),
		Role: domain.Role(r.Role), CreatedAt: instant(r.CreatedAt),
	}
}

type members struct{ repos }

func (r members) Insert(ctx context.Context, m domain.Member) error {
	return insert[memberRow](ctx, r.repos, m)
}

func (r members) Get(ctx context.Context, org domain.OrganizationID, user domain.UserID) (domain.Member, error) {
	return get[memberRow, domain.Member](ctx, r.repos, func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("organization_id = ?", string(org)).Where("user_id = ?", string(user))
	})
}

func (r members) OfUser(ctx context.Context, user domain.UserID) ([]domain.Member, error) {
	return list[memberRow, domain.Member](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", string(user)).OrderExpr("created_at, organization_id")
	})
}
