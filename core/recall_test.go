package core_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/apikey"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/team"
	"github.com/crierhq/crier/ports/cache"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// office is an organization of two people, one of whom has an API key, with
// everything about them remembered.
type office struct {
	*enginetest.Engine
	t *testing.T
	// owner and member are signed in; member made key.
	owner, member core.SignedIn
	key           apikey.Made
	asked         *atomic.Int32
}

// asking counts who asks a store for what is remembered.
type asking struct {
	store.Store
	n *atomic.Int32
}

func (a asking) Sessions() store.Sessions { a.n.Add(1); return a.Store.Sessions() }
func (a asking) Members() store.Members   { a.n.Add(1); return a.Store.Members() }
func (a asking) APIKeys() store.APIKeys   { a.n.Add(1); return a.Store.APIKeys() }

func newOffice(t *testing.T, options ...func(*core.Config)) *office {
	t.Helper()
	o := &office{t: t, asked: new(atomic.Int32)}
	o.Engine = enginetest.New(t, append(options, func(c *core.Config) { c.Store = asking{c.Store, o.asked} })...)
	register := func(email string) core.SignedIn {
		s, err := o.Accounts.Register(t.Context(), core.RegisterInput{Email: email, Password: "correct horse"})
		if err != nil {
			t.Fatal(err)
		}
		o.Clock.Advance(time.Second)
		return s
	}
	o.owner, o.member = register("ann@example.com"), register("bob@example.com")
	// Bob comes to Ann.
	at := o.owner.Organization.ID
	if err := o.Store.Members().Insert(t.Context(), domain.Member{Organization: at, User: o.member.User.ID, Role: domain.RoleAdmin, CreatedAt: o.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	var err error
	if o.member, err = o.Accounts.Switch(t.Context(), o.member.Actor(), at, account.Origin{}); err != nil {
		t.Fatal(err)
	}
	ch := o.Connect(o.owner.Actor(), "ann")
	if o.key, err = o.Keys.Create(t.Context(), o.member.Actor(), core.KeyInput{Name: "Shop", Scope: domain.ScopeAdmin, Channels: []domain.ChannelID{ch.ID}}); err != nil {
		t.Fatal(err)
	}
	o.remember()
	return o
}

// bob is who the member is by their sign-in.
func (o *office) bob() (domain.Actor, error) {
	return o.Accounts.Authenticate(o.t.Context(), o.member.Session, o.member.User.ID, o.owner.Organization.ID)
}

// shop is who the key acts for.
func (o *office) shop() (domain.Actor, error) {
	return o.Keys.Authenticate(o.t.Context(), o.key.Secret)
}

// remember has everything remembered, which the next request shows.
func (o *office) remember() {
	o.t.Helper()
	for i := range 2 {
		before := o.asked.Load()
		a, err1 := o.bob()
		b, err2 := o.shop()
		if err := errors.Join(err1, err2); err != nil || a.Role != domain.RoleAdmin || b.Role != domain.RoleAdmin {
			o.t.Fatalf("got %+v, %+v, %v; want both to come in as admins", a, b, err)
		}
		if i > 0 && o.asked.Load() != before {
			o.t.Fatal("the store was asked again; there is nothing remembered to be wrong about")
		}
	}
}

// now expects the roles that the next requests have, "" for one that is refused.
func (o *office) now(bob, shop domain.Role) {
	o.t.Helper()
	for what, c := range map[string]struct {
		ask  func() (domain.Actor, error)
		want domain.Role
	}{"the sign-in": {o.bob, bob}, "the key": {o.shop, shop}} {
		got, err := c.ask()
		if got.Role != c.want || (c.want == "") != (fault.KindOf(err) == fault.Unauthenticated) || c.want != "" && err != nil {
			o.t.Errorf("%s: got the role %q and %v, want %q", what, got.Role, err, c.want)
		}
	}
}

// TestNobodyIsRememberedAsWhoTheyWere: after each use case that takes something
// away, the next request knows.
func TestNobodyIsRememberedAsWhoTheyWere(t *testing.T) {
	t.Parallel()
	const admin = domain.RoleAdmin
	for name, c := range map[string]struct {
		do        func(ctx context.Context, o *office) error
		bob, shop domain.Role
	}{
		"sign out": {func(ctx context.Context, o *office) error {
			return o.Accounts.EndSession(ctx, o.member.Actor(), o.member.Session)
		}, "", admin},
		"sign out everywhere": {func(ctx context.Context, o *office) error { return o.Accounts.EndSessions(ctx, o.member.Actor()) }, "", admin},
		"another's new password": {func(ctx context.Context, o *office) error {
			return o.Accounts.ChangePassword(ctx, o.owner.Actor(), "correct horse", "another horse")
		}, admin, admin},
		"a new password elsewhere": {func(ctx context.Context, o *office) error {
			other, err := o.Accounts.Switch(ctx, o.member.Actor(), o.owner.Organization.ID, account.Origin{})
			return errors.Join(err, o.Accounts.ChangePassword(ctx, other.Actor(), "correct horse", "another horse"))
		}, "", admin},
		"a refresh token that was replaced": {func(ctx context.Context, o *office) error {
			for range 2 {
				if _, err := o.Accounts.Refresh(ctx, o.member.Refresh, account.Origin{}); err != nil {
					return err
				}
			}
			o.now(admin, admin) // a trade ends nothing
			o.Clock.Advance(core.RefreshGrace)
			if _, err := o.Accounts.Refresh(ctx, o.member.Refresh, account.Origin{}); fault.KindOf(err) != fault.Unauthenticated {
				return errors.New("the replay was not noticed")
			}
			return nil
		}, "", admin},
		"a lower role": {func(ctx context.Context, o *office) error {
			_, err := o.Team.SetRole(ctx, o.owner.Actor(), o.member.User.ID, domain.RoleViewer)
			return err
		}, domain.RoleViewer, domain.RoleViewer},
		"removed": {func(ctx context.Context, o *office) error {
			return o.Team.Remove(ctx, o.owner.Actor(), o.member.User.ID)
		}, "", ""},
		"left": {func(ctx context.Context, o *office) error { return o.Team.Leave(ctx, o.member.Actor()) }, "", ""},
		"handed on": {func(ctx context.Context, o *office) error {
			return o.Team.Transfer(ctx, o.owner.Actor(), o.member.User.ID)
		}, domain.RoleOwner, admin},
		"the account deleted": {func(ctx context.Context, o *office) error {
			return o.Team.DeleteAccount(ctx, o.member.Actor(), "correct horse")
		}, "", ""},
		"the organization deleted": {func(ctx context.Context, o *office) error {
			if _, err := o.Team.End(ctx, o.owner.Actor()); err != nil {
				return err
			}
			o.Clock.Advance(team.Grace - time.Second)
			o.now(admin, admin) // remembered until a moment before
			o.Clock.Advance(time.Second)
			_, _, err := o.Tick(ctx)
			return err
		}, "", ""},
		"the organization kept": {func(ctx context.Context, o *office) error {
			_, err1 := o.Team.End(ctx, o.owner.Actor())
			_, err2 := o.Team.Keep(ctx, o.owner.Actor())
			return errors.Join(err1, err2)
		}, admin, admin},
		"the key revoked": {func(ctx context.Context, o *office) error {
			return o.Keys.Revoke(ctx, o.owner.Actor(), o.key.Key.ID)
		}, admin, ""},
		"the key rotated": {func(ctx context.Context, o *office) error {
			made, err := o.Keys.Rotate(ctx, o.owner.Actor(), o.key.Key.ID)
			if err != nil {
				return err
			}
			a, err := o.Keys.Authenticate(ctx, made.Secret)
			if a.User != o.owner.User.ID {
				return errors.New("the new secret does not act for who rotated it")
			}
			return err
		}, admin, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			if err := c.do(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			o.now(c.bob, c.shop)
			o.now(c.bob, c.shop) // and what it remembered now is right, too
		})
	}
}

// TestAKeyIsRememberedWhole: with its maker and its reach, and also where it has no
// maker.
func TestAKeyIsRememberedWhole(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, err := o.shop()
	if err != nil || a.Organization != o.owner.Organization.ID || a.User != o.member.User.ID || a.Key != o.key.Key.ID ||
		!slices.Equal(a.Reach.Channels(), o.key.Key.Channels) {
		t.Errorf("got %+v with the reach %v, %v", a, a.Reach.Channels(), err)
	}
	program, err := o.Keys.Create(t.Context(), o.Owner, core.KeyInput{Name: "Program", Scope: domain.ScopeWrite})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a, err = o.Keys.Authenticate(t.Context(), program.Secret); err != nil || a.User != "" || a.Role != domain.RoleUser || a.Reach != nil {
			t.Errorf("got %+v, %v", a, err)
		}
	}
	if err := o.Keys.Revoke(t.Context(), o.Owner, program.Key.ID); err != nil {
		t.Fatal(err)
	}
	if a, err = o.Keys.Authenticate(t.Context(), program.Secret); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("got %+v, %v; want it refused", a, err)
	}
}

