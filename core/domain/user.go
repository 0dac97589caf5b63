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
