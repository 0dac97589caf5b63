package account

import (
	"context"

	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// record writes down what a did about their own account. r is a transaction.
func (s *Service) record(ctx context.Context, r store.Repos, a domain.Actor, action string) error {
	u, err := r.Users().Get(ctx, a.User)
	if err != nil {
		return err
	}
	return s.recordOf(ctx, r, a, u, action)
}

// recordEntry writes down who signed in to org, or tried to, and from where. r is
// a transaction.
func (s *Service) recordEntry(ctx context.Context, r store.Repos, u domain.User, org domain.OrganizationID, from Origin, action string) error {
	a := domain.Actor{Organization: org, User: u.ID, Origin: domain.Origin{Network: from.network(24, 48)}}
	return s.recordOf(ctx, r, a, u, action)
}

// recordOf names the person by their id alone: entries cannot be removed, and
// who deletes their account leaves no address in them.
func (s *Service) recordOf(ctx context.Context, r store.Repos, a domain.Actor, u domain.User, action string) error {
	return s.cfg.Audit.Append(ctx, r, a, audit.Entry{Action: action, Resource: "user", ID: string(u.ID)})
}

// recordRefusal writes down, for all organizations of u, that somebody showed a
// wrong password. For an address that nobody has it takes as long: the time must
// not tell who has an account.
func (s *Service) recordRefusal(ctx context.Context, u domain.User, from Origin) error {
	return s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		members, err := r.Members().OfUser(ctx, u.ID)
		if err != nil {
			return err
		}
		if len(members) == 0 {
			return r.Secrets().Set(ctx, "account/refused-sign-in", "-")
		}
		for _, m := range members {
			if err := s.recordEntry(ctx, r, u, m.Organization, from, "account.sign_in_refused"); err != nil {
				return err
			}
		}
		return nil
	})
}

// recordEverywhere writes down, for all organizations of a person who need not be
// signed in, what they did. r is a transaction.
func (s *Service) recordEverywhere(ctx context.Context, r store.Repos, user domain.UserID, action string) error {
	members, err := r.Members().OfUser(ctx, user)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := s.recordEntry(ctx, r, domain.User{ID: user}, m.Organization, Origin{}, action); err != nil {
			return err
		}
	}
	return nil
}
