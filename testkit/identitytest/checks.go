package identitytest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
)

func descriptor(_ context.Context, p *probe) {
	d := p.provider.Descriptor()
	if !identity.ValidID(d.ID) {
		p.add("the id %q cannot stand in an address", d.ID)
	}
	if d.Name == "" {
		p.add("the name is missing")
	}
	if again := p.provider.Descriptor(); again != d {
		p.add("got %+v, then %+v; want the same", d, again)
	}
}

func roundTrip(ctx context.Context, p *probe) {
	got := p.known(ctx, "a", ann())
	if got.Issuer == "" {
		p.add("the issuer is missing")
	}
	want := ann()
	want.Issuer = got.Issuer
	if got != want {
		p.add("got %+v, want %+v", got, want)
	}
}

// address looks at what Begin makes.
func address(ctx context.Context, p *probe) {
	r := request("a")
	to, ok := p.sent(ctx, r)
	if !ok {
		return
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		p.add("Begin returned %q, which is no address of the web", to)
		return
	}
	sum := sha256.Sum256([]byte(r.Verifier))
	want := map[string]string{
		"state": r.State, "redirect_uri": r.Callback, "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]),
	}
	if !p.NoNonce {
		want["nonce"] = r.Nonce
	}
	for name, value := range want {
		if got := u.Query().Get(name); got != value {
			p.add("parameter %s: got %q, want %q", name, got, value)
		}
	}
	if strings.Contains(to, r.Verifier) || p.Secret != "" && strings.Contains(to, p.Secret) {
		p.add("the address holds a secret")
	}
}

// subjects sees whether people are told apart by what never changes.
func subjects(ctx context.Context, p *probe) {
	first := p.known(ctx, "a", ann())
	renamed := ann()
	renamed.Email, renamed.Name = "new@example.org", "Anna"
	if got := p.known(ctx, "b", renamed); got.Subject != first.Subject || got.Issuer != first.Issuer {
		p.add("after a new name: got %s of %s, want %s of %s", got.Subject, got.Issuer, first.Subject, first.Issuer)
	}
	other := ann()
	other.Subject = "1002"
	if got := p.known(ctx, "c", other); got.Subject == first.Subject {
		p.add("two people with one e-mail address have the same subject")
	}
}

func email(ctx context.Context, p *probe) {
	unverified := ann()
	unverified.EmailVerified = false
	if got := p.known(ctx, "a", unverified); got.EmailVerified {
		p.add("an address that was not verified counts as verified")
	}
	none := ann()
	none.Email, none.EmailVerified = "", false
	if got := p.known(ctx, "b", none); got.Email != "" || got.EmailVerified || got.Subject != none.Subject {
		p.add("a person without an address: got %+v", got)
	}
}

// refused expects that r is not taken for a proof.
func (p *probe) refused(ctx context.Context, r identity.Return, what string) {
	got, err := p.provider.Complete(ctx, r)
	if err == nil {
		p.add("%s: got %+v, want it refused", what, got)
		return
	}
	p.wants(err, fault.Unauthenticated, "identity_invalid", what)
	for _, secret := range []string{r.Code, r.Verifier, p.Secret} {
		if f, ok := errors.AsType[*fault.Error](err); ok && secret != "" && strings.Contains(f.Message, secret) {
			p.add("%s: the message holds a secret", what)
		}
	}
}

func (p *probe) wants(err error, kind fault.Kind, code, what string) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Code != code || f.Message == "" {
		p.add("%s: got error %v, want %s with code %s and a message", what, err, kind, code)
	}
}

func verifier(ctx context.Context, p *probe) {
	if r, ok := p.back(ctx, request("a"), ann()); ok {
		r.Verifier = request("b").Verifier
		p.refused(ctx, r, "another verifier")
	}
}

func nonce(ctx context.Context, p *probe) {
	if p.NoNonce {
		return
	}
	for name, other := range map[string]string{"another nonce": "nonce-b", "no nonce": ""} {
		if r, ok := p.back(ctx, request("a"), ann()); ok {
			r.Nonce = other
			p.refused(ctx, r, name)
		}
	}
}

func code(ctx context.Context, p *probe) {
	r, ok := p.back(ctx, request("a"), ann())
	if !ok {
		return
	}
	if _, err := p.provider.Complete(ctx, r); err != nil {
		p.add("Complete: %v", err)
	}
	p.refused(ctx, r, "a code that is used again")
	for i, code := range []string{"", "made-up", strings.Repeat("x", 5000), "a&b=c"} {
		r.Code = code
		p.refused(ctx, r, fmt.Sprintf("made-up code %d", i))
	}
}

// issuer mixes the answer of one service up with another one's.
func issuer(ctx context.Context, p *probe) {
	r, ok := p.back(ctx, request("a"), ann())
	if !ok || r.Issuer == "" {
		return // it does not say who it is, so there is nothing to compare
	}
	r.Issuer = "https://somebody-else.example"
	p.refused(ctx, r, "the answer of another service")
}

func away(ctx context.Context, p *probe) {
	r, ok := p.back(ctx, request("a"), ann())
	if !ok {
		return
	}
	p.service.Stop()
	_, err := p.provider.Complete(ctx, r)
	p.wants(err, fault.Unavailable, "identity_unavailable", "Complete with a service that is away")
	if _, err := p.provider.Begin(ctx, request("b")); err != nil {
		p.wants(err, fault.Unavailable, "identity_unavailable", "Begin with a service that is away")
	}
}

func endedContext(ctx context.Context, p *probe) {
	r, ok := p.back(ctx, request("a"), ann())
	if !ok {
		return
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if got, err := p.provider.Complete(ended, r); err == nil {
		p.add("Complete after the caller has left: got %+v, want an error", got)
	}
}
