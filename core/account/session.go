package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/store"
)

// RefreshLife is how long a refresh token is good for; each use makes a new one.
const RefreshLife = 30 * 24 * time.Hour

// RefreshGrace is for how long the token that was traded last is answered with
// the same new token again: for answers that got lost on the way, and for two
// windows of a browser that ask at the same time.
const RefreshGrace = 10 * time.Second

// Origin is where a request comes from. All of it may be empty.
type Origin struct {
	// UserAgent is how the program of the person calls itself.
	UserAgent string
	// Address is the IP address of the caller.
	Address string
}

// maxUserAgent bounds what is kept of a text that programs choose.
const maxUserAgent = 256

func (o Origin) program() string {
	text := strings.ToValidUTF8(o.UserAgent[:min(len(o.UserAgent), maxUserAgent)], "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// network is the address without the part that names a single machine. wide is
// how much is left of an address of IPv4, and wide6 of one of IPv6, in bits.
func (o Origin) network(wide, wide6 int) string {
	a, err := netip.ParseAddr(o.Address)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		wide = wide6
	}
	p, err := a.Prefix(wide)
	if err != nil {
		return ""
	}
	return p.String()
}

// open signs u in.
func (s *Service) open(ctx context.Context, r store.Repos, u domain.User, o domain.Organization, role domain.Role, from Origin) (SignedIn, error) {
	now := domain.Instant(s.cfg.Now())
	if err := errors.Join(r.Sessions().Purge(ctx, now), r.Strikes().Purge(ctx, now.Add(-forgetAfter))); err != nil {
		return SignedIn{}, err
	}
	id := domain.SessionID(s.cfg.NewID())
	secret, _ := token.New()
	refresh := string(id) + "." + secret
	ses := domain.Session{
		ID: id, User: u.ID, Organization: o.ID, TokenHash: token.Hash(refresh), UserAgent: from.program(), Address: from.network(24, 48),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(RefreshLife), Version: 1,
	}
	if err := r.Sessions().Insert(ctx, ses); err != nil {
		return SignedIn{}, err
	}
	if err := s.recordEntry(ctx, r, u, o.ID, from, "account.signed_in"); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{User: u, Organization: o, Role: role, Session: id, Refresh: refresh, RefreshExpires: ses.ExpiresAt}, nil
}

// Refresh trades a refresh token for a new one. Only the newest token of a
// sign-in is good: showing an older one means that a token was stolen, and ends
// the whole sign-in. The one before the newest gets the newest once more, within
// RefreshGrace and as long as that was not used.
func (s *Service) Refresh(ctx context.Context, refresh string, from Origin) (SignedIn, error) {
	bad := fault.New(fault.Unauthenticated, "refresh_refused", "This sign-in has ended. Sign in again.")
	id, _, ok := strings.Cut(refresh, ".")
	if !ok {
		return SignedIn{}, bad
	}
	t := trade{shown: refresh, now: domain.Instant(s.cfg.Now()), from: from}
	out, err := s.trade(ctx, domain.SessionID(id), &t)
	if errors.Is(err, errReplayed) {
		t.mayEnd = true
		err = s.cfg.Recall.Change(ctx, func(ctx context.Context) error {
			out, err = s.trade(ctx, domain.SessionID(id), &t)
			return err
		}, recall.OfUser(t.user))
	}
	switch {
	case errors.Is(err, fault.ErrNotFound) || errors.Is(err, errEnded) || err == nil && t.replayed:
		return SignedIn{}, bad
	case err != nil:
		return SignedIn{}, fmt.Errorf("refresh sign-in: %w", err)
	}
	return out, nil
}

// trade makes t with the sign-in of an id.
func (s *Service) trade(ctx context.Context, id domain.SessionID, t *trade) (out SignedIn, err error) {
	// One transaction: a token that is replaced without the new one being handed
	// out would end the sign-in when it is shown again.
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		ses, err := r.Sessions().Update(ctx, id, t.make)
		if err != nil || t.replayed {
			return err
		}
		if out, err = who(ctx, r, ses.User, ses.Organization); err != nil {
			return err
		}
		out.Session, out.Refresh, out.RefreshExpires = ses.ID, t.fresh, ses.ExpiresAt
		return nil
	})
	return out, err
}

