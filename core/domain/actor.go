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
}

// System is the actor of a program that embeds Crier and acts for a whole
// organization.
func System(org OrganizationID) Actor { return Actor{Organization: org, Role: RoleOwner} }
