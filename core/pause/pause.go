// Package pause holds publishing back and lets it go on: of one channel, of an
// organization, of the whole installation. Nothing new is begun under a pause;
// what is on its way to a platform is finished, tokens are renewed, and what a
// platform works on is looked at. A post that waits for longer than it may be
// late is missed.
package pause

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/unblock"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// Code is the code of domain.Reason of what a pause holds back.
const Code = "paused"

// maxReason bounds what a person says about a pause, in characters.
const maxReason = 500

// page is how many channels are let go on between two looks.
const page = 200

// setting is the name of the pause of the whole installation.
const setting = "pause"

// saved is a domain.Pause as a setting; its names never change.
type saved struct {
	By     domain.UserID `json:"by,omitempty"`
	At     time.Time     `json:"at,omitzero"`
	Reason string        `json:"reason,omitempty"`
}

// Config is what the service needs. All fields but LateWindow are required.
type Config struct {
	Store   store.Store
	Access  *access.Checker
	Audit   *audit.Log
	Journal *journal.Journal
	Now     func() time.Time
	// LateWindow holds where an organization sets nothing; zero: the default.
	LateWindow time.Duration
	// Wake tells workers that there may be something to do.
	Wake func()
}

// Service begins and ends pauses. Beginning one that holds, and ending one that
// does not, changes nothing and is no error.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Installation returns the pause of the whole installation as r has it now.
func Installation(ctx context.Context, r store.Repos) (domain.Pause, error) {
	raw, err := r.Settings().Get(ctx, setting)
	if errors.Is(err, fault.ErrNotFound) {
		return domain.Pause{}, nil
	}
	if err != nil {
		return domain.Pause{}, fmt.Errorf("installation pause: %w", err)
	}
	var s saved
	if err := json.Unmarshal(raw, &s); err != nil {
		return domain.Pause{}, fmt.Errorf("installation pause: %w", err)
	}
	return domain.Pause{By: s.By, At: domain.Instant(s.At), Reason: s.Reason}, nil
}

// Installation returns the pause of the whole installation. It asks for no
// right: everybody's posts wait for it.
func (s *Service) Installation(ctx context.Context) (domain.Pause, error) {
	return Installation(ctx, s.cfg.Store)
}

// PauseInstallation holds back everything that this installation would
// publish. Only its owner may.
func (s *Service) PauseInstallation(ctx context.Context, a domain.Actor, reason string) (domain.Pause, error) {
	reason, err := checkReason(reason)
	if err != nil {
		return domain.Pause{}, err
	}
	return s.setInstallation(ctx, a, func(p *domain.Pause) { p.Begin(a.User, reason, s.cfg.Now()) })
}

// ResumeInstallation ends the pause of the whole installation. What waited goes
// on within a minute.
func (s *Service) ResumeInstallation(ctx context.Context, a domain.Actor) (domain.Pause, error) {
	return s.setInstallation(ctx, a, func(p *domain.Pause) { p.End() })
}

func (s *Service) setInstallation(ctx context.Context, a domain.Actor, change func(*domain.Pause)) (domain.Pause, error) {
	var out domain.Pause
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		a, err := account.AsOperator(ctx, r, a)
		if err != nil {
			return err
		}
		if err := s.cfg.Access.Check(a, permit.Installation, permit.Update); err != nil {
			return err
		}
		if out, err = Installation(ctx, r); err != nil {
			return err
		}
		was := out.Active()
		change(&out)
		if was != out.Active() {
			if err := s.cfg.Audit.Append(ctx, r, a, audit.Installation(installationAction(out), audit.Reason(out.Reason)...)); err != nil {
				return err
			}
		}
		raw, err := json.Marshal(saved{By: out.By, At: out.At, Reason: out.Reason})
		if err != nil {
			return err
		}
		return r.Settings().Set(ctx, setting, raw)
	})
	if err != nil {
		return domain.Pause{}, fmt.Errorf("installation pause: %w", err)
	}
	s.cfg.Wake()
	return out, nil
}

// installationAction is what the audit log calls the beginning or end of p.
func installationAction(p domain.Pause) string {
	if p.Active() {
		return "installation.paused"
	}
	return "installation.resumed"
}

// PauseOrganization holds back what all channels of the actor's organization
// would publish.
func (s *Service) PauseOrganization(ctx context.Context, a domain.Actor, reason string) (domain.Organization, error) {
	reason, err := checkReason(reason)
	if err != nil {
		return domain.Organization{}, err
	}
	return s.setOrganization(ctx, a, domain.EventOrganizationPaused, func(p *domain.Pause) bool { return p.Begin(a.User, reason, s.cfg.Now()) })
}

