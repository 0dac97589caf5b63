// Package cache is the port to a memory of what was read from the store: lost at
// any time, and never a second truth.
//
// Values belong to groups. Who changes what the values of a group were read from
// holds the group before the transaction and lets go of it after: meanwhile the
// group has no values and takes none. Who finds no value is lent a lease, and the
// value that they read then is taken only if the group was not held in between.
// So what was read before a change is never remembered after it.
package cache

import (
	"context"
	"time"
)

// HoldFor is for how long a group stays held that nobody lets go of, such as
// because the process died: longer than any transaction.
const HoldFor = 15 * time.Minute

// Key names a value.
type Key struct {
	// Group is what is held together; Name tells its values apart. Both may be any
	// text.
	Group, Name string
}

// Entry is what a cache knows of a key.
type Entry struct {
	// Value is what was put; nobody may change its bytes. It may be empty.
	Value []byte
	// Found says that there is a value.
	Found bool
	// Lease is the right to Put a value that is read from now on. It is empty if
	// Found, or if none would be taken.
	Lease string
}

// Cache keeps values for a while. Implementations are safe for concurrent use. It
// may forget a value, a lease and even a hold at any time.
type Cache interface {
	// Get returns an Entry for each key, in their order. An error means that
	// nothing is known.
	Get(ctx context.Context, keys ...Key) ([]Entry, error)
	// Put keeps the value of a key, if the group of the key has not been held, or
	// forgotten, since lease was lent. Else it does nothing, and that is no error.
	// The cache keeps no reference to the bytes of value.
	Put(ctx context.Context, k Key, lease string, value []byte) error
	// Hold removes the values of the groups, and has them take none until all who
	// hold them have let go, or HoldFor is over. The Release is never nil: also
	// after an error, which means that some groups may not be held, it must be
	// called once the change has ended.
	Hold(ctx context.Context, groups ...string) (Release, error)
	// Life is the time after which a value is not returned any more, counted from
	// when its lease was lent, whatever happens.
	Life() time.Duration
}

// Release ends a hold. After it has returned nil, no value and no lease from
// before it is good any more, even if the cache had forgotten the hold. After an
// error it can be called again, and after nil, too.
type Release func(ctx context.Context) error
