package team_test

import (
	"slices"
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func (c *crew) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// TestTheAuditLogKnowsTheTeam: each step leaves one entry, which names who did it.
func TestTheAuditLogKnowsTheTeam(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	owner, admin, user := c.by["owner"], c.by["admin"], c.by["user"]
	bob := c.stranger("bob@example.org")
	taken, left := c.invite("admin", "viewer"), c.invite("admin", "user")
	_, err := c.Team.Accept(t.Context(), bob, taken.Secret)
	c.must(err)
	c.must(c.Team.Withdraw(t.Context(), owner, left.ID))
	for range 2 { // the second time changes nothing
		_, err = c.Team.SetRole(t.Context(), owner, user.User, "viewer")
		c.must(err)
	}
	c.must(c.Team.Remove(t.Context(), admin, bob.User))
	c.must(c.Team.Leave(t.Context(), user))
	c.must(c.Team.Transfer(t.Context(), owner, admin.User))
	for range 2 {
		_, err = c.Team.End(t.Context(), domain.Actor{Organization: c.Org.ID, User: admin.User, Role: domain.RoleOwner})
		c.must(err)
	}
	_, err = c.Team.Keep(t.Context(), domain.Actor{Organization: c.Org.ID, User: admin.User, Role: domain.RoleOwner})
	c.must(err)

	entries, err := c.Audit.List(t.Context(), c.Owner, store.AuditFilter{Page: store.Page{Limit: 100}})
	c.must(err)
	type line struct {
		action string
		by     domain.UserID
		id     string
	}
	var got []line
	for _, e := range entries {
		got = append(got, line{e.Action, e.User, e.ResourceID})
	}
	want := []line{
		{"invitation.made", admin.User, string(taken.ID)},
		{"invitation.made", admin.User, string(left.ID)},
		{"member.joined", bob.User, string(bob.User)},
		{"invitation.withdrawn", owner.User, string(left.ID)},
		{"member.role_changed", owner.User, string(user.User)},
		{"member.removed", admin.User, string(bob.User)},
		{"member.left", user.User, string(user.User)},
		{"member.role_changed", owner.User, string(admin.User)},
		{"member.role_changed", owner.User, string(owner.User)},
		{"organization.ending", admin.User, string(c.Org.ID)},
		{"organization.kept", admin.User, string(c.Org.ID)},
	}
	order := func(a, b line) int {
		return slices.Compare([]string{a.action, string(a.by), a.id}, []string{b.action, string(b.by), b.id})
	}
	slices.SortFunc(got, order) // the clock stands still
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		t.Errorf("got %v,\nwant %v", got, want)
	}
}
