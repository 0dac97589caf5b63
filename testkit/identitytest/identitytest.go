// Package identitytest is the conformance kit of ports/identity.
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with providers that are wrong on purpose.
package identitytest

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/identity"
)

// Harness is what the kit needs to exercise one implementation.
type Harness struct {
	// New returns a provider and the service that it talks to. It is called once
	// for each check, from several goroutines.
	New func(t testing.TB) (identity.Provider, Service)
	// Secret is the secret that the provider has for its service, which nobody
	// may see. It may be empty.
	Secret string
	// NoNonce says that the service's protocol has no signed nonce.
	NoNonce bool
}

// Service is the other side of a provider, in the hands of the kit.
type Service interface {
	// Approve is the person at the service: it follows the address that Begin
	// made, says who they are, and returns the address that they are sent back
	// to. The issuer of who is not looked at.
	Approve(ctx context.Context, address string, who identity.Identity) (string, error)
	// Stop ends the service: nobody answers from now on.
	Stop()
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
		{"descriptor", descriptor},
		{"round_trip", roundTrip},
		{"address", address},
		{"subjects", subjects},
		{"email", email},
		{"verifier", verifier},
		{"nonce", nonce},
		{"code", code},
		{"issuer", issuer},
		{"away", away},
		{"ended_context", endedContext},
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

// patience bounds one check, so that a provider that hangs is a finding.
const patience = time.Minute

func runOne(t testing.TB, c check, h Harness) []Finding {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p := &probe{check: c.name, Harness: h}
	p.provider, p.service = h.New(t)
	c.run(ctx, p)
	return p.findings
}

type probe struct {
	Harness
	check    string
	provider identity.Provider
	service  Service
	findings []Finding
}

func (p *probe) add(format string, args ...any) {
	p.findings = append(p.findings, Finding{Check: p.check, Detail: fmt.Sprintf(format, args...)})
}

const callback = "https://crier.example/auth/callback/x"

// request is a Request with values that differ by name.
func request(name string) identity.Request {
	return identity.Request{
		Callback: callback, State: "state-" + name, Nonce: "nonce-" + name,
		Verifier: "verifier-of-43-letters-or-more-0123456789-" + name,
	}
}

func ann() identity.Identity {
	return identity.Identity{Subject: "1001", Email: "ann@example.org", EmailVerified: true, Name: "Ann"}
}

// sent begins a sign-in and returns where the person is sent.
func (p *probe) sent(ctx context.Context, r identity.Request) (string, bool) {
	to, err := p.provider.Begin(ctx, r)
	if err != nil {
		p.add("Begin: %v", err)
	}
	return to, err == nil
}

// back is who as they come back from the service.
func (p *probe) back(ctx context.Context, r identity.Request, who identity.Identity) (identity.Return, bool) {
	to, ok := p.sent(ctx, r)
	if !ok {
		return identity.Return{}, false
	}
	address, err := p.service.Approve(ctx, to, who)
	if err != nil {
		p.add("the service does not take the address of Begin: %v", err)
		return identity.Return{}, false
	}
	u, err := url.Parse(address)
	if err != nil {
		p.add("the address to come back to: %v", err)
		return identity.Return{}, false
	}
	q := u.Query()
	if got := q.Get("state"); got != r.State {
		p.add("the state that comes back: got %q, want %q", got, r.State)
	}
	return identity.Return{Callback: r.Callback, Nonce: r.Nonce, Verifier: r.Verifier, Code: q.Get("code"), Issuer: q.Get("iss")}, true
}

// known is what the provider makes of who.
func (p *probe) known(ctx context.Context, name string, who identity.Identity) identity.Identity {
	r, ok := p.back(ctx, request(name), who)
	if !ok {
		return identity.Identity{}
	}
	got, err := p.provider.Complete(ctx, r)
	if err != nil {
		p.add("Complete: %v", err)
	}
	return got
}
