// Package logmail is a mail.Sender that sends nothing and writes every mail to
// the log instead: for development, and for those who run Crier for themselves
// and have no mail server.
//
// The links in mails let whoever opens them into an account, and here they are
// in the log in full, for that is the only place where their receiver can get
// them. Whoever reads the log can use them. Configure a real sender where that
// is not the same person.
package logmail

import (
	"context"
	"errors"
	"log/slog"

	"github.com/crierhq/crier/ports/mail"
)

// Config is what a Sender needs.
type Config struct {
	// Log gets the mails. Required.
	Log *slog.Logger
}

// Sender implements mail.Sender. Use New.
type Sender struct{ log *slog.Logger }

var _ mail.Sender = (*Sender)(nil)

// New returns a Sender.
func New(cfg Config) (*Sender, error) {
	if cfg.Log == nil {
		return nil, errors.New("logmail: Config.Log is required")
	}
	return &Sender{log: cfg.Log}, nil
}

// Send implements mail.Sender: it writes the mail to the log, without its HTML.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.log.WarnContext(ctx, "no mail server is configured, so this mail was not sent; its links work for whoever reads this",
		"id", m.ID, "to", m.To.Email, "subject", m.Subject, "text", m.Text)
	return nil
}
