package blobtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/blob"
	"github.com/crierhq/crier/testkit/blobtest"
)

// broken is a bucket with one fault.
type broken struct {
	blob.Bucket
	put    func(ctx context.Context, key string, r io.Reader) (int64, error)
	open   func(ctx context.Context, key string) (io.ReadSeekCloser, error)
	stat   func(ctx context.Context, key string) (blob.Info, error)
	delete func(ctx context.Context, key string) error
	list   func(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

func (b broken) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if b.put != nil {
		return b.put(ctx, key, r)
	}
	return b.Bucket.Put(ctx, key, r)
}

func (b broken) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if b.open != nil {
		return b.open(ctx, key)
	}
	return b.Bucket.Open(ctx, key)
}

func (b broken) Stat(ctx context.Context, key string) (blob.Info, error) {
	if b.stat != nil {
		return b.stat(ctx, key)
	}
	return b.Bucket.Stat(ctx, key)
}

func (b broken) Delete(ctx context.Context, key string) error {
	if b.delete != nil {
		return b.delete(ctx, key)
	}
	return b.Bucket.Delete(ctx, key)
}

func (b broken) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if b.list != nil {
		return b.list(ctx, prefix, after, limit)
	}
	return b.Bucket.List(ctx, prefix, after, limit)
}

func good() (blob.Bucket, error) {
	return memblob.New(func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) })
}

// growing is what is open of a store that writes in place: it shows the bytes
// of now, not of when it was opened.
type growing struct {
	bucket blob.Bucket
	key    string
	at     int64
}

