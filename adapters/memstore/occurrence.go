package memstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// oldest is the oldest Occurrence of a post of which OfPosts lists what has
// ended.
func (t *tx) oldest(post domain.PostID) string {
	var keys []string
	for k := range t.occurrence.group(string(post)) {
		key, _, _ := strings.Cut(k.id, "\x00")
		keys = append(keys, key)
	}
	keys = slices.Compact(keys) // they come in order
	if len(keys) == 0 {
		return ""
	}
	return keys[max(0, len(keys)-store.NewestOccurrences)]
}

// listed reports whether OfPosts lists d.
func listed(d domain.Delivery, oldest string) bool {
	switch d.State {
	case domain.DeliveryPublished, domain.DeliveryFailed, domain.DeliveryMissed, domain.DeliveryCanceled:
		return d.Occurrence == "" || d.Occurrence >= oldest
	default:
		return true
	}
}

func (r deliveries) Since(ctx context.Context, org domain.OrganizationID, post domain.PostID, from string) ([]domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Delivery, error) {
		var out []domain.Delivery
		for k := range t.occurrence.up(key{group: string(post), id: from}) {
			if k.group != string(post) {
				break
			}
			_, id, _ := strings.Cut(k.id, "\x00")
			if d := t.deliveries.rows[id]; d.Organization == org {
				out = append(out, clone(d))
			}
		}
		return out, nil
	})
}

func (r deliveries) Taken(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, after time.Time) ([]time.Time, error) {
	return query(ctx, r.run, func(t *tx) ([]time.Time, error) {
		var out []time.Time
		for k := range t.ofChannel.up(key{group: string(id), at: micros(after) + 1}) {
			if k.group != string(id) {
				break
			}
			d := t.deliveries.rows[k.id]
			waits := d.State == domain.DeliveryScheduled || d.State == domain.DeliveryBlocked
			if d.Organization == org && waits && (len(out) == 0 || !out[len(out)-1].Equal(d.DueAt)) {
				out = append(out, d.DueAt)
			}
		}
		return out, nil
	})
}

func (r deliveries) Remove(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID) error {
	return r.run(ctx, func(t *tx) error {
		d, err := t.deliveries.getIn(org, string(id))
		if err != nil {
			return err
		}
		t.deliveries.write(t, string(id), nil)
		t.relane(d)
		return nil
	})
}

func (r posts) Expandable(ctx context.Context, now time.Time, limit int) ([]domain.Post, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Post, error) {
		var out []domain.Post
		for k := range t.expands.up(key{at: minAt}) {
			if k.at > micros(now) || len(out) >= limit {
				break
			}
			out = append(out, clone(t.posts.rows[k.id]))
		}
		return out, nil
	})
}

func (r posts) NextExpand(ctx context.Context) (time.Time, error) {
	return query(ctx, r.run, func(t *tx) (time.Time, error) {
		for k := range t.expands.up(key{at: minAt}) {
			return time.UnixMicro(k.at).UTC(), nil
		}
		return time.Time{}, nil
	})
}
