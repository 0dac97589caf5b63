package social_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

func TestMeasureCountsInEveryUnit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text                           string
		runes, utf16, graphemes, bytes int
	}{
		"nothing":             {"", 0, 0, 0, 0},
		"plain":               {"hello", 5, 5, 5, 5},
		"line break":          {"a\r\nb", 4, 4, 3, 4},
		"combining accent":    {"e\u0301", 2, 2, 1, 3},
		"beyond the BMP":      {"𝒳", 1, 2, 1, 4},
		"family":              {"👩‍👩‍👧", 5, 8, 1, 18},
		"flags":               {"🇩🇪🇫🇷", 4, 8, 2, 16},
		"skin tone":           {"👍🏽", 2, 4, 1, 8},
		"keycap":              {"1️⃣", 3, 3, 1, 7},
		"hangul jamo":         {"\u1100\u1161\u11a8", 3, 3, 1, 9},
		"devanagari conjunct": {"क्षि", 4, 4, 1, 12},
		"thai":                {"กำ", 2, 2, 1, 6},
		"not UTF-8":           {"a\xffb", 3, 3, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for unit, want := range map[social.Counter]int{
				social.CountRunes: tc.runes, social.CountUTF16: tc.utf16,
				social.CountGraphemes: tc.graphemes, social.CountBytes: tc.bytes,
			} {
				if got := (social.TextLimit{Count: unit}).Measure(tc.text); got != want {
					t.Errorf("got %d %s, want %d", got, unit, want)
				}
			}
		})
	}
}

