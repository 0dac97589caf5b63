package channel

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/unblock"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

const (
	// connectLife is how long a person has to come back from the platform.
	connectLife = 30 * time.Minute
	// connectTimeout bounds the calls of one step of a connect.
	connectTimeout = 30 * time.Second
	// maxSaves bounds how often a connect is stored while others renew the
	// credential that it replaces.
	maxSaves = 5
)

// Config is what the service needs. All fields but Tokens, LateWindow, Providers
// and Concurrency are required.
type Config struct {
	Store   store.Store
	Access  *access.Checker
	Audit   *audit.Log
	Sealer  seal.Sealer
	Catalog *Catalog
	Tokens  TokenSource
	Journal *journal.Journal
	Log     *slog.Logger
	Now     func() time.Time
	NewID   func() string
	// LateWindow holds where an organization sets nothing; zero: the default.
	LateWindow time.Duration
	// Wake tells workers that there may be something to do.
	Wake func()
	// Owner names this process to those that renew credentials.
	Owner string
	// Sleep waits for d and returns true, or returns false once ctx has ended.
	Sleep func(ctx context.Context, d time.Duration) bool
	// Providers narrows the platforms whose credentials are renewed ahead of
	// time. Empty: all of Catalog.
	Providers []domain.ProviderID
	// Concurrency bounds how many of these renewals are under way at once.
	// Default 32.
	Concurrency int
}

// Service connects and disconnects channels.
type Service struct {
	cfg  Config
	cred *Credentials
}

// New returns a Service.
func New(cfg Config) *Service {
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 32
	}
	s := &Service{cfg: cfg}
	s.cred = &Credentials{cfg: cfg, flights: &flights{by: map[domain.ChannelID]*flight{}}, resume: s.resume}
	return s
}

// Credentials returns what opens and renews the credentials of channels.
func (s *Service) Credentials() *Credentials { return s.cred }

// Catalog returns the platforms on offer.
func (s *Service) Catalog() *Catalog { return s.cfg.Catalog }

// List returns the channels of the actor's organization that match.
func (s *Service) List(ctx context.Context, a domain.Actor, f store.ChannelFilter) ([]domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Read); err != nil {
		return nil, err
	}
	if a.Reach != nil {
		f.Among = a.Reach.Channels()
	}
	out, err := s.cfg.Store.Channels().List(ctx, a.Organization, f)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	return out, nil
}

// Get returns one channel, or a NotFound fault.
func (s *Service) Get(ctx context.Context, a domain.Actor, id domain.ChannelID) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Read); err != nil {
		return domain.Channel{}, err
	}
	ch, err := s.cfg.Store.Channels().Get(ctx, a.Organization, id)
	if err == nil && (ch.State == domain.ChannelDisconnected || !a.Reach.Covers(id)) {
		err = fault.ErrNotFound
	}
	return ch, missing(err, id)
}

// GetMany returns those of ids that exist, in any order and in one query, also
// the ones that were disconnected: what was published there names them.
func (s *Service) GetMany(ctx context.Context, a domain.Actor, ids []domain.ChannelID) ([]domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Read); err != nil || len(ids) == 0 {
		return nil, err
	}
	out, err := s.cfg.Store.Channels().GetMany(ctx, a.Organization, ids)
	if err != nil {
		return nil, fmt.Errorf("get channels: %w", err)
	}
	return slices.DeleteFunc(out, func(c domain.Channel) bool { return !a.Reach.Covers(c.ID) }), nil
}

func missing(err error, id domain.ChannelID) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fault.ErrNotFound):
		return fault.Missing("channel")
	default:
		return fmt.Errorf("channel %s: %w", id, err)
	}
}

// ConnectForm connects an account from values that a person typed in. An
// account that is connected already is connected again: same channel, new
// credential.
func (s *Service) ConnectForm(ctx context.Context, a domain.Actor, id domain.ProviderID, values map[string]string) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Create); err != nil {
		return domain.Channel{}, err
	}
	pf, err := s.cfg.Catalog.Get(id)
	if err != nil {
		return domain.Channel{}, err
	}
	if pf.Can.Form == nil {
		return domain.Channel{}, fault.New(fault.Invalid, "no_form", "%s is connected through its own sign-in page.", pf.Descriptor.Name)
	}
	vals, err := checkedValues(pf.Can.Form.ConnectForm(), values)
	if err != nil {
		return domain.Channel{}, err
	}
	call, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pf.Can.Form.ConnectWith(call, vals)
	if err != nil {
		return domain.Channel{}, connectFault(err)
	}
	return s.save(ctx, a, pf, conn, false)
}

