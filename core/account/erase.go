package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// ConfirmErasure has the person who asks show their password before their
// account is deleted. Errors: Invalid; TooMany; Conflict "no_password"; Denied.
func (s *Service) ConfirmErasure(ctx context.Context, a domain.Actor, pass string) error {
	if err := errors.Join(person(a), s.cfg.Access.Check(a, permit.Account, permit.Delete)); err != nil {
		return err
	}
	_, err := s.confirm(ctx, a, "password", pass)
	return err
}

// Hold keeps a person for the rest of the transaction r as they are: they join
// nothing meanwhile. Errors: NotFound.
func Hold(ctx context.Context, r store.Repos, user domain.UserID) error {
	_, err := r.Users().Update(ctx, user, func(*domain.User) error { return nil })
	return err
}

// Erase removes everything that is kept about a person who belongs to nothing
// any more, within the transaction r; their sign-ins end with it. Whoever owns
// the installation stays: the next person would own it then without anybody
// having said so. Errors: Conflict "owns_installation"; NotFound.
func (s *Service) Erase(ctx context.Context, r store.Repos, user domain.UserID) error {
	op, err := AsOperator(ctx, r, domain.Actor{User: user})
	if err != nil {
		return err
	}
	if op.Operator {
		return fault.New(fault.Conflict, "owns_installation", "You own this installation: nobody else can run it, so your account stays.")
	}
	u, err := r.Users().Get(ctx, user)
	if err != nil {
		return err
	}
	// The sign-ins are ended, too: what remembers them hears of that.
	if _, err := r.Sessions().RevokeOf(ctx, user, "", domain.Instant(s.cfg.Now())); err != nil {
		return err
	}
	for _, t := range []target{byAddress(u.Email), bySecondFactor(user)} {
		if err := r.Strikes().Delete(ctx, t.key); err != nil {
			return err
		}
	}
	if err := r.Users().Delete(ctx, user); err != nil {
		return fmt.Errorf("erase person: %w", err)
	}
	return nil
}
