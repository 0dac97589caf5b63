package domain

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// Repeats reads the recurrence of a post, which must have one. A zone that this
// machine's zone data does not have is an Invalid fault.
func (p Post) Repeats() (Recurrence, error) { return ParseRecurrence(p.Recurrence) }

// Recurs reports whether the post is repeated.
func (p Post) Recurs() bool { return p.Recurrence != "" }

// ContentOf is p as d, a delivery of it, publishes it.
func (p Post) ContentOf(d Delivery) Post {
	if d.Kept == nil {
		return p
	}
	p.Targets = slices.Clone(p.Targets)
	p.Targets = slices.DeleteFunc(p.Targets, func(t Target) bool { return t.Channel == d.Channel })
	p.Targets = append(p.Targets, *d.Kept)
	return p
}

// Keep has d publish what p says now, whatever becomes of p.
func (d *Delivery) Keep(p Post) {
	if d.Kept == nil {
		t, _ := p.Target(d.Channel)
		d.Kept = &Target{Channel: d.Channel, Settings: slices.Clone(t.Settings), Items: p.ItemsFor(d.Channel)}
	}
}

// Amend has a delivery that waits for a person take the content of revision,
// which has the given number of items, once it is tried again. Nothing of it
// may be out or in doubt.
func (d *Delivery) Amend(revision, items int, now time.Time) error {
	if d.Begun() || d.Open != "" || d.State.Moving() {
		return fault.New(fault.Conflict, "too_late", "It is too late to change this delivery: it is %s.", d.State)
	}
	d.Kept, d.Revision, d.Parts, d.UpdatedAt = nil, revision, make([]Part, items), Instant(now)
	return nil
}

// Booking is what Align is told of d: it is fixed once it is due.
func (d Delivery) Booking(now time.Time) Booking {
	return Booking{Key: d.Occurrence, At: d.DueAt, Fixed: !d.Editable() || !d.DueAt.After(now)}
}

// Once is the only time of a post that does not recur, on the clocks of loc.
func Once(at time.Time, loc *time.Location) Occurrence {
	wall := wallClock(at.In(loc))
	return Occurrence{Key: wall.Format(wallKey), Wall: wall, At: Instant(at)}
}

// LocalTime reads a time without an offset as a Recurrence's Anchor has it. It
// reports false for anything else.
func LocalTime(s string) (string, bool) {
	t, ok := readWall(s)
	return t.Format(wallKey), ok
}

// StatesOf lists the states of those of ds that belong together with d: the
// same occurrence on all channels, d among them. What follows them is left out.
func StatesOf(ds []Delivery, d Delivery) []DeliveryState {
	out := []DeliveryState{d.State}
	for _, o := range ds {
		if o.Occurrence == d.Occurrence && o.ID != d.ID && o.Follows == "" {
			out = append(out, o.State)
		}
	}
	return out
}

// EarliestKey is not after the key of any occurrence later than t, whatever its
// zone is, when they are compared as texts.
func EarliestKey(t time.Time) string { return t.UTC().Add(-slack).Format(wallKey) }

// Standing lists the states that say how p stands now; see Summarize. ds are
// deliveries of p. Of occurrences these count: what is to come, under way,
// blocked or in doubt; and while p recurs, of each channel the latest one that
// has ended, if it needs a person or nothing comes after it. Of other
// deliveries all count, but once p recurs, only what is under way or in doubt.
// What follows a delivery never counts: a post that is out is published,
// whatever becomes of the comments on it.
func (p Post) Standing(ds []Delivery) []DeliveryState {
	var out []DeliveryState
	by := map[ChannelID][]Delivery{}
	ds, _ = Own(ds)
	for _, d := range ds {
		switch {
		case d.Occurrence != "":
			by[d.Channel] = append(by[d.Channel], d)
		case !p.Recurs() || d.State == DeliveryUnknown || d.State.Moving():
			out = append(out, d.State)
		}
	}
	for _, ch := range slices.Sorted(maps.Keys(by)) {
		out = append(out, p.standing(by[ch])...)
	}
	if len(out) == 0 && len(ds) > 0 {
		out = append(out, DeliveryCanceled)
	}
	return out
}

// standing is Standing for the occurrences on one channel.
func (p Post) standing(ds []Delivery) []DeliveryState {
	slices.SortFunc(ds, func(a, b Delivery) int { return strings.Compare(a.Occurrence, b.Occurrence) })
	var out []DeliveryState
	var ended DeliveryState
	for _, d := range ds {
		switch d.State {
		case DeliveryCanceled:
		case DeliveryPublished, DeliveryFailed, DeliveryMissed:
			ended = d.State
		default:
			out = append(out, d.State)
		}
	}
	if p.Recurs() && ended != "" && (ended.NeedsAttention() || len(out) == 0) {
		out = append(out, ended)
	}
	return out
}
