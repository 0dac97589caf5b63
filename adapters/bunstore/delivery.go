package bunstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type deliveryRow struct {
	bun.BaseModel `bun:"table:crier_deliveries,alias:d"`

	ID           string              `bun:"id,pk"`
	Organization string              `bun:"organization_id"`
	Post         string              `bun:"post_id"`
	Channel      string              `bun:"channel_id"`
	Provider     string              `bun:"provider"`
	State        string              `bun:"state"`
	Occurrence   string              `bun:"occurrence"`
	Kept         object[*targetJSON] `bun:"kept"`
	DueAt        int64               `bun:"due_at"`
	WakeAt       *int64              `bun:"wake_at"`
	ClaimableAt  *int64              `bun:"claimable_at"`
	LeaseOwner   string              `bun:"lease_owner"`
	LeaseUntil   int64               `bun:"lease_until"`
	LeaseToken   int64               `bun:"lease_token"`
	Revision     int                 `bun:"revision"`
	Parts        object[[]partJSON]  `bun:"parts"`
	Progress     object[*cursorJSON] `bun:"progress"`
	Open         string              `bun:"open_attempt_id"`
	Attempts     int                 `bun:"attempts"`
	Tries        int                 `bun:"tries"`
	Looks        int                 `bun:"looks"`
	Bound        int64               `bun:"bound"`
	Reason       object[reasonJSON]  `bun:"reason"`
	ReasonCode   string              `bun:"reason_code"` // that of Reason
	CreatedAt    int64               `bun:"created_at"`
	UpdatedAt    int64               `bun:"updated_at"`
	Version      int                 `bun:"version"`
}

type partJSON struct {
	Ref         *refJSON `json:"ref,omitempty"`
	PublishedAt *int64   `json:"published_at,omitempty"` // microseconds
}

type refJSON struct {
	ID    string            `json:"id,omitempty"`
	URL   string            `json:"url,omitempty"`
	Extra map[string]string `json:"extra,omitempty"`
}

type cursorJSON struct {
	Next  domain.Step     `json:"next,omitempty"`
	State json.RawMessage `json:"state,omitempty"`
	After time.Duration   `json:"after,omitempty"` // nanoseconds
}

