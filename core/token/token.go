// Package token makes the secrets that are handed to people and shown again
// once: in links of mails, in invitations. store.Tokens keeps what is known of
// them; the secret itself is in the hands of its receiver alone.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// New returns a secret of 256 random bits, which is safe in an address and in
// a mail, and the hash to store as domain.Token.Hash.
func New() (secret, hash string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, Hash(secret)
}

// Hash is what is stored of a secret: its SHA-256 in hex. The secrets of New
// are too long to be guessed, so no slow hash is needed.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
