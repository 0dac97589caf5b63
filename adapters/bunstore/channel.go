package bunstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

type channelRow struct {
	bun.BaseModel `bun:"table:crier_channels"`

	ID            string                    `bun:"id,pk"`
	Organization  string                    `bun:"organization_id"`
	Provider      string                    `bun:"provider"`
	Account       string                    `bun:"account"`
	Name          string                    `bun:"name"`
	Handle        string                    `bun:"handle"`
	URL           string                    `bun:"url"`
	Avatar        string                    `bun:"avatar"`
	Traits        object[map[string]string] `bun:"traits"`
	State         string                    `bun:"state"`
	StateReason   string                    `bun:"state_reason"`
	Secret        string                    `bun:"secret"`
	SecretExpires int64                     `bun:"secret_expires"`
	HostTokens    bool                      `bun:"host_tokens"`
	Group         string                    `bun:"group_id"`
	Slots         object[[]slotJSON]        `bun:"slots"`
	Gap           int64                     `bun:"gap"` // nanoseconds
	Paused        object[pauseJSON]         `bun:"paused"`
	RefreshAt     *int64                    `bun:"refresh_at"`
	CareAt        *int64                    `bun:"care_at"`
	RenewalOwner  string                    `bun:"renewal_owner"`
	RenewalUntil  int64                     `bun:"renewal_until"`
	RenewalToken  int64                     `bun:"renewal_token"`
	RefreshFailed int                       `bun:"refresh_failures"`
	RefreshWhy    string                    `bun:"refresh_problem"`
	Foretold      string                    `bun:"foretold"`
	CreatedAt     int64                     `bun:"created_at"`
	UpdatedAt     int64                     `bun:"updated_at"`
	Version       int                       `bun:"version"`
}

type slotJSON struct {
	Weekday time.Weekday `json:"weekday"`
	Minute  int          `json:"minute"`
}

func (r *channelRow) set(c domain.Channel) {
	*r = channelRow{
		ID: string(c.ID), Organization: string(c.Organization), Provider: string(c.Provider), Account: c.Account,
		Name: c.Name, Handle: c.Handle, URL: c.URL, Avatar: c.Avatar, Traits: object[map[string]string]{c.Traits}, State: string(c.State), StateReason: c.StateReason,
		Group:  string(c.Group),
		Slots:  object[[]slotJSON]{convert(c.Slots, func(s domain.Slot) slotJSON { return slotJSON(s) })},
		Secret: c.Secret, SecretExpires: micros(c.SecretExpires), HostTokens: c.HostTokens, Gap: int64(c.Gap),
		Paused:    object[pauseJSON]{pauseOf(c.Paused)},
		RefreshAt: orNull(c.RefreshAt), CareAt: orNull(c.CareAt()),
		RenewalOwner: c.Renewal.Owner, RenewalUntil: micros(c.Renewal.Until), RenewalToken: c.Renewal.Token,
		RefreshFailed: c.RefreshFailures, RefreshWhy: c.RefreshProblem, Foretold: string(c.Foretold),
		CreatedAt: micros(c.CreatedAt), UpdatedAt: micros(c.UpdatedAt), Version: c.Version,
	}
}

func (r *channelRow) value() domain.Channel {
	return domain.Channel{
		ID: domain.ChannelID(r.ID), Organization: domain.OrganizationID(r.Organization),
		Provider: domain.ProviderID(r.Provider), Account: r.Account,
		Name: r.Name, Handle: r.Handle, URL: r.URL, Avatar: r.Avatar,
		Traits: r.Traits.of, State: domain.ChannelState(r.State), StateReason: r.StateReason,
		Group:  domain.GroupID(r.Group),
		Slots:  convert(r.Slots.of, func(s slotJSON) domain.Slot { return domain.Slot(s) }),
		Secret: r.Secret, SecretExpires: instant(r.SecretExpires), HostTokens: r.HostTokens, Gap: time.Duration(r.Gap),
		Paused:    r.Paused.of.value(),
		RefreshAt: orZero(r.RefreshAt), Renewal: domain.Lease{Owner: r.RenewalOwner, Until: instant(r.RenewalUntil), Token: r.RenewalToken},
		RefreshFailures: r.RefreshFailed, RefreshProblem: r.RefreshWhy, Foretold: domain.Forecast(r.Foretold),
		CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt), Version: r.Version,
	}
}

type channels struct{ repos }

func (r channels) Insert(ctx context.Context, org domain.OrganizationID, c domain.Channel) error {
	return insertIn[channelRow](ctx, r.repos, org, c.Organization, c)
}

func (r channels) Get(ctx context.Context, org domain.OrganizationID, id domain.ChannelID) (domain.Channel, error) {
	return get[channelRow, domain.Channel](ctx, r.repos, in(org, id))
}

func (r channels) ByAccount(ctx context.Context, org domain.OrganizationID, provider domain.ProviderID, account string) (domain.Channel, error) {
	return get[channelRow, domain.Channel](ctx, r.repos, func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("organization_id = ?", string(org)).Where("provider = ?", string(provider)).Where("account = ?", account)
	})
}

