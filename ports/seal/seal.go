// Package seal is the port that keeps secrets unreadable at rest.
package seal

import "context"

// Sealer seals and opens secrets with authenticated encryption. The sealed text
// names the key it was sealed with, so that keys can be replaced one by one.
// Implementations are safe for concurrent use.
type Sealer interface {
	// Seal returns a text that only Open can read, and only with the same bound
	// value: what the secret belongs to, such as the id of its row, so that it
	// is useless when it is copied to another. Two seals of one secret differ.
	Seal(ctx context.Context, secret []byte, bound string) (string, error)
	// Open returns the secret. A text that was changed, was sealed for another
	// bound value or with a key that is not known any more is a
	// fault.Unavailable error, code "seal_broken", that does not quote the text.
	Open(ctx context.Context, sealed, bound string) ([]byte, error)
	// Stale reports whether sealed was made with a key other than the newest,
	// so that the caller should open it and seal it again.
	Stale(sealed string) bool
}
