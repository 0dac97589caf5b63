package domain

import "time"

// InvitationID names an invitation. It is no secret: what lets people in is the
// token that was made with it.
type InvitationID string

// Invitation is a place in an organization that waits for somebody to take it.
// It is gone once it was accepted or taken back.
type Invitation struct {
	ID           InvitationID
	Organization OrganizationID
	// Email is the address that it was made for, in lower case. Empty: it is for
	// whoever has the link.
	Email string
	// Mailed says that the link went to Email alone, so that whoever shows it
	// reads the mail of that address.
	Mailed bool
	Role   Role
	// By is who invites; empty where a program does.
	By        UserID
	CreatedAt time.Time
	// ExpiresAt is the first moment at which it is good for nothing.
	ExpiresAt time.Time
}
