// Package identity is the port to the services at which people prove who they
// are: "sign in with …". A service vouches for a person by OpenID Connect or by
// OAuth 2 and an API of its own; the core sees no difference.
package identity

import (
	"context"
	"strings"
)

// Provider is one such service. Implementations are safe for concurrent use and
// keep nothing of a sign-in between Begin and Complete.
//
// Errors are faults whose messages are safe to show and hold no secret, code or
// token:
//
//   - Unauthenticated, code "identity_invalid": the service's answer does not
//     prove anything. It is forged, spent, expired or meant for somebody else.
//   - Unavailable, code "identity_unavailable": the service cannot be asked now,
//     or does not take this installation for its client.
type Provider interface {
	// Descriptor returns the static facts. It returns the same value on every
	// call and does no I/O.
	Descriptor() Descriptor
	// Begin returns the address of the service that the person is to be sent to.
	// It holds the state, the nonce where the service signs one, and the S256
	// challenge of the verifier (RFC 7636), never the verifier itself. It may be
	// repeated.
	Begin(ctx context.Context, r Request) (string, error)
	// Complete trades what the person came back with for who they are. It checks
	// everything that the service's protocol lets it check. A code is good for
	// one call.
	Complete(ctx context.Context, r Return) (Identity, error)
}

// Descriptor is what is known of a service without asking it.
type Descriptor struct {
	// ID names the service in addresses: small letters, digits and hyphens.
	ID string
	// Name is what people call it, such as "GitHub".
	Name string
}

// Request is a sign-in that begins. All values but Callback are unguessable,
// and made for this one sign-in.
type Request struct {
	// Callback is where the service sends the person back to.
	Callback string
	// State comes back with the person.
	State string
	// Nonce comes back inside what the service signs.
	Nonce string
	// Verifier is the secret of RFC 7636: 43 to 128 letters, digits, "-", ".",
	// "_" or "~".
	Verifier string
}

// Return is a person who came back from the service.
type Return struct {
	// Callback, Nonce and Verifier are those of the Request.
	Callback, Nonce, Verifier string
	// Code is what the service sent along.
	Code string
	// Issuer is the parameter "iss" that the service sent along (RFC 9207), or
	// empty where it sent none.
	Issuer string
}

// Identity is who a service says that a person is.
type Identity struct {
	// Issuer names the service for ever, and Subject the person in it. Together
	// they are never given to anybody else, whatever happens to names and
	// addresses.
	Issuer, Subject string
	// Email is the person's address as the service knows it; empty if it tells
	// none.
	Email string
	// EmailVerified says that the service has proof that the address is theirs.
	EmailVerified bool
	// Name is how to address the person; it may be empty.
	Name string
}

// MaxID bounds a Descriptor.ID.
const MaxID = 64

// ValidID reports whether s can be a Descriptor.ID.
func ValidID(s string) bool {
	return s != "" && len(s) <= MaxID && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
