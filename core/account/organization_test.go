package account_test

import (
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestConfigureAnOrganization(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	for name, tc := range map[string]struct {
		a    domain.Actor
		in   core.OrganizationSettings
		want fault.Kind
	}{
		"an admin":      {enginetest.As(e.Owner, domain.RoleAdmin, "bob"), core.OrganizationSettings{RequireApproval: true, LateWindow: time.Hour}, ""},
		"a user":        {enginetest.As(e.Owner, domain.RoleUser, "ann"), core.OrganizationSettings{}, fault.Denied},
		"less than now": {e.Owner, core.OrganizationSettings{LateWindow: -1}, fault.Invalid},
		"for ever":      {e.Owner, core.OrganizationSettings{LateWindow: 31 * 24 * time.Hour}, fault.Invalid},
	} {
		if _, err := e.Accounts.ConfigureOrganization(t.Context(), tc.a, tc.in); fault.KindOf(err) != tc.want {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
	o, err := e.Accounts.Organization(t.Context(), e.Owner)
	if err != nil || !o.RequireApproval || o.LateWindow != time.Hour || o.Name != e.Org.Name {
		t.Errorf("got %+v and %v, want what the admin set", o, err)
	}
}

func TestThePersonWhoCameFirstOwnsTheInstallation(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	if a, err := e.Accounts.AsOperator(t.Context(), e.Owner); err != nil || a.Operator {
		t.Errorf("a program where nobody is: got %+v, %v", a, err)
	}
	first := register(t, e)
	e.Clock.Advance(time.Second)
	in := ann()
	in.Email = "bob@example.com"
	second, err := e.Accounts.Register(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	program := e.Owner
	program.Operator = true
	for name, tc := range map[string]struct {
		a    domain.Actor
		want bool
	}{"the first": {first.Actor(), true}, "the second": {second.Actor(), false}, "a program": {e.Owner, false}, "a program that says so": {program, true}} {
		if a, err := e.Accounts.AsOperator(t.Context(), tc.a); err != nil || a.Operator != tc.want {
			t.Errorf("%s: got %+v, %v; want %t", name, a, err, tc.want)
		}
	}
}
