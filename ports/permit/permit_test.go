package permit_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/testkit/permittest"
)

func TestTableConforms(t *testing.T) {
	t.Parallel()
	permittest.Run(t, func(policy string) (permit.Policy, error) { return permit.Parse(policy) })
}

// TestTheRolesAreWhatTheyPromise holds the policy against what the roles are
// for, in other words than its own.
func TestTheRolesAreWhatTheyPromise(t *testing.T) {
	t.Parallel()
	p := permit.Default()
	ownerOnly := map[string]bool{"organization delete": true, "ownership update": true, "billing update": true}
	for _, res := range permit.Resources() {
		for _, act := range permit.Actions() {
			may := func(r domain.Role) bool { return p.May("o", r, res, act) }
			what := string(res) + " " + string(act)
			own := res == permit.Account || res == permit.Posts || res == permit.Media
			if may("viewer") && act != permit.Read && res != permit.Account {
				t.Errorf("a viewer may %s, and should only read", what)
			}
			if may("user") && !may("viewer") && !own {
				t.Errorf("a user may %s, which is not their own", what)
			}
			if own && !may("user") {
				t.Errorf("a user may not %s, which is their own", what)
			}
			if may("admin") == ownerOnly[what] && (may("owner") || may("admin")) {
				t.Errorf("%s: an owner may do everything, an admin everything but %v", what, ownerOnly)
			}
			if ownerOnly[what] && !may("owner") {
				t.Errorf("an owner may not %s", what)
			}
			roles := domain.Roles()
			for i, role := range roles[1:] {
				if may(role) && !may(roles[i]) {
					t.Errorf("%s may %s, and %s may not", role, what, roles[i])
				}
			}
			if got := may(permit.Operator); got != (what == "installation update") {
				t.Errorf("an operator who is no member may %s: %t", what, got)
			}
			if res == permit.Installation && act != permit.Read && may("owner") {
				t.Errorf("an owner of one organization may %s, which is all of theirs", what)
			}
		}
	}
}

func TestEveryWrongRuleIsNamed(t *testing.T) {
	t.Parallel()
	_, err := permit.Parse("# a\np, role:user, *, posts, read\np, role:user, *, posts, fly\n\ng, role:boss, role:user\n")
	if err == nil || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "line 5") || strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want lines 3 and 5", err)
	}
}

func TestTheZeroTableGrantsNothing(t *testing.T) {
	t.Parallel()
	if new(permit.Table).May("o", domain.RoleOwner, permit.Posts, permit.Read) {
		t.Error("it does")
	}
}
