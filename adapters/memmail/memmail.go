// Package memmail is a mail.Sender that keeps what it is given, for tests and
// demos. Like a service that knows the IDs of mails, it takes one with the same
// ID once.
package memmail

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/crierhq/crier/ports/mail"
)

// Sender implements mail.Sender. The zero value is ready to use.
type Sender struct {
	mu   sync.Mutex
	sent []mail.Message
	fail error
}

var _ mail.Sender = (*Sender)(nil)

// New returns a Sender that has taken nothing.
func New() *Sender { return &Sender{} }

// Send implements mail.Sender.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	if slices.ContainsFunc(s.sent, func(old mail.Message) bool { return old.ID == m.ID }) {
		return nil
	}
	m.Headers = maps.Clone(m.Headers)
	s.sent = append(s.sent, m)
	return nil
}

// Sent returns what was taken, the oldest first.
func (s *Sender) Sent() []mail.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.sent)
	for i := range out {
		out[i].Headers = maps.Clone(out[i].Headers)
	}
	return out
}

// Fail makes Send return err from now on, and take nothing. Nil ends that.
func (s *Sender) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}