// TestWhatEndsByItselfEndsInTime, remembered or not.
func TestWhatEndsByItselfEndsInTime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var err error
	o.key, err = o.Keys.Create(t.Context(), o.member.Actor(), core.KeyInput{Name: "Short", Scope: domain.ScopeAdmin, ExpiresAt: o.Clock.Now().Add(5 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	o.remember()
	o.Clock.Advance(5 * time.Second)
	o.now(domain.RoleAdmin, "")

	o = newOffice(t)
	end := o.member.RefreshExpires
	o.Clock.Advance(end.Sub(o.Clock.Now()) - time.Second)
	o.remember()
	if _, err := o.Accounts.Refresh(t.Context(), o.member.Refresh, account.Origin{}); err != nil {
		t.Fatal(err)
	}
	o.Clock.Advance(time.Second)
	o.now(domain.RoleAdmin, domain.RoleAdmin) // it was prolonged, and that is not remembered
	o = newOffice(t)
	o.Clock.Advance(end.Sub(o.Clock.Now()) - time.Second)
	o.remember()
	o.Clock.Advance(time.Second)
	o.now("", domain.RoleAdmin)
}

// TestWithoutHoldsSomebodyIsRememberedAsWhoTheyWere shows that the tests above
// can fail.
func TestWithoutHoldsSomebodyIsRememberedAsWhoTheyWere(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *core.Config) { c.Cache = forgetsNothing{c.Cache} })
	if err := o.Team.Remove(t.Context(), o.owner.Actor(), o.member.User.ID); err != nil {
		t.Fatal(err)
	}
	o.now(domain.RoleAdmin, domain.RoleAdmin)
}

