// Package memblob keeps files in memory, for tests and for embedders that have
// few of them. Everything is gone when the program ends.
package memblob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/blob"
)

// Bucket implements blob.Bucket. Unlike its siblings it needs as much memory
// as it holds bytes.
type Bucket struct {
	now   func() time.Time
	mu    sync.RWMutex
	files map[string]file
}

// file is never changed, so that what was opened stays as it was.
type file struct {
	data []byte
	at   time.Time
}

var _ blob.Bucket = (*Bucket)(nil)

// New returns an empty bucket. now is the clock that ModifiedAt is read from.
func New(now func() time.Time) (*Bucket, error) {
	if now == nil {
		return nil, errors.New("memblob: a clock is needed")
	}
	return &Bucket{now: now, files: map[string]file{}}, nil
}

// Put implements blob.Bucket.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	data, err := io.ReadAll(&reader{ctx: ctx, r: r})
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	b.files[key] = file{data: data, at: b.now().UTC()}
	return int64(len(data)), nil
}

// Open implements blob.Bucket.
func (b *Bucket) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	f, err := b.get(key)
	if err != nil {
		return nil, err
	}
	return opened{bytes.NewReader(f.data)}, nil
}

// Stat implements blob.Bucket.
func (b *Bucket) Stat(_ context.Context, key string) (blob.Info, error) {
	f, err := b.get(key)
	if err != nil {
		return blob.Info{}, err
	}
	return f.info(key), nil
}

// Delete implements blob.Bucket.
func (b *Bucket) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.files, key)
	return nil
}

// List implements blob.Bucket.
func (b *Bucket) List(_ context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []blob.Info
	for key, f := range b.files {
		if strings.HasPrefix(key, prefix) && key > after {
			out = append(out, f.info(key))
		}
	}
	slices.SortFunc(out, func(x, y blob.Info) int { return strings.Compare(x.Key, y.Key) })
	return out[:min(len(out), max(limit, 0))], nil
}

func (b *Bucket) get(key string) (file, error) {
	if err := checkKey(key); err != nil {
		return file{}, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	f, ok := b.files[key]
	if !ok {
		return file{}, fault.Missing("file")
	}
	return f, nil
}

func (f file) info(key string) blob.Info {
	return blob.Info{Key: key, Bytes: int64(len(f.data)), ModifiedAt: f.at}
}

// opened is a reader of bytes that nobody changes. bytes.Reader copies into
// the caller's buffer, so it does not lend them out; its WriteTo does, and is
// hidden by naming the two methods that are meant.
type opened struct{ io.ReadSeeker }

func (opened) Close() error { return nil }

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

const maxKey = 512

// checkKey refuses what is not a key; see blob.Bucket.
func checkKey(key string) error {
	ok := len(key) <= maxKey
	for elem := range strings.SplitSeq(key, "/") {
		ok = ok && elem != "" && elem != "." && elem != ".." && !strings.ContainsFunc(elem, notKeyRune)
	}
	if !ok {
		return fault.New(fault.Invalid, "bad_key", "This is not a valid key for a file.")
	}
	return nil
}

func notKeyRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
		return false
	default:
		return true
	}
}
