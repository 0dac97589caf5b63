package argon2password_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/argon2password"
	"github.com/crierhq/crier/ports/password"
	"github.com/crierhq/crier/testkit/passwordtest"
)

// cheap keeps the tests fast; servers use the zero Config.
func cheap() argon2password.Config {
	return argon2password.Config{MemoryKiB: 1024, Passes: 1, Parallel: 2}
}

func TestConformance(t *testing.T) { //nolint:paralleltest // the kit measures time
	passwordtest.Run(t, passwordtest.Harness{
		New: func() (password.Hasher, error) { return argon2password.New(cheap()) },
		Retuned: func() (password.Hasher, error) {
			return argon2password.New(argon2password.Config{MemoryKiB: 512, Passes: 2, Lanes: 2})
		},
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	h, err := argon2password.New(argon2password.Config{})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := h.Hash(t.Context(), "secret")
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; err != nil || !strings.HasPrefix(encoded, want) {
		t.Errorf("got %q, %v, want %s…", encoded, err, want)
	}
}

// TestReadsTheReferenceHash holds us to a test vector of the reference
// implementation; see https://github.com/P-H-C/phc-winner-argon2/blob/master/src/test.c.
func TestReadsTheReferenceHash(t *testing.T) {
	t.Parallel()
	h, err := argon2password.New(cheap())
	if err != nil {
		t.Fatal(err)
	}
	const encoded = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := h.Verify(t.Context(), encoded, "password"); !ok || err != nil {
		t.Errorf("the reference hash: got %t, %v, want true", ok, err)
	}
	if ok, err := h.Verify(t.Context(), encoded, "Password"); ok || err != nil {
		t.Errorf("a wrong password: got %t, %v, want false", ok, err)
	}
}

func TestNewReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := argon2password.New(argon2password.Config{MemoryKiB: 7, Passes: 65, Lanes: 65, Parallel: -1})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"7 KiB", "65 passes", "65 lanes", "-1 hashes"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// TestWaitingHonorsTheContext fills the only slot with a slow hash.
func TestWaitingHonorsTheContext(t *testing.T) {
	t.Parallel()
	h, err := argon2password.New(argon2password.Config{MemoryKiB: 64 << 10, Passes: 8, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	const n = 3
	results := make(chan error, n)
	for range n {
		go func() {
			_, err := h.Hash(ctx, "secret")
			results <- err
		}()
	}
	// Only one hash is at work while the others wait, so the first one to end
	// finds at least one of them still waiting.
	first := <-results
	cancel()
	if first != nil {
		t.Errorf("the first hash: %v", first)
	}
	canceled := 0
	for range n - 1 {
		if err := <-results; errors.Is(err, context.Canceled) {
			canceled++
		}
	}
	if canceled == 0 {
		t.Error("no waiting hash ended with its context")
	}
}
