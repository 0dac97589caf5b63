package domain

import "time"

// TokenPurpose is what a token is good for. A token of one purpose is useless
// for every other.
type TokenPurpose string

// The purposes.
const (
	// TokenVerifyEmail proves that a person reads the mail of their address.
	TokenVerifyEmail TokenPurpose = "verify_email"
	// TokenChangeEmail gives a person another address, whose mail they read. It is
	// bound to what they sign in with now, and to that address.
	TokenChangeEmail TokenPurpose = "change_email"
	// TokenResetPassword lets a person choose a new password.
	TokenResetPassword TokenPurpose = "reset_password"
	// TokenIdentity is the state of a sign-in at a service that vouches for
	// people. Its subject is the service; what Bound holds is sealed.
	TokenIdentity TokenPurpose = "identity"
	// TokenExchange fetches a sign-in that was proven at such a service. It is
	// bound to the browser in which it began.
	TokenExchange TokenPurpose = "exchange"
	// TokenSecondFactor proves that a person took the first step of a sign-in a
	// moment ago.
	TokenSecondFactor TokenPurpose = "second_factor"
	// TokenInvitation takes the place that an invitation, its subject, offers. It
	// is bound to the organization.
	TokenInvitation TokenPurpose = "invitation"
)

// Token is a secret that was handed to somebody, most often by mail, and is
// good for one thing and once.
type Token struct {
	// Hash is the SHA-256 of the secret, in hex. The secret is stored nowhere.
	Hash    string
	Purpose TokenPurpose
	// Subject names what the token is about, such as a UserID. It does not
	// prove that the subject is still there.
	Subject string
	// Bound is what must still be so when the token is shown, such as the
	// address that it was sent to. Who takes the token compares it.
	Bound     string
	CreatedAt time.Time
	// ExpiresAt is the first moment at which the token is good for nothing.
	ExpiresAt time.Time
}
