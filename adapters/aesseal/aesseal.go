// Package aesseal seals secrets with AES-256-GCM and keys that the operator
// sets. Keys are replaced one by one: put a new one in front, let everything
// that is stale be sealed again, then take the old one away.
package aesseal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/seal"
)

// MinSecret is how many bytes a Key.Secret must have at least.
const MinSecret = 32

// Config holds the keys.
type Config struct {
	// Keys lists the newest first, which seals; all of them open. At least one
	// is needed.
	Keys []Key
}

// Key is a secret that the operator chose. It never prints its secret.
type Key struct {
	// ID names the key in what it sealed: one to 32 lower-case letters, digits,
	// dashes and underscores. It must never be given to another secret.
	ID string
	// Secret is at least MinSecret bytes that nobody can guess. They need not
	// look random: the key that is used is derived from them.
	Secret []byte
}

// LogValue keeps the secret out of structured logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// String keeps the secret out of %v and %s, also inside other structs.
func (k Key) String() string { return "key " + k.ID + " [redacted]" }

// GoString keeps the secret out of %#v.
func (k Key) GoString() string { return k.String() }

// Sealer implements seal.Sealer. A sealed text is
// "v1.<key id>.<nonce and ciphertext in base64url>". Each key is good for some
// four thousand million seals, after which random nonces may collide.
type Sealer struct {
	newest string
	aeads  map[string]cipher.AEAD
}

var _ seal.Sealer = (*Sealer)(nil)

const (
	version = "v1"
	keyInfo = "crier seal " + version
)

// New checks the keys and reports all that is wrong with them, without quoting
// a secret.
func New(cfg Config) (*Sealer, error) {
	if len(cfg.Keys) == 0 {
		return nil, errors.New("aesseal: at least one key is needed")
	}
	s := &Sealer{newest: cfg.Keys[0].ID, aeads: map[string]cipher.AEAD{}}
	validID := regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	var errs []error
	for i, k := range cfg.Keys {
		if !validID.MatchString(k.ID) {
			errs = append(errs, fmt.Errorf("aesseal: the id of key %d must be one to 32 lower-case letters, digits, dashes or underscores", i+1))
		}
		if _, twice := s.aeads[k.ID]; twice {
			errs = append(errs, fmt.Errorf("aesseal: the id %q of key %d is there twice", k.ID, i+1))
		}
		if len(k.Secret) < MinSecret {
			errs = append(errs, fmt.Errorf("aesseal: the secret of key %d has %d bytes, at least %d are needed", i+1, len(k.Secret), MinSecret))
		}
		aead, err := derive(k.Secret)
		if err != nil {
			errs = append(errs, fmt.Errorf("aesseal: key %d: %w", i+1, err))
		}
		s.aeads[k.ID] = aead
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s, nil
}

// derive makes a key for this purpose alone, so that the same secret may serve
// another without the two having anything in common.
func derive(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, keyInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal implements seal.Sealer.
func (s *Sealer) Seal(_ context.Context, secret []byte, bound string) (string, error) {
	raw := s.aeads[s.newest].Seal(nil, nil, secret, extra(s.newest, bound))
	return version + "." + s.newest + "." + encoding().EncodeToString(raw), nil
}

// Open implements seal.Sealer.
func (s *Sealer) Open(_ context.Context, sealed, bound string) ([]byte, error) {
	id, text, ok := split(sealed)
	if !ok || strings.ContainsAny(text, "\r\n") { // the decoder would skip line ends
		return nil, broken("A stored secret cannot be opened: it is damaged.")
	}
	aead, ok := s.aeads[id]
	if !ok {
		return nil, broken("A stored secret cannot be opened: the key it was sealed with is not known any more.")
	}
	raw, err := encoding().DecodeString(text)
	if err != nil {
		return nil, broken("A stored secret cannot be opened: it is damaged.")
	}
	secret, err := aead.Open(nil, nil, raw, extra(id, bound))
	if err != nil {
		return nil, broken("A stored secret cannot be opened: it was changed, or the key is another one.")
	}
	return secret, nil
}

// Stale implements seal.Sealer.
func (s *Sealer) Stale(sealed string) bool {
	id, _, ok := split(sealed)
	return !ok || id != s.newest
}

func split(sealed string) (id, text string, ok bool) {
	rest, ok := strings.CutPrefix(sealed, version+".")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ".")
}

// extra is what is authenticated beside the secret. An id has no NUL byte, so
// no two pairs give the same.
func extra(id, bound string) []byte { return []byte(id + "\x00" + bound) }

// encoding is strict: every sealed text has exactly one spelling.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

func broken(message string) error {
	return &fault.Error{Kind: fault.Unavailable, Code: "seal_broken", Message: message}
}
