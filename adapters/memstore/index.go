package memstore

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// key is an entry of an index: the rows of a group, ordered by a number and
// then by id.
type key struct {
	group string
	at    int64
	id    string
}

func (k key) compare(o key) int {
	if c := cmp.Compare(k.group, o.group); c != 0 {
		return c
	}
	if c := cmp.Compare(k.at, o.at); c != 0 {
		return c
	}
	return cmp.Compare(k.id, o.id)
}

// micros puts instants in order, the zero time first.
func micros(t time.Time) int64 { return t.UnixMicro() }

// maxChunk bounds how much one insertion moves.
const maxChunk = 512

// index keeps keys in order, in chunks, so that an insertion into a long one
// stays cheap.
type index struct{ chunks [][]key }

// find returns the place of k, or the one where it belongs.
func (x *index) find(k key) (chunk, pos int, found bool) {
	chunk, _ = slices.BinarySearchFunc(x.chunks, k, func(c []key, k key) int {
		return c[len(c)-1].compare(k)
	})
	if chunk == len(x.chunks) {
		return chunk, 0, false
	}
	pos, found = slices.BinarySearchFunc(x.chunks[chunk], k, key.compare)
	return chunk, pos, found
}

func (x *index) add(k key) {
	c, pos, found := x.find(k)
	switch {
	case found:
		return
	case len(x.chunks) == 0:
		x.chunks = [][]key{{k}}
		return
	case c == len(x.chunks):
		c, pos = c-1, len(x.chunks[c-1])
	}
	x.chunks[c] = slices.Insert(x.chunks[c], pos, k)
	if n := len(x.chunks[c]); n > maxChunk {
		upper := slices.Clone(x.chunks[c][n/2:])
		x.chunks[c] = x.chunks[c][:n/2]
		x.chunks = slices.Insert(x.chunks, c+1, upper)
	}
}

func (x *index) remove(k key) {
	c, pos, found := x.find(k)
	if !found {
		return
	}
	x.chunks[c] = slices.Delete(x.chunks[c], pos, pos+1)
	if len(x.chunks[c]) == 0 {
		x.chunks = slices.Delete(x.chunks, c, c+1)
	}
}

// up yields the keys from k on, in order. The index must not change meanwhile.
func (x *index) up(k key) iter.Seq[key] {
	return func(yield func(key) bool) {
		c, pos, _ := x.find(k)
		for ; c < len(x.chunks); c, pos = c+1, 0 {
			for _, k := range x.chunks[c][pos:] {
				if !yield(k) {
					return
				}
			}
		}
	}
}

// down yields the keys before k, the greatest first. The index must not change
// meanwhile.
func (x *index) down(k key) iter.Seq[key] {
	return func(yield func(key) bool) {
		c, pos, _ := x.find(k)
		if c < len(x.chunks) {
			for _, k := range slices.Backward(x.chunks[c][:pos]) {
				if !yield(k) {
					return
				}
			}
		}
		for c--; c >= 0; c-- {
			for _, k := range slices.Backward(x.chunks[c]) {
				if !yield(k) {
					return
				}
			}
		}
	}
}

// group yields the keys of one group, in order.
func (x *index) group(name string) iter.Seq[key] {
	return func(yield func(key) bool) {
		for k := range x.up(key{group: name, at: minAt}) {
			if k.group != name || !yield(k) {
				return
			}
		}
	}
}

// The ends of a group.
const (
	minAt = -1 << 63
	maxAt = 1<<63 - 1
)
