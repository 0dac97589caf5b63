package team

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/ports/store"
)

// lastHour is how long an organization is there after its only member deleted
// their account: what is on its way to a platform is finished and written down.
const lastHour = time.Hour

// DeleteAccount deletes the account of the person who asks, who shows their
// password: everything that is kept about them. They leave their organizations,
// where what they made stays. An organization that they are the only member of is
// paused at once and deleted within an hour; nobody can call that off. Errors:
// Conflict "last_owner" with the names of the organizations that have other
// members and no other owner, and "owns_installation"; those of
// account.Service.ConfirmErasure.
func (s *Service) DeleteAccount(ctx context.Context, a domain.Actor, pass string) error {
	if err := s.cfg.Accounts.ConfirmErasure(ctx, a, pass); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	places, err := s.cfg.Store.Members().OfUser(ctx, a.User)
	if err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	// Their sign-ins, and what they and their API keys may do in each place, must
	// be remembered by nobody.
	groups := []string{recall.OfUser(a.User)}
	for _, m := range places {
		groups = append(groups, recall.OfOrganization(m.Organization))
	}
	err = s.cfg.Recall.Change(ctx, func(ctx context.Context) error {
		return s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
			if err := s.quit(ctx, r, a, groups); err != nil {
				return err
			}
			return s.cfg.Accounts.Erase(ctx, r, a.User)
		})
	}, groups...)
	if err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	s.cfg.Wake()
	return nil
}

// quit ends all memberships of a, or refuses with the names of the organizations
// that need them. It refuses as well if they joined one that is not among groups.
func (s *Service) quit(ctx context.Context, r store.Repos, a domain.Actor, groups []string) error {
	if err := account.Hold(ctx, r, a.User); err != nil {
		return err
	}
	places, err := r.Members().OfUser(ctx, a.User)
	if err != nil {
		return err
	}
	// All who hold several organizations hold them in the same order.
	slices.SortFunc(places, func(a, b domain.Member) int { return cmp.Compare(a.Organization, b.Organization) })
	var needed []string
	for _, m := range places {
		if !slices.Contains(groups, recall.OfOrganization(m.Organization)) {
			return fault.New(fault.Conflict, "joined_meanwhile", "You joined an organization at this moment. Try again.")
		}
		a.Organization = m.Organization
		name, err := s.quitOne(ctx, r, a)
		if err != nil && !errors.Is(err, fault.ErrNotFound) { // it was deleted, or they were removed, this moment
			return err
		}
		if name != "" {
			needed = append(needed, name)
		}
	}
	if len(needed) > 0 {
		return fault.New(fault.Conflict, "last_owner",
			"You are the last owner of %s, and others belong to it. Hand it on to one of them first, or remove them.", strings.Join(needed, ", "))
	}
	return nil
}

// quitOne ends the membership of a in their organization, with the organization
// if nobody else belongs to it. It returns the name of the organization if that
// needs them.
func (s *Service) quitOne(ctx context.Context, r store.Repos, a domain.Actor) (needed string, err error) {
	o, err := r.Organizations().Update(ctx, a.Organization, func(*domain.Organization) error { return nil })
	if err != nil {
		return "", err
	}
	m, err := r.Members().Get(ctx, a.Organization, a.User)
	if err != nil {
		return "", err
	}
	a.Role = m.Role
	all, err := r.Members().List(ctx, a.Organization, store.Page{Limit: 2})
	if err != nil {
		return "", err
	}
	if len(all) > 1 {
		err := s.remove(ctx, r, a, m, domain.EventMemberLeft)
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == "last_owner" {
			return o.Name, nil
		}
		return "", err
	}
	if _, err := s.endIn(ctx, r, a, lastHour); err != nil {
		return "", err
	}
	return "", r.Members().Delete(ctx, a.Organization, a.User)
}