func checkedValues(form social.Schema, values map[string]string) (social.Values, error) {
	if err := fault.Check(form.CheckValues(values, "fields")); err != nil {
		return nil, err
	}
	return form.WithDefaults(values), nil
}

// Started is a connect flow that is under way.
type Started struct {
	// URL is where to send the person.
	URL string
	// State comes back with the person, and must be kept by nobody else.
	State     string
	ExpiresAt time.Time
}

// kept is what is sealed while the person is away; its names never change.
type kept struct {
	Callback string            `json:"callback"`
	Keep     map[string]string `json:"keep,omitempty"`
	// SignedIn is who came back, while they choose; see Choose.
	SignedIn *social.Connection `json:"signedIn,omitempty"`
}

// Begin starts to connect an account through a page of its platform. callback
// is the address that the platform sends the person back to.
func (s *Service) Begin(ctx context.Context, a domain.Actor, id domain.ProviderID, callback string, values map[string]string) (Started, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Create); err != nil {
		return Started{}, err
	}
	pf, err := s.cfg.Catalog.Get(id)
	if err != nil {
		return Started{}, err
	}
	if pf.Can.Redirect == nil {
		return Started{}, fault.New(fault.Invalid, "no_redirect", "%s is connected by filling in a form.", pf.Descriptor.Name)
	}
	vals, err := checkedValues(pf.Can.Redirect.RedirectForm(), values)
	if err != nil {
		return Started{}, err
	}
	now := domain.Instant(s.cfg.Now())
	state := rand.Text()
	call, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	to, err := pf.Can.Redirect.BeginConnect(call, social.ConnectRequest{Callback: callback, State: state, Values: vals})
	if err != nil {
		return Started{}, connectFault(err)
	}
	flow := store.Connect{Organization: a.Organization, User: a.User, Provider: id, ExpiresAt: now.Add(connectLife)}
	if err := s.await(ctx, flow, state, kept{Callback: callback, Keep: to.Keep}); err != nil {
		return Started{}, err
	}
	return Started{URL: to.URL, State: state, ExpiresAt: flow.ExpiresAt}, nil
}

// await keeps flow until somebody comes with state.
func (s *Service) await(ctx context.Context, flow store.Connect, state string, k kept) error {
	raw, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("begin connect: %w", err)
	}
	flow.StateHash = stateHash(state)
	if flow.Sealed, err = s.cfg.Sealer.Seal(ctx, raw, "connect/"+flow.StateHash); err != nil {
		return fmt.Errorf("begin connect: %w", err)
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := r.Connects().Purge(ctx, domain.Instant(s.cfg.Now())); err != nil {
			return err
		}
		return r.Connects().Insert(ctx, flow)
	})
	if err != nil {
		return fmt.Errorf("begin connect: %w", err)
	}
	return nil
}

// Finished is where a person is who came back from the platform: exactly one of
// its fields is set.
type Finished struct {
	Channel *domain.Channel
	// Choice asks which of several places to connect; see Choose.
	Choice *Choice
}

// Finish goes on with a person who came back from the platform: their account
// is connected, or they choose among several. The state is the proof of who
// began: it works once, and only until it ends.
func (s *Service) Finish(ctx context.Context, id domain.ProviderID, state string, query map[string]string) (Finished, error) {
	b, err := s.back(ctx, id, state)
	if err != nil {
		return Finished{}, err
	}
	if b.kept.SignedIn != nil {
		return Finished{}, errEnded() // They are to choose, not to come back again.
	}
	call, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := b.platform.Can.Redirect.FinishConnect(call, social.Callback{Callback: b.kept.Callback, Query: query, Keep: b.kept.Keep})
	if err != nil {
		return Finished{}, connectFault(err)
	}
	if b.platform.Can.Choose != nil {
		return s.offer(ctx, b, conn)
	}
	ch, err := s.save(ctx, b.actor, b.platform, conn, false)
	if err != nil {
		return Finished{}, err
	}
	return Finished{Channel: &ch}, nil
}

// returned is somebody who came with a state that is good.
type returned struct {
	flow     store.Connect
	platform Platform
	kept     kept
	actor    domain.Actor
}

func errEnded() error {
	return fault.New(fault.Invalid, "connect_ended", "This connect was finished already, or took too long. Start again.")
}

