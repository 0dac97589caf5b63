package channel

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
)

// Choice asks a person which of the places that their sign-in leads to are to
// be connected.
type Choice struct {
	// State is the proof of who chooses, for Choose. It works once.
	State     string
	ExpiresAt time.Time
	Places    []Place
}

// Place is one of them.
type Place struct {
	// Account is the platform's id of it, for Choose.
	Account, Name, Handle, URL, Avatar string
	// Channel is set where the place is connected already: choosing it gives
	// that channel a new credential.
	Channel domain.ChannelID
}

// offer asks which of several places to connect. Where there is one, nobody is
// asked.
func (s *Service) offer(ctx context.Context, b returned, who social.Connection) (Finished, error) {
	all, err := s.choices(ctx, b.platform, who)
	if err != nil {
		return Finished{}, err
	}
	if len(all) == 1 {
		ch, err := s.save(ctx, b.actor, b.platform, all[0], false)
		if err != nil {
			return Finished{}, err
		}
		return Finished{Channel: &ch}, nil
	}
	out := &Choice{State: rand.Text(), ExpiresAt: domain.Instant(s.cfg.Now()).Add(connectLife)}
	for _, c := range all {
		p := Place{Account: c.Account, Name: c.Name, Handle: c.Handle, URL: c.URL, Avatar: c.Avatar}
		known, err := s.cfg.Store.Channels().ByAccount(ctx, b.actor.Organization, b.platform.Descriptor.ID, c.Account)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return Finished{}, fmt.Errorf("finish connect: %w", err)
		}
		if err == nil && known.State != domain.ChannelDisconnected {
			p.Channel = known.ID
		}
		out.Places = append(out.Places, p)
	}
	b.flow.ExpiresAt = out.ExpiresAt
	if err := s.await(ctx, b.flow, out.State, kept{SignedIn: &who}); err != nil {
		return Finished{}, err
	}
	return Finished{Choice: out}, nil
}

func (s *Service) choices(ctx context.Context, pf Platform, who social.Connection) ([]social.Connection, error) {
	call, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	all, err := pf.Can.Choose.Choices(call, who)
	if err != nil {
		return nil, connectFault(err)
	}
	if len(all) == 0 {
		return nil, connectFault(social.Errorf(social.CodeRejected, "There is nothing on %s that this sign-in may publish to.", pf.Descriptor.Name))
	}
	return all, nil
}

// Choose connects those of the places of a Choice that a person picked, by
// their Account. It returns the channels in the order of accounts. After an
// error the state still works, until it ends; what was connected by then stays
// connected, and may be chosen again.
func (s *Service) Choose(ctx context.Context, id domain.ProviderID, state string, accounts []string) ([]domain.Channel, error) {
	if len(accounts) == 0 {
		return nil, fault.Check([]fault.Problem{{Field: "accounts", Rule: "required", Message: "Choose at least one."}})
	}
	b, err := s.back(ctx, id, state)
	if err != nil {
		return nil, err
	}
	if b.kept.SignedIn == nil || b.platform.Can.Choose == nil {
		return nil, errEnded()
	}
	out, err := s.chosen(ctx, b, accounts)
	if err != nil {
		// The person need not sign in again for what was not their doing.
		return nil, errors.Join(err, s.await(context.WithoutCancel(ctx), b.flow, state, b.kept))
	}
	return out, nil
}

// chosen asks the platform again, so that nobody connects what they have lost
// meanwhile, and no credential of a place is kept that nobody chose.
func (s *Service) chosen(ctx context.Context, b returned, accounts []string) ([]domain.Channel, error) {
	all, err := s.choices(ctx, b.platform, *b.kept.SignedIn)
	if err != nil {
		return nil, err
	}
	var picked []social.Connection
	var problems []fault.Problem
	for i, account := range accounts {
		at := slices.IndexFunc(all, func(c social.Connection) bool { return c.Account == account })
		if at < 0 {
			problems = append(problems, fault.Problem{
				Field: fmt.Sprintf("accounts[%d]", i), Rule: "not_found", Message: "This sign-in does not lead there. Choose one of the places that were offered.",
			})
			continue
		}
		picked = append(picked, all[at])
	}
	if err := fault.Check(problems); err != nil {
		return nil, err
	}
	out := make([]domain.Channel, len(picked))
	for i, conn := range picked {
		if out[i], err = s.save(ctx, b.actor, b.platform, conn, false); err != nil {
			return nil, err
		}
	}
	return out, nil
}
