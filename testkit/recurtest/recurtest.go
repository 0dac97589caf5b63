// Package recurtest is the conformance kit of ports/recur.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with expanders that are wrong on purpose.
package recurtest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/recur"
)

// Harness is what the kit needs to exercise one implementation.
type Harness struct {
	Expander recur.Expander
	// Patience is how long a check may take. Zero means half a minute, which is
	// a hundred times what they need.
	Patience time.Duration
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
		{"rfc", func(p *probe) { vectors(p, "rfc5545.json") }},
		{"corners", func(p *probe) { vectors(p, "own.json") }},
		{"steps", steps},
		{"limit", limit},
		{"clocks", clocks},
		{"fractions", fractions},
		{"refused", refused},
		{"normal", normal},
		{"horizon", horizon},
		{"parallel", parallel},
	}
}

// Run runs every check as a subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range runOne(c, h) {
				t.Error(f)
			}
		})
	}
}

// Findings runs every check and returns what is wrong.
func Findings(h Harness) []Finding {
	var out []Finding
	for _, c := range checks() {
		out = append(out, runOne(c, h)...)
	}
	return out
}

// runOne gives up on a check that takes too long: an expander cannot be
// interrupted.
func runOne(c check, h Harness) []Finding {
	patience := h.Patience
	if patience == 0 {
		patience = 30 * time.Second
	}
	p := &probe{check: c.name, expander: h.Expander}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				p.add("it panics: %v", r)
			}
		}()
		c.run(p)
	}()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
		p.add("it is not done after %v; its work must be bounded", patience)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.findings
}

type probe struct {
	check    string
	expander recur.Expander
	mu       sync.Mutex
	findings []Finding
}

func (p *probe) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, Finding{Check: p.check, Detail: fmt.Sprintf(format, args...)})
}

// expand calls the expander and holds the answer to what is true of every
// answer.
func (p *probe) expand(rule domain.Rule, anchor, after time.Time, n int) []time.Time {
	got, err := p.expander.Expand(rule, anchor, after, n)
	if err != nil {
		p.add("%s: got the error %v", rule, err)
		return nil
	}
	if len(got) > max(n, 0) {
		p.add("%s: got %d times, want at most %d", rule, len(got), n)
	}
	last := time.Time{}
	for _, t := range got {
		if !t.After(last) {
			p.add("%s: %s comes after %s", rule, show(t), show(last))
		}
		if t.Location() != time.UTC {
			p.add("%s: got a time in %s, want the wall clock in UTC", rule, t.Location())
		}
		last = t
	}
	return got
}

const layout = "2006-01-02T15:04:05.999999999"

func show(t time.Time) string { return t.Format(layout) }

func shows(times []time.Time) []string {
	out := make([]string, 0, len(times))
	for _, t := range times {
		out = append(out, show(t))
	}
	return out
}