// back takes the flow of a state, which does not work a second time.
func (s *Service) back(ctx context.Context, id domain.ProviderID, state string) (returned, error) {
	flow, err := s.cfg.Store.Connects().Take(ctx, stateHash(state), domain.Instant(s.cfg.Now()))
	if errors.Is(err, fault.ErrNotFound) || err == nil && flow.Provider != id {
		return returned{}, errEnded()
	}
	if err != nil {
		return returned{}, fmt.Errorf("finish connect: %w", err)
	}
	out := returned{flow: flow}
	if out.platform, err = s.cfg.Catalog.Get(flow.Provider); err != nil || out.platform.Can.Redirect == nil {
		return returned{}, errEnded()
	}
	raw, err := s.cfg.Sealer.Open(ctx, flow.Sealed, "connect/"+flow.StateHash)
	if err != nil {
		return returned{}, fmt.Errorf("finish connect: %w", err)
	}
	if err := json.Unmarshal(raw, &out.kept); err != nil {
		return returned{}, fmt.Errorf("finish connect: %w", err)
	}
	out.actor, err = s.began(ctx, flow)
	return out, err
}

// began is who began a flow, if they may still connect channels.
func (s *Service) began(ctx context.Context, flow store.Connect) (domain.Actor, error) {
	a := domain.Actor{Organization: flow.Organization, User: flow.User, Role: domain.RoleOwner}
	if _, err := s.cfg.Store.Users().Get(ctx, a.User); errors.Is(err, fault.ErrNotFound) {
		return a, nil // a program, or somebody whom the host keeps
	}
	m, err := s.cfg.Store.Members().Get(ctx, a.Organization, a.User)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return a, fmt.Errorf("finish connect: %w", err)
	}
	a.Role = m.Role
	return a, s.cfg.Access.Check(a, permit.Channels, permit.Create)
}

// Adopt makes a channel of an account whose tokens the embedding program keeps
// itself; see TokenSource. conn.Credential is not used.
func (s *Service) Adopt(ctx context.Context, a domain.Actor, id domain.ProviderID, conn social.Connection) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Create); err != nil {
		return domain.Channel{}, err
	}
	pf, err := s.cfg.Catalog.Get(id)
	if err != nil {
		return domain.Channel{}, err
	}
	if conn.Account == "" {
		return domain.Channel{}, fault.Check([]fault.Problem{{Field: "account", Rule: "required", Message: "The platform's id of the account is required."}})
	}
	return s.save(ctx, a, pf, conn, true)
}

// save stores a connection: as a new channel, or as the new credential of the
// channel that the account has already. What waited for it goes on.
func (s *Service) save(ctx context.Context, a domain.Actor, pf Platform, conn social.Connection, host bool) (domain.Channel, error) {
	for try := 1; ; try++ {
		out, err := s.saveOnce(ctx, a, pf, conn, host)
		if err == nil || !errors.Is(err, errReplaced) || try == maxSaves {
			return out, err
		}
	}
}

// saveOnce is save. It returns errReplaced, and changes nothing, if the old
// credential was renewed meanwhile: the new one may lack what it has.
func (s *Service) saveOnce(ctx context.Context, a domain.Actor, pf Platform, conn social.Connection, host bool) (domain.Channel, error) {
	now := domain.Instant(s.cfg.Now())
	known, err := s.cfg.Store.Channels().ByAccount(ctx, a.Organization, pf.Descriptor.ID, conn.Account)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return domain.Channel{}, fmt.Errorf("connect %s: %w", pf.Descriptor.ID, err)
	}
	id := cmp.Or(known.ID, domain.ChannelID(s.cfg.NewID()))
	secret := ""
	if !host {
		conn.Credential.Refresh = s.cred.refreshToken(ctx, known, conn.Credential)
		if secret, err = s.cred.Seal(ctx, id, conn.Credential); err != nil {
			return domain.Channel{}, err
		}
	}
	fill := func(c *domain.Channel) {
		c.Name, c.Handle, c.URL, c.Avatar = conn.Name, conn.Handle, conn.URL, conn.Avatar
		c.Traits, c.HostTokens = maps.Clone(map[string]string(conn.Traits)), host
		if c.Name == "" {
			c.Name = conn.Account
		}
		c.Connect(secret, conn.Credential.Expiry, pf.Can.Refresh != nil && !host, now)
	}
	var out domain.Channel
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		var err error
		if known.ID != "" {
			out, err = r.Channels().Update(ctx, a.Organization, id, func(c *domain.Channel) error {
				if c.Secret != known.Secret {
					return errReplaced
				}
				fill(c)
				return nil
			})
		} else {
			out = domain.Channel{
				ID: id, Organization: a.Organization, Provider: pf.Descriptor.ID, Account: conn.Account, CreatedAt: now, Version: 1,
			}
			fill(&out)
			err = r.Channels().Insert(ctx, a.Organization, out)
		}
		if err != nil {
			return err
		}
		if err := s.resume(ctx, r, out, now); err != nil {
			return err
		}
		return s.tell(ctx, r, a, out, domain.EventChannelConnected, now)
	})
	if err != nil {
		return domain.Channel{}, fmt.Errorf("connect %s: %w", pf.Descriptor.ID, err)
	}
	s.cfg.Wake()
	return out, nil
}

