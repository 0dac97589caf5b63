package social

import "unicode/utf8"

// weighted measures s as twitter-text 3 does:
// https://github.com/twitter/twitter-text/blob/master/config/v3.json. The
// platform composes letters and their marks first, which needs tables that are
// not here: what comes with loose marks counts more, never less.
func weighted(s string) int {
	n := 0
	for len(s) > 0 {
		size := firstGrapheme(s)
		n += weightOf(s[:size])
		s = s[size:]
	}
	return n
}

// weightOf is the weight of one cluster.
func weightOf(cluster string) int {
	n := 0
	for _, r := range cluster {
		switch class := classOf(r); {
		case class == gcPictographic, class == gcRegional && utf8.RuneCountInString(cluster) > 1, r == keycap:
			return 2
		case isLight(r):
			n++
		default:
			n += 2
		}
	}
	return n
}

// keycap turns a digit into a picture.
const keycap = 0x20E3

// isLight reports whether r is in one of the ranges that count one.
func isLight(r rune) bool {
	return r <= 0x10FF || r >= 0x2000 && r <= 0x200D || r >= 0x2010 && r <= 0x201F || r >= 0x2032 && r <= 0x2037
}
