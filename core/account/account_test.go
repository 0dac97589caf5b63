package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func ann() account.RegisterInput {
	return account.RegisterInput{Email: "ann@example.com", Password: "correct horse", Name: "Ann", Zone: "Europe/Berlin"}
}

func register(t *testing.T, e *enginetest.Engine) account.SignedIn {
	t.Helper()
	s, err := e.Accounts.Register(t.Context(), ann())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRegister(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := ann()
	in.Email = "  Ann@Example.COM\n"
	s, err := e.Accounts.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if s.User.Email != "ann@example.com" || s.Role != domain.RoleOwner || s.Organization.Name != "Ann" || s.Organization.Zone != "Europe/Berlin" {
		t.Errorf("got %+v", s)
	}
	if !s.RefreshExpires.Equal(enginetest.Start.Add(30*24*time.Hour)) || !strings.HasPrefix(s.Refresh, string(s.Session)+".") {
		t.Errorf("got %q until %v", s.Refresh, s.RefreshExpires)
	}
	dump := enginetest.Dump(e.Store)
	for _, secret := range []string{"correct horse", s.Refresh, strings.TrimPrefix(s.Refresh, string(s.Session)+".")} {
		if strings.Contains(dump, secret) {
			t.Error("a secret can be read in the store")
		}
	}
	a, err := e.Accounts.Authenticate(t.Context(), s.Session, s.User.ID, s.Organization.ID)
	if err != nil || a != s.Actor() {
		t.Errorf("got %+v, %v; want %+v", a, err, s.Actor())
	}
	if _, err := e.Accounts.Authenticate(t.Context(), s.Session, s.User.ID, e.Org.ID); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("got %v, want no way into another organization", err)
	}
}

func TestRegisterReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	before := enginetest.Dump(e.Store)
	long := strings.Repeat("x", 129)
	_, err := e.Accounts.Register(t.Context(), account.RegisterInput{Email: "ann", Password: "short", Name: long, Organization: "a\x00", Zone: "Mars/Base"})
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("got %v, want invalid", err)
	}
	var got []string
	for _, p := range f.Problems {
		got = append(got, p.Field+" "+p.Rule)
	}
	if want := []string{"email format", "password length", "name too_long", "organization characters", "timezone zone"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if enginetest.Dump(e.Store) != before {
		t.Error("something was saved")
	}
}

func TestAddressesAndPasswords(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*account.RegisterInput)
		ok     bool
	}{
		"plain":              {func(*account.RegisterInput) {}, true},
		"with a tag":         {func(in *account.RegisterInput) { in.Email = "ann+tag@example.com" }, true},
		"with a name":        {func(in *account.RegisterInput) { in.Email = "Ann <ann@example.com>" }, false},
		"with a comment":     {func(in *account.RegisterInput) { in.Email = "ann@example.com(x)" }, false},
		"with a tab":         {func(in *account.RegisterInput) { in.Email = "ann\t@example.com" }, false},
		"two":                {func(in *account.RegisterInput) { in.Email = "a@example.com,b@example.com" }, false},
		"no domain":          {func(in *account.RegisterInput) { in.Email = "ann@" }, false},
		"too long":           {func(in *account.RegisterInput) { in.Email = strings.Repeat("a", 250) + "@x.de" }, false},
		"with a NUL":         {func(in *account.RegisterInput) { in.Email = "a\x00@example.com" }, false},
		"eight characters":   {func(in *account.RegisterInput) { in.Password = "éééééééé" }, true},
		"seven characters":   {func(in *account.RegisterInput) { in.Password = "ééééééé" }, false},
		"256 bytes":          {func(in *account.RegisterInput) { in.Password = strings.Repeat("x", 256) }, true},
		"257 bytes":          {func(in *account.RegisterInput) { in.Password = strings.Repeat("x", 257) }, false},
		"the machine's zone": {func(in *account.RegisterInput) { in.Zone = "Local" }, false},
		"no zone":            {func(in *account.RegisterInput) { in.Zone = "" }, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			in := ann()
			tc.change(&in)
			_, err := e.Accounts.Register(t.Context(), in)
			if tc.ok != (err == nil) || !tc.ok && fault.KindOf(err) != fault.Invalid {
				t.Fatalf("got %v, want ok %t", err, tc.ok)
			}
			if tc.ok {
				if _, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: strings.ToUpper(in.Email), Password: in.Password}); err != nil {
					t.Errorf("who registered cannot sign in: %v", err)
				}
			}
		})
	}
}

