package feed_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// updating reports the flag that the conformance kit declares.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if updating() {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: if that is meant, write it with go test -update; got\n%s", file, got)
	}
}

// nasty is a text that wants to be more than a text.
const nasty = "Look: https://example.org/?a=1&b=\"2\" <script>alert('1')</script>\n& a second line, javascript:alert(2)\n\n]]> A new paragraph \u0001with 🎉."

// full is a feed with everything in it.
func full(t *testing.T) (*world, []social.Ref) {
	t.Helper()
	w := newWorld(t, social.Values{
		"title": "News & <Views>", "description": "What \"we\" do", "author": "Ann <Ann>", "language": "en",
		"homePage": "https://ann.example/?a=1&b=2", "hub": "https://hub.example/",
	})
	settings, err := json.Marshal(map[string]any{"title": "A <b>title</b>", "summary": "In & short", "tags": []string{"a<b", "two words"}})
	if err != nil {
		t.Fatal(err)
	}
	video := social.Media{Kind: domain.MediaVideo, MIME: "video/mp4", Name: "v.mp4", Source: bytesSource("video bytes")}
	sound := social.Media{Kind: domain.MediaDocument, MIME: "audio/mpeg", Name: "episode.mp3", Source: bytesSource("sound bytes")}
	plan := social.Media{Kind: domain.MediaDocument, MIME: "application/pdf", Name: "plän \"1\".pdf", Source: bytesSource("pdf bytes")}
	root := w.publish(t, "d.0.1", social.Item{Text: nasty, Settings: settings, Media: []social.Media{picture("picture bytes", `a "cat" <b>`), video, sound, plan}})
	w.wait(time.Minute)
	reply := w.publish(t, "d.1.1", social.Item{Text: "And one thing more.", Root: &root, Parent: &root})
	w.wait(time.Minute)
	if _, err := w.Edit(t.Context(), w.target("d.1.2"), reply, text("And one thing more, corrected.")); err != nil {
		t.Fatal(err)
	}
	return w, []social.Ref{root, reply}
}

func TestPagesAreGolden(t *testing.T) {
	t.Parallel()
	w, refs := full(t)
	for name, path := range map[string]string{
		"atom.xml": "/a-feed/atom.xml", "feed.json": "/a-feed/feed.json", "home.html": "/a-feed", "entry.html": pathOf(refs[0].URL),
	} {
		golden(t, name, w.page(t, path))
	}
	empty := newWorld(t, social.Values{"title": "News"})
	golden(t, "empty.atom.xml", empty.page(t, "/a-feed/atom.xml"))
	golden(t, "empty.feed.json", empty.page(t, "/a-feed/feed.json"))
	golden(t, "empty.home.html", empty.page(t, "/a-feed/"))
}

func TestNothingBreaksOut(t *testing.T) {
	t.Parallel()
	w, refs := full(t)
	for _, path := range []string{"/a-feed/atom.xml", "/a-feed", pathOf(refs[0].URL)} {
		page := w.page(t, path)
		for _, bad := range []string{"<script", "<b>title", "<Views>", "<Ann>", `href="javascript:`, "\u0001", "]]> "} {
			if strings.Contains(page, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
	d := xml.NewDecoder(strings.NewReader(w.page(t, "/a-feed/atom.xml")))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the feed is not XML: %v", err)
		}
	}
	if page := w.page(t, "/a-feed/feed.json"); !json.Valid([]byte(page)) {
		t.Errorf("the feed is not JSON:\n%s", page)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w, refs := full(t)
	for path, want := range map[string]string{
		"/a-feed/atom.xml":   "application/atom+xml; charset=utf-8",
		"/a-feed/feed.json":  "application/feed+json; charset=utf-8",
		"/a-feed":            "text/html; charset=utf-8",
		"/a-feed/":           "text/html; charset=utf-8",
		pathOf(refs[0].URL):  "text/html; charset=utf-8",
		"/a-feed/files/none": "text/plain; charset=utf-8",
	} {
		h := w.get(t, path).Header
		if got := h.Get("Content-Type"); got != want || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got the type %q and %q, want %q and nosniff", path, got, h.Get("X-Content-Type-Options"), want)
		}
	}
}

func TestTheStyleIsTheOneThatIsAllowed(t *testing.T) {
	t.Parallel()
	w, _ := full(t)
	resp := w.get(t, "/a-feed")
	page := body(t, resp)
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, ok := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	policy := resp.Header.Get("Content-Security-Policy")
	if !ok || !strings.Contains(policy, want) || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("got the policy %q, want %s", policy, want)
	}
	if strings.Contains(page, "style=") {
		t.Error("the page has styles that its policy forbids")
	}
}

