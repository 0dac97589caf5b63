package mailtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/testkit/mailtest"
)

// sender is good but for what is put in the place of its parts.
type sender struct {
	check func(mail.Message) error
	// before sees the context and may refuse.
	before func(context.Context) error
	fail   error
	// change is what becomes of a mail on its way.
	change func(*mailtest.Arrived)

	mu   sync.Mutex
	sent []mailtest.Arrived
}

func (s *sender) Send(ctx context.Context, m mail.Message) error {
	if err := s.check(m); err != nil {
		return err
	}
	if err := s.before(ctx); err != nil {
		return err
	}
	if s.fail != nil {
		return s.fail
	}
	a := mailtest.Arrived{Message: m, MessageID: m.MessageID()}
	s.change(&a)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, a)
	return nil
}

func (s *sender) inbox(context.Context) ([]mailtest.Arrived, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent), nil
}

func good() *sender {
	return &sender{check: mail.Message.Check, before: context.Context.Err, change: func(*mailtest.Arrived) {}}
}

func harness(change func(*sender)) mailtest.Harness {
	made := func(err error) func(testing.TB) mail.Sender {
		return func(testing.TB) mail.Sender {
			s := good()
			s.fail = err
			change(s)
			return s
		}
	}
	return mailtest.Harness{
		Open: func(testing.TB) (mail.Sender, mailtest.Inbox) {
			s := good()
			change(s)
			return s, s.inbox
		},
		Refusing: made(mail.Permanent(errors.New("no"))), Busy: made(errors.New("later")), Away: made(errors.New("nobody")),
	}
}

func TestGoodSenderHasNoFindings(t *testing.T) {
	t.Parallel()
	for _, f := range mailtest.Findings(t, harness(func(*sender) {})) {
		t.Error(f)
	}
}

// Each wrong sender must be found by exactly the checks that are named for it.
func TestWrongSendersAreFound(t *testing.T) {
	t.Parallel()
	changes := func(change func(*mailtest.Arrived)) func(*sender) {
		return func(s *sender) { s.change = change }
	}
	var random sync.Mutex
	n := 0
	all := []string{"delivers", "plain_text", "awkward_text", "same_id", "parallel"}
	cases := map[string]struct {
		found []string
		wrong func(*sender)
	}{
		"it checks nothing":           {[]string{"bad_messages"}, func(s *sender) { s.check = func(mail.Message) error { return nil } }},
		"it ignores the context":      {[]string{"canceled"}, func(s *sender) { s.before = func(context.Context) error { return nil } }},
		"errors are swallowed":        {[]string{"refused", "busy", "away"}, func(s *sender) { s.fail = nil }},
		"nothing is permanent":        {[]string{"refused"}, temporary},
		"everything is permanent":     {[]string{"busy", "away"}, permanent},
		"the html is dropped":         {[]string{"delivers", "awkward_text", "same_id", "parallel"}, changes(func(a *mailtest.Arrived) { a.HTML = "" })},
		"answers go astray":           {[]string{"delivers", "awkward_text", "same_id", "parallel"}, changes(func(a *mailtest.Arrived) { a.ReplyTo = a.From })},
		"headers are dropped":         {[]string{"delivers", "awkward_text", "same_id", "parallel"}, changes(func(a *mailtest.Arrived) { a.Headers = nil })},
		"the subject is cut":          {all, changes(func(a *mailtest.Arrived) { a.Subject = a.Subject[:76] })},
		"dots at the start are eaten": {[]string{"awkward_text"}, changes(func(a *mailtest.Arrived) { a.Text = strings.TrimPrefix(a.Text, ".") })},
		"each try is a mail of its own": {all, changes(func(a *mailtest.Arrived) {
			random.Lock()
			defer random.Unlock()
			n++
			a.MessageID = strings.Repeat("x", n)
		})},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found []string
			for _, f := range mailtest.Findings(t, harness(c.wrong)) {
				if !slices.Contains(found, f.Check) {
					found = append(found, f.Check)
				}
				if !strings.HasPrefix(f.String(), f.Check+": ") || f.Detail == "" {
					t.Errorf("finding %+v, want it to name its check and say something", f)
				}
			}
			if !slices.Equal(slices.Sorted(slices.Values(found)), slices.Sorted(slices.Values(c.found))) {
				t.Errorf("found by %v, want %v", found, c.found)
			}
		})
	}
}

func permanent(s *sender) {
	if s.fail != nil {
		s.fail = mail.Permanent(s.fail)
	}
}

func temporary(s *sender) {
	if s.fail != nil {
		s.fail = errors.New("later")
	}
}
