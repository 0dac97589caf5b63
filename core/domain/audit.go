package domain

import "time"

// AuditEntry says who did what to what. It is written once and never changed.
type AuditEntry struct {
	ID           AuditID
	Organization OrganizationID
	At           time.Time
	// User is who did it, or for whom Key did; empty for a program.
	User UserID
	// Key is the API key that did it; empty where a person did it themselves.
	Key APIKeyID
	// Action is what was done, such as "channel.connected".
	Action string
	// Resource is the kind of what it was done to, and ResourceID which one.
	Resource, ResourceID string
	// Name is what people called the resource then. It may be empty.
	Name string
	// Changes are the values that became others. None of them is a secret.
	Changes []AuditChange
	// Request names the request that asked for it, and Network the network that
	// it came from: an address without its last part. Both may be empty.
	Request, Network string
}

// AuditChange is one value that became another.
type AuditChange struct {
	Field string `json:"field"`
	// Before is empty for what was not there, and After for what is gone.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}
