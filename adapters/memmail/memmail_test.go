package memmail_test

import (
	"context"
	"errors"
	"testing"

	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/testkit/mailtest"
)

func TestSender(t *testing.T) {
	t.Parallel()
	mailtest.Run(t, harness())
}

func harness() mailtest.Harness {
	failing := func(err error) func(testing.TB) mail.Sender {
		return func(testing.TB) mail.Sender {
			s := memmail.New()
			s.Fail(err)
			return s
		}
	}
	return mailtest.Harness{
		Open: func(testing.TB) (mail.Sender, mailtest.Inbox) {
			s := memmail.New()
			return s, func(context.Context) ([]mailtest.Arrived, error) {
				var out []mailtest.Arrived
				for _, m := range s.Sent() {
					out = append(out, mailtest.Arrived{Message: m, MessageID: m.MessageID()})
				}
				return out, nil
			}
		},
		Refusing: failing(mail.Permanent(errors.New("no such mailbox"))),
		Busy:     failing(errors.New("try again")),
		Away:     failing(errors.New("nobody is there")),
	}
}

func TestSenderTakesAnIDOnce(t *testing.T) {
	t.Parallel()
	s := memmail.New()
	for range 2 {
		if err := s.Send(t.Context(), mailtest.Example("once")); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.Sent()); n != 1 {
		t.Errorf("one mail sent twice: got %d, want 1", n)
	}
}
