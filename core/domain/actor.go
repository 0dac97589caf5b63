package domain

// Actor is who asks for something, and in which organization. Use cases take
// it as an argument; it is never carried in a context.
type Actor struct {
	Organization OrganizationID
	// User is empty where a program asks and not a person.
	User UserID
	Role Role
	// Session is the sign-in that a person asks through; empty for programs.
	Session SessionID
	// Operator marks a program that may act for the whole installation, such as
	// the one that embeds Crier. A person need not be marked: the one who
	// registered first owns the installation.
	Operator bool
	// Key is the API key that asks for User; empty where nobody lent theirs.
	Key APIKeyID
	// Reach narrows what the actor sees and does to some channels; nil: to none
	// in particular.
	Reach *Reach
	// Origin is where the request came from, for the audit log.
	Origin Origin
}

// Origin says where a request came from. Both fields may be empty.
type Origin struct {
	// Request names the request in the server's log.
	Request string
	// Network is the address that it came from without its last part, so that it
	// names a network and no person.
	Network string
}

// System is the actor of a program that embeds Crier and acts for a whole
// organization.
func System(org OrganizationID) Actor { return Actor{Organization: org, Role: RoleOwner} }
