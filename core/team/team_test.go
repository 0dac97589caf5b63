package team_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// crew is an organization with one member of each role.
type crew struct {
	*enginetest.Engine
	t  *testing.T
	by map[domain.Role]domain.Actor
}

func newCrew(t *testing.T, options ...func(*core.Config)) *crew {
	t.Helper()
	c := &crew{Engine: enginetest.New(t, options...), t: t, by: map[domain.Role]domain.Actor{}}
	for _, role := range domain.Roles() {
		c.by[role] = c.join(c.Org.ID, role, string(role)+"@example.org")
	}
	return c
}

// join makes a person who is a member.
func (c *crew) join(org domain.OrganizationID, role domain.Role, email string) domain.Actor {
	c.t.Helper()
	s, err := c.Accounts.Register(c.t.Context(), core.RegisterInput{Email: email, Password: "long enough"})
	if err != nil {
		c.t.Fatal(err)
	}
	c.Clock.Advance(time.Millisecond)
	if err := c.Store.Members().Insert(c.t.Context(), domain.Member{Organization: org, User: s.User.ID, Role: role, CreatedAt: c.Clock.Now()}); err != nil {
		c.t.Fatal(err)
	}
	return domain.Actor{Organization: org, User: s.User.ID, Role: role}
}

func (c *crew) role(a domain.Actor) domain.Role {
	c.t.Helper()
	m, err := c.Store.Members().Get(c.t.Context(), a.Organization, a.User)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		c.t.Fatal(err)
	}
	return m.Role
}

func is(err error, code string) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return err == nil && code == "" || ok && f.Code == code
}

func TestMembersAreListedWithTheirNames(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	got, err := c.Team.Members(t.Context(), c.by["viewer"], store.Page{Limit: 3})
	if err != nil || len(got) != 3 || got[0].Email != "owner@example.org" || got[0].Role != domain.RoleOwner || got[2].Role != domain.RoleUser {
		t.Fatalf("got %+v, %v; want the first three", got, err)
	}
	_, stranger := c.NewOrganization("")
	if got, err := c.Team.Members(t.Context(), stranger, store.Page{Limit: 9}); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v; want nobody of another tenant", got, err)
	}
}

func TestWhoMaySetWhichRole(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		who, whom, to domain.Role
		want          string
	}{
		"an owner makes an owner":     {"owner", "admin", "owner", ""},
		"an admin makes an admin":     {"admin", "viewer", "admin", ""},
		"an admin makes an owner":     {"admin", "user", "owner", "role_too_high"},
		"an admin makes themselves":   {"admin", "admin", "owner", "role_too_high"},
		"an admin unmakes an owner":   {"admin", "owner", "user", "role_too_high"},
		"an admin unmakes themselves": {"admin", "admin", "user", ""},
		"a user makes an admin":       {"user", "user", "admin", "not_allowed"},
		"a viewer makes a viewer":     {"viewer", "user", "viewer", "not_allowed"},
		"the last owner steps down":   {"owner", "owner", "admin", "last_owner"},
		"an owner stays an owner":     {"owner", "owner", "owner", ""},
		"an unknown role":             {"owner", "user", "boss", "validation_failed"},
		"the operator":                {"owner", "user", permit.Operator, "validation_failed"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrew(t)
			_, err := c.Team.SetRole(t.Context(), c.by[tc.who], c.by[tc.whom].User, tc.to)
			want := tc.to
			if tc.want != "" {
				want = tc.whom
			}
			if got := c.role(c.by[tc.whom]); !is(err, tc.want) || got != want {
				t.Errorf("got %v and the role %s, want %q and %s", err, got, tc.want, want)
			}
		})
	}
}

func TestWhoMayRemoveWhom(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		who, whom domain.Role
		want      string
	}{
		{"owner", "admin", ""},
		{"owner", "owner", "last_owner"},
		{"admin", "user", ""},
		{"admin", "owner", "role_too_high"},
		{"user", "viewer", "not_allowed"},
	} {
		c := newCrew(t)
		if err := c.Team.Remove(t.Context(), c.by[tc.who], c.by[tc.whom].User); !is(err, tc.want) {
			t.Errorf("%s removes %s: got %v, want %q", tc.who, tc.whom, err, tc.want)
		}
		if err := c.Team.Remove(t.Context(), c.by["owner"], "nobody"); !is(err, "member_not_found") {
			t.Errorf("got %v, want member_not_found", err)
		}
	}
}

