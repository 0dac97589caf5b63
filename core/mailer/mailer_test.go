package mailer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// office is a mailer with all that it stands on in reach. Its jobs are run by
// hand.
type office struct {
	*mailer.Service
	sender *memmail.Sender
	clock  *enginetest.Clock
	jobs   []domain.Job
}

func (o *office) Within(_ context.Context, _ store.Repos, js ...domain.Job) error {
	o.jobs = append(o.jobs, js...)
	return nil
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{sender: memmail.New()}
	var sealer seal.Sealer
	e := enginetest.New(t, func(c *core.Config) { sealer = c.Sealer })
	o.clock = e.Clock
	o.Service = mailer.New(mailer.Config{
		Sender: o.sender, From: mail.Address{Email: "crier@example.org"}, Site: letters.Site{Name: "Crier", URL: "https://crier.example"},
		Sealer: sealer, Jobs: o, Now: e.Clock.Now, NewID: func() string { return core.NewID(e.Clock.Now()) },
	})
	return o
}

// enqueue has a letter enqueued and returns its job.
func (o *office) enqueue(t *testing.T, m mailer.Mail) domain.Job {
	t.Helper()
	l, err := o.Seal(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Service.Within(t.Context(), nil, l); err != nil {
		t.Fatal(err)
	}
	j := o.jobs[len(o.jobs)-1]
	j.CreatedAt = o.clock.Now()
	return j
}

func (o *office) run(t *testing.T, j domain.Job) error {
	t.Helper()
	return o.Kinds()[0].Do(t.Context(), j)
}

func invitation() mailer.Mail {
	return mailer.Mail{
		Organization: "org", To: mail.Address{Name: "Ann", Email: "ann@example.net"}, Until: enginetest.Start.Add(7 * 24 * time.Hour),
		Letter: letters.Invitation{Role: "admin", Link: "https://crier.example/invitation#token=secret", Days: 7},
	}
}

func TestLetterIsSentAsTheSameMail(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	j := o.enqueue(t, invitation())
	if j.Organization != "org" || j.Kind != mailer.KindLetter {
		t.Errorf("got the job %+v, want one of the organization", j)
	}
	for _, secret := range []string{"token=secret", "ann@example.net", "Ann"} {
		if strings.Contains(string(j.Payload), secret) {
			t.Errorf("the payload holds %q in clear: %s", secret, j.Payload)
		}
	}
	for range 2 { // a worker that died before it could say so
		if err := o.run(t, j); err != nil {
			t.Fatal(err)
		}
	}
	sent := o.sender.Sent()
	if len(sent) != 1 {
		t.Fatalf("a job that ran twice: got %d mails, want the same one twice", len(sent))
	}
	m := sent[0]
	if m.ID != string(j.ID) || m.To != invitation().To || m.From.Email != "crier@example.org" || !strings.Contains(m.Text, "token=secret") {
		t.Errorf("got the mail %+v", m)
	}
}

func TestEveryLetterCanBeSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, l := range letters.Samples() {
		if err := o.run(t, o.enqueue(t, mailer.Mail{To: invitation().To, Letter: l})); err != nil {
			t.Errorf("%s: got error %v, want none", l.Name(), err)
		}
	}
	if got, want := len(o.sender.Sent()), len(letters.Samples()); got != want {
		t.Errorf("got %d mails, want %d", got, want)
	}
}

func TestWhatBecomesOfALetterThatIsNotTaken(t *testing.T) {
	t.Parallel()
	type discard = *queue.DiscardError
	type snooze = *queue.SnoozeError
	away := errors.New("nobody is there")
	cases := map[string]struct {
		fail  error
		later time.Duration
		want  func(error) bool
	}{
		"refused for good is given up":      {mail.Permanent(away), 0, is[discard]},
		"away is tried again":               {away, 0, func(err error) bool { return errors.Is(err, away) && !is[discard](err) && !is[snooze](err) }},
		"asked to wait is no try":           {mail.Later(away, time.Minute), 0, func(err error) bool { s, ok := errors.AsType[snooze](err); return ok && s.For == time.Minute }},
		"asked to wait for ever is one":     {mail.Later(away, time.Minute), 24 * time.Hour, func(err error) bool { return errors.Is(err, away) && !is[snooze](err) }},
		"too late to be of use is given up": {nil, 7 * 24 * time.Hour, is[discard]},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			j := o.enqueue(t, invitation())
			o.sender.Fail(c.fail)
			o.clock.Advance(c.later)
			if err := o.run(t, j); !c.want(err) {
				t.Errorf("got error %v", err)
			}
			if n := len(o.sender.Sent()); n != 0 {
				t.Errorf("got %d mails, want none", n)
			}
		})
	}
}

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

func TestLettersThatCannotBeReadAreGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	j := o.enqueue(t, invitation())
	broken := j
	broken.Payload = []byte("[]")
	if err := o.run(t, broken); !is[*queue.DiscardError](err) {
		t.Errorf("a broken payload: got error %v, want that it is given up", err)
	}
	stolen := j
	stolen.ID = "another"
	if err := o.run(t, stolen); err == nil || is[*queue.DiscardError](err) {
		t.Errorf("a letter in another job: got error %v, want that it cannot be opened now", err)
	}
}

func TestNoMailerHasNoKinds(t *testing.T) {
	t.Parallel()
	var none *mailer.Service
	if got := none.Kinds(); len(got) != 0 {
		t.Errorf("got %d kinds, want none", len(got))
	}
}