// ResumeOrganization ends the pause of the actor's organization and lets what
// waited for it go on, each channel in due order.
func (s *Service) ResumeOrganization(ctx context.Context, a domain.Actor) (domain.Organization, error) {
	o, err := s.setOrganization(ctx, a, domain.EventOrganizationResumed, (*domain.Pause).End)
	if err != nil {
		return o, err
	}
	// A channel at a time, so that no transaction is long: what is left behind if
	// this ends half-way is looked at within a minute.
	for after := (store.Position{}); ; {
		channels, err := s.cfg.Store.Channels().List(ctx, a.Organization, store.ChannelFilter{Page: store.Page{Limit: page, After: after}})
		if err != nil {
			return o, fmt.Errorf("resume organization: %w", err)
		}
		for _, ch := range channels {
			if ch.Paused.Active() {
				continue
			}
			if err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error { return s.unblock(ctx, r, ch) }); err != nil {
				return o, fmt.Errorf("resume organization: %w", err)
			}
		}
		if len(channels) < page {
			break
		}
		last := channels[len(channels)-1]
		after = store.Position{At: last.CreatedAt, ID: string(last.ID)}
	}
	s.cfg.Wake()
	return o, nil
}

func (s *Service) setOrganization(ctx context.Context, a domain.Actor, kind domain.EventKind, change func(*domain.Pause) bool) (domain.Organization, error) {
	if err := s.cfg.Access.Check(a, permit.Organization, permit.Update); err != nil {
		return domain.Organization{}, err
	}
	var out domain.Organization
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		changed := false
		var err error
		out, err = r.Organizations().Update(ctx, a.Organization, func(o *domain.Organization) error {
			if !o.EndsAt.IsZero() {
				return fault.New(fault.Conflict, "organization_ending", "This organization is going to be deleted, so nothing is published. Keep it first.")
			}
			changed = change(&o.Paused)
			return nil
		})
		if err != nil || !changed {
			return err
		}
		if err := s.cfg.Audit.Append(ctx, r, a, audit.Organization(out, string(kind), audit.Reason(out.Paused.Reason)...)); err != nil {
			return err
		}
		return s.cfg.Journal.Append(ctx, r, journal.Organization(out, kind, domain.Instant(s.cfg.Now())))
	})
	if err != nil {
		return domain.Organization{}, fmt.Errorf("organization pause: %w", err)
	}
	return out, nil
}

// PauseChannel holds back what one channel would publish.
func (s *Service) PauseChannel(ctx context.Context, a domain.Actor, id domain.ChannelID, reason string) (domain.Channel, error) {
	reason, err := checkReason(reason)
	if err != nil {
		return domain.Channel{}, err
	}
	return s.setChannel(ctx, a, id, domain.EventChannelPaused, func(p *domain.Pause) bool { return p.Begin(a.User, reason, s.cfg.Now()) })
}

// ResumeChannel ends the pause of a channel and lets what waited for it go on,
// in due order.
func (s *Service) ResumeChannel(ctx context.Context, a domain.Actor, id domain.ChannelID) (domain.Channel, error) {
	ch, err := s.setChannel(ctx, a, id, domain.EventChannelResumed, (*domain.Pause).End)
	if err == nil {
		s.cfg.Wake()
	}
	return ch, err
}

func (s *Service) setChannel(ctx context.Context, a domain.Actor, id domain.ChannelID, kind domain.EventKind, change func(*domain.Pause) bool) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Update); err != nil {
		return domain.Channel{}, err
	}
	now := domain.Instant(s.cfg.Now())
	var out domain.Channel
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		changed := false
		var err error
		out, err = r.Channels().Update(ctx, a.Organization, id, func(c *domain.Channel) error {
			if c.State == domain.ChannelDisconnected || !a.Reach.Covers(id) {
				return fault.ErrNotFound
			}
			if changed = change(&c.Paused); changed {
				c.UpdatedAt = now
			}
			return nil
		})
		if err != nil || !changed {
			return err
		}
		if !out.Paused.Active() {
			if err := s.unblock(ctx, r, out); err != nil {
				return err
			}
		}
		if err := s.cfg.Audit.Append(ctx, r, a, audit.Channel(out, kind, audit.Reason(out.Paused.Reason)...)); err != nil {
			return err
		}
		return s.cfg.Journal.Append(ctx, r, journal.Channel(out, kind, now))
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return domain.Channel{}, fault.Missing("channel")
	case err != nil:
		return domain.Channel{}, fmt.Errorf("pause of channel %s: %w", id, err)
	}
	return out, nil
}

// unblock lets what waited for the end of a pause go on, unless another one
// holds it back: then it stays as it is.
func (s *Service) unblock(ctx context.Context, r store.Repos, ch domain.Channel) error {
	org, err := r.Organizations().Get(ctx, ch.Organization)
	if err != nil {
		return err
	}
	all, err := Installation(ctx, r)
	if err != nil || org.Paused.Active() || all.Active() {
		return err
	}
	return unblock.Channel(ctx, r, s.cfg.Journal, ch.Organization, ch.ID, unblock.Cause{
		Code: Code, TooLate: "The pause ended too late for this post.", LateWindow: s.cfg.LateWindow,
	}, domain.Instant(s.cfg.Now()))
}

func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	p := fault.Problem{Field: "reason"}
	switch n := utf8.RuneCountInString(reason); {
	case !utf8.ValidString(reason) || strings.ContainsRune(reason, 0):
		p.Rule, p.Message = "characters", "This holds characters that cannot be stored."
	case n > maxReason:
		p.Rule, p.Message = "too_long", fmt.Sprintf("This has %d characters; %d are allowed.", n, maxReason)
	default:
		return reason, nil
	}
	return "", fault.Check([]fault.Problem{p})
}
