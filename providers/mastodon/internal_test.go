package mastodon

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

func TestOriginOf(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"mastodon.social":                    "https://mastodon.social",
		"  Mastodon.Social ":                 "https://mastodon.social",
		"https://mastodon.social/":           "https://mastodon.social",
		"https://mastodon.social/@ann?x=1":   "https://mastodon.social",
		"https://mastodon.social/@bob@b.org": "https://mastodon.social",
		"http://mastodon.social":             "https://mastodon.social",
		"@ann@mastodon.social":               "https://mastodon.social",
		"ann@mastodon.social":                "https://mastodon.social",
		"mastodon.social:8443":               "https://mastodon.social:8443",
		"mastodön.example":                   "https://mastodön.example",
		"192.0.2.7":                          "https://192.0.2.7",
		"localhost":                          "https://localhost",
		"http://localhost:3000":              "http://localhost:3000",
		"http://127.0.0.1:3000/x":            "http://127.0.0.1:3000",
		"http://[::1]:3000":                  "http://[::1]:3000",
		"http://192.0.2.7":                   "https://192.0.2.7",
		"":                                   "",
		"my server":                          "",
		"@ann":                               "",
		"mastodon":                           "",
		"https://":                           "",
		"ftp://mastodon.social":              "",
		"javascript://mastodon.social/%0a":   "",
		"https://ann:pw@mastodon.social":     "",
		"mastodon.social:0":                  "",
		"mastodon.social:99999":              "",
		"mastodon..social":                   "",
		"-x.social":                          "",
		"mastodon.social\r\nHost: x":         "",
	} {
		t.Run(typed, func(t *testing.T) {
			t.Parallel()
			got, err := originOf(typed)
			if got != want || (err == nil) != (want != "") {
				t.Errorf("got %q and %v, want %q", got, err, want)
			}
			if e, ok := errors.AsType[*social.Error](err); err != nil && (!ok || e.Code != social.CodeRejected) {
				t.Errorf("got %v, want an error of code rejected", err)
			}
		})
	}
}

func TestSoftware(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"4.4.1":                                 "mastodon",
		"4.5.0-alpha.1":                         "mastodon",
		"4.3.0-rc.1+glitch":                     "mastodon",
		"4.5.0-nightly.2025-10-01":              "mastodon",
		"4.0.2+hometown-1.1.1":                  "mastodon",
		"2.7.2 (compatible; Pleroma 2.6.0)":     "pleroma",
		"2.8.0 (compatible; Friendica 2023.05)": "friendica",
		"3.5.3 (compatible; Pixelfed 0.12)":     "pixelfed",
		"4.0.0 (not true; really snac/2.75)":    "snac",
		"0.17.3 git-1234567":                    "other",
		"4.2.1+stranger":                        "other",
		"":                                      "other",
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			if got := (instance{Version: version}).software(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	in := instance{Version: "0.19.0", SourceURL: "https://codeberg.org/superseriousbusiness/gotosocial"}
	if got := in.software(); got != "gotosocial" {
		t.Errorf("got %q, want gotosocial", got)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"empty":          {"", ""},
		"text":           {"Hello", "Hello"},
		"paragraphs":     {"<p>a<br>b<br />c</p><p>d</p>", "a\nb\nc\n\nd"},
		"entities":       {"<p>1 &lt; 2 &amp;&#39;x&quot;</p>", `1 < 2 &'x"`},
		"quoted bracket": {`<a title="a>b" href='x">y'>link</a>!`, "link!"},
		"list":           {"<ul><li>a</li><li>b</li></ul>", "a\nb"},
		"open tag":       {"a<b", "a"},
		"only brackets":  {"<<>>", ">"},
		"upper case":     {"a<BR/>b", "a\nb"},
		"long link":      {`<a href="https://e.org/x"><span class="invisible">https://</span><span class="ellipsis">e.org/</span><span class="invisible">x</span></a>`, "https://e.org/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plain(tc.in); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLettersKeepsWhatTellsPostsApart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b string
		same bool
	}{
		"mention":                   {"Hi @bob@other.example!", "Hi @bob!", true},
		"mention at end":            {"Hi @bob@other.example.", "Hi @bob.", true},
		"white space":               {"a \r\n\n b\u200b", "a b", true},
		"markdown":                  {"*a* `b` _c_", "a b c", true},
		"case of a host":            {"https://E.org/x", "https://e.org/x", true},
		"emoji variation":           {"❤️", "❤", true},
		"other emoji":               {"🐘", "🦣", false},
		"other link":                {"https://e.org/1", "https://e.org/2", false},
		"other mention":             {"@bob@a.example", "@rob@a.example", false},
		"a word more":               {"Hello", "Hello there", false},
		"an address, not a mention": {"ann@e.org", "ann", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := letters(tc.a) == letters(tc.b); got != tc.same {
				t.Errorf("got %t for %q and %q, want %t", got, letters(tc.a), letters(tc.b), tc.same)
			}
		})
	}
}

func TestScopesFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		supported []string
		want      string
	}{
		"silent": {nil, "read:accounts read:statuses read:search write:media write:statuses"},
		"new":    {[]string{"read", "write", "profile", "read:accounts", "read:statuses", "read:search", "write:media", "write:statuses"}, "profile read:statuses read:search write:media write:statuses"},
		"coarse": {[]string{"read", "write"}, "read write"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(scopesFor(tc.supported), " "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestRulesReadWhatTheyAreFor keeps the table honest: every rule is the one
// that applies to its own words, so none stands in the shadow of another.
func TestRulesReadWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		got := classify(r.status, []byte(`{"error":"The `+r.text+`."}`))
		if got == nil || got.Code != r.code || got.Message != r.message {
			t.Errorf("%d %q: got %v, want %s: %s", r.status, r.text, got, r.code, r.message)
		}
		if !slices.Contains(social.Codes(), r.code) || !strings.HasSuffix(r.message, ".") {
			t.Errorf("%d %q: code %q and message %q must be a code and a sentence", r.status, r.text, r.code, r.message)
		}
	}
	if got := classify(http.StatusUnprocessableEntity, []byte("<html>")); got != nil {
		t.Errorf("got %v for a page, want nothing: the status alone tells", got)
	}
}

func TestSentenceIsShort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Too long":               "Too long.",
		"Try again!":             "Try again!",
		" a\n b. ":               "a b.",
		strings.Repeat("ä", 300): strings.Repeat("ä", 200) + "…",
	} {
		if got := sentence(in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add(`<p>Hello <a href="x">y</a><br></p>`)
	f.Add(`<a title='>`)
	f.Add("&amp;lt;p&gt;")
	f.Fuzz(func(t *testing.T, in string) {
		out := plain(in)
		if utf8.ValidString(in) && !utf8.ValidString(out) {
			t.Errorf("got %q, want valid UTF-8", out)
		}
		if !strings.ContainsAny(in, "<&") && out != strings.TrimSpace(in) {
			t.Errorf("got %q, want the text as it is", out)
		}
		_ = letters(out)
	})
}

func FuzzOriginOf(f *testing.F) {
	f.Add("@ann@mastodon.social")
	f.Add("https://mastodon.social:443/x")
	f.Fuzz(func(t *testing.T, in string) {
		origin, err := originOf(in)
		if err != nil {
			return
		}
		again, err := originOf(origin)
		if err != nil || again != origin {
			t.Errorf("got %q and %v for %q, want what it was", again, err, origin)
		}
	})
}
