package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/store"
)

// resetLife is how long the link to choose a new password is good.
const resetLife = time.Hour

// ForgotPassword has a link to choose a new password sent to whoever has an
// account with this address. The answer is the same for every address; see ask.
// Errors: Invalid; Unavailable "no_mail".
func (s *Service) ForgotPassword(ctx context.Context, email string) error {
	return s.ask(ctx, kindReset, email)
}

// resetAsked answers ForgotPassword.
func (s *Service) resetAsked(ctx context.Context, u domain.User) (handout, error) {
	now := domain.Instant(s.cfg.Now())
	secret, hash := token.New()
	until := now.Add(resetLife)
	l, err := s.cfg.Mail.Seal(ctx, mailer.Mail{
		To: mail.Address{Email: u.Email}, Until: until,
		Letter: letters.ResetPassword{Link: s.address("/reset-password", secret), Minutes: int(resetLife.Minutes())},
	})
	return handout{domain.Token{
		Hash: hash, Purpose: domain.TokenResetPassword, Bound: credentials(u), CreatedAt: now, ExpiresAt: until,
	}, l}, err
}

// credentials changes with the password and the address of u, and tells neither.
func credentials(u domain.User) string { return token.Hash(u.Email + "\x00" + u.PasswordHash) }

// ResetPassword sets a new password with the secret of a letter, and ends all
// sign-ins of the person. The secret works once, and not after the password or
// the address was changed in another way. It proves the address, too. Errors:
// Invalid with all problems of the password; Invalid "link_refused".
func (s *Service) ResetPassword(ctx context.Context, secret, pass string) error {
	if err := s.ready(); err != nil {
		return err
	}
	if err := fault.Check(checkPassword(nil, "password", pass)); err != nil {
		return err
	}
	now := domain.Instant(s.cfg.Now())
	// Looked at first, so that guesses do not cost the work of hashing.
	t, err := s.cfg.Store.Tokens().Get(ctx, token.Hash(secret), domain.TokenResetPassword, now)
	if err != nil {
		return resetFault(err)
	}
	hash, err := s.cfg.Hasher.Hash(ctx, pass)
	if err != nil {
		return resetFault(err)
	}
	note, err := s.newNote(ctx, domain.UserID(t.Subject), letters.PasswordChanged{At: now})
	if err != nil {
		return resetFault(err)
	}
	err = s.changeSignIns(ctx, domain.UserID(t.Subject), func(ctx context.Context, r store.Repos) error {
		if err := s.reset(ctx, r, t.Hash, hash, now); err != nil {
			return err
		}
		return s.leave(ctx, r, note)
	})
	if err != nil {
		return resetFault(err)
	}
	s.wake()
	return nil
}

// reset takes the token and does what it is good for.
func (s *Service) reset(ctx context.Context, r store.Repos, tokenHash, passHash string, now time.Time) error {
	t, err := r.Tokens().Take(ctx, tokenHash, domain.TokenResetPassword, now)
	if err != nil {
		return err
	}
	u, err := r.Users().Update(ctx, domain.UserID(t.Subject), func(u *domain.User) error {
		if credentials(*u) != t.Bound {
			return errLink()
		}
		u.PasswordHash = passHash
		if u.EmailVerifiedAt.IsZero() {
			u.EmailVerifiedAt = now
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := r.Sessions().RevokeOf(ctx, u.ID, "", now); err != nil {
		return err
	}
	return errors.Join(
		r.Tokens().DeleteOf(ctx, t.Subject, domain.TokenResetPassword),
		r.Tokens().DeleteOf(ctx, t.Subject, domain.TokenVerifyEmail),
	)
}

func resetFault(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return errLink()
	}
	return fmt.Errorf("reset password: %w", err)
}
