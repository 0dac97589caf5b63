package channel

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/social"
)

// Options asks the platform of a channel for the values of one setting, such as
// its boards. settings are the others that were chosen already.
func (s *Service) Options(ctx context.Context, a domain.Actor, id domain.ChannelID, field, search string, settings json.RawMessage) ([]social.Option, error) {
	ch, pf, err := s.Asked(ctx, a, id)
	if err != nil {
		return nil, err
	}
	known := slices.ContainsFunc(pf.Descriptor.Settings.Fields(), func(f social.Field) bool { return f.Lookup && f.Name == field })
	if pf.Can.Options == nil || !known {
		return nil, fault.Check([]fault.Problem{{Field: "field", Rule: "not_found", Message: "This is no setting of " + pf.Descriptor.Name + " that can be looked up."}})
	}
	out, err := Ask(ctx, s.cred, ch, func(ctx context.Context, t social.Target) ([]social.Option, error) {
		return pf.Can.Options.Options(ctx, t, social.OptionQuery{Field: field, Search: search, Settings: settings})
	})
	return out, AskFault(err)
}

// Mentions asks the platform of a channel whom an author may mean.
func (s *Service) Mentions(ctx context.Context, a domain.Actor, id domain.ChannelID, search string) ([]social.Mention, error) {
	ch, pf, err := s.Asked(ctx, a, id)
	if err != nil {
		return nil, err
	}
	if pf.Can.Mention == nil {
		return nil, NotOffered(pf, "look up people to mention")
	}
	out, err := Ask(ctx, s.cred, ch, func(ctx context.Context, t social.Target) ([]social.Mention, error) {
		return pf.Can.Mention.Mentions(ctx, t, search)
	})
	return out, AskFault(err)
}

// Asked is a channel that its platform can be asked about: it is connected.
func (s *Service) Asked(ctx context.Context, a domain.Actor, id domain.ChannelID) (domain.Channel, Platform, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Read); err != nil {
		return domain.Channel{}, Platform{}, err
	}
	ch, err := s.Get(ctx, a, id)
	if err != nil {
		return domain.Channel{}, Platform{}, err
	}
	if ch.State != domain.ChannelActive {
		return domain.Channel{}, Platform{}, fault.New(fault.Conflict, "reconnect_needed", "Connect %s again first: %s", ch.Name, ch.StateReason)
	}
	pf, err := s.cfg.Catalog.Get(ch.Provider)
	return ch, pf, err
}

// NotOffered says that a platform does not do what was asked of it.
func NotOffered(pf Platform, what string) error {
	return fault.New(fault.Invalid, "not_offered", "%s does not %s here.", pf.Descriptor.Name, what)
}

// AskFault tells a person what the platform said to a question; see Ask.
func AskFault(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*fault.Error](connectFault(err)); ok {
		if e.Kind == fault.Invalid {
			e.Code, e.Problems = "platform_refused", nil
		}
		return e
	}
	return err
}
