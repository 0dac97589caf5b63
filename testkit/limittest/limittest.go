// Package limittest is the conformance kit of ports/limit.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with limiters that are wrong on purpose.
package limittest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/limit"
)

// Installation is a limiter without counts.
type Installation struct {
	Limiter limit.Limiter
	// Pass lets time pass for the limiter.
	Pass func(time.Duration)
	// Slack is how much time may pass by itself during a check. Below a minute;
	// zero where the clock is the test's own.
	Slack time.Duration
}

// Harness is what the kit needs to exercise one implementation.
type Harness struct {
	// Open returns a fresh installation. It is called once for each check.
	Open func(t testing.TB) (Installation, error)
}

// Finding is one way in which an implementation breaks the contract.
type Finding struct {
	Check  string
	Detail string
}

// String renders a Finding for a test log.
func (f Finding) String() string { return f.Check + ": " + f.Detail }

type check struct {
	name string
	run  func(*probe)
}

func checks() []check {
	return []check{
		{"burst", burst},
		{"evenly", evenly},
		{"retry_after", retryAfter},
		{"all_or_none", allOrNone},
		{"refusals_cost_nothing", refusalsCostNothing},
		{"apart", apart},
		{"no_savings", noSavings},
		{"arguments", arguments},
		{"ended_context", endedContext},
		{"parallel", parallel},
	}
}

// Run runs every check as a subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range runOne(t, c, h) {
				t.Error(f)
			}
		})
	}
}

// Findings runs every check and returns what is wrong.
func Findings(t testing.TB, h Harness) []Finding {
	t.Helper()
	var out []Finding
	for _, c := range checks() {
		out = append(out, runOne(t, c, h)...)
	}
	return out
}

func runOne(t testing.TB, c check, h Harness) []Finding {
	t.Helper()
	p := &probe{ctx: t.Context(), check: c.name}
	in, err := h.Open(t)
	if err != nil {
		p.add("Open: %v", err)
		return p.findings
	}
	p.in = in
	c.run(p)
	return p.findings
}

type probe struct {
	ctx      context.Context //nolint:containedctx // a probe lives as long as one check
	check    string
	in       Installation
	mu       sync.Mutex
	findings []Finding
}

func (p *probe) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, Finding{Check: p.check, Detail: fmt.Sprintf(format, args...)})
}

// take takes n units and checks what is said of it.
func (p *probe) take(what, key string, policy limit.Policy, n int, want limit.Result) {
	got, err := p.in.Limiter.Take(p.ctx, key, policy, n)
	switch {
	case err != nil:
		p.add("%s: got error %v", what, err)
	case got.Allowed != want.Allowed || got.Remaining != want.Remaining || !p.near(got.Reset, want.Reset) || !p.near(got.RetryAfter, want.RetryAfter):
		p.add("%s: got %+v, want %+v", what, got, want)
	}
}

// near reports whether got is want, or less by no more than what may have passed.
func (p *probe) near(got, want time.Duration) bool {
	return got <= want && got >= want-p.in.Slack && (want > 0 || got == 0)
}
