package store

import (
	"context"

	"github.com/crierhq/crier/core/domain"
)

// Identities stores the ways in that people have beside their passwords. Like
// people, they belong to the installation, not to a tenant.
type Identities interface {
	// Insert returns fault.ErrConflict if an identity with this issuer and subject
	// is there, whoever it belongs to.
	Insert(ctx context.Context, i domain.Identity) error
	// BySubject returns the identity of this issuer and subject, or
	// fault.ErrNotFound.
	BySubject(ctx context.Context, issuer, subject string) (domain.Identity, error)
	// OfUser lists the identities of a person, oldest first and then by id.
	OfUser(ctx context.Context, user domain.UserID) ([]domain.Identity, error)
	// Delete removes an identity of a person; one that is not there, or is
	// somebody else's, is fault.ErrNotFound.
	Delete(ctx context.Context, user domain.UserID, id domain.IdentityID) error
}
