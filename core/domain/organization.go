package domain

import (
	"slices"
	"time"
)

// DefaultLateWindow is how long after its due time a delivery may still start
// where neither the organization nor the installation sets anything else.
const DefaultLateWindow = 6 * time.Hour

// Organization is the tenant: everything but people belongs to exactly one.
type Organization struct {
	ID   OrganizationID
	Name string
	// Zone is the IANA name of the time zone that times without an offset are
	// read in. Empty means UTC.
	Zone string
	// LateWindow is how long after its due time a delivery may still start.
	// Zero means the installation's own.
	LateWindow time.Duration
	// RequireApproval says that what members write who may not approve is only
	// published once somebody who may has approved exactly that.
	RequireApproval bool
	// Paused holds back what all channels of the organization would publish.
	Paused Pause
	// EndsAt is when it is deleted with everything that belongs to it; zero while
	// nobody wants that.
	EndsAt    time.Time
	CreatedAt time.Time
	// Version counts changes, starting at 1.
	Version int
}

// Late is the late window in force; installation is what holds where the
// organization sets nothing.
func (o Organization) Late(installation time.Duration) time.Duration {
	switch {
	case o.LateWindow > 0:
		return o.LateWindow
	case installation > 0:
		return installation
	default:
		return DefaultLateWindow
	}
}

// Location loads Zone. An unknown zone reads as UTC: it was checked when it
// was set, so it can only be missing from this machine's zone data.
func (o Organization) Location() *time.Location {
	if loc, err := time.LoadLocation(o.Zone); err == nil {
		return loc
	}
	return time.UTC
}

// Role is what a member of an organization may do.
type Role string

// The roles, from most to least.
const (
	RoleOwner  Role = "owner"  // everything
	RoleAdmin  Role = "admin"  // manages members and content
	RoleUser   Role = "user"   // creates and manages own posts
	RoleViewer Role = "viewer" // reads
)

// Roles lists the roles of members, from most to least.
func Roles() []Role { return []Role{RoleOwner, RoleAdmin, RoleUser, RoleViewer} }

// Within reports whether r is a role of members that may do no more than top.
func (r Role) Within(top Role) bool {
	roles := Roles()
	i, j := slices.Index(roles, r), slices.Index(roles, top)
	return i >= 0 && j >= 0 && i >= j
}

// Member is a person's place in an organization.
type Member struct {
	Organization OrganizationID
	User         UserID
	Role         Role
	CreatedAt    time.Time
}
