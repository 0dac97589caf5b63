package domain

import (
	"slices"
	"time"
)

// RateLimit is a limit of a platform: at most Calls in any span of Per.
type RateLimit struct {
	// Calls that is zero means that the platform publishes no number: only what
	// it reports while it is used counts.
	Calls int
	Per   time.Duration
}

// budgetSlots is into how many slots a window is cut. More would use a limit
// better after a burst, fewer make the row smaller.
const budgetSlots = 30

// Slot is how long what is granted may be kept before it is used: what is
// granted counts until the limit's span is over after the latest use.
func (l RateLimit) Slot() time.Duration { return max(l.Per/budgetSlots, time.Millisecond) }

// Budget is how much of the rate limits of one platform app is used, by all
// workers together. It belongs to the installation, not to a tenant.
//
// It counts in sliding windows and not in a token bucket: a bucket that holds a
// whole limit lets nearly twice of it through within one window.
type Budget struct {
	// ID names the app.
	ID string
	// Windows counts what was granted, one for each limit.
	Windows []BudgetWindow
	// Left is how many calls the platform said are left until LeftUntil, less
	// what was granted since. It counts only until then.
	Left      int
	LeftUntil time.Time
	Version   int
}

// BudgetWindow counts the grants of one limit.
type BudgetWindow struct {
	Per  time.Duration
	Used []BudgetUse
}

// BudgetUse is what was granted in the slot that begins at At.
type BudgetUse struct {
	At    time.Time
	Calls int
}

// Grant takes up to want calls out of the budget, as many as all of limits and
// the platform's own word allow at now. If that is none it changes nothing and
// says how long to wait before asking again. What it grants must be used within
// the shortest RateLimit.Slot of limits; then no span of any limit ever holds
// more calls than it allows.
func (b *Budget) Grant(limits []RateLimit, want int, now time.Time) (granted int, wait time.Duration) {
	now = Instant(now)
	limits = slices.DeleteFunc(slices.Clone(limits), func(l RateLimit) bool { return l.Calls <= 0 || l.Per <= 0 })
	windows := make([]BudgetWindow, len(limits))
	granted = want
	for i, l := range limits {
		windows[i] = b.window(l, now)
		free, after := windows[i].free(l, now)
		granted, wait = min(granted, free), max(wait, after)
	}
	if now.Before(b.LeftUntil) {
		if granted = min(granted, b.Left); b.Left <= 0 {
			wait = max(wait, b.LeftUntil.Sub(now))
		}
	}
	if granted <= 0 {
		return 0, wait
	}
	for i, l := range limits {
		windows[i].use(l, granted, now)
	}
	b.Windows = windows
	if now.Before(b.LeftUntil) {
		b.Left -= granted
	}
	return granted, 0
}

// Tell takes over what the platform said: left calls until the given time. The
// smaller number wins while an earlier word holds, because reports overtake
// each other. It reports whether that changed anything.
func (b *Budget) Tell(left int, until, now time.Time) bool {
	left, until = max(left, 0), Instant(until)
	switch {
	case !now.Before(until):
		return false
	case !now.Before(b.LeftUntil):
		b.Left, b.LeftUntil = left, until
	case left == 0 && (b.Left > 0 || until.After(b.LeftUntil)):
		b.Left, b.LeftUntil = 0, later(b.LeftUntil, until)
	case left < b.Left:
		b.Left = left
	default:
		return false
	}
	return true
}

// window is what still counts of the window of l. What lies further ahead than
// a window was written by a clock that jumped.
func (b *Budget) window(l RateLimit, now time.Time) BudgetWindow {
	out := BudgetWindow{Per: l.Per}
	i := slices.IndexFunc(b.Windows, func(w BudgetWindow) bool { return w.Per == l.Per })
	if i < 0 {
		return out
	}
	for _, u := range b.Windows[i].Used {
		if now.Before(u.free(l)) && !u.At.After(now.Add(l.Per)) {
			out.Used = append(out.Used, u)
		}
	}
	return out
}

// free is when a use stops to count: the span of the limit after the end of its
// slot, and one slot more in which what was granted last could be kept.
func (u BudgetUse) free(l RateLimit) time.Time { return u.At.Add(2*l.Slot() + l.Per) }

// free is how many calls are left, and if there are none, for how long.
func (w BudgetWindow) free(l RateLimit, now time.Time) (int, time.Duration) {
	used := 0
	for _, u := range w.Used {
		used += u.Calls
	}
	if used < l.Calls {
		return l.Calls - used, 0
	}
	for _, u := range w.Used { // the oldest first
		if used -= u.Calls; used < l.Calls {
			return 0, u.free(l).Sub(now)
		}
	}
	return 0, l.Per
}

// use counts n calls in the slot of now.
func (w *BudgetWindow) use(l RateLimit, n int, now time.Time) {
	at := now.Truncate(l.Slot())
	if i := slices.IndexFunc(w.Used, func(u BudgetUse) bool { return u.At.Equal(at) }); i >= 0 {
		w.Used[i].Calls += n
		return
	}
	w.Used = append(w.Used, BudgetUse{At: at, Calls: n})
	slices.SortFunc(w.Used, func(a, b BudgetUse) int { return a.At.Compare(b.At) })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
