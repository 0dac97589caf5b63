//go:build peers

package oidcidentity_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/oidcidentity"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/testkit/peers/openid"
)

// TestRealProvider signs in at a certified OpenID provider.
func TestRealProvider(t *testing.T) {
	t.Parallel()
	op, err := openid.Start(t.Context(), t.TempDir(), callback)
	if errors.Is(err, openid.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(op.Stop)
	p, err := oidcidentity.New(oidcidentity.Config{
		ID: "club", Name: "The Club", Issuer: op.Issuer, ClientID: openid.ClientID, ClientSecret: openid.ClientSecret, HTTP: &http.Client{Timeout: 10 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	back := func() identity.Return {
		r := request()
		to, err := p.Begin(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		address, err := op.Approve(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil || u.Query().Get("state") != r.State {
			t.Fatalf("came back to %s, %v", address, err)
		}
		return identity.Return{Callback: r.Callback, Nonce: r.Nonce, Verifier: r.Verifier, Code: u.Query().Get("code"), Issuer: u.Query().Get("iss")}
	}
	r := back()
	got, err := p.Complete(t.Context(), r)
	want := identity.Identity{Issuer: op.Issuer, Subject: "id1", Email: openid.Email, EmailVerified: true, Name: "Test User"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	refused := map[string]identity.Return{"a code that is used again": r, "a made-up code": {Callback: callback, Nonce: r.Nonce, Verifier: r.Verifier, Code: "made-up"}}
	r = back()
	r.Nonce = "other"
	refused["another nonce"] = r
	r = back()
	r.Verifier = strings.Repeat("w", 43)
	refused["another verifier"] = r
	for name, r := range refused {
		if got, err := p.Complete(t.Context(), r); !isFault(err, fault.Unauthenticated, "identity_invalid") {
			t.Errorf("%s: got %+v, %v; want it refused", name, got, err)
		}
	}
}
