package team_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func withMail(sender *memmail.Sender, toLog bool) func(*core.Config) {
	return func(c *core.Config) {
		c.Mail = core.MailConfig{Sender: sender, From: mail.Address{Email: "crier@example.org"}, URL: "https://crier.example/", ToLog: toLog}
	}
}

// mailsTo runs what is due and returns the texts of the mails to an address.
func (c *crew) mailsTo(sender *memmail.Sender, email string) []string {
	c.t.Helper()
	c.tick()
	var out []string
	for _, m := range sender.Sent() {
		if m.To.Email == email {
			out = append(out, m.Subject+"\n"+m.Text)
		}
	}
	return out
}

func TestAnInvitationIsMailed(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	c := newCrew(t, withMail(sender, false))
	v, err := c.Team.Invite(t.Context(), c.by["admin"], "Bob@Example.org", domain.RoleUser)
	if err != nil || v.Secret != "" || !v.Mailed {
		t.Fatalf("got %+v, %v; want the secret in the mail alone", v, err)
	}
	got := c.mailsTo(sender, "bob@example.org")
	if len(got) != 1 || strings.Contains(got[0], c.Org.Name) || strings.Contains(got[0], "admin@example.org") {
		t.Fatalf("got %q, want one mail without anything that somebody typed in", got)
	}
	link := regexp.MustCompile(`https://crier\.example/invitation#token=(\S+)`).FindStringSubmatch(got[0])
	if link == nil {
		t.Fatalf("got %q, want a link", got[0])
	}
	if strings.Contains(enginetest.Dump(c.Store), link[1]) {
		t.Error("the secret of an invitation can be read in the store")
	}
	s, err := c.Team.Join(t.Context(), link[1], core.RegisterInput{Email: "bob@example.org", Password: password})
	if err != nil || s.User.EmailVerifiedAt.IsZero() || s.Organization.ID != c.Org.ID {
		t.Errorf("got %+v, %v; want a member whose address is proven", s, err)
	}
	if got := c.mailsTo(sender, "bob@example.org"); len(got) != 1 {
		t.Errorf("got %d mails after joining, want no other one", len(got))
	}
}

func TestAnInvitationIsHandedOnWhereNoMailReachesAnybody(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	for name, c := range map[string]*crew{"no mail": newCrew(t), "the log": newCrew(t, withMail(sender, true))} {
		if v, err := c.Team.Invite(t.Context(), c.by["owner"], "bob@example.org", domain.RoleUser); err != nil || v.Secret == "" || v.Mailed {
			t.Errorf("%s: got %+v, %v; want the secret in the answer", name, v, err)
		}
		c.tick()
	}
	if n := len(sender.Sent()); n != 0 {
		t.Errorf("%d mails were written to the log, want none", n)
	}
}

// Invitations are no way to have Crier mail strangers without end.
func TestInvitationsThatAreMailedAreLimited(t *testing.T) {
	t.Parallel()
	c := newCrew(t, withMail(memmail.New(), false))
	owner, admin := c.by["owner"], c.by["admin"]
	invite := func(a domain.Actor, email string) error {
		_, err := c.Team.Invite(t.Context(), a, email, domain.RoleViewer)
		return err
	}
	for i := range 5 {
		c.must(invite(c.own([]domain.Actor{owner, admin}[i%2]), "bob@example.org"))
	}
	if err := invite(owner, "bob@example.org"); !is(err, "too_many_mails") {
		t.Errorf("one address: got %v, want too_many_mails", err)
	}
	for i := range 27 { // 3 were mailed by them for another organization
		c.must(invite(owner, fmt.Sprintf("o%d@example.org", i)))
	}
	if err := invite(c.own(owner), "x@example.org"); !is(err, "too_many_mails") {
		t.Errorf("one person in several organizations: got %v, want too_many_mails", err)
	}
	for i := range 3 {
		c.must(invite(admin, fmt.Sprintf("a%d@example.org", i)))
	}
	if err := invite(admin, "y@example.org"); !is(err, "too_many_mails") {
		t.Errorf("one organization: got %v, want too_many_mails", err)
	}
	c.must(invite(admin, "")) // is not mailed
	waiting, err := c.Team.Invitations(t.Context(), owner, store.Page{Limit: 100})
	if err != nil || len(waiting) != 31 {
		t.Errorf("got %d invitations, %v; want 31, none of those that were refused", len(waiting), err)
	}
	c.Clock.Advance(time.Hour)
	c.must(invite(owner, "bob@example.org"))
}
