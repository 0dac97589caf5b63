package domain

import "time"

// Leads reports whether d keeps the later ones of its channel waiting: it is
// live and the platform has nothing of it yet. One that a platform works on, one
// between two items of its thread, and one that waits for a person do not.
func (d *Delivery) Leads() bool {
	switch d.State {
	case DeliveryScheduled, DeliveryPreparing:
		return true
	case DeliveryPublishing:
		return !d.Begun()
	default:
		return false
	}
}

// Lane is what a channel has to do, as a claim sees it. A channel does one thing
// at a time, and begins its deliveries in due order.
type Lane struct {
	// Free is when the channel may begin its next delivery: the minimum gap
	// behind the last change that was made on it.
	Free time.Time
	// Held is when the last lease on one of its deliveries ends.
	Held time.Time
	// Head is the first of the deliveries that lead, by due time and id.
	Head *Delivery
	// Other is the first of the rest that has a time to wake at, by that time
	// and id: looks at a platform's work, replies, ends of a late window.
	Other *Delivery
}

// Next returns the delivery that comes next and the time from which it may be
// claimed, or nil if the lane is empty.
func (l Lane) Next() (*Delivery, time.Time) {
	d, at := l.Other, time.Time{}
	if d != nil {
		at = d.WakeAt
	}
	if h := l.Head; h != nil {
		ready := h.WakeAt
		// To look into a change that was made needs no gap.
		if h.Open == "" && ready.Before(l.Free) {
			ready = l.Free
		}
		if d == nil || ready.Before(at) {
			d, at = h, ready
		}
	}
	if d != nil && at.Before(l.Held) {
		at = l.Held
	}
	return d, at
}
