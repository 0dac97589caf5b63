package bunstore

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
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
	Follows      string              `bun:"follows"`
	Rule         int                 `bun:"rule"`
	Action       string              `bun:"action"`
	DueAt        int64               `bun:"due_at"`
	WakeAt       *int64              `bun:"wake_at"`
	Leads        bool                `bun:"leads"`
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
		WakeAt: orNull(d.WakeAt), Leads: d.Leads(), Follows: string(d.Follows), Rule: d.Rule, Action: string(d.Action),
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

func (r *deliveryRow) value() domain.Delivery {
	d := domain.Delivery{
		ID: domain.DeliveryID(r.ID), Organization: domain.OrganizationID(r.Organization), Post: domain.PostID(r.Post),
		Channel: domain.ChannelID(r.Channel), Provider: domain.ProviderID(r.Provider), State: domain.DeliveryState(r.State),
		Occurrence: r.Occurrence, DueAt: instant(r.DueAt), WakeAt: orZero(r.WakeAt),
		Follows: domain.DeliveryID(r.Follows), Rule: r.Rule, Action: domain.Action(r.Action),
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
	if len(rows) == 0 {
		return nil
	}
	return r.joinTx(ctx, func(r repos) error {
		if err := insertAll(ctx, r, rows, func(r deliveryRow) string { return r.ID }); err != nil {
			return err
		}
		return r.enlane(ctx, ds)
	})
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

func (r deliveries) ChangedSince(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, at time.Time) ([]domain.Delivery, error) {
	return list[deliveryRow, domain.Delivery](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("channel_id = ?", string(id)).Where("organization_id = ?", string(org)).
			Where("updated_at >= ?", micros(at)).OrderExpr("due_at, id")
	})
}

func (r deliveries) WithRef(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, refs ...string) ([]domain.Delivery, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	all, err := list[deliveryRow, domain.Delivery](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("channel_id = ?", string(id)).Where("organization_id = ?", string(org)).
			WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
				for _, ref := range refs {
					q = q.WhereOr("parts LIKE ? ESCAPE '!'", "%"+partsWith(ref)+"%")
				}
				return q
			}).OrderExpr("due_at, id")
	})
	// What was asked for may be in an Extra, or be written in other letters.
	return slices.DeleteFunc(all, func(d domain.Delivery) bool { return !d.HasRef(refs...) }), err
}

// partsWith is what the column parts has in it if a part has the ref, as a
// pattern.
func partsWith(ref string) string {
	text, _ := json.Marshal(partJSON{Ref: &refJSON{ID: ref}}) // A text can always be written.
	open := strings.TrimSuffix(strings.TrimPrefix(string(text), "{"), "}}")
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(open)
}

func (r deliveries) Update(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID, change func(*domain.Delivery) error) (domain.Delivery, error) {
	var out domain.Delivery
	err := r.joinTx(ctx, func(r repos) (err error) {
		var moved []domain.DeliveryID
		out, err = update[deliveryRow](ctx, r, in(org, id), change, keepDelivery(&moved))
		if err != nil {
			return err
		}
		return r.changed(ctx, moved, out)
	})
	return out, err
}

func (r deliveries) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.DeliveryID, change func(*domain.Delivery) error) ([]domain.Delivery, error) {
	var out []domain.Delivery
	err := r.joinTx(ctx, func(r repos) (err error) {
		var moved []domain.DeliveryID
		out, err = updateMany[deliveryRow](ctx, r, org, ids, change, keepDelivery(&moved))
		if err != nil {
			return err
		}
		return r.changed(ctx, moved, out...)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// keepDelivery notes in moved which deliveries changed their channel.
func keepDelivery(moved *[]domain.DeliveryID) func(old domain.Delivery, d *domain.Delivery) {
	return func(old domain.Delivery, d *domain.Delivery) {
		d.ID, d.Organization, d.Version = old.ID, old.Organization, old.Version+1
		if d.Channel != old.Channel {
			*moved = append(*moved, d.ID)
		}
	}
}

// changed has claims look at the lanes of deliveries that changed.
func (r repos) changed(ctx context.Context, moved []domain.DeliveryID, ds ...domain.Delivery) error {
	var came []domain.Delivery
	var channels []domain.ChannelID
	for _, d := range ds {
		switch {
		case slices.Contains(moved, d.ID):
			came = append(came, d)
		case d.Lease.Owner == "": // while it is held, its lane has nothing to do
			channels = append(channels, d.Channel)
		}
	}
	if err := r.enlane(ctx, came); err != nil {
		return err
	}
	return r.relane(ctx, channels...)
}

func (r deliveries) Renew(ctx context.Context, owner string, ids []domain.DeliveryID, until time.Time) ([]domain.DeliveryID, error) {
	if owner == "" || len(ids) == 0 {
		return nil, nil
	}
	var renewed []domain.DeliveryID
	end := micros(until)
	err := r.st.build.NewRaw("UPDATE crier_deliveries SET lease_until = CASE WHEN lease_until < ? THEN ? ELSE lease_until END"+
		" WHERE id IN (?) AND lease_owner = ? RETURNING id", end, end, texts(ids), owner).Conn(r.writer()).Scan(ctx, &renewed)
	if err != nil {
		return nil, translate(ctx, err)
	}
	slices.Sort(renewed)
	return renewed, nil
}
