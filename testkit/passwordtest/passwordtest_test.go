package passwordtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/mempassword"
	"github.com/crierhq/crier/ports/password"
	"github.com/crierhq/crier/testkit/passwordtest"
)

// broken is a hasher with one fault.
type broken struct {
	hash   func(ctx context.Context, plain string) (string, error)
	verify func(ctx context.Context, encoded, plain string) (bool, error)
}

func (b broken) Hash(ctx context.Context, plain string) (string, error) { return b.hash(ctx, plain) }

func (b broken) Verify(ctx context.Context, encoded, plain string) (bool, error) {
	return b.verify(ctx, encoded, plain)
}

func (broken) Stale(encoded string) bool { return !strings.Contains(encoded, "$i=2000$") }

// neverStale is content with every hash.
type neverStale struct{ password.Hasher }

func (neverStale) Stale(string) bool { return false }

func good(t *testing.T, iterations int) password.Hasher {
	t.Helper()
	h, err := mempassword.New(mempassword.Config{Iterations: iterations})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestKitFindsBrokenHashers(t *testing.T) { //nolint:paralleltest // the kit measures time
	inner := good(t, 2000)
	for name, c := range map[string]struct { //nolint:paralleltest // the kit measures time
		hasher password.Hasher
		want   string
	}{
		"no salt": {broken{
			func(ctx context.Context, plain string) (string, error) { return "fixed$" + plain, ctx.Err() },
			func(_ context.Context, encoded, plain string) (bool, error) { return encoded == "fixed$"+plain, nil },
		}, "salt"},
		"readable": {broken{
			func(ctx context.Context, plain string) (string, error) {
				encoded, err := inner.Hash(ctx, plain)
				return encoded + "#" + plain, err
			},
			func(ctx context.Context, encoded, plain string) (bool, error) {
				encoded, _, _ = strings.Cut(encoded, "#")
				return inner.Verify(ctx, encoded, plain)
			},
		}, "unreadable"},
		"an empty hash matches": {broken{inner.Hash, func(ctx context.Context, encoded, plain string) (bool, error) {
			ok, err := inner.Verify(ctx, encoded, plain)
			return ok || encoded == "", err
		}}, "foreign"},
		"an unknown hash is an error": {broken{inner.Hash, func(ctx context.Context, encoded, plain string) (bool, error) {
			if !strings.HasPrefix(encoded, "$pbkdf2") {
				return false, errors.New("unknown hash")
			}
			return inner.Verify(ctx, encoded, plain)
		}}, "foreign"},
		"a fast way out for an unknown hash": {broken{inner.Hash, func(ctx context.Context, encoded, plain string) (bool, error) {
			if !strings.HasPrefix(encoded, "$pbkdf2") {
				return false, nil
			}
			return inner.Verify(ctx, encoded, plain)
		}}, "equal_time"},
		"cut at 72 bytes": {broken{
			func(ctx context.Context, plain string) (string, error) {
				return inner.Hash(ctx, plain[:min(len(plain), 72)])
			},
			func(ctx context.Context, encoded, plain string) (bool, error) {
				return inner.Verify(ctx, encoded, plain[:min(len(plain), 72)])
			},
		}, "right_and_wrong"},
		"always true": {broken{inner.Hash, func(ctx context.Context, encoded, plain string) (bool, error) {
			_, err := inner.Verify(ctx, encoded, plain)
			return true, err
		}}, "right_and_wrong"},
		"deaf to its context": {broken{
			func(_ context.Context, plain string) (string, error) { return inner.Hash(context.Background(), plain) },
			func(_ context.Context, encoded, plain string) (bool, error) {
				return inner.Verify(context.Background(), encoded, plain)
			},
		}, "ended_context"},
		"only its own parameters": {broken{inner.Hash, func(ctx context.Context, encoded, plain string) (bool, error) {
			ok, err := inner.Verify(ctx, encoded, plain)
			return ok && strings.Contains(encoded, "i=2000$"), err
		}}, "retuned"},
		"never stale": {neverStale{inner}, "stale"},
		"a cut hash matches": {broken{inner.Hash, func(ctx context.Context, encoded, plain string) (bool, error) {
			ok, err := inner.Verify(ctx, encoded, plain)
			return ok || strings.HasSuffix(encoded, "$"), err
		}}, "changed"},
	} {
		t.Run(name, func(t *testing.T) {
			findings := passwordtest.Findings(t.Context(), passwordtest.Harness{
				New:     func() (password.Hasher, error) { return c.hasher, nil },
				Retuned: func() (password.Hasher, error) { return mempassword.New(mempassword.Config{Iterations: 3000}) },
			})
			if !slices.ContainsFunc(findings, func(f passwordtest.Finding) bool { return f.Check == c.want }) {
				t.Errorf("no finding of %s among %v", c.want, findings)
			}
		})
	}
}

func TestKitFindsNothingWrongWithAGoodOne(t *testing.T) { //nolint:paralleltest // the kit measures time
	inner := good(t, 2000)
	findings := passwordtest.Findings(t.Context(), passwordtest.Harness{
		New:     func() (password.Hasher, error) { return inner, nil },
		Retuned: func() (password.Hasher, error) { return good(t, 2500), nil },
	})
	if len(findings) > 0 {
		t.Errorf("got %v, want none", findings)
	}
}

func TestKitSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	none := func() (password.Hasher, error) { return nil, errors.New("no") }
	for name, h := range map[string]passwordtest.Harness{
		"no Retuned":        {New: func() (password.Hasher, error) { return good(t, 1000), nil }},
		"New that fails":    {New: none, Retuned: none},
		"Retuned that does": {New: func() (password.Hasher, error) { return good(t, 1000), nil }, Retuned: none},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if f := passwordtest.Findings(t.Context(), h); len(f) == 0 {
				t.Error("got no finding")
			}
		})
	}
}
