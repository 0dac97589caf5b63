package account_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

// TestRefreshesAtOnce: two windows of a browser ask with one token, or an
// answer got lost. All get the same new token, so there is one family.
func TestRefreshesAtOnce(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	s := register(t, e)
	var wg sync.WaitGroup
	got, errs := make([]string, 8), make([]error, 8)
	for i := range got {
		wg.Go(func() {
			out, err := e.Accounts.Refresh(t.Context(), s.Refresh, account.Origin{})
			got[i], errs[i] = out.Refresh, err
		})
	}
	wg.Wait()
	for i := range got {
		if errs[i] != nil || got[i] == s.Refresh || got[i] != got[0] {
			t.Errorf("got %q, %v; want %q", got[i], errs[i], got[0])
		}
	}
	next, err := e.Accounts.Refresh(t.Context(), got[0], account.Origin{})
	if err != nil || next.Refresh == got[0] {
		t.Fatalf("got %v, want the new token to be good", err)
	}
	// The first one is not the last that was traded any more.
	if _, err := e.Accounts.Refresh(t.Context(), s.Refresh, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want a token refused whose successor was used", err)
	}
	if _, err := e.Accounts.Refresh(t.Context(), next.Refresh, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want the sign-in ended by the replay", err)
	}
}

func TestWhatASignInRemembers(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24", "2001:db8:1:2::3": "2001:db8:1::/48",
		"fe80::1%eth0": "fe80::/48", "": "", "nonsense": "",
	} {
		e := enginetest.New(t)
		in := ann()
		in.From = account.Origin{UserAgent: "Browser\x00 1.0\n\xff", Address: address}
		s, err := e.Accounts.Register(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		list, err := e.Accounts.Sessions(t.Context(), s.Actor())
		if err != nil || len(list) != 1 || list[0].Address != want || list[0].UserAgent != "Browser 1.0" {
			t.Errorf("%q: got %+v, %v; want %q", address, list, err, want)
		}
	}
}

func TestEndingSignIns(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	one := register(t, e)
	login := func() account.SignedIn {
		t.Helper()
		e.Clock.Advance(time.Second)
		s, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	two, three := login(), login()
	in := ann()
	in.Email = "bob@example.com"
	bob, err := e.Accounts.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	list, err := e.Accounts.Sessions(t.Context(), one.Actor())
	if err != nil || len(list) != 3 || list[0].ID != three.Session || list[2].ID != one.Session {
		t.Errorf("got %+v, %v; want three, the newest first", list, err)
	}
	if err := e.Accounts.EndSession(t.Context(), bob.Actor(), one.Session); !errors.Is(err, &fault.Error{Kind: fault.NotFound, Code: "session_not_found"}) {
		t.Errorf("got %v, want somebody else's sign-in not found", err)
	}
	alive := func(s account.SignedIn) bool {
		_, err := e.Accounts.Authenticate(t.Context(), s.Session, s.User.ID, s.Organization.ID)
		if err != nil && !errors.Is(err, &fault.Error{Kind: fault.Unauthenticated, Code: "signed_out"}) {
			t.Errorf("got %v, want signed_out", err)
		}
		return err == nil
	}
	if err := e.Accounts.EndSession(t.Context(), one.Actor(), two.Session); err != nil || alive(two) || !alive(one) || !alive(three) {
		t.Errorf("got %v; want one of three to end", err)
	}
	if _, err := e.Accounts.Refresh(t.Context(), two.Refresh, account.Origin{}); !refused(err) {
		t.Errorf("got %v, want the refresh token of a sign-in that ended refused", err)
	}
	if err := e.Accounts.EndSession(t.Context(), one.Actor(), two.Session); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want one that ended not found", err)
	}
	if err := e.Accounts.ChangePassword(t.Context(), one.Actor(), "correct horse", "battery staple"); err != nil || !alive(one) || alive(three) {
		t.Errorf("got %v; want a new password to end the others", err)
	}
	if err := e.Accounts.EndSessions(t.Context(), one.Actor()); err != nil || alive(one) || !alive(bob) {
		t.Errorf("got %v; want all of one person to end", err)
	}
	if _, err := e.Accounts.Sessions(t.Context(), domain.System(e.Org.ID)); fault.KindOf(err) != fault.Denied {
		t.Errorf("got %v, want programs to have no sign-ins", err)
	}
}