type reasonJSON struct {
	Code     string `json:"code,omitempty"`
	Message  string `json:"message,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

func (r *deliveryRow) set(d domain.Delivery) {
	*r = deliveryRow{
		ID: string(d.ID), Organization: string(d.Organization), Post: string(d.Post), Channel: string(d.Channel),
		Provider: string(d.Provider), State: string(d.State), Occurrence: d.Occurrence, DueAt: micros(d.DueAt),
		WakeAt: orNull(d.WakeAt), ClaimableAt: claimableAt(d),
		LeaseOwner: d.Lease.Owner, LeaseUntil: micros(d.Lease.Until), LeaseToken: d.Lease.Token,
		Revision: d.Revision, Open: string(d.Open), Attempts: d.Attempts, Tries: d.Tries, Looks: d.Looks, Bound: micros(d.Bound),
		CreatedAt: micros(d.CreatedAt), UpdatedAt: micros(d.UpdatedAt), Version: d.Version,
	}
	r.Parts.of = convert(d.Parts, func(p domain.Part) partJSON {
		return partJSON{Ref: (*refJSON)(p.Ref), PublishedAt: orNull(p.PublishedAt)}
	})
	if !d.Cursor.IsZero() || d.Cursor.After != 0 {
		c := cursorJSON(d.Cursor)
		r.Progress.of = &c
	}
	if d.Kept != nil {
		kept := targetOf(*d.Kept)
		r.Kept.of = &kept
	}
	r.Reason.of, r.ReasonCode = reasonJSON(d.Reason), d.Reason.Code
}

// claimableAt is the time from which a worker may take d; nil: never.
func claimableAt(d domain.Delivery) *int64 {
	if d.WakeAt.IsZero() {
		return nil
	}
	at := max(micros(d.WakeAt), micros(d.Lease.Until))
	return &at
}

func (r *deliveryRow) value() domain.Delivery {
	d := domain.Delivery{
		ID: domain.DeliveryID(r.ID), Organization: domain.OrganizationID(r.Organization), Post: domain.PostID(r.Post),
		Channel: domain.ChannelID(r.Channel), Provider: domain.ProviderID(r.Provider), State: domain.DeliveryState(r.State),
		Occurrence: r.Occurrence, DueAt: instant(r.DueAt), WakeAt: orZero(r.WakeAt),
		Lease:    domain.Lease{Owner: r.LeaseOwner, Until: instant(r.LeaseUntil), Token: r.LeaseToken},
		Revision: r.Revision, Open: domain.AttemptID(r.Open), Attempts: r.Attempts, Tries: r.Tries, Looks: r.Looks, Bound: instant(r.Bound), Reason: domain.Reason(r.Reason.of),
		CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt), Version: r.Version,
	}
	d.Parts = convert(r.Parts.of, func(p partJSON) domain.Part {
		return domain.Part{Ref: (*domain.Ref)(p.Ref), PublishedAt: orZero(p.PublishedAt)}
	})
	if r.Kept.of != nil {
		kept := r.Kept.of.value()
		d.Kept = &kept
	}
	if r.Progress.of != nil {
		d.Cursor = domain.Cursor(*r.Progress.of)
	}
	return d
}

type deliveries struct{ repos }

// insertChunk bounds the rows of one statement, which holds them as text.
const insertChunk = 500

func (r deliveries) Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error {
	rows := make([]deliveryRow, len(ds))
	for i, d := range ds {
		if d.Organization != org {
			return fault.ErrNotFound
		}
		if err := storable(d); err != nil {
			return err
		}
		rows[i].set(d)
	}
	return insertAll(ctx, r.repos, rows, func(r deliveryRow) string { return r.ID })
}

// insertAll stores all rows or none, and does not spoil the transaction where
// one of them is there already.
func insertAll[R any](ctx context.Context, r repos, rows []R, id func(R) string) error {
	switch {
	case len(rows) == 0:
		return nil
	case len(rows) > insertChunk:
		return r.joinTx(ctx, func(r repos) error {
			return r.savepoint(ctx, func() error {
				for chunk := range slices.Chunk(rows, insertChunk) {
					if err := insertAll(ctx, r, chunk, id); err != nil {
						return err
					}
				}
				return nil
			})
		})
	case len(rows) > 1 && r.tx == nil:
		return r.joinTx(ctx, func(r repos) error { return insertAll(ctx, r, rows, id) })
	}
	var made []string
	err := r.st.build.NewInsert().Conn(r.writer()).Model(&rows).On("CONFLICT DO NOTHING").Returning("id").Scan(ctx, &made)
	if err != nil {
		return translate(ctx, err)
	}
	if len(made) == len(rows) {
		return nil
	}
	if len(made) > 0 {
		if _, err := r.st.build.NewDelete().Conn(r.writer()).Model((*R)(nil)).Where("id IN (?)", bun.List(made)).Exec(ctx); err != nil {
			return translate(ctx, err)
		}
	}
	return fault.ErrConflict
}

func (r deliveries) Get(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID) (domain.Delivery, error) {
	return get[deliveryRow, domain.Delivery](ctx, r.repos, in(org, id))
}

func (r deliveries) OfPosts(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) ([]domain.Delivery, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list[deliveryRow, domain.Delivery](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return ranked(q, org, ids).OrderExpr("post_id, due_at, id")
	})
}

func (r deliveries) OfChannel(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, limit int, states ...domain.DeliveryState) ([]domain.Delivery, error) {
	if len(states) == 0 {
		return nil, nil
	}
	return list[deliveryRow, domain.Delivery](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("channel_id = ?", string(id)).Where("organization_id = ?", string(org)).
			Where("state IN (?)", texts(states)).OrderExpr("due_at, id").Limit(int64(limit))
	})
}

func (r deliveries) Update(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID, change func(*domain.Delivery) error) (domain.Delivery, error) {
	return update[deliveryRow](ctx, r.repos, in(org, id), change, func(old domain.Delivery, d *domain.Delivery) {
		d.ID, d.Organization, d.Version = old.ID, old.Organization, old.Version+1
	})
}

func (r deliveries) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	var out []domain.Delivery
	err := r.joinTx(ctx, func(r repos) (err error) {
		out, err = r.claim(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// claim walks the index by wake_at from its start. What it passes over are the
// rows that workers hold leases on, never those that wait for their time.
func (r repos) claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	now := micros(c.Now)
	var rows []deliveryRow
	q := r.st.build.NewSelect().Conn(r.tx).Model(&rows).Where("wake_at <= ?", now).Where("lease_until <= ?", now)
	if len(c.Providers) > 0 {
		q = q.Where("provider IN (?)", texts(c.Providers))
	}
	q = q.OrderExpr("wake_at, id").Limit(int64(c.Limit))
	if r.st.dialect == Postgres {
		q = q.For("UPDATE SKIP LOCKED")
	}
	if err := q.Scan(ctx); err != nil || len(rows) == 0 {
		return nil, translate(ctx, err)
	}
	ds := values[deliveryRow, domain.Delivery](rows)
	for i := range ds {
		ds[i].Claim(c.Owner, c.Until)
	}
	return ds, r.saveLeases(ctx, ds)
}

// saveLeases writes what domain.Delivery.Claim changes, in one statement.
func (r repos) saveLeases(ctx context.Context, ds []domain.Delivery) error {
	leases := make([]any, len(ds))
	for i, d := range ds {
		leases[i] = bun.Tuple([]any{
			string(d.ID), d.Lease.Owner, micros(d.Lease.Until), d.Lease.Token, d.Version, *claimableAt(d),
		})
	}
	if err := storableText(ds[0].Lease.Owner); err != nil {
		return err
	}
	_, err := r.exec(ctx, "UPDATE crier_deliveries SET lease_owner = v.column2, lease_until = v.column3,"+
		" lease_token = v.column4, version = v.column5, claimable_at = v.column6"+
		" FROM (VALUES ?) AS v WHERE crier_deliveries.id = v.column1", bun.List(leases))
	return err
}

func (r deliveries) NextWake(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := r.st.build.NewSelect().Conn(r.reader()).Model((*deliveryRow)(nil)).
		ColumnExpr("min(claimable_at)").Where("claimable_at IS NOT NULL").Scan(ctx, &at)
	if err != nil || !at.Valid {
		return time.Time{}, translate(ctx, err)
	}
	return instant(at.Int64), nil
}

func (r deliveries) Renew(ctx context.Context, owner string, ids []domain.DeliveryID, until time.Time) ([]domain.DeliveryID, error) {
	if owner == "" || len(ids) == 0 {
		return nil, nil
	}
	var renewed []domain.DeliveryID
	end := micros(until)
	err := r.st.build.NewRaw("UPDATE crier_deliveries SET lease_until = ?, claimable_at = CASE"+
		" WHEN wake_at IS NULL THEN NULL WHEN wake_at > ? THEN wake_at ELSE ? END"+
		" WHERE id IN (?) AND lease_owner = ? RETURNING id", end, end, end, texts(ids), owner).
		Conn(r.writer()).Scan(ctx, &renewed)
	if err != nil {
		return nil, translate(ctx, err)
	}
	slices.Sort(renewed)
	return renewed, nil
}