// tell writes down what a did to ch: for subscribers, and for the audit log.
func (s *Service) tell(ctx context.Context, r store.Repos, a domain.Actor, ch domain.Channel, kind domain.EventKind, now time.Time) error {
	if err := s.cfg.Audit.Append(ctx, r, a, audit.Channel(ch, kind)); err != nil {
		return err
	}
	return s.cfg.Journal.Append(ctx, r, journal.Channel(ch, kind, now))
}

// resume lets the deliveries that waited for the channel go on, or gives up
// those whose late window has passed.
func (s *Service) resume(ctx context.Context, r store.Repos, ch domain.Channel, now time.Time) error {
	return unblock.Channel(ctx, r, s.cfg.Journal, ch.Organization, ch.ID, unblock.Cause{
		TooLate: "The channel was reconnected too late for this post.", LateWindow: s.cfg.LateWindow,
	}, now)
}

// Disconnect takes a channel away and forgets its credential. What was to go
// out on it is blocked, and goes on if the account is connected again in time.
func (s *Service) Disconnect(ctx context.Context, a domain.Actor, id domain.ChannelID) error {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Delete); err != nil {
		return err
	}
	ch, err := s.Get(ctx, a, id)
	if err != nil {
		return err
	}
	s.revoke(ctx, ch)
	now := domain.Instant(s.cfg.Now())
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		out, err := r.Channels().Update(ctx, a.Organization, id, func(c *domain.Channel) error { return c.Disconnect(now) })
		if err != nil {
			return err
		}
		return s.tell(ctx, r, a, out, domain.EventChannelDisconnected, now)
	})
	if err != nil {
		return missing(err, id)
	}
	return nil
}

// revoke gives the credential back to the platform, if it can be done: a
// platform that is down does not keep a channel connected.
func (s *Service) revoke(ctx context.Context, ch domain.Channel) {
	pf, err := s.cfg.Catalog.Get(ch.Provider)
	if err != nil || pf.Can.Revoke == nil || ch.HostTokens {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	cred, err := s.cred.open(ctx, ch)
	if err == nil {
		err = pf.Can.Revoke.Revoke(ctx, social.Target{Account: ch.Account, Traits: ch.Traits, Credential: cred})
	}
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "the platform did not take the credential back", "channel", ch.ID, "provider", ch.Provider, "error", err)
	}
}

// RefreshToken renews the credential of a channel now. A channel that waited to
// be connected again goes on if that works.
func (s *Service) RefreshToken(ctx context.Context, a domain.Actor, id domain.ChannelID) (domain.Channel, error) {
	if err := s.cfg.Access.Check(a, permit.Channels, permit.Update); err != nil {
		return domain.Channel{}, err
	}
	ch, err := s.Get(ctx, a, id)
	if err != nil {
		return domain.Channel{}, err
	}
	if _, err := s.cfg.Catalog.Get(ch.Provider); err != nil {
		return domain.Channel{}, err
	}
	if _, ok := s.cred.renewable(ch); !ok {
		return ch, nil // nothing of it ever ends, or it is not ours to renew
	}
	if _, err := s.cred.Renew(ctx, ch); err != nil {
		return domain.Channel{}, connectFault(err)
	}
	s.cfg.Wake()
	return s.Get(ctx, a, id)
}

func stateHash(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}

// connectFault tells the person who connects what the platform said.
func connectFault(err error) error {
	e := social.AsError(err)
	switch e.Code {
	case social.CodeRateLimited, social.CodeQuota:
		return &fault.Error{Kind: fault.TooMany, Code: string(e.Code), Message: e.Message, RetryAfter: e.RetryAfter, Err: err}
	case social.CodeUnavailable, social.CodeOutcomeUnknown:
		return &fault.Error{Kind: fault.Unavailable, Code: "platform_unavailable", Message: e.Message, RetryAfter: e.RetryAfter, Err: err}
	default:
		return &fault.Error{
			Kind: fault.Invalid, Code: "connect_refused", Message: e.Message, Err: err,
			Problems: []fault.Problem{{Field: "fields", Rule: string(e.Code), Message: e.Message}},
		}
	}
}
