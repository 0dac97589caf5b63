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

// verifyLife is how long the link that proves an address is good.
const verifyLife = 24 * time.Hour

// errLink is what everybody hears whose link is good for nothing, for whatever
// reason.
func errLink() error {
	return fault.New(fault.Invalid, "link_refused", "This link is not good any more: it was used, is too old, or is not complete. Ask for a new one.")
}

// handout is a secret on its way to somebody: what is stored of it, and the
// letter that brings it.
type handout struct {
	token  domain.Token
	letter mailer.Sealed
}

// newVerification prepares the link that proves an address; there is none where
// there is no mail.
func (s *Service) newVerification(ctx context.Context, email string) (handout, error) {
	if s.cfg.Mail == nil {
		return handout{}, nil
	}
	now := domain.Instant(s.cfg.Now())
	secret, hash := token.New()
	until := now.Add(verifyLife)
	l, err := s.cfg.Mail.Seal(ctx, mailer.Mail{
		To: mail.Address{Email: email}, Until: until,
		Letter: letters.VerifyEmail{Link: s.address("/verify-email", secret), Hours: int(verifyLife.Hours())},
	})
	return handout{domain.Token{
		Hash: hash, Purpose: domain.TokenVerifyEmail, Bound: email, CreatedAt: now, ExpiresAt: until,
	}, l}, err
}

// address is an address of this installation that holds a secret, behind the #
// sign, where no server, log or other site gets to see it.
func (s *Service) address(path, secret string) string {
	return s.cfg.PublicURL + path + "#token=" + secret
}

// handOut keeps a secret about user and has its letter sent, within a
// transaction, if there is one.
func (s *Service) handOut(ctx context.Context, r store.Repos, user domain.UserID, h handout) error {
	if h.token.Hash == "" {
		return nil
	}
	h.token.Subject = string(user)
	if err := r.Tokens().Purge(ctx, s.cfg.Now()); err != nil {
		return err
	}
	if err := r.Tokens().Insert(ctx, h.token); err != nil {
		return err
	}
	return s.cfg.Mail.Within(ctx, r, h.letter)
}

// wake tells workers of letters that wait, after the commit.
func (s *Service) wake() {
	if s.cfg.Mail != nil {
		s.cfg.Wake()
	}
}

// mustVerify reports whether u has to prove their address before they may sign
// in.
func (s *Service) mustVerify(u domain.User) bool {
	return s.cfg.RequireVerification && u.EmailVerifiedAt.IsZero()
}

// VerifyEmail takes the secret of a letter as the proof that the address is its
// reader's: the one that they registered with, or the one of ChangeEmail, which
// becomes theirs by that. It works once. Errors: Invalid "link_refused"; Conflict
// "email_taken".
func (s *Service) VerifyEmail(ctx context.Context, secret string) error {
	hash := token.Hash(secret)
	t, err := s.cfg.Store.Tokens().Get(ctx, hash, domain.TokenChangeEmail, domain.Instant(s.cfg.Now()))
	switch {
	case err == nil:
		err = s.move(ctx, t)
	case errors.Is(err, fault.ErrNotFound):
		err = s.verify(ctx, hash)
	}
	if errors.Is(err, fault.ErrNotFound) {
		return errLink()
	}
	if err != nil {
		return fmt.Errorf("verify e-mail address: %w", err)
	}
	return nil
}

// verify proves the address that a person has.
func (s *Service) verify(ctx context.Context, tokenHash string) error {
	now := domain.Instant(s.cfg.Now())
	return s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		t, err := r.Tokens().Take(ctx, tokenHash, domain.TokenVerifyEmail, now)
		if err != nil {
			return err
		}
		_, err = r.Users().Update(ctx, domain.UserID(t.Subject), func(u *domain.User) error {
			if u.Email != t.Bound {
				return errLink()
			}
			u.EmailVerifiedAt = now
			return nil
		})
		if err != nil {
			return err
		}
		return r.Tokens().DeleteOf(ctx, t.Subject, domain.TokenVerifyEmail)
	})
}

// ResendVerification has a new link sent to whoever has an account with this
// address and has not proven it yet. The answer is the same for every address;
// see ask. Errors: Invalid; Unavailable "no_mail".
func (s *Service) ResendVerification(ctx context.Context, email string) error {
	return s.ask(ctx, kindVerify, email)
}

// verifyAsked answers ResendVerification.
func (s *Service) verifyAsked(ctx context.Context, u domain.User) (handout, error) {
	if !u.EmailVerifiedAt.IsZero() {
		return handout{}, errNothing
	}
	return s.newVerification(ctx, u.Email)
}
