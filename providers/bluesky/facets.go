package bluesky

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// spanKind is what a piece of text is.
type spanKind int

const (
	spanLink spanKind = iota
	spanMention
	spanTag
)

// span is a piece of text with a meaning: text[start:end] in bytes. value is
// the address, the handle without @, or the hashtag without #.
type span struct {
	kind       spanKind
	start, end int
	value      string
}

// spansOf finds the links, mentions and hashtags of text, in order and without
// overlaps. It follows what Bluesky's own composer takes for one (hashtags with
// joints, a full-width number sign, mentions that are handles), and also finds
// links in scripts that are written without spaces. That is more than what
// platforms have in common in providers/kit/text.
func spansOf(text string) []span {
	var out []span
	prev := ' '
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		s, ok := span{}, false
		switch r {
		case 'h', 'H':
			s, ok = linkAt(text, i, prev)
		case '@':
			s, ok = mentionAt(text, i, prev)
		case '#', '＃':
			s, ok = tagAt(text, i, size, prev)
		}
		if ok {
			out = append(out, s)
			prev, _ = utf8.DecodeLastRuneInString(text[i:s.end])
			i = s.end
			continue
		}
		prev = r
		i += size
	}
	return out
}

func linkAt(text string, i int, prev rune) (span, bool) {
	rest := text[i:]
	scheme := strings.ToLower(rest[:min(len(rest), len("https://"))])
	if !strings.HasPrefix(scheme, "http://") && scheme != "https://" {
		return span{}, false
	}
	if prev < utf8.RuneSelf && (unicode.IsLetter(prev) || unicode.IsDigit(prev)) {
		return span{}, false
	}
	raw := trimLink(until(rest, endsLink))
	u, err := url.Parse(raw)
	if err != nil || !strings.Contains(strings.Trim(u.Hostname(), "."), ".") {
		return span{}, false
	}
	return span{kind: spanLink, start: i, end: i + len(raw), value: raw}, true
}

// endsLink reports what cannot be in an address that a person writes: spaces,
// quotes, and the punctuation of Chinese, Japanese and Korean.
func endsLink(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>\"“”«»|\\^`{}", r) ||
		strings.ContainsRune("、。，．！？：；「」『』（）【】〈〉《》…　", r)
}

// trimLink takes off the punctuation of the sentence around an address. A
// closing bracket stays if the address opened it.
func trimLink(s string) string {
	for s != "" {
		last := s[len(s)-1]
		switch {
		case strings.IndexByte(".,;:!?'", last) >= 0:
		case last == ')' && strings.Count(s, ")") > strings.Count(s, "("):
		case last == ']' && strings.Count(s, "]") > strings.Count(s, "["):
		default:
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}

// handlePattern is the syntax of https://atproto.com/specs/handle.
var handlePattern = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

const maxHandle = 253

func mentionAt(text string, i int, prev rune) (span, bool) {
	if wordRune(prev) || prev == '@' || prev == '/' || prev == '.' {
		return span{}, false
	}
	raw := until(text[i+1:], func(r rune) bool {
		return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-'
	})
	handle := strings.TrimRight(raw, ".-")
	if len(handle) > maxHandle || !handlePattern.MatchString(handle) {
		return span{}, false
	}
	if strings.HasPrefix(text[i+1+len(raw):], "@") {
		return span{}, false // an address of another network, such as @ann.b@example.social
	}
	return span{kind: spanMention, start: i, end: i + 1 + len(handle), value: strings.ToLower(handle)}, true
}

func tagAt(text string, i, size int, prev rune) (span, bool) {
	if wordRune(prev) || prev == '#' || prev == '＃' || prev == '&' || prev == '/' {
		return span{}, false
	}
	raw := until(text[i+size:], endsTag)
	raw = strings.TrimRightFunc(raw, func(r rune) bool { return unicode.IsPunct(r) && r != '_' })
	if raw == "" || strings.HasPrefix(raw, "\ufe0f") || !strings.ContainsFunc(raw, meansSomething) ||
		utf8.RuneCountInString(raw) > maxTagRunes || len(raw) > maxTagBytes {
		return span{}, false
	}
	return span{kind: spanTag, start: i, end: i + size + len(raw), value: raw}, true
}

// endsTag reports what cannot be in a hashtag: spaces, marks that nobody sees,
// and punctuation but the kind that joins words.
func endsTag(r rune) bool {
	if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u00ad' || r >= '\u200a' && r <= '\u200d' || r == '\u2060' || r == '\u20e2' {
		return true
	}
	return unicode.IsPunct(r) && !strings.ContainsRune("_-.'’&·・", r)
}

// meansSomething reports whether r makes a hashtag more than a number.
func meansSomething(r rune) bool { return !unicode.IsDigit(r) && !unicode.IsPunct(r) }

func wordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// until returns the start of s up to the first rune that stop reports.
func until(s string, stop func(rune) bool) string {
	if i := strings.IndexFunc(s, stop); i >= 0 {
		return s[:i]
	}
	return s
}

// handlesIn lists the handles that text mentions, each once, in order.
func handlesIn(spans []span) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range spans {
		if s.kind == spanMention && !seen[s.value] {
			seen[s.value] = true
			out = append(out, s.value)
		}
	}
	return out
}

// facetsOf annotates a text. dids belong to handlesIn(spans), in order; a
// mention without one stays text.
func facetsOf(spans []span, dids []string) []facet {
	known := map[string]string{}
	for i, h := range handlesIn(spans) {
		if i < len(dids) {
			known[h] = dids[i]
		}
	}
	var out []facet
	for _, s := range spans {
		f := feature{}
		switch s.kind {
		case spanLink:
			f = feature{Type: "app.bsky.richtext.facet#link", URI: s.value}
		case spanMention:
			f = feature{Type: "app.bsky.richtext.facet#mention", Did: known[s.value]}
			if f.Did == "" {
				continue
			}
		case spanTag:
			f = feature{Type: "app.bsky.richtext.facet#tag", Tag: s.value}
		}
		out = append(out, facet{Index: byteSlice{ByteStart: s.start, ByteEnd: s.end}, Features: []feature{f}})
	}
	return out
}
