package domain

import "time"

// Session is one sign-in: the family of refresh tokens that descend from it.
// Only the newest token of a family is good; showing an older one ends it.
type Session struct {
	ID           SessionID
	User         UserID
	Organization OrganizationID
	// TokenHash is the SHA-256 of the newest refresh token, in hex.
	TokenHash string
	// PreviousHash is that of the token which was traded for it at RotatedAt.
	// Empty until the first trade.
	PreviousHash string
	// Nonce is random; with the token that was traded in, which is stored
	// nowhere, it makes the newest one.
	Nonce     string
	RotatedAt time.Time
	// UserAgent is how the program of the person called itself when it was last
	// used, and Address the network that it called from, without the part that
	// names a single machine. They only help people to tell sign-ins apart.
	UserAgent, Address string
	CreatedAt          time.Time
	// LastUsedAt is when the person signed in, or last traded a token.
	LastUsedAt time.Time
	// ExpiresAt is when the newest refresh token ends.
	ExpiresAt time.Time
	// RevokedAt is when the session was ended early; zero while it lives.
	RevokedAt time.Time
	// Version counts changes, starting at 1.
	Version int
}

// Live reports whether the session can still be refreshed at now.
func (s Session) Live(now time.Time) bool {
	return s.RevokedAt.IsZero() && now.Before(s.ExpiresAt)
}
