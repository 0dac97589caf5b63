package account_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

// TestAnExport has everything of the person who asks, and nothing of others.
func TestAnExport(t *testing.T) {
	t.Parallel()
	s := withServices(t)
	p := enroll(t, s.Engine)
	tr := s.away(p.ann.Actor(), s.one, someone())
	if _, err := s.Accounts.FinishIdentity(t.Context(), tr.provider, tr.IdentityReturn); err != nil {
		t.Fatal(err)
	}
	bob := someone()
	bob.Subject, bob.Email = "1002", "bob@example.com"
	s.entered(s.one, bob)
	got, err := s.Accounts.Export(t.Context(), p.ann.Actor())
	if err != nil {
		t.Fatal(err)
	}
	if got.User.ID != p.ann.User.ID || got.User.PasswordHash != "" {
		t.Errorf("got the person %+v, want Ann without a hash", got.User)
	}
	if len(got.Places) != 1 || got.Places[0].Organization.ID != p.ann.Organization.ID || got.Places[0].Role != domain.RoleOwner {
		t.Errorf("got the organizations %+v, want Ann's", got.Places)
	}
	if len(got.Identities) != 1 || got.Identities[0].Subject != "1001" || len(got.Sessions) != 1 || got.Sessions[0].ID != p.ann.Session {
		t.Errorf("got the ways in %+v and the sign-ins %+v, want Ann's", got.Identities, got.Sessions)
	}
	if got.Factor.Since.IsZero() || got.Factor.RecoveryLeft != 10 {
		t.Errorf("got the second factor %+v, want it with ten codes", got.Factor)
	}
	if _, err := s.Accounts.Export(t.Context(), domain.System(p.ann.Organization.ID)); fault.KindOf(err) != fault.Denied {
		t.Errorf("a program: got error %v, want it refused", err)
	}
}

func TestAProfile(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a := register(t, e).Actor()
	want := domain.Profile{Zone: "Asia/Tokyo", Language: "de-AT", WeekStart: domain.WeekFromSunday, TimeFormat: domain.TimeOf12Hours}
	u, err := e.Accounts.SetProfile(t.Context(), a, account.ProfileInput{Name: " Ann B. ", Profile: want})
	if err != nil || u.Name != "Ann B." || u.Profile != want || u.PasswordHash != "" {
		t.Errorf("got %+v, %v; want what was set, and no hash", u, err)
	}
	if u, err := e.Accounts.Person(t.Context(), a); err != nil || u.Profile != want || u.PasswordHash != "" {
		t.Errorf("got %+v, %v; want what was set, and no hash", u, err)
	}
	for name, p := range map[string]domain.Profile{
		"a zone of Mars": {Zone: "Mars/Base"}, "a language with spaces": {Language: "de AT"}, "half a language": {Language: "de-"},
		"a long language": {Language: strings.Repeat("a", 36)}, "a week from Friday": {WeekStart: "friday"}, "a time of ten hours": {TimeFormat: "10h"},
	} {
		if _, err := e.Accounts.SetProfile(t.Context(), a, account.ProfileInput{Profile: p}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
	if _, err := e.Accounts.SetProfile(t.Context(), domain.System(e.Org.ID), account.ProfileInput{}); fault.KindOf(err) != fault.Denied {
		t.Errorf("got %v, want programs to have no profile", err)
	}
	if _, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: "ann@example.com", Password: "correct horse"}); err != nil {
		t.Errorf("the password is gone: %v", err)
	}
}
