package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/mempassword"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

func guess(t *testing.T, e *enginetest.Engine, email, pass, address string) error {
	t.Helper()
	_, err := e.Accounts.Login(t.Context(), account.LoginInput{Email: email, Password: pass, From: account.Origin{Address: address}})
	return err
}

func tooMany(err error) bool {
	return errors.Is(err, &fault.Error{Kind: fault.TooMany, Code: "too_many_guesses"})
}

// TestGuessingGetsSlow: an address that nobody has is answered like one that
// somebody has, from the first guess to the last.
func TestGuessingGetsSlow(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	register(t, e)
	waits := map[string]time.Duration{}
	for _, email := range []string{"ann@example.com", "nobody@example.com"} {
		for i := range 5 {
			if err := guess(t, e, email, "wrong", ""); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("%s, guess %d: got %v, want it looked at", email, i, err)
			}
		}
		err := guess(t, e, email, "correct horse", "")
		f, _ := errors.AsType[*fault.Error](err)
		if !tooMany(err) || f.RetryAfter <= 0 {
			t.Fatalf("%s: got %v, want it not looked at", email, err)
		}
		waits[email] = f.RetryAfter
	}
	if waits["ann@example.com"] != waits["nobody@example.com"] {
		t.Errorf("got %v, want no difference", waits)
	}
	// Each wait buys one guess, and they get longer up to a bound.
	for _, wait := range []time.Duration{30, 60, 120, 240, 480, 900, 900} {
		wait *= time.Second
		e.Clock.Advance(wait - time.Second)
		if err := guess(t, e, "ann@example.com", "wrong", ""); !tooMany(err) {
			t.Errorf("before %s: got %v, want to wait", wait, err)
		}
		e.Clock.Advance(time.Second)
		if err := guess(t, e, "ann@example.com", "wrong", ""); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("after %s: got %v, want a guess looked at", wait, err)
		}
	}
	e.Clock.Advance(15 * time.Minute)
	if err := guess(t, e, "ann@example.com", "correct horse", ""); err != nil {
		t.Errorf("got %v, want who waited let in", err)
	}
	for i := range 5 {
		if err := guess(t, e, "ann@example.com", "wrong", ""); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("guess %d after a success: got %v, want all forgiven", i, err)
		}
	}
	e.Clock.Advance(time.Hour)
	for i := range 5 {
		if err := guess(t, e, "ann@example.com", "wrong", ""); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("guess %d after an hour: got %v, want all forgotten", i, err)
		}
	}
}

func TestManyGuessesAtOnceGainNothing(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	register(t, e)
	var wg sync.WaitGroup
	got := make([]error, 40)
	for i := range got {
		wg.Go(func() { got[i] = guess(t, e, "ann@example.com", "wrong", "") })
	}
	wg.Wait()
	looked := 0
	for _, err := range got {
		if !tooMany(err) {
			looked++
		}
	}
	if looked != 5 {
		t.Errorf("%d guesses at once were looked at, want 5", looked)
	}
}

func TestGuessingFromOnePlaceGetsSlow(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	register(t, e)
	for i := range 50 {
		// Own successes in between do not help, and neither does another address
		// in the same network.
		if err := guess(t, e, "ann@example.com", "correct horse", "2001:db8::1"); err != nil {
			t.Fatal(err)
		}
		if err := guess(t, e, fmt.Sprintf("p%d@example.com", i), "wrong", fmt.Sprintf("2001:db8::%x", i)); fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("guess %d: got %v, want it looked at", i, err)
		}
	}
	if err := guess(t, e, "other@example.com", "wrong", "2001:db8::ffff"); !tooMany(err) {
		t.Errorf("got %v, want the place to wait", err)
	}
	if err := guess(t, e, "other@example.com", "wrong", "2001:db8:0:1::1"); tooMany(err) {
		t.Errorf("got %v, want another place not to wait", err)
	}
}

func TestOldHashesAreMadeAnew(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t, func(c *core.Config) {
		old, err := mempassword.New(mempassword.Config{Iterations: 5})
		if err != nil {
			t.Fatal(err)
		}
		c.Hasher = &retuned{old: old, now: c.Hasher}
	})
	s := register(t, e)
	hash := func() string {
		u, err := e.Store.Users().Get(t.Context(), s.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		return u.PasswordHash
	}
	first := hash()
	if err := guess(t, e, "ann@example.com", "wrong", ""); err == nil || hash() != first {
		t.Errorf("got %v, want a wrong guess to change nothing", err)
	}
	if err := guess(t, e, "ann@example.com", "correct horse", ""); err != nil || hash() == first {
		t.Errorf("got %v, want the hash made anew", err)
	}
	second := hash()
	if err := guess(t, e, "ann@example.com", "correct horse", ""); err != nil || hash() != second {
		t.Errorf("got %v, want a hash of today left alone", err)
	}
}

// retuned makes its first hash with the old parameters.
type retuned struct {
	old, now Hasher
	once     sync.Once
}

func (r *retuned) Hash(ctx context.Context, pass string) (out string, err error) {
	out, err = r.now.Hash(ctx, pass)
	r.once.Do(func() { out, err = r.old.Hash(ctx, pass) })
	return out, err
}

func (r *retuned) Verify(ctx context.Context, encoded, pass string) (bool, error) {
	return r.now.Verify(ctx, encoded, pass)
}

func (r *retuned) Stale(encoded string) bool { return r.now.Stale(encoded) }
