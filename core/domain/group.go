package domain

import "time"

// Group is a set of channels that belong together, such as those of one
// customer. A channel is in one group at most.
type Group struct {
	ID           GroupID
	Organization OrganizationID
	// Name is unique in the organization.
	Name      string
	CreatedAt time.Time
	// Version counts changes, starting at 1.
	Version int
}
