package domain

import (
	"time"

	"github.com/crierhq/crier/core/fault"
)

// wallLayouts are the ways to write a local time.
var wallLayouts = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// ParseTime reads a time as people send it: RFC 3339 with an offset, or a
// local time without one, which is read in loc by FromWall.
func ParseTime(s string, loc *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return Instant(t), nil
	}
	for _, layout := range wallLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return FromWall(t, loc), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "malformed_time",
		"This is not a time. Write it like 2026-03-29T09:00:00+02:00, or without the offset for local time.")
}

// FromWall returns the instant at which the clocks of loc show what wall says;
// the zone of wall itself does not matter. A time that the clocks skip is read
// with the offset in force before the gap, so 02:30 becomes 03:30 where they
// jump from 02:00 to 03:00. Of a time that comes twice, the first is meant.
func FromWall(wall time.Time, loc *time.Location) time.Time {
	u := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	before, after := u.Add(-offset(u.Add(-24*time.Hour), loc)), u.Add(-offset(u.Add(24*time.Hour), loc))
	shows := func(t time.Time) bool { return t.Add(offset(t, loc)).Equal(u) }
	switch {
	case shows(before) && shows(after):
		if after.Before(before) {
			before = after
		}
	case shows(after):
		before = after
	}
	return Instant(before)
}

func offset(t time.Time, loc *time.Location) time.Duration {
	_, sec := t.In(loc).Zone()
	return time.Duration(sec) * time.Second
}
