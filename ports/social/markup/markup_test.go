package markup_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social/markup"
)

func TestMarkdown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, html, plain string }{
		"plain":               {"Hello, world!", "Hello, world!", "Hello, world!"},
		"escaped":             {`a < b & c > "d"`, "a &lt; b &amp; c &gt; &quot;d&quot;", `a < b & c > "d"`},
		"bold":                {"a **b** __c__", "a <b>b</b> <b>c</b>", "a b c"},
		"italic":              {"*a* _b_", "<i>a</i> <i>b</i>", "a b"},
		"both":                {"***a***", "<b><i>a</i></b>", "a"},
		"nested":              {"**a *b* c**", "<b>a <i>b</i> c</b>", "a b c"},
		"struck out":          {"~~a~~ ~b~", "<s>a</s> ~b~", "a ~b~"},
		"hidden":              {"||a|| or a || b", "<tg-spoiler>a</tg-spoiler> or a || b", "a or a || b"},
		"crossed":             {"**a *b** c*", "<b>a *b</b> c*", "a *b c*"},
		"sums":                {"2 * 3 * 4 = 24", "2 * 3 * 4 = 24", "2 * 3 * 4 = 24"},
		"words with lines":    {"snake_case_name", "snake_case_name", "snake_case_name"},
		"never ended":         {"**a and *b", "**a and *b", "**a and *b"},
		"nothing within":      {"**** and __", "**** and __", "**** and __"},
		"backslash":           {`\*a\* \\ \n`, `*a* \ \n`, `*a* \ \n`},
		"code":                {"`a*b*<c>`", "<code>a*b*&lt;c&gt;</code>", "a*b*<c>"},
		"code with backtick":  {"``a`b``", "<code>a`b</code>", "a`b"},
		"code never ended":    {"`a *b*", "`a <i>b</i>", "`a b"},
		"link":                {"[**a**](https://x.example/?a=1&b=2)", `<a href="https://x.example/?a=1&amp;b=2"><b>a</b></a>`, "a (https://x.example/?a=1&b=2)"},
		"link with brackets":  {"[a](https://x.example/(b))", `<a href="https://x.example/(b)">a</a>`, "a (https://x.example/(b))"},
		"link in a link":      {"[a [b](https://y.example)](https://x.example)", `<a href="https://x.example">a b (https://y.example)</a>`, "a b (https://y.example) (https://x.example)"},
		"script is no link":   {"[a](javascript:alert)", "[a](javascript:alert)", "[a](javascript:alert)"},
		"quote in an address": {`[a](https://x.example/"b)`, `[a](https://x.example/&quot;b)`, `[a](https://x.example/"b)`},
		"address":             {"see https://x.example/_a_*b* and <https://y.example>", "see https://x.example/_a_*b* and https://y.example", "see https://x.example/_a_*b* and https://y.example"},
		"heading":             {"# A *b*\ntext", "<b>A <i>b</i></b>\ntext", "A b\ntext"},
		"hashtag":             {"#news", "#news", "#news"},
		"quote":               {"> a\n> b\nc", "<blockquote>a\nb</blockquote>\nc", "a\nb\nc"},
		"points":              {"- a\n* b\n1. c", "• a\n• b\n1. c", "• a\n• b\n1. c"},
		"code block":          {"a\n```go\nx := *p\n\n```\nb", "a\n<pre><code class=\"language-go\">x := *p\n</code></pre>\nb", "a\nx := *p\n\nb"},
		"block never ended":   {"```go\na", "```go\na", "```go\na"},
		"lines":               {"a\n\n\nb\n", "a\n\n\nb\n", "a\n\n\nb\n"},
		"windows":             {"a\r\nb", "a\nb", "a\nb"},
		"across lines":        {"**a\nb**", "<b>a\nb</b>", "a\nb"},
		"empty":               {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := markup.Markdown(c.in)
			if got := d.TelegramHTML(); got != c.html {
				t.Errorf("HTML: got %q, want %q", got, c.html)
			}
			if got := d.Plain(); got != c.plain {
				t.Errorf("plain: got %q, want %q", got, c.plain)
			}
		})
	}
}

var tag = regexp.MustCompile(`</?(?:b|i|s|u|code|pre|blockquote|tg-spoiler|a)(?: (?:href|class)="[^"<>]*")?>`)

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"**a *b** c*", "[a [b](https://y.example)](https://x.example)", "```\n`\n```", "> a\n- b", "__a__*", `\**a*`, "***a** b*", "a\xffb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := markup.Markdown(s)
		out := d.TelegramHTML()
		if got, want := html.UnescapeString(tag.ReplaceAllString(out, "")), html.UnescapeString(html.EscapeString(d.Visible())); got != want {
			t.Errorf("the tags are not well-formed: %q shows %q, want %q", out, got, want)
		}
		balanced(t, out)
		if got, want := letters(d.Plain()), letters(strings.ToValidUTF8(s, "\uFFFD")); got != want && !strings.Contains(s, "```") {
			t.Errorf("got the letters %q of %q, want all of %q in order", got, s, want)
		}
	})
}

// balanced fails unless every tag is ended in order.
func balanced(t *testing.T, s string) {
	t.Helper()
	var stack []string
	for _, one := range tag.FindAllString(s, -1) {
		name, _, _ := strings.Cut(strings.Trim(one, "</>"), " ")
		if !strings.HasPrefix(one, "</") {
			stack = append(stack, name)
			continue
		}
		if len(stack) == 0 || stack[len(stack)-1] != name {
			t.Fatalf("got %s out of order in %q", one, s)
		}
		stack = stack[:len(stack)-1]
	}
	if len(stack) > 0 {
		t.Errorf("got %v without their ends in %q", stack, s)
	}
}

// letters are what no mark is made of.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func TestLongTextsAreReadQuickly(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{
		"beginnings": "*a ", "ends": "a* ", "both": "*a **b __c ~~d ||e ", "brackets": "[", "backticks": "` `` ", "links": "[a](", "runs": "**a*b_",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan struct{})
			go func() {
				defer close(done)
				d := markup.Markdown(strings.Repeat(unit, 40_000/len(unit)))
				for _, write := range []func() string{d.TelegramHTML, d.Markdown, d.Discord, d.Slack, d.Reddit} {
					write()
				}
				markup.HTML(strings.NewReplacer("*", "<b>", "_", "<i ", "~", "</b>", "|", "<p>", "`", "<!--", "[", "&#").Replace(strings.Repeat(unit, 40_000/len(unit)))).Plain()
			}()
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("got no answer within 10 s, want one at once")
			}
		})
	}
}
