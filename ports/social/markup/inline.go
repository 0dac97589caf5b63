package markup

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// deepest bounds how many marks can lie within each other.
const deepest = 16

// open is a mark whose end was not seen yet.
type open struct {
	mark string
	// at is where in reader.out its content begins.
	at int
}

// reader reads a run of text. A mark without its other half becomes text.
type reader struct {
	out   []Node
	stack []open
	// counts holds how many marks of a sort are open, so that a text full of
	// ends is not compared with all beginnings again and again.
	counts map[string]int
}

// inline reads s, which is a part of one block.
func inline(s string) []Node {
	r := reader{counts: map[string]int{}}
	links := social.Links(s)
	for at := 0; at < len(s); {
		for len(links) > 0 && links[0].Start < at {
			links = links[1:]
		}
		if len(links) > 0 && links[0].Start == at {
			r.out = append(r.out, Node{Kind: Address, Text: s[at:links[0].End]})
			at = links[0].End
			continue
		}
		at += r.next(s, at)
	}
	for len(r.stack) > 0 {
		r.drop()
	}
	return r.out
}

// next reads what is at s[at:] and returns its length.
func (r *reader) next(s string, at int) int {
	rest := s[at:]
	switch rest[0] {
	case '\\':
		if len(rest) > 1 && isSign(rest[1]) {
			r.text(rest[1:2])
			return 2
		}
	case '`':
		if text, n, ok := codeSpan(rest); ok {
			r.out = append(r.out, Node{Kind: Code, Text: text})
			return n
		}
		n := len(rest) - len(strings.TrimLeft(rest, "`"))
		r.text(rest[:n])
		return n
	case '[':
		if words, to, n, ok := linkAt(rest); ok {
			r.out = append(r.out, Node{Kind: Link, Arg: to, Nodes: withoutLinks(inline(words))})
			return n
		}
	case '<':
		if end := strings.IndexByte(rest, '>'); end > 0 && isAddress(rest[1:end]) {
			r.out = append(r.out, Node{Kind: Address, Text: rest[1:end]})
			return end + 1
		}
	case '*', '_', '~', '|':
		return r.marks(s, at)
	}
	n := 1 + plainLength(rest[1:])
	r.text(rest[:n])
	return n
}

// plainLength is how much of s surely means nothing. It ends before a letter that
// an address may begin with.
func plainLength(s string) int {
	if n := strings.IndexAny(s, "\\`[<*_~|hH"); n >= 0 {
		return n
	}
	return len(s)
}

// marks reads a run of one sign.
func (r *reader) marks(s string, at int) int {
	sign := s[at]
	n := 1
	for at+n < len(s) && s[at+n] == sign {
		n++
	}
	opens, closes := sides(s, at, n)
	if n > 3 || n != 2 && (sign == '~' || sign == '|') {
		r.text(s[at : at+n])
		return n
	}
	r.match(string(sign), n, opens, closes)
	return n
}

// match makes of a run of n signs what it ends, what it begins, and text of the rest.
func (r *reader) match(one string, n int, opens, closes bool) {
	for left := n; left > 0; {
		mark := r.innermost(one, left)
		switch {
		case closes && mark != "" && r.close(mark):
		case opens && len(r.stack) < deepest:
			mark = strings.Repeat(one, min(left, 2))
			r.stack = append(r.stack, open{mark: mark, at: len(r.out)})
			r.counts[mark]++
		default:
			mark = one
			r.text(one)
		}
		left -= len(mark)
	}
}

// sides reports whether the run of n signs at s[at:] can begin and end something:
// it does so only next to what is no space, and lines within a word are a part of it.
func sides(s string, at, n int) (opens, closes bool) {
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	after, _ := utf8.DecodeRuneInString(s[at+n:])
	opens = at+n < len(s) && !unicode.IsSpace(after)
	closes = at > 0 && !unicode.IsSpace(before)
	if s[at] == '_' {
		opens, closes = opens && (at == 0 || !isWord(before)), closes && (at+n == len(s) || !isWord(after))
	}
	return opens, closes
}

