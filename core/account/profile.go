package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// maxLanguage is how long a language tag can be that says anything.
const maxLanguage = 35

// ProfileInput is what a person says of themselves.
type ProfileInput struct {
	// Name is how to address the person.
	Name string
	// Profile is how they want to see things. Its avatar is set by SetAvatar.
	Profile domain.Profile
}

func (in ProfileInput) problems() []fault.Problem {
	out := checkName(nil, "name", in.Name, 0)
	out = checkZone(out, "timezone", in.Profile.Zone)
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	if l := in.Profile.Language; len(l) > maxLanguage || strings.Trim(l, letters+"-") != "" || strings.Trim(l, "-") != l || strings.Contains(l, "--") {
		out = append(out, fault.Problem{Field: "language", Rule: "format", Message: "This is not a language. Use a tag such as en or de-AT."})
	}
	switch in.Profile.WeekStart {
	case "", domain.WeekFromMonday, domain.WeekFromSaturday, domain.WeekFromSunday:
	default:
		out = append(out, fault.Problem{Field: "weekStart", Rule: "enum", Message: "A week begins with monday, saturday or sunday."})
	}
	switch in.Profile.TimeFormat {
	case "", domain.TimeOf12Hours, domain.TimeOf24Hours:
	default:
		out = append(out, fault.Problem{Field: "timeFormat", Rule: "enum", Message: "A time is written as 12h or 24h."})
	}
	return out
}

// Person returns the person who asks, without the hash of their password.
func (s *Service) Person(ctx context.Context, a domain.Actor) (domain.User, error) {
	if err := person(a); err != nil {
		return domain.User{}, err
	}
	u, err := s.cfg.Store.Users().Get(ctx, a.User)
	return public(u, err)
}

// SetProfile replaces what the person says of themselves, but for the avatar.
// Errors: Invalid.
func (s *Service) SetProfile(ctx context.Context, a domain.Actor, in ProfileInput) (domain.User, error) {
	in.Name = strings.TrimSpace(in.Name)
	if err := errors.Join(person(a), fault.Check(in.problems())); err != nil {
		return domain.User{}, err
	}
	return public(s.cfg.Store.Users().Update(ctx, a.User, func(u *domain.User) error {
		in.Profile.Avatar, in.Profile.AvatarOrganization = u.Profile.Avatar, u.Profile.AvatarOrganization
		u.Name, u.Profile = in.Name, in.Profile
		return nil
	}))
}

// SetMuted replaces what the person wants no mail of. Errors: Invalid.
func (s *Service) SetMuted(ctx context.Context, a domain.Actor, muted []domain.Notice) (domain.User, error) {
	for _, n := range muted {
		if !slices.Contains(domain.Notices(), n) {
			return domain.User{}, fault.Check([]fault.Problem{{Field: "notices", Rule: "enum", Message: "There is no such notice."}})
		}
	}
	if err := person(a); err != nil {
		return domain.User{}, err
	}
	return public(s.cfg.Store.Users().Update(ctx, a.User, func(u *domain.User) error {
		u.Muted = slices.Clone(muted)
		return nil
	}))
}

// SetAvatar makes a picture of the actor's organization the person's avatar; an
// empty id takes it away. Errors: Invalid for what is no picture of theirs.
func (s *Service) SetAvatar(ctx context.Context, a domain.Actor, id domain.MediaID) (domain.User, error) {
	if err := person(a); err != nil {
		return domain.User{}, err
	}
	org := a.Organization
	if id == "" {
		org = ""
	} else if m, err := s.cfg.Store.Media().Get(ctx, org, id); errors.Is(err, fault.ErrNotFound) || err == nil && m.Kind != domain.MediaImage {
		return domain.User{}, fault.Check([]fault.Problem{{Field: "mediaId", Rule: "not_found", Message: "There is no such picture in the media library of this organization."}})
	} else if err != nil {
		return domain.User{}, fmt.Errorf("set avatar: %w", err)
	}
	return public(s.cfg.Store.Users().Update(ctx, a.User, func(u *domain.User) error {
		u.Profile.Avatar, u.Profile.AvatarOrganization = id, org
		return nil
	}))
}

// Avatar returns the picture of a person, and whether there is one.
func (s *Service) Avatar(ctx context.Context, u domain.User) (domain.Media, bool, error) {
	if u.Profile.Avatar == "" {
		return domain.Media{}, false, nil
	}
	m, err := s.cfg.Store.Media().Get(ctx, u.Profile.AvatarOrganization, u.Profile.Avatar)
	if errors.Is(err, fault.ErrNotFound) {
		return domain.Media{}, false, nil
	}
	if err != nil {
		return domain.Media{}, false, fmt.Errorf("avatar of %s: %w", u.ID, err)
	}
	return m, true, nil
}

// public is a person without what never leaves the core.
func public(u domain.User, err error) (domain.User, error) {
	if err != nil {
		return domain.User{}, fmt.Errorf("person: %w", err)
	}
	u.PasswordHash = ""
	return u, nil
}
