package markup

import (
	"html"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Convert writes a text that an author wrote in from, as a provider takes it. A
// native text is what the provider reads anyway. It may be repeated: the same
// text always becomes the same.
func Convert(s string, from domain.Format, to social.Markup) string {
	switch {
	case from == domain.FormatNative || string(from) == string(to):
		return s
	case from == domain.FormatPlain && to == social.MarkupMarkdown:
		return Escape(s)
	case from == domain.FormatPlain && to == social.MarkupHTML:
		return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>")
	case from == domain.FormatPlain:
		return s
	}
	doc := Markdown(s)
	if from == domain.FormatHTML {
		doc = HTML(s)
	}
	switch to {
	case social.MarkupMarkdown:
		return doc.Markdown()
	case social.MarkupHTML:
		return doc.HTML()
	default:
		return doc.Plain()
	}
}

// HTML is the text as pages and editors in the browser show it.
func (d Doc) HTML() string {
	return d.render(style{
		text: func(s string) string { return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>") },
		node: func(n Node, inner string) string {
			switch n.Kind {
			case Bold:
				return "<strong>" + inner + "</strong>"
			case Italic:
				return "<em>" + inner + "</em>"
			case Strike:
				return "<s>" + inner + "</s>"
			case Code:
				return "<code>" + inner + "</code>"
			case Link:
				return `<a href="` + html.EscapeString(n.Arg) + `">` + inner + "</a>"
			case Address:
				return `<a href="` + html.EscapeString(n.Text) + `">` + inner + "</a>"
			default:
				return inner
			}
		},
		block: func(b Block, inner string) string {
			switch b.Kind {
			case Heading:
				level := "h" + string(rune('0'+max(len(b.Arg), 1)))
				return "<" + level + ">" + inner + "</" + level + ">"
			case Quote:
				return "<blockquote>" + inner + "</blockquote>"
			case Point:
				return "<p>" + bullet(b) + inner + "</p>"
			case CodeBlock:
				return "<pre><code>" + strings.ReplaceAll(inner, "<br>", "\n") + "</code></pre>"
			default:
				return "<p>" + inner + "</p>"
			}
		},
	})
}
