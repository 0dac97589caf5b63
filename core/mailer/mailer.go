// Package mailer has letters sent, so that none is lost and none is sent from
// inside a transaction: a letter is a side job, which is stored with whatever
// makes it necessary and sent afterwards, again and again until somebody takes
// it. What is in a letter, such as a link that lets people in, is sealed while
// it waits.
package mailer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/store"
)

// KindLetter is the kind of the side job that sends a letter.
const KindLetter = "mail.letter"

// maxDelay is how long the other side can put a letter off before its tries are
// counted.
const maxDelay = 24 * time.Hour

// Config is what the service needs. All fields are required.
type Config struct {
	Sender mail.Sender
	From   mail.Address
	// Site is what letters call the installation.
	Site   letters.Site
	Sealer seal.Sealer
	// Jobs enqueues within a transaction; see jobs.Service.Within.
	Jobs interface {
		Within(ctx context.Context, r store.Repos, js ...domain.Job) error
	}
	Now   func() time.Time
	NewID func() string
}

// Service has letters sent.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Mail is a letter with its receiver.
type Mail struct {
	// Organization is whose letter it is: where it cannot be sent, it is among
	// the dead letters of that. Empty: the installation itself.
	Organization domain.OrganizationID
	To           mail.Address
	Letter       letters.Letter
	// ID names the mail, and the job that sends it: one that is enqueued again
	// with the ID of a mail that is out reaches its reader as the same mail.
	// Empty: a new one.
	ID domain.JobID
	// Until is when the letter is of no use any more, such as the end of its
	// link; then it is not sent. Zero: never.
	Until time.Time
}

// Sealed is a letter that is ready to be enqueued.
type Sealed struct{ job domain.Job }

// payload is what is stored of a letter; its names never change.
type payload struct {
	Letter string    `json:"letter"`
	Until  time.Time `json:"until,omitzero"`
	Sealed string    `json:"sealed"`
}

// content is what is sealed.
type content struct {
	Name   string          `json:"name,omitempty"`
	Email  string          `json:"email"`
	Letter json.RawMessage `json:"letter"`
}

// Seal makes a letter ready. It stores nothing; call it before the transaction,
// for sealing may take a call over the network.
func (s *Service) Seal(ctx context.Context, m Mail) (Sealed, error) {
	id := m.ID
	if id == "" {
		id = domain.JobID(s.cfg.NewID())
	}
	letter, err := json.Marshal(m.Letter)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal letter: %w", err)
	}
	raw, err := json.Marshal(content{Name: m.To.Name, Email: m.To.Email, Letter: letter})
	if err != nil {
		return Sealed{}, fmt.Errorf("seal letter: %w", err)
	}
	text, err := s.cfg.Sealer.Seal(ctx, raw, bound(id))
	if err != nil {
		return Sealed{}, fmt.Errorf("seal letter: %w", err)
	}
	stored, err := json.Marshal(payload{Letter: m.Letter.Name(), Until: m.Until, Sealed: text})
	if err != nil {
		return Sealed{}, fmt.Errorf("seal letter: %w", err)
	}
	return Sealed{domain.Job{ID: id, Organization: m.Organization, Kind: KindLetter, Payload: stored}}, nil
}

// bound ties what is sealed to its job.
func bound(id domain.JobID) string { return "mail/" + string(id) }

// Within enqueues a letter through the repositories of a transaction, so that
// it is sent if and only if that is kept. Wake workers after the commit.
func (s *Service) Within(ctx context.Context, r store.Repos, l Sealed) error {
	return s.cfg.Jobs.Within(ctx, r, l.job)
}

// Kinds are the side jobs of this package. A nil Service has none.
func (s *Service) Kinds() []jobs.Kind {
	if s == nil {
		return nil
	}
	return []jobs.Kind{{
		Name: KindLetter, Do: s.send,
		// A server that is away is asked for about 16 hours.
		Policy: queue.Policy{MaxAttempts: 24, Backoff: 10 * time.Second, MaxBackoff: time.Hour, Timeout: 2 * time.Minute},
	}}
}

// send sends the letter of a job. The ID of the job is that of the mail, so a
// letter that is sent again is the same mail.
func (s *Service) send(ctx context.Context, j domain.Job) error {
	m, err := s.message(ctx, j)
	if err != nil {
		return err
	}
	err = s.cfg.Sender.Send(ctx, m)
	after := mail.RetryAfter(err)
	switch {
	case mail.IsPermanent(err):
		return queue.Discard(err)
	case after > 0 && s.cfg.Now().Sub(j.CreatedAt) < maxDelay:
		return queue.Snooze(after)
	default:
		return err
	}
}

// message writes the mail of a job.
func (s *Service) message(ctx context.Context, j domain.Job) (mail.Message, error) {
	var p payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return mail.Message{}, queue.Discard(fmt.Errorf("its payload cannot be read: %w", err))
	}
	if !p.Until.IsZero() && !p.Until.After(s.cfg.Now()) {
		return mail.Message{}, queue.Discard(errors.New("what is in it had ended before it could be sent"))
	}
	raw, err := s.cfg.Sealer.Open(ctx, p.Sealed, bound(j.ID))
	if err != nil {
		return mail.Message{}, err // a key may come back
	}
	var c content
	if err := json.Unmarshal(raw, &c); err != nil {
		return mail.Message{}, queue.Discard(fmt.Errorf("its content cannot be read: %w", err))
	}
	l, err := letters.Decode(p.Letter, c.Letter)
	if err != nil {
		return mail.Message{}, queue.Discard(err)
	}
	out, err := letters.Render(l, s.cfg.Site)
	if err != nil {
		return mail.Message{}, queue.Discard(err)
	}
	return mail.Message{
		ID: string(j.ID), From: s.cfg.From, To: mail.Address{Name: c.Name, Email: c.Email},
		Subject: out.Subject, Text: out.Text, HTML: out.HTML,
		// Nobody's holiday notice should answer a program.
		Headers: map[string]string{"Auto-Submitted": "auto-generated"},
	}, nil
}
