package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/ports/store"
)

// LoginInput is what a person types in to sign in.
type LoginInput struct {
	Email    string
	Password string
	// From is where the person signs in from.
	From Origin
}

// Login signs a person in. A wrong password and an unknown address get the same
// Unauthenticated answer and take the same time; so does what counts too many
// guesses (TooMany). Who has to prove their address first hears that, and nobody
// else does: Denied "email_unverified". Who has a second factor gets a *Challenge
// as the error.
func (s *Service) Login(ctx context.Context, in LoginInput) (SignedIn, error) {
	if err := s.ready(); err != nil {
		return SignedIn{}, err
	}
	email := normalizeEmail(in.Email)
	user, err := s.cfg.Store.Users().ByEmail(ctx, email)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return SignedIn{}, fmt.Errorf("login: %w", err)
	}
	ok, err := s.knows(ctx, user, in.Password, byAddress(email), byNetwork(in.From))
	if err != nil {
		return SignedIn{}, fmt.Errorf("login: %w", err)
	}
	if !ok {
		if err := s.recordRefusal(ctx, user, in.From); err != nil {
			return SignedIn{}, fmt.Errorf("login: %w", err)
		}
		return SignedIn{}, fault.New(fault.Unauthenticated, "wrong_credentials", "The e-mail address or the password is wrong.")
	}
	if s.mustVerify(user) {
		return SignedIn{}, fault.New(fault.Denied, "email_unverified", "Open the link in the mail that we sent to you first, or ask for a new one.")
	}
	if err := s.challenge(ctx, user); err != nil {
		return SignedIn{}, err
	}
	return s.admitNow(ctx, user, in.From)
}

// knows reports whether pass is the password of user, and counts the guess. A
// hash that is cheaper than those of today is made anew.
func (s *Service) knows(ctx context.Context, user domain.User, pass string, targets ...target) (bool, error) {
	if len(pass) > maxPassword {
		pass = "" // cannot be right, and hashing it would be work for nothing
	}
	ok, err := s.guess(ctx, func() (bool, error) { return s.cfg.Hasher.Verify(ctx, user.PasswordHash, pass) }, targets...)
	if err != nil || !ok || !s.cfg.Hasher.Stale(user.PasswordHash) {
		return ok, err
	}
	hash, err := s.cfg.Hasher.Hash(ctx, pass)
	if err != nil {
		return false, err
	}
	_, err = s.cfg.Store.Users().Update(ctx, user.ID, func(u *domain.User) error {
		if u.PasswordHash == user.PasswordHash { // else it was changed meanwhile
			u.PasswordHash = hash
		}
		return nil
	})
	return err == nil, err
}

// admit lets a person in who has just proven who they are, by whatever means: to
// the first of their organizations. r is a transaction.
func (s *Service) admit(ctx context.Context, r store.Repos, user domain.User, from Origin) (SignedIn, error) {
	members, err := r.Members().OfUser(ctx, user.ID)
	if err != nil {
		return SignedIn{}, err
	}
	if len(members) == 0 {
		return s.startOver(ctx, r, user, from)
	}
	org, err := r.Organizations().Get(ctx, members[0].Organization)
	if err != nil {
		return SignedIn{}, err
	}
	return s.open(ctx, r, user, org, members[0].Role, from)
}

// startOver gives somebody an organization of their own who belongs to none any
// more, so that they can come in and be invited again.
func (s *Service) startOver(ctx context.Context, r store.Repos, user domain.User, from Origin) (SignedIn, error) {
	now := domain.Instant(s.cfg.Now())
	o := domain.Organization{
		ID: domain.OrganizationID(s.cfg.NewID()), Name: orgName(RegisterInput{Name: user.Name, Email: user.Email}), CreatedAt: now, Version: 1,
	}
	if err := r.Organizations().Insert(ctx, o); err != nil {
		return SignedIn{}, err
	}
	m := domain.Member{Organization: o.ID, User: user.ID, Role: domain.RoleOwner, CreatedAt: now}
	if err := r.Members().Insert(ctx, m); err != nil {
		return SignedIn{}, err
	}
	return s.open(ctx, r, user, o, m.Role, from)
}

// admitNow is admit in a transaction of its own.
func (s *Service) admitNow(ctx context.Context, user domain.User, from Origin) (out SignedIn, err error) {
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		out, err = s.admit(ctx, r, user, from)
		return err
	})
	if err != nil {
		return SignedIn{}, fmt.Errorf("login: %w", err)
	}
	return out, nil
}

// confirm is a person who shows their password again.
func (s *Service) confirm(ctx context.Context, a domain.Actor, field, pass string) (domain.User, error) {
	if err := errors.Join(person(a), s.ready()); err != nil {
		return domain.User{}, err
	}
	user, err := s.cfg.Store.Users().Get(ctx, a.User)
	if err != nil {
		return domain.User{}, err
	}
	if user.PasswordHash == "" {
		return domain.User{}, fault.New(fault.Conflict, "no_password", "You have no password yet. Set one first, as for a password that is forgotten.")
	}
	ok, err := s.knows(ctx, user, pass, byAddress(user.Email))
	if err != nil {
		return domain.User{}, err
	}
	if !ok {
		return domain.User{}, fault.Check([]fault.Problem{{Field: field, Rule: "wrong", Message: "This is not your password."}})
	}
	return user, nil
}

// ChangePassword replaces the password of the person, who shows the one they
// have, ends all their other sign-ins, and has a mail tell them. Errors: Invalid;
// TooMany; Conflict "no_password".
func (s *Service) ChangePassword(ctx context.Context, a domain.Actor, current, fresh string) error {
	if err := fault.Check(checkPassword(nil, "newPassword", fresh)); err != nil {
		return err
	}
	user, err := s.confirm(ctx, a, "currentPassword", current)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	hash, err := s.cfg.Hasher.Hash(ctx, fresh)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	now := domain.Instant(s.cfg.Now())
	note, err := s.newNote(ctx, user.ID, letters.PasswordChanged{At: now})
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	err = s.changeSignIns(ctx, user.ID, func(ctx context.Context, r store.Repos) error {
		if _, err := r.Users().Update(ctx, user.ID, func(u *domain.User) error { u.PasswordHash = hash; return nil }); err != nil {
			return err
		}
		if _, err := r.Sessions().RevokeOf(ctx, user.ID, a.Session, now); err != nil {
			return err
		}
		if err := s.record(ctx, r, a, "account.password_changed"); err != nil {
			return err
		}
		return s.leave(ctx, r, note)
	})
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	s.wake()
	return nil
}
