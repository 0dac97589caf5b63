// Package mempassword hashes passwords with the standard library alone, and
// quickly. It is for tests and for embedders who bring no accounts of value;
// servers use argon2password, which is slow on purpose.
package mempassword

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/crierhq/crier/ports/password"
)

// Config tunes a Hasher.
type Config struct {
	// Iterations of PBKDF2; 0: 2000, which takes about half a millisecond. A
	// server would need 600000.
	Iterations int
	// Parallel is how many hashes run at once; 0: 4.
	Parallel int
}

// Hasher implements password.Hasher with PBKDF2-HMAC-SHA-256.
type Hasher struct {
	iterations int
	slots      chan struct{}
}

var _ password.Hasher = (*Hasher)(nil)

const (
	name          = "pbkdf2-sha256"
	saltLen       = 16
	keyLen        = 32
	maxIterations = 10_000_000 // more would be a way to keep us busy
)

// New returns a hasher, or an error if the configuration makes no sense.
func New(cfg Config) (*Hasher, error) {
	if cfg.Iterations == 0 {
		cfg.Iterations = 2000
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = 4
	}
	if cfg.Iterations < 1 || cfg.Iterations > maxIterations || cfg.Parallel < 1 {
		return nil, fmt.Errorf("mempassword: %d iterations, %d in parallel: both must be positive, and at most %d iterations",
			cfg.Iterations, cfg.Parallel, maxIterations)
	}
	return &Hasher{iterations: cfg.Iterations, slots: make(chan struct{}, cfg.Parallel)}, nil
}

// Hash implements password.Hasher.
func (h *Hasher) Hash(ctx context.Context, plain string) (string, error) {
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // documented never to fail
	key, err := h.derive(ctx, plain, salt, h.iterations)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$%s$i=%d$%s$%s", name, h.iterations, encoding().EncodeToString(salt), encoding().EncodeToString(key)), nil
}

// Verify implements password.Hasher.
func (h *Hasher) Verify(ctx context.Context, encoded, plain string) (bool, error) {
	iterations, salt, want, ok := parse(encoded)
	if !ok {
		// The work is done all the same, so that the time tells nothing.
		iterations, salt, want = h.iterations, make([]byte, saltLen), make([]byte, keyLen)
	}
	got, err := h.derive(ctx, plain, salt, iterations)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && ok, nil
}

// Stale implements password.Hasher.
func (h *Hasher) Stale(encoded string) bool {
	iterations, _, _, ok := parse(encoded)
	return !ok || iterations != h.iterations
}

func (h *Hasher) derive(ctx context.Context, plain string, salt []byte, iterations int) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return pbkdf2.Key(sha256.New, plain, salt, iterations, keyLen)
}

func parse(encoded string) (iterations int, salt, key []byte, ok bool) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 5 || parts[0] != "" || parts[1] != name || strings.ContainsAny(encoded, "\r\n") {
		return 0, nil, nil, false
	}
	count, found := strings.CutPrefix(parts[2], "i=")
	iterations, errN := strconv.Atoi(count)
	salt, errS := encoding().DecodeString(parts[3])
	key, errK := encoding().DecodeString(parts[4])
	ok = found && errN == nil && errS == nil && errK == nil &&
		iterations > 0 && iterations <= maxIterations && len(salt) == saltLen && len(key) == keyLen
	return iterations, salt, key, ok
}

func encoding() *base64.Encoding { return base64.RawStdEncoding.Strict() }