// trade is a refresh token that is shown, and what comes of it.
type trade struct {
	shown string
	now   time.Time
	from  Origin
	// mayEnd says that the sign-in may be ended. It is not known whose it is, and
	// so what must not be remembered, before it was looked at once.
	mayEnd bool

	user     domain.UserID
	fresh    string
	replayed bool
}

var (
	errEnded    = errors.New("the sign-in has ended")
	errReplayed = errors.New("the token was replaced long ago")
)

// make is the change of the session.
func (t *trade) make(ses *domain.Session) error {
	t.user, t.fresh, t.replayed = ses.User, "", false
	if !ses.Live(t.now) {
		return errEnded
	}
	switch {
	case isHashOf(ses.TokenHash, t.shown):
		ses.Nonce, ses.PreviousHash, ses.RotatedAt = rand.Text(), ses.TokenHash, t.now
		t.fresh = successor(ses.ID, ses.Nonce, t.shown)
		ses.TokenHash, ses.ExpiresAt, ses.LastUsedAt = token.Hash(t.fresh), t.now.Add(RefreshLife), t.now
		ses.UserAgent, ses.Address = t.from.program(), t.from.network(24, 48)
	case isHashOf(ses.PreviousHash, t.shown) && t.now.Before(ses.RotatedAt.Add(RefreshGrace)):
		t.fresh = successor(ses.ID, ses.Nonce, t.shown)
	case !t.mayEnd:
		return errReplayed
	default:
		t.replayed, ses.RevokedAt = true, t.now
	}
	return nil
}

func isHashOf(hash, text string) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(token.Hash(text))) == 1
}

// successor is the token that old is traded for. It takes both what is stored
// and what is not to make it, so it can be handed out again without being kept.
func successor(id domain.SessionID, nonce, old string) string {
	mac := hmac.New(sha256.New, []byte(nonce))
	mac.Write([]byte(old))
	return string(id) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Authenticate resolves who an access token speaks for, as things stand now: a
// sign-in that has ended and a person who left the organization are
// Unauthenticated.
func (s *Service) Authenticate(ctx context.Context, session domain.SessionID, user domain.UserID, org domain.OrganizationID) (domain.Actor, error) {
	role, err := s.roleNow(ctx, session, user, org)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		if _, err := authenticate(ctx, s.cfg.Store, user, org); err != nil {
			return domain.Actor{}, err
		}
		return domain.Actor{}, fault.New(fault.Unauthenticated, "signed_out", "This sign-in has ended. Sign in again.")
	case err != nil:
		return domain.Actor{}, fmt.Errorf("authenticate: %w", err)
	}
	return domain.Actor{Organization: org, User: user, Role: role, Session: session}, nil
}

// roleNow is the role of user in org, or fault.ErrNotFound if the session is not
// theirs or has ended.
func (s *Service) roleNow(ctx context.Context, session domain.SessionID, user domain.UserID, org domain.OrganizationID) (domain.Role, error) {
	now := domain.Instant(s.cfg.Now())
	if s.cfg.Recall.Reads() {
		var ends time.Time // of a session that was not ended before
		var role domain.Role
		err := s.cfg.Recall.Read(ctx,
			recall.Ask(recall.Session(user, session), &ends, func(ctx context.Context) (time.Time, error) {
				ses, err := s.cfg.Store.Sessions().Get(ctx, session)
				if err == nil && (ses.User != user || !ses.Live(now)) {
					err = fault.ErrNotFound
				}
				return ses.ExpiresAt, err
			}),
			recall.Ask(recall.Role(org, user), &role, func(ctx context.Context) (domain.Role, error) {
				m, err := s.cfg.Store.Members().Get(ctx, org, user)
				return m.Role, err
			}))
		if err != nil || now.Before(ends) {
			return role, err
		}
		// It has come to its end, unless it was prolonged a moment ago.
	}
	m, err := s.cfg.Store.Sessions().Member(ctx, session, user, org, now)
	return m.Role, err
}

