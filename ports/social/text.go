package social

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Measure is the length of s in the unit of l.Count, with every link as long
// as l.URLLength says. An unknown unit reads as code points.
func (l TextLimit) Measure(s string) int {
	if l.URLLength <= 0 {
		return l.Count.of(s)
	}
	n, at := 0, 0
	for _, link := range Links(s) {
		n += l.Count.of(s[at:link.Start]) + l.URLLength
		at = link.End
	}
	return n + l.Count.of(s[at:])
}

func (c Counter) of(s string) int {
	switch c {
	case CountBytes:
		return len(s)
	case CountGraphemes:
		return graphemes(s)
	case CountWeighted:
		return weighted(s)
	case CountUTF16:
		n := 0
		for _, r := range s {
			n++
			if r > 0xFFFF {
				n++
			}
		}
		return n
	default:
		return utf8.RuneCountInString(s)
	}
}

// Span is a part of a text, as byte offsets: from Start up to End.
type Span struct {
	Start, End int
}

// Links finds the links in a plain text: addresses that begin with http:// or
// https:// and name a host with a dot, up to the first character that no
// address holds. Punctuation that ends a sentence, and brackets that were
// opened before the link, are not part of it.
func Links(s string) []Span {
	var out []Span
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			break
		}
		sep := at + i
		at = sep + len("://")
		start, ok := schemeStart(s, sep)
		if !ok {
			continue
		}
		end := at + hostLength(s[at:])
		if end == at {
			continue
		}
		end += tailLength(s[end:])
		out = append(out, Span{Start: start, End: end})
		at = end
	}
	return out
}

// schemeStart finds where the http or https that ends at sep begins.
func schemeStart(s string, sep int) (int, bool) {
	for _, scheme := range []string{"https", "http"} {
		start := sep - len(scheme)
		if start < 0 || !strings.EqualFold(s[start:sep], scheme) {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:start])
		return start, start == 0 || !unicode.IsLetter(before) && !unicode.IsDigit(before)
	}
	return 0, false
}

// hostLength is the length of the host name that s begins with, with its port;
// 0 if there is none that a stranger could reach by name.
func hostLength(s string) int {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	if end < 0 {
		end = len(s)
	}
	host := strings.TrimRight(s[:end], ".-")
	if !public(strings.Split(host, ".")) {
		return 0
	}
	return len(host) + portLength(s[len(host):])
}

// public reports whether labels are a name below a top-level domain.
func public(labels []string) bool {
	for _, l := range labels {
		if l == "" || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	top := labels[len(labels)-1]
	return len(labels) > 1 && utf8.RuneCountInString(top) > 1 && strings.IndexFunc(top, unicode.IsLetter) >= 0
}

func portLength(s string) int {
	if !strings.HasPrefix(s, ":") {
		return 0
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 1 {
		return 0
	}
	return n
}

// tailLength is the length of the path, query and fragment at the start of s.
func tailLength(s string) int {
	if s == "" || !strings.ContainsRune("/?#", rune(s[0])) {
		return 0
	}
	end := strings.IndexFunc(s, endsLink)
	if end < 0 {
		end = len(s)
	}
	s = s[:end]
	for {
		r, size := utf8.DecodeLastRuneInString(s)
		switch {
		case strings.ContainsRune(".,;:!?'’”»…", r):
		case r == ')' && strings.Count(s, ")") > strings.Count(s, "("):
		case r == ']' && strings.Count(s, "]") > strings.Count(s, "["):
		default:
			return len(s)
		}
		if s = s[:len(s)-size]; s == "" {
			return 0
		}
	}
}

// endsLink reports whether r cannot be in an address. The last ones are the
// punctuation of scripts that are written without spaces.
func endsLink(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError ||
		strings.ContainsRune("<>\"`{}|\\^“„«", r) || strings.ContainsRune("。、，．！？：；「」『』（）【】《》　", r)
}
