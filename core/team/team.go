// Package team is who belongs to an organization: its members and their roles,
// invitations, and its end. An organization always has an owner, until it is
// deleted.
package team

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// Config is what the service needs. All fields but Mail and
// PublicURL are required.
type Config struct {
	Store    store.Store
	Access   *access.Checker
	Audit    *audit.Log
	Recall   *recall.Memory
	Accounts *account.Service
	Journal  *journal.Journal
	Now      func() time.Time
	NewID    func() string
	// Jobs enqueues within a transaction; see jobs.Service.Within.
	Jobs interface {
		Within(ctx context.Context, r store.Repos, js ...domain.Job) error
	}
	// Mail has invitations mailed. Nil: whoever invites hands the link on.
	Mail *mailer.Service
	// PublicURL is what links in letters begin with, without a slash at its end.
	PublicURL string
	// DeleteFiles removes all files of an organization; see media.Service.
	DeleteFiles func(ctx context.Context, org domain.OrganizationID) error
	// Wake tells workers that there may be something to do.
	Wake func()
}

// Service manages members and invitations.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Person is a member with how to address them.
type Person struct {
	domain.Member
	Email, Name string
}

// Members lists the members of the actor's organization, oldest first.
func (s *Service) Members(ctx context.Context, a domain.Actor, p store.Page) ([]Person, error) {
	if err := s.cfg.Access.Check(a, permit.Members, permit.Read); err != nil {
		return nil, err
	}
	members, err := s.cfg.Store.Members().List(ctx, a.Organization, p)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	ids := make([]domain.UserID, len(members))
	for i, m := range members {
		ids[i] = m.User
	}
	users, err := s.cfg.Store.Users().GetMany(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	byID := map[domain.UserID]domain.User{}
	for _, u := range users {
		byID[u.ID] = u
	}
	out := make([]Person, len(members))
	for i, m := range members {
		out[i] = Person{Member: m, Email: byID[m.User].Email, Name: byID[m.User].Name}
	}
	return out, nil
}

// SetRole gives a member another role. Nobody changes somebody who may do more
// than they may themselves, or gives away more than they have; owners are made
// and unmade by owners. It holds at once, also for who is signed in. Errors:
// Invalid, NotFound "member_not_found", Denied, Conflict "last_owner".
func (s *Service) SetRole(ctx context.Context, a domain.Actor, user domain.UserID, role domain.Role) (domain.Member, error) {
	if err := checkRole(role); err != nil {
		return domain.Member{}, err
	}
	var out domain.Member
	err := s.change(ctx, a, permit.Update, user, func(ctx context.Context, r store.Repos, a domain.Actor, m domain.Member) error {
		if !role.Within(a.Role) {
			return fault.New(fault.Denied, "role_too_high", "You cannot give somebody a role that may do more than yours.")
		}
		var err error
		if out = m; m.Role == role {
			return nil
		}
		out, err = s.setRole(ctx, r, a, m, role)
		return err
	})
	return out, err
}

// Remove ends the membership of somebody. What they made stays. It holds at
// once, also while they are signed in. Errors: as for SetRole.
func (s *Service) Remove(ctx context.Context, a domain.Actor, user domain.UserID) error {
	return s.change(ctx, a, permit.Delete, user, func(ctx context.Context, r store.Repos, a domain.Actor, m domain.Member) error {
		return s.remove(ctx, r, a, m, domain.EventMemberRemoved)
	})
}

// Leave ends the membership of the person who asks. Errors: Conflict
// "last_owner": whoever owns it alone hands it on, or deletes it.
func (s *Service) Leave(ctx context.Context, a domain.Actor) error {
	if err := s.cfg.Access.Check(a, permit.Account, permit.Update); err != nil {
		return err
	}
	return s.locked(ctx, a, func(ctx context.Context, r store.Repos, a domain.Actor) error {
		m, err := r.Members().Get(ctx, a.Organization, a.User)
		if err != nil {
			return err
		}
		return s.remove(ctx, r, a, m, domain.EventMemberLeft)
	})
}

// Transfer hands the organization on to another member, who becomes an owner,
// while the person who asks becomes an admin. Errors: NotFound, Conflict
// "already_owner".
func (s *Service) Transfer(ctx context.Context, a domain.Actor, to domain.UserID) error {
	return s.locked(ctx, a, func(ctx context.Context, r store.Repos, a domain.Actor) error {
		if err := s.cfg.Access.Check(a, permit.Ownership, permit.Update); err != nil {
			return err
		}
		m, err := r.Members().Get(ctx, a.Organization, to)
		if err != nil {
			return err
		}
		if m.Role == domain.RoleOwner {
			return fault.New(fault.Conflict, "already_owner", "This person owns the organization already.")
		}
		if _, err := s.setRole(ctx, r, a, m, domain.RoleOwner); err != nil || a.User == "" {
			return err
		}
		me, err := r.Members().Get(ctx, a.Organization, a.User)
		if err != nil {
			return err
		}
		_, err = s.setRole(ctx, r, a, me, domain.RoleAdmin)
		return err
	})
}

// change has do work on a member whom the actor may do act to.
func (s *Service) change(ctx context.Context, a domain.Actor, act permit.Action, user domain.UserID,
	do func(context.Context, store.Repos, domain.Actor, domain.Member) error,
) error {
	if err := s.cfg.Access.Check(a, permit.Members, act); err != nil {
		return err
	}
	return s.locked(ctx, a, func(ctx context.Context, r store.Repos, a domain.Actor) error {
		if err := s.cfg.Access.Check(a, permit.Members, act); err != nil {
			return err
		}
		m, err := r.Members().Get(ctx, a.Organization, user)
		if err != nil {
			return err
		}
		if !m.Role.Within(a.Role) {
			return fault.New(fault.Denied, "role_too_high", "You cannot change somebody whose role may do more than yours.")
		}
		return do(ctx, r, a, m)
	})
}

// locked runs do in a transaction that has the members of the organization to
// itself, with the actor as they are now. Nothing remembers the members from
// before.
func (s *Service) locked(ctx context.Context, a domain.Actor, do func(context.Context, store.Repos, domain.Actor) error) error {
	err := s.changeMembers(ctx, a.Organization, func(ctx context.Context, r store.Repos) error {
		// Two owners who leave at once would both see the other one: the row makes
		// the second wait until the first is gone.
		if _, err := r.Organizations().Update(ctx, a.Organization, func(*domain.Organization) error { return nil }); err != nil {
			return err
		}
		now, err := asNow(ctx, r, a)
		if err != nil {
			return err
		}
		return do(ctx, r, now)
	})
	if errors.Is(err, fault.ErrNotFound) {
		return fault.Missing("member")
	}
	return err
}

// changeMembers is InTx for what changes or ends memberships.
func (s *Service) changeMembers(ctx context.Context, org domain.OrganizationID, do func(context.Context, store.Repos) error) error {
	return s.cfg.Recall.Change(ctx, func(ctx context.Context) error { return s.cfg.Store.InTx(ctx, do) }, recall.OfOrganization(org))
}

// asNow is a with the role that the person has now. A program keeps its own.
func asNow(ctx context.Context, r store.Repos, a domain.Actor) (domain.Actor, error) {
	if a.User == "" {
		return a, nil
	}
	m, err := r.Members().Get(ctx, a.Organization, a.User)
	a.Role = m.Role
	return a, err
}

// setRole is the one place where a role is changed.
func (s *Service) setRole(ctx context.Context, r store.Repos, a domain.Actor, m domain.Member, role domain.Role) (domain.Member, error) {
	if err := keepsOwner(ctx, r, m, role); err != nil {
		return m, err
	}
	out, err := r.Members().Update(ctx, m.Organization, m.User, func(m *domain.Member) error { m.Role = role; return nil })
	if err != nil {
		return m, err
	}
	return out, s.tell(ctx, r, a, out, domain.EventMemberRole, audit.Changes([3]string{"role", string(m.Role), string(role)})...)
}

// remove is the one place where a membership ends.
func (s *Service) remove(ctx context.Context, r store.Repos, a domain.Actor, m domain.Member, kind domain.EventKind) error {
	if err := keepsOwner(ctx, r, m, ""); err != nil {
		return err
	}
	if err := r.Members().Delete(ctx, m.Organization, m.User); err != nil {
		return err
	}
	return s.tell(ctx, r, a, m, kind, audit.Changes([3]string{"role", string(m.Role), ""})...)
}

// tell writes down what a did to the membership of m: for subscribers, and for
// the audit log.
func (s *Service) tell(ctx context.Context, r store.Repos, a domain.Actor, m domain.Member, kind domain.EventKind, changes ...domain.AuditChange) error {
	if err := s.cfg.Audit.Append(ctx, r, a, audit.Member(m, kind, changes...)); err != nil {
		return err
	}
	return s.cfg.Journal.Append(ctx, r, journal.Member(m, kind, a.User, s.cfg.Now()))
}

// keepsOwner refuses a change of the role of m to next, or to none, that would
// leave the organization without an owner.
func keepsOwner(ctx context.Context, r store.Repos, m domain.Member, next domain.Role) error {
	if m.Role != domain.RoleOwner {
		return nil
	}
	n, err := r.Members().Count(ctx, m.Organization, domain.RoleOwner)
	if err != nil || n > 1 || next == domain.RoleOwner {
		return err
	}
	return fault.New(fault.Conflict, "last_owner", "An organization needs an owner. Hand it on to somebody first, or delete it.")
}

func checkRole(role domain.Role) error {
	if role.Within(domain.RoleOwner) {
		return nil
	}
	return fault.Check([]fault.Problem{{Field: "role", Rule: "unknown", Message: "A role is one of owner, admin, user and viewer."}})
}
