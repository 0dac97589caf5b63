// Package cachetest is the conformance kit of ports/cache.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with caches that are wrong on purpose.
package cachetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/cache"
)

// Installation is an empty cache.
type Installation struct {
	Cache cache.Cache
	// Pass lets time pass for the cache.
	Pass func(time.Duration)
	// Forget makes the cache lose everything, as a server that was started again.
	// Nil where it lives and dies with those who use it.
	Forget func()
}

// Harness is what the kit needs to exercise one implementation.
type Harness struct {
	// Open returns a fresh installation whose values live for at least 10 s and at
	// most a minute. It is called once for each check.
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
		{"keeps", keeps},
		{"keys_apart", keysApart},
		{"bytes", copies},
		{"hold", hold},
		{"hold_of_several", holdOfSeveral},
		{"two_holds", twoHolds},
		{"late_fill", lateFill},
		{"fill_from_before_a_hold_that_is_over", fillAcross},
		{"hold_ends_by_itself", holdEnds},
		{"release_after_its_end", lateRelease},
		{"forgotten_hold", forgottenHold},
		{"life", life},
		{"life_is_not_extended", lifeOfLease},
		{"made_up_lease", madeUpLease},
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

// get asks for one key.
func (p *probe) get(k cache.Key) cache.Entry {
	got, err := p.in.Cache.Get(p.ctx, k)
	if err != nil || len(got) != 1 {
		p.add("Get: got %d entries and error %v, want one", len(got), err)
		return cache.Entry{}
	}
	return got[0]
}

// has expects a value.
func (p *probe) has(what string, k cache.Key, want string) {
	if got := p.get(k); !got.Found || string(got.Value) != want || got.Lease != "" {
		p.add("%s: got %q (found: %t, lease %q), want %q alone", what, got.Value, got.Found, got.Lease, want)
	}
}

// misses expects no value and returns the lease, which there must be.
func (p *probe) misses(what string, k cache.Key) string {
	got := p.get(k)
	if got.Found || got.Lease == "" {
		p.add("%s: got %q (found: %t, lease %q), want a lease alone", what, got.Value, got.Found, got.Lease)
	}
	return got.Lease
}

// isHeld expects neither a value nor a lease.
func (p *probe) isHeld(what string, k cache.Key) {
	if got := p.get(k); got.Found || got.Lease != "" {
		p.add("%s: got %q (found: %t, lease %q), want neither a value nor a lease", what, got.Value, got.Found, got.Lease)
	}
}

func (p *probe) put(k cache.Key, lease, value string) {
	if err := p.in.Cache.Put(p.ctx, k, lease, []byte(value)); err != nil {
		p.add("Put: got error %v", err)
	}
}

// fill puts a value as a reader does.
func (p *probe) fill(k cache.Key, value string) { p.put(k, p.misses("before it was put", k), value) }

func (p *probe) hold(groups ...string) cache.Release {
	release, err := p.in.Cache.Hold(p.ctx, groups...)
	if release == nil {
		p.add("Hold: got no Release")
		return func(context.Context) error { return nil }
	}
	if err != nil {
		p.add("Hold: got error %v", err)
	}
	return release
}

func (p *probe) release(r cache.Release) {
	if err := r(p.ctx); err != nil {
		p.add("Release: got error %v", err)
	}
}