type forgetsNothing struct{ cache.Cache }

func (forgetsNothing) Hold(context.Context, ...string) (cache.Release, error) {
	return func(context.Context) error { return nil }, nil
}

// TestAReaderWhoWasFirstIsNotTheLast: a request reads the role in the moment in
// which it is taken away, and is the last to say so.
func TestAReaderWhoWasFirstIsNotTheLast(t *testing.T) {
	t.Parallel()
	slow := &slowMembers{read: make(chan struct{}), goOn: make(chan struct{})}
	o := newOffice(t, func(c *core.Config) { slow.Store = c.Store; c.Store = slow })
	o.Clock.Advance(time.Hour) // nothing is remembered any more
	slow.armed.Store(true)
	done := make(chan domain.Actor)
	go func() {
		a, _ := o.bob()
		done <- a
	}()
	<-slow.read
	if err := o.Team.Remove(t.Context(), o.owner.Actor(), o.member.User.ID); err != nil {
		t.Fatal(err)
	}
	close(slow.goOn)
	if a := <-done; a.Role != domain.RoleAdmin {
		t.Fatalf("got %+v, want the request that was first to come in; else this test shows nothing", a)
	}
	o.now("", "")
}

// slowMembers keeps the answer of one read back.
type slowMembers struct {
	store.Store
	armed      atomic.Bool
	read, goOn chan struct{}
}

func (s *slowMembers) Members() store.Members { return slowRead{s.Store.Members(), s} }

type slowRead struct {
	store.Members
	s *slowMembers
}

func (r slowRead) Get(ctx context.Context, org domain.OrganizationID, user domain.UserID) (domain.Member, error) {
	m, err := r.Members.Get(ctx, org, user)
	if r.s.armed.CompareAndSwap(true, false) {
		close(r.s.read)
		<-r.s.goOn
	}
	return m, err
}

// TestWhatIsNotCommittedIsNotRemembered: use cases that are part of a host's own
// transaction tell nobody before it is committed, and nobody anything old after.
func TestWhatIsNotCommittedIsNotRemembered(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	rolledBack := errors.New("changed their mind")
	for _, end := range []error{rolledBack, nil} {
		err := o.Store.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
			in := o.On(joined{r})
			if err := in.Team.Remove(ctx, o.owner.Actor(), o.member.User.ID); err != nil {
				return err
			}
			if _, err := in.Keys.Authenticate(ctx, o.key.Secret); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("inside: got %v, want the member gone", err)
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Fatal(err)
		}
		if end != nil {
			o.now(domain.RoleAdmin, domain.RoleAdmin)
		}
	}
	o.now("", "")
}
