package bluesky

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

func TestSpansOf(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string // kind:text
	}{
		"nothing":                 {"just words. and 3 numbers", nil},
		"link":                    {"see https://crier.example/a?b=c#d now", []string{"link:https://crier.example/a?b=c#d"}},
		"link at both ends":       {"http://a.example", []string{"link:http://a.example"}},
		"upper-case scheme":       {"HTTPS://A.Example/x", []string{"link:HTTPS://A.Example/x"}},
		"link ends a sentence":    {"at https://a.example/x.", []string{"link:https://a.example/x"}},
		"link in a question":      {"https://a.example/x?!", []string{"link:https://a.example/x"}},
		"link in brackets":        {"(https://a.example/x)", []string{"link:https://a.example/x"}},
		"link with brackets":      {"https://a.example/Go_(lang).", []string{"link:https://a.example/Go_(lang)"}},
		"link in quotes":          {`"https://a.example/x"`, []string{"link:https://a.example/x"}},
		"link after Chinese":      {"详情见https://a.example/x。谢谢", []string{"link:https://a.example/x"}},
		"link in full brackets":   {"（https://a.example/x）", []string{"link:https://a.example/x"}},
		"link with umlauts":       {"https://de.example/Zürich,", []string{"link:https://de.example/Zürich"}},
		"link inside a word":      {"xhttps://a.example", nil},
		"no host":                 {"https:// and https://localhost", nil},
		"no domain":               {"see crier.example", nil},
		"mention":                 {"hi @ann.bsky.social, hello", []string{"mention:@ann.bsky.social"}},
		"mention ends sentence":   {"by @ann.example.", []string{"mention:@ann.example"}},
		"mention in brackets":     {"(@ann.example)", []string{"mention:@ann.example"}},
		"mention after ideograph": {"、@ann.example、", []string{"mention:@ann.example"}},
		"e-mail address":          {"ann@mail.example", nil},
		"fediverse address":       {"@ann@masto.example and @ann.b@masto.example", nil},
		"no handle":               {"@ann @1.2 @-a.example @a..b", nil},
		"tag":                     {"a #tag b", []string{"tag:#tag"}},
		"tag ends sentence":       {"a #tag.", []string{"tag:#tag"}},
		"tag with joints":         {"#rock-n-roll_1's", []string{"tag:#rock-n-roll_1's"}},
		"full-width sign":         {"＃花見", []string{"tag:＃花見"}},
		"tag in Japanese":         {"行こう #花見。", []string{"tag:#花見"}},
		"tag of an emoji":         {"#🎉 yes", []string{"tag:#🎉"}},
		"keycap is no tag":        {"#\ufe0f\u20e3", nil},
		"number is no tag":        {"#1 #2026", nil},
		"tag inside a word":       {"a#b", nil},
		"two tags together":       {"#a#b", []string{"tag:#a"}},
		"tag too long":            {"#" + strings.Repeat("x", 65), nil},
		"anchor of a link":        {"https://a.example/#top", []string{"link:https://a.example/#top"}},
		"mention in a link":       {"https://a.example/@ann.example", []string{"link:https://a.example/@ann.example"}},
		"all kinds": {
			"👩‍👩‍👧 #a @b.example: https://c.example/ü (#d)",
			[]string{"tag:#a", "mention:@b.example", "link:https://c.example/ü", "tag:#d"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			end := 0
			for _, s := range spansOf(tc.text) {
				if s.start < end {
					t.Errorf("span at %d overlaps the one before, which ends at %d", s.start, end)
				}
				end = s.end
				got = append(got, []string{"link", "mention", "tag"}[s.kind]+":"+tc.text[s.start:s.end])
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzSpansOf(f *testing.F) {
	for _, s := range []string{"https://a.example", "@a.b #c", "＃\xff https://\xff.x", "#\u200d@a.b(https://x.y)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, s := range spansOf(text) {
			if s.start < end || s.end <= s.start || s.end > len(text) || s.value == "" {
				t.Fatalf("got span %+v after %d of %q", s, end, text)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[s.start:s.end]) {
				t.Fatalf("span %+v cuts a character of %q", s, text)
			}
			end = s.end
		}
	})
}

func TestRkeyOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	tid := regexp.MustCompile(`^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$`)
	seen := map[string]string{}
	for i := range 200 {
		key := fmt.Sprintf("delivery-%d.0.1", i)
		got := rkeyOf(key, at)
		if !tid.MatchString(got) {
			t.Errorf("got %q, want a TID", got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("got %q for both %s and %s", got, key, other)
		}
		seen[got] = key
	}
	if a, b := rkeyOf("k", at), rkeyOf("k", at.In(time.FixedZone("x", 3600)).Add(400*time.Nanosecond)); a != b {
		t.Errorf("got %q and %q, want the same key for the same instant in every zone and precision", a, b)
	}
	if a, b := rkeyOf("k", at), rkeyOf("k", at.Add(2*time.Millisecond)); a >= b {
		t.Errorf("got %q and %q, want keys in the order of time", a, b)
	}
	if got := rkeyOf("k", time.Time{}); !tid.MatchString(got) {
		t.Errorf("got %q for no time, want a TID", got)
	}
}

// TestRkeyOfHoldsTheTime reads keys the way it reads a TID of the protocol's
// own description, https://atproto.com/specs/tid.
func TestRkeyOfHoldsTheTime(t *testing.T) {
	t.Parallel()
	const alphabet = "234567abcdefghijklmnopqrstuvwxyz"
	micros := func(tid string) (v int64) {
		for _, r := range tid {
			v = v<<5 | int64(strings.IndexRune(alphabet, r))
		}
		return v >> 10
	}
	if got := time.UnixMicro(micros("3jzfcijpj2z2a")).UTC().Format(time.DateOnly); got != "2023-06-30" {
		t.Fatalf("the test reads the documented TID as %s", got)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if d := time.UnixMicro(micros(rkeyOf("k", at))).Sub(at).Abs(); d > 1024*time.Microsecond {
		t.Errorf("got a key %s away from its time, want at most 1024µs", d)
	}
}

// TestCursorFits builds the largest progress there can be.
func TestCursorFits(t *testing.T) {
	t.Parallel()
	did := "did:plc:" + strings.Repeat("x", 24)
	pr := progress{
		Gated: true,
		Root:  &strongRef{URI: "at://" + did + "/app.bsky.feed.post/3mbfvv6twnyex", CID: strings.Repeat("b", 59)},
		Card: &heldCard{
			Title: strings.Repeat(`"`, titleBytes), Description: strings.Repeat(`"`, descriptionBytes),
			Thumb: &heldBlob{CID: strings.Repeat("b", 59), MIME: "image/webp", Size: 1e6},
		},
	}
	pr.Parent = pr.Root
	for room := maxDids; room >= len(did); room -= len(did) {
		pr.Dids = append(pr.Dids, did)
	}
	c := pr.cursor(social.StepPublish)
	if len(c.State) > social.MaxCursorBytes || !json.Valid(c.State) {
		t.Fatalf("got %d bytes, want at most %d of JSON", len(c.State), social.MaxCursorBytes)
	}
	got, err := progressOf(c)
	if err != nil || got.Card == nil || got.Card.Title != pr.Card.Title || len(got.Dids) != len(pr.Dids) {
		t.Errorf("got %+v, %v, want only the description shorter", got, err)
	}
}

func TestOriginOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://bsky.social":       "https://bsky.social",
		"https://PDS.Example/":      "https://pds.example",
		"pds.example:8443":          "https://pds.example:8443",
		"http://localhost:2583":     "http://localhost:2583",
		"http://127.0.0.1:2583/":    "http://127.0.0.1:2583",
		"http://[::1]:2583":         "http://[::1]:2583",
		"http://pds.example":        "",
		"ftp://pds.example":         "",
		"https://pds.example/xrpc":  "",
		"https://a:b@pds.example":   "",
		"https://pds.example?x=1":   "",
		"":                          "",
		"https://":                  "",
		"javascript:alert(1)":       "",
		"https://pds.example/%zz":   "",
		"http://localhost.evil.com": "",
	} {
		if got, ok := originOf(in); got != want || ok != (want != "") {
			t.Errorf("originOf(%q): got %q, %t, want %q", in, got, ok, want)
		}
	}
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		doc  string
		want page
	}{
		"open graph":      {`<meta property="og:title" content="A"><meta property="og:description" content="B"><meta property="og:image" content="/c.png">`, page{"A", "B", "/c.png"}},
		"order of attrs":  {`<META content='A > B' name='og:title'/>`, page{title: "A > B"}},
		"no quotes":       {`<meta property=og:title content=A>`, page{title: "A"}},
		"entities":        {`<title>A &amp; B &#x27;C&#39;</title>`, page{title: "A & B 'C'"}},
		"title and words": {"<title>\n A\n B </title><meta name=description content=\"C\tD\">", page{"A B", "C D", ""}},
		"og beats title":  {`<title>A</title><meta property="og:title" content="B">`, page{title: "B"}},
		"empty og":        {`<title>A</title><meta property="og:title" content=" ">`, page{title: "A"}},
		"first one wins":  {`<meta property="og:image" content="a"><meta property="og:image" content="b">`, page{image: "a"}},
		"broken off":      {`<meta property="og:title" content="A"><meta property="og:desc`, page{title: "A"}},
		"long":            {"<title>" + strings.Repeat("ü", 300) + "</title>", page{title: strings.Repeat("ü", titleBytes/2)}},
		"no page":         {"%PDF-1.7", page{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := pageOf(tc.doc); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
