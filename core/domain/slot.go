package domain

import (
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// The bounds of slots.
const (
	// MaxSlots is how many slots a channel may have.
	MaxSlots = 200
	// MaxSlotHorizon is how far ahead a free slot is looked for.
	MaxSlotHorizon = 2 * 366 * 24 * time.Hour
)

// Slot is a weekly posting time of a channel, on the clocks of its
// organization's zone.
type Slot struct {
	Weekday time.Weekday
	// Minute is the minute of the day, from 0 for 00:00 to 1439 for 23:59.
	Minute int
}

// String writes the slot like Tuesday 09:00.
func (s Slot) String() string {
	return fmt.Sprintf("%s %02d:%02d", s.Weekday, s.Minute/60, s.Minute%60)
}

// compare orders slots through the week, from Monday.
func (s Slot) compare(o Slot) int {
	return (fromMonday(s.Weekday)*minutesPerDay + s.Minute) - (fromMonday(o.Weekday)*minutesPerDay + o.Minute)
}

const minutesPerDay = 24 * 60

func (s Slot) valid() bool {
	return isDay(s.Weekday) && s.Minute >= 0 && s.Minute < minutesPerDay
}

// SortSlots puts slots in the order of the week, from Monday.
func SortSlots(slots []Slot) { slices.SortFunc(slots, Slot.compare) }

// ValidateSlots says everything that is wrong with the slots of a channel. None
// at all is right: nothing can be queued then.
func ValidateSlots(slots []Slot) []fault.Problem {
	var c complaints
	if len(slots) > MaxSlots {
		c.add("slots", "too_many", "There are %d posting times; at most %d are possible.", len(slots), MaxSlots)
		return c
	}
	seen := map[Slot]bool{}
	for i, s := range slots {
		field := fmt.Sprintf("slots[%d]", i)
		switch {
		case !isDay(s.Weekday):
			c.add(field, "out_of_range", "The day of a posting time must be from 0 for Sunday to 6 for Saturday.")
		case !s.valid():
			c.add(field, "out_of_range", "The minute of a posting time must be from 0 to %d.", minutesPerDay-1)
		case seen[s]:
			c.add(field, "duplicate", "%s is there twice.", s)
		}
		seen[s] = true
	}
	return c
}

// NextSlots returns the first n instants of slots on the clocks of loc,
// strictly after the given one and in order. Slots are moved and met as
// occurrences are: see Occurrences. n is cut to MaxOccurrences; slots that
// ValidateSlots refuses are passed over.
func NextSlots(slots []Slot, loc *time.Location, after time.Time, n int) []time.Time {
	n = min(n, MaxOccurrences)
	var out []time.Time
	// Without a slot nothing comes; with one, a week brings at least one. The
	// odd week may lose one to another that it is moved to.
	walkSlots(slots, loc, after, after.AddDate(0, 0, 7*(2*max(n, 0)+4)), func(t time.Time) bool {
		if len(out) < n {
			out = append(out, t)
		}
		return len(out) < n
	})
	return out
}

// NextFreeSlot returns the first instant of slots after the given one, and
// within horizon of it, that is not taken. A horizon of zero or above
// MaxSlotHorizon means that. It reports false if there is none, and for slots
// that are empty.
func NextFreeSlot(slots []Slot, loc *time.Location, after time.Time, taken func(time.Time) bool, horizon time.Duration) (time.Time, bool) {
	if horizon <= 0 || horizon > MaxSlotHorizon {
		horizon = MaxSlotHorizon
	}
	var free time.Time
	walkSlots(slots, loc, after, after.Add(horizon), func(t time.Time) bool {
		if !taken(t) {
			free = t
		}
		return free.IsZero()
	})
	return free, !free.IsZero()
}

// TakenAt returns the taken of NextFreeSlot for instants that are known.
func TakenAt(instants ...time.Time) func(time.Time) bool {
	set := make(map[time.Time]bool, len(instants))
	for _, t := range instants {
		set[Instant(t)] = true
	}
	return func(t time.Time) bool { return set[Instant(t)] }
}

// walkSlots yields the instants of slots after the one given, up to and with
// last, in order, until yield returns false.
func walkSlots(slots []Slot, loc *time.Location, after, last time.Time, yield func(time.Time) bool) {
	week := make([][]Slot, 7)
	for _, s := range slots {
		if s.valid() {
			week[s.Weekday] = append(week[s.Weekday], s)
		}
	}
	start := wallClock(after.In(loc)).Add(-slack).Truncate(24 * time.Hour)
	end := wallClock(last.In(loc)).Add(2 * slack)
	var waiting timeline
	for day := start; day.Before(end); day = day.AddDate(0, 0, 1) {
		for _, s := range week[day.Weekday()] {
			if o := occurrenceAt(day.Add(time.Duration(s.Minute)*time.Minute), loc); o.At.After(after) && !o.At.After(last) {
				waiting = append(waiting, o)
			}
		}
		// What is this much older than the day that comes next is overtaken by
		// nothing any more.
		ready := waiting.first(len(waiting))
		seen := day.AddDate(0, 0, 1)
		waiting = waiting[:0:0]
		for i, o := range ready {
			if !timeline(ready[i:]).settled(o.At, seen) {
				waiting = slices.Clone(ready[i:])
				break
			}
			if !yield(o.At) {
				return
			}
		}
	}
}