func (r channels) List(ctx context.Context, org domain.OrganizationID, f store.ChannelFilter) ([]domain.Channel, error) {
	return list[channelRow, domain.Channel](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org)).Where("state <> 'disconnected'")
		if !f.After.IsZero() {
			q = q.Where("(created_at, id) > (?, ?)", micros(f.After.At), f.After.ID)
		}
		if f.Group != "" {
			q = q.Where("group_id = ?", string(f.Group))
		}
		if len(f.Among) > 0 {
			q = q.Where("id IN (?)", texts(f.Among))
		}
		return q.OrderExpr("created_at, id").Limit(int64(f.Limit))
	})
}

func (r channels) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.ChannelID) ([]domain.Channel, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list[channelRow, domain.Channel](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("organization_id = ?", string(org)).Where("id IN (?)", texts(ids))
	})
}

func (r channels) Update(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, change func(*domain.Channel) error) (domain.Channel, error) {
	return updateUnique[channelRow](ctx, r.repos, in(org, id), change, func(old domain.Channel, c *domain.Channel) {
		c.ID, c.Organization, c.Version = old.ID, old.Organization, old.Version+1
	})
}

func (r channels) ClaimRenewals(ctx context.Context, c store.RenewalClaim) ([]domain.Channel, error) {
	if err := storableText(c.Owner); err != nil {
		return nil, err
	}
	var out []domain.Channel
	err := r.joinTx(ctx, func(r repos) (err error) {
		out, err = r.claimRenewals(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// claimRenewals needs no look at leases: none lives at care_at.
func (r repos) claimRenewals(ctx context.Context, c store.RenewalClaim) ([]domain.Channel, error) {
	var rows []channelRow
	q := r.st.build.NewSelect().Conn(r.tx).Model(&rows).Where("care_at <= ?", micros(c.Now))
	if len(c.Providers) > 0 {
		q = q.Where("provider IN (?)", texts(c.Providers))
	}
	q = q.OrderExpr("care_at, id").Limit(int64(c.Limit))
	if r.st.dialect == Postgres {
		q = q.For("UPDATE SKIP LOCKED")
	}
	if err := q.Scan(ctx); err != nil || len(rows) == 0 {
		return nil, translate(ctx, err)
	}
	chs := values[channelRow, domain.Channel](rows)
	claims := make([]any, len(chs))
	for i := range chs {
		chs[i].ClaimRenewal(c.Owner, c.Until)
		l := chs[i].Renewal
		claims[i] = bun.Tuple([]any{string(chs[i].ID), l.Owner, micros(l.Until), l.Token, chs[i].Version, micros(chs[i].CareAt())})
	}
	_, err := r.exec(ctx, "UPDATE crier_channels SET renewal_owner = v.column2, renewal_until = v.column3,"+
		" renewal_token = v.column4, version = v.column5, care_at = v.column6"+
		" FROM (VALUES ?) AS v WHERE crier_channels.id = v.column1", bun.List(claims))
	return chs, err
}

func (r channels) NextRenewal(ctx context.Context, providers ...domain.ProviderID) (time.Time, error) {
	var at sql.NullInt64
	q := r.st.build.NewSelect().Conn(r.reader()).Model((*channelRow)(nil)).ColumnExpr("min(care_at)").Where("care_at IS NOT NULL")
	if len(providers) > 0 {
		q = q.Where("provider IN (?)", texts(providers))
	}
	if err := q.Scan(ctx, &at); err != nil || !at.Valid {
		return time.Time{}, translate(ctx, err)
	}
	return instant(at.Int64), nil
}

type connectRow struct {
	bun.BaseModel `bun:"table:crier_connects"`

	StateHash    string `bun:"state_hash,pk"`
	Organization string `bun:"organization_id"`
	User         string `bun:"user_id"`
	Provider     string `bun:"provider"`
	Sealed       string `bun:"sealed"`
	ExpiresAt    int64  `bun:"expires_at"`
}

func (r *connectRow) set(c store.Connect) {
	*r = connectRow{
		StateHash: c.StateHash, Organization: string(c.Organization), User: string(c.User),
		Provider: string(c.Provider), Sealed: c.Sealed, ExpiresAt: micros(c.ExpiresAt),
	}
}

func (r *connectRow) value() store.Connect {
	return store.Connect{
		StateHash: r.StateHash, Organization: domain.OrganizationID(r.Organization), User: domain.UserID(r.User),
		Provider: domain.ProviderID(r.Provider), Sealed: r.Sealed, ExpiresAt: instant(r.ExpiresAt),
	}
}

type connects struct{ repos }

func (r connects) Insert(ctx context.Context, c store.Connect) error {
	return insert[connectRow](ctx, r.repos, c)
}

func (r connects) Take(ctx context.Context, stateHash string, now time.Time) (store.Connect, error) {
	var row connectRow
	// One statement, so that of two callers one gets nothing.
	err := r.st.build.NewDelete().Conn(r.writer()).Model(&row).Where("state_hash = ?", stateHash).
		Where("expires_at >= ?", micros(now)).Returning("*").Scan(ctx)
	if err != nil {
		return store.Connect{}, translate(ctx, err)
	}
	return row.value(), nil
}

func (r connects) Purge(ctx context.Context, now time.Time) error {
	_, err := r.exec(ctx, "DELETE FROM crier_connects WHERE expires_at < ?", micros(now))
	return err
}
