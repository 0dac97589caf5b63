package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/blob"
)

// probe is one bucket under one check, and what was found out about it.
type probe struct {
	check    string
	bucket   blob.Bucket
	mu       sync.Mutex
	findings []Finding
}

func (p *probe) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, Finding{Check: p.check, Detail: fmt.Sprintf(format, args...)})
}

// put stores text and reports whether that went well.
func (p *probe) put(ctx context.Context, key, text string) bool {
	n, err := p.bucket.Put(ctx, key, strings.NewReader(text))
	if err != nil || n != int64(len(text)) {
		p.add("Put(%q) of %d bytes: got %d, %v", key, len(text), n, err)
		return false
	}
	return true
}

// read returns what is under key, or false if it cannot be read.
func (p *probe) read(ctx context.Context, key string) (string, bool) {
	f, err := p.bucket.Open(ctx, key)
	if err != nil {
		p.add("Open(%q): %v", key, err)
		return "", false
	}
	return p.drain(key, f)
}

func (p *probe) drain(key string, f io.ReadCloser) (string, bool) {
	raw, err := io.ReadAll(f)
	if err != nil {
		p.add("reading %q: %v", key, err)
		return "", false
	}
	if err := f.Close(); err != nil {
		p.add("closing %q: %v", key, err)
	}
	return string(raw), true
}

// holds demands that key holds want, which may be long.
func (p *probe) holds(ctx context.Context, key, want string) {
	if got, ok := p.read(ctx, key); ok && got != want {
		p.add("%q holds %s, want %s", key, short(got), short(want))
	}
	info, err := p.bucket.Stat(ctx, key)
	switch {
	case err != nil:
		p.add("Stat(%q): %v", key, err)
	case info.Key != key || info.Bytes != int64(len(want)):
		p.add("Stat(%q): got key %q and %d bytes, want %d", key, info.Key, info.Bytes, len(want))
	}
}

// absent demands that there is nothing under key, not even in a list.
func (p *probe) absent(ctx context.Context, key string) {
	if f, err := p.bucket.Open(ctx, key); !errors.Is(err, fault.ErrNotFound) {
		p.add("Open(%q): got %v, want fault.ErrNotFound", key, err)
		if err == nil {
			_ = f.Close()
		}
	}
	if _, err := p.bucket.Stat(ctx, key); !errors.Is(err, fault.ErrNotFound) {
		p.add("Stat(%q): got %v, want fault.ErrNotFound", key, err)
	}
	for _, k := range p.keys(ctx, "", "", 100) {
		if k == key {
			p.add("List has %q, which is not there", key)
		}
	}
}

// keys lists keys, and checks what every list must be.
func (p *probe) keys(ctx context.Context, prefix, after string, limit int) []string {
	infos, err := p.bucket.List(ctx, prefix, after, limit)
	if err != nil {
		p.add("List(%q, %q, %d): %v", prefix, after, limit, err)
		return nil
	}
	if len(infos) > limit {
		p.add("List(%q, %q, %d) returned %d keys", prefix, after, limit, len(infos))
	}
	out := make([]string, len(infos))
	for i, info := range infos {
		out[i] = info.Key
	}
	return out
}

func short(s string) string {
	if len(s) <= 40 {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q… (%d bytes)", s[:20], len(s))
}
