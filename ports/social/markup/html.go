package markup

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/crierhq/crier/ports/social"
)

// HTML reads the HTML of editors in the browser: b or strong, i or em, s, del or
// strike, code, pre, a, h1 to h6, blockquote, ul, ol and li, p, div and br. Of
// other tags only what they hold is read, and nothing of script and style.
// Blanks are collapsed as in a browser. A paragraph ends its line, as in the
// editors of social networks; an empty one is an empty line. Every text can be
// read, and no text is lost.
func HTML(s string) Doc {
	r := htmlReader{}
	for s = strings.ToValidUTF8(s, "\uFFFD"); s != ""; {
		at := strings.IndexByte(s, '<')
		if at < 0 {
			at = len(s)
		}
		if at > 0 {
			r.text(s[:at])
			s = s[at:]
			continue
		}
		t, n := tagAt(s)
		if n == 0 {
			r.text("<")
			s = s[1:]
			continue
		}
		s = s[n:]
		if t.name == "script" || t.name == "style" {
			s = behind(s, t)
			continue
		}
		r.tag(t)
	}
	r.line()
	return r.doc()
}

// tag is one tag.
type tag struct {
	name string
	end  bool
	// empty says that it ends itself.
	empty bool
	href  string
}

// tagAt reads the tag, comment or the like that s begins with; n is its length,
// zero where there is none. Of those without a name nothing is to be seen.
func tagAt(s string) (t tag, n int) {
	if strings.HasPrefix(s, "<!--") {
		if end := strings.Index(s, "-->"); end >= 0 {
			return tag{}, end + 3
		}
		return tag{}, 0
	}
	rest := s[1:]
	rest, t.end = strings.CutPrefix(rest, "/")
	size := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) || r > unicode.MaxASCII })
	switch {
	case size < 0, size == 0 && rest[0] != '!', size > 0 && rest[0] <= '9':
		return tag{}, 0
	}
	t.name = strings.ToLower(rest[:size])
	end := t.attributes(rest[size:])
	if end < 0 {
		return tag{}, 0
	}
	return t, len(s) - len(rest) + size + end
}

// attributes reads what follows the name of a tag. It returns where that ends,
// behind the bracket; -1 where it never does.
func (t *tag) attributes(s string) int {
	for at := 0; at < len(s); at++ {
		switch c := s[at]; c {
		case '<':
			return -1 // somebody compares
		case '>':
			t.empty = strings.HasSuffix(s[:at], "/")
			return at + 1
		case '"', '\'':
			end := strings.IndexByte(s[at+1:], c)
			if end < 0 {
				return -1
			}
			if name, ok := strings.CutSuffix(s[:at], "="); ok && t.href == "" && strings.EqualFold(lastWord(name), "href") {
				t.href = html.UnescapeString(s[at+1 : at+1+end])
			}
			at += end + 1
		}
	}
	return -1
}

func lastWord(s string) string {
	s = strings.TrimRight(s, " \t\n")
	return s[strings.LastIndexAny(s, " \t\n")+1:]
}

// behind is what comes after the end of t, which nobody sees into.
func behind(s string, t tag) string {
	if t.end || t.empty {
		return s
	}
	if end := strings.Index(strings.ToLower(s), "</"+t.name); end >= 0 {
		return s[end:]
	}
	return ""
}

// htmlReader makes lines of tags and texts.
type htmlReader struct {
	lines []htmlLine
	now   htmlLine
	// filled says that the line has something, if only an end that stands alone.
	filled bool
	// open are the tags around what is read, with the number of nodes that were
	// there when they began.
	open []htmlOpen
	// items count the points of the lists around; -1: without numbers.
	items []int
	// pre counts the blocks around in which blanks are kept, and quotes those of
	// somebody else's words. begun says that a pre has just begun.
	pre, quotes int
	begun       bool
	// before is how many lines there were when the last paragraph began.
	before int
}

