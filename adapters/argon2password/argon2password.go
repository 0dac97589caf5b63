// Package argon2password hashes passwords with Argon2id, which costs memory as
// well as time, and writes them in the PHC string format that other programs
// read as well.
package argon2password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"

	"github.com/crierhq/crier/ports/password"
)

// Config tunes a Hasher. The defaults are a configuration that OWASP
// recommends; see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html.
// Hashes that were made with other parameters stay good.
type Config struct {
	// MemoryKiB is the memory of one hash in KiB; 0: 19456.
	MemoryKiB uint32
	// Passes over the memory; 0: 2.
	Passes uint32
	// Lanes is how many threads one hash uses; 0: 1.
	Lanes uint8
	// Parallel is how many hashes run at once, all others wait; 0: 2. It bounds
	// the memory at Parallel times MemoryKiB.
	Parallel int
}

// Hasher implements password.Hasher.
type Hasher struct {
	cost  cost
	slots chan struct{}
}

var _ password.Hasher = (*Hasher)(nil)

// cost is what a hash was, or will be, made with.
type cost struct {
	memory, passes uint32
	lanes          uint8
}

// The bounds of what is accepted, from the configuration and from stored
// hashes: nobody may make us take a gigabyte or a minute for one sign-in.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 64
	maxLanes  = 64
	saltLen   = 16
	keyLen    = 32
)

// New returns a hasher, or an error that names every parameter that makes no
// sense.
func New(cfg Config) (*Hasher, error) {
	if cfg.MemoryKiB == 0 {
		cfg.MemoryKiB = 19456
	}
	if cfg.Passes == 0 {
		cfg.Passes = 2
	}
	if cfg.Lanes == 0 {
		cfg.Lanes = 1
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = 2
	}
	c := cost{memory: cfg.MemoryKiB, passes: cfg.Passes, lanes: cfg.Lanes}
	errs := c.check()
	if cfg.Parallel < 0 {
		errs = append(errs, fmt.Errorf("argon2password: %d hashes at once: at least one is needed", cfg.Parallel))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Hasher{cost: c, slots: make(chan struct{}, cfg.Parallel)}, nil
}

// check lists what Argon2 does not allow, or we do not.
func (c cost) check() []error {
	var errs []error
	if c.lanes < 1 || c.lanes > maxLanes {
		errs = append(errs, fmt.Errorf("argon2password: %d lanes: 1 to %d are allowed", c.lanes, maxLanes))
	}
	if c.memory < 8*uint32(c.lanes) || c.memory > maxMemory {
		errs = append(errs, fmt.Errorf("argon2password: %d KiB of memory: 8 a lane to %d are allowed", c.memory, maxMemory))
	}
	if c.passes < 1 || c.passes > maxPasses {
		errs = append(errs, fmt.Errorf("argon2password: %d passes: 1 to %d are allowed", c.passes, maxPasses))
	}
	return errs
}

// Hash implements password.Hasher.
func (h *Hasher) Hash(ctx context.Context, plain string) (string, error) {
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // documented never to fail
	key, err := h.derive(ctx, plain, hash{cost: h.cost, salt: salt, key: make([]byte, keyLen)})
	if err != nil {
		return "", err
	}
	return hash{cost: h.cost, salt: salt, key: key}.encode(), nil
}

// Verify implements password.Hasher.
func (h *Hasher) Verify(ctx context.Context, encoded, plain string) (bool, error) {
	want, ok := decode(encoded)
	if !ok {
		// The work is done all the same, so that the time tells nothing.
		want = hash{cost: h.cost, salt: make([]byte, saltLen), key: make([]byte, keyLen)}
	}
	got, err := h.derive(ctx, plain, want)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want.key) == 1 && ok, nil
}

// Stale implements password.Hasher.
func (h *Hasher) Stale(encoded string) bool {
	was, ok := decode(encoded)
	return !ok || was.cost != h.cost || len(was.salt) != saltLen || len(was.key) != keyLen
}

// derive waits for its turn and does the work. A hash that has begun is not
// interrupted: it takes a fraction of a second.
func (h *Hasher) derive(ctx context.Context, plain string, like hash) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(plain), like.salt, like.passes, like.memory, like.lanes, uint32(len(like.key))), nil
}
