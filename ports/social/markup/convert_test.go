package markup_test

import (
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	const text = "# A *b*\n- [c](https://x.example)\n> d\n`<e>` ~~f~~ ||g|| https://y.example\n```\nh\n\ni\n```"
	for name, c := range map[string]struct {
		in   string
		from domain.Format
		to   social.Markup
		want string
	}{
		"native":             {"*a*", domain.FormatNative, social.MarkupMarkdown, "*a*"},
		"plain to plain":     {"*a*", domain.FormatPlain, social.MarkupPlain, "*a*"},
		"plain to markdown":  {"*a*\n# b", domain.FormatPlain, social.MarkupMarkdown, "\\*a\\*\n\\# b"},
		"plain to html":      {"<a>\nb", domain.FormatPlain, social.MarkupHTML, "&lt;a&gt;<br>b"},
		"markdown as it is":  {"__a__", domain.FormatMarkdown, social.MarkupMarkdown, "__a__"},
		"markdown to plain":  {text, domain.FormatMarkdown, social.MarkupPlain, "A b\n• c (https://x.example)\nd\n<e> f g https://y.example\nh\n\ni"},
		"html as it is":      {"<u>a</u>", domain.FormatHTML, social.MarkupHTML, "<u>a</u>"},
		"html to plain":      {"<p>a<br>b</p>", domain.FormatHTML, social.MarkupPlain, "a\nb"},
		"html to markdown":   {"<h2>a</h2><p><i>b</i></p>", domain.FormatHTML, social.MarkupMarkdown, "## a\n_b_"},
		"of another program": {"*a*", "rtf", social.MarkupPlain, "a"},
		"markdown to html": {
			text, domain.FormatMarkdown, social.MarkupHTML,
			"<h1>A <em>b</em></h1>\n<p>• <a href=\"https://x.example\">c</a></p>\n<blockquote>d</blockquote>\n" +
				"<p><code>&lt;e&gt;</code> <s>f</s> g <a href=\"https://y.example\">https://y.example</a></p>\n<pre><code>h\n\ni</code></pre>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := markup.Convert(c.in, c.from, c.to); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
