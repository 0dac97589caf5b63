package access_test

import (
	"testing"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	actions := []access.Action{
		access.Read, access.Write, access.WriteAny, access.ManageChannels, access.ManageJobs, access.Approve, access.ManageOrganization,
	}
	want := map[domain.Role][7]bool{
		domain.RoleOwner:  {true, true, true, true, true, true, true},
		domain.RoleAdmin:  {true, true, true, true, true, true, true},
		domain.RoleUser:   {true, true},
		domain.RoleViewer: {true},
		"":                {},
		"OWNER":           {},
	}
	for role, may := range want {
		for i, act := range actions {
			a := domain.Actor{Organization: "o", User: "u", Role: role}
			if got := access.Check(a, act) == nil; got != may[i] {
				t.Errorf("%q %s: got %t, want %t", role, act, got, may[i])
			}
			if a.Organization = ""; fault.KindOf(access.Check(a, act)) != fault.Unauthenticated {
				t.Errorf("%q %s is allowed outside of every organization", role, act)
			}
		}
	}
	if access.Check(domain.System("o"), "fly") == nil {
		t.Error("an action that nobody knows is allowed")
	}
}

func TestOwnThings(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		role        domain.Role
		user, owner domain.UserID
		want        fault.Kind
	}{
		"own":           {domain.RoleUser, "a", "a", ""},
		"of another":    {domain.RoleUser, "a", "b", fault.Denied},
		"of a program":  {domain.RoleUser, "a", "", fault.Denied},
		"admin":         {domain.RoleAdmin, "a", "b", ""},
		"viewer's own":  {domain.RoleViewer, "a", "a", fault.Denied},
		"program's own": {domain.RoleOwner, "", "", ""},
	}
	for name, tc := range cases {
		a := domain.Actor{Organization: "o", User: tc.user, Role: tc.role}
		if got := fault.KindOf(access.CheckOwned(a, tc.owner)); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestWhoOwnsTheInstallation(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		a     domain.Actor
		first domain.UserID
		want  fault.Kind
	}{
		"the first person":             {domain.Actor{Organization: "o", User: "a", Role: domain.RoleUser}, "a", ""},
		"an owner of an organization":  {domain.Actor{Organization: "o", User: "b", Role: domain.RoleOwner}, "a", fault.Denied},
		"a program for a tenant":       {domain.System("o"), "a", fault.Denied},
		"a program where nobody is":    {domain.System("o"), "", fault.Denied},
		"a program that says so":       {domain.Actor{Organization: "o", Role: domain.RoleOwner, Operator: true}, "", ""},
		"the first person, not inside": {domain.Actor{User: "a"}, "a", fault.Unauthenticated},
	}
	for name, tc := range cases {
		if got := fault.KindOf(access.CheckOperator(tc.a, tc.first)); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}
