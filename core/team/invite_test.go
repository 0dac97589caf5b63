package team_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/team"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func (c *crew) invite(who, role domain.Role) team.Invited {
	c.t.Helper()
	v, err := c.Team.Invite(c.t.Context(), c.by[who], "", role)
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

func (c *crew) stranger(email string) domain.Actor {
	c.t.Helper()
	s, err := c.Accounts.Register(c.t.Context(), core.RegisterInput{Email: email, Password: "long enough"})
	if err != nil {
		c.t.Fatal(err)
	}
	return s.Actor()
}

func TestWhoMayInvite(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	for _, tc := range []struct {
		who   domain.Role
		email string
		role  domain.Role
		want  string
	}{
		{"owner", "", "owner", ""},
		{"admin", "Bob@Example.org ", "admin", ""},
		{"admin", "", "owner", "role_too_high"},
		{"user", "", "viewer", "not_allowed"},
		{"viewer", "", "viewer", "not_allowed"},
		{"owner", "Bob <bob@example.org>", "user", "validation_failed"},
		{"owner", "", "", "validation_failed"},
	} {
		v, err := c.Team.Invite(t.Context(), c.by[tc.who], tc.email, tc.role)
		if !is(err, tc.want) || err == nil && (v.Secret == "" || v.Email != strings.ToLower(strings.TrimSpace(tc.email)) || v.By != c.by[tc.who].User) {
			t.Errorf("%s invites %q as %s: got %+v, %v; want %q", tc.who, tc.email, tc.role, v, err, tc.want)
		}
	}
	if strings.Contains(enginetest.Dump(c.Store), c.invite("owner", "user").Secret) {
		t.Error("the secret of an invitation can be read in the store")
	}
}

func TestAnInvitationIsTakenOnce(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	v := c.invite("admin", "user")
	var wg sync.WaitGroup
	got := make([]error, 6)
	for i := range got {
		bob := c.stranger(strings.Repeat("b", i+1) + "@example.org")
		wg.Go(func() { _, got[i] = c.Team.Accept(t.Context(), bob, v.Secret) })
	}
	wg.Wait()
	n := 0
	for _, err := range got {
		if err == nil {
			n++
		} else if !is(err, "invitation_not_found") {
			t.Errorf("got %v, want invitation_not_found", err)
		}
	}
	if n != 1 {
		t.Errorf("%d took one place", n)
	}
	if left, err := c.Team.Invitations(t.Context(), c.by["admin"], store.Page{Limit: 9}); err != nil || len(left) != 0 {
		t.Errorf("got %+v, %v; want none that waits", left, err)
	}
}

func TestAcceptGivesThePlace(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	v, bob := c.invite("admin", "viewer"), c.stranger("bob@example.org")
	p, err := c.Team.Accept(t.Context(), bob, v.Secret)
	if err != nil || p.Organization.ID != c.Org.ID || p.Role != domain.RoleViewer {
		t.Fatalf("got %+v, %v; want the place", p, err)
	}
	s, err := c.Accounts.Switch(t.Context(), bob, c.Org.ID, core.Origin{})
	if err != nil || s.Organization.ID != c.Org.ID || s.Role != domain.RoleViewer || s.Refresh == "" {
		t.Errorf("got %+v, %v; want a sign-in there", s, err)
	}
	again := c.invite("admin", "admin")
	if _, err := c.Team.Accept(t.Context(), bob, again.Secret); !is(err, "already_member") {
		t.Errorf("got %v, want already_member", err)
	}
	if _, err := c.Team.Accept(t.Context(), c.stranger("eve@example.org"), again.Secret); err != nil {
		t.Errorf("got %v, want the invitation left as it was", err)
	}
}

