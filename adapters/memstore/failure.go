package memstore

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func (r deliveries) FailureGroups(ctx context.Context, org domain.OrganizationID, f store.FailureFilter) ([]store.FailureGroup, error) {
	return query(ctx, r.run, func(t *tx) ([]store.FailureGroup, error) {
		groups := map[store.Cause]store.FailureGroup{}
		for d := range t.failed(org, f, store.Position{}) {
			cause := store.Cause{State: d.State, Code: d.Reason.Code, Provider: d.Provider}
			g, seen := groups[cause]
			if !seen { // the newest comes first
				g = store.FailureGroup{Cause: cause, Channel: d.Channel, Last: d.UpdatedAt, Message: d.Reason.Message}
			}
			if g.Channel != d.Channel {
				g.Channel = ""
			}
			g.Count++
			g.First = d.UpdatedAt
			groups[cause] = g
		}
		return slices.Collect(maps.Values(groups)), nil
	})
}

func (r deliveries) ListFailures(ctx context.Context, org domain.OrganizationID, f store.FailureFilter, p store.Page) ([]domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Delivery, error) {
		var out []domain.Delivery
		for d := range t.failed(org, f, p.After) {
			if len(out) >= p.Limit {
				break
			}
			out = append(out, clone(d))
		}
		return out, nil
	})
}

// failed yields the failures that match, the newest first. They are the rows
// themselves.
func (t *tx) failed(org domain.OrganizationID, f store.FailureFilter, after store.Position) iter.Seq[domain.Delivery] {
	return func(yield func(domain.Delivery) bool) {
		for k := range t.failures.down(before(string(org), after)) {
			if k.group != string(org) {
				return
			}
			if d := t.deliveries.rows[k.id]; t.failedFor(d, f) && !yield(d) {
				return
			}
		}
	}
}

func (t *tx) failedFor(d domain.Delivery, f store.FailureFilter) bool {
	p, ok := t.posts.rows[string(d.Post)]
	return ok && p.Organization == d.Organization && p.State != domain.PostDeleted &&
		(len(f.States) == 0 || slices.Contains(f.States, d.State)) &&
		free(f.Code, d.Reason.Code) && free(f.Provider, d.Provider) && free(f.Channel, d.Channel) && free(f.Author, p.Author) &&
		domain.NewReach(f.Among).Covers(d.Channel)
}

// free reports whether a filter lets v through: it is zero, or v itself.
func free[T ~string](filter, v T) bool { return filter == "" || filter == v }
