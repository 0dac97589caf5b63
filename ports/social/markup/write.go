package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// Markdown is the text as the function Markdown reads it.
func (d Doc) Markdown() string {
	out := d.write(own())
	if Markdown(out).Visible() != d.Visible() {
		// Marks that touch in a way that nobody can write.
		return Escape(d.Plain())
	}
	return out
}

// Escape writes a text in which nothing is meant as Markdown.
func Escape(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return Doc{Blocks: []Block{{Nodes: addresses([]Node{{Text: s}})}}}.write(own())
}

// own is the Markdown that this package reads.
func own() dialect {
	return dialect{deepest: 6, spoiler: [2]string{"||", "||"}, signs: "\\`*[<", bare: bare}
}

// Discord is the text as https://support.discord.com/hc/en-us/articles/210298617
// describes it.
func (d Doc) Discord() string {
	return d.write(dialect{deepest: 3, spoiler: [2]string{"||", "||"}, signs: "\\`*["})
}

// Reddit is the text as https://support.reddithelp.com/hc/en-us/articles/360043033952
// describes it: single line breaks are made to stay.
func (d Doc) Reddit() string {
	return d.write(dialect{deepest: 6, spoiler: [2]string{">!", "!<"}, signs: "\\`*[^", reflows: true})
}

// Slack is the text as https://docs.slack.dev/messaging/formatting-message-text
// describes it. It has no headings, lists and spoilers, and no way to make a mark
// plain. What leads to people, channels and groups stays.
func (d Doc) Slack() string {
	return d.slim().render(style{
		text: slackText,
		node: func(n Node, inner string) string {
			switch n.Kind {
			case Bold:
				return around("*", inner)
			case Italic:
				return around("_", inner)
			case Strike:
				return around("~", inner)
			case Code:
				return "`" + inner + "`"
			case Link:
				return "<" + strings.ReplaceAll(slackEscape(n.Arg), "|", "%7C") + "|" + strings.ReplaceAll(inner, "|", "¦") + ">"
			default:
				return inner
			}
		},
		block: func(b Block, inner string) string {
			switch b.Kind {
			case Heading:
				return around("*", visibleText(b.Nodes, slackText))
			case Quote:
				return "> " + strings.ReplaceAll(inner, "\n", "\n> ")
			case Point:
				return bullet(b) + inner
			case CodeBlock:
				return "```\n" + inner + "\n```"
			default:
				return inner
			}
		},
	})
}

func slackEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// slackSpecial leads to a person, a channel or a group.
var slackSpecial = regexp.MustCompile(`<(?:@[UW]|#C|!subteam\^S)[A-Z0-9]+(?:\|[^<>|]*)?>`)

func slackText(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range slackSpecial.FindAllStringIndex(s, -1) {
		b.WriteString(slackEscape(s[at:m[0]]) + s[m[0]:m[1]])
		at = m[1]
	}
	return b.String() + slackEscape(s[at:])
}

func visibleText(nodes []Node, text func(string) string) string {
	return style{text: text, node: func(_ Node, inner string) string { return inner }}.nodes(nodes)
}

// around puts a mark around a text, and leaves the blanks at its ends outside,
// next to which no mark is read as one.
func around(mark, inner string) string { return between(mark, inner, mark) }

// between does so on every line: on many platforms no mark reaches across an
// empty one.
func between(begin, inner, end string) string {
	lines := strings.Split(inner, "\n")
	for i, l := range lines {
		if text := strings.TrimSpace(l); text != "" {
			at := strings.Index(l, text)
			lines[i] = l[:at] + begin + text + end + l[at+len(text):]
		}
	}
	return strings.Join(lines, "\n")
}

// dialect is how a relative of Markdown writes.
type dialect struct {
	// deepest is the most signs of a heading.
	deepest int
	spoiler [2]string
	// signs are always made plain in a text; others where they could be read.
	signs string
	// reflows says that a line break is none unless it is made to stay, and that
	// blocks need an empty line between them.
	reflows bool
	// bare says how a web address is written before what follows. Nil: as it is.
	bare func(address, next string) string
}

func (d Doc) write(m dialect) string {
	var b strings.Builder
	d = d.slim()
	for i, block := range d.Blocks {
		if i > 0 {
			b.WriteString(m.gap(d.Blocks[i-1], block))
		}
		b.WriteString(m.block(block))
	}
	return b.String()
}

// gap is what stands between two blocks.
func (m dialect) gap(one, two Block) string {
	if m.reflows && (one.Kind != Point || two.Kind != Point) {
		return "\n\n"
	}
	return "\n"
}

func (m dialect) block(b Block) string {
	switch {
	case b.Kind == CodeBlock && m.reflows:
		return "    " + strings.ReplaceAll(b.Text, "\n", "\n    ")
	case b.Kind == CodeBlock:
		return "```" + b.Arg + "\n" + b.Text + "\n```"
	}
	inner := m.stay(m.nodes(b.Nodes, true))
	switch b.Kind {
	case Heading:
		signs := b.Arg
		if signs == "" {
			signs = "#"
		}
		return signs[:min(len(signs), m.deepest)] + " " + inner
	case Quote:
		return "> " + strings.ReplaceAll(inner, "\n", "\n> ")
	case Point:
		if b.Arg == "" {
			return "- " + inner
		}
		return b.Arg + " " + inner
	default:
		return inner
	}
}

