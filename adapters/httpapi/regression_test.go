package httpapi_test

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/blob"
)

// TestRegression15OddProviderIDs takes a platform whose id has a dash, an
// underscore, a dot and a digit through everything that an id appears in.
func TestRegression15OddProviderIDs(t *testing.T) {
	t.Parallel()
	const id = "redirect.one-two_3"
	w := newWorld(t, func(c *core.Config) { c.Worker.Providers = []domain.ProviderID{id} })
	ann := w.register("ann@example.org")
	if a := w.ok(200, ann, "GET", "/integrations/providers/"+id, nil); a.text("identifier") != id {
		t.Errorf("got %s, want the platform", a.body)
	}
	state := w.ok(200, ann, "POST", "/integrations/connect", map[string]string{"provider": id}).text("state")
	w.ok(200, "", "GET", "/integrations/callback/"+id+"?code=good&state="+state, nil)
	channel := w.ok(200, ann, "GET", "/integrations", nil).text("data.0.id")
	post := w.ok(201, ann, "POST", "/posts", map[string]any{"content": "x", "type": "now", "integrations": []string{channel}}).text("id")
	w.drain() // the worker takes this platform only
	if a := w.ok(200, ann, "GET", "/posts/"+post, nil); a.text("deliveries.0.state") != "failed" || a.text("deliveries.0.reason.message") != "Not here." ||
		a.text("deliveries.0.integration.provider") != id {
		t.Errorf("got %s, want the answer of the platform", a.body)
	}
	if a := w.ok(200, ann, "GET", "/posts/failures?provider="+id, nil); a.text("data.0.provider") != id {
		t.Errorf("got %s, want its failure", a.body)
	}
	if a := w.ok(200, ann, "POST", "/posts/failures/retry", map[string]string{"provider": id, "code": "unsupported"}); a.json("retried") != 1.0 {
		t.Errorf("got %s, want it tried again", a.body)
	}
}

const gigabyte = 1 << 30

// zeros is a file of a size, without the bytes. It notes the memory in use.
type zeros struct {
	at, size int64
	most     *atomic.Uint64
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.at >= z.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), z.size-z.at))
	clear(p[:n])
	if z.at == 0 {
		copy(p, "\x89PNG\r\n\x1a\n")
	}
	before := z.at >> 26
	z.at += int64(n)
	if z.most != nil && before != z.at>>26 { // now and then
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		z.most.Store(max(z.most.Load(), m.HeapAlloc))
	}
	return n, nil
}

func (z *zeros) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		z.at = offset
	case io.SeekCurrent:
		z.at += offset
	default:
		z.at = z.size + offset
	}
	return z.at, nil
}

func (*zeros) Close() error { return nil }

// hollow is a bucket that keeps how large a file is, and nothing else.
type hollow struct {
	blob.Bucket
	size    atomic.Int64
	arrived chan struct{}
	ended   chan error
}

func (h *hollow) Put(ctx context.Context, _ string, r io.Reader) (int64, error) {
	if h.arrived != nil {
		close(h.arrived)
		_, err := io.Copy(io.Discard, r)
		h.ended <- errors.Join(err, ctx.Err())
		return 0, err
	}
	n, err := io.Copy(io.Discard, r)
	h.size.Store(n)
	return n, err
}

func (h *hollow) Open(context.Context, string) (io.ReadSeekCloser, error) {
	if h.size.Load() == 0 {
		return nil, fault.ErrNotFound
	}
	return &zeros{size: h.size.Load()}, nil
}

func (*hollow) Delete(context.Context, string) error { return nil }

// sendFile sends a file of a size that is made up on the way.
func sendFile(ctx context.Context, t *testing.T, srv *httptest.Server, token string, z *zeros) (*http.Response, error) {
	t.Helper()
	pr, pw := io.Pipe()
	m := multipart.NewWriter(pw)
	go func() {
		part, err := m.CreateFormFile("file", "big.png")
		if err == nil {
			_, err = io.CopyBuffer(part, struct{ io.Reader }{z}, make([]byte, 256<<10))
		}
		_ = pw.CloseWithError(errors.Join(err, m.Close()))
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/media/upload", pr)
	must(t, err)
	req.Header.Set("Content-Type", m.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	return srv.Client().Do(req)
}

// TestRegression21GigabyteInBoundedMemory sends a gigabyte up and gets it back,
// while little of it is in memory at any time.
func TestRegression21GigabyteInBoundedMemory(t *testing.T) {
	t.Parallel()
	bucket, most := &hollow{}, &atomic.Uint64{}
	w := newWorld(t, func(c *core.Config) { c.Blobs, c.MaxUpload = bucket, gigabyte })
	token := w.register("ann@example.org")
	srv := httptest.NewServer(w.handler)
	t.Cleanup(srv.Close)
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := sendFile(t.Context(), t, srv, token, &zeros{size: gigabyte, most: most})
	must(t, err)
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	got := answer{body: body}
	if res.StatusCode != 201 || got.json("bytes") != float64(gigabyte) {
		t.Fatalf("got %d %s, want a gigabyte kept", res.StatusCode, body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/media/"+got.text("id")+"/file", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	if res, err = srv.Client().Do(req); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if n != gigabyte || err != nil {
		t.Errorf("got %d bytes back, %v; want a gigabyte", n, err)
	}
	// Other tests use some, too, at the same time.
	if used := int64(most.Load()) - int64(before.HeapAlloc); used > gigabyte/2 {
		t.Errorf("%d MiB were in use while it came, want that not to grow with the file", used>>20)
	}
}

// TestRegression21UploadEndsWithItsClient has a client that goes away in the
// middle of an upload: it ends at once, and nothing is kept.
func TestRegression21UploadEndsWithItsClient(t *testing.T) {
	t.Parallel()
	bucket := &hollow{arrived: make(chan struct{}), ended: make(chan error, 1)}
	w := newWorld(t, func(c *core.Config) { c.Blobs, c.MaxUpload = bucket, gigabyte<<10 })
	token := w.register("ann@example.org")
	srv := httptest.NewServer(w.handler)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-bucket.arrived
		cancel()
	}()
	res, err := sendFile(ctx, t, srv, token, &zeros{size: gigabyte << 10})
	if err == nil {
		_ = res.Body.Close()
		t.Errorf("got %d, want the upload given up", res.StatusCode)
	}
	select {
	case err := <-bucket.ended:
		if err == nil {
			t.Error("the bucket got a whole file")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the bucket still waits for a client that is gone")
	}
	if a := w.ok(200, token, "GET", "/media", nil); strings.Contains(string(a.body), "big.png") {
		t.Errorf("got %s, want nothing kept", a.body)
	}
}
