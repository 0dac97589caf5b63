// Package doctor looks into why a platform does not work: what the operator set,
// whether its servers can be reached, and whether the accounts that are
// connected to it are well. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// Level says how much a Finding matters.
type Level string

// The levels.
const (
	OK      Level = "ok"      // nothing is wrong with it
	Warning Level = "warning" // it works, and may not for long or for everybody
	Error   Level = "error"   // it does not work
)

// Finding is what came of one look.
type Finding struct {
	// Check names what was looked at, such as "settings"; it never changes.
	Check string
	Level Level
	// Subject is what it is about: a setting, a host, the name of a channel. It
	// may be empty.
	Subject string
	// Cause says what is so, Fix what to do about it; Fix is empty with OK.
	Cause, Fix string
	// Link is where to read on.
	Link string
}

// Setting is one setting of a platform, as the host has it.
type Setting struct {
	// Name is what the operator sets, such as an environment variable.
	Name             string
	Required, Secret bool
	// Value is what is set, or the default. It is never told to anybody where
	// the setting is secret.
	Value string
}

// Setup is what a host knows of one platform, whether it is on offer or not.
type Setup struct {
	ID       domain.ProviderID
	Settings []Setting
	// Hosts are the addresses that the platform is reached at.
	Hosts []string
	// Redirect is the address to register with a platform that people are sent
	// to.
	Redirect string
}

// hasApp reports whether the operator has an app at the platform, where an
// address can be registered.
func (p Setup) hasApp() bool {
	return slices.ContainsFunc(p.Settings, func(s Setting) bool { return s.Required || s.Secret })
}

// docs is where to read on: it leads to what an operator must know of each
// platform.
const docs = "https://github.com/crierhq/crier/blob/main/docs/providers/README.md"

// Config is what the service needs. HTTP, Setups and PublicURL may be empty:
// what needs them is not looked at then.
type Config struct {
	Access   *access.Checker
	Channels *channel.Service
	// HTTP reaches the platforms as publishing does.
	HTTP *http.Client
	// Setups returns what the host knows of each platform.
	Setups func() []Setup
	// PublicURL is where others reach this server, without a slash at its end.
	PublicURL string
	Now       func() time.Time
}

// Service looks into platforms.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service {
	if cfg.Setups == nil {
		cfg.Setups = func() []Setup { return nil }
	}
	return &Service{cfg: cfg}
}

// Platform looks into one platform, and into the actor's channels on it. Errors
// come first, then warnings. An id that neither is on offer nor could be is a
// NotFound fault.
func (s *Service) Platform(ctx context.Context, a domain.Actor, id domain.ProviderID) ([]Finding, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Create); err != nil {
		return nil, err
	}
	out, err := s.Installation(ctx, id)
	if err != nil {
		return nil, err
	}
	of, err := s.channels(ctx, a, id)
	if err != nil {
		return nil, err
	}
	return ranked(append(out, of...)), nil
}

// Installation is Platform without anybody's channels, for operators.
func (s *Service) Installation(ctx context.Context, id domain.ProviderID) ([]Finding, error) {
	setups := s.cfg.Setups()
	at := slices.IndexFunc(setups, func(p Setup) bool { return p.ID == id })
	pf, missing := s.cfg.Channels.Catalog().Get(id)
	if at < 0 && missing != nil {
		return nil, fault.Missing("platform")
	}
	l := look{Service: s, ctx: ctx, link: docs}
	if at >= 0 {
		l.settings(setups[at], missing == nil)
		if p := setups[at]; p.Redirect != "" && p.hasApp() && (missing != nil || pf.Can.Redirect != nil) {
			l.redirect(p.Redirect)
		}
		l.hosts(setups[at].Hosts)
	}
	if missing == nil {
		l.scopes(pf)
		l.media(pf)
	}
	return ranked(l.found), nil
}

// All lists the platforms that can be looked into, sorted.
func (s *Service) All() []domain.ProviderID {
	var out []domain.ProviderID
	for _, p := range s.cfg.Setups() {
		out = append(out, p.ID)
	}
	for _, p := range s.cfg.Channels.Catalog().All() {
		out = append(out, p.Descriptor.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// channels looks into the actor's channels on a platform.
func (s *Service) channels(ctx context.Context, a domain.Actor, id domain.ProviderID) ([]Finding, error) {
	l := look{Service: s, ctx: ctx, link: docs}
	pf, err := s.cfg.Channels.Catalog().Get(id)
	if err != nil {
		return nil, nil //nolint:nilerr // Nothing is on a platform that is not on offer.
	}
	page := store.Page{Limit: maxChannels}
	all, err := s.cfg.Channels.List(ctx, a, store.ChannelFilter{Page: page})
	if err != nil {
		return nil, err
	}
	for _, ch := range all {
		if ch.Provider == id {
			l.channel(pf, ch)
		}
	}
	return l.found, nil
}

// maxChannels bounds how many channels are looked through.
const maxChannels = 1000

// ranked puts what matters most first.
func ranked(found []Finding) []Finding {
	order := []Level{Error, Warning, OK}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return slices.Index(order, a.Level) - slices.Index(order, b.Level)
	})
	return found
}

// look is one examination.
type look struct {
	*Service
	ctx   context.Context //nolint:containedctx // It lives as long as one call.
	link  string
	found []Finding
}

func (l *look) ok(check, subject, cause string, args ...any) {
	l.found = append(l.found, Finding{Check: check, Level: OK, Subject: subject, Cause: fmt.Sprintf(cause, args...), Link: l.link})
}

func (l *look) bad(level Level, check, subject, fix, cause string, args ...any) {
	l.found = append(l.found, Finding{Check: check, Level: level, Subject: subject, Cause: fmt.Sprintf(cause, args...), Fix: fix, Link: l.link})
}
