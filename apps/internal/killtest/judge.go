package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// judge compares what was booked, what Crier says of it and what the platform
// has accepted. It returns every broken promise.
func judge(posts []booked, said []record, l ledger) []string {
	j := &court{ledger: l, accepted: map[int][]status{}, asked: map[string]bool{}}
	for _, s := range l.statuses {
		j.accepted[s.Number] = append(j.accepted[s.Number], s)
	}
	for i, b := range posts {
		j.post(b, said[i])
	}
	for n, all := range j.accepted {
		if !slices.ContainsFunc(posts, func(b booked) bool { return b.number == n }) {
			j.find("nobody booked what the platform has at %s", all[0].URL)
		}
	}
	for key := range l.requests {
		if !j.asked[key] {
			j.find("a request came with the key %q, which no delivery has", key)
		}
	}
	return j.findings
}

type court struct {
	ledger
	accepted map[int][]status
	asked    map[string]bool
	findings []string
}

func (j *court) find(format string, args ...any) {
	j.findings = append(j.findings, fmt.Sprintf(format, args...))
}

func (j *court) post(b booked, r record) {
	name := fmt.Sprintf("post #%d (%s)", b.number, b.id)
	out := j.accepted[b.number]
	if len(out) > 1 {
		j.find("DOUBLE: %s was accepted %d times: %s", name, len(out), urls(out))
	}
	j.placed(name, b, out)
	if r.ID != b.id || numberOf(r.Content) != b.number || len(r.Deliveries) != 1 {
		j.find("LOST: %s reads as %q with the text %q and %d deliveries, want itself with 1", name, r.ID, r.Content, len(r.Deliveries))
		return
	}
	state := r.Deliveries[0].State
	name += ", which is " + string(state) + ","
	switch {
	case !state.NeedsAttention() && state != domain.DeliveryPublished:
		j.find("LOST: %s has come to no end%s", name, waits(r))
	case state == domain.DeliveryPublished:
		j.published(name, r, out)
	case len(out) > 0 && state != domain.DeliveryUnknown:
		j.find("%s is out at %s", name, urls(out))
	}
	j.attempts(name, r, out)
	j.timeline(name, r)
}

// waits says what a post that has come to no end waits for.
func waits(r record) string {
	d := r.Deliveries[0]
	s := fmt.Sprintf(" after %d attempts", len(r.Attempts))
	if n := len(r.Attempts); n > 0 {
		s += fmt.Sprintf(", the last of which began at %s and is %s", r.Attempts[n-1].StartedAt.Format(time.TimeOnly), r.Attempts[n-1].Result)
	}
	if d.Reason.Code != "" {
		s += fmt.Sprintf(": %s (%s)", d.Reason.Code, d.Reason.Message)
	}
	if d.NextAt.IsZero() {
		return s + "; nothing is planned for it"
	}
	return s + fmt.Sprintf("; it is looked at next at %s", d.NextAt.Format(time.TimeOnly))
}

// placed checks where and when a post went out.
func (j *court) placed(name string, b booked, out []status) {
	for _, s := range out {
		if s.Account != b.account {
			j.find("%s went to the account %s, want %s", name, s.Account, b.account)
		}
		if s.At.Before(b.due) {
			j.find("%s was accepted %v before its time", name, b.due.Sub(s.At))
		}
	}
}

func urls(out []status) string {
	var all []string
	for _, s := range out {
		all = append(all, s.URL)
	}
	return strings.Join(all, " ")
}

// published checks that the link of what is out leads there.
func (j *court) published(name string, r record, out []status) {
	items := r.Deliveries[0].Items
	if len(out) == 0 {
		j.find("LOST: %s was never accepted", name)
		return
	}
	if len(items) != 1 || !slices.ContainsFunc(out, func(s status) bool { return s.URL == items[0].URL && s.ID == items[0].ID }) {
		j.find("%s has the links %v, want %s", name, items, urls(out))
	}
}

// attempts checks that the ledger explains what the platform has seen: no
// request without an intent that was on record before it.
func (j *court) attempts(name string, r record, out []status) {
	d := r.Deliveries[0]
	key := domain.AttemptKey(domain.DeliveryID(d.ID), 0, 1)
	j.asked[key] = true
	if n := j.requests[key]; n > len(r.Attempts) {
		j.find("%s was sent %d times, with %d attempts on record", name, n, len(r.Attempts))
	}
	for _, s := range out {
		if s.Key != key {
			j.find("%s was accepted with the key %q, want %q", name, s.Key, key)
		}
		if len(r.Attempts) > 0 && s.At.Before(r.Attempts[0].StartedAt) {
			j.find("%s was accepted before its first attempt began", name)
		}
	}
	for i, a := range r.Attempts {
		if a.Delivery != d.ID || a.Number != i+1 {
			j.find("%s has attempt %d of %s in the place of its own attempt %d", name, a.Number, a.Delivery, i+1)
		}
	}
	j.results(name, d, r.Attempts)
}

// results checks that the results of the attempts explain the state.
func (j *court) results(name string, d delivery, all []attempt) {
	accepted, last := 0, ""
	for _, a := range all {
		last = a.Result
		if a.Result == "open" {
			j.find("%s has an attempt without a result", name)
		}
		if a.Result == "accepted" {
			accepted++
			if len(d.Items) != 1 || a.URL != d.Items[0].URL {
				j.find("%s has an attempt that was accepted at %q, want the link of its item", name, a.URL)
			}
		}
	}
	if want := map[bool]int{true: 1}[d.State == domain.DeliveryPublished]; accepted != want {
		j.find("%s has %d attempts that were accepted, want %d", name, accepted, want)
	}
	if d.State == domain.DeliveryUnknown && last != "unknown" {
		j.find("%s ended its last attempt as %q, want unknown", name, last)
	}
}

// timeline checks that the events of a post tell one story in order.
func (j *court) timeline(name string, r record) {
	d := r.Deliveries[0]
	state, began, last := domain.DeliveryState(""), time.Time{}, "none"
	for i, ev := range r.Timeline {
		if ev.At.Before(began) {
			j.find("%s has the event %s, %v before the one that came first", name, ev.Event, began.Sub(ev.At))
		}
		began, last = ev.At, ev.Event
		next, ok := strings.CutPrefix(ev.Event, "delivery.")
		if !ok {
			continue
		}
		if ev.Delivery != d.ID {
			j.find("%s has event %d of another delivery, %s", name, i+1, ev.Delivery)
		}
		if !follows(state, domain.DeliveryState(next)) {
			j.find("%s went from %q to %q, which cannot be", name, state, next)
		}
		state = domain.DeliveryState(next)
	}
	if state != d.State {
		j.find("%s has %q as its last event", name, state)
	}
	if want := "post." + string(d.State); last != want {
		j.find("%s ends with the event %s, want %s", name, last, want)
	}
}

// follows reports whether one change can lead from a state to another, or to
// the first. What needs no preparation passes through that state within one
// change.
func follows(from, to domain.DeliveryState) bool {
	switch from {
	case "":
		return to == domain.DeliveryScheduled
	case to:
		return false
	default:
		return from.CanBecome(to) || from.CanBecome(domain.DeliveryPreparing) && domain.DeliveryPreparing.CanBecome(to)
	}
}
