package store

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Tokens stores what is known of the single-use secrets in people's hands. A
// token belongs to whoever shows its secret, so there is no tenant.
type Tokens interface {
	// Insert returns fault.ErrConflict if the hash is taken, by whatever purpose.
	Insert(ctx context.Context, t domain.Token) error
	// Get returns a token without using it up. A missing one, one of another
	// purpose and one whose ExpiresAt is not after now are fault.ErrNotFound.
	Get(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error)
	// Take is Get that removes the token: of any number of callers one gets it,
	// once and for all when its transaction is kept. A call that is refused
	// removes nothing.
	Take(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error)
	// DeleteOf removes all tokens of a subject for one purpose. None is no error.
	DeleteOf(ctx context.Context, subject string, purpose domain.TokenPurpose) error
	// Purge removes the tokens whose ExpiresAt is not after now, of all purposes.
	Purge(ctx context.Context, now time.Time) error
}