type htmlLine struct {
	kind  BlockKind
	arg   string
	nodes []Node
}

type htmlOpen struct {
	tag
	at int
}

// htmlKind is what a tag within a line makes of what it holds; Text: nothing.
func htmlKind(name string) Kind {
	switch name {
	case "b", "strong":
		return Bold
	case "i", "em":
		return Italic
	case "s", "del", "strike":
		return Strike
	case "code":
		return Code
	case "a":
		return Link
	}
	return Text
}

// isBlock reports whether a tag stands on lines of its own.
func isBlock(name string) bool {
	switch name {
	case "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre",
		"table", "tr", "section", "article", "header", "footer", "main":
		return true
	}
	return false
}

func (r *htmlReader) tag(t tag) {
	block := isBlock(t.name)
	switch {
	case t.name == "br":
		r.filled = true
		r.line()
	case block && t.end:
		r.endBlock(t.name)
	case block:
		r.beginBlock(t)
	case htmlKind(t.name) == Text || t.empty:
	case t.end:
		r.end(t.name)
	case len(r.open) < deepest:
		r.open = append(r.open, htmlOpen{tag: t, at: len(r.now.nodes)})
	}
}

func (r *htmlReader) beginBlock(t tag) {
	r.line()
	switch t.name {
	case "h1", "h2", "h3", "h4", "h5", "h6":
		r.now.kind, r.now.arg = Heading, strings.Repeat("#", int(t.name[1]-'0'))
	case "blockquote":
		r.quotes++
	case "p":
		r.before = len(r.lines)
	case "pre":
		r.pre++
		r.begun = true
	case "ul":
		r.items = append(r.items, -1)
	case "ol":
		r.items = append(r.items, 0)
	case "li":
		r.now.kind = Point
		if last := len(r.items) - 1; last >= 0 && r.items[last] >= 0 {
			r.items[last]++
			r.now.arg = strconv.Itoa(r.items[last]) + "."
		}
	}
}

func (r *htmlReader) endBlock(name string) {
	if name == "p" && len(r.lines) == r.before && len(r.items) == 0 {
		r.filled = true // an empty one is seen, but for one in a list
	}
	r.line()
	r.now, r.filled = htmlLine{}, false
	switch name {
	case "blockquote":
		r.quotes = max(r.quotes-1, 0)
	case "pre":
		r.pre = max(r.pre-1, 0)
	case "ul", "ol":
		r.items = r.items[:max(len(r.items)-1, 0)]
	}
}

// end ends what a tag began, and what was begun within and not ended.
func (r *htmlReader) end(name string) {
	i := len(r.open) - 1
	for i >= 0 && r.open[i].name != name {
		i--
	}
	for i >= 0 && len(r.open) > i {
		r.close()
	}
}

// close ends the innermost tag.
func (r *htmlReader) close() {
	o := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	r.wrap(o)
}

// wrap puts what came since o into it.
func (r *htmlReader) wrap(o htmlOpen) {
	inner := slices.Clone(r.now.nodes[o.at:])
	if len(inner) == 0 {
		return
	}
	n := Node{Kind: htmlKind(o.name), Nodes: inner}
	switch {
	case n.Kind == Code:
		n = Node{Kind: Code, Text: visible(inner)}
	case n.Kind == Link && !isAddress(o.href):
		return
	case n.Kind == Link:
		n.Arg = o.href
		if n.Nodes = withoutLinks(inner); visible(inner) == o.href {
			n = Node{Kind: Address, Text: o.href}
		}
	}
	r.now.nodes = append(r.now.nodes[:o.at], n)
}

