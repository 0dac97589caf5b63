package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/store"
)

const (
	// challengeLife is how long a person has to type in a code.
	challengeLife = 5 * time.Minute
	// recoveryCodes is how many codes there are for a lost phone.
	recoveryCodes = 10
	// codeIssuer is what programs on phones show beside the code.
	codeIssuer = "Crier"
)

// Challenge says that the person has proven who they are by their password or at
// a service, and that a code is needed, too. It is an error of the kind
// Unauthenticated.
type Challenge struct {
	// Token proves that the first step was taken a moment ago. It is good for
	// nothing but LoginWithCode.
	Token     string
	ExpiresAt time.Time
}

// Error implements error.
func (c *Challenge) Error() string { return c.Unwrap().Error() }

// Unwrap gives the fault that callers are told.
func (c *Challenge) Unwrap() error {
	return fault.New(fault.Unauthenticated, "second_factor_required", "One step is left: type in the code of your second factor.")
}

// challenge returns a *Challenge if user has a second factor.
func (s *Service) challenge(ctx context.Context, user domain.User) error {
	f, err := s.cfg.Store.SecondFactors().Get(ctx, user.ID)
	if errors.Is(err, fault.ErrNotFound) || err == nil && !f.Active() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	secret, hash := token.New()
	t := s.newToken(hash, domain.TokenSecondFactor, string(user.ID), challengeLife)
	t.Bound = token.Hash(user.PasswordHash)
	if err := s.keep(ctx, t); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	return &Challenge{Token: secret, ExpiresAt: t.ExpiresAt}
}

// LoginWithCode signs in a person who has taken the first step, by the token of
// the Challenge and a code of the second factor, or one of the recovery codes.
// Errors: Unauthenticated "challenge_refused" or "wrong_code"; TooMany.
func (s *Service) LoginWithCode(ctx context.Context, challenge, code string, from Origin) (SignedIn, error) {
	bad := fault.New(fault.Unauthenticated, "challenge_refused", "This took too long, or was used already. Sign in again.")
	now, hash := domain.Instant(s.cfg.Now()), token.Hash(challenge)
	t, err := s.cfg.Store.Tokens().Get(ctx, hash, domain.TokenSecondFactor, now)
	if errors.Is(err, fault.ErrNotFound) {
		return SignedIn{}, bad
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("login with a code: %w", err)
	}
	id := domain.UserID(t.Subject)
	if err := s.takeCode(ctx, id, code, byNetwork(from)); err != nil {
		return SignedIn{}, err
	}
	var out SignedIn
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if _, err := r.Tokens().Take(ctx, hash, domain.TokenSecondFactor, now); err != nil {
			return err
		}
		user, err := r.Users().Get(ctx, id)
		if err != nil {
			return err
		}
		if token.Hash(user.PasswordHash) != t.Bound {
			return fault.ErrNotFound // the password was changed after the first step
		}
		out, err = s.admit(ctx, r, user, from)
		return err
	})
	if errors.Is(err, fault.ErrNotFound) {
		return SignedIn{}, bad
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("login with a code: %w", err)
	}
	return out, nil
}

func wrongCode() error {
	return fault.New(fault.Unauthenticated, "wrong_code", "This code is wrong, or was used already. Wait for the next one.")
}

// takeCode takes a code of a person's second factor, once.
func (s *Service) takeCode(ctx context.Context, user domain.UserID, code string, more ...target) error {
	f, err := s.cfg.Store.SecondFactors().Get(ctx, user)
	if errors.Is(err, fault.ErrNotFound) || err == nil && !f.Active() {
		return fault.New(fault.Conflict, "no_second_factor", "There is no second factor.")
	}
	if err != nil {
		return fmt.Errorf("take a code: %w", err)
	}
	ok, err := s.guess(ctx, func() (bool, error) { return s.useCode(ctx, f, code) }, append(more, bySecondFactor(user))...)
	if err != nil {
		return fmt.Errorf("take a code: %w", err)
	}
	if !ok {
		return wrongCode()
	}
	return nil
}

// errUsed says that a code is not good, or not any more.
var errUsed = errors.New("the code is used up")

