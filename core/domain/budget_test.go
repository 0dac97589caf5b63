package domain_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
)

func budgetStart() time.Time { return time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC) }

func TestGrantGivesAWholeLimitAndThenWaits(t *testing.T) {
	t.Parallel()
	limits := []domain.RateLimit{{Calls: 5, Per: time.Hour}}
	now := budgetStart()
	var b domain.Budget
	if n, _ := b.Grant(limits, 3, now); n != 3 {
		t.Fatalf("got %d granted, want 3", n)
	}
	if n, _ := b.Grant(limits, 9, now.Add(30*time.Minute)); n != 2 {
		t.Fatalf("got %d granted, want the 2 that are left", n)
	}
	n, wait := b.Grant(limits, 1, now.Add(31*time.Minute))
	if n != 0 || wait != 33*time.Minute { // 60 minutes and two slots after the first
		t.Errorf("got %d and to wait %s, want none and 33m", n, wait)
	}
	if n, _ := b.Grant(limits, 9, now.Add(31*time.Minute+wait)); n != 3 {
		t.Errorf("got %d granted after the wait, want the first 3 again", n)
	}
}

func TestGrantKeepsToEveryLimit(t *testing.T) {
	t.Parallel()
	limits := []domain.RateLimit{{Calls: 2, Per: time.Minute}, {Calls: 3, Per: time.Hour}}
	now := budgetStart()
	var b domain.Budget
	if n, _ := b.Grant(limits, 9, now); n != 2 {
		t.Errorf("got %d, want the 2 of the minute", n)
	}
	if n, _ := b.Grant(limits, 9, now.Add(2*time.Minute)); n != 1 {
		t.Errorf("got %d, want the 1 that the hour leaves", n)
	}
	if n, wait := b.Grant(limits, 9, now.Add(4*time.Minute)); n != 0 || wait != time.Hour {
		t.Errorf("got %d and to wait %s, want none and 1h0m: until the first two are over", n, wait)
	}
	b.Grant(limits[:1], 1, now.Add(10*time.Minute))
	if n := len(b.Windows); n != 1 {
		t.Errorf("got %d windows, want the 1 of the limit that is left", n)
	}
}

// TestGrantNeverExceeds uses what it is granted as late as it may, and looks at
// every span that ends with a call.
func TestGrantNeverExceeds(t *testing.T) {
	t.Parallel()
	limits := []domain.RateLimit{{Calls: 20, Per: time.Minute}, {Calls: 100, Per: 10 * time.Minute}}
	r := rand.New(rand.NewPCG(1, 2))
	var b domain.Budget
	var calls []time.Time
	now := budgetStart()
	for range 5000 {
		now = now.Add(time.Duration(r.Int64N(int64(4 * time.Second))))
		n, wait := b.Grant(limits, 1+r.IntN(4), now)
		if (n == 0) != (wait > 0) {
			t.Fatalf("got %d granted and to wait %s, want one or the other", n, wait)
		}
		for range n {
			calls = append(calls, now.Add(time.Duration(r.Int64N(int64(limits[0].Slot())))))
		}
	}
	slices.SortFunc(calls, time.Time.Compare)
	for _, l := range limits {
		most, first := 0, 0
		for last, end := range calls {
			for !calls[first].After(end.Add(-l.Per)) {
				first++
			}
			most = max(most, last-first+1)
		}
		if most > l.Calls || most < l.Calls*3/4 {
			t.Errorf("got %d calls in one span of %s, want at most %d, and most of them", most, l.Per, l.Calls)
		}
	}
}

func TestGrantBelievesThePlatform(t *testing.T) {
	t.Parallel()
	now := budgetStart()
	limits := []domain.RateLimit{{Calls: 100, Per: time.Hour}}
	var b domain.Budget
	if !b.Tell(2, now.Add(10*time.Minute), now) {
		t.Error("got no change, want one")
	}
	if b.Tell(7, now.Add(12*time.Minute), now.Add(time.Second)) || b.Left != 2 {
		t.Errorf("got %d left after a report that was overtaken, want 2", b.Left)
	}
	if n, _ := b.Grant(limits, 9, now.Add(time.Minute)); n != 2 {
		t.Errorf("got %d, want the 2 that the platform leaves", n)
	}
	if n, wait := b.Grant(limits, 1, now.Add(time.Minute)); n != 0 || wait != 9*time.Minute {
		t.Errorf("got %d and to wait %s, want none and 9m", n, wait)
	}
	if n, _ := b.Grant(limits, 1, now.Add(10*time.Minute)); n != 1 {
		t.Errorf("got %d when the platform's window is over, want 1", n)
	}
	b.Tell(50, now.Add(30*time.Minute), now.Add(11*time.Minute))
	b.Tell(0, now.Add(20*time.Minute), now.Add(12*time.Minute))
	if n, wait := b.Grant(nil, 1, now.Add(15*time.Minute)); n != 0 || wait != 15*time.Minute {
		t.Errorf("got %d and to wait %s, want none until the later of both times", n, wait)
	}
	if b.Tell(5, now, now) {
		t.Error("got a change by a word that is over, want none")
	}
}

func TestGrantForgetsAClockThatJumped(t *testing.T) {
	t.Parallel()
	limits := []domain.RateLimit{{Calls: 1, Per: time.Minute}}
	var b domain.Budget
	b.Grant(limits, 1, budgetStart().Add(24*time.Hour))
	if n, _ := b.Grant(limits, 1, budgetStart()); n != 1 {
		t.Errorf("got %d, want 1: a call of tomorrow is none", n)
	}
}

func TestBudgetStaysSmall(t *testing.T) {
	t.Parallel()
	limits := []domain.RateLimit{{Calls: 1 << 30, Per: time.Hour}}
	var b domain.Budget
	for i := range 10000 {
		b.Grant(limits, 1, budgetStart().Add(time.Duration(i)*time.Second))
	}
	if n := len(b.Windows[0].Used); n > 33 {
		t.Errorf("got %d slots, want at most those of one window", n)
	}
}
