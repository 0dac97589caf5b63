package domain

import "time"

// Replay is a request that its sender may repeat without its being done twice,
// and the answer that is repeated then.
type Replay struct {
	// ID is made from who asks and the key that they chose.
	ID           string
	Organization OrganizationID
	// Request is the digest of what was asked. The same key with something else
	// is a mistake of the sender.
	Request string
	// Seed is the id of what the request makes, if it makes something: whoever
	// runs it again makes the same thing, or finds it.
	Seed string
	// Run names the one run that may write the answer, until LeaseUntil. Then
	// another one may take over, because the process of this one died.
	Run        string
	LeaseUntil time.Time
	// Status, ContentType, ETag and Body are the answer. Status is 0 until there
	// is one.
	Status      int
	ContentType string
	ETag        string
	Body        string
	CreatedAt   time.Time
	// ExpiresAt is the first moment at which the key may be used for something
	// else.
	ExpiresAt time.Time
	Version   int
}
