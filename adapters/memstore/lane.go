package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// lane is what Claim needs to know of a channel.
type lane struct {
	channel  domain.ChannelID
	org      domain.OrganizationID
	provider domain.ProviderID
	free     time.Time
	// ready is the time from which its next delivery may be claimed; zero: it is
	// empty.
	ready time.Time
}

// relane works out again when the channel of d is ready, after d was stored.
func (t *tx) relane(d domain.Delivery) {
	id := string(d.Channel)
	l, ok := t.lanes.rows[id]
	if !ok {
		l = lane{channel: d.Channel, org: d.Organization, provider: d.Provider}
	}
	_, l.ready = t.lane(l).Next()
	t.lanes.write(t, id, &l)
}

// lane reads what the channel has to do.
func (t *tx) lane(l lane) domain.Lane {
	out := domain.Lane{Free: l.free}
	group := string(l.channel)
	for k := range t.heads.group(group) {
		d := t.deliveries.rows[k.id]
		out.Head = &d
		break
	}
	for k := range t.others.group(group) {
		d := t.deliveries.rows[k.id]
		out.Other = &d
		break
	}
	for k := range t.held.group(group) {
		out.Held = time.UnixMicro(k.at).UTC() // the last one ends last
	}
	return out
}

// turn is a lane that is ready and its place in the order of its organization.
type turn struct {
	lane
	n int
}

// turns lists the lanes that a claim may take from, in the order to take them.
func (t *tx) turns(c store.Claim) []turn {
	had := map[domain.OrganizationID]int{}
	var out []turn
	for k := range t.readyLanes.up(key{at: minAt}) {
		if k.at > micros(c.Now) {
			break
		}
		l := t.lanes.rows[k.id]
		if len(c.Providers) > 0 && !slices.Contains(c.Providers, l.provider) {
			continue
		}
		had[l.org]++
		if n := had[l.org] + c.Held[l.org]; c.Share <= 0 || n <= c.Share {
			out = append(out, turn{l, n})
		}
	}
	slices.SortStableFunc(out, func(a, b turn) int { return cmp.Compare(a.n, b.n) })
	return out[:min(len(out), max(c.Limit, 0))]
}

func (r deliveries) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Delivery, error) {
		var out []domain.Delivery
		for _, l := range t.turns(c) {
			next, _ := t.lane(l.lane).Next()
			d := clone(*next)
			d.Claim(c.Owner, c.Until)
			row, err := own(d)
			if err != nil {
				return nil, err
			}
			t.deliveries.write(t, string(row.ID), &row)
			t.relane(row)
			out = append(out, clone(row))
		}
		return out, nil
	})
}

func (r deliveries) Pace(ctx context.Context, org domain.OrganizationID, free map[domain.ChannelID]time.Time) error {
	return r.run(ctx, func(t *tx) error {
		for channel, at := range free {
			l, ok := t.lanes.rows[string(channel)]
			if !ok || l.org != org {
				return fault.ErrNotFound
			}
			if at = domain.Instant(at); at.After(l.free) {
				l.free = at
				_, l.ready = t.lane(l).Next()
				t.lanes.write(t, string(channel), &l)
			}
		}
		return nil
	})
}

func (r deliveries) NextWake(ctx context.Context, providers ...domain.ProviderID) (time.Time, error) {
	return query(ctx, r.run, func(t *tx) (time.Time, error) {
		for k := range t.readyLanes.up(key{at: minAt}) {
			if len(providers) == 0 || slices.Contains(providers, t.lanes.rows[k.id].provider) {
				return time.UnixMicro(k.at).UTC(), nil
			}
		}
		return time.Time{}, nil
	})
}
