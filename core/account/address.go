package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/ports/store"
)

// ChangeEmail has a link sent to another address of the person, who shows their
// password. Nothing changes until VerifyEmail takes the link; another wish takes
// the place of this one. Whether somebody else has the address is told to nobody
// but its reader. Errors: Invalid; TooMany; Conflict "no_password"; Unavailable
// "no_mail".
func (s *Service) ChangeEmail(ctx context.Context, a domain.Actor, email, pass string) error {
	email = normalizeEmail(email)
	if !validEmail(email) {
		return fault.Check([]fault.Problem{{Field: "email", Rule: "format", Message: "Invalid email format"}})
	}
	if s.cfg.Mail == nil {
		return errNoMail()
	}
	user, err := s.confirm(ctx, a, "password", pass)
	if err != nil {
		return fmt.Errorf("change e-mail address: %w", err)
	}
	if user.Email == email {
		return fault.Check([]fault.Problem{{Field: "email", Rule: "same", Message: "This is your address already."}})
	}
	proof, err := s.newVerification(ctx, email)
	if err != nil {
		return fmt.Errorf("change e-mail address: %w", err)
	}
	proof.token.Purpose, proof.token.Bound = domain.TokenChangeEmail, credentials(user)+" "+email
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := r.Tokens().DeleteOf(ctx, string(user.ID), domain.TokenChangeEmail); err != nil {
			return err
		}
		return s.handOut(ctx, r, user.ID, proof)
	})
	if err != nil {
		return fmt.Errorf("change e-mail address: %w", err)
	}
	s.wake()
	return nil
}

// move gives a person the address to which the token t was mailed, and tells
// the one that they had.
func (s *Service) move(ctx context.Context, t domain.Token) error {
	user, now := domain.UserID(t.Subject), domain.Instant(s.cfg.Now())
	before, email, _ := strings.Cut(t.Bound, " ")
	note, err := s.newNote(ctx, user, letters.EmailChanged{NewEmail: email, At: now})
	if err != nil {
		return err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if _, err := r.Tokens().Take(ctx, t.Hash, t.Purpose, now); err != nil {
			return err
		}
		_, err := r.Users().Update(ctx, user, func(u *domain.User) error {
			if credentials(*u) != before {
				return errLink()
			}
			u.Email, u.EmailVerifiedAt = email, now
			return nil
		})
		if errors.Is(err, fault.ErrConflict) {
			return emailTaken(err)
		}
		if err != nil {
			return err
		}
		for _, stale := range []domain.TokenPurpose{domain.TokenVerifyEmail, domain.TokenResetPassword} {
			if err := r.Tokens().DeleteOf(ctx, t.Subject, stale); err != nil {
				return err
			}
		}
		if err := s.recordEverywhere(ctx, r, user, "account.email_changed"); err != nil {
			return err
		}
		return s.leave(ctx, r, note)
	})
	if err == nil {
		s.wake()
	}
	return err
}
