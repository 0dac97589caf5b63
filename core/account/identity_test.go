package account_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memidentity"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/testkit/enginetest"
)

const callback = "https://crier.example/auth/callback/"

// services is an engine with two services at which people prove who they are.
type services struct {
	*enginetest.Engine
	t         *testing.T
	one, two  *memidentity.Service
	providers []identity.Provider
}

func withServices(t *testing.T, options ...func(*core.Config)) *services {
	t.Helper()
	s := &services{t: t}
	for id, into := range map[string]**memidentity.Service{"one": &s.one, "two": &s.two} {
		made, err := memidentity.New(memidentity.Config{ID: id, Name: "Service " + id})
		if err != nil {
			t.Fatal(err)
		}
		*into = made
	}
	s.providers = []identity.Provider{s.one, s.two}
	with := func(c *core.Config) { c.Identities = s.providers }
	s.Engine = enginetest.New(t, append([]func(*core.Config){with}, options...)...)
	return s
}

func someone() identity.Identity {
	return identity.Identity{Subject: "1001", Email: "Ann@Example.com", EmailVerified: true, Name: "Ann"}
}

// trip is a person on their way through a service.
type trip struct {
	provider string
	core.IdentityReturn
}

// away is the trip of who through a service, from its beginning until they are
// back. a is who links; the zero Actor signs in.
func (s *services) away(a domain.Actor, to *memidentity.Service, who identity.Identity) trip {
	s.t.Helper()
	id := to.Descriptor().ID
	begin := s.Accounts.BeginIdentity
	in := core.IdentityStart{Callback: callback + id, Return: "/home"}
	started, err := begin(s.t.Context(), id, in)
	if a.User != "" {
		started, err = s.Accounts.BeginLink(s.t.Context(), a, id, in)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	back, err := to.Approve(started.URL, who)
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil || !strings.HasPrefix(back, in.Callback+"?") {
		s.t.Fatalf("came back to %s, %v", back, err)
	}
	q := u.Query()
	return trip{id, core.IdentityReturn{Browser: started.Browser, State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}}
}

// enter is the whole way to a sign-in.
func (s *services) enter(to *memidentity.Service, who identity.Identity) (core.SignedIn, error) {
	s.t.Helper()
	tr := s.away(domain.Actor{}, to, who)
	done, err := s.Accounts.FinishIdentity(s.t.Context(), tr.provider, tr.IdentityReturn)
	if err != nil {
		return core.SignedIn{}, err
	}
	return s.Accounts.ExchangeIdentity(s.t.Context(), done.Code, tr.Browser, account.Origin{})
}

// entered is enter for what must work.
func (s *services) entered(to *memidentity.Service, who identity.Identity) core.SignedIn {
	s.t.Helper()
	out, err := s.enter(to, who)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func TestAServiceRegistersAndSignsIn(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	first := s.entered(s.one, someone())
	u := first.User
	if u.Email != "ann@example.com" || u.Name != "Ann" || u.PasswordHash != "" || !u.EmailVerifiedAt.Equal(enginetest.Start) {
		t.Errorf("got %+v, want who the service vouched for, with a verified address and no password", u)
	}
	if first.Role != domain.RoleOwner || first.Organization.Name != "Ann" || first.Refresh == "" {
		t.Errorf("got %+v, want a sign-in to an organization of their own", first)
	}
	if _, err := s.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: ""}); !is(err, fault.Unauthenticated, "wrong_credentials") {
		t.Errorf("got %v, want no way in without a password", err)
	}
	moved := someone()
	moved.Email, moved.EmailVerified = "other@example.com", false
	again := s.entered(s.one, moved)
	if again.User.ID != u.ID || again.User.Email != "ann@example.com" || again.Session == first.Session {
		t.Errorf("got %+v, want another sign-in of the same person", again)
	}
	list, err := s.Accounts.Identities(t.Context(), first.Actor())
	if err != nil || len(list) != 1 || list[0].Subject != "1001" || list[0].Provider != "one" || list[0].Issuer != "https://one.example" || list[0].Email != "Ann@Example.com" {
		t.Errorf("got %+v, %v; want the one way in", list, err)
	}
}

