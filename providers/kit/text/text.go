// Package text finds what platforms want marked in a plain text, such as links
// and mentions, as byte offsets. Lengths are measured by social.TextLimit.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// Span is a part of a text, as byte offsets: from Start up to End.
type Span = social.Span

// Count is the length of s in units of by, with every link as long as
// urlLength; 0: its own length.
func Count(s string, by social.Counter, urlLength int) int {
	return social.TextLimit{Count: by, URLLength: urlLength}.Measure(s)
}

// Links finds the links in s. See social.Links.
func Links(s string) []Span { return social.Links(s) }

// Mentions finds names such as "@ann", "@ann.example" and "@ann@host.example",
// with their signs. A name begins after a space, an opening bracket or at the
// start, and never inside a link.
func Mentions(s string) []Span {
	return marks(s, "@", func(rest string) int {
		n := nameLength(rest)
		if n == 0 || !strings.HasPrefix(rest[n:], "@") {
			return n
		}
		if host := nameLength(rest[n+1:]); host > 0 {
			return n + 1 + host
		}
		return n
	})
}

// Tags finds words such as "#news", with their signs. A tag is letters, marks,
// digits, underscores and pictures, and not digits alone; it ends before
// punctuation. It begins where a mention may begin.
func Tags(s string) []Span {
	return marks(s, "#", func(rest string) int {
		end := strings.IndexFunc(rest, func(r rune) bool { return !inTag(r) })
		if end < 0 {
			end = len(rest)
		}
		if strings.IndexFunc(rest[:end], func(r rune) bool { return !unicode.IsDigit(r) && r != 0xFE0F && r != 0x20E3 }) < 0 {
			return 0
		}
		return end
	})
}

// marks finds sign with what length measures after it.
func marks(s, sign string, length func(rest string) int) []Span {
	var out []Span
	links := Links(s)
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], sign)
		if i < 0 {
			break
		}
		start := at + i
		at = start + len(sign)
		for len(links) > 0 && links[0].End <= start {
			links = links[1:]
		}
		if len(links) > 0 && links[0].Start <= start || !begins(s[:start]) {
			continue
		}
		if n := length(s[at:]); n > 0 {
			at += n
			out = append(out, Span{Start: start, End: at})
		}
	}
	return out
}

func begins(before string) bool {
	if before == "" {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(before)
	return unicode.IsSpace(r) || unicode.Is(unicode.Ps, r) || unicode.Is(unicode.Pi, r) || r == '"' || r == '\''
}

// nameLength is the length of the name or host name at the start of s.
func nameLength(s string) int {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '.' && r != '-'
	})
	if end < 0 {
		end = len(s)
	}
	if s[:end] != strings.TrimLeft(s[:end], ".-") {
		return 0
	}
	return len(strings.TrimRight(s[:end], ".-"))
}

func inTag(r rune) bool {
	return r == '_' || r == 0x200D || r == 0xFE0F || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) && r > 0xFF
}
