// Package blob is the port to the bytes of files: a flat space of keys.
package blob

import (
	"context"
	"io"
	"time"
)

// Bucket keeps bytes under keys. Keys are relative slash-separated paths of
// letters, digits, dots, dashes and underscores, at most 512 bytes, without
// empty, "." and ".." elements; any other key is a fault.Invalid error from every
// method. Implementations are safe for concurrent use.
type Bucket interface {
	// Put stores all of r under key, replacing what was there, and returns the
	// number of bytes. A reader sees the old bytes or all of the new ones, never
	// a part. A failed Put, or one whose context ends, changes nothing. Memory
	// does not grow with the size of r.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns the bytes under key from the start, or fault.ErrNotFound. The
	// caller closes it. What was opened stays readable while it is replaced.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	// Stat describes key, or returns fault.ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)
	// Delete removes key. A missing one is no error.
	Delete(ctx context.Context, key string) error
	// List returns up to limit keys that start with prefix and sort after
	// after, in order.
	List(ctx context.Context, prefix, after string, limit int) ([]Info, error)
}

// Info describes stored bytes.
type Info struct {
	Key   string
	Bytes int64
	// ModifiedAt is when they were put.
	ModifiedAt time.Time
}
