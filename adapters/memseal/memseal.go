// Package memseal seals secrets with a key that lives as long as the program,
// for tests and for embedders that keep their state in memory as well. What it
// sealed cannot be opened after a restart.
package memseal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/seal"
)

// Sealer implements seal.Sealer with AES-256-GCM and one random key.
type Sealer struct {
	aead cipher.AEAD
}

var _ seal.Sealer = (*Sealer)(nil)

// prefix names the format, so that a text of another sealer is told apart.
const prefix = "mem1."

// New makes a sealer with a new key.
func New() (*Sealer, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // documented never to fail
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("memseal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("memseal: %w", err)
	}
	return &Sealer{aead: aead}, nil
}

// Seal implements seal.Sealer.
func (s *Sealer) Seal(_ context.Context, secret []byte, bound string) (string, error) {
	return prefix + encoding().EncodeToString(s.aead.Seal(nil, nil, secret, []byte(bound))), nil
}

// Open implements seal.Sealer.
func (s *Sealer) Open(_ context.Context, sealed, bound string) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, prefix)
	if !ok || strings.ContainsAny(text, "\r\n") { // the decoder would skip line ends
		return nil, broken()
	}
	raw, err := encoding().DecodeString(text)
	if err != nil {
		return nil, broken()
	}
	secret, err := s.aead.Open(nil, nil, raw, []byte(bound))
	if err != nil {
		return nil, broken()
	}
	return secret, nil
}

// Stale implements seal.Sealer. There is only one key, so only a text of
// another sealer is stale.
func (*Sealer) Stale(sealed string) bool { return !strings.HasPrefix(sealed, prefix) }

// encoding is strict: every sealed text has exactly one spelling.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

func broken() error {
	return fault.New(fault.Unavailable, "seal_broken", "A stored secret cannot be opened.")
}
