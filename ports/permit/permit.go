// Package permit is the port to the rules of who may do what: may somebody with
// this role do this to things of this kind, in this organization?
//
// The rules are data, in the two files beside this one, in the form of casbin:
// model.conf says how a rule is read, policy.csv holds the rules. Whoever
// implements Policy reads them, and nothing else grants anything. Table reads
// them with the standard library alone.
package permit

import (
	_ "embed" // the policy
	"slices"

	"github.com/crierhq/crier/core/domain"
)

// Resource is a kind of thing that something is done to. Resources are written
// down in policies and in the document of the API, so they keep their names.
type Resource string

// The resources.
const (
	Account       Resource = "account"         // what is the person's own: profile, sign-ins, memberships, new organizations
	Posts         Resource = "posts"           // posts; to change them means one's own
	PostsOfOthers Resource = "posts_of_others" // posts that somebody else wrote
	Media         Resource = "media"           // files; to change them means one's own
	MediaOfOthers Resource = "media_of_others" // files that somebody else uploaded
	Approvals     Resource = "approvals"       // saying that a post may be published
	Channels      Resource = "channels"        // connected accounts, and how they are used
	Groups        Resource = "groups"          // groups of channels
	Members       Resource = "members"         // who belongs to the organization, and who is invited
	Organization  Resource = "organization"    // the organization itself: name, settings, pause, end
	Ownership     Resource = "ownership"       // who owns the organization
	Billing       Resource = "billing"         // what the organization pays for
	Jobs          Resource = "jobs"            // side jobs that failed for good
	APIKeys       Resource = "api_keys"        // keys for programs
	Audit         Resource = "audit"           // the log of who did what
	Installation  Resource = "installation"    // what concerns everybody on this installation
)

// Action is what is done. The actions keep their names, as resources do.
type Action string

// The actions.
const (
	Create Action = "create"
	Read   Action = "read"
	Update Action = "update"
	Delete Action = "delete"
)

// Operator is the role, in every organization, of who may act for the whole
// installation. It is not for members: it comes on top of what a member may do.
const Operator domain.Role = "operator"

// Policy answers what a role may do. Implementations decide by the policy that
// they were made from alone, which never changes, and answer at once, without
// leaving the process; they are safe for concurrent use. What no rule grants is
// refused: so is everything to a role, resource or action that nobody knows.
type Policy interface {
	// May reports whether somebody with this role in org may do act to things of
	// the kind res.
	May(org domain.OrganizationID, role domain.Role, res Resource, act Action) bool
}

// Resources lists every Resource.
func Resources() []Resource {
	return []Resource{
		Account, Posts, PostsOfOthers, Media, MediaOfOthers, Approvals, Channels, Groups, Members, Organization, Ownership, Billing,
		Jobs, APIKeys, Audit, Installation,
	}
}

// Actions lists every Action.
func Actions() []Action { return []Action{Create, Read, Update, Delete} }

// Roles lists every role that a policy may speak of, from most to least, with
// Operator at the end.
func Roles() []domain.Role { return append(domain.Roles(), Operator) }

// OfOthers is the resource that things of the kind res are when somebody else
// made them; ok is false for kinds where that makes no difference.
func OfOthers(res Resource) (others Resource, ok bool) {
	switch res {
	case Posts:
		return PostsOfOthers, true
	case Media:
		return MediaOfOthers, true
	default:
		return "", false
	}
}

//go:embed policy.csv
var policyText string

//go:embed model.conf
var modelText string

// PolicyText is Crier's policy.
func PolicyText() string { return policyText }

// ModelText is how a policy is read, in casbin's words.
func ModelText() string { return modelText }

// known reports whether a policy may name the resource and the action.
func known(res Resource, act Action) bool {
	return slices.Contains(Resources(), res) && slices.Contains(Actions(), act)
}
