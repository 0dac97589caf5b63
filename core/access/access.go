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
	Read               Action = "read"                // see what the organization has
	Write              Action = "write"               // create and manage own posts and media
	WriteAny           Action = "write_any"           // manage the posts and media of others
	ManageChannels     Action = "manage_channels"     // connect, disconnect and pause channels
	ManageJobs         Action = "manage_jobs"         // see, replay and drop side jobs that failed for good
	Approve            Action = "approve"             // say that a post may be published
	ManageOrganization Action = "manage_organization" // change its settings, pause it
)

// grants lists what each role may do.
var grants = map[domain.Role]map[Action]bool{
	domain.RoleOwner:  manages(),
	domain.RoleAdmin:  manages(),
	domain.RoleUser:   {Read: true, Write: true},
	domain.RoleViewer: {Read: true},
}

// manages is what those may do who run an organization.
func manages() map[Action]bool {
	return map[Action]bool{
		Read: true, Write: true, WriteAny: true, ManageChannels: true, ManageJobs: true, Approve: true, ManageOrganization: true,
	}
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

// CheckOperator returns a fault.Denied error unless a may do what concerns the
// whole installation. first is the person who registered first here, who owns
// it; empty where nobody has.
func CheckOperator(a domain.Actor, first domain.UserID) error {
	if err := Check(a, Read); err != nil {
		return err
	}
	if a.Operator || first != "" && a.User == first {
		return nil
	}
	return fault.New(fault.Denied, "not_operator", "Only the owner of this installation may do this.")
}
