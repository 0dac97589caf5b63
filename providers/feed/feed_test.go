package feed_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/feed"
	"github.com/crierhq/crier/testkit/providertest"
)

const noPlatform = "a feed is hosted by this very server: nothing is asked of anybody else, so nobody can refuse it"

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New:    func(d social.Deps) (social.Provider, error) { return feed.New(feed.Config{}, d) },
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
		Waive: map[string]string{
			"coverage/auth_expired":    noPlatform,
			"coverage/rate_limited":    noPlatform,
			"coverage/outcome_unknown": noPlatform + "; TestALostAnswerOfTheStore shows the one way to lose an answer",
			"coverage/lost":            noPlatform + "; TestALostAnswerOfTheStore shows the one way to lose an answer",
		},
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := feed.New(feed.Config{Entries: -1}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"Config.Entries", "Deps.HTTP", "Deps.Log", "Deps.Now", "Deps.NewID", "Deps.Hosting"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
	_, err = feed.New(feed.Config{}, social.Deps{Hosting: &social.Hosting{BaseURL: "crier.example/"}})
	for _, want := range []string{"Hosting.Documents", "Hosting.Files", "Hosting.BaseURL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
}

// documents is a social.Documents in memory that can be told to fail.
type documents struct {
	mu   sync.Mutex
	docs map[[2]string]domain.Document
	// fail is asked before each call, lose after each change.
	fail, lose func(call string, d domain.Document) error
}

func (s *documents) do(ctx context.Context, call string, d domain.Document, fn func(key [2]string) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.fail != nil {
		if err := s.fail(call, d); err != nil {
			return err
		}
	}
	if err := fn([2]string{d.Space, d.Key}); err != nil {
		return err
	}
	if s.lose != nil {
		return s.lose(call, d)
	}
	return nil
}

func (s *documents) Put(ctx context.Context, d domain.Document) (domain.Document, error) {
	out := d
	err := s.do(ctx, "put", d, func(key [2]string) error {
		if old, ok := s.docs[key]; ok {
			out = old
		}
		s.docs[key] = out
		return nil
	})
	return out, err
}

func (s *documents) Replace(ctx context.Context, d domain.Document) error {
	return s.do(ctx, "replace", d, func(key [2]string) error {
		if _, ok := s.docs[key]; !ok {
			return fault.ErrNotFound
		}
		s.docs[key] = d
		return nil
	})
}

func (s *documents) Get(ctx context.Context, space, key string) (domain.Document, error) {
	var out domain.Document
	err := s.do(ctx, "get", domain.Document{Space: space, Key: key}, func(key [2]string) error {
		var ok bool
		if out, ok = s.docs[key]; !ok {
			return fault.ErrNotFound
		}
		return nil
	})
	return out, err
}

func (s *documents) List(ctx context.Context, space string, limit int) ([]domain.Document, error) {
	var out []domain.Document
	err := s.do(ctx, "list", domain.Document{Space: space}, func([2]string) error {
		for key, d := range s.docs {
			if key[0] == space {
				out = append(out, d)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b domain.Document) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(b.Key, a.Key)) })
	return out[:min(limit, len(out))], err
}

func (s *documents) Delete(ctx context.Context, space, key string) error {
	return s.do(ctx, "delete", domain.Document{Space: space, Key: key}, func(key [2]string) error {
		delete(s.docs, key)
		return nil
	})
}

// world is a host with a clock that can be set, and one feed.
type world struct {
	*feed.Provider
	docs    *documents
	files   *memblob.Bucket
	site    http.Handler
	account string
	traits  social.Traits
	log     *bytes.Buffer
	hub     *recorder

	mu  sync.Mutex
	now time.Time
}

const base = "https://crier.example/hosted/feed"

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// recorder is the network: it answers everything, and remembers.
type recorder struct {
	mu     sync.Mutex
	forms  []url.Values
	status int
	err    error
	silent bool
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forms = append(r.forms, form)
	if r.silent {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	if r.err != nil {
		return nil, r.err
	}
	return &http.Response{StatusCode: r.status, Body: http.NoBody, Request: req}, nil
}

func (r *recorder) sent() []url.Values {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.forms)
}

func newWorld(t *testing.T, values social.Values) *world {
	t.Helper()
	w := &world{
		docs: &documents{docs: map[[2]string]domain.Document{}}, account: "a-feed", log: &bytes.Buffer{},
		hub: &recorder{status: http.StatusNoContent}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	var err error
	if w.files, err = memblob.New(w.clock); err != nil {
		t.Fatal(err)
	}
	w.Provider, err = feed.New(feed.Config{}, social.Deps{
		HTTP: &http.Client{Transport: w.hub}, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Now: w.clock, NewID: func() string { return w.account },
		Hosting: &social.Hosting{BaseURL: base, Documents: w.docs, Files: w.files},
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := w.ConnectWith(t.Context(), w.ConnectForm().WithDefaults(values))
	if err != nil {
		t.Fatal(err)
	}
	w.account, w.traits, w.site = conn.Account, conn.Traits, w.Pages()
	return w
}

func (w *world) target(key string) social.Target {
	return social.Target{Account: w.account, Traits: w.traits, Key: key, FirstTry: w.clock()}
}

// publish takes an item all the way, as the engine does.
func (w *world) publish(t *testing.T, key string, it social.Item) social.Ref {
	t.Helper()
	to := w.target(key)
	at, err := w.Prepare(t.Context(), to, it)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.Publish(t.Context(), to, it, at)
	if err != nil || out.Ref == nil {
		t.Fatalf("got %+v, %v, want a Ref", out, err)
	}
	return *out.Ref
}

func (w *world) get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	return w.request(t, http.MethodGet, path, header...)
}

func (w *world) request(t *testing.T, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.site.ServeHTTP(rec, r)
	return rec.Result()
}

func (w *world) page(t *testing.T, path string) string {
	t.Helper()
	resp := w.get(t, path)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: got status %d", path, resp.StatusCode)
	}
	return body(t, resp)
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// pathOf is where the site serves an address.
func pathOf(address string) string { return strings.TrimPrefix(address, base) }

// bytesSource is a social.Source of fixed bytes.
type bytesSource string

func (s bytesSource) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(s))), nil
}

