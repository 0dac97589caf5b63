package bunstore

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type attemptRow struct {
	bun.BaseModel `bun:"table:crier_attempts"`

	ID           string             `bun:"id,pk"`
	Organization string             `bun:"organization_id"`
	Post         string             `bun:"post_id"`
	Delivery     string             `bun:"delivery_id"`
	Item         int                `bun:"item"`
	Number       int                `bun:"number"`
	Key          string             `bun:"attempt_key"`
	Revision     int                `bun:"revision"`
	StartedAt    int64              `bun:"started_at"`
	EndedAt      int64              `bun:"ended_at"`
	Result       string             `bun:"result"`
	Reason       object[reasonJSON] `bun:"reason"`
	Status       int                `bun:"status"`
	Ref          object[*refJSON]   `bun:"ref"`
}

func (r *attemptRow) set(a domain.Attempt) {
	*r = attemptRow{
		ID: string(a.ID), Organization: string(a.Organization), Post: string(a.Post), Delivery: string(a.Delivery),
		Item: a.Item, Number: a.Number, Key: a.Key, Revision: a.Revision,
		StartedAt: micros(a.StartedAt), EndedAt: micros(a.EndedAt), Result: string(a.Result), Status: a.Status,
		Reason: object[reasonJSON]{reasonJSON(a.Reason)}, Ref: object[*refJSON]{(*refJSON)(a.Ref)},
	}
}

func (r *attemptRow) value() domain.Attempt {
	return domain.Attempt{
		ID: domain.AttemptID(r.ID), Organization: domain.OrganizationID(r.Organization), Post: domain.PostID(r.Post),
		Delivery: domain.DeliveryID(r.Delivery), Item: r.Item, Number: r.Number, Key: r.Key, Revision: r.Revision,
		StartedAt: instant(r.StartedAt), EndedAt: instant(r.EndedAt), Result: domain.AttemptResult(r.Result), Status: r.Status,
		Reason: domain.Reason(r.Reason.of), Ref: (*domain.Ref)(r.Ref.of),
	}
}

type attempts struct{ repos }

func (r attempts) Insert(ctx context.Context, org domain.OrganizationID, as ...domain.Attempt) error {
	rows := make([]attemptRow, len(as))
	for i, a := range as {
		if a.Organization != org {
			return fault.ErrNotFound
		}
		if err := storable(a); err != nil {
			return err
		}
		rows[i].set(a)
	}
	return insertAll(ctx, r.repos, rows, func(r attemptRow) string { return r.ID })
}

func (r attempts) Get(ctx context.Context, org domain.OrganizationID, id domain.AttemptID) (domain.Attempt, error) {
	return get[attemptRow, domain.Attempt](ctx, r.repos, in(org, id))
}

func (r attempts) Update(ctx context.Context, org domain.OrganizationID, id domain.AttemptID, change func(*domain.Attempt) error) (domain.Attempt, error) {
	return update[attemptRow](ctx, r.repos, in(org, id), change, keepAttempt)
}

func (r attempts) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.AttemptID, change func(*domain.Attempt) error) ([]domain.Attempt, error) {
	return updateMany[attemptRow](ctx, r.repos, org, ids, change, keepAttempt)
}

func keepAttempt(old domain.Attempt, a *domain.Attempt) {
	a.ID, a.Organization = old.ID, old.Organization
}

func (r attempts) OfDeliveries(ctx context.Context, org domain.OrganizationID, ids ...domain.DeliveryID) ([]domain.Attempt, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list[attemptRow, domain.Attempt](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("delivery_id IN (?)", texts(ids)).Where("organization_id = ?", string(org)).
			OrderExpr("delivery_id, number, id")
	})
}

type eventRow struct {
	bun.BaseModel `bun:"table:crier_outbox"`

	Seq          int64  `bun:"seq,pk,autoincrement"`
	ID           string `bun:"id"`
	Organization string `bun:"organization_id"`
	Kind         string `bun:"kind"`
	Post         string `bun:"post_id"`
	Subject      string `bun:"subject"`
	Data         string `bun:"data"`
	At           int64  `bun:"happened_at"`
	RelayedAt    *int64 `bun:"relayed_at"`
}

// set leaves Seq and RelayedAt for the database.
func (r *eventRow) set(e domain.Event) {
	*r = eventRow{
		ID: string(e.ID), Organization: string(e.Organization), Kind: string(e.Kind), Post: string(e.Post),
		Subject: e.Subject, Data: string(e.Data), At: micros(e.At),
	}
}

func (r *eventRow) value() domain.Event {
	return domain.Event{
		ID: domain.EventID(r.ID), Organization: domain.OrganizationID(r.Organization), Kind: domain.EventKind(r.Kind),
		Post: domain.PostID(r.Post), Subject: r.Subject, Data: raw(r.Data), At: instant(r.At), Seq: r.Seq,
	}
}

type outbox struct{ repos }

func (r outbox) Append(ctx context.Context, evs ...domain.Event) error {
	if len(evs) == 0 {
		return nil
	}
	rows := make([]eventRow, len(evs))
	var about []string
	for i, e := range evs {
		if err := storable(e); err != nil {
			return err
		}
		rows[i].set(e)
		if e.Post != "" {
			about = append(about, string(e.Post))
		}
	}
	return r.joinTx(ctx, func(r repos) error {
		if err := r.lineUp(ctx, about); err != nil {
			return err
		}
		return insertAll(ctx, r, rows, func(r eventRow) string { return r.ID })
	})
}

// lineUp makes transactions that append events of the same post wait for each
// other until they end, so that the sequence of a post is that of its commits.
// Events of different posts stay free of each other. SQLite has one writer at
// a time anyway.
func (r repos) lineUp(ctx context.Context, posts []string) error {
	if r.st.dialect != Postgres {
		return nil
	}
	if len(posts) == 0 {
		return nil
	}
	slices.Sort(posts) // so that two transactions cannot wait for each other
	names := []any{}
	for _, post := range slices.Compact(posts) {
		names = append(names, bun.Tuple([]any{"crier.outbox." + post}))
	}
	_, err := r.exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended(v.column1, 0)) FROM (VALUES ?) AS v", bun.List(names))
	return err
}

func (r outbox) Pending(ctx context.Context, limit int) ([]domain.Event, error) {
	return list[eventRow, domain.Event](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("relayed_at IS NULL").OrderExpr("seq").Limit(int64(limit))
	})
}

func (r outbox) MarkRelayed(ctx context.Context, now time.Time, ids ...domain.EventID) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := r.exec(ctx, "UPDATE crier_outbox SET relayed_at = ? WHERE id IN (?) AND relayed_at IS NULL", micros(now), texts(ids))
	return err
}

func (r outbox) OfPost(ctx context.Context, org domain.OrganizationID, post domain.PostID, limit int) ([]domain.Event, error) {
	if post == "" {
		return nil, nil
	}
	evs, err := list[eventRow, domain.Event](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("post_id = ?", string(post)).Where("post_id <> ''").Where("organization_id = ?", string(org)).
			OrderExpr("seq DESC").Limit(int64(limit))
	})
	slices.Reverse(evs)
	return evs, err
}
