package markup_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social/markup"
)

func TestWhatPlatformsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, discord, slack, reddit string }{
		"plain":     {"Hello, world!", "Hello, world!", "Hello, world!", "Hello, world!"},
		"marks":     {"**a** *b* ~~c~~ ||d|| `e`", "**a** _b_ ~~c~~ ||d|| `e`", "*a* _b_ ~c~ d `e`", "**a** _b_ ~~c~~ >!d!< `e`"},
		"in a word": {"a*b*c", "a*b*c", "a_b_c", "a*b*c"},
		"nested":    {"**a _b_ c**", "**a _b_ c**", "*a _b_ c*", "**a _b_ c**"},
		"link":      {"[a *b*](https://x.example/(c)|d)", "[a _b_](https://x.example/%28c%29|d)", "<https://x.example/(c)%7Cd|a _b_>", "[a _b_](https://x.example/%28c%29|d)"},
		"address":   {"https://x.example/_a_?b&c <https://y.example>", "https://x.example/_a_?b&c https://y.example", "https://x.example/_a_?b&amp;c https://y.example", "https://x.example/_a_?b&c https://y.example"},
		"made plain": {
			`\*a\* \_b\_ snake_case 2 \* 3 \[c\](d) a || b ~~`, `\*a\* \_b\_ snake_case 2 \* 3 \[c](d) a \|\| b \~\~`,
			`*a* _b_ snake_case 2 * 3 [c](d) a || b ~~`, `\*a\* \_b\_ snake_case 2 \* 3 \[c](d) a \|\| b \~\~`,
		},
		"signs at the beginning": {"\\# a\n\\> b\n\\- c\n1\\. d\n#news", "\\# a\n\\> b\n\\- c\n1\\. d\n\\#news", "# a\n&gt; b\n- c\n1. d\n#news", "\\# a  \n\\> b  \n\\- c  \n1\\. d  \n\\#news"},
		"heading":                {"#### A *b*\ntext", "### A _b_\ntext", "*A b*\ntext", "#### A _b_\n\ntext"},
		"quote":                  {"> a\n> b\nc", "> a\n> b\nc", "> a\n> b\nc", "> a  \n> b\n\nc"},
		"points":                 {"- a\n1. b\nc", "- a\n1. b\nc", "• a\n1. b\nc", "- a\n1. b\n\nc"},
		"code block":             {"```go\na<b\n```", "```go\na<b\n```", "```\na&lt;b\n```", "    a<b"},
		"lines":                  {"a\nb\n\nc", "a\nb\n\nc", "a\nb\n\nc", "a  \nb\n\nc"},
		"people":                 {"hi <@U012AB3CD> <#C024BE7LR|general> <!subteam^SAZ94GDB8> <!channel>", "hi <@U012AB3CD> <#C024BE7LR|general> <!subteam^SAZ94GDB8> <!channel>", "hi <@U012AB3CD> <#C024BE7LR|general> <!subteam^SAZ94GDB8> &lt;!channel&gt;", "hi <@U012AB3CD> <#C024BE7LR|general> <!subteam\\^SAZ94GDB8> <!channel>"},
		"members":                {"hi <@80351110224678912> <@&165511591545143296>", "hi <@80351110224678912> <@&165511591545143296>", "hi &lt;@80351110224678912&gt; &lt;@&amp;165511591545143296&gt;", "hi <@80351110224678912> <@&165511591545143296>"},
		"marks over lines":       {"**a\n\nb**", "**a**\n\n**b**", "*a*\n\n*b*", "**a**\n\n**b**"},
		"entities":               {"a &amp; b & c", "a &amp; b & c", "a &amp;amp; b &amp; c", "a \\&amp; b & c"},
		"spoiler that is none":   {">!a!<", "\\>!a!<", "&gt;!a!&lt;", "\\>!a!\\<"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := markup.Markdown(c.in)
			for platform, pair := range map[string][2]string{"Discord": {d.Discord(), c.discord}, "Slack": {d.Slack(), c.slack}, "Reddit": {d.Reddit(), c.reddit}} {
				if pair[0] != pair[1] {
					t.Errorf("%s: got %q, want %q", platform, pair[0], pair[1])
				}
			}
		})
	}
}

// FuzzWrite has every text come back as it was: as Markdown with its marks, and
// where nothing is meant, without any.
func FuzzWrite(f *testing.F) {
	for _, s := range []string{
		"**a *b** c*", "a*b*c", "[a](https://y.example)", "# a\n> b\n- c\n1. d", "***a***b", "||a||~~b~~", "`` ` ``", "> > a", "<https://a.example>b", "a\\", "- - a", "**a**__b__", "*a*_b_", "\n\n> a\n\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := markup.Markdown(s)
		out := d.Markdown()
		if got, want := markup.Markdown(out).Visible(), d.Visible(); got != want && got != d.Plain() {
			t.Errorf("%q is written as %q, which shows %q, want %q", s, out, got, want)
		}
		d.Discord()
		d.Slack()
		d.Reddit()
		want := strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
		literal := markup.Doc{Blocks: []markup.Block{{Nodes: []markup.Node{{Text: want}}}}}
		if got := markup.Markdown(markup.Escape(s)); got.Visible() != want || got.TelegramHTML() != literal.TelegramHTML() {
			t.Errorf("%q is made plain as %q, which shows %q", s, markup.Escape(s), got.TelegramHTML())
		}
	})
}
