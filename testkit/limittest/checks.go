package limittest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/ports/limit"
)

// interval is the time in which a unit of ten comes back.
const interval = 6 * time.Minute

// ten is ten an hour.
func ten() limit.Policy { return limit.Policy{Name: "ten", Limit: 10, Window: 10 * interval} }

func allowed(remaining int, reset time.Duration) limit.Result {
	return limit.Result{Allowed: true, Remaining: remaining, Reset: reset}
}

func refused(remaining int, reset, retryAfter time.Duration) limit.Result {
	return limit.Result{Remaining: remaining, Reset: reset, RetryAfter: retryAfter}
}

// drain takes everything of the key k.
func drain(p *probe) { p.take("all at once", "k", ten(), 10, allowed(0, 10*interval)) }

func burst(p *probe) {
	for i := range 10 {
		p.take("one of a burst", "k", ten(), 1, allowed(9-i, time.Duration(i+1)*interval))
	}
	p.take("one too many", "k", ten(), 1, refused(0, 10*interval, interval))
}

func evenly(p *probe) {
	drain(p)
	for range 3 {
		p.in.Pass(interval)
		p.take("one that came back", "k", ten(), 1, allowed(0, 10*interval))
		p.take("one that did not", "k", ten(), 1, refused(0, 10*interval, interval))
	}
	p.in.Pass(4 * interval)
	p.take("one of four that came back", "k", ten(), 1, allowed(3, 7*interval))
}

func retryAfter(p *probe) {
	drain(p)
	p.take("three too many", "k", ten(), 3, refused(0, 10*interval, 3*interval))
	p.in.Pass(3*interval - time.Minute)
	p.take("before the time", "k", ten(), 3, refused(2, 7*interval+time.Minute, time.Minute))
	p.in.Pass(time.Minute)
	p.take("at the time", "k", ten(), 3, allowed(0, 10*interval))
}

func allOrNone(p *probe) {
	p.take("seven", "k", ten(), 7, allowed(3, 7*interval))
	p.take("four of three", "k", ten(), 4, refused(3, 7*interval, interval))
	p.take("three of three", "k", ten(), 3, allowed(0, 10*interval))
}

func refusalsCostNothing(p *probe) {
	drain(p)
	for range 20 {
		p.take("one too many", "k", ten(), 1, refused(0, 10*interval, interval))
	}
	p.in.Pass(interval)
	p.take("one after many refusals", "k", ten(), 1, allowed(0, 10*interval))
}

func apart(p *probe) {
	drain(p)
	p.take("another key", "k2", ten(), 1, allowed(9, interval))
	other := ten()
	other.Name = "other"
	p.take("another policy", "k", other, 1, allowed(9, interval))
	p.take("the key", "k", ten(), 1, refused(0, 10*interval, interval))
	p.take("a key of odd characters", "k\x00:\n ü{}*", ten(), 1, allowed(9, interval))
}

func noSavings(p *probe) {
	p.take("one", "k", ten(), 1, allowed(9, interval))
	p.in.Pass(23 * time.Hour)
	drain(p)
	p.take("one more than all, after long rest", "k", ten(), 1, refused(0, 10*interval, interval))
}

func arguments(p *probe) {
	for what, c := range map[string]struct {
		policy limit.Policy
		n      int
	}{
		"no units":              {ten(), 0},
		"negative units":        {ten(), -1},
		"more than there are":   {ten(), 11},
		"no policy":             {limit.Policy{}, 1},
		"a limit of nothing":    {limit.Policy{Name: "ten", Window: time.Hour}, 1},
		"no window":             {limit.Policy{Name: "ten", Limit: 10}, 1},
		"too long a window":     {limit.Policy{Name: "ten", Limit: 10, Window: limit.MaxWindow + 1}, 1},
		"too short a window":    {limit.Policy{Name: "ten", Limit: 10, Window: 9 * time.Microsecond}, 1},
		"a name with a space":   {limit.Policy{Name: "t n", Limit: 10, Window: time.Hour}, 1},
		"a name with a colon":   {limit.Policy{Name: "t:n", Limit: 10, Window: time.Hour}, 1},
		"a policy without name": {limit.Policy{Limit: 10, Window: time.Hour}, 1},
	} {
		if got, err := p.in.Limiter.Take(p.ctx, "k", c.policy, c.n); err == nil || got != (limit.Result{}) {
			p.add("Take with %s: got %+v, %v, want an error alone", what, got, err)
		}
	}
	p.take("one after mistakes", "k", ten(), 1, allowed(9, interval))
}

func endedContext(p *probe) {
	dead, cancel := context.WithCancel(p.ctx)
	cancel()
	if got, err := p.in.Limiter.Take(dead, "k", ten(), 1); err == nil {
		p.add("Take with an ended context: got %+v, want an error", got)
	}
}

func parallel(p *probe) {
	var took atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				got, err := p.in.Limiter.Take(p.ctx, "k", ten(), 1)
				if err != nil {
					p.add("Take among others: got error %v", err)
				}
				if got.Allowed {
					took.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := took.Load(); n != 10 {
		p.add("of 40 at once %d were allowed, want 10", n)
	}
}
