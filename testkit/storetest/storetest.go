// Package storetest is the conformance kit for ports/store: what every store
// must keep to, as checks that can be run against any of them.
//
// A check works on an empty store and reports findings instead of failing a
// test, so that the kit itself is tested with stores that are wrong on purpose.
package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// Harness says how to get at the store under test.
type Harness struct {
	// Open returns an empty store of its own for each call and closes it with
	// t.Cleanup. It may be called at the same time from several tests.
	Open func(t testing.TB) store.Store
	// Waive names checks that this store is known not to pass, each with the
	// reason. A name that no check has is an error.
	Waive map[string]string
}

// Run runs every check as a parallel subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	checks := Checks()
	for name := range h.Waive {
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == name }) {
			t.Errorf("there is no check %q to waive", name)
		}
	}
	for _, c := range checks {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if why, ok := h.Waive[c.Name]; ok {
				t.Skipf("waived: %s", why)
			}
			for _, f := range c.Findings(t.Context(), h.Open(t)) {
				t.Error(f.Message)
			}
		})
	}
}

// Check is one rule that a store must keep to.
type Check struct {
	// Name is stable; it is what Harness.Waive takes.
	Name string
	run  func(*bench)
}

// Finding is one way in which a store breaks a rule.
type Finding struct {
	// Check is the name of the check that found it.
	Check string
	// Message says what came and what was expected.
	Message string
}

// String is for failure messages.
func (f Finding) String() string { return f.Check + ": " + f.Message }

// Checks lists every check.
func Checks() []Check {
	return slices.Concat(
		txChecks(), kindChecks(), accountChecks(), organizationChecks(), sessionChecks(), identityChecks(), channelChecks(), postChecks(),
		deliveryChecks(), failureChecks(), occurrenceChecks(), followChecks(), claimChecks(), laneChecks(), ledgerChecks(), mediaChecks(),
		documentChecks(), jobChecks(), budgetChecks(), tokenChecks(), replayChecks(),
		keyChecks(),
	)
}

// patience bounds one check, so that a store that hangs is a finding.
const patience = time.Minute

// Findings runs the check on s, which must be empty, and returns what is wrong.
func (c Check) Findings(ctx context.Context, s store.Store) []Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b := &bench{Context: ctx, Store: s}
	func() {
		defer func() {
			if p := recover(); p != nil && p != errStop {
				b.errorf("it panicked: %v", p)
			}
		}()
		c.run(b)
	}()
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Finding, len(b.found))
	for i, m := range b.found {
		out[i] = Finding{Check: c.Name, Message: m}
	}
	return out
}

// bench is what a check works with: its context, the store, and the list of
// findings.
type bench struct {
	context.Context //nolint:containedctx // the bench lives as long as one check
	store.Store

	mu    sync.Mutex
	found []string
	n     int
}

type stopped struct{}

// errStop ends a check that cannot go on.
var errStop = &stopped{}

func (b *bench) errorf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = append(b.found, fmt.Sprintf(format, args...))
}

// fatalf notes a finding and ends the check. Only the goroutine of the check
// may call it.
func (b *bench) fatalf(format string, args ...any) {
	b.errorf(format, args...)
	panic(errStop)
}

// must ends the check if a step that has to work did not.
func (b *bench) must(err error, step string) {
	if err != nil {
		b.fatalf("%s: got error %q, want none", step, err)
	}
}

// must2 is must for a step that gives something.
func must2[T any](b *bench, step string) func(T, error) T {
	return func(v T, err error) T {
		b.must(err, step)
		return v
	}
}

// next counts up, for names that no two rows share.
func (b *bench) next() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	return b.n
}

// parallel runs do n times at once and waits for all.
func (b *bench) parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

// The tenants that the checks work for.
const (
	ours   domain.OrganizationID = "org-ours"
	theirs domain.OrganizationID = "org-theirs"
)

// noon is where the clock of the checks stands.
func noon() time.Time { return time.Date(2026, 3, 29, 12, 0, 0, 123456000, time.UTC) }

func at(d time.Duration) time.Time { return noon().Add(d) }
