package team_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

const password = "long enough"

// own is the organization that somebody got when they registered.
func (c *crew) own(a domain.Actor) domain.Actor {
	c.t.Helper()
	all, err := c.Store.Members().OfUser(c.t.Context(), a.User)
	c.must(err)
	a.Organization, a.Role = all[0].Organization, all[0].Role
	return a
}

func TestADeletedAccountLeavesNothingOfThePerson(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	user := c.by["user"]
	s, err := c.Accounts.Login(t.Context(), core.LoginInput{Email: "user@example.org", Password: password})
	c.must(err)
	if err := c.Team.DeleteAccount(t.Context(), user, "wrong password"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a wrong password: got %v, want it refused", err)
	}
	c.must(c.Team.DeleteAccount(t.Context(), user, password))
	if _, err := c.Accounts.Authenticate(t.Context(), s.Session, user.User, s.Organization.ID); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("a sign-in: got %v, want it ended", err)
	}
	if _, err := c.Accounts.Refresh(t.Context(), s.Refresh, core.Origin{}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("a refresh token: got %v, want it refused", err)
	}
	if _, err := c.Store.Users().ByEmail(t.Context(), "user@example.org"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the person: got %v, want nobody", err)
	}
	if role := c.role(user); role != "" {
		t.Errorf("got the role %s, want none", role)
	}
	entries, err := c.Audit.List(t.Context(), c.by["owner"], store.AuditFilter{Page: store.Page{Limit: 100}, User: user.User})
	c.must(err)
	if len(entries) != 1 || entries[0].Action != "member.left" || strings.Contains(entries[0].Name, "@") {
		t.Errorf("the audit log of the organization that stays: got %+v, want that they left, by id", entries)
	}
	if c.join(c.Org.ID, domain.RoleUser, "user@example.org").User == user.User {
		t.Error("got the same person, want another one with the address that is free again")
	}
}

func TestAnAccountStaysWhileOthersNeedIt(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	owner, admin := c.by["owner"], c.by["admin"]
	if err := c.Team.DeleteAccount(t.Context(), owner, password); !is(err, "last_owner") || !strings.Contains(err.Error(), c.Org.Name) {
		t.Errorf("the last owner: got %v, want it refused with the name %q", err, c.Org.Name)
	}
	if c.role(owner) != domain.RoleOwner || c.role(c.own(owner)) != domain.RoleOwner {
		t.Error("a deletion that was refused ended a membership")
	}
	c.must(c.Team.Transfer(t.Context(), owner, admin.User))
	if err := c.Team.DeleteAccount(t.Context(), owner, password); !is(err, "owns_installation") || c.role(owner) != domain.RoleAdmin {
		t.Errorf("who owns the installation: got %v, want it refused, and nothing changed", err)
	}
	if err := c.Team.DeleteAccount(t.Context(), admin, password); !is(err, "last_owner") {
		t.Errorf("the new owner: got %v, want last_owner", err)
	}
	c.must(c.Team.Transfer(t.Context(), domain.Actor{Organization: c.Org.ID, User: admin.User, Role: domain.RoleOwner}, owner.User))
	c.must(c.Team.DeleteAccount(t.Context(), admin, password))
	if err := c.Team.DeleteAccount(t.Context(), domain.Actor{Organization: c.Org.ID, Role: domain.RoleOwner}, password); !is(err, "not_a_person") {
		t.Errorf("a program: got %v, want it refused", err)
	}
}

func TestAnOrganizationEndsWithItsOnlyMember(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	alone := c.own(c.by["user"])
	ch := c.Connect(alone, "ann")
	at := c.Clock.Now().Add(time.Minute)
	_, err := c.Posts.Create(t.Context(), alone, core.PostInput{
		Items: []domain.Item{{Text: "a"}}, Targets: []domain.Target{{Channel: ch.ID}}, When: core.At, Time: at.UTC().Format(time.RFC3339),
	})
	c.must(err)
	c.must(c.Team.DeleteAccount(t.Context(), alone, password))
	o, err := c.Store.Organizations().Get(t.Context(), alone.Organization)
	if err != nil || !o.Paused.Active() || !o.EndsAt.Equal(domain.Instant(c.Clock.Now()).Add(time.Hour)) {
		t.Fatalf("got %+v, %v; want it paused, with an end within the hour", o, err)
	}
	c.Clock.Advance(5 * time.Minute)
	c.tick()
	if n := c.Platform.Calls("Publish"); n != 0 {
		t.Errorf("%d posts went out for nobody, want none", n)
	}
	c.Clock.Advance(time.Hour)
	c.tick()
	if _, err := c.Store.Organizations().Get(t.Context(), alone.Organization); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, want it gone", err)
	}
	if n := c.Platform.Calls("Publish"); n != 0 {
		t.Errorf("%d posts went out for nobody, want none", n)
	}
}
