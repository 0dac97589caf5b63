package notify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/notify"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

// office is an engine with mail, and Ann, who owns an organization with Ben, an
// admin, and Vic, a viewer.
type office struct {
	*enginetest.Engine
	t    *testing.T
	mail *memmail.Sender
	ann  domain.Actor
}

func newOffice(t *testing.T, change ...func(*core.Config)) *office {
	t.Helper()
	o := &office{t: t, mail: memmail.New()}
	o.Engine = enginetest.New(t, append([]func(*core.Config){func(c *core.Config) {
		c.Mail = core.MailConfig{Sender: o.mail, From: mail.Address{Email: "crier@example.org"}, URL: "https://crier.example"}
	}}, change...)...)
	s, err := o.Accounts.Register(t.Context(), core.RegisterInput{Email: "ann@example.org", Password: "a good horse", Name: "Ann"})
	if err != nil {
		t.Fatal(err)
	}
	o.ann = s.Actor()
	o.prove(true)
	for name, role := range map[string]domain.Role{"ben": domain.RoleAdmin, "vic": domain.RoleViewer} {
		u := domain.User{ID: domain.UserID(name), Email: name + "@example.org", EmailVerifiedAt: enginetest.Start, CreatedAt: enginetest.Start, Version: 1}
		m := domain.Member{Organization: o.ann.Organization, User: u.ID, Role: role, CreatedAt: enginetest.Start}
		if err := o.Store.Users().Insert(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if err := o.Store.Members().Insert(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	o.pass()
	return o
}

// prove says whether Ann has proven her address.
func (o *office) prove(proven bool) {
	o.t.Helper()
	_, err := o.Store.Users().Update(o.t.Context(), o.ann.User, func(u *domain.User) error {
		if u.EmailVerifiedAt = (time.Time{}); proven {
			u.EmailVerifiedAt = enginetest.Start
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// pass lets minutes pass.
func (o *office) pass() {
	o.t.Helper()
	for range 12 {
		if _, _, err := o.Tick(o.t.Context()); err != nil {
			o.t.Fatal(err)
		}
		o.Clock.Advance(20 * time.Second)
	}
}

// letters are the mails with a subject, by receiver.
func (o *office) letters(subject string) map[string]string {
	out := map[string]string{}
	for _, m := range o.mail.Sent() {
		if strings.Contains(m.Subject, subject) {
			out[m.To.Email] += m.Text
		}
	}
	return out
}

// fail has a post of Ann's refused on as many channels.
func (o *office) fail(accounts ...string) domain.PostID {
	o.t.Helper()
	o.Platform.OnPublish = func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "The text is too rude.")
	}
	in := core.PostInput{Items: []domain.Item{{Text: "Fresh bread!"}}, When: core.Now}
	for _, a := range accounts {
		ch, err := o.Channels.ConnectForm(o.t.Context(), o.ann, "test", map[string]string{"account": a, "password": "x"})
		if err != nil {
			o.t.Fatal(err)
		}
		in.Targets = append(in.Targets, domain.Target{Channel: ch.ID})
	}
	v, err := o.Posts.Create(o.t.Context(), o.ann, in)
	if err != nil {
		o.t.Fatal(err)
	}
	o.pass()
	return v.Post.ID
}

func TestTheAuthorIsToldOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.fail("one", "two")
	got := o.letters("needs you")
	text := got["ann@example.org"]
	if len(got) != 1 || strings.Count(text, "A post of yours needs you") != 1 {
		t.Fatalf("got %v, want one mail to the author", got)
	}
	for _, want := range []string{"Fresh bread!", "Name of one", "Name of two", "Failed; it is not out. The text is too rude.", "https://crier.example"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want %q in it", text, want)
		}
	}
	if _, err := o.Posts.TryAgain(t.Context(), o.ann, id); err != nil {
		t.Fatal(err)
	}
	o.pass()
	if n := strings.Count(o.letters("needs you")["ann@example.org"], "A post of yours needs you"); n != 2 {
		t.Errorf("got %d mails after it failed again, want another one", n)
	}
}

// TestANoticeThatIsRunAgainIsTheSameMail has a worker die between what it did and
// its mark: a service that knows the ids of mails takes the second one for the first.
func TestANoticeThatIsRunAgainIsTheSameMail(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.fail("one")
	before := len(o.mail.Sent())
	for range 2 {
		j := domain.Job{
			ID: "notice", Organization: o.ann.Organization, Kind: notify.KindNotice, State: domain.JobWaiting, Version: 1, Payload: []byte(`{"post":"` + id + `"}`),
			RunAt: o.Clock.Now(), MaxAttempts: 3, CreatedAt: o.Clock.Now(),
		}
		if err := o.Store.Jobs().Insert(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		o.pass()
	}
	if n := len(o.mail.Sent()) - before; n != 1 {
		t.Errorf("got %d mails, want one", n)
	}
}

func TestNobodyIsToldWhatTheyMuted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	u, err := o.Accounts.SetMuted(t.Context(), o.ann, []domain.Notice{domain.NoticePosts})
	if err != nil || u.Wants(domain.NoticePosts) || !u.Wants(domain.NoticeChannels) {
		t.Fatalf("got %+v, %v", u.Muted, err)
	}
	o.fail("one")
	if got := o.letters("needs you"); len(got) != 0 {
		t.Errorf("got %v, want no mail", got)
	}
	if _, err := o.Accounts.SetMuted(t.Context(), o.ann, []domain.Notice{"weather"}); err == nil {
		t.Error("a notice that there is not can be muted")
	}
}

func TestWhatWasMendedIsNoNews(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := true
	o.Platform.OnPublish = func(_ context.Context, tg social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
		if first {
			first = false
			return social.Outcome{}, social.Errorf(social.CodeRejected, "Not now.")
		}
		return social.Published(social.Ref{ID: tg.Key}), nil
	}
	ch, err := o.Channels.ConnectForm(t.Context(), o.ann, "test", map[string]string{"account": "one", "password": "x"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.Posts.Create(t.Context(), o.ann, core.PostInput{
		Items: []domain.Item{{Text: "x"}}, When: core.Now, Targets: []domain.Target{{Channel: ch.ID}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, _, err := o.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.Clock.Advance(time.Second)
	}
	if _, err := o.Posts.TryAgain(t.Context(), o.ann, v.Post.ID); err != nil {
		t.Fatal(err)
	}
	o.pass()
	if got := o.letters("needs you"); len(got) != 0 {
		t.Errorf("got %v, want nothing of what was mended within the minute", got)
	}
}

func TestThoseWhoRunItAreToldOfAChannel(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if _, err := o.Accounts.SetMuted(t.Context(), domain.Actor{Organization: o.ann.Organization, User: "ben", Role: domain.RoleAdmin}, nil); err != nil {
		t.Fatal(err)
	}
	o.Platform.OnPublish = func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
		return social.Outcome{}, social.Errorf(social.CodeAuthRevoked, "You were signed out.")
	}
	ch, err := o.Channels.ConnectForm(t.Context(), o.ann, "test", map[string]string{"account": "one", "password": "x"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Posts.Create(t.Context(), o.ann, core.PostInput{
		Items: []domain.Item{{Text: "x"}}, When: core.Now, Targets: []domain.Target{{Channel: ch.ID}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.pass()
	got := o.letters("connected again")
	if len(got) != 2 || !strings.Contains(got["ann@example.org"], "Name of one") || got["ben@example.org"] == "" {
		t.Errorf("got %v, want a mail to the owner and to the admin", got)
	}
}

func TestAnAddressThatNobodyProvedGetsNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.prove(false)
	o.fail("one")
	if got := o.letters("needs you"); len(got) != 0 {
		t.Errorf("got %v, want no mail", got)
	}
}

func TestOwnersAreToldOfAPostWhoseAuthorHasLeft(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if err := o.Store.Members().Delete(t.Context(), o.ann.Organization, "vic"); err != nil {
		t.Fatal(err)
	}
	author := o.ann
	o.ann = domain.Actor{Organization: author.Organization, User: "vic", Role: domain.RoleUser}
	connector := author
	ch, err := o.Channels.ConnectForm(t.Context(), connector, "test", map[string]string{"account": "one", "password": "x"})
	if err != nil {
		t.Fatal(err)
	}
	o.Platform.OnPublish = func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "No.")
	}
	_, err = o.Posts.Create(t.Context(), o.ann, core.PostInput{
		Items: []domain.Item{{Text: "x"}}, When: core.Now, Targets: []domain.Target{{Channel: ch.ID}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.pass()
	if got := o.letters("needs you"); len(got) != 1 || got["ann@example.org"] == "" {
		t.Errorf("got %v, want a mail to the owner alone", got)
	}
}

func TestALogIsToldNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *core.Config) { c.Mail.ToLog = true })
	o.fail("one")
	if got := o.letters("needs you"); len(got) != 0 {
		t.Errorf("got %v in a log, want nothing that nobody asked for", got)
	}
}
