package domain

// Identifiers are distinct types, so that a ChannelID can never be passed
// where a PostID is meant. They are opaque text; new ones sort by creation.
type (
	// OrganizationID names an organization, the unit of tenancy.
	OrganizationID string
	// UserID names a person.
	UserID string
	// SessionID names one sign-in of a person.
	SessionID string
	// IdentityID names a way in of a person beside their password.
	IdentityID string
	// ChannelID names one connected account.
	ChannelID string
	// PostID names a post.
	PostID string
	// DeliveryID names a delivery.
	DeliveryID string
	// AttemptID names an attempt.
	AttemptID string
	// MediaID names an uploaded file.
	MediaID string
	// EventID names an event.
	EventID string
	// APIKeyID names an API key. It is no secret.
	APIKeyID string
	// AuditID names an entry of the audit log.
	AuditID string
	// GroupID names a group of channels.
	GroupID string
	// ProviderID names a platform. It is stored for ever, so it never changes.
	ProviderID string
)
