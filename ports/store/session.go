package store

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Sessions stores sign-ins. They belong to people, not to a tenant.
type Sessions interface {
	Insert(ctx context.Context, s domain.Session) error
	Get(ctx context.Context, id domain.SessionID) (domain.Session, error)
	Update(ctx context.Context, id domain.SessionID, change func(*domain.Session) error) (domain.Session, error)
	// Member returns the place of user in org if the session id is theirs and
	// lives at now, or fault.ErrNotFound. Every request asks this, so it is one
	// read.
	Member(ctx context.Context, id domain.SessionID, user domain.UserID, org domain.OrganizationID, now time.Time) (domain.Member, error)
	// OfUser lists the sessions of a person that live at now, the one that was
	// used last first and then by id.
	OfUser(ctx context.Context, user domain.UserID, now time.Time) ([]domain.Session, error)
	// RevokeOf ends, at now, the sessions of a person that live, all but except,
	// and returns how many. An empty except spares none.
	RevokeOf(ctx context.Context, user domain.UserID, except domain.SessionID, now time.Time) (int, error)
	// Purge removes the sessions whose ExpiresAt is not after now.
	Purge(ctx context.Context, now time.Time) error
}

// Strikes counts guesses, for all processes together.
type Strikes interface {
	// Update is like every Update, but one that is not there begins as the zero
	// Strikes with its Key.
	Update(ctx context.Context, key string, change func(*domain.Strikes) error) (domain.Strikes, error)
	// Delete forgets a count. A missing one is no error.
	Delete(ctx context.Context, key string) error
	// Purge removes the counts whose LastAt is not after before.
	Purge(ctx context.Context, before time.Time) error
}

// SecondFactors stores what people show beside their passwords; each person
// has one at most.
type SecondFactors interface {
	// Insert returns fault.ErrConflict if the person has one.
	Insert(ctx context.Context, f domain.SecondFactor) error
	Get(ctx context.Context, user domain.UserID) (domain.SecondFactor, error)
	Update(ctx context.Context, user domain.UserID, change func(*domain.SecondFactor) error) (domain.SecondFactor, error)
	// Delete removes that of a person. A missing one is no error.
	Delete(ctx context.Context, user domain.UserID) error
}