func TestAChangeHoldsAtOnce(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	admin, user := c.by["admin"], c.by["user"]
	if _, err := c.Team.SetRole(t.Context(), c.by["owner"], admin.User, domain.RoleViewer); err != nil {
		t.Fatal(err)
	}
	// admin is what a request still carries that began before.
	if err := c.Team.Remove(t.Context(), admin, user.User); !is(err, "not_allowed") {
		t.Errorf("got %v, want the role as it is now", err)
	}
	a, err := c.Store.Members().Get(t.Context(), admin.Organization, admin.User)
	if err != nil || a.Role != domain.RoleViewer {
		t.Errorf("got %+v, %v; want a viewer", a, err)
	}
	if err := c.Team.Remove(t.Context(), c.by["owner"], user.User); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Accounts.Authenticate(t.Context(), "any", user.User, user.Organization); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("got %v, want somebody who was removed not to get in", err)
	}
}

func TestLeaveAndHandOn(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	owner, user := c.by["owner"], c.by["user"]
	if err := c.Team.Leave(t.Context(), owner); !is(err, "last_owner") {
		t.Errorf("got %v, want last_owner", err)
	}
	if err := c.Team.Transfer(t.Context(), c.by["admin"], user.User); !is(err, "not_allowed") {
		t.Errorf("got %v, want an admin not to give away what is not theirs", err)
	}
	if err := c.Team.Transfer(t.Context(), owner, owner.User); !is(err, "already_owner") {
		t.Errorf("got %v, want already_owner", err)
	}
	if err := c.Team.Transfer(t.Context(), owner, "nobody"); !is(err, "member_not_found") {
		t.Errorf("got %v, want member_not_found", err)
	}
	if err := c.Team.Transfer(t.Context(), owner, user.User); err != nil || c.role(user) != domain.RoleOwner || c.role(owner) != domain.RoleAdmin {
		t.Errorf("got %v, %s and %s; want an owner and an admin", err, c.role(user), c.role(owner))
	}
	if err := c.Team.Leave(t.Context(), owner); err != nil || c.role(owner) != "" {
		t.Errorf("got %v, want them gone", err)
	}
	if err := c.Team.Leave(t.Context(), c.by["viewer"]); err != nil {
		t.Errorf("got %v, want a viewer to leave", err)
	}
}

// owners counts who owns the organization.
func (c *crew) owners() int {
	c.t.Helper()
	n, err := c.Store.Members().Count(c.t.Context(), c.Org.ID, domain.RoleOwner)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// act does something at random that somebody may think of.
func (c *crew) act(r *rand.Rand, people []domain.Actor) string {
	who, whom := people[r.IntN(len(people))], people[r.IntN(len(people))]
	who.Role = domain.Roles()[r.IntN(4)] // as it was once
	var err error
	var what string
	switch role := domain.Roles()[r.IntN(4)]; r.IntN(4) {
	case 0:
		what = "leave"
		err = c.Team.Leave(c.t.Context(), who)
	case 1:
		what = "remove " + string(whom.User)
		err = c.Team.Remove(c.t.Context(), who, whom.User)
	case 2:
		what = "hand on to " + string(whom.User)
		err = c.Team.Transfer(c.t.Context(), who, whom.User)
	default:
		what = "make " + string(whom.User) + " " + string(role)
		_, err = c.Team.SetRole(c.t.Context(), who, whom.User, role)
	}
	return fmt.Sprintf("%s: %s: %v", who.User, what, err)
}

// TestThereIsAlwaysAnOwner tries sequences of everything that members can do.
func TestThereIsAlwaysAnOwner(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		c := newCrew(t)
		people := []domain.Actor{c.by["owner"], c.by["admin"], c.by["user"], c.by["viewer"], c.join(c.Org.ID, domain.RoleOwner, "second@example.org")}
		r := rand.New(rand.NewPCG(seed, 1))
		var history []string
		for range 40 {
			history = append(history, c.act(r, people))
			if c.owners() < 1 {
				t.Fatalf("seed %d: nobody owns it after %q", seed, history)
			}
		}
	}
}

func TestThereIsAlwaysAnOwnerWhateverHappensAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		c := newCrew(t)
		people := []domain.Actor{c.by["owner"], c.by["admin"], c.join(c.Org.ID, domain.RoleOwner, "second@example.org"), c.join(c.Org.ID, domain.RoleOwner, "third@example.org")}
		var wg sync.WaitGroup
		for i := range uint64(8) {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, i))
				for range 8 {
					c.act(r, people)
				}
			})
		}
		wg.Wait()
		if c.owners() < 1 {
			t.Fatalf("seed %d: nobody owns it", seed)
		}
	}
}