func TestNothingSecretIsReadableWhileAway(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	tr := s.away(domain.Actor{}, s.one, someone())
	if dump := enginetest.Dump(s.Store); strings.Contains(dump, tr.State) || strings.Contains(dump, tr.Browser) || strings.Contains(dump, "nonce") {
		t.Error("a secret of a sign-in can be read in the store")
	}
	done, err := s.Accounts.FinishIdentity(t.Context(), "one", tr.IdentityReturn)
	if err != nil || done.Return != "/home" || done.Linked != nil || !done.ExpiresAt.Equal(enginetest.Start.Add(2*time.Minute)) {
		t.Fatalf("got %+v, %v", done, err)
	}
	if strings.Contains(enginetest.Dump(s.Store), done.Code) {
		t.Error("the code can be read in the store")
	}
}

func TestWhoMayNotFinish(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*services, *trip)
		kind   fault.Kind
		code   string
	}{
		"another browser":     {func(_ *services, tr *trip) { tr.Browser = "x" }, fault.Invalid, "sign_in_ended"},
		"no browser":          {func(_ *services, tr *trip) { tr.Browser = "" }, fault.Invalid, "sign_in_ended"},
		"a made-up state":     {func(_ *services, tr *trip) { tr.State = "x" }, fault.Invalid, "sign_in_ended"},
		"no state":            {func(_ *services, tr *trip) { tr.State = "" }, fault.Invalid, "sign_in_ended"},
		"too late":            {func(s *services, _ *trip) { s.Clock.Advance(10 * time.Minute) }, fault.Invalid, "sign_in_ended"},
		"at another service":  {func(_ *services, tr *trip) { tr.provider = "two" }, fault.Invalid, "sign_in_ended"},
		"at no service":       {func(_ *services, tr *trip) { tr.provider = "six" }, fault.NotFound, "identity_provider_not_found"},
		"of another issuer":   {func(_ *services, tr *trip) { tr.Issuer = "https://two.example" }, fault.Unauthenticated, "identity_invalid"},
		"a made-up code":      {func(_ *services, tr *trip) { tr.Code = "x" }, fault.Unauthenticated, "identity_invalid"},
		"the person said no":  {func(_ *services, tr *trip) { tr.Error = "access_denied" }, fault.Denied, "identity_denied"},
		"a broken service":    {func(_ *services, tr *trip) { tr.Error = "server_error" }, fault.Unavailable, "identity_unavailable"},
		"a wrong setup":       {func(_ *services, tr *trip) { tr.Error = "redirect_uri_mismatch" }, fault.Unavailable, "identity_unavailable"},
		"an error of nobody":  {func(_ *services, tr *trip) { tr.Error = "<b>Call 555</b>" }, fault.Unavailable, "identity_unavailable"},
		"the service is away": {func(s *services, _ *trip) { s.one.Break(errors.New("down")) }, fault.Unavailable, "identity_unavailable"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withServices(t)
			tr := s.away(domain.Actor{}, s.one, someone())
			tc.change(s, &tr)
			done, err := s.Accounts.FinishIdentity(t.Context(), tr.provider, tr.IdentityReturn)
			if !is(err, tc.kind, tc.code) || done.Code != "" {
				t.Errorf("got %+v, %v; want %s", done, err, tc.code)
			}
			if strings.Contains(fmt.Sprint(err), "555") {
				t.Errorf("got %v, want no text of strangers in it", err)
			}
			if n, err := s.Store.Users().Count(t.Context()); n != 0 || err != nil {
				t.Errorf("got %d people, %v; want nobody registered", n, err)
			}
		})
	}
}

