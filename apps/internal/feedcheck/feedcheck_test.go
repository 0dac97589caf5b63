// Package feedcheck_test reads the feeds that Crier writes with a parser that
// Crier did not write. It is here because providers and their tests need
// nothing but the standard library.
package feedcheck_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/feed"
)

const base = "https://crier.example/hosted/feed"

// documents is a social.Documents in memory.
type documents struct {
	mu   sync.Mutex
	docs []domain.Document
}

func (s *documents) index(space, key string) int {
	return slices.IndexFunc(s.docs, func(d domain.Document) bool { return d.Space == space && d.Key == key })
}

func (s *documents) Put(_ context.Context, d domain.Document) (domain.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(d.Space, d.Key); i >= 0 {
		return s.docs[i], nil
	}
	s.docs = append(s.docs, d)
	return d, nil
}

func (s *documents) Replace(_ context.Context, d domain.Document) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(d.Space, d.Key)
	if i < 0 {
		return fault.ErrNotFound
	}
	s.docs[i] = d
	return nil
}

func (s *documents) Get(_ context.Context, space, key string) (domain.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(space, key); i >= 0 {
		return s.docs[i], nil
	}
	return domain.Document{}, fault.ErrNotFound
}

func (s *documents) List(_ context.Context, space string, limit int) ([]domain.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []domain.Document
	for _, d := range s.docs {
		if d.Space == space {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b domain.Document) int { return b.At.Compare(a.At) })
	return out[:min(limit, len(out))], nil
}

func (s *documents) Delete(_ context.Context, space, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(space, key); i >= 0 {
		s.docs = slices.Delete(s.docs, i, i+1)
	}
	return nil
}

type source string

func (s source) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(s))), nil
}

func (source) PublicURL(context.Context) (string, error) {
	return "", social.Errorf(social.CodeUnsupported, "No public address.")
}

const nasty = "Tom & \"Jerry\" <b>say</b>\nhttps://example.org/?a=1&b=2\n\n]]> 🎉 done."

// site is a feed with two entries, the second a reply to the first.
func site(t *testing.T) http.Handler {
	t.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	files, err := memblob.New(func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	p, err := feed.New(feed.Config{}, social.Deps{
		HTTP: &http.Client{}, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now }, NewID: func() string { return "a-feed" },
		Hosting: &social.Hosting{BaseURL: base, Documents: &documents{}, Files: files},
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := p.ConnectWith(t.Context(), social.Values{
		"title": "News & <Views>", "description": "What we do", "author": "Ann", "language": "en",
	})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(feed.Settings{Title: "A <title>", Summary: "In short", Tags: []string{"one", "two & three"}})
	if err != nil {
		t.Fatal(err)
	}
	var root *social.Ref
	for i, it := range []social.Item{
		{Text: nasty, Settings: settings, Media: []social.Media{
			{Kind: domain.MediaImage, MIME: "image/png", Alt: "a cat", Source: source("picture")},
			{Kind: domain.MediaDocument, MIME: "audio/mpeg", Name: "episode.mp3", Source: source("some sound")},
		}},
		{Text: "The answer."},
	} {
		it.Root, it.Parent = root, root
		to := social.Target{Account: conn.Account, Traits: conn.Traits, Key: fmt.Sprintf("d.%d.1", i), FirstTry: now}
		at, err := p.Prepare(t.Context(), to, it)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Publish(t.Context(), to, it, at)
		if err != nil {
			t.Fatal(err)
		}
		root = out.Ref
	}
	return p.Pages()
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("GET %s: got status %d", path, rec.Code)
	}
	return rec
}

func TestAnotherParserReadsOurFeeds(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"atom.xml": "atom", "feed.json": "json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := site(t)
			got, err := gofeed.NewParser().Parse(get(t, h, "/a-feed/"+name).Body)
			if err != nil {
				t.Fatal(err)
			}
			if got.FeedType != kind || got.Title != "News & <Views>" || got.Description != "What we do" || got.Language != "en" ||
				got.FeedLink != base+"/a-feed/"+name || got.Link != base+"/a-feed" || len(got.Authors) != 1 || got.Authors[0].Name != "Ann" {
				t.Errorf("the feed reads as %+v", got)
			}
			if len(got.Items) != 2 {
				t.Fatalf("got %d entries, want two", len(got.Items))
			}
			answer, first := got.Items[0], got.Items[1]
			if !strings.Contains(answer.Content, "The answer.") || !answer.PublishedParsed.After(*first.PublishedParsed) {
				t.Errorf("the newest entry does not come first: %+v", answer)
			}
			checkFirst(t, h, first)
		})
	}
}

func checkFirst(t *testing.T, h http.Handler, it *gofeed.Item) {
	t.Helper()
	if it.Title != "A <title>" || it.Description != "In short" || !slices.Equal(it.Categories, []string{"one", "two & three"}) {
		t.Errorf("the entry reads as title %q, summary %q, tags %q", it.Title, it.Description, it.Categories)
	}
	for _, want := range []string{
		"Tom &amp; &#34;Jerry&#34; &lt;b&gt;say&lt;/b&gt;<br>", `<a href="https://example.org/?a=1&amp;b=2"`, "<p>]]&gt; 🎉 done.</p>", `alt="a cat"`,
	} {
		if !strings.Contains(it.Content, want) {
			t.Errorf("no %q in the content %q", want, it.Content)
		}
	}
	if !strings.HasPrefix(it.GUID, "urn:uuid:") || !strings.HasPrefix(it.Link, base+"/a-feed/") {
		t.Errorf("got the id %q and the link %q", it.GUID, it.Link)
	}
	get(t, h, strings.TrimPrefix(it.Link, base))
	want := []string{"image/png picture", "audio/mpeg some sound"}
	var got []string
	for _, e := range it.Enclosures {
		got = append(got, e.Type+" "+get(t, h, strings.TrimPrefix(e.URL, base)).Body.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got the files %q, want %q", got, want)
	}
}