func TestAnAddressIsTakenOnce(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	register(t, e)
	before := enginetest.Dump(e.Store)
	in := ann()
	in.Email = "ANN@example.com"
	_, err := e.Accounts.Register(t.Context(), in)
	if !errors.Is(err, &fault.Error{Kind: fault.Conflict, Code: "email_taken"}) || enginetest.Dump(e.Store) != before {
		t.Errorf("got %v, want email_taken and nothing saved", err)
	}
}

func TestWhoMayRegister(t *testing.T) {
	t.Parallel()
	closed := &fault.Error{Kind: fault.Denied, Code: "registration_closed"}
	e := enginetest.New(t, func(c *core.Config) { c.Registration = core.RegistrationClosed })
	if _, err := e.Accounts.Register(t.Context(), ann()); !errors.Is(err, closed) {
		t.Errorf("closed: got %v", err)
	}
	e = enginetest.New(t, func(c *core.Config) { c.Registration = core.RegistrationFirst })
	if empty, err := e.Accounts.Empty(t.Context()); !empty || err != nil {
		t.Errorf("got %t, %v; want nobody yet", empty, err)
	}
	var wg sync.WaitGroup
	got := make([]error, 8)
	for i := range got {
		wg.Go(func() {
			in := ann()
			in.Email = fmt.Sprintf("ann%d@example.com", i)
			_, got[i] = e.Accounts.Register(t.Context(), in)
		})
	}
	wg.Wait()
	in := 0
	for _, err := range got {
		switch {
		case err == nil:
			in++
		case !errors.Is(err, closed):
			t.Errorf("got %v, want registration_closed", err)
		}
	}
	if n, err := e.Store.Users().Count(t.Context()); in != 1 || n != 1 || err != nil {
		t.Errorf("got %d who got in and %d people, %v; want exactly one first", in, n, err)
	}
	if empty, err := e.Accounts.Empty(t.Context()); empty || err != nil {
		t.Errorf("got %t, %v; want somebody", empty, err)
	}
}

func TestLoginTellsNothing(t *testing.T) {
	t.Parallel()
	h := &countingHasher{}
	e := enginetest.New(t, func(c *core.Config) { h.Hasher = c.Hasher; c.Hasher = h })
	register(t, e)
	var texts []string
	for _, in := range [][2]string{{"ann@example.com", "wrong password"}, {"bob@example.com", "correct horse"}, {"", ""}, {"ann@example.com", ""}, {"ann@example.com", strings.Repeat("x", 5000)}} {
		before := h.verified
		_, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: in[0], Password: in[1]})
		if !errors.Is(err, &fault.Error{Kind: fault.Unauthenticated, Code: "wrong_credentials"}) || h.verified != before+1 {
			t.Errorf("got %v after %d checks, want the one answer after one", err, h.verified-before)
		}
		if h.longest > 256 {
			t.Errorf("a password of %d bytes was hashed", h.longest)
		}
		texts = append(texts, fmt.Sprint(err))
	}
	if slices.Sort(texts); len(slices.Compact(texts)) != 1 {
		t.Errorf("got different answers: %q", texts)
	}
	s, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: " ANN@example.com ", Password: "correct horse"})
	if err != nil || s.User.Email != "ann@example.com" || s.Role != domain.RoleOwner {
		t.Errorf("got %+v, %v", s, err)
	}
}

type countingHasher struct {
	Hasher
	verified, longest int
}

// Hasher is password.Hasher under a name that can be embedded.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, encoded, password string) (bool, error)
	Stale(encoded string) bool
}

func (h *countingHasher) Verify(ctx context.Context, encoded, password string) (bool, error) {
	h.verified++
	h.longest = max(h.longest, len(password))
	return h.Hasher.Verify(ctx, encoded, password)
}

