// Package sealtest is the conformance kit of ports/seal.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with sealers that are wrong on purpose.
package sealtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/crierhq/crier/ports/seal"
)

// Harness is what the kit needs to exercise one implementation.
type Harness struct {
	// New returns a sealer. It is called once for each check, from several
	// goroutines; every sealer may have keys of its own.
	New func() (seal.Sealer, error)
	// Rotate returns three sealers: one with a first key only, one with a newer
	// key beside it, and one with the newer key only. Nil where keys cannot be
	// replaced.
	Rotate func() (before, both, after seal.Sealer, err error)
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
	run  func(context.Context, *probe, Harness)
}

func checks() []check {
	return []check{
		{"round_trip", each(roundTrip)},
		{"unreadable", each(unreadable)},
		{"differs", each(differs)},
		{"bound", each(boundValue)},
		{"tampering", each(tampering)},
		{"garbage", each(garbage)},
		{"stale", each(notStale)},
		{"parallel", each(parallel)},
		{"other_keys", otherKeys},
		{"rotation", rotation},
	}
}

// Run runs every check as a subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range runOne(t.Context(), c, h) {
				t.Error(f)
			}
		})
	}
}

// Findings runs every check and returns what is wrong.
func Findings(ctx context.Context, h Harness) []Finding {
	var out []Finding
	for _, c := range checks() {
		out = append(out, runOne(ctx, c, h)...)
	}
	return out
}

func runOne(ctx context.Context, c check, h Harness) []Finding {
	p := &probe{check: c.name}
	c.run(ctx, p, h)
	return p.findings
}

// each adapts a check that needs one sealer.
func each(run func(context.Context, *probe, seal.Sealer)) func(context.Context, *probe, Harness) {
	return func(ctx context.Context, p *probe, h Harness) {
		s, err := h.New()
		if err != nil {
			p.add("New: %v", err)
			return
		}
		run(ctx, p, s)
	}
}

type probe struct {
	check    string
	mu       sync.Mutex
	findings []Finding
}

func (p *probe) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, Finding{Check: p.check, Detail: fmt.Sprintf(format, args...)})
}

// seal returns the sealed text, or "" after a finding.
func (p *probe) seal(ctx context.Context, s seal.Sealer, secret, bound string) string {
	sealed, err := s.Seal(ctx, []byte(secret), bound)
	if err != nil || sealed == "" {
		p.add("Seal: got %q, %v", sealed, err)
		return ""
	}
	return sealed
}
