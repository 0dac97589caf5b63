package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// report tells the host what the headers of an answer say of a limit.
func (c *Client) report(ctx context.Context, h http.Header) {
	if c.Rates == "" || c.Now == nil {
		return
	}
	if r, ok := rateOf(h, c.Now()); ok {
		r.Scope = c.Rates
		social.ReportRate(ctx, r)
	}
}

// rateOf reads the headers of a rate limit: X-RateLimit-Limit, -Remaining and
// -Reset, which have no standard but many users, the same names without X, and
// the one header RateLimit of
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/. An
// answer that does not say how many calls remain says nothing.
func rateOf(h http.Header, now time.Time) (social.Rate, bool) {
	for _, name := range rateHeaders() {
		left, ok := count(h.Get(name + "Remaining"))
		if !ok {
			continue
		}
		limit, _ := count(h.Get(name + "Limit"))
		reset, ok := wait(h.Get(name+"Reset-After"), now)
		if !ok {
			reset, _ = wait(h.Get(name+"Reset"), now)
		}
		return social.Rate{Limit: limit, Remaining: left, ResetAfter: reset}, true
	}
	return tightest(strings.Join(h.Values("RateLimit"), ","), now)
}

// tightest is the limit with the fewest calls left among those of a RateLimit
// header: `"hour";r=50;t=30, "day";r=900;t=4000`, or as it was written before,
// `limit=100, remaining=50, reset=30`.
func tightest(header string, now time.Time) (social.Rate, bool) {
	var best social.Rate
	found := false
	for item := range strings.SplitSeq(olderAsItem(header), ",") {
		var r social.Rate
		known := false
		for param := range strings.SplitSeq(item, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
			switch name {
			case "r", "remaining":
				r.Remaining, known = count(value)
			case "t", "reset":
				r.ResetAfter, _ = wait(value, now)
			case "limit":
				r.Limit, _ = count(value)
			}
		}
		if known && (!found || r.Remaining < best.Remaining) {
			best, found = r, true
		}
	}
	return best, found
}

// olderAsItem turns the members of the older form into parameters of one item.
func olderAsItem(header string) string {
	if strings.Contains(header, "remaining=") {
		return strings.ReplaceAll(header, ",", ";")
	}
	return header
}

// count reads a number of calls. Some platforms write fractions, and some a
// list with the policy behind the number.
func count(v string) (int, bool) {
	v, _, _ = strings.Cut(v, ",")
	n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	if err != nil || !(n >= 0) {
		return 0, false
	}
	return int(min(n, 1<<31-1)), true
}
