package domain

import "time"

// User is a person who can sign in.
type User struct {
	ID UserID
	// Email is lower-case and unique in the installation.
	Email string
	Name  string
	// PasswordHash is the encoded hash, or empty where the person cannot sign
	// in by password. It never leaves the core.
	PasswordHash string
	// EmailVerifiedAt is when the person proved that they read the mail of
	// Email; zero until then.
	EmailVerifiedAt time.Time
	CreatedAt       time.Time
	// Version counts changes, starting at 1.
	Version int
}

// Session is one sign-in: the family of refresh tokens that descend from it.
// Only the newest token of a family is good; showing an older one ends it.
type Session struct {
	ID           SessionID
	User         UserID
	Organization OrganizationID
	// TokenHash is the SHA-256 of the newest refresh token, in hex.
	TokenHash string
	CreatedAt time.Time
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
