package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// maxPlaces bounds to how many organizations a person may belong who makes a
// new one.
const maxPlaces = 100

// Place is an organization with what somebody is in it.
type Place struct {
	Organization domain.Organization
	Role         domain.Role
}

// Places lists the organizations that the actor belongs to, oldest membership
// first. A program has the one that it acts for.
func (s *Service) Places(ctx context.Context, a domain.Actor) ([]Place, error) {
	if err := s.cfg.Access.Check(a, permit.Account, permit.Read); err != nil {
		return nil, err
	}
	members := []domain.Member{{Organization: a.Organization, Role: a.Role}}
	if a.User != "" {
		var err error
		if members, err = s.cfg.Store.Members().OfUser(ctx, a.User); err != nil {
			return nil, fmt.Errorf("list organizations: %w", err)
		}
	}
	out := make([]Place, 0, len(members))
	for _, m := range members {
		o, err := s.cfg.Store.Organizations().Get(ctx, m.Organization)
		if errors.Is(err, fault.ErrNotFound) {
			continue // it was deleted this moment
		}
		if err != nil {
			return nil, fmt.Errorf("list organizations: %w", err)
		}
		out = append(out, Place{Organization: o, Role: m.Role})
	}
	return out, nil
}

// Found makes an organization that the person owns. Errors: Invalid; Conflict
// "too_many_organizations"; Denied "not_a_person".
func (s *Service) Found(ctx context.Context, a domain.Actor, name, zone string) (Place, error) {
	if err := errors.Join(person(a), s.cfg.Access.Check(a, permit.Account, permit.Create)); err != nil {
		return Place{}, err
	}
	name, err := checkOrganization(name, zone)
	if err != nil {
		return Place{}, err
	}
	now := domain.Instant(s.cfg.Now())
	o := domain.Organization{ID: domain.OrganizationID(s.cfg.NewID()), Name: name, Zone: zone, CreatedAt: now, Version: 1}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := Hold(ctx, r, a.User); err != nil {
			return err
		}
		mine, err := r.Members().OfUser(ctx, a.User)
		if err != nil {
			return err
		}
		if len(mine) >= maxPlaces {
			return fault.New(fault.Conflict, "too_many_organizations", "You belong to %d organizations. Leave or delete one first.", len(mine))
		}
		if err := r.Organizations().Insert(ctx, o); err != nil {
			return err
		}
		return r.Members().Insert(ctx, domain.Member{Organization: o.ID, User: a.User, Role: domain.RoleOwner, CreatedAt: now})
	})
	if err != nil {
		return Place{}, fmt.Errorf("make organization: %w", err)
	}
	return Place{Organization: o, Role: domain.RoleOwner}, nil
}

// Rename gives the actor's organization another name and time zone. Posts keep
// the times that they have. version is that of the organization that was read;
// 0: whichever it has. Errors: Invalid, Stale.
func (s *Service) Rename(ctx context.Context, a domain.Actor, version int, name, zone string) (domain.Organization, error) {
	if err := s.cfg.Access.Check(a, permit.Organization, permit.Update); err != nil {
		return domain.Organization{}, err
	}
	name, err := checkOrganization(name, zone)
	if err != nil {
		return domain.Organization{}, err
	}
	return s.setOrganization(ctx, a, version, func(o *domain.Organization) { o.Name, o.Zone = name, zone })
}

func checkOrganization(name, zone string) (string, error) {
	name = strings.TrimSpace(name)
	return name, fault.Check(checkZone(checkName(nil, "name", name, 1), "timezone", zone))
}

// Switch signs the person in to another organization that they belong to. The
// sign-in that they have goes on beside it. One that they do not belong to is a
// NotFound fault.
func (s *Service) Switch(ctx context.Context, a domain.Actor, org domain.OrganizationID, from Origin) (SignedIn, error) {
	if err := errors.Join(person(a), s.cfg.Access.Check(a, permit.Account, permit.Update)); err != nil {
		return SignedIn{}, err
	}
	var out SignedIn
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if _, err := r.Members().Get(ctx, org, a.User); err != nil {
			return err
		}
		to, err := who(ctx, r, a.User, org)
		if err != nil {
			return err
		}
		out, err = s.open(ctx, r, to.User, to.Organization, to.Role, from)
		return err
	})
	if errors.Is(err, fault.ErrNotFound) {
		return SignedIn{}, fault.Missing("organization")
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("switch to organization %s: %w", org, err)
	}
	return out, nil
}

// RegisterInvited makes a person who takes a place in an organization that is
// there, and signs them in as Register does: it is for those who were invited, so
// it works where registration is closed, too. take runs in the transaction that
// makes the person, and finds the place; it may change the person, and say that
// their address is proven. Errors: Invalid with all problems, Conflict
// "email_taken", and those of take.
func (s *Service) RegisterInvited(ctx context.Context, in RegisterInput, take func(context.Context, store.Repos, *domain.User) (Place, error)) (SignedIn, error) {
	if err := s.ready(); err != nil {
		return SignedIn{}, err
	}
	in.Email, in.Name = normalizeEmail(in.Email), strings.TrimSpace(in.Name)
	if err := fault.Check(in.problems()); err != nil {
		return SignedIn{}, err
	}
	hash, err := s.cfg.Hasher.Hash(ctx, in.Password)
	if err != nil {
		return SignedIn{}, fmt.Errorf("register: %w", err)
	}
	proof, err := s.newVerification(ctx, in.Email)
	if err != nil {
		return SignedIn{}, fmt.Errorf("register: %w", err)
	}
	var out SignedIn
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		u := domain.User{
			ID: domain.UserID(s.cfg.NewID()), Email: in.Email, Name: in.Name, PasswordHash: hash,
			CreatedAt: domain.Instant(s.cfg.Now()), Version: 1,
		}
		p, err := take(ctx, r, &u)
		if err != nil {
			return err
		}
		err = r.Users().Insert(ctx, u)
		if errors.Is(err, fault.ErrConflict) {
			return emailTaken(err)
		}
		if err != nil {
			return err
		}
		out, err = s.welcome(ctx, r, u, p, proof, in.From)
		return err
	})
	if err != nil {
		return SignedIn{}, fmt.Errorf("register: %w", err)
	}
	s.wake()
	return out, nil
}
