package account

import (
	"context"
	"fmt"

	"github.com/crierhq/crier/core/domain"
)

// Export is what is kept about a person beside what they made, which belongs to
// their organizations.
type Export struct {
	// User is the person, without the hash of their password.
	User domain.User
	// Places are the organizations that they belong to, oldest membership first.
	Places []Place
	// Identities are the ways in that they have beside their password.
	Identities []domain.Identity
	// Sessions are their sign-ins that live.
	Sessions []domain.Session
	Factor   FactorStatus
}

// Export returns what is kept about the person who asks. It is read bit by bit,
// so a change meanwhile may be in one part of it and not in another.
func (s *Service) Export(ctx context.Context, a domain.Actor) (out Export, err error) {
	if out.User, err = s.Person(ctx, a); err != nil {
		return Export{}, fmt.Errorf("export: %w", err)
	}
	if out.Places, err = s.Places(ctx, a); err != nil {
		return Export{}, fmt.Errorf("export: %w", err)
	}
	if out.Identities, err = s.Identities(ctx, a); err != nil {
		return Export{}, fmt.Errorf("export: %w", err)
	}
	if out.Sessions, err = s.Sessions(ctx, a); err != nil {
		return Export{}, fmt.Errorf("export: %w", err)
	}
	if out.Factor, err = s.SecondFactor(ctx, a); err != nil {
		return Export{}, fmt.Errorf("export: %w", err)
	}
	return out, nil
}
