package simulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// do makes a request and returns the answer.
func (w *world) do(method, address, kind, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	client := *w.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

const page = "https://" + simulator.Self + "/"

func TestPageShowsWhatIsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.token("ann")
	_, body := w.do(http.MethodPost, "https://api.murmur.example/media", "image/png", "pixels")
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	if _, err := w.post(access, "<b>Hello</b> & welcome"); err != nil {
		t.Fatal(err)
	}
	first := w.Timeline("murmur", "ann")[0]
	if status, body := w.do(http.MethodPost, "https://api.murmur.example/posts?access_token="+access+"&parent="+first.ID+"&media="+made.ID, "text/plain", "Below."); status != http.StatusCreated {
		t.Fatalf("got %d %s, want 201", status, body)
	}
	_, got := w.do(http.MethodGet, page, "", "")
	for _, want := range []string{
		"&lt;b&gt;Hello&lt;/b&gt; &amp; welcome", `<article class="post d1"`, "Below.", "name: <code>ann</code>",
		`<img src="/_/media/murmur/` + made.ID + `"`, "<strong>Bob</strong>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if status, got := w.do(http.MethodGet, page+"_/media/murmur/"+made.ID, "", ""); status != http.StatusOK || got != "pixels" {
		t.Errorf("got %d %q, want the picture", status, got)
	}
	if status, got := w.do(http.MethodGet, page+"_/avatar/murmur/1.svg", "", ""); status != http.StatusOK || !strings.Contains(got, ">A</text>") {
		t.Errorf("got %d %q, want the letter of Ann", status, got)
	}
}

func TestButtonsAskForTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.token("ann")
	const form = "application/x-www-form-urlencoded"
	if status, body := w.do(http.MethodPost, page+"_/ask", form, "platform=murmur&button=limit"); status != http.StatusSeeOther {
		t.Fatalf("got %d %s, want to be sent back", status, body)
	}
	if _, got := w.do(http.MethodGet, page, "", ""); !strings.Contains(got, "refuse rate_limited on murmur") {
		t.Error("the page does not show the trouble to come")
	}
	if resp, err := w.post(access, "Hello."); err != nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("got %v, %v, want 429", resp, err)
	}
	w.do(http.MethodPost, page+"_/ask", form, "platform=murmur&button=drop")
	w.do(http.MethodPost, page+"_/ask", form, "button=calm")
	if resp, err := w.post(access, "Hello."); err != nil || resp.StatusCode != http.StatusCreated {
		t.Errorf("got %v, %v, want 201", resp, err)
	}
}

func TestTroubleByJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, want := range map[string]int{
		`{"do":"slow","takes":"9m"}`: http.StatusNoContent, `{"do":"explode"}`: http.StatusBadRequest, `nonsense`: http.StatusBadRequest,
	} {
		if status, got := w.do(http.MethodPost, page+"_/trouble", "application/json", body); status != want {
			t.Errorf("%s: got %d %s, want %d", body, status, got, want)
		}
	}
	_, body := w.do(http.MethodPost, "https://api.murmur.example/media", "video/mp4", "frames")
	var made struct{ Done time.Time }
	if err := json.Unmarshal([]byte(body), &made); err != nil || !made.Done.Equal(w.now.Add(9*time.Minute)) {
		t.Errorf("got %s, want it to be done in 9 minutes", body)
	}
}

// roundTrip answers requests in a test.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A platform that fetches a picture waits for a server that may ask it
// something meanwhile.
func TestPlatformFetches(t *testing.T) {
	t.Parallel()
	var sim *simulator.Sim
	files := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		_ = sim.Timeline("", "")
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"image/png"}}, Request: r,
			Body: io.NopCloser(strings.NewReader("pixels")),
		}, nil
	})}
	var err error
	if sim, err = simulator.New(simulator.Config{StandIns: []simulator.StandIn{&murmur{}}, Fetch: files}); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, Sim: sim, client: &http.Client{Transport: sim.Transport()}}
	if status, got := w.do(http.MethodPost, "https://api.murmur.example/media?from=https://crier.example/a.png", "", ""); status != http.StatusOK {
		t.Errorf("got %d %s, want it to be fetched", status, got)
	}
}

// Of large files only size and hash are kept, and older ones make place.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	p := &murmur{}
	if _, err := simulator.New(simulator.Config{StandIns: []simulator.StandIn{p}, KeepBytes: 1000}); err != nil {
		t.Fatal(err)
	}
	add := func(size int) *simulator.Upload {
		u := p.m.NewUpload(simulator.Upload{Platform: "murmur"})
		if err := u.Append(bytes.NewReader(make([]byte, size))); err != nil {
			t.Fatal(err)
		}
		return u
	}
	large := add(100_000)
	if large.Size != 100_000 || large.SHA256 == "" || large.Kept() {
		t.Errorf("got %d bytes, kept: %t, want size and hash alone", large.Size, large.Kept())
	}
	first := add(1000)
	if !first.Kept() {
		t.Error("got nothing of a small file, want its bytes")
	}
	for range 16 {
		add(1000)
	}
	if first.Kept() {
		t.Error("got the bytes of the oldest file, want them given up")
	}
	if err := large.AppendAt(5, strings.NewReader("x")); err == nil {
		t.Error("got no error for a part that is not next, want one")
	}
}