// innermost is the mark of a sign that left signs of it end: the double one where
// just two are left, else the last that is open and not longer.
func (r *reader) innermost(sign string, left int) string {
	if r.counts[sign] == 0 && r.counts[sign+sign] == 0 {
		return ""
	}
	if left == 2 && r.counts[sign+sign] > 0 {
		return sign + sign
	}
	for i := len(r.stack) - 1; i >= 0; i-- {
		if m := r.stack[i].mark; m[:1] == sign && len(m) <= left {
			return m
		}
	}
	return ""
}

// close ends mark. What was begun within it and not ended becomes text. Nothing
// between the two is no mark.
func (r *reader) close(mark string) bool {
	for i := len(r.stack) - 1; i >= 0; i-- {
		o := r.stack[i]
		if o.mark != mark {
			continue
		}
		if i == len(r.stack)-1 && o.at == len(r.out) {
			return false
		}
		for len(r.stack) > i+1 {
			r.drop()
		}
		r.stack = r.stack[:i]
		r.counts[mark]--
		inner := append([]Node(nil), r.out[o.at:]...)
		r.out = append(r.out[:o.at], Node{Kind: kindOf(mark), Nodes: inner})
		return true
	}
	return false
}

// drop makes text of the innermost mark that is open.
func (r *reader) drop() {
	o := r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	r.counts[o.mark]--
	r.out = append(r.out[:o.at], append([]Node{{Text: o.mark}}, r.out[o.at:]...)...)
}

// text adds s as it is. Neighbours are not joined, which would take long in a
// text of many signs and which no reader of the nodes needs.
func (r *reader) text(s string) { r.out = append(r.out, Node{Text: s}) }

func kindOf(mark string) Kind {
	switch mark {
	case "**", "__":
		return Bold
	case "~~":
		return Strike
	case "||":
		return Spoiler
	}
	return Italic
}

// codeSpan reads code between two equal runs of backticks.
func codeSpan(s string) (text string, n int, ok bool) {
	run := len(s) - len(strings.TrimLeft(s, "`"))
	for at := run; at < len(s); {
		i := strings.IndexByte(s[at:], '`')
		if i < 0 {
			return "", 0, false
		}
		at += i
		end := len(s[at:]) - len(strings.TrimLeft(s[at:], "`"))
		if end == run {
			return s[run:at], at + end, true
		}
		at += end
	}
	return "", 0, false
}

// longestWords and longestAddress bound the two parts of a link, and with them
// the time that a text full of brackets takes.
const (
	longestWords   = 1000
	longestAddress = 2000
)

// linkAt reads [words](address).
func linkAt(s string) (words, to string, n int, ok bool) {
	end := bracketEnd(s, '[', ']', longestWords)
	if end < 2 || strings.TrimSpace(s[1:end]) == "" || !strings.HasPrefix(s[end+1:], "(") {
		return "", "", 0, false
	}
	rest := s[end+1:]
	last := bracketEnd(rest, '(', ')', longestAddress)
	if last < 1 || !isAddress(rest[1:last]) {
		return "", "", 0, false
	}
	return s[1:end], rest[1:last], end + 1 + last + 1, true
}

// bracketEnd is where the bracket that s begins with is ended, or -1.
func bracketEnd(s string, begin, end byte, longest int) int {
	depth := 0
	for i := 0; i < min(len(s), longest); i++ {
		switch s[i] {
		case '\\':
			i++
		case begin:
			depth++
		case end:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// isAddress reports whether s is the address of a page or a mailbox.
func isAddress(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>\"\\", r)
	}) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && ((u.Scheme == "https" || u.Scheme == "http") && u.Host != "" || u.Scheme == "mailto" && u.Opaque != "")
}

// withoutLinks makes words of the links in nodes, because a link holds no other.
func withoutLinks(nodes []Node) []Node {
	var out []Node
	for _, n := range nodes {
		n.Nodes = withoutLinks(n.Nodes)
		switch n.Kind {
		case Address:
			n.Kind = Text
		case Link:
			out = append(append(out, n.Nodes...), Node{Text: " (" + n.Arg + ")"})
			continue
		default:
		}
		out = append(out, n)
	}
	return out
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// isSign reports whether b is punctuation, which a backslash can make plain.
func isSign(b byte) bool {
	return b > ' ' && b < 0x7F && !isWord(rune(b))
}
