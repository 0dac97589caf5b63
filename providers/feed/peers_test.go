//go:build peers

package feed_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/peers/feedparser"
)

// TestRealReader has a feed read by a parser that strangers wrote. Where that
// cannot be had the test is skipped, except in CI, where it fails.
func TestRealReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News & <Views>", "hub": "https://hub.example/"})
	first := picture("\x89PNG\r\n\x1a\nimage", `a "cat" <b>`)
	root := w.publish(t, "k-1", social.Item{
		Text:     "Look: https://example.org/?a=1&b=2 <script>alert('1')</script>\n\n]]> A new paragraph with 🎉.",
		Media:    []social.Media{first},
		Settings: []byte(`{"title":"A <b>title</b> & more"}`),
	})
	w.wait(time.Minute)
	reply := w.publish(t, "k-2", social.Item{Text: "And one thing more.", Root: &root, Parent: &root})
	got := parsed(t, w)
	if got.Bozo || got.Version != "atom10" || got.Title != "News & &lt;Views&gt;" && got.Title != "News & <Views>" {
		t.Errorf("got bozo %t (%s), %s, %q", got.Bozo, got.Why, got.Version, got.Title)
	}
	if !slices.ContainsFunc(got.Links, func(l feedparser.Link) bool { return l.Rel == "hub" && l.Href == "https://hub.example/" }) {
		t.Errorf("got the links %+v, want the hub", got.Links)
	}
	if len(got.Entries) != 2 || got.Entries[0].Link != reply.URL || got.Entries[1].Link != root.URL {
		t.Fatalf("got %+v, want %s and %s", got.Entries, reply.URL, root.URL)
	}
	e := got.Entries[1]
	if !strings.Contains(e.Title, "title") || !strings.Contains(e.Title, "more") || e.Published != "2026-01-02T03:04:05Z" {
		t.Errorf("got %q of %s", e.Title, e.Published)
	}
	for _, want := range []string{`href="https://example.org/?a=1&amp;b=2"`, "&lt;script&gt;", "]]&gt; A new paragraph with 🎉."} {
		if !strings.Contains(e.Content, want) {
			t.Errorf("got the content %q, want %s in it", e.Content, want)
		}
	}
	if len(e.Enclosures) != 1 || e.Enclosures[0].Type != "image/png" || e.Enclosures[0].Length != "13" {
		t.Errorf("got the enclosures %+v, want the picture", e.Enclosures)
	}

	// A reader knows an entry by its id, also once it was changed.
	w.wait(time.Minute)
	if _, err := w.Edit(t.Context(), w.target("k-2"), reply, social.Item{Text: "And one thing more, corrected.", Root: &root, Parent: &root}); err != nil {
		t.Fatal(err)
	}
	changed := parsed(t, w).Entries[0]
	if was := got.Entries[0]; changed.ID != was.ID || changed.Published != was.Published || changed.Updated == was.Updated || !strings.Contains(changed.Content, "corrected") {
		t.Errorf("got %+v after %+v", changed, was)
	}
	if err := w.Delete(t.Context(), w.target("k-1"), root); err != nil {
		t.Fatal(err)
	}
	if left := parsed(t, w); left.Bozo || slices.ContainsFunc(left.Entries, func(e feedparser.Entry) bool { return e.Link == root.URL }) {
		t.Errorf("got %+v, want no %s any more", left.Entries, root.URL)
	}
}

func parsed(t *testing.T, w *world) feedparser.Feed {
	t.Helper()
	f, err := feedparser.Parse(t.Context(), []byte(w.page(t, "/"+w.account+"/atom.xml")))
	if errors.Is(err, feedparser.ErrUnavailable) && os.Getenv("CI") != "true" {
		t.Skipf("THE FEED WAS READ BY NOBODY ELSE: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}
