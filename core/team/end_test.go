package team_test

import (
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/team"
	"github.com/crierhq/crier/testkit/enginetest"
)

// tick does what is due.
func (c *crew) tick() {
	c.t.Helper()
	if _, _, err := c.Tick(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func TestTheEndHoldsPostsAtOnceAndDeletesLater(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	owner := c.by["owner"]
	ch := c.Connect(owner, "ann")
	if _, err := c.Posts.Create(t.Context(), owner, core.PostInput{Items: []domain.Item{{Text: "a"}}, Targets: []domain.Target{{Channel: ch.ID}}, When: core.Now}); err != nil {
		t.Fatal(err)
	}
	for _, role := range []domain.Role{"admin", "user", "viewer"} {
		if _, err := c.Team.End(t.Context(), c.by[role]); !is(err, "not_allowed") {
			t.Errorf("%s: got %v, want it refused", role, err)
		}
	}
	o, err := c.Team.End(t.Context(), owner)
	if err != nil || !o.EndsAt.Equal(enginetest.Start.Add(team.Grace).Add(c.Clock.Now().Sub(enginetest.Start))) {
		t.Fatalf("got %+v, %v; want an end in a week", o, err)
	}
	c.tick()
	if n := c.Platform.Calls("Publish"); n != 0 {
		t.Errorf("%d calls published something that was to be held", n)
	}
	if _, err := c.Pauses.ResumeOrganization(t.Context(), owner); !is(err, "organization_ending") {
		t.Errorf("got %v, want no way to go on", err)
	}
	c.Clock.Advance(team.Grace - time.Second)
	c.tick()
	if _, err := c.Accounts.Organization(t.Context(), owner); err != nil {
		t.Fatalf("it is gone too early: %v", err)
	}
	c.Clock.Advance(time.Second)
	c.tick()
	if _, err := c.Accounts.Organization(t.Context(), owner); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want it gone", err)
	}
	if _, err := c.Store.Channels().Get(t.Context(), c.Org.ID, ch.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want the credential of its channel gone", err)
	}
	if _, err := c.Accounts.Authenticate(t.Context(), "any", owner.User, c.Org.ID); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("got %v, want nobody in it", err)
	}
}

func TestTheEndCanBeCalledOff(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	owner := c.by["owner"]
	for range 2 {
		if _, err := c.Team.End(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
	}
	c.Clock.Advance(time.Hour)
	o, err := c.Team.Keep(t.Context(), owner)
	if err != nil || !o.EndsAt.IsZero() || !o.Paused.Active() {
		t.Fatalf("got %+v, %v; want it kept, and paused", o, err)
	}
	if _, err := c.Pauses.ResumeOrganization(t.Context(), owner); err != nil {
		t.Errorf("got %v, want it to go on", err)
	}
	// Ended again, it lives until the second end.
	if _, err := c.Team.End(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(team.Grace - time.Minute)
	c.tick()
	if _, err := c.Accounts.Organization(t.Context(), owner); err != nil {
		t.Fatalf("the first end, which was called off, deleted it: %v", err)
	}
	c.Clock.Advance(time.Minute)
	if _, err := c.Team.Keep(t.Context(), owner); !is(err, "too_late") {
		t.Errorf("got %v, want too_late", err)
	}
	c.tick()
	if _, err := c.Accounts.Organization(t.Context(), owner); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want it gone", err)
	}
}
