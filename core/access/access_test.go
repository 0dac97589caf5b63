package access_test

import (
	"testing"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

func TestThePolicyDecides(t *testing.T) {
	t.Parallel()
	policy := permit.Default()
	c := access.New(policy)
	for _, role := range append(permit.Roles(), "", "OWNER") {
		for _, res := range append(permit.Resources(), "") {
			for _, act := range append(permit.Actions(), "fly") {
				a := domain.Actor{Organization: "o", User: "u", Role: role}
				want := fault.Denied
				if policy.May("o", role, res, act) {
					want = ""
				}
				if got := fault.KindOf(c.Check(a, res, act)); got != want {
					t.Errorf("%q %s %s: got %q, want %q", role, res, act, got, want)
				}
				if a.Organization = ""; fault.KindOf(c.Check(a, res, act)) != fault.Unauthenticated {
					t.Errorf("%q %s %s is allowed outside of every organization", role, res, act)
				}
			}
		}
	}
}

func TestAnOrganizationMayHaveRulesOfItsOwn(t *testing.T) {
	t.Parallel()
	policy, err := permit.Parse("p, role:user, here, channels, create\n")
	if err != nil {
		t.Fatal(err)
	}
	c := access.New(policy)
	for org, want := range map[domain.OrganizationID]fault.Kind{"here": "", "there": fault.Denied} {
		if got := fault.KindOf(c.Check(domain.Actor{Organization: org, Role: domain.RoleUser}, permit.Channels, permit.Create)); got != want {
			t.Errorf("%s: got %q, want %q", org, got, want)
		}
	}
}

func TestOwnThings(t *testing.T) {
	t.Parallel()
	c := access.New(permit.Default())
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
		for _, res := range []permit.Resource{permit.Posts, permit.Media} {
			if got := fault.KindOf(c.CheckOwned(a, res, permit.Update, tc.owner)); got != tc.want {
				t.Errorf("%s, %s: got %q, want %q", name, res, got, tc.want)
			}
		}
	}
	admin := domain.Actor{Organization: "o", User: "a", Role: domain.RoleAdmin}
	if err := c.CheckOwned(admin, permit.Channels, permit.Update, "b"); err != nil {
		t.Errorf("got %v, want no difference between owners where there is none", err)
	}
}

func TestOperators(t *testing.T) {
	t.Parallel()
	c := access.New(permit.Default())
	cases := map[string]struct {
		a    domain.Actor
		want fault.Kind
	}{
		"a viewer who owns it":        {domain.Actor{Organization: "o", User: "a", Role: domain.RoleViewer, Operator: true}, ""},
		"an owner of an organization": {domain.Actor{Organization: "o", User: "b", Role: domain.RoleOwner}, fault.Denied},
		"a program for a tenant":      {domain.System("o"), fault.Denied},
		"a program that says so":      {domain.Actor{Organization: "o", Role: domain.RoleOwner, Operator: true}, ""},
		"one who is in none":          {domain.Actor{User: "a", Operator: true}, fault.Unauthenticated},
	}
	for name, tc := range cases {
		if got := fault.KindOf(c.Check(tc.a, permit.Installation, permit.Update)); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
	if c.Check(cases["a viewer who owns it"].a, permit.Posts, permit.Create) == nil {
		t.Error("who owns the installation may write in an organization where they only read")
	}
}
