package team

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const (
	// invitationLife is how long an invitation is good.
	invitationLife = 7 * 24 * time.Hour
	// maxInvitations bounds how many of an organization wait at once.
	maxInvitations = 500
	maxEmail       = 254
)

// Invited is an invitation with its secret.
type Invited struct {
	domain.Invitation
	// Secret lets whoever shows it take the place, once. It is stored nowhere, and
	// empty where it was mailed: then it proves the address.
	Secret string
}

// Invite offers a place in the actor's organization. email is whom it is for;
// empty: whoever gets the secret. It is mailed to them where there is mail.
// Nobody offers a role that may do more than theirs. Errors: Invalid with all
// problems, Denied "role_too_high", Conflict "too_many_invitations", TooMany
// "too_many_mails".
func (s *Service) Invite(ctx context.Context, a domain.Actor, email string, role domain.Role) (Invited, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if err := errors.Join(s.cfg.Access.Check(a, permit.Members, permit.Create), checkRole(role), checkEmail(email)); err != nil {
		return Invited{}, err
	}
	secret, hash := token.New()
	now := domain.Instant(s.cfg.Now())
	v := domain.Invitation{
		ID: domain.InvitationID(s.cfg.NewID()), Organization: a.Organization, Email: email, Role: role, By: a.User,
		CreatedAt: now, ExpiresAt: now.Add(invitationLife),
	}
	letter, err := s.letter(ctx, &v, secret)
	if err != nil {
		return Invited{}, fmt.Errorf("invite: %w", err)
	}
	err = s.locked(ctx, a, func(ctx context.Context, r store.Repos, a domain.Actor) error {
		if err := s.mayOffer(a, role); err != nil {
			return err
		}
		if err := s.tidy(ctx, r, a.Organization, now); err != nil {
			return err
		}
		if err := r.Invitations().Insert(ctx, a.Organization, v); err != nil {
			return err
		}
		e := audit.Invitation(v, "invitation.made", audit.Changes([3]string{"role", "", string(role)})...)
		if err := s.cfg.Audit.Append(ctx, r, a, e); err != nil {
			return err
		}
		err := r.Tokens().Insert(ctx, domain.Token{
			Hash: hash, Purpose: domain.TokenInvitation, Subject: string(v.ID), Bound: string(v.Organization), CreatedAt: now, ExpiresAt: v.ExpiresAt,
		})
		if err != nil || !v.Mailed {
			return err
		}
		return s.send(ctx, r, v, letter)
	})
	if err != nil {
		return Invited{}, fmt.Errorf("invite: %w", err)
	}
	if v.Mailed {
		s.cfg.Wake()
		secret = ""
	}
	return Invited{Invitation: v, Secret: secret}, nil
}

// mayOffer refuses a place that is not a's to offer.
func (s *Service) mayOffer(a domain.Actor, role domain.Role) error {
	if err := s.cfg.Access.Check(a, permit.Members, permit.Create); err != nil {
		return err
	}
	if !role.Within(a.Role) {
		return fault.New(fault.Denied, "role_too_high", "You cannot invite somebody to a role that may do more than yours.")
	}
	return nil
}

// tidy removes the invitations that ended, and refuses more than may wait.
func (s *Service) tidy(ctx context.Context, r store.Repos, org domain.OrganizationID, now time.Time) error {
	all, err := r.Invitations().List(ctx, org, store.Page{Limit: maxInvitations})
	if err != nil {
		return err
	}
	waiting := 0
	for _, v := range all {
		if v.ExpiresAt.After(now) {
			waiting++
		} else if err := withdraw(ctx, r, v); err != nil {
			return err
		}
	}
	if waiting >= maxInvitations {
		return fault.New(fault.Conflict, "too_many_invitations", "%d invitations wait. Take some of them back first.", waiting)
	}
	return nil
}

func withdraw(ctx context.Context, r store.Repos, v domain.Invitation) error {
	if err := r.Tokens().DeleteOf(ctx, string(v.ID), domain.TokenInvitation); err != nil {
		return err
	}
	return r.Invitations().Delete(ctx, v.Organization, v.ID)
}

// Invitations lists the invitations that wait, the newest first. Those that
// ended may be among them until the next one is made.
func (s *Service) Invitations(ctx context.Context, a domain.Actor, p store.Page) ([]domain.Invitation, error) {
	if err := s.cfg.Access.Check(a, permit.Members, permit.Create); err != nil {
		return nil, err
	}
	out, err := s.cfg.Store.Invitations().List(ctx, a.Organization, p)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return out, nil
}