func (g *growing) Read(p []byte) (int, error) {
	f, err := g.bucket.Open(context.Background(), g.key)
	if err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(g.at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := f.Read(p)
	g.at += int64(n)
	return n, err
}

func (g *growing) Seek(at int64, _ int) (int64, error) { g.at = at; return at, nil }

func (g *growing) Close() error { return nil }

type mutation struct {
	wrap func(inner blob.Bucket) blob.Bucket
	want []string
}

func TestKitFindsBrokenBuckets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]mutation{
		"put that is not atomic": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, put: func(ctx context.Context, key string, r io.Reader) (int64, error) {
				if _, err := in.Put(ctx, key, strings.NewReader("")); err != nil {
					return 0, err
				}
				return in.Put(ctx, key, r)
			}}
		}, []string{"failed_reader", "unseen_until_done", "ended_context"}},
		"part kept after a failed reader": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, put: func(ctx context.Context, key string, r io.Reader) (int64, error) {
				raw, err := io.ReadAll(r)
				n, errPut := in.Put(ctx, key, bytes.NewReader(raw))
				return n, errors.Join(err, errPut)
			}}
		}, []string{"failed_reader"}},
		"error of the reader swallowed": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, put: func(ctx context.Context, key string, r io.Reader) (int64, error) {
				raw, _ := io.ReadAll(r)
				return in.Put(ctx, key, bytes.NewReader(raw))
			}}
		}, []string{"failed_reader"}},
		"deaf to its context": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, put: func(_ context.Context, key string, r io.Reader) (int64, error) {
				return in.Put(context.Background(), key, r)
			}}
		}, []string{"ended_context"}},
		"any key is fine": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, put: func(ctx context.Context, key string, r io.Reader) (int64, error) {
				if strings.Contains(key, "..") {
					return 0, nil
				}
				return in.Put(ctx, key, r)
			}}
		}, []string{"bad_keys"}},
		"a bad key is not found": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, open: func(ctx context.Context, key string) (io.ReadSeekCloser, error) {
				f, err := in.Open(ctx, key)
				if fault.KindOf(err) == fault.Invalid {
					return nil, fault.ErrNotFound
				}
				return f, err
			}}
		}, []string{"bad_keys"}},
		"open sees a replacement": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, open: func(ctx context.Context, key string) (io.ReadSeekCloser, error) {
				f, err := in.Open(ctx, key)
				if err != nil {
					return nil, err
				}
				return &growing{bucket: in, key: key}, f.Close()
			}}
		}, []string{"open_stays", "seek"}},
		"list without an order": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, list: func(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
				out, err := in.List(ctx, prefix, after, limit)
				slices.Reverse(out)
				return out, err
			}}
		}, []string{"list", "list_pages"}},
		"list by folder": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, list: func(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
				if prefix != "" && !strings.HasSuffix(prefix, "/") {
					prefix += "/"
				}
				return in.List(ctx, prefix, after, limit)
			}}
		}, []string{"list_prefix"}},
		"list without a limit": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, list: func(ctx context.Context, prefix, after string, _ int) ([]blob.Info, error) {
				return in.List(ctx, prefix, after, 1000)
			}}
		}, []string{"list_pages"}},
		"list repeats the last key": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, list: func(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
				if after != "" {
					after = after[:len(after)-1]
				}
				return in.List(ctx, prefix, after, limit)
			}}
		}, []string{"list_pages"}},
		"delete of a missing key fails": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, delete: func(ctx context.Context, key string) error {
				if _, err := in.Stat(ctx, key); err != nil {
					return err
				}
				return in.Delete(ctx, key)
			}}
		}, []string{"missing"}},
		"a missing key is a plain error": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, stat: func(ctx context.Context, key string) (blob.Info, error) {
				info, err := in.Stat(ctx, key)
				if err != nil && fault.KindOf(err) == fault.NotFound {
					err = errors.New("no such file")
				}
				return info, err
			}}
		}, []string{"missing"}},
		"long keys are cut": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, put: func(ctx context.Context, key string, r io.Reader) (int64, error) {
				if len(key) > 255 && len(key) <= 512 {
					key = key[:255]
				}
				return in.Put(ctx, key, r)
			}}
		}, []string{"good_keys"}},
		"a key is a folder of another": {func(in blob.Bucket) blob.Bucket {
			return broken{Bucket: in, put: func(ctx context.Context, key string, r io.Reader) (int64, error) {
				parent, _, nested := strings.Cut(key, "/b")
				if _, err := in.Stat(ctx, parent); nested && err == nil {
					return 0, errors.New("not a directory")
				}
				return in.Put(ctx, key, r)
			}}
		}, []string{"flat_space"}},
		"parallel puts share a file": {func(in blob.Bucket) blob.Bucket {
			var mu sync.Mutex
			part := map[string]int{}
			return broken{Bucket: in, put: func(ctx context.Context, key string, r io.Reader) (int64, error) {
				mu.Lock()
				part[key]++
				n := part[key]
				mu.Unlock()
				return in.Put(ctx, key+strings.Repeat(".", n), r)
			}}
		}, []string{"parallel_puts", "replace"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := blobtest.Findings(t.Context(), blobtest.Harness{New: func() (blob.Bucket, error) {
				in, err := good()
				if err != nil {
					return nil, err
				}
				return c.wrap(in), nil
			}})
			for _, check := range c.want {
				if !slices.ContainsFunc(findings, func(f blobtest.Finding) bool { return f.Check == check }) {
					t.Errorf("no finding of %s among %v", check, findings)
				}
			}
		})
	}
}

func TestKitFindsNothingWrongWithAGoodOne(t *testing.T) {
	t.Parallel()
	if f := blobtest.Findings(t.Context(), blobtest.Harness{New: good}); len(f) > 0 {
		t.Errorf("got %v, want none", f)
	}
}

func TestKitReportsABucketThatCannotBeMade(t *testing.T) {
	t.Parallel()
	f := blobtest.Findings(t.Context(), blobtest.Harness{New: func() (blob.Bucket, error) { return nil, errors.New("disk full") }})
	if len(f) == 0 || !strings.Contains(f[0].String(), "disk full") {
		t.Errorf("got %v, want findings that say why", f)
	}
}
