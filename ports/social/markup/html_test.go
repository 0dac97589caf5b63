package markup_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social/markup"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, markdown, plain string }{
		"no tags":               {"a &amp; b &lt; c", `a & b \< c`, "a & b < c"},
		"paragraphs":            {"<p>a</p><p>b</p>", "a\nb", "a\nb"},
		"an empty paragraph":    {"<p>a</p><p></p><p>b</p>", "a\n\nb", "a\n\nb"},
		"with a break in it":    {"<p>a</p><p><br class=\"x\"></p><p>b</p>", "a\n\nb", "a\n\nb"},
		"breaks":                {"a<br>b<br/>\n c", "a\nb\nc", "a\nb\nc"},
		"marks":                 {"<strong>a</strong> <em>b</em> <s>c</s> <code>d*</code> <u>e</u>", "**a** _b_ ~~c~~ `d*` e", "a b c d* e"},
		"blanks at marks":       {"a<b> b </b>c", "a **b** c", "a b c"},
		"the same marks":        {"<b>a<strong>b</strong></b><b>c</b>", "**abc**", "abc"},
		"crossed":               {"<b>a<i>b</b>c</i>", "**a*b***c", "abc"},
		"over lines":            {"<b><p>a</p><p>b</p></b>", "**a**\n**b**", "a\nb"},
		"link":                  {`<a target="_blank" href="https://x.example/?a=1&amp;b=2">a <b>b</b></a>`, "[a **b**](https://x.example/?a=1&b=2)", "a b (https://x.example/?a=1&b=2)"},
		"link of itself":        {`<a href="https://x.example">https://x.example</a>!`, "https://x.example!", "https://x.example!"},
		"script is no link":     {`<a href="javascript:alert(1)">a</a>`, "a", "a"},
		"an address":            {"see https://x.example/_a_*b", "see https://x.example/_a_*b", "see https://x.example/_a_*b"},
		"list":                  {"<ul><li>a</li><li><p>b</p></li><li></li></ul>c", "- a\n- b\nc", "• a\n• b\nc"},
		"numbered list":         {"<ol><li>a</li><li>b</li></ol>", "1. a\n2. b", "1. a\n2. b"},
		"headings":              {"<h1>a</h1><h3>b</h3>c", "# a\n### b\nc", "a\nb\nc"},
		"quote":                 {"<blockquote><p>a</p><p>b</p></blockquote><p>c</p>", "> a\n> b\nc", "a\nb\nc"},
		"code block":            {"<pre><code>\na  <b>b</b>\n\nc</code></pre>d", "```\na  b\n\nc\n```\nd", "a  b\n\nc\nd"},
		"blanks":                {"  a \n\t b&nbsp; <p> c </p>\n", "a b\nc", "a b\nc"},
		"no tag":                {"1 < 2 > 0 <3 <", `1 \< 2 > 0 \<3 \<`, "1 < 2 > 0 <3 <"},
		"unknown tags":          {"<span data-x='>'>a</span><custom-tag>b</custom-tag><img src=x>", "ab", "ab"},
		"not ended":             {"<b>a<p>b", "**a**\n**b**", "a\nb"},
		"tag not ended":         {"a <b", `a \<b`, "a <b"},
		"ends alone":            {"a</b></p></ul></blockquote>b", "a\nb", "a\nb"},
		"what nobody sees":      {"a<script>b</script><STYLE>c</style><!-- d -->e", "ae", "ae"},
		"marks that are none":   {"<p># a</p><p>*b* [c](https://x.example)</p>", `\# a` + "\n" + `\*b\* \[c](https://x.example)`, "# a\n*b* [c](https://x.example)"},
		"nothing":               {"", "", ""},
		"mention of an editor":  {`hi <span class="mention" data-mention-id="7">@ann</span>`, "hi @ann", "hi @ann"},
		"comment not ended":     {"a <!-- b", `a \<!-- b`, "a <!-- b"},
		"attribute not ended":   {`<a href="x`, `\<a href="x`, `<a href="x`},
		"a block within a line": {"a<div>b</div>c", "a\nb\nc", "a\nb\nc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := markup.HTML(c.in)
			if got := d.Markdown(); got != c.markdown {
				t.Errorf("Markdown: got %q, want %q", got, c.markdown)
			}
			if got := d.Plain(); got != c.plain {
				t.Errorf("plain: got %q, want %q", got, c.plain)
			}
			if got, want := markup.Markdown(d.Markdown()).Visible(), d.Visible(); got != want {
				t.Errorf("read again: got %q, want %q", got, want)
			}
		})
	}
}

var anyTag = regexp.MustCompile(`(?is)<!--.*?-->|</?[a-z!][^<>"']*>`)

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"<p>a</p><b>b<i>c</b>", "<ul><li>a<pre>\n b", `<a href="https://x.example">c</a>`, "a &amp;lt; b", "<h1><h2></h1>", "<", "</p><br>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := markup.HTML(s)
		balanced(t, d.TelegramHTML())
		if strings.ContainsAny(s, `"'`) || strings.Contains(strings.ToLower(s), "<s") || strings.Contains(s, "<!") {
			return // what is within a tag is not told from a text so simply
		}
		want := letters(html.UnescapeString(anyTag.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "")))
		if got := letters(d.Visible()); !strings.Contains(s, "<ol") && got != want {
			t.Errorf("got the letters %q of %q, want all of %q in order", got, s, want)
		}
		if got := markup.Markdown(d.Markdown()).Visible(); got != d.Visible() && got != d.Plain() {
			t.Errorf("%q shows %q, and as Markdown %q", s, d.Visible(), got)
		}
	})
}