func authenticate(ctx context.Context, r store.Repos, user domain.UserID, org domain.OrganizationID) (domain.Actor, error) {
	m, err := r.Members().Get(ctx, org, user)
	if errors.Is(err, fault.ErrNotFound) {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "not_a_member", "You are not a member of this organization any more.")
	}
	if err != nil {
		return domain.Actor{}, fmt.Errorf("authenticate: %w", err)
	}
	return domain.Actor{Organization: m.Organization, User: m.User, Role: m.Role}, nil
}

func who(ctx context.Context, r store.Repos, id domain.UserID, org domain.OrganizationID) (SignedIn, error) {
	a, err := authenticate(ctx, r, id, org)
	if err != nil {
		return SignedIn{}, err
	}
	user, err := r.Users().Get(ctx, id)
	if err != nil {
		return SignedIn{}, err
	}
	o, err := r.Organizations().Get(ctx, org)
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{User: user, Organization: o, Role: a.Role}, nil
}

// changeSignIns is InTx for what ends sign-ins of a person, so that nothing
// remembers that they lived.
func (s *Service) changeSignIns(ctx context.Context, user domain.UserID, do func(context.Context, store.Repos) error) error {
	return s.cfg.Recall.Change(ctx, func(ctx context.Context) error { return s.cfg.Store.InTx(ctx, do) }, recall.OfUser(user))
}

// Sessions lists the sign-ins of the person that live, the one that was used
// last first.
func (s *Service) Sessions(ctx context.Context, a domain.Actor) ([]domain.Session, error) {
	if err := person(a); err != nil {
		return nil, err
	}
	out, err := s.cfg.Store.Sessions().OfUser(ctx, a.User, domain.Instant(s.cfg.Now()))
	if err != nil {
		return nil, fmt.Errorf("sessions of %s: %w", a.User, err)
	}
	return out, nil
}

// EndSession ends one sign-in of the person, which may be the one that asks. Its
// tokens are good for nothing at once. Errors: NotFound, also for one that has
// ended or is somebody else's.
func (s *Service) EndSession(ctx context.Context, a domain.Actor, id domain.SessionID) error {
	if err := person(a); err != nil {
		return err
	}
	now := domain.Instant(s.cfg.Now())
	err := s.changeSignIns(ctx, a.User, func(ctx context.Context, r store.Repos) error {
		_, err := r.Sessions().Update(ctx, id, func(ses *domain.Session) error {
			if ses.User != a.User || !ses.Live(now) {
				return fault.ErrNotFound
			}
			ses.RevokedAt = now
			return nil
		})
		if err != nil {
			return err
		}
		return s.record(ctx, r, a, "account.signed_out")
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return fault.Missing("session")
	case err != nil:
		return fmt.Errorf("end session %s: %w", id, err)
	}
	return nil
}

// EndSessions ends all sign-ins of the person, the one that asks too.
func (s *Service) EndSessions(ctx context.Context, a domain.Actor) error {
	if err := person(a); err != nil {
		return err
	}
	err := s.changeSignIns(ctx, a.User, func(ctx context.Context, r store.Repos) error {
		if _, err := r.Sessions().RevokeOf(ctx, a.User, "", domain.Instant(s.cfg.Now())); err != nil {
			return err
		}
		return s.record(ctx, r, a, "account.signed_out_everywhere")
	})
	if err != nil {
		return fmt.Errorf("end sessions of %s: %w", a.User, err)
	}
	return nil
}