// useCode reports whether a code is good now, and uses it up.
func (s *Service) useCode(ctx context.Context, f domain.SecondFactor, code string) (bool, error) {
	code = strings.ToLower(strings.Join(strings.Fields(code), ""))
	secret, err := s.cfg.Sealer.Open(ctx, f.Sealed, factorBound(f.User))
	if err != nil {
		return false, err
	}
	step, isStep := stepOf(secret, code, s.cfg.Now())
	_, err = s.cfg.Store.SecondFactors().Update(ctx, f.User, func(now *domain.SecondFactor) error {
		i := slices.Index(now.Recovery, token.Hash(code))
		switch {
		case now.Sealed != f.Sealed:
			return errUsed
		case isStep && step > now.LastStep:
			now.LastStep = step
		case !isStep && i >= 0:
			now.Recovery = slices.Delete(now.Recovery, i, i+1)
		default:
			return errUsed
		}
		return nil
	})
	if errors.Is(err, errUsed) || errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// factorBound is what a shared secret is sealed for.
func factorBound(user domain.UserID) string { return "second-factor/" + string(user) }

// Enrollment is what the person's phone must know.
type Enrollment struct {
	// Secret is the shared secret in base32, to be typed in.
	Secret string
	// URI is the same as an address, to be shown as a picture.
	URI string
}

// FactorStatus is what a person is told of their second factor.
type FactorStatus struct {
	// Since is when it was switched on; zero: it is not.
	Since time.Time
	// RecoveryLeft is how many recovery codes are left.
	RecoveryLeft int
}

// SecondFactor tells whether the person has a second factor.
func (s *Service) SecondFactor(ctx context.Context, a domain.Actor) (FactorStatus, error) {
	if err := person(a); err != nil {
		return FactorStatus{}, err
	}
	f, err := s.cfg.Store.SecondFactors().Get(ctx, a.User)
	if errors.Is(err, fault.ErrNotFound) {
		return FactorStatus{}, nil
	}
	if err != nil {
		return FactorStatus{}, fmt.Errorf("second factor: %w", err)
	}
	return FactorStatus{Since: f.ConfirmedAt, RecoveryLeft: len(f.Recovery)}, nil
}

// EnrollSecondFactor makes a shared secret for the person, who shows their
// password. Nothing is asked for until ConfirmSecondFactor; doing it again makes
// another secret. Errors: Invalid; TooMany; Conflict "second_factor_active".
func (s *Service) EnrollSecondFactor(ctx context.Context, a domain.Actor, pass string) (Enrollment, error) {
	user, err := s.confirm(ctx, a, "password", pass)
	if err != nil {
		return Enrollment{}, fmt.Errorf("enroll: %w", err)
	}
	secret := make([]byte, codeSecret)
	_, _ = rand.Read(secret) // never fails, by its documentation
	sealed, err := s.cfg.Sealer.Seal(ctx, secret, factorBound(user.ID))
	if err != nil {
		return Enrollment{}, fmt.Errorf("enroll: %w", err)
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		f, err := r.SecondFactors().Get(ctx, user.ID)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		if f.Active() {
			return fault.New(fault.Conflict, "second_factor_active", "You have a second factor already. Switch it off first.")
		}
		if err := r.SecondFactors().Delete(ctx, user.ID); err != nil {
			return err
		}
		return r.SecondFactors().Insert(ctx, domain.SecondFactor{User: user.ID, Sealed: sealed, CreatedAt: domain.Instant(s.cfg.Now()), Version: 1})
	})
	if err != nil {
		return Enrollment{}, fmt.Errorf("enroll: %w", err)
	}
	return Enrollment{Secret: secretText(secret), URI: codeURI(codeIssuer, user.Email, secret)}, nil
}

// ConfirmSecondFactor switches the second factor on, by a code that the phone
// makes, ends all other sign-ins, and returns the recovery codes, which are shown
// this once. A mail tells them. Errors: Invalid for a wrong code; Conflict.
func (s *Service) ConfirmSecondFactor(ctx context.Context, a domain.Actor, code string) ([]string, error) {
	if err := person(a); err != nil {
		return nil, err
	}
	f, err := s.cfg.Store.SecondFactors().Get(ctx, a.User)
	if errors.Is(err, fault.ErrNotFound) || err == nil && f.Active() {
		return nil, fault.New(fault.Conflict, "not_enrolled", "There is nothing to confirm. Begin with a new second factor first.")
	}
	if err != nil {
		return nil, fmt.Errorf("confirm second factor: %w", err)
	}
	secret, err := s.cfg.Sealer.Open(ctx, f.Sealed, factorBound(a.User))
	if err != nil {
		return nil, fmt.Errorf("confirm second factor: %w", err)
	}
	now := domain.Instant(s.cfg.Now())
	step, ok := stepOf(secret, strings.Join(strings.Fields(code), ""), now)
	if !ok {
		return nil, fault.Check([]fault.Problem{{Field: "code", Rule: "wrong", Message: "This code is wrong. Compare the clocks, and type in the next one."}})
	}
	codes, err := s.switchOn(ctx, a, f, step, now)
	if err != nil {
		return nil, fmt.Errorf("confirm second factor: %w", err)
	}
	s.wake()
	return codes, nil
}

