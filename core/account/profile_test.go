package account_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

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