func refused(err error) bool {
	return errors.Is(err, &fault.Error{Kind: fault.Unauthenticated, Code: "refresh_refused"})
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	first := register(t, e)
	e.Clock.Advance(29 * 24 * time.Hour)
	second, err := e.Accounts.Refresh(t.Context(), first.Refresh, account.Origin{})
	if err != nil || second.Refresh == first.Refresh || second.Session != first.Session || second.User.ID != first.User.ID || second.Role != domain.RoleOwner {
		t.Fatalf("got %+v, %v; want a new token of the same sign-in", second, err)
	}
	if want := e.Clock.Now().Add(account.RefreshLife); !second.RefreshExpires.Equal(want) {
		t.Errorf("got an end at %v, want %v", second.RefreshExpires, want)
	}
	e.Clock.Advance(29 * 24 * time.Hour)
	third, err := e.Accounts.Refresh(t.Context(), second.Refresh, account.Origin{})
	if err != nil {
		t.Fatalf("use does not keep a sign-in alive: %v", err)
	}
	e.Clock.Advance(30 * 24 * time.Hour)
	if _, err := e.Accounts.Refresh(t.Context(), third.Refresh, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want it to have ended", err)
	}
}

func TestAReplayEndsTheSignIn(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	first := register(t, e)
	other, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := e.Accounts.Refresh(t.Context(), first.Refresh, account.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	e.Clock.Advance(account.RefreshGrace)
	if _, err := e.Accounts.Refresh(t.Context(), first.Refresh, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want an old token refused", err)
	}
	if _, err := e.Accounts.Refresh(t.Context(), second.Refresh, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want the newest token of a stolen sign-in refused", err)
	}
	if _, err := e.Accounts.Refresh(t.Context(), other.Refresh, account.Origin{}); err != nil {
		t.Errorf("another sign-in of the person ended, too: %v", err)
	}
}

func TestTokensThatNobodyMade(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	register(t, e)
	for _, token := range []string{"", ".", "x", "none.secret", strings.Repeat("a", 10000)} {
		if _, err := e.Accounts.Refresh(t.Context(), token, account.Origin{}); !refused(err) {
			t.Errorf("%.20q: got %v, want it refused", token, err)
		}
	}
}

// away is a store that cannot answer who is a member.
type away struct {
	store.Store
	err *error
}

func (a away) Members() store.Members { return awayMembers{a.Store.Members(), a.err} }

func (a away) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return a.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error { return fn(ctx, awayRepos{r, a.err}) })
}

type awayRepos struct {
	store.Repos
	err *error
}

func (r awayRepos) Members() store.Members { return awayMembers{r.Repos.Members(), r.err} }

type awayMembers struct {
	store.Members
	err *error
}

func (m awayMembers) Get(ctx context.Context, org domain.OrganizationID, user domain.UserID) (domain.Member, error) {
	if *m.err != nil {
		return domain.Member{}, *m.err
	}
	return m.Members.Get(ctx, org, user)
}

func TestAFailureOfTheStoreDoesNotEndTheSignIn(t *testing.T) {
	t.Parallel()
	var failure error
	e := enginetest.New(t, func(c *core.Config) { c.Store = away{memstore.New(), &failure} })
	s := register(t, e)
	failure = fault.New(fault.Unavailable, "down", "Down.")
	if _, err := e.Accounts.Refresh(t.Context(), s.Refresh, account.Origin{}); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("got %v, want unavailable", err)
	}
	failure = nil
	if _, err := e.Accounts.Refresh(t.Context(), s.Refresh, account.Origin{}); err != nil {
		t.Errorf("the token that was never replaced is refused: %v", err)
	}
}

func TestWithoutAHasher(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t, func(c *core.Config) { c.Hasher = nil })
	if _, err := e.Accounts.Register(t.Context(), ann()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "x"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestCreateOrganization(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	for _, in := range [][2]string{{"", ""}, {"  ", ""}, {"x", "Mars/Base"}, {strings.Repeat("x", 129), ""}} {
		if _, err := e.Accounts.CreateOrganization(t.Context(), in[0], in[1]); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q in %q: got %v, want invalid", in[0], in[1], err)
		}
	}
	org, a := e.NewOrganization("Asia/Tokyo")
	if got, err := e.Accounts.Organization(t.Context(), a); err != nil || got.ID != org.ID || got.Zone != "Asia/Tokyo" {
		t.Errorf("got %+v, %v", got, err)
	}
}
