package blobtest

import (
	"context"
	"slices"
	"strings"
)

func badKeys(ctx context.Context, p *probe) {
	for _, key := range []string{
		"", ".", "..", "/", "a/", "/a", "a//b", "../a", "a/../b", "a/..", "./a", "a/./b",
		`a\b`, `..\a`, "a b", "a\x00b", "a\nb", "é", "a:b", "a~b", "a*", "a%2e", strings.Repeat("k", 513),
	} {
		if _, err := p.bucket.Put(ctx, key, strings.NewReader("x")); !isInvalid(err) {
			p.add("Put(%q): got %v, want fault.Invalid", key, err)
		}
		f, err := p.bucket.Open(ctx, key)
		if !isInvalid(err) {
			p.add("Open(%q): got %v, want fault.Invalid", key, err)
		}
		if err == nil {
			_ = f.Close()
		}
		if _, err := p.bucket.Stat(ctx, key); !isInvalid(err) {
			p.add("Stat(%q): got %v, want fault.Invalid", key, err)
		}
		if err := p.bucket.Delete(ctx, key); !isInvalid(err) {
			p.add("Delete(%q): got %v, want fault.Invalid", key, err)
		}
	}
	if got := p.keys(ctx, "../", "", 10); len(got) > 0 {
		p.add("List outside of the bucket shows %q", got)
	}
}

func goodKeys(ctx context.Context, p *probe) {
	for _, key := range []string{
		"a", "A", "0", "...", "..a", "a..", ".hidden", "-", "_", "a.b-c_d/E.F-G_H",
		strings.Repeat("k", 512), strings.Repeat("k/", 255) + "kk", strings.Repeat("m", 300) + "/" + strings.Repeat("n", 200),
	} {
		if p.put(ctx, key, key) {
			p.holds(ctx, key, key)
		}
	}
}

// flatSpace holds keys that are folders of others in a file system.
func flatSpace(ctx context.Context, p *probe) {
	keys := []string{"a", "a/b", "a/b/c"}
	for _, key := range keys {
		if !p.put(ctx, key, key) {
			return
		}
	}
	for _, key := range keys {
		p.holds(ctx, key, key)
	}
	if err := p.bucket.Delete(ctx, "a/b"); err != nil {
		p.add("Delete: %v", err)
	}
	p.absent(ctx, "a/b")
	p.holds(ctx, "a/b/c", "a/b/c")
}

// shelf is sorted as bytes are. Its neighbors tell a list that is sorted by
// folder from one that is sorted by key.
func shelf() []string {
	long := strings.Repeat("x", 200)
	keys := []string{
		"B", "a", "a-b", "a.b", "a/a", "a/b", "a/b/c", "a0", "a_", "ab", "b/1", "b/10", "b/2", "c/d/e/f",
		long, long + "-z", long + "/q", long + "0", long + strings.Repeat("y", 200),
	}
	slices.Sort(keys)
	return keys
}

func (p *probe) fill(ctx context.Context) bool {
	for _, key := range shelf() {
		if !p.put(ctx, key, key) {
			return false
		}
	}
	return true
}

func list(ctx context.Context, p *probe) {
	if got := p.keys(ctx, "", "", 10); len(got) != 0 {
		p.add("List of an empty bucket shows %q", got)
	}
	if !p.fill(ctx) {
		return
	}
	if got := p.keys(ctx, "", "", 1000); !slices.Equal(got, shelf()) {
		p.add("List: got %q, want %q", got, shelf())
	}
	infos, err := p.bucket.List(ctx, "c/", "", 10)
	if err != nil || len(infos) != 1 || infos[0].Bytes != int64(len("c/d/e/f")) || infos[0].ModifiedAt.IsZero() {
		p.add("List does not describe the bytes: %+v, %v", infos, err)
	}
}

func listPages(ctx context.Context, p *probe) {
	if !p.fill(ctx) {
		return
	}
	for _, size := range []int{1, 2, 5} {
		var got []string
		after := ""
		for range 100 {
			page := p.keys(ctx, "", after, size)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1]
		}
		if !slices.Equal(got, shelf()) {
			p.add("List in pages of %d: got %q, want %q", size, got, shelf())
		}
	}
	// A key need not be there to go on behind it.
	if got := p.keys(ctx, "b/", "b/1z", 10); !slices.Equal(got, []string{"b/2"}) {
		p.add("List behind a missing key: got %q, want b/2", got)
	}
}

func listPrefix(ctx context.Context, p *probe) {
	if !p.fill(ctx) {
		return
	}
	for _, prefix := range []string{"a", "a/", "a/b", "b/1", "c/d/", "none", "x", "a/b/c", "~"} {
		var want []string
		for _, key := range shelf() {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		if got := p.keys(ctx, prefix, "", 100); !slices.Equal(got, want) {
			p.add("List(%q): got %q, want %q", prefix, got, want)
		}
	}
}