func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	w.publish(t, "d.0.1", text("one"))
	for _, path := range []string{"/a-feed/atom.xml", "/a-feed/feed.json", "/a-feed"} {
		h := w.get(t, path).Header
		tag, date := h.Get("ETag"), h.Get("Last-Modified")
		if !strings.HasPrefix(tag, `"`) || date == "" {
			t.Fatalf("%s: got the tag %q and the date %q", path, tag, date)
		}
		for name, header := range map[string][]string{
			"by tag": {"If-None-Match", tag}, "by date": {"If-Modified-Since", date},
			"by several tags": {"If-None-Match", `"x", ` + tag},
		} {
			if resp := w.get(t, path, header...); resp.StatusCode != http.StatusNotModified || body(t, resp) != "" {
				t.Errorf("%s %s: got status %d, want 304 without a body", path, name, resp.StatusCode)
			}
		}
		// Two changes within one second must not hide behind one date.
		w.publish(t, "next"+path, text("another"))
		for name, header := range map[string][]string{"by tag": {"If-None-Match", tag}, "by date": {"If-Modified-Since", date}} {
			if resp := w.get(t, path, header...); resp.StatusCode != http.StatusOK {
				t.Errorf("%s %s after a change: got status %d, want 200", path, name, resp.StatusCode)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	w, refs := full(t)
	file := fileIn(t, w.page(t, "/a-feed/feed.json"))
	for _, path := range []string{"/a-feed", "/a-feed/", "/a-feed/atom.xml", "/a-feed/feed.json", pathOf(refs[0].URL), file} {
		full, head := w.get(t, path), w.request(t, http.MethodHead, path)
		if head.StatusCode != http.StatusOK || body(t, head) != "" || head.Header.Get("ETag") != full.Header.Get("ETag") ||
			head.Header.Get("Content-Length") != fmt.Sprint(len(body(t, full))) {
			t.Errorf("HEAD %s: got status %d and %v, want what GET says without a body", path, head.StatusCode, head.Header)
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			resp := w.request(t, method, path)
			if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") == "" {
				t.Errorf("%s %s: got status %d, want 405", method, path, resp.StatusCode)
			}
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w, refs := full(t)
	entry := pathOf(refs[0].URL)
	file := fileIn(t, w.page(t, "/a-feed/feed.json"))
	for _, path := range []string{
		"/", "/other", "/other/", "/other/atom.xml", "/other/feed.json", "/a-feed/rss.xml", "/a-feed/about", "/a-feed/" + strings.Repeat("0", 32),
		"/a-feed/files", "/a-feed/files/", "/a-feed/files/x.png", strings.TrimSuffix(file, "png") + "jpg", strings.Replace(file, "a-feed", "other", 1),
		strings.Replace(entry, "a-feed", "other", 1), entry + "/", entry + "/atom.xml", "//a-feed", "/a-feed//atom.xml", "/a-feed/../a-feed",
		"/a-feed/files/..%2f..%2fabout", "/a-feed%2fabout/atom.xml", "/%00/atom.xml", "/a-feed/%2e%2e",
	} {
		resp := w.get(t, path)
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: got status %d (%s), want 404", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

func TestEnclosures(t *testing.T) {
	t.Parallel()
	w, _ := full(t)
	var page struct {
		Items []struct {
			Attachments []struct {
				URL   string
				MIME  string `json:"mime_type"`
				Bytes int64  `json:"size_in_bytes"`
			}
		}
	}
	if err := json.Unmarshal([]byte(w.page(t, "/a-feed/feed.json")), &page); err != nil {
		t.Fatal(err)
	}
	got := page.Items[1].Attachments
	for i, want := range []struct{ mime, bytes, disposition string }{
		{"image/png", "picture bytes", ""},
		{"video/mp4", "video bytes", ""},
		{"audio/mpeg", "sound bytes", ""},
		{"application/pdf", "pdf bytes", "attachment; filename*=utf-8''pl%C3%A4n%20%221%22.pdf"},
	} {
		resp := w.get(t, pathOf(got[i].URL))
		h := resp.Header
		if text := body(t, resp); text != want.bytes || h.Get("Content-Type") != want.mime || got[i].MIME != want.mime || got[i].Bytes != int64(len(text)) {
			t.Errorf("file %d: got %q of type %q, announced as %+v, want %+v", i, text, h.Get("Content-Type"), got[i], want)
		}
		if h.Get("Content-Disposition") != want.disposition {
			t.Errorf("file %d: got the disposition %q, want %q", i, h.Get("Content-Disposition"), want.disposition)
		}
		if !strings.Contains(h.Get("Cache-Control"), "immutable") || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("file %d: got the headers %v", i, h)
		}
	}
	part := w.get(t, pathOf(got[1].URL), "Range", "bytes=6-")
	if text := body(t, part); part.StatusCode != http.StatusPartialContent || text != "bytes" {
		t.Errorf("a range: got status %d and %q, want 206 and the rest", part.StatusCode, text)
	}
	if resp := w.get(t, pathOf(got[1].URL), "If-None-Match", part.Header.Get("ETag")); resp.StatusCode != http.StatusNotModified {
		t.Errorf("a file that the reader has: got status %d, want 304", resp.StatusCode)
	}
}

func TestOnlyTheNewestEntriesAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	for i := range 55 {
		w.publish(t, fmt.Sprintf("d%d.0.1", i), text(fmt.Sprintf("entry number %d.", i)))
		w.wait(time.Second)
	}
	page := w.page(t, "/a-feed/atom.xml")
	if n := strings.Count(page, "<entry>"); n != 50 {
		t.Errorf("got %d entries, want 50", n)
	}
	if strings.Contains(page, "number 4.") || !strings.Contains(page, "number 5.") || strings.Index(page, "number 54.") > strings.Index(page, "number 53.") {
		t.Errorf("these are not the newest, newest first:\n%s", page)
	}
}

func TestHomeIsWhereThePageIs(t *testing.T) {
	t.Parallel()
	w, _ := full(t)
	home := w.Home(w.account).String()
	if page := w.page(t, pathOf(home)); !strings.Contains(page, `<link rel="canonical" href="`+home+`">`) {
		t.Errorf("%s is not the page of the feed", home)
	}
}
