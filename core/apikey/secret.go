package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// Prefix begins every API key. Secret scanners know keys by it.
const Prefix = "crier_"

const (
	// randomBytes are 168 bits: nobody guesses a key, so a plain hash keeps it.
	randomBytes = 21
	// secretLength is that of a key behind its prefix: 25 bytes in base32.
	secretLength = 40
	// hintLength is how much of a key people see again.
	hintLength = len(Prefix) + 4
)

// newSecret returns a new key: Prefix, and in base32 (RFC 4648) randomBytes
// random bytes and the CRC-32 of all that comes before it.
func newSecret() string {
	b := make([]byte, randomBytes, randomBytes+crc32.Size)
	_, _ = rand.Read(b) // never fails, by its documentation
	return Prefix + base32.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, checksum(b)))
}

func checksum(random []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(Prefix)), crc32.IEEETable, random)
}

// Is reports whether a text is meant to be an API key.
func Is(text string) bool { return strings.HasPrefix(text, Prefix) }

// wellFormed reports whether a text can be an API key at all: a typo or a part
// of a key is none.
func wellFormed(secret string) bool {
	text, ok := strings.CutPrefix(secret, Prefix)
	if !ok || len(text) != secretLength {
		return false
	}
	b, err := base32.StdEncoding.DecodeString(text)
	return err == nil && len(b) == randomBytes+crc32.Size &&
		binary.BigEndian.Uint32(b[randomBytes:]) == checksum(b[:randomBytes])
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
