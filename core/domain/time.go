package domain

import "time"

// Instant prepares t for storage: UTC, cut to the microseconds that every
// database keeps. The zero time stays zero.
func Instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
