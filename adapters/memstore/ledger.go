package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
)

type attempts repos

func (r attempts) Insert(ctx context.Context, org domain.OrganizationID, as ...domain.Attempt) error {
	return r.run(ctx, func(t *tx) error {
		return t.atomically(func() error {
			for _, a := range as {
				if err := t.attempts.insertIn(t, org, a); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (r attempts) Get(ctx context.Context, org domain.OrganizationID, id domain.AttemptID) (domain.Attempt, error) {
	return query(ctx, r.run, func(t *tx) (domain.Attempt, error) { return t.attempts.getIn(org, string(id)) })
}

func (r attempts) Update(ctx context.Context, org domain.OrganizationID, id domain.AttemptID, change func(*domain.Attempt) error) (domain.Attempt, error) {
	return query(ctx, r.run, func(t *tx) (domain.Attempt, error) { return t.updateAttempt(org, id, change) })
}

func (t *tx) updateAttempt(org domain.OrganizationID, id domain.AttemptID, change func(*domain.Attempt) error) (domain.Attempt, error) {
	a, err := t.attempts.getIn(org, string(id))
	if err != nil {
		return a, err
	}
	return t.attempts.update(t, a, change, func(old domain.Attempt, a *domain.Attempt) {
		a.ID, a.Organization = old.ID, old.Organization
	})
}

func (r attempts) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.AttemptID, change func(*domain.Attempt) error) ([]domain.Attempt, error) {
	return updateMany(ctx, r.run, ids, change, func(t *tx, id domain.AttemptID, change func(*domain.Attempt) error) (domain.Attempt, error) {
		return t.updateAttempt(org, id, change)
	})
}

func (r attempts) OfDeliveries(ctx context.Context, org domain.OrganizationID, ids ...domain.DeliveryID) ([]domain.Attempt, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Attempt, error) {
		var out []domain.Attempt
		for _, id := range sorted(ids) {
			for k := range t.ofDelivery.group(string(id)) {
				if a := t.attempts.rows[k.id]; a.Organization == org {
					out = append(out, clone(a))
				}
			}
		}
		return out, nil
	})
}

type outbox repos

// event is an event with when it was handed on.
type event struct {
	domain.Event
	Relayed time.Time
}

func (r outbox) Append(ctx context.Context, evs ...domain.Event) error {
	return r.run(ctx, func(t *tx) error {
		return t.atomically(func() error {
			for _, ev := range evs {
				// Like that of a database, the counter does not go back with
				// the transaction.
				t.seq++
				ev.Seq = t.seq
				if err := t.events.insert(t, event{Event: ev}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (r outbox) Pending(ctx context.Context, limit int) ([]domain.Event, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Event, error) {
		var out []domain.Event
		for k := range t.pending.up(key{at: minAt}) {
			if len(out) >= limit {
				break
			}
			out = append(out, clone(t.events.rows[k.id]).Event)
		}
		return out, nil
	})
}

func (r outbox) MarkRelayed(ctx context.Context, now time.Time, ids ...domain.EventID) error {
	return r.run(ctx, func(t *tx) error {
		for _, id := range ids {
			e, ok := t.events.rows[string(id)]
			if ok && e.Relayed.IsZero() {
				e.Relayed = domain.Instant(now)
				t.events.write(t, string(id), &e)
			}
		}
		return nil
	})
}

func (r outbox) OfPost(ctx context.Context, org domain.OrganizationID, post domain.PostID, limit int) ([]domain.Event, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Event, error) {
		var out []domain.Event
		if post == "" {
			return nil, nil
		}
		for k := range t.postEvents.down(key{group: string(post), at: maxAt}) {
			if k.group != string(post) || len(out) >= limit {
				break
			}
			if e := t.events.rows[k.id]; e.Organization == org {
				out = append(out, clone(e).Event)
			}
		}
		slices.Reverse(out)
		return out, nil
	})
}
