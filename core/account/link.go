package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/ports/store"
)

// person returns a Denied fault unless a is a person and not a program.
func person(a domain.Actor) error {
	if a.User == "" {
		return fault.New(fault.Denied, "not_a_person", "Only a person who is signed in can do this.")
	}
	return nil
}

// Identities lists the ways in that the person who asks has beside their
// password, oldest first.
func (s *Service) Identities(ctx context.Context, a domain.Actor) ([]domain.Identity, error) {
	if err := person(a); err != nil {
		return nil, err
	}
	out, err := s.cfg.Store.Identities().OfUser(ctx, a.User)
	if err != nil {
		return nil, fmt.Errorf("list identities: %w", err)
	}
	return out, nil
}

// Unlink takes a way in away from the person who asks. Their sign-ins go on.
// Errors: NotFound; Conflict "last_way_in".
func (s *Service) Unlink(ctx context.Context, a domain.Actor, id domain.IdentityID) error {
	if err := person(a); err != nil {
		return err
	}
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		// The update keeps others from taking the other ways in at the same time.
		u, err := r.Users().Update(ctx, a.User, func(*domain.User) error { return nil })
		if err != nil {
			return err
		}
		list, err := r.Identities().OfUser(ctx, a.User)
		if err != nil {
			return err
		}
		if err := r.Identities().Delete(ctx, a.User, id); err != nil {
			return err
		}
		if u.PasswordHash == "" && len(list) == 1 {
			return fault.New(fault.Conflict, "last_way_in",
				"You could not sign in any more without this. Set a password first (use Forgot password), or link another account.")
		}
		return nil
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return fault.Missing("identity")
	case err != nil:
		return fmt.Errorf("unlink identity %s: %w", id, err)
	}
	return nil
}

// link gives a person another way in. To do it again is no error.
func (s *Service) link(ctx context.Context, d identity.Descriptor, user domain.UserID, who identity.Identity) (*domain.Identity, error) {
	i := s.newIdentity(d, user, who)
	note, err := s.newNote(ctx, user, letters.SignInLinked{Method: d.Name, At: i.CreatedAt})
	if err != nil {
		return nil, fmt.Errorf("link identity at %s: %w", d.ID, err)
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if _, err := r.Users().Get(ctx, user); err != nil {
			return err
		}
		if err := r.Identities().Insert(ctx, i); err != nil {
			return err
		}
		return s.leave(ctx, r, note)
	})
	if errors.Is(err, fault.ErrConflict) {
		known, err := s.cfg.Store.Identities().BySubject(ctx, who.Issuer, who.Subject)
		if err == nil && known.User == user {
			return &known, nil
		}
		return nil, fault.New(fault.Conflict, "identity_taken", "This %s account is linked to somebody else here already.", d.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("link identity at %s: %w", d.ID, err)
	}
	s.wake()
	return &i, nil
}

func (s *Service) newIdentity(d identity.Descriptor, user domain.UserID, who identity.Identity) domain.Identity {
	return domain.Identity{
		ID: domain.IdentityID(s.cfg.NewID()), User: user, Provider: d.ID, Issuer: who.Issuer, Subject: who.Subject,
		Email: clipped(who.Email, maxEmail), Name: clipped(who.Name, maxName), CreatedAt: domain.Instant(s.cfg.Now()),
	}
}

// personOf returns who the person is here, and registers them if nobody is.
func (s *Service) personOf(ctx context.Context, d identity.Descriptor, who identity.Identity) (domain.UserID, error) {
	known, err := s.cfg.Store.Identities().BySubject(ctx, who.Issuer, who.Subject)
	if err == nil {
		return known.User, nil
	}
	if !errors.Is(err, fault.ErrNotFound) {
		return "", fmt.Errorf("find identity at %s: %w", d.ID, err)
	}
	user, err := s.registerIdentity(ctx, d, who)
	if errors.Is(err, errKnownAddress) || errors.Is(err, &fault.Error{Kind: fault.Conflict, Code: "email_taken"}) {
		// The same person may have been faster in another window.
		if known, err := s.cfg.Store.Identities().BySubject(ctx, who.Issuer, who.Subject); err == nil {
			return known.User, nil
		}
		return "", linkRequired(d)
	}
	return user, err
}

var errKnownAddress = errors.New("there is an account with this address")

// registerIdentity makes an account for somebody whom a service vouches for, or
// returns errKnownAddress.
func (s *Service) registerIdentity(ctx context.Context, d identity.Descriptor, who identity.Identity) (domain.UserID, error) {
	in := RegisterInput{Email: normalizeEmail(who.Email), Name: clipped(who.Name, maxName)}
	if !validEmail(in.Email) {
		return "", fault.New(fault.Denied, "email_missing",
			"%s does not tell your e-mail address, which is needed to register. Allow it there, or register with a password.", d.Name)
	}
	if !who.EmailVerified {
		return "", fault.New(fault.Denied, "email_unverified",
			"%s does not know yet that your e-mail address is yours. Confirm it there, and then try again.", d.Name)
	}
	_, err := s.cfg.Store.Users().ByEmail(ctx, in.Email)
	if err == nil {
		return "", errKnownAddress
	}
	if !errors.Is(err, fault.ErrNotFound) {
		return "", fmt.Errorf("register with %s: %w", d.ID, err)
	}
	var id domain.UserID
	err = s.enroll(ctx, in, domain.User{EmailVerifiedAt: domain.Instant(s.cfg.Now())}, func(ctx context.Context, r store.Repos, u domain.User, _ domain.Organization) error {
		id = u.ID
		return r.Identities().Insert(ctx, s.newIdentity(d, u.ID, who))
	})
	return id, err
}

func linkRequired(d identity.Descriptor) error {
	return fault.New(fault.Conflict, "link_required",
		"There is an account with this e-mail address already. Sign in to it, and then link your %s account in your profile.", d.Name)
}

// clipped is s without what cannot be stored, and not longer than n characters.
func clipped(s string, n int) string {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", ""))
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n]))
	}
	return s
}