func (bytesSource) PublicURL(context.Context) (string, error) {
	return "", social.Errorf(social.CodeUnsupported, "No public address.")
}

func picture(data, alt string) social.Media {
	return social.Media{
		Kind: domain.MediaImage, MIME: "image/png", Bytes: int64(len(data)), Name: "picture.png", Alt: alt,
		Width: 640, Height: 480, Source: bytesSource(data),
	}
}

func text(s string) social.Item { return social.Item{Text: s} }

func codeOf(err error) social.Code {
	if err == nil {
		return ""
	}
	return social.AsError(err).Code
}

func TestAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	it := social.Item{Text: "hello", Media: []social.Media{picture("bytes", "")}}
	to := w.target("d.0.1")
	first := w.publish(t, "d.0.1", it)
	w.wait(time.Hour)
	at, err := w.Prepare(t.Context(), to, it)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.Publish(t.Context(), to, it, at)
	if err != nil || out.Ref == nil || out.Ref.ID != first.ID || out.Ref.Extra["at"] != first.Extra["at"] {
		t.Errorf("the second time: got %+v, %v, want %+v", out, err, first)
	}
	if n := strings.Count(w.page(t, "/a-feed/atom.xml"), "<entry>"); n != 1 {
		t.Errorf("the feed has %d entries, want one", n)
	}
}

func TestALostAnswerOfTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	to := w.target("d.0.1")
	lost := errors.New("connection reset")
	w.docs.lose = func(call string, d domain.Document) error {
		if call == "put" && strings.HasSuffix(d.Space, "/entries") {
			return lost
		}
		return nil
	}
	if _, err := w.Publish(t.Context(), to, text("hello"), social.Cursor{}); codeOf(err) != social.CodeOutcomeUnknown || !errors.Is(err, lost) {
		t.Errorf("got %v, want outcome_unknown with its cause", err)
	}
	w.docs.lose = nil
	ref, err := w.Find(t.Context(), to, text("hello"))
	if err != nil || ref == nil {
		t.Fatalf("Find: got %v, %v, want the entry", ref, err)
	}
	out, err := w.Check(t.Context(), to, social.Cursor{Next: social.StepPublish})
	if err != nil || out.Ref == nil || out.Ref.ID != ref.ID {
		t.Errorf("Check: got %+v, %v, want %+v", out, err, ref)
	}
	if ok, err := w.Confirm(t.Context(), to, *ref); !ok || err != nil {
		t.Errorf("Confirm: got %t, %v, want true", ok, err)
	}
}

func TestAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	ref := w.publish(t, "d.0.1", text("hello"))
	w.docs.fail = func(string, domain.Document) error { return fault.New(fault.Unavailable, "", "down") }
	to := w.target("d.0.1")
	_, errPublish := w.Publish(t.Context(), w.target("d.1.1"), text("x"), social.Cursor{})
	_, errCheck := w.Check(t.Context(), to, social.Cursor{})
	_, errFind := w.Find(t.Context(), to, text("x"))
	_, errConfirm := w.Confirm(t.Context(), to, ref)
	_, errEdit := w.Edit(t.Context(), to, ref, text("x"))
	_, errConnect := w.ConnectWith(t.Context(), social.Values{"title": "x"})
	for name, err := range map[string]error{
		"Publish": errPublish, "Check": errCheck, "Find": errFind, "Confirm": errConfirm, "Edit": errEdit,
		"Delete": w.Delete(t.Context(), to, ref),
	} {
		if codeOf(err) != social.CodeUnavailable {
			t.Errorf("%s: got %v, want unavailable", name, err)
		}
	}
	if codeOf(errConnect) != social.CodeOutcomeUnknown {
		t.Errorf("ConnectWith: got %v, want outcome_unknown", errConnect)
	}
	for _, path := range []string{"/a-feed", "/a-feed/atom.xml", "/a-feed/feed.json", pathOf(ref.URL)} {
		if resp := w.get(t, path); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("GET %s: got status %d, want 503", path, resp.StatusCode)
		}
	}
}

func TestRepliesComeAfterWhatTheyAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	root := w.publish(t, "d.0.1", text("one"))
	second := w.publish(t, "d.1.1", social.Item{Text: "two", Root: &root, Parent: &root})
	third := w.publish(t, "d.2.1", social.Item{Text: "three", Root: &root, Parent: &second})
	page := w.page(t, "/a-feed/atom.xml")
	at := []int{strings.Index(page, third.ID), strings.Index(page, second.ID), strings.Index(page, root.ID)}
	if at[0] < 0 || !slices.IsSorted(at) {
		t.Errorf("got the places %v, want the newest first:\n%s", at, page)
	}
	if want := `<thr:in-reply-to ref="` + second.ID + `" href="` + second.URL + `" type="text/html">`; !strings.Contains(page, want) {
		t.Errorf("no %s in:\n%s", want, page)
	}
}

func TestFilesOutliveTheLibrary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	to := w.target("d.0.1")
	it := social.Item{Media: []social.Media{picture("the bytes", "")}}
	at, err := w.Prepare(t.Context(), to, it)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := w.files.List(t.Context(), "", "", 10)
	if err != nil || len(stored) != 1 {
		t.Fatalf("got %v, %v, want one file", stored, err)
	}
	name := strings.TrimPrefix(stored[0].Key, "feed/a-feed/")
	if resp := w.get(t, "/a-feed/files/"+name); resp.StatusCode != http.StatusNotFound {
		t.Errorf("before it is published: got status %d, want 404", resp.StatusCode)
	}
	it.Media[0].Source = nil // the file was deleted from the library
	if _, err := w.Publish(t.Context(), to, it, at); err != nil {
		t.Fatal(err)
	}
	if got := w.page(t, "/a-feed/files/"+name); got != "the bytes" {
		t.Errorf("got %q, want the bytes", got)
	}
}

func TestAFileThatIsCutShortIsNotPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	m := picture("half", "")
	m.Bytes = 8
	if _, err := w.Prepare(t.Context(), w.target("d.0.1"), social.Item{Media: []social.Media{m}}); codeOf(err) != social.CodeUnavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestEditing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	ref := w.publish(t, "d.0.1", social.Item{Text: "old words", Media: []social.Media{picture("old bytes", "")}})
	w.wait(time.Second)
	later := w.publish(t, "d2.0.1", text("later"))
	oldFile := fileIn(t, w.page(t, "/a-feed/feed.json"))
	w.wait(time.Hour)
	edit := func() string {
		t.Helper()
		got, err := w.Edit(t.Context(), w.target("d.0.2"), ref, social.Item{Text: "new words", Media: []social.Media{picture("new bytes", "")}})
		if err != nil || got.ID != ref.ID || got.URL != ref.URL || got.Extra["at"] != ref.Extra["at"] {
			t.Fatalf("got %+v, %v, want %+v", got, err, ref)
		}
		return w.page(t, "/a-feed/feed.json")
	}
	page := edit()
	for _, want := range []string{"new words", `"date_published": "2026-01-02T03:04:05Z"`, `"date_modified": "2026-01-02T04:04:06Z"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in:\n%s", want, page)
		}
	}
	if strings.Contains(page, "old words") || strings.Index(page, later.ID) > strings.Index(page, ref.ID) {
		t.Errorf("the entry lost its place or kept its text:\n%s", page)
	}
	newFile := fileIn(t, page)
	if got := w.page(t, newFile); got != "new bytes" {
		t.Errorf("got %q, want the new bytes", got)
	}
	if resp := w.get(t, oldFile); oldFile == newFile || resp.StatusCode != http.StatusNotFound {
		t.Errorf("the old file: got status %d at %s, want 404", resp.StatusCode, oldFile)
	}
	w.wait(time.Hour)
	if again := edit(); again != page {
		t.Errorf("the same edit changed the feed:\n%s\n%s", page, again)
	}
}

// fileIn is the path of the first file in a JSON Feed.
func fileIn(t *testing.T, page string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, base+"/a-feed/files/")
	name, _, _ := strings.Cut(rest, `"`)
	name, _, _ = strings.Cut(name, `\`)
	if !ok {
		t.Fatalf("no file in:\n%s", page)
	}
	return "/a-feed/files/" + name
}

func TestDeleting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	ref := w.publish(t, "d.0.1", social.Item{Text: "words", Media: []social.Media{picture("bytes", "")}})
	file := fileIn(t, w.page(t, "/a-feed/feed.json"))
	before := w.get(t, "/a-feed/atom.xml").Header.Get("Last-Modified")
	for range 2 {
		if err := w.Delete(t.Context(), w.target("d.0.1"), ref); err != nil {
			t.Fatal(err)
		}
	}
	if page := w.page(t, "/a-feed/atom.xml"); strings.Contains(page, "<entry>") {
		t.Errorf("the entry is still there:\n%s", page)
	}
	for _, path := range []string{pathOf(ref.URL), file} {
		if resp := w.get(t, path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: got status %d, want 404", path, resp.StatusCode)
		}
	}
	if left, err := w.files.List(t.Context(), "", "", 10); len(left) != 0 || err != nil {
		t.Errorf("files left: %v, %v", left, err)
	}
	if resp := w.get(t, "/a-feed/atom.xml", "If-Modified-Since", before); resp.StatusCode != http.StatusOK {
		t.Errorf("a reader who asks by date does not learn of it: got status %d", resp.StatusCode)
	}
	if ok, err := w.Confirm(t.Context(), w.target("d.0.1"), ref); ok || err != nil {
		t.Errorf("Confirm: got %t, %v, want false", ok, err)
	}
	if _, err := w.Edit(t.Context(), w.target("d.0.2"), ref, text("x")); codeOf(err) != social.CodeRejected {
		t.Errorf("Edit: got %v, want rejected", err)
	}
}

func TestTheHubIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News", "hub": "https://hub.example/?token=s3cret"})
	w.publish(t, "d.0.1", text("hello"))
	var topics []string
	for _, form := range w.hub.sent() {
		topics = append(topics, form.Get("hub.url"))
		if form.Get("hub.mode") != "publish" || form.Get("hub.topic") != form.Get("hub.url") {
			t.Errorf("got the form %v", form)
		}
	}
	if want := []string{base + "/a-feed/atom.xml", base + "/a-feed/feed.json"}; !slices.Equal(topics, want) {
		t.Errorf("got %q, want %q", topics, want)
	}
	if links := w.get(t, "/a-feed/atom.xml").Header.Values("Link"); !slices.Equal(links, []string{
		`<https://hub.example/?token=s3cret>; rel="hub"`, "<" + base + `/a-feed/atom.xml>; rel="self"`,
	}) {
		t.Errorf("got the links %q", links)
	}
}

func TestAHubThatFailsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for name, hub := range map[string]*recorder{
		"an error":  {status: http.StatusInternalServerError},
		"no answer": {err: errors.New("connection refused")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, social.Values{"title": "News", "hub": "https://hub.example/?token=s3cret"})
			w.hub.status, w.hub.err = hub.status, hub.err
			w.publish(t, "d.0.1", text("hello"))
			if log := w.log.String(); !strings.Contains(log, "hub") || strings.Contains(log, "s3cret") {
				t.Errorf("the log must name the failure and not the address: %s", log)
			}
		})
	}
}

func TestAHubThatIsSilentIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, social.Values{"title": "News", "hub": "https://hub.example/"})
		w.hub.silent = true
		start := time.Now()
		w.publish(t, "d.0.1", text("hello"))
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %v, want 5s", took)
		}
	})
}

func TestAFeedThatLostItsFactsGetsThemBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	clear(w.docs.docs)
	w.publish(t, "d.0.1", text("hello"))
	if page := w.page(t, "/a-feed/atom.xml"); !strings.Contains(page, "<title>News</title>") {
		t.Errorf("the title is gone:\n%s", page)
	}
}

func TestTypesThatBrowsersRunAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	m := picture("<svg onload='alert(1)'/>", "")
	m.MIME = "image/svg+xml"
	if _, err := w.Prepare(t.Context(), w.target("d.0.1"), social.Item{Media: []social.Media{m}}); codeOf(err) != social.CodeRejected {
		t.Errorf("got %v, want rejected", err)
	}
}

// TestTheCursorStaysSmall has as many files as an item may have.
func TestTheCursorStaysSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, social.Values{"title": "News"})
	l := w.Descriptor().Limits.Media
	var it social.Item
	for range l.Images + l.Videos + l.Documents {
		it.Media = append(it.Media, picture("bytes", strings.Repeat("long ", 400)))
	}
	at, err := w.Prepare(t.Context(), w.target("d.0.1"), it)
	if err != nil || len(at.State) > social.MaxCursorBytes {
		t.Errorf("got %d bytes, %v, want at most %d", len(at.State), err, social.MaxCursorBytes)
	}
}
