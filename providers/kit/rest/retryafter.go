package rest

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// longest bounds what a platform can make us wait.
	longest = 366 * 24 * time.Hour
	// Above these a number is no waiting time but a moment since 1970.
	epochSeconds, epochMillis = 1e9, 1e11
)

// rateHeaders is how the names of the headers begin that tell of a rate limit.
func rateHeaders() []string { return []string{"X-RateLimit-", "RateLimit-", "X-Rate-Limit-"} }

// RetryAfter reads how long a platform asks to wait: Retry-After in seconds or
// as a date, else the reset time of an exhausted rate limit, as a date, in
// seconds, or in seconds or milliseconds since 1970. Zero: it does not say. It
// is never negative, and a year at most.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if d, ok := wait(h.Get("Retry-After"), now); ok {
		return d
	}
	if d, ok := wait(h.Get("X-RateLimit-Reset-After"), now); ok {
		return d
	}
	for _, name := range rateHeaders() {
		left := h.Get(name + "Remaining")
		if n, ok := count(left); left != "" && (!ok || n > 0) {
			continue
		}
		if d, ok := wait(h.Get(name+"Reset"), now); ok {
			return d
		}
	}
	return 0
}

func wait(v string, now time.Time) (time.Duration, bool) {
	v = strings.TrimSpace(v)
	if n, err := strconv.ParseFloat(v, 64); err == nil && !math.IsNaN(n) {
		switch {
		case n > epochMillis:
			return until(time.UnixMilli(int64(min(n, 1e15))), now), true
		case n > epochSeconds:
			return until(time.Unix(int64(n), 0), now), true
		}
		return time.Duration(max(0, min(n, longest.Seconds())) * float64(time.Second)), true
	}
	for _, layout := range []string{time.RFC3339, http.TimeFormat, time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, v); err == nil {
			return until(t, now), true
		}
	}
	return 0, false
}

func until(t, now time.Time) time.Duration {
	return max(0, min(t.Sub(now), longest))
}