// Withdraw takes an invitation back: its secret is good for nothing any more.
// Errors: NotFound "invitation_not_found".
func (s *Service) Withdraw(ctx context.Context, a domain.Actor, id domain.InvitationID) error {
	if err := s.cfg.Access.Check(a, permit.Members, permit.Delete); err != nil {
		return err
	}
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		v, err := r.Invitations().Get(ctx, a.Organization, id)
		if err != nil {
			return err
		}
		if err := s.cfg.Audit.Append(ctx, r, a, audit.Invitation(v, "invitation.withdrawn")); err != nil {
			return err
		}
		return withdraw(ctx, r, v)
	})
	if errors.Is(err, fault.ErrNotFound) {
		return fault.Missing("invitation")
	}
	if err != nil {
		return fmt.Errorf("take invitation back: %w", err)
	}
	return nil
}

// Accept has the person who is signed in take the place that a secret offers.
// Errors: NotFound "invitation_not_found", whatever is wrong with it; Conflict
// "already_member", which leaves the invitation as it is.
func (s *Service) Accept(ctx context.Context, a domain.Actor, secret string) (account.Place, error) {
	if a.User == "" {
		return account.Place{}, fault.New(fault.Denied, "not_a_person", "Only a person who is signed in can do this.")
	}
	if err := s.cfg.Access.Check(a, permit.Account, permit.Create); err != nil {
		return account.Place{}, err
	}
	var out account.Place
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
		if err := account.Hold(ctx, r, a.User); err != nil {
			return err
		}
		out, _, err = s.take(ctx, r, secret, a.User)
		return err
	})
	if err != nil {
		return account.Place{}, fmt.Errorf("accept invitation: %w", err)
	}
	return out, nil
}

// Join registers a person who takes the place that a secret offers, and signs
// them in. It works where registration is closed, too. Errors: those of Accept,
// and Invalid and Conflict "email_taken" of registering.
func (s *Service) Join(ctx context.Context, secret string, in account.RegisterInput) (account.SignedIn, error) {
	return s.cfg.Accounts.RegisterInvited(ctx, in, func(ctx context.Context, r store.Repos, u *domain.User) (account.Place, error) {
		p, v, err := s.take(ctx, r, secret, u.ID)
		if v.Mailed && v.Email == u.Email {
			u.EmailVerifiedAt = u.CreatedAt
		}
		return p, err
	})
}

// take uses a secret up and makes user a member.
func (s *Service) take(ctx context.Context, r store.Repos, secret string, user domain.UserID) (account.Place, domain.Invitation, error) {
	gone := fault.New(fault.NotFound, "invitation_not_found", "This invitation is not valid, or not any more. Ask for a new one.")
	now := domain.Instant(s.cfg.Now())
	t, err := r.Tokens().Take(ctx, token.Hash(secret), domain.TokenInvitation, now)
	if err != nil {
		return account.Place{}, domain.Invitation{}, orGone(err, gone)
	}
	org := domain.OrganizationID(t.Bound)
	// The same order as in locked, so that nobody waits in a circle.
	o, err := r.Organizations().Update(ctx, org, func(*domain.Organization) error { return nil })
	if err != nil {
		return account.Place{}, domain.Invitation{}, orGone(err, gone)
	}
	v, err := r.Invitations().Get(ctx, org, domain.InvitationID(t.Subject))
	if err != nil {
		return account.Place{}, v, orGone(err, gone)
	}
	// Whoever was removed, or lost the right since, invites nobody any more.
	inviter, err := asNow(ctx, r, domain.Actor{Organization: org, User: v.By, Role: domain.RoleOwner})
	if err != nil || s.mayOffer(inviter, v.Role) != nil || !o.EndsAt.IsZero() {
		return account.Place{}, v, orGone(err, gone)
	}
	m := domain.Member{Organization: org, User: user, Role: v.Role, CreatedAt: now}
	err = r.Members().Insert(ctx, m)
	if errors.Is(err, fault.ErrConflict) {
		return account.Place{}, v, fault.New(fault.Conflict, "already_member", "You are a member of this organization already.")
	}
	if err == nil {
		err = r.Invitations().Delete(ctx, org, v.ID)
	}
	if err == nil {
		e := audit.Member(m, domain.EventMemberJoined, audit.Changes([3]string{"role", "", string(v.Role)}, [3]string{"invitedBy", "", string(v.By)})...)
		err = s.cfg.Audit.Append(ctx, r, domain.Actor{Organization: org, User: user}, e)
	}
	if err == nil {
		err = s.cfg.Journal.Append(ctx, r, journal.Member(m, domain.EventMemberJoined, v.By, now))
	}
	return account.Place{Organization: o, Role: v.Role}, v, err
}

// orGone is err, or gone where something is not there or nothing else is said.
func orGone(err error, gone error) error {
	if err == nil || errors.Is(err, fault.ErrNotFound) {
		return gone
	}
	return err
}

func checkEmail(email string) error {
	if a, err := mail.ParseAddress(email); email != "" && (err != nil || a.Address != email || len(email) > maxEmail) {
		return fault.Check([]fault.Problem{{Field: "email", Rule: "format", Message: "Invalid email format"}})
	}
	return nil
}
