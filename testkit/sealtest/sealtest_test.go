package sealtest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/testkit/sealtest"
)

// broken is a sealer with one fault.
type broken struct {
	seal.Sealer
	seal  func(secret []byte, bound string) (string, error)
	open  func(sealed, bound string) ([]byte, error)
	stale func(sealed string) bool
}

func (b broken) Seal(ctx context.Context, secret []byte, bound string) (string, error) {
	if b.seal != nil {
		return b.seal(secret, bound)
	}
	return b.Sealer.Seal(ctx, secret, bound)
}

func (b broken) Open(ctx context.Context, sealed, bound string) ([]byte, error) {
	if b.open != nil {
		return b.open(sealed, bound)
	}
	return b.Sealer.Open(ctx, sealed, bound)
}

func (b broken) Stale(sealed string) bool {
	if b.stale != nil {
		return b.stale(sealed)
	}
	return b.Sealer.Stale(sealed)
}

var errBroken = fault.New(fault.Unavailable, "seal_broken", "A stored secret cannot be opened.")

func good(t *testing.T) seal.Sealer {
	t.Helper()
	s, err := memseal.New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signed is authentic but neither secret nor different from time to time.
func signed(secret []byte, bound string) (string, error) {
	m := hmac.New(sha256.New, []byte("key"))
	m.Write([]byte(bound + "\x00"))
	m.Write(secret)
	return hex.EncodeToString(secret) + "." + hex.EncodeToString(m.Sum(nil)), nil
}

func openSigned(sealed, bound string) ([]byte, error) {
	body, _, _ := strings.Cut(sealed, ".")
	secret, err := hex.DecodeString(body)
	if err != nil {
		return nil, errBroken
	}
	if again, _ := signed(secret, bound); again != sealed {
		return nil, errBroken
	}
	return secret, nil
}

func TestKitFindsBrokenSealers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harness func(inner seal.Sealer) sealtest.Harness
		want    []string
	}{
		"deterministic and readable": {one(func(inner seal.Sealer) seal.Sealer {
			return broken{Sealer: inner, seal: signed, open: openSigned}
		}), []string{"differs", "unreadable"}},
		"bound value ignored": {one(func(inner seal.Sealer) seal.Sealer {
			return broken{
				Sealer: inner,
				seal:   func(s []byte, _ string) (string, error) { return inner.Seal(context.Background(), s, "") },
				open:   func(s, _ string) ([]byte, error) { return inner.Open(context.Background(), s, "") },
			}
		}), []string{"bound"}},
		"line ends skipped": {one(func(inner seal.Sealer) seal.Sealer {
			return broken{Sealer: inner, open: func(s, bound string) ([]byte, error) {
				return inner.Open(context.Background(), strings.ReplaceAll(s, "\n", ""), bound)
			}}
		}), []string{"tampering"}},
		"tail ignored": {one(func(inner seal.Sealer) seal.Sealer {
			return broken{Sealer: inner, open: func(s, bound string) ([]byte, error) {
				s, _, _ = strings.Cut(strings.TrimRight(s, "=. \n"), " ")
				return inner.Open(context.Background(), s, bound)
			}}
		}), []string{"tampering"}},
		"text quoted in the error": {one(func(inner seal.Sealer) seal.Sealer {
			return broken{Sealer: inner, open: func(s, bound string) ([]byte, error) {
				out, err := inner.Open(context.Background(), s, bound)
				if err != nil {
					return nil, fault.New(fault.Unavailable, "seal_broken", "Cannot open %s.", s)
				}
				return out, nil
			}}
		}), []string{"bound", "tampering", "garbage"}},
		"plain error": {one(func(inner seal.Sealer) seal.Sealer {
			return broken{Sealer: inner, open: func(s, bound string) ([]byte, error) {
				out, err := inner.Open(context.Background(), s, bound)
				if err != nil {
					return nil, errors.New("no")
				}
				return out, nil
			}}
		}), []string{"bound", "garbage"}},
		"always stale": {one(func(inner seal.Sealer) seal.Sealer {
			return broken{Sealer: inner, stale: func(string) bool { return true }}
		}), []string{"stale"}},
		"rotation forgets the older key": {func(inner seal.Sealer) sealtest.Harness {
			return sealtest.Harness{
				New: func() (seal.Sealer, error) { return inner, nil },
				Rotate: func() (seal.Sealer, seal.Sealer, seal.Sealer, error) {
					newer, err := memseal.New()
					return inner, newer, newer, err
				},
			}
		}, []string{"rotation"}},
		"rotation keeps every key for ever": {func(inner seal.Sealer) sealtest.Harness {
			return sealtest.Harness{
				New:    func() (seal.Sealer, error) { return inner, nil },
				Rotate: func() (seal.Sealer, seal.Sealer, seal.Sealer, error) { return inner, inner, inner, nil },
			}
		}, []string{"other_keys", "rotation"}},
		"cannot be made": {func(seal.Sealer) sealtest.Harness {
			return sealtest.Harness{New: func() (seal.Sealer, error) { return nil, errors.New("no keys") }}
		}, []string{"round_trip"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := sealtest.Findings(t.Context(), c.harness(good(t)))
			for _, check := range c.want {
				if !slices.ContainsFunc(findings, func(f sealtest.Finding) bool { return f.Check == check }) {
					t.Errorf("no finding of %s among %v", check, findings)
				}
			}
		})
	}
}

func one(wrap func(seal.Sealer) seal.Sealer) func(seal.Sealer) sealtest.Harness {
	return func(inner seal.Sealer) sealtest.Harness {
		return sealtest.Harness{New: func() (seal.Sealer, error) { return wrap(inner), nil }}
	}
}

func TestKitFindsNothingWrongWithAGoodOne(t *testing.T) {
	t.Parallel()
	inner := good(t)
	if f := sealtest.Findings(t.Context(), sealtest.Harness{New: func() (seal.Sealer, error) { return inner, nil }}); len(f) > 0 {
		t.Errorf("got %v, want none", f)
	}
}
