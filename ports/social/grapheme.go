package social

import "unicode/utf8"

// graphemeClass is how a code point takes part in grapheme clusters.
type graphemeClass uint8

const (
	gcOther graphemeClass = iota
	gcCR
	gcLF
	gcControl
	gcExtend // extends a cluster, and is no linker
	gcLinker // extends a cluster, and joins two consonants of an Indic script
	gcZWJ
	gcRegional
	gcPrepend
	gcSpacing
	gcL
	gcV
	gcT
	gcLV
	gcLVT
	gcPictographic
	gcConsonant // a consonant of an Indic script that has linkers
)

// graphemeSpan is a range of code points of one class.
type graphemeSpan struct {
	lo, hi rune
	class  graphemeClass
}

// zwnj extends clusters, but does not join consonants.
const zwnj = 0x200C

// graphemes counts the extended grapheme clusters of s, after Unicode Standard
// Annex #29, revision 17.0.0: https://www.unicode.org/reports/tr29/.
func graphemes(s string) int {
	n := 0
	for len(s) > 0 {
		s = s[firstGrapheme(s):]
		n++
	}
	return n
}

// firstGrapheme is the length in bytes of the first cluster of s.
func firstGrapheme(s string) int {
	r, at := utf8.DecodeRuneInString(s)
	c := clusterOf(r)
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		if c.breaksBefore(r) {
			return at
		}
		at += size
	}
	return at
}

// cluster is what the rules need to know of the code points so far.
type cluster struct {
	last graphemeClass
	// regionals counts the regional indicators in a row at the end.
	regionals int
	// emoji: a pictograph and then only what extends it (GB11); joined: and
	// then a joiner.
	emoji, joined bool
	// consonant: an Indic consonant and then only what extends it (GB9c);
	// linked: with a linker among that.
	consonant, linked bool
}

func clusterOf(r rune) cluster {
	var c cluster
	c.take(r, classOf(r))
	return c
}

// breaksBefore reports whether r begins a new cluster, and takes it in if not.
func (c *cluster) breaksBefore(r rune) bool {
	class := classOf(r)
	if !c.holds(class) {
		return true
	}
	c.take(r, class)
	return false
}

// holds reports whether next stays in the cluster. Rules are named as in the
// annex.
func (c *cluster) holds(next graphemeClass) bool {
	switch {
	case c.last == gcCR: // GB3, GB4
		return next == gcLF
	case c.last == gcLF, c.last == gcControl, next == gcCR, next == gcLF, next == gcControl: // GB4, GB5
		return false
	case next == gcExtend, next == gcLinker, next == gcZWJ, next == gcSpacing: // GB9, GB9a
		return true
	case c.last == gcPrepend: // GB9b
		return true
	case next == gcConsonant && c.linked: // GB9c
		return true
	case next == gcPictographic && c.joined: // GB11
		return true
	case next == gcRegional: // GB12, GB13
		return c.regionals%2 == 1
	}
	return hangulHolds(c.last, next)
}

// hangulHolds is GB6, GB7 and GB8.
func hangulHolds(last, next graphemeClass) bool {
	switch last {
	case gcL:
		return next == gcL || next == gcV || next == gcLV || next == gcLVT
	case gcLV, gcV:
		return next == gcV || next == gcT
	case gcLVT, gcT:
		return next == gcT
	default:
		return false
	}
}

func (c *cluster) take(r rune, class graphemeClass) {
	c.last = class
	if class == gcRegional {
		c.regionals++
	} else {
		c.regionals = 0
	}
	extends := class == gcExtend || class == gcLinker
	c.joined = c.emoji && class == gcZWJ
	c.emoji = class == gcPictographic || c.emoji && extends
	if class == gcConsonant {
		c.consonant, c.linked = true, false
		return
	}
	c.consonant = c.consonant && r != zwnj && (extends || class == gcZWJ)
	c.linked = c.consonant && (c.linked || class == gcLinker)
}

func classOf(r rune) graphemeClass {
	switch {
	case r == '\r':
		return gcCR
	case r == '\n':
		return gcLF
	case r >= 0x20 && r < 0x7F:
		return gcOther
	case r >= 0xAC00 && r <= 0xD7A3:
		if (r-0xAC00)%28 == 0 {
			return gcLV
		}
		return gcLVT
	}
	lo, hi := 0, len(graphemeSpans)
	for lo < hi {
		mid := (lo + hi) / 2
		switch s := &graphemeSpans[mid]; {
		case r < s.lo:
			hi = mid
		case r > s.hi:
			lo = mid + 1
		default:
			return s.class
		}
	}
	return gcOther
}
