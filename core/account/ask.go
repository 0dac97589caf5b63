package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/store"
)

// The kinds of the side jobs that answer people who are not signed in.
const (
	kindVerify = "account.verify"
	kindReset  = "account.reset"
)

// asked is what such a job knows; its names never change.
type asked struct {
	Email string `json:"email"`
}

// ask leaves a wish about an address to a side job. Only that looks whether
// there is an account, so neither the answer nor the time that it takes tells.
// While one wish waits, the same one again changes nothing.
func (s *Service) ask(ctx context.Context, kind, email string) error {
	if err := s.ready(); err != nil {
		return err
	}
	email = normalizeEmail(email)
	if !validEmail(email) {
		return fault.Check([]fault.Problem{{Field: "email", Rule: "format", Message: "Invalid email format"}})
	}
	if s.cfg.Mail == nil {
		return errNoMail()
	}
	raw, err := json.Marshal(asked{Email: email})
	if err != nil {
		return fmt.Errorf("ask for a letter: %w", err)
	}
	if err := s.cfg.Jobs.Enqueue(ctx, domain.Job{Kind: kind, Key: email, Payload: raw}); err != nil {
		return fmt.Errorf("ask for a letter: %w", err)
	}
	return nil
}

func errNoMail() error {
	return fault.New(fault.Unavailable, "no_mail", "This installation sends no mail. Ask its owner for help.")
}

// Kinds are the side jobs of this package.
func (s *Service) Kinds() []jobs.Kind {
	if s.cfg.Mail == nil {
		return nil
	}
	policy := queue.Policy{MaxAttempts: 10, Backoff: 2 * time.Second, Timeout: time.Minute}
	return []jobs.Kind{
		{Name: kindVerify, Do: s.answer(s.verifyAsked), Policy: policy},
		{Name: kindReset, Do: s.answer(s.resetAsked), Policy: policy},
	}
}

// errNothing says that there is no letter to write.
var errNothing = errors.New("there is nothing to say")

// answer returns the handler of a wish: write makes the letter for the person
// with the address, or returns errNothing. A run that is repeated sends one more
// letter; the links of all of them are good until one is used.
func (s *Service) answer(write func(context.Context, domain.User) (handout, error)) queue.Handler {
	return func(ctx context.Context, j domain.Job) error {
		var a asked
		if err := json.Unmarshal(j.Payload, &a); err != nil {
			return queue.Discard(fmt.Errorf("its payload cannot be read: %w", err))
		}
		u, err := s.cfg.Store.Users().ByEmail(ctx, a.Email)
		if errors.Is(err, fault.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		h, err := write(ctx, u)
		if errors.Is(err, errNothing) {
			return nil
		}
		if err != nil {
			return err
		}
		err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error { return s.handOut(ctx, r, u.ID, h) })
		if err == nil {
			s.wake()
		}
		return err
	}
}
