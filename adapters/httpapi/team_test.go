package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/core"
)

func TestAnInvitationFromTheLinkToTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *core.Config) { c.Registration = core.RegistrationFirst })
	ann := w.register("ann@example.org")
	org := w.ok(200, ann, "GET", "/agencies", nil).text("data.0.id")
	made := w.ok(201, ann, "POST", "/agencies/"+org+"/invitations", map[string]string{"email": "bob@example.org", "role": "admin"})
	link, secret, ok := strings.Cut(made.text("link"), "#token=")
	if !ok || link != publicURL+"/invitation" || strings.Contains(w.log.String(), secret) {
		t.Fatalf("got %s, want a link that is nowhere in the log", made.body)
	}
	if got := w.ok(200, ann, "GET", "/agencies/"+org+"/invitations", nil); got.text("data.0.email") != "bob@example.org" || strings.Contains(string(got.body), secret) {
		t.Errorf("got %s, want the invitation without its secret", got.body)
	}
	w.clock.Add(time.Second)
	joined := w.ok(201, "", "POST", "/auth/join", map[string]string{"token": secret, "email": "bob@example.org", "password": "long enough"})
	bob := joined.text("accessToken")
	if joined.text("organization.id") != org || joined.text("organization.role") != "admin" {
		t.Errorf("got %s, want an admin of the same organization", joined.body)
	}
	if a := w.call("", "POST", "/auth/join", map[string]string{"token": secret, "email": "eve@example.org", "password": "long enough"}); a.status != 404 {
		t.Errorf("a second time: got %d %s, want 404", a.status, a.body)
	}
	first := w.ok(200, bob, "GET", "/agencies/"+org+"/members?limit=1", nil)
	if first.text("data.0.email") != "ann@example.org" || !strings.Contains(first.header.Get("Link"), "/agencies/"+org+"/members?") {
		t.Errorf("got %s and the link %q, want Ann and the next page", first.body, first.header.Get("Link"))
	}
	person := joined.text("user.id")
	w.ok(200, ann, "PUT", "/agencies/"+org+"/members/"+person, map[string]string{"role": "viewer"})
	if a := w.call(bob, "POST", "/posts", map[string]string{"content": "x"}); a.status != 403 {
		t.Errorf("with a token from before: got %d %s, want 403", a.status, a.body)
	}
	w.ok(204, ann, "DELETE", "/agencies/"+org+"/members/"+person, nil)
	if a := w.call(bob, "GET", "/posts", nil); a.status != 401 {
		t.Errorf("after the removal: got %d %s, want 401", a.status, a.body)
	}
}

func TestAnInvitationThatIsMailedHasNoLinkInTheAnswer(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	w := newWorld(t, withMail(sender))
	ann := w.register("ann@example.org")
	w.lastToken(sender) // the proof of her own address
	org := w.ok(200, ann, "GET", "/agencies", nil).text("data.0.id")
	made := w.ok(201, ann, "POST", "/agencies/"+org+"/invitations", map[string]string{"email": "bob@example.org", "role": "user"})
	secret := w.lastToken(sender)
	if made.json("mailed") != true || made.json("link") != nil || strings.Contains(w.log.String(), secret) {
		t.Errorf("got %s, want the link in the mail alone", made.body)
	}
	joined := w.ok(201, "", "POST", "/auth/join", map[string]string{"token": secret, "email": "bob@example.org", "password": "long enough"})
	if me := w.ok(200, joined.text("accessToken"), "GET", "/users/me", nil); me.json("emailVerified") != true {
		t.Errorf("got %s, want the address proven", me.body)
	}
}

func TestSwitchAndDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	second := w.ok(201, ann, "POST", "/agencies", map[string]string{"name": "Second"}).text("id")
	if a := w.call(ann, "GET", "/agencies/"+second, nil); a.status != 404 {
		t.Errorf("before the switch: got %d %s, want 404", a.status, a.body)
	}
	there := w.ok(200, ann, "POST", "/agencies/"+second+"/switch", nil).text("accessToken")
	if got := w.ok(200, there, "GET", "/agencies/"+second, nil); got.text("name") != "Second" || got.text("role") != "owner" {
		t.Errorf("got %s, want the second one", got.body)
	}
	if a := w.call(there, "POST", "/agencies/"+second+"/leave", nil); a.status != 409 || a.text("code") != "last_owner" {
		t.Errorf("leave: got %d %s, want last_owner", a.status, a.body)
	}
	if got := w.ok(200, there, "DELETE", "/agencies/"+second, nil); got.text("endsAt") != "2026-03-08T12:00:00.000Z" {
		t.Errorf("got %s, want an end in a week", got.body)
	}
	if got := w.ok(200, there, "POST", "/agencies/"+second+"/keep", nil); got.text("endsAt") != "" {
		t.Errorf("got %s, want no end", got.body)
	}
	w.register("bob@example.org")
	if a := w.call(w.register("eve@example.org"), "POST", "/agencies/"+second+"/switch", nil); a.status != 404 {
		t.Errorf("somebody else: got %d %s, want 404", a.status, a.body)
	}
}