// switchOn has the codes of f asked for from now on, and returns the recovery
// codes. step is the newest one whose code was taken.
func (s *Service) switchOn(ctx context.Context, a domain.Actor, f domain.SecondFactor, step int64, now time.Time) ([]string, error) {
	note, err := s.newNote(ctx, a.User, letters.SecondFactorChanged{On: true, At: now})
	if err != nil {
		return nil, err
	}
	codes, hashes := newRecovery()
	return codes, s.changeSignIns(ctx, a.User, func(ctx context.Context, r store.Repos) error {
		_, err := r.SecondFactors().Update(ctx, a.User, func(was *domain.SecondFactor) error {
			if was.Sealed != f.Sealed || was.Active() {
				return fault.New(fault.Conflict, "not_enrolled", "This was changed meanwhile. Begin again.")
			}
			was.ConfirmedAt, was.LastStep, was.Recovery = now, step, hashes
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := r.Sessions().RevokeOf(ctx, a.User, a.Session, now); err != nil {
			return err
		}
		if err := s.record(ctx, r, a, "account.second_factor_on"); err != nil {
			return err
		}
		return s.leave(ctx, r, note)
	})
}

// RenewRecovery makes new recovery codes instead of those there are, for a
// person who shows their password and a code.
func (s *Service) RenewRecovery(ctx context.Context, a domain.Actor, pass, code string) ([]string, error) {
	if err := s.confirmBoth(ctx, a, pass, code); err != nil {
		return nil, fmt.Errorf("renew recovery codes: %w", err)
	}
	codes, hashes := newRecovery()
	_, err := s.cfg.Store.SecondFactors().Update(ctx, a.User, func(f *domain.SecondFactor) error {
		f.Recovery = hashes
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("renew recovery codes: %w", err)
	}
	return codes, nil
}

// DropSecondFactor switches the second factor off, for a person who shows their
// password and a code, and has a mail tell them.
func (s *Service) DropSecondFactor(ctx context.Context, a domain.Actor, pass, code string) error {
	if err := s.confirmBoth(ctx, a, pass, code); err != nil {
		return fmt.Errorf("drop second factor: %w", err)
	}
	note, err := s.newNote(ctx, a.User, letters.SecondFactorChanged{At: domain.Instant(s.cfg.Now())})
	if err != nil {
		return fmt.Errorf("drop second factor: %w", err)
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := r.SecondFactors().Delete(ctx, a.User); err != nil {
			return err
		}
		if err := s.record(ctx, r, a, "account.second_factor_off"); err != nil {
			return err
		}
		return s.leave(ctx, r, note)
	})
	if err != nil {
		return fmt.Errorf("drop second factor: %w", err)
	}
	s.wake()
	return nil
}

// confirmBoth is a person who shows their password and a code again. A wrong
// code is Invalid here: they are signed in.
func (s *Service) confirmBoth(ctx context.Context, a domain.Actor, pass, code string) error {
	if _, err := s.confirm(ctx, a, "password", pass); err != nil {
		return err
	}
	err := s.takeCode(ctx, a.User, code)
	if errors.Is(err, wrongCode()) {
		return fault.Check([]fault.Problem{{Field: "code", Rule: "wrong", Message: "This code is wrong, or was used already. Wait for the next one."}})
	}
	return err
}

// newRecovery makes recovery codes of 80 random bits, and the hashes to store.
func newRecovery() (codes, hashes []string) {
	for range recoveryCodes {
		text := strings.ToLower(rand.Text())
		code := text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:16]
		codes, hashes = append(codes, code), append(hashes, token.Hash(code))
	}
	return codes, hashes
}