// line ends the line, if there is one. What is open goes on in the next.
func (r *htmlReader) line() {
	open := slices.Clone(r.open)
	for len(r.open) > 0 {
		r.close()
	}
	for i := range open {
		open[i].at = 0
	}
	r.open = open
	trimEnd(&r.now)
	if len(r.now.nodes) == 0 && (!r.filled || r.now.kind != Paragraph) {
		return // a block in a block, such as p in li, goes on with its line
	}
	switch {
	case r.pre > 0:
		r.now.kind, r.now.arg = CodeBlock, ""
	case r.quotes > 0 && r.now.kind == Paragraph:
		r.now.kind = Quote
	}
	r.lines = append(r.lines, r.now)
	r.now, r.filled = htmlLine{}, false
}

// trimEnd takes the blank at the end of a line away.
func trimEnd(l *htmlLine) {
	if n := len(l.nodes) - 1; n >= 0 && l.nodes[n].Kind == Text {
		if l.nodes[n].Text = strings.TrimRight(l.nodes[n].Text, " "); l.nodes[n].Text == "" {
			l.nodes = l.nodes[:n]
		}
	}
}

// text adds what stands between tags.
func (r *htmlReader) text(s string) {
	s = html.UnescapeString(s)
	if r.pre > 0 {
		if r.begun {
			s = strings.TrimPrefix(strings.TrimPrefix(s, "\r"), "\n")
		}
		r.begun = false
		for i, l := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
			if i > 0 {
				r.filled = true
				r.line()
			}
			if l != "" {
				r.now.nodes = append(r.now.nodes, Node{Text: l})
			}
		}
		return
	}
	words := strings.FieldsFunc(s, unicode.IsSpace)
	out := strings.Join(words, " ")
	if first := strings.TrimLeftFunc(s, unicode.IsSpace); first != s && !r.blank() {
		out = " " + out
	}
	if last := strings.TrimRightFunc(s, unicode.IsSpace); last != s && len(words) > 0 {
		out += " "
	}
	if out != "" {
		r.now.nodes = append(r.now.nodes, Node{Text: out})
	}
}

// blank reports whether another blank would not be seen.
func (r *htmlReader) blank() bool {
	nodes := r.now.nodes
	for len(nodes) > 0 {
		last := nodes[len(nodes)-1]
		if len(last.Nodes) == 0 {
			return strings.HasSuffix(last.Text, " ")
		}
		nodes = last.Nodes
	}
	return true
}

// doc joins the lines of one block.
func (r *htmlReader) doc() Doc {
	var d Doc
	for _, l := range r.lines {
		last := len(d.Blocks) - 1
		joined := last >= 0 && d.Blocks[last].Kind == l.kind && l.kind != Heading && l.kind != Point
		switch {
		case l.kind == CodeBlock && joined:
			d.Blocks[last].Text += "\n" + visible(l.nodes)
		case l.kind == CodeBlock:
			d.Blocks = append(d.Blocks, Block{Kind: CodeBlock, Text: visible(l.nodes)})
		case joined:
			d.Blocks[last].Nodes = append(append(d.Blocks[last].Nodes, Node{Text: "\n"}), addresses(l.nodes)...)
		default:
			d.Blocks = append(d.Blocks, Block{Kind: l.kind, Arg: l.arg, Nodes: addresses(l.nodes)})
		}
	}
	return d
}

func visible(nodes []Node) string { return Doc{Blocks: []Block{{Nodes: nodes}}}.Visible() }

// addresses finds the web addresses in texts, as a reader of Markdown does.
func addresses(nodes []Node) []Node {
	var out []Node
	for _, n := range joined(nodes) {
		switch {
		case n.Kind == Link || n.Kind == Code || n.Kind == Address:
			out = append(out, n)
		case len(n.Nodes) > 0:
			n.Nodes = addresses(n.Nodes)
			out = append(out, n)
		default:
			at := 0
			for _, l := range social.Links(n.Text) {
				out = append(out, Node{Text: n.Text[at:l.Start]}, Node{Kind: Address, Text: n.Text[l.Start:l.End]})
				at = l.End
			}
			out = append(out, Node{Text: n.Text[at:]})
		}
	}
	return joined(out)
}