// TestWeights has vectors of the conformance suite of twitter-text 3.
func TestWeights(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"latin":                 {"This is a test.", 15},
		"japanese":              {"日本語", 6},
		"general punctuation":   {"\u2018a\u2019 \u2026", 6},
		"korean":                {"안녕", 4},
		"arabic":                {"مرحبا", 5},
		"one emoji":             {"😷", 2},
		"a family":              {"👨‍👩‍👧‍👦", 2},
		"skin tone":             {"👍🏽", 2},
		"a flag":                {"🇩🇪", 2},
		"keycap":                {"1\ufe0f\u20e3", 2},
		"letters and an emoji":  {"a😷b", 4},
		"beyond the BMP":        {"𠮷", 2},
		"a link":                {"see https://example.org/a/long/path/that/would/count?x=1 now", 4 + 23 + 4},
		"two links":             {"https://a.example https://b.example", 47},
		"zero width non-joiner": {"a\u200cb", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (social.TextLimit{Count: social.CountWeighted, URLLength: 23}).Measure(tc.text); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

// TestGraphemesAgreeWithUnicode plays the official vectors.
func TestGraphemesAgreeWithUnicode(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/GraphemeBreakTest.txt")
	if err != nil {
		t.Fatal(err)
	}
	limit := social.TextLimit{Count: social.CountGraphemes}
	vectors := 0
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		vectors++
		clusters := strings.Split(strings.Trim(line, "÷ "), "÷")
		var all strings.Builder
		for i, c := range clusters {
			text := decode(t, c)
			all.WriteString(text)
			if got := limit.Measure(text); got != 1 {
				t.Errorf("%s: got %d clusters, want the one %q", line, got, c)
			}
			if got := limit.Measure(all.String()); got != i+1 {
				t.Errorf("%s: got %d clusters up to %q, want %d", line, got, c, i+1)
			}
		}
	}
	if vectors < 700 {
		t.Errorf("got %d vectors, want the whole file", vectors)
	}
}

func decode(t *testing.T, cluster string) string {
	t.Helper()
	var b strings.Builder
	for f := range strings.FieldsSeq(strings.ReplaceAll(cluster, "×", " ")) {
		n, err := strconv.ParseInt(f, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteRune(rune(n))
	}
	return b.String()
}

func TestMeasureGivesLinksTheirLength(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"none":             {"hello", 5},
		"short link":       {"https://a.example", 23},
		"long link":        {"see https://example.org/" + strings.Repeat("x", 200) + " now", 4 + 23 + 4},
		"two links":        {"https://a.example https://b.example", 47},
		"not a real link":  {"http://localhost", 16},
		"end of sentence":  {"See https://a.example.", 4 + 23 + 1},
		"other characters": {"ä https://a.example/ß ö", 2 + 23 + 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := social.TextLimit{Count: social.CountRunes, URLLength: 23}
			if got := l.Measure(tc.text); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestLinksEndWhereTheyShould(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"alone":             {"https://example.org", []string{"https://example.org"}},
		"capitals":          {"HTTPS://Example.Org/A", []string{"HTTPS://Example.Org/A"}},
		"in a sentence":     {"Go to http://example.org/a?b=c#d, now!", []string{"http://example.org/a?b=c#d"}},
		"in brackets":       {"(see https://example.org/a)", []string{"https://example.org/a"}},
		"with brackets":     {"https://en.example.org/wiki/Go_(game)", []string{"https://en.example.org/wiki/Go_(game)"}},
		"port":              {"https://example.org:8443/x", []string{"https://example.org:8443/x"}},
		"colon, no port":    {"https://example.org: look", []string{"https://example.org"}},
		"dot at the end":    {"https://example.org.", []string{"https://example.org"}},
		"international":     {"https://bücher.example/ü", []string{"https://bücher.example/ü"}},
		"before Japanese":   {"https://example.org/a。次", []string{"https://example.org/a"}},
		"quoted":            {`"https://example.org/a"`, []string{"https://example.org/a"}},
		"no scheme":         {"example.org", nil},
		"other scheme":      {"ftp://example.org", nil},
		"glued to a word":   {"xhttps://example.org", nil},
		"no host":           {"https:///x https:// ://", nil},
		"no dot":            {"https://localhost/x", nil},
		"number address":    {"http://192.168.1.1/", nil},
		"empty label":       {"https://a..b.example", nil},
		"link in link":      {"https://a.example/https://b.example", []string{"https://a.example/https://b.example"}},
		"two with a comma":  {"https://a.example,https://b.example", []string{"https://a.example", "https://b.example"}},
		"slash and period":  {"https://a.example/.", []string{"https://a.example/"}},
		"question, no path": {"https://a.example? Yes.", []string{"https://a.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, s := range social.Links(tc.text) {
				got = append(got, tc.text[s.Start:s.End])
			}
			if strings.Join(got, " ") != strings.Join(tc.want, " ") || len(got) != len(tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add("https://a.example/x. 👩‍👩‍👧 क्षि 각 \xff")
	f.Fuzz(func(t *testing.T, s string) {
		counts := map[social.Counter]int{}
		for _, c := range []social.Counter{social.CountRunes, social.CountUTF16, social.CountGraphemes, social.CountBytes} {
			counts[c] = social.TextLimit{Count: c}.Measure(s)
		}
		if counts[social.CountGraphemes] > counts[social.CountRunes] || counts[social.CountRunes] > counts[social.CountUTF16] ||
			counts[social.CountUTF16] > counts[social.CountBytes] || s != "" && counts[social.CountGraphemes] == 0 {
			t.Errorf("got counts that cannot be: %v", counts)
		}
		end := 0
		for _, l := range social.Links(s) {
			if l.Start < end || l.End <= l.Start || l.End > len(s) || !utf8.RuneStart(s[l.Start]) {
				t.Fatalf("got span %+v after %d in a text of %d bytes", l, end, len(s))
			}
			end = l.End
		}
	})
}

func BenchmarkMeasureGraphemes(b *testing.B) {
	text := strings.Repeat("A plain text with a flag 🇩🇪 and a family 👩‍👩‍👧. ", 100)
	for b.Loop() {
		social.TextLimit{Count: social.CountGraphemes}.Measure(text)
	}
}