func TestASignInAtAServiceWorksOnce(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	tr := s.away(domain.Actor{}, s.one, someone())
	done, err := s.Accounts.FinishIdentity(t.Context(), "one", tr.IdentityReturn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accounts.FinishIdentity(t.Context(), "one", tr.IdentityReturn); !is(err, fault.Invalid, "sign_in_ended") {
		t.Errorf("got %v, want the state to be spent", err)
	}
	for _, wrong := range [][2]string{{done.Code, "x"}, {done.Code, tr.Browser}, {"x", tr.Browser}, {tr.State, tr.Browser}, {"", ""}} {
		// The first one, from another browser, spends the code.
		if _, err := s.Accounts.ExchangeIdentity(t.Context(), wrong[0], wrong[1], account.Origin{}); !is(err, fault.Invalid, "sign_in_ended") {
			t.Errorf("got %v, want it refused", err)
		}
	}
	late := s.away(domain.Actor{}, s.one, someone())
	if done, err = s.Accounts.FinishIdentity(t.Context(), "one", late.IdentityReturn); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(2 * time.Minute)
	if _, err := s.Accounts.ExchangeIdentity(t.Context(), done.Code, late.Browser, account.Origin{}); !is(err, fault.Invalid, "sign_in_ended") {
		t.Errorf("got %v, want the code to have ended", err)
	}
}

func TestNobodyGetsInByAddressAlone(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	ann := register(t, s.Engine)
	before := enginetest.Dump(s.Store)
	if _, err := s.enter(s.one, someone()); !is(err, fault.Conflict, "link_required") {
		t.Errorf("got %v, want link_required", err)
	}
	if enginetest.Dump(s.Store) != before {
		t.Error("something was saved")
	}
	tr := s.away(ann.Actor(), s.one, someone())
	done, err := s.Accounts.FinishIdentity(t.Context(), "one", tr.IdentityReturn)
	if err != nil || done.Linked == nil || done.Linked.Subject != "1001" || done.Code != "" || done.Return != "/home" {
		t.Fatalf("got %+v, %v; want it linked", done, err)
	}
	if got := s.entered(s.one, someone()); got.User.ID != ann.User.ID {
		t.Errorf("got %s, want %s", got.User.ID, ann.User.ID)
	}
	again := s.away(ann.Actor(), s.one, someone())
	if done, err := s.Accounts.FinishIdentity(t.Context(), "one", again.IdentityReturn); err != nil || done.Linked == nil {
		t.Errorf("got %+v, %v; want no error to link what is linked", done, err)
	}
}

func TestWhoCannotRegisterWithAService(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*identity.Identity)
		mode   core.Registration
		code   string
	}{
		"no address":         {func(i *identity.Identity) { i.Email, i.EmailVerified = "", false }, core.RegistrationOpen, "email_missing"},
		"an odd address":     {func(i *identity.Identity) { i.Email = "ann\x00@example.com" }, core.RegistrationOpen, "email_missing"},
		"an unproven one":    {func(i *identity.Identity) { i.EmailVerified = false }, core.RegistrationOpen, "email_unverified"},
		"nobody may":         {func(*identity.Identity) {}, core.RegistrationClosed, "registration_closed"},
		"the first one only": {func(*identity.Identity) {}, core.RegistrationFirst, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withServices(t, func(c *core.Config) { c.Registration = tc.mode })
			who := someone()
			tc.change(&who)
			_, err := s.enter(s.one, who)
			if tc.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				tc.code = "registration_closed"
				_, err = s.enter(s.two, identity.Identity{Subject: "2", Email: "bob@example.com", EmailVerified: true})
			}
			if !is(err, fault.Denied, tc.code) {
				t.Errorf("got %v, want %s", err, tc.code)
			}
		})
	}
}

func TestNamesOfServicesAreMadeStorable(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	who := someone()
	who.Name = " A\x00n\xffn " + strings.Repeat("ü", 200)
	if got := s.entered(s.one, who).User.Name; !strings.HasPrefix(got, "Ann ü") || len([]rune(got)) != 128 {
		t.Errorf("got %q", got)
	}
}

