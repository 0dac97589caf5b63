package identitytest_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/memidentity"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/testkit/identitytest"
)

// broken is a good provider with one fault.
type broken struct {
	identity.Provider
	descriptor func(identity.Descriptor) identity.Descriptor
	asked      func(*identity.Request)
	address    func(string, identity.Request) string
	returned   func(*identity.Return)
	known      func(*identity.Identity)
	failed     func(error) error
	detached   bool
}

func (b broken) Descriptor() identity.Descriptor {
	d := b.Provider.Descriptor()
	if b.descriptor != nil {
		d = b.descriptor(d)
	}
	return d
}

func (b broken) Begin(ctx context.Context, r identity.Request) (string, error) {
	told := r
	if b.asked != nil {
		b.asked(&told)
	}
	to, err := b.Provider.Begin(ctx, told)
	if b.address != nil {
		to = b.address(to, r)
	}
	return to, err
}

func (b broken) Complete(ctx context.Context, r identity.Return) (identity.Identity, error) {
	if b.detached {
		ctx = context.WithoutCancel(ctx)
	}
	if b.returned != nil {
		b.returned(&r)
	}
	who, err := b.Provider.Complete(ctx, r)
	if err != nil && b.failed != nil {
		err = b.failed(err)
	}
	if err == nil && b.known != nil {
		b.known(&who)
	}
	return who, err
}

type service struct{ *memidentity.Service }

func (s service) Approve(_ context.Context, address string, who identity.Identity) (string, error) {
	return s.Service.Approve(address, who)
}

func (s service) Stop() { s.Break(errors.New("stopped")) }

// harness makes good services, and has change break what talks to them.
func harness(change func(*broken)) identitytest.Harness {
	return identitytest.Harness{Secret: "hush", New: func(t testing.TB) (identity.Provider, identitytest.Service) {
		s, err := memidentity.New(memidentity.Config{})
		if err != nil {
			t.Fatal(err)
		}
		b := broken{Provider: s}
		change(&b)
		return b, service{s}
	}}
}

// set changes one parameter of an address.
func set(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestKitFindsBrokenProviders(t *testing.T) {
	t.Parallel()
	const constant = "the-same-for-every-sign-in-0123456789-abcdefgh"
	for name, c := range map[string]struct {
		wrong func(*broken)
		want  string
	}{
		"an id for no address": {func(b *broken) {
			b.descriptor = func(d identity.Descriptor) identity.Descriptor { d.ID = "A B"; return d }
		}, "descriptor"},
		"no name": {func(b *broken) {
			b.descriptor = func(d identity.Descriptor) identity.Descriptor { d.Name = ""; return d }
		}, "descriptor"},
		"a descriptor that changes": {func(b *broken) {
			n := 0
			b.descriptor = func(d identity.Descriptor) identity.Descriptor {
				n++
				d.Name = strings.Repeat("x", n)
				return d
			}
		}, "descriptor"},
		"no issuer": {func(b *broken) { b.known = func(i *identity.Identity) { i.Issuer = "" } }, "round_trip"},
		"no name of the person": {func(b *broken) {
			b.known = func(i *identity.Identity) { i.Name = "" }
		}, "round_trip"},
		"forgets the state": {func(b *broken) { b.asked = func(r *identity.Request) { r.State = "" } }, "address"},
		"forgets the nonce": {func(b *broken) { b.asked = func(r *identity.Request) { r.Nonce = "" } }, "address"},
		"shows the verifier": {func(b *broken) {
			b.address = func(to string, r identity.Request) string { return set(to, "hint", r.Verifier) }
		}, "address"},
		"shows the secret": {func(b *broken) {
			b.address = func(to string, _ identity.Request) string { return set(to, "client_secret", "hush") }
		}, "address"},
		"a plain challenge": {func(b *broken) {
			b.address = func(to string, r identity.Request) string {
				return set(set(to, "code_challenge_method", "plain"), "code_challenge", r.Verifier)
			}
		}, "address"},
		"no address": {func(b *broken) { b.address = func(string, identity.Request) string { return "/authorize" } }, "address"},
		"one verifier for all": {func(b *broken) {
			b.asked = func(r *identity.Request) { r.Verifier = constant }
			b.returned = func(r *identity.Return) { r.Verifier = constant }
		}, "verifier"},
		"one nonce for all": {func(b *broken) {
			b.asked = func(r *identity.Request) { r.Nonce = "n" }
			b.returned = func(r *identity.Return) { r.Nonce = "n" }
		}, "nonce"},
		"looks at no issuer": {func(b *broken) { b.returned = func(r *identity.Return) { r.Issuer = "" } }, "issuer"},
		"names people by address": {func(b *broken) {
			b.known = func(i *identity.Identity) { i.Subject = i.Email }
		}, "subjects"},
		"names people by name": {func(b *broken) {
			b.known = func(i *identity.Identity) { i.Subject = i.Name }
		}, "subjects"},
		"trusts every address": {func(b *broken) {
			b.known = func(i *identity.Identity) { i.EmailVerified = true }
		}, "email"},
		"makes addresses up": {func(b *broken) {
			b.known = func(i *identity.Identity) {
				if i.Email == "" {
					i.Email = i.Subject + "@example.org"
				}
			}
		}, "email"},
		"errors that are no faults": {func(b *broken) {
			b.failed = func(err error) error { return errors.New(err.Error()) }
		}, "code"},
		"one kind for all": {func(b *broken) {
			b.failed = func(err error) error {
				return &fault.Error{Kind: fault.Unauthenticated, Code: "identity_invalid", Message: "No.", Err: err}
			}
		}, "away"},
		"codes are good twice": {func(b *broken) {
			var kept identity.Identity
			b.known = func(i *identity.Identity) { kept = *i }
			b.Provider = forgiving{b.Provider, &kept}
		}, "code"},
		"deaf to its context": {func(b *broken) { b.detached = true }, "ended_context"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := identitytest.Findings(t, harness(c.wrong))
			if !slices.ContainsFunc(found, func(f identitytest.Finding) bool { return f.Check == c.want }) {
				t.Errorf("no finding of %s among %v", c.want, found)
			}
		})
	}
}

// forgiving knows the last person again, whatever comes.
type forgiving struct {
	identity.Provider
	last *identity.Identity
}

func (f forgiving) Complete(ctx context.Context, r identity.Return) (identity.Identity, error) {
	who, err := f.Provider.Complete(ctx, r)
	if err != nil && f.last.Subject != "" {
		return *f.last, nil
	}
	return who, err
}

func TestKitHidesNoSecretThatAMessageShows(t *testing.T) {
	t.Parallel()
	found := identitytest.Findings(t, harness(func(b *broken) {
		b.failed = func(error) error {
			return fault.New(fault.Unauthenticated, "identity_invalid", "The secret hush is wrong.")
		}
	}))
	if !slices.ContainsFunc(found, func(f identitytest.Finding) bool { return f.Check == "code" && strings.Contains(f.Detail, "secret") }) {
		t.Errorf("no finding of a secret among %v", found)
	}
}

func TestKitFindsNothingWrongWithAGoodOne(t *testing.T) {
	t.Parallel()
	if found := identitytest.Findings(t, harness(func(*broken) {})); len(found) > 0 {
		t.Errorf("got %v, want none", found)
	}
}
