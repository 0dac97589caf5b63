package compose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// checkSlots reports the channels that nothing can be queued on.
func (pl *plan) checkSlots() []fault.Problem {
	var c checklist
	for i, t := range pl.in.Targets {
		if ch, ok := pl.channels[t.Channel]; ok && ch.State != domain.ChannelDisconnected && len(ch.Slots) == 0 {
			c.add(fmt.Sprintf("channels[%d].id", i), "no_slots", "%s has no posting times, so nothing can be queued on it. Give it some, or choose a time.", ch.Name)
		}
	}
	return c
}

// takeSlots finds each channel of a post that is to be queued its next free
// slot. It locks the channels, so that no two posts get the same one; they are
// locked in the same order by all. What was queued before keeps its slot while
// that is still to come.
func (s *Service) takeSlots(ctx context.Context, r store.Repos, pl *plan, was domain.Post, old []domain.Delivery) error {
	if pl.in.When != Queue {
		return nil
	}
	pl.keepSlots(was, old)
	at := map[domain.ChannelID]int{}
	for i, t := range pl.in.Targets {
		at[t.Channel] = i
	}
	for _, id := range slices.Sorted(maps.Keys(at)) {
		if _, has := pl.slots[id]; has {
			continue
		}
		if err := pl.takeSlot(ctx, r, id, at[id]); err != nil {
			return err
		}
	}
	pl.due = time.Time{}
	for id := range at {
		if due := pl.slots[id]; pl.due.IsZero() || due.Before(pl.due) {
			pl.due = due
		}
	}
	loc := pl.org.Location()
	pl.zone, pl.wall = loc.String(), pl.due.In(loc).Format("2006-01-02T15:04:05")
	return nil
}

// keepSlots notes when what was queued is due, or out.
func (pl *plan) keepSlots(was domain.Post, old []domain.Delivery) {
	pl.slots = map[domain.ChannelID]time.Time{}
	for _, d := range old {
		waiting := was.Queued && waits(d) && d.DueAt.After(pl.now)
		if d.Occurrence == "" && (waiting || d.State == domain.DeliveryPublished) {
			pl.slots[d.Channel] = d.DueAt
		}
	}
}

// takeSlot is takeSlots for one channel, the i-th of the post.
func (pl *plan) takeSlot(ctx context.Context, r store.Repos, id domain.ChannelID, i int) error {
	ch, err := r.Channels().Update(ctx, pl.org.ID, id, func(*domain.Channel) error { return nil })
	if err != nil {
		return err
	}
	free, err := freeSlots(ctx, r, ch, pl.org.Location(), pl.now, 1)
	if err != nil {
		return err
	}
	if len(free) == 0 {
		return fault.Check(about(fmt.Sprintf("channels[%d].id", i), "no_free_slot", ch.Name+" has no posting time that is free. Give it more, or choose a time."))
	}
	pl.slots[id] = free[0]
	return nil
}

// freeSlots returns the next n free slots of a channel, or fewer.
func freeSlots(ctx context.Context, r store.Repos, ch domain.Channel, loc *time.Location, now time.Time, n int) ([]time.Time, error) {
	taken, err := r.Deliveries().Taken(ctx, ch.Organization, ch.ID, now)
	if err != nil {
		return nil, err
	}
	var out []time.Time
	isTaken := domain.TakenAt(taken...)
	for after := now; len(out) < n; {
		at, ok := domain.NextFreeSlot(ch.Slots, loc, after, isTaken, 0)
		if !ok {
			break
		}
		out = append(out, at)
		after = at
	}
	return out, nil
}

// maxFreeSlots bounds what FreeSlots returns.
const maxFreeSlots = 100

// FreeSlots returns the next n free posting times of a channel, up to 100. What
// is queued now gets the first of them. There are none for a channel without
// posting times.
func (s *Service) FreeSlots(ctx context.Context, a domain.Actor, id domain.ChannelID, n int) ([]time.Time, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Read); err != nil {
		return nil, err
	}
	ch, err := s.cfg.Store.Channels().Get(ctx, a.Organization, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && (ch.State == domain.ChannelDisconnected || !a.Reach.Covers(id)) {
		return nil, fault.Missing("channel")
	}
	if err != nil {
		return nil, fmt.Errorf("free slots of channel %s: %w", id, err)
	}
	org, err := s.cfg.Store.Organizations().Get(ctx, a.Organization)
	if err != nil {
		return nil, fmt.Errorf("free slots of channel %s: %w", id, err)
	}
	out, err := freeSlots(ctx, s.cfg.Store, ch, org.Location(), domain.Instant(s.cfg.Now()), min(n, maxFreeSlots))
	if err != nil {
		return nil, fmt.Errorf("free slots of channel %s: %w", id, err)
	}
	return out, nil
}
