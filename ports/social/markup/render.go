package markup

import (
	"strings"
)

// Plain is the text without marks. A link is its words, with its address behind
// them in brackets.
func (d Doc) Plain() string {
	return d.render(style{
		node: func(n Node, inner string) string {
			if n.Kind == Link && inner != n.Arg {
				return inner + " (" + n.Arg + ")"
			}
			return inner
		},
		block: func(b Block, inner string) string {
			if b.Kind == Point {
				return bullet(b) + inner
			}
			return inner
		},
	})
}

// Visible is the text that is left where marks and links are shown as such: what
// a platform counts after it has read them.
func (d Doc) Visible() string {
	return d.render(style{
		node: func(_ Node, inner string) string { return inner },
		block: func(b Block, inner string) string {
			if b.Kind == Point {
				return bullet(b) + inner
			}
			return inner
		},
	})
}

// TelegramHTML is the HTML that https://core.telegram.org/bots/api#html-style
// describes. It has no tags for lists and headings.
func (d Doc) TelegramHTML() string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace
	return d.render(style{
		text: escape,
		node: func(n Node, inner string) string {
			switch n.Kind {
			case Bold:
				return "<b>" + inner + "</b>"
			case Italic:
				return "<i>" + inner + "</i>"
			case Strike:
				return "<s>" + inner + "</s>"
			case Spoiler:
				return "<tg-spoiler>" + inner + "</tg-spoiler>"
			case Code:
				return "<code>" + inner + "</code>"
			case Link:
				return `<a href="` + escape(n.Arg) + `">` + inner + "</a>"
			default:
				return inner
			}
		},
		block: func(b Block, inner string) string {
			switch b.Kind {
			case Heading:
				return "<b>" + inner + "</b>"
			case Quote:
				return "<blockquote>" + inner + "</blockquote>"
			case Point:
				return bullet(b) + inner
			case CodeBlock:
				if b.Arg != "" {
					return `<pre><code class="language-` + escape(b.Arg) + `">` + inner + "</code></pre>"
				}
				return "<pre>" + inner + "</pre>"
			default:
				return inner
			}
		},
	})
}

// bullet is what stands before a point of a list.
func bullet(b Block) string {
	if b.Arg != "" {
		return b.Arg + " "
	}
	return "• "
}

// style is how a platform writes. Nil text: as it is.
type style struct {
	text  func(string) string
	node  func(n Node, inner string) string
	block func(b Block, inner string) string
}

func (d Doc) render(st style) string {
	out := make([]string, len(d.Blocks))
	for i, b := range d.Blocks {
		inner := st.nodes(b.Nodes)
		if b.Kind == CodeBlock {
			inner = st.plain(b.Text)
		}
		out[i] = st.block(b, inner)
	}
	return strings.Join(out, "\n")
}

func (st style) nodes(nodes []Node) string {
	var b strings.Builder
	for _, n := range nodes {
		inner := st.plain(n.Text)
		if len(n.Nodes) > 0 {
			inner = st.nodes(n.Nodes)
		}
		b.WriteString(st.node(n, inner))
	}
	return b.String()
}

func (st style) plain(s string) string {
	if st.text == nil {
		return s
	}
	return st.text(s)
}
