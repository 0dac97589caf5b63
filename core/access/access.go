// Package access decides who may do what. Its rules are pure functions of the
// actor's role.
package access

import (
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// Action is something that an actor wants to do.
type Action string

// The actions.
const (
	Read           Action = "read"            // see what the organization has
	Write          Action = "write"           // create and manage own posts and media
	WriteAny       Action = "write_any"       // manage the posts and media of others
	ManageChannels Action = "manage_channels" // connect and disconnect channels
	ManageJobs     Action = "manage_jobs"     // see, replay and drop side jobs that failed for good
)

// grants lists what each role may do.
var grants = map[domain.Role]map[Action]bool{
	domain.RoleOwner:  {Read: true, Write: true, WriteAny: true, ManageChannels: true, ManageJobs: true},
	domain.RoleAdmin:  {Read: true, Write: true, WriteAny: true, ManageChannels: true, ManageJobs: true},
	domain.RoleUser:   {Read: true, Write: true},
	domain.RoleViewer: {Read: true},
}

// Check returns a fault.Denied error if a may not do act.
func Check(a domain.Actor, act Action) error {
	if a.Organization == "" {
		return fault.New(fault.Unauthenticated, "no_organization", "Sign in first.")
	}
	if grants[a.Role][act] {
		return nil
	}
	return fault.New(fault.Denied, "not_allowed", "Your role in this organization does not allow this.")
}

// CheckOwned is Check of Write for something that owner made, and of WriteAny
// for what somebody else made.
func CheckOwned(a domain.Actor, owner domain.UserID) error {
	if err := Check(a, Write); err != nil {
		return err
	}
	if owner == a.User {
		return nil
	}
	return Check(a, WriteAny)
}
