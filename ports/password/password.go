// Package password is the port that turns passwords into something that can be
// checked but not read.
package password

import "context"

// Hasher hashes passwords slowly, on purpose. Implementations are safe for
// concurrent use and bound how many hashes run at once.
type Hasher interface {
	// Hash returns an encoded hash with its own random salt and its parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Verify reports whether password is the one that encoded was made from. It
	// takes as long for a wrong one. An encoded text that it cannot read, such
	// as an empty one, is no match and takes as long too, so that nobody can
	// tell who has an account.
	Verify(ctx context.Context, encoded, password string) (bool, error)
	// Stale reports whether encoded was made with other parameters than those of
	// Hash, so that it should be made anew while the password is at hand.
	Stale(encoded string) bool
}
