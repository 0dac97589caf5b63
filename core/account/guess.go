package account

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/store"
)

const (
	// firstWait is how long the first wait takes; each is twice as long as the
	// one before, up to longestWait.
	firstWait   = 30 * time.Second
	longestWait = 15 * time.Minute
	// forgetAfter is after what time without a guess all is forgiven.
	forgetAfter = time.Hour
)

// target is what guesses are counted for.
type target struct {
	key string
	// free is how many guesses are made without waiting.
	free int
	// shared marks what many people have in common. A right guess of one of them
	// does not forgive the others.
	shared bool
}

// byAddress counts the guesses at the password of whoever has the e-mail
// address. Nobody need have it: what is told does not depend on that.
func byAddress(email string) target {
	return target{key: "password/" + token.Hash(email), free: 5}
}

// bySecondFactor counts the guesses at a person's codes.
func bySecondFactor(user domain.UserID) target {
	return target{key: "code/" + token.Hash(string(user)), free: 5}
}

// byNetwork counts the guesses that come from one place, at whatever password.
func byNetwork(from Origin) target {
	net := from.network(32, 64)
	if net == "" {
		return target{}
	}
	return target{key: "network/" + token.Hash(net), free: 50, shared: true}
}

// guess looks whether a secret is right, unless there were too many guesses at
// it; then it does not look at all and returns a fault.TooMany. A guess counts
// before it is looked at, so that many at once gain nothing.
func (s *Service) guess(ctx context.Context, right func() (bool, error), targets ...target) (bool, error) {
	targets = slices.DeleteFunc(targets, func(t target) bool { return t.key == "" })
	// All processes lock the counts in the same order.
	slices.SortFunc(targets, func(a, b target) int { return cmp.Compare(a.key, b.key) })
	now := domain.Instant(s.cfg.Now())
	if err := s.count(ctx, targets, func(t target, st *domain.Strikes) error { return t.strike(st, now) }); err != nil {
		return false, err
	}
	ok, err := right()
	if err != nil || !ok {
		return false, err
	}
	return true, s.count(ctx, targets, func(t target, st *domain.Strikes) error { t.forgive(st); return nil })
}

func (s *Service) count(ctx context.Context, targets []target, change func(target, *domain.Strikes) error) error {
	return s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		for _, t := range targets {
			if _, err := r.Strikes().Update(ctx, t.key, func(st *domain.Strikes) error { return change(t, st) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// strike counts one guess.
func (t target) strike(st *domain.Strikes, now time.Time) error {
	if wait := st.Until.Sub(now); wait > 0 {
		return &fault.Error{
			Kind: fault.TooMany, Code: "too_many_guesses", RetryAfter: wait,
			Message: "There were too many wrong tries. Wait a little, then try again.",
		}
	}
	if now.Sub(st.LastAt) >= forgetAfter {
		st.Count = 0
	}
	st.Count++
	st.LastAt = now
	if over := st.Count - t.free; over >= 0 {
		// Shifted further, the wait would only be cut.
		st.Until = now.Add(min(firstWait<<min(over, 10), longestWait))
	}
	return nil
}

// forgive takes the guess back that was right, and those before it at the same
// secret.
func (t target) forgive(st *domain.Strikes) {
	st.Until = time.Time{}
	if t.shared {
		st.Count = max(st.Count-1, 0)
		return
	}
	st.Count = 0
}