func TestOnePersonInManyWindows(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	trips := make([]trip, 8)
	for i := range trips {
		trips[i] = s.away(domain.Actor{}, s.one, someone())
	}
	var wg sync.WaitGroup
	for _, tr := range trips {
		wg.Go(func() {
			done, err := s.Accounts.FinishIdentity(t.Context(), "one", tr.IdentityReturn)
			if err == nil {
				_, err = s.Accounts.ExchangeIdentity(t.Context(), done.Code, tr.Browser, account.Origin{})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, err := s.Store.Users().Count(t.Context()); n != 1 || err != nil {
		t.Errorf("got %d people, %v; want one", n, err)
	}
}

func TestAnIdentityHasOnePerson(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	ann := s.entered(s.one, someone())
	bob := s.entered(s.two, identity.Identity{Subject: "b", Email: "bob@example.com", EmailVerified: true})
	tr := s.away(bob.Actor(), s.one, someone())
	if done, err := s.Accounts.FinishIdentity(t.Context(), "one", tr.IdentityReturn); !is(err, fault.Conflict, "identity_taken") || done.Linked != nil {
		t.Errorf("got %+v, %v; want identity_taken", done, err)
	}
	if got := s.entered(s.one, someone()); got.User.ID != ann.User.ID {
		t.Errorf("got %s, want %s", got.User.ID, ann.User.ID)
	}
	if _, err := s.Accounts.BeginLink(t.Context(), s.Owner, "one", core.IdentityStart{}); !is(err, fault.Denied, "not_a_person") {
		t.Errorf("got %v, want a program refused", err)
	}
}

func TestTheLastWayInStays(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	ann := s.entered(s.one, someone())
	a := ann.Actor()
	list, err := s.Accounts.Identities(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Accounts.Unlink(t.Context(), a, list[0].ID); !is(err, fault.Conflict, "last_way_in") {
		t.Errorf("got %v, want last_way_in", err)
	}
	if err := s.Accounts.Unlink(t.Context(), a, "none"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
	tr := s.away(a, s.two, someone())
	done, err := s.Accounts.FinishIdentity(t.Context(), "two", tr.IdentityReturn)
	if err != nil {
		t.Fatal(err)
	}
	bob := s.entered(s.two, identity.Identity{Subject: "b", Email: "bob@example.com", EmailVerified: true})
	if err := s.Accounts.Unlink(t.Context(), bob.Actor(), list[0].ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, want the identity of somebody else not found", err)
	}
	got := make([]error, 2)
	var wg sync.WaitGroup
	for i, id := range []domain.IdentityID{list[0].ID, done.Linked.ID} {
		wg.Go(func() { got[i] = s.Accounts.Unlink(t.Context(), a, id) })
	}
	wg.Wait()
	if (got[0] == nil) == (got[1] == nil) {
		t.Errorf("two at once: got %v and %v, want one of them refused", got[0], got[1])
	}
	if list, err = s.Accounts.Identities(t.Context(), a); err != nil || len(list) != 1 {
		t.Errorf("got %+v, %v; want one left", list, err)
	}
}

func TestAPasswordIsAWayIn(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	a := register(t, s.Engine).Actor()
	tr := s.away(a, s.one, someone())
	done, err := s.Accounts.FinishIdentity(t.Context(), "one", tr.IdentityReturn)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Accounts.Unlink(t.Context(), a, done.Linked.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.enter(s.one, someone()); !is(err, fault.Conflict, "link_required") {
		t.Errorf("got %v, want an identity that was unlinked to be no way in", err)
	}
}

func TestServicesMustBeTold(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	if got := s.Accounts.IdentityProviders(); len(got) != 2 || got[0] != (identity.Descriptor{ID: "one", Name: "Service one"}) {
		t.Errorf("got %+v", got)
	}
	if _, err := s.Accounts.BeginIdentity(t.Context(), "six", core.IdentityStart{}); !is(err, fault.NotFound, "identity_provider_not_found") {
		t.Errorf("got %v, want not found", err)
	}
	s = withServices(t, func(c *core.Config) { c.Hasher = nil })
	if _, err := s.Accounts.BeginIdentity(t.Context(), "one", core.IdentityStart{}); !is(err, fault.Unavailable, "no_accounts") {
		t.Errorf("got %v, want no accounts", err)
	}
	for name, list := range map[string][]identity.Provider{"twice": {s.one, s.one}, "no id": {nameless{}}} {
		if _, err := core.New(core.Config{Identities: list}); err == nil || !strings.Contains(err.Error(), "Config.Identities") {
			t.Errorf("%s: got %v, want it to name the field", name, err)
		}
	}
}

type nameless struct{ identity.Provider }

func (nameless) Descriptor() identity.Descriptor { return identity.Descriptor{} }
