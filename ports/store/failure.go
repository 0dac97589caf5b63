package store

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Failures finds the deliveries that only a person can bring further: those in
// a state that domain.DeliveryState.NeedsAttention, of posts that were not
// deleted.
type Failures interface {
	// FailureGroups returns one group for every cause among the failures that
	// match, in any order, in one query.
	FailureGroups(ctx context.Context, org domain.OrganizationID, f FailureFilter) ([]FailureGroup, error)
	// ListFailures returns the failures that match, the newest UpdatedAt first;
	// equal ones are ordered by id, the greater first.
	ListFailures(ctx context.Context, org domain.OrganizationID, f FailureFilter, p Page) ([]domain.Delivery, error)
}

// FailureFilter narrows failures. Zero fields do not narrow.
type FailureFilter struct {
	// States keeps deliveries in one of these states. One that needs no
	// attention matches nothing.
	States   []domain.DeliveryState
	Code     string
	Provider domain.ProviderID
	Channel  domain.ChannelID
	// Among keeps deliveries on these channels.
	Among []domain.ChannelID
	// Author keeps deliveries of posts that this person wrote.
	Author domain.UserID
}

// Cause is why deliveries stand still: where they stand, the Code of their
// Reason, and the platform.
type Cause struct {
	State    domain.DeliveryState
	Code     string
	Provider domain.ProviderID
}

// FailureGroup is the failures of one cause.
type FailureGroup struct {
	Cause
	// Count is how many there are; it is positive.
	Count int
	// Channel is the channel that all of them are on; empty if they are on
	// several.
	Channel domain.ChannelID
	// First and Last are the earliest and the latest UpdatedAt.
	First, Last time.Time
	// Message is what the author is told about the newest of them.
	Message string
}
