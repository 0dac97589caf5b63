// Package mailtest is the conformance kit of ports/mail.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with senders that are wrong on purpose.
package mailtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/mail"
)

// Arrived is a mail as its receiver got it.
type Arrived struct {
	// Message is what could be read. Its ID is not looked at; of Headers, only
	// those are that were sent.
	mail.Message
	// MessageID is the header, with its angle brackets.
	MessageID string
}

// Inbox returns what arrived so far, in any order.
type Inbox func(ctx context.Context) ([]Arrived, error)

// Harness is what the kit needs to exercise one implementation. Each function
// is called once for a check, from several goroutines.
type Harness struct {
	// Open returns a sender and what arrived through it. Mails of other checks
	// may be in the same inbox.
	Open func(t testing.TB) (mail.Sender, Inbox)
	// Refusing returns a sender whose other side refuses every mail for good.
	Refusing func(t testing.TB) mail.Sender
	// Busy returns a sender whose other side wants to be asked again later.
	Busy func(t testing.TB) mail.Sender
	// Away returns a sender whose other side cannot be reached.
	Away func(t testing.TB) mail.Sender
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
	run  func(*probe, Harness)
}

func checks() []check {
	return []check{
		{"delivers", delivers},
		{"plain_text", plainText},
		{"awkward_text", awkwardText},
		{"same_id", sameID},
		{"bad_messages", badMessages},
		{"parallel", parallel},
		{"canceled", canceled},
		{"refused", refused},
		{"busy", busy},
		{"away", away},
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
	var out []Finding
	for _, c := range checks() {
		out = append(out, runOne(t, c, h)...)
	}
	return out
}

// patience bounds one check, so that a sender that hangs is a finding.
const patience = time.Minute

func runOne(t testing.TB, c check, h Harness) []Finding {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p := &probe{TB: t, ctx: ctx, check: c.name}
	c.run(p, h)
	return p.findings
}

// probe is what a check works with.
type probe struct {
	testing.TB
	ctx   context.Context //nolint:containedctx // it lives as long as one check
	check string

	mu       sync.Mutex
	findings []Finding
}

func (p *probe) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, Finding{Check: p.check, Detail: fmt.Sprintf(format, args...)})
}
