package text_test

import (
	"slices"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/text"
)

func TestSpansMarkWhatPeopleSee(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		find func(string) []text.Span
		in   string
		want []string
	}{
		"links":                   {text.Links, "ä https://a.example/x, ok", []string{"https://a.example/x"}},
		"mention":                 {text.Mentions, "hi @ann.", []string{"@ann"}},
		"mention with a domain":   {text.Mentions, "hi @ann.bsky.example!", []string{"@ann.bsky.example"}},
		"mention with a host":     {text.Mentions, "(@ann@host.example)", []string{"@ann@host.example"}},
		"two mentions":            {text.Mentions, "@ann @bob", []string{"@ann", "@bob"}},
		"mail address":            {text.Mentions, "ann@host.example", nil},
		"mention in a link":       {text.Mentions, "https://host.example/@ann", nil},
		"after a link":            {text.Mentions, "https://host.example/@ann @bob", []string{"@bob"}},
		"only a sign":             {text.Mentions, "@ @. @-", nil},
		"mention, then a sign":    {text.Mentions, "@ann@", []string{"@ann"}},
		"tag":                     {text.Tags, "#news, now", []string{"#news"}},
		"tag in another script":   {text.Tags, "ä #größe #日本語。", []string{"#größe", "#日本語"}},
		"tag with digits":         {text.Tags, "#2026goals", []string{"#2026goals"}},
		"tag of a picture":        {text.Tags, "#👩‍👩‍👧", []string{"#👩‍👩‍👧"}},
		"number":                  {text.Tags, "we are #1", nil},
		"keycap":                  {text.Tags, "#️⃣", nil},
		"fragment":                {text.Tags, "https://a.example/#top", nil},
		"inside a word":           {text.Tags, "a#b", nil},
		"two signs":               {text.Tags, "##a", nil},
		"tag in brackets, quoted": {text.Tags, `("#a")`, []string{"#a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, s := range tc.find(tc.in) {
				got = append(got, tc.in[s.Start:s.End])
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCountTakesLinksAsTheyCount(t *testing.T) {
	t.Parallel()
	if got := text.Count("é https://a.example/abcdefgh", social.CountRunes, 23); got != 25 {
		t.Errorf("got %d, want 25", got)
	}
}

func FuzzSpans(f *testing.F) {
	f.Add("@ann@host #größe https://a.example/#x @b")
	f.Fuzz(func(t *testing.T, s string) {
		for _, find := range []func(string) []text.Span{text.Links, text.Mentions, text.Tags} {
			end := 0
			for _, sp := range find(s) {
				if sp.Start < end || sp.End <= sp.Start || sp.End > len(s) {
					t.Fatalf("got span %+v after %d in a text of %d bytes", sp, end, len(s))
				}
				end = sp.End
			}
		}
	})
}
