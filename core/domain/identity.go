package domain

import "time"

// Identity is a way in that a person has beside their password: who they are
// at a service that vouches for them.
type Identity struct {
	ID   IdentityID
	User UserID
	// Provider names the service as this installation has it set up.
	Provider string
	// Issuer and Subject name the person at the service for ever. Together they
	// are unique in the installation.
	Issuer, Subject string
	// Email and Name are what the service said when the identity was linked. They
	// only help people to tell their ways in apart, and prove nothing.
	Email, Name string
	CreatedAt   time.Time
}