// stay makes line breaks stay where lines are reflowed.
func (m dialect) stay(s string) string {
	if !m.reflows {
		return s
	}
	all := strings.Split(s, "\n")
	for i, l := range all[:len(all)-1] {
		if l != "" && all[i+1] != "" {
			all[i] = l + "  "
		}
	}
	return strings.Join(all, "\n")
}

// nodes writes the parts of a line; begins says that nothing stands before them.
func (m dialect) nodes(nodes []Node, begins bool) string {
	var b strings.Builder
	for i, n := range nodes {
		before, _ := utf8.DecodeLastRuneInString(b.String())
		var next string
		if i+1 < len(nodes) {
			next = visible(nodes[i+1 : i+2])
		}
		after, _ := utf8.DecodeRuneInString(next)
		b.WriteString(m.node(n, place{
			begins: begins && b.Len() == 0 || before == '\n', inWord: isWord(before) || isWord(after), next: next,
		}))
	}
	return b.String()
}

// place is what is around a part of a line.
type place struct {
	// begins says that a line begins here, and inWord that letters touch it.
	begins, inWord bool
	// next is the text behind it.
	next string
}

func (m dialect) node(n Node, at place) string {
	switch n.Kind {
	case Bold:
		return around("**", m.nodes(n.Nodes, false))
	case Italic:
		if at.inWord {
			return around("*", m.nodes(n.Nodes, false))
		}
		return around("_", m.nodes(n.Nodes, false))
	case Strike:
		return around("~~", m.nodes(n.Nodes, false))
	case Spoiler:
		return between(m.spoiler[0], m.nodes(n.Nodes, false), m.spoiler[1])
	case Code:
		return m.code(n.Text)
	case Link:
		return "[" + m.nodes(n.Nodes, false) + "](" + strings.NewReplacer("(", "%28", ")", "%29").Replace(n.Arg) + ")"
	case Address:
		if m.bare != nil {
			return m.bare(n.Text, at.next)
		}
		return n.Text
	default:
		return m.text(n.Text, at.begins)
	}
}

// code puts a text between more backticks than it has in a row.
func (m dialect) code(s string) string {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	if m.reflows && (strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`")) {
		s = " " + s + " "
	}
	marks := strings.Repeat("`", longest+1)
	return marks + s + marks
}

// text makes signs plain that could be read as marks.
func (m dialect) text(s string, begins bool) string {
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		lead := -1
		if at := lineStart.FindStringSubmatchIndex(line); at != nil && (i > 0 || begins) {
			lead = max(at[2], at[4])
		}
		for i, r := range line {
			if i == lead || m.isMark(line, i, r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// lineStart is what a line must not begin with, unless it is meant: the sign is
// in one of the two groups.
var lineStart = regexp.MustCompile(`^\s*(?:([#>+=-])|\d+([.)]) )`)

// isMark reports whether the sign r at line[i:] could be read as a mark.
func (m dialect) isMark(line string, i int, r rune) bool {
	before, _ := utf8.DecodeLastRuneInString(line[:i])
	after, _ := utf8.DecodeRuneInString(line[i+utf8.RuneLen(r):])
	switch r {
	case '_':
		return !isWord(before) || !isWord(after)
	case '~', '|':
		return before == r || after == r
	}
	return strings.ContainsRune(m.signs, r) || m.reflows && isRedditMark(before, r, after)
}

// isRedditMark knows spoilers and entities.
func isRedditMark(before, r, after rune) bool {
	switch r {
	case '<':
		return before == '!'
	case '>':
		return after == '!'
	case '&':
		return after == '#' || unicode.IsLetter(after)
	}
	return false
}

// bare writes an address as it is where it is read as the same one, and between
// angle brackets elsewhere.
func bare(address, next string) string {
	if l := social.Links(address + next); len(l) > 0 && l[0].Start == 0 && l[0].End == len(address) {
		return address
	}
	return "<" + address + ">"
}

// slim is d in the fewest nodes.
func (d Doc) slim() Doc {
	out := Doc{Blocks: slices.Clone(d.Blocks)}
	for i, b := range out.Blocks {
		out.Blocks[i].Nodes = slim(b.Nodes, nil)
	}
	return out
}

// slim leaves out marks within the same mark, and joins neighbours that are
// alike: nothing else could be written so that it is read again.
func slim(nodes []Node, around []Kind) []Node {
	var out []Node
	for _, n := range nodes {
		switch n.Kind {
		case Bold, Italic, Strike, Spoiler, Link:
			inner := slim(n.Nodes, append(around[:len(around):len(around)], n.Kind))
			if slices.Contains(around, n.Kind) {
				out = append(out, inner...)
				continue
			}
			n.Nodes = inner
		default:
		}
		out = append(out, n)
	}
	return joined(out)
}

// joined makes one of neighbours of a kind, and leaves out what is empty.
func joined(nodes []Node) []Node {
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool { return n.Text == "" && len(n.Nodes) == 0 })
	var out []Node
	for len(nodes) > 0 {
		n := 1
		for n < len(nodes) && nodes[n].Kind == nodes[0].Kind {
			n++
		}
		switch run := nodes[:n]; run[0].Kind {
		case Text:
			var b strings.Builder
			for _, one := range run {
				b.WriteString(one.Text)
			}
			out = append(out, Node{Text: b.String()})
		case Bold, Italic, Strike, Spoiler:
			var all []Node
			for _, one := range run {
				all = append(all, one.Nodes...)
			}
			out = append(out, Node{Kind: run[0].Kind, Nodes: joined(all)})
		default:
			out = append(out, run...)
		}
		nodes = nodes[n:]
	}
	return out
}