func TestInvitationsThatAreGoodForNothing(t *testing.T) {
	t.Parallel()
	cases := map[string]func(c *crew, v team.Invited) string{
		"taken back": func(c *crew, v team.Invited) string {
			if err := c.Team.Withdraw(c.t.Context(), c.by["owner"], v.ID); err != nil {
				c.t.Error(err)
			}
			return v.Secret
		},
		"ended":   func(c *crew, v team.Invited) string { c.Clock.Advance(7 * 24 * time.Hour); return v.Secret },
		"guessed": func(_ *crew, v team.Invited) string { return v.Secret + "x" },
		"its id":  func(_ *crew, v team.Invited) string { return string(v.ID) },
		"empty":   func(*crew, team.Invited) string { return "" },
		"of another purpose": func(c *crew, v team.Invited) string {
			secret, hash := token.New()
			err := c.Store.Tokens().Insert(c.t.Context(), domain.Token{
				Hash: hash, Purpose: domain.TokenResetPassword, Subject: string(v.ID), Bound: string(c.Org.ID), ExpiresAt: v.ExpiresAt,
			})
			if err != nil {
				c.t.Error(err)
			}
			return secret
		},
		"its inviter is gone": func(c *crew, v team.Invited) string {
			if err := c.Team.Remove(c.t.Context(), c.by["owner"], v.By); err != nil {
				c.t.Error(err)
			}
			return v.Secret
		},
		"its inviter may no more": func(c *crew, v team.Invited) string {
			if _, err := c.Team.SetRole(c.t.Context(), c.by["owner"], v.By, "user"); err != nil {
				c.t.Error(err)
			}
			return v.Secret
		},
		"its organization ends": func(c *crew, v team.Invited) string {
			if _, err := c.Team.End(c.t.Context(), c.by["owner"]); err != nil {
				c.t.Error(err)
			}
			return v.Secret
		},
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrew(t)
			bob := c.stranger("bob@example.org")
			secret := spoil(c, c.invite("admin", "user"))
			if _, err := c.Team.Accept(t.Context(), bob, secret); !is(err, "invitation_not_found") {
				t.Errorf("accept: got %v, want invitation_not_found", err)
			}
			if _, err := c.Team.Join(t.Context(), secret, core.RegisterInput{Email: "new@example.org", Password: "long enough"}); !is(err, "invitation_not_found") {
				t.Errorf("join: got %v, want invitation_not_found", err)
			}
			if _, err := c.Store.Users().ByEmail(t.Context(), "new@example.org"); fault.KindOf(err) != fault.NotFound {
				t.Errorf("got %v, want nobody made", err)
			}
		})
	}
}

func TestJoinWorksWhereRegistrationIsClosed(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t, func(c *core.Config) { c.Registration = core.RegistrationClosed })
	v, err := e.Team.Invite(t.Context(), e.Owner, "ann@example.org", domain.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Team.Join(t.Context(), v.Secret, core.RegisterInput{Email: "x", Password: "y"}); !is(err, "validation_failed") {
		t.Errorf("got %v, want the problems, and the invitation left", err)
	}
	s, err := e.Team.Join(t.Context(), v.Secret, core.RegisterInput{Email: "Ann@example.org", Password: "long enough", Name: "Ann"})
	if err != nil || s.Organization.ID != e.Org.ID || s.Role != domain.RoleAdmin || s.User.Email != "ann@example.org" || s.Refresh == "" {
		t.Fatalf("got %+v, %v; want her signed in", s, err)
	}
	if !s.User.EmailVerifiedAt.IsZero() {
		t.Error("a link that the inviter saw proves no address")
	}
	if places, err := e.Accounts.Places(t.Context(), s.Actor()); err != nil || len(places) != 1 {
		t.Errorf("got %+v, %v; want that place alone", places, err)
	}
	other, err := e.Team.Invite(t.Context(), e.Owner, "", domain.RoleUser)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Team.Join(t.Context(), other.Secret, core.RegisterInput{Email: "ann@example.org", Password: "long enough"}); !is(err, "email_taken") {
		t.Errorf("got %v, want email_taken", err)
	}
}

func TestInvitationsOfAnotherTenantDoNotExist(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	v := c.invite("owner", "user")
	_, stranger := c.NewOrganization("")
	if err := c.Team.Withdraw(t.Context(), stranger, v.ID); !is(err, "invitation_not_found") {
		t.Errorf("got %v, want invitation_not_found", err)
	}
	if got, err := c.Team.Invitations(t.Context(), stranger, store.Page{Limit: 9}); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v; want none", got, err)
	}
}

func TestInvitationsThatEndedAreTidiedUp(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	c.invite("owner", "user")
	c.Clock.Advance(8 * 24 * time.Hour)
	v := c.invite("owner", "user")
	if got, err := c.Team.Invitations(t.Context(), c.by["owner"], store.Page{Limit: 9}); err != nil || len(got) != 1 || got[0].ID != v.ID {
		t.Errorf("got %+v, %v; want the new one alone", got, err)
	}
}

func TestWhoBelongsNowhereStartsOver(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	v, err := e.Team.Invite(t.Context(), e.Owner, "", domain.RoleUser)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Team.Join(t.Context(), v.Secret, core.RegisterInput{Email: "ann@example.org", Password: "long enough", Name: "Ann"})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Team.Remove(t.Context(), e.Owner, s.User.ID); err != nil {
		t.Fatal(err)
	}
	again, err := e.Accounts.Login(t.Context(), core.LoginInput{Email: "ann@example.org", Password: "long enough"})
	if err != nil || again.Organization.ID == e.Org.ID || again.Role != domain.RoleOwner || again.Organization.Name != "Ann" {
		t.Errorf("got %+v, %v; want an organization of her own", again, err)
	}
}
