package store

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// APIKeys stores API keys. Nothing removes one: the audit log names them.
type APIKeys interface {
	// Insert returns fault.ErrConflict if a key has the same Hash, in whichever
	// organization.
	Insert(ctx context.Context, org domain.OrganizationID, k domain.APIKey) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID) (domain.APIKey, error)
	// ByHash returns the key with this Hash, revoked or not. It crosses tenants
	// on purpose: whoever knows the secret belongs to its organization.
	ByHash(ctx context.Context, hash string) (domain.APIKey, error)
	// List returns the keys that are not revoked, the newest first; equal times
	// are ordered by id, the greater first.
	List(ctx context.Context, org domain.OrganizationID, p Page) ([]domain.APIKey, error)
	// Update works as in Organizations.
	Update(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID, change func(*domain.APIKey) error) (domain.APIKey, error)
}

// Audit stores who did what. It has no way to change or remove an entry, and
// the databases refuse it, too, while the organization exists.
type Audit interface {
	// Append stores entries, each of its own organization, or none of them and
	// returns fault.ErrConflict if an id exists.
	Append(ctx context.Context, entries ...domain.AuditEntry) error
	// List returns the entries that match, the newest first; equal times are
	// ordered by id, the greater first.
	List(ctx context.Context, org domain.OrganizationID, f AuditFilter) ([]domain.AuditEntry, error)
}

// AuditFilter narrows a list of audit entries. Zero fields do not narrow.
type AuditFilter struct {
	Page
	// User keeps what this person did, by a key or not, and Key what this key
	// did.
	User domain.UserID
	Key  domain.APIKeyID
	// Action, Resource and ResourceID keep entries with exactly these.
	Action, Resource, ResourceID string
	// From and To bound At: From is included, To is not.
	From, To time.Time
}

// Groups stores groups of channels.
type Groups interface {
	// Insert returns fault.ErrConflict if the organization has a group of this
	// name.
	Insert(ctx context.Context, org domain.OrganizationID, g domain.Group) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.GroupID) (domain.Group, error)
	// List returns the groups ordered by creation and then by id.
	List(ctx context.Context, org domain.OrganizationID, p Page) ([]domain.Group, error)
	// Update works as in Organizations. It returns fault.ErrConflict if the name
	// is taken.
	Update(ctx context.Context, org domain.OrganizationID, id domain.GroupID, change func(*domain.Group) error) (domain.Group, error)
	// Delete removes a group and takes it from its channels, or returns
	// fault.ErrNotFound.
	Delete(ctx context.Context, org domain.OrganizationID, id domain.GroupID) error
}
