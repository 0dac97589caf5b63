package blobtest

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/crierhq/crier/core/fault"
)

func roundTrip(ctx context.Context, p *probe) {
	for key, text := range map[string]string{
		"empty":          "",
		"a/deep/key.txt": "hello",
		"big":            strings.Repeat("0123456789abcdef", 1<<16),
		"binary":         "\x00\xff\r\n\x1a",
	} {
		if p.put(ctx, key, text) {
			p.holds(ctx, key, text)
		}
	}
	info, err := p.bucket.Stat(ctx, "empty")
	if err == nil && info.ModifiedAt.IsZero() {
		p.add("Stat gives no ModifiedAt")
	}
}

func replace(ctx context.Context, p *probe) {
	// The shorter text comes second: a store that writes over the old bytes
	// would leave its tail.
	if p.put(ctx, "k", "a rather long text") && p.put(ctx, "k", "short") {
		p.holds(ctx, "k", "short")
	}
}

func missing(ctx context.Context, p *probe) {
	p.absent(ctx, "nothing/here")
	if err := p.bucket.Delete(ctx, "nothing/here"); err != nil {
		p.add("Delete of a missing key: got %v, want nil", err)
	}
	if !p.put(ctx, "k", "x") {
		return
	}
	for range 2 {
		if err := p.bucket.Delete(ctx, "k"); err != nil {
			p.add("Delete: got %v, want nil", err)
		}
		p.absent(ctx, "k")
	}
}

var errReader = errors.New("blobtest: the reader failed")

// failing gives text and then fails.
func failing(text string) io.Reader {
	return io.MultiReader(strings.NewReader(text), &hook{do: func() error { return errReader }})
}

// hook runs do on every read and gives no bytes.
type hook struct{ do func() error }

func (h *hook) Read([]byte) (int, error) {
	if err := h.do(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

func failedReader(ctx context.Context, p *probe) {
	text := strings.Repeat("x", 1<<17)
	if _, err := p.bucket.Put(ctx, "new", failing(text)); !errors.Is(err, errReader) {
		p.add("Put from a reader that fails: got %v, want the error of the reader", err)
	}
	p.absent(ctx, "new")
	if !p.put(ctx, "old", "before") {
		return
	}
	if _, err := p.bucket.Put(ctx, "old", failing(text)); !errors.Is(err, errReader) {
		p.add("Put from a reader that fails: got %v, want the error of the reader", err)
	}
	p.holds(ctx, "old", "before")
}

func endedContext(ctx context.Context, p *probe) {
	if !p.put(ctx, "old", "before") {
		return
	}
	for _, key := range []string{"old", "new"} {
		dead, cancel := context.WithCancel(ctx)
		// The context ends with the last byte: the bytes are complete, but the
		// caller is gone.
		r := io.MultiReader(strings.NewReader("after"), &hook{do: func() error { cancel(); return nil }})
		if _, err := p.bucket.Put(dead, key, r); !errors.Is(err, context.Canceled) {
			p.add("Put whose context ends half-way: got %v, want context.Canceled", err)
		}
		if _, err := p.bucket.Put(dead, key, strings.NewReader("later")); !errors.Is(err, context.Canceled) {
			p.add("Put with an ended context: got %v, want context.Canceled", err)
		}
		cancel()
	}
	p.holds(ctx, "old", "before")
	p.absent(ctx, "new")
}

// unseenUntilDone looks at the bucket from inside the reader of a Put.
func unseenUntilDone(ctx context.Context, p *probe) {
	if !p.put(ctx, "old", "before") {
		return
	}
	for _, key := range []string{"old", "new"} {
		look := &hook{do: func() error {
			if key == "old" {
				p.holds(ctx, "old", "before")
			} else {
				p.absent(ctx, "new")
			}
			if got := p.keys(ctx, "", "", 100); len(got) > 2 || len(got) == 0 || got[len(got)-1] != "old" {
				p.add("while %q is put, List shows %q", key, got)
			}
			return nil
		}}
		text := strings.Repeat("y", 1<<17)
		if _, err := p.bucket.Put(ctx, key, io.MultiReader(strings.NewReader(text), look)); err != nil {
			p.add("Put(%q): %v", key, err)
			return
		}
		p.holds(ctx, key, text)
		if err := p.bucket.Delete(ctx, "new"); err != nil {
			p.add("Delete: %v", err)
		}
	}
}

func openStays(ctx context.Context, p *probe) {
	before, after := strings.Repeat("a", 1<<17), strings.Repeat("b", 1<<17)
	for name, change := range map[string]func() error{
		"replaced": func() error { _, err := p.bucket.Put(ctx, "k", strings.NewReader(after)); return err },
		"deleted":  func() error { return p.bucket.Delete(ctx, "k") },
	} {
		if !p.put(ctx, "k", before) {
			return
		}
		f, err := p.bucket.Open(ctx, "k")
		if err != nil {
			p.add("Open: %v", err)
			return
		}
		head := make([]byte, 1000)
		if _, err := io.ReadFull(f, head); err != nil {
			p.add("reading: %v", err)
		}
		if err := change(); err != nil {
			p.add("%s while it is open: %v", name, err)
		}
		if rest, ok := p.drain("k", f); ok && string(head)+rest != before {
			p.add("what was opened changed when it was %s", name)
		}
	}
}

func parallelPuts(ctx context.Context, p *probe) {
	texts := map[string]bool{}
	var wg sync.WaitGroup
	for i := range 8 {
		text := strings.Repeat(string(rune('a'+i)), 1<<16)
		texts[text] = true
		wg.Go(func() { p.put(ctx, "same/key", text) })
	}
	wg.Wait()
	if got, ok := p.read(ctx, "same/key"); ok && !texts[got] {
		p.add("parallel puts of one key are mixed: %s", short(got))
	}
	if got := p.keys(ctx, "", "", 100); len(got) != 1 {
		p.add("after parallel puts of one key List shows %q", got)
	}
}

func seek(ctx context.Context, p *probe) {
	if !p.put(ctx, "k", "0123456789") {
		return
	}
	f, err := p.bucket.Open(ctx, "k")
	if err != nil {
		p.add("Open: %v", err)
		return
	}
	defer func() { _ = f.Close() }()
	if n, err := f.Seek(0, io.SeekEnd); n != 10 || err != nil {
		p.add("Seek to the end: got %d, %v, want 10", n, err)
	}
	if n, err := f.Seek(-4, io.SeekCurrent); n != 6 || err != nil {
		p.add("Seek back by four: got %d, %v, want 6", n, err)
	}
	if rest, err := io.ReadAll(f); string(rest) != "6789" || err != nil {
		p.add("after Seek: got %q, %v, want 6789", rest, err)
	}
	if n, err := f.Seek(0, io.SeekStart); n != 0 || err != nil {
		p.add("Seek to the start: got %d, %v, want 0", n, err)
	}
}

func callerOwnsBuffer(ctx context.Context, p *probe) {
	if !p.put(ctx, "k", "mine") {
		return
	}
	f, err := p.bucket.Open(ctx, "k")
	if err != nil {
		p.add("Open: %v", err)
		return
	}
	buf := make([]byte, 4)
	if _, err := io.ReadFull(f, buf); err != nil {
		p.add("reading: %v", err)
	}
	clear(buf)
	_ = f.Close()
	p.holds(ctx, "k", "mine")
}

func isInvalid(err error) bool { return fault.KindOf(err) == fault.Invalid }
