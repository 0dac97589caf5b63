// Package passwordtest is the conformance kit of ports/password.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with hashers that are wrong on purpose.
package passwordtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/crierhq/crier/ports/password"
)

// Harness is what the kit needs to exercise one implementation.
type Harness struct {
	// New returns a hasher, as cheap as it may be made but not cheaper than a
	// tenth of a millisecond. It is called once for each check.
	New func() (password.Hasher, error)
	// Retuned returns a hasher with other parameters than New.
	Retuned func() (password.Hasher, error)
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
	run  func(context.Context, *probe)
}

func checks() []check {
	return []check{
		{"right_and_wrong", rightAndWrong},
		{"salt", salt},
		{"unreadable", unreadable},
		{"foreign", foreign},
		{"changed", changed},
		{"retuned", retuned},
		{"stale", stale},
		{"ended_context", endedContext},
		{"parallel", parallel},
	}
}

// Run runs every check as a subtest. The one that measures time runs first and
// alone.
func Run(t *testing.T, h Harness) {
	t.Helper()
	t.Run("equal_time", func(t *testing.T) {
		report(t, runOne(t.Context(), check{"equal_time", equalTime}, h))
	})
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report(t, runOne(t.Context(), c, h))
		})
	}
}

func report(t *testing.T, findings []Finding) {
	t.Helper()
	for _, f := range findings {
		t.Error(f)
	}
}

// Findings runs every check and returns what is wrong.
func Findings(ctx context.Context, h Harness) []Finding {
	var out []Finding
	for _, c := range append(checks(), check{"equal_time", equalTime}) {
		out = append(out, runOne(ctx, c, h)...)
	}
	return out
}

func runOne(ctx context.Context, c check, h Harness) []Finding {
	p := &probe{check: c.name}
	var err error
	if p.hasher, err = h.New(); err != nil {
		p.add("New: %v", err)
		return p.findings
	}
	if h.Retuned == nil {
		p.add("the Harness has no Retuned")
		return p.findings
	}
	if p.retuned, err = h.Retuned(); err != nil {
		p.add("Retuned: %v", err)
		return p.findings
	}
	c.run(ctx, p)
	return p.findings
}

type probe struct {
	check           string
	hasher, retuned password.Hasher
	mu              sync.Mutex
	findings        []Finding
}

func (p *probe) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, Finding{Check: p.check, Detail: fmt.Sprintf(format, args...)})
}

func (p *probe) hash(ctx context.Context, h password.Hasher, plain string) string {
	encoded, err := h.Hash(ctx, plain)
	if err != nil || encoded == "" {
		p.add("Hash: got %q, %v", encoded, err)
	}
	return encoded
}

func (p *probe) verify(ctx context.Context, h password.Hasher, encoded, plain string, want bool, what string) {
	got, err := h.Verify(ctx, encoded, plain)
	if err != nil || got != want {
		p.add("Verify of %s: got %t, %v, want %t", what, got, err, want)
	}
}
