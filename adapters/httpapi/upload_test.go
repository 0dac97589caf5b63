package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/blob"
)

func TestRefusedUploadsLeaveNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.state()
	file := [2]string{"file", png}
	whole := func(kind string, fields ...[2]string) func() (string, []byte) {
		return func() (string, []byte) { return form(kind, fields...) }
	}
	cut := func(n int) func() (string, []byte) {
		return func() (string, []byte) {
			contentType, body := form("image/png", file)
			return contentType, body[:len(body)-n]
		}
	}
	plain := func(contentType string) func() (string, []byte) {
		return func() (string, []byte) { return contentType, []byte(png) }
	}
	for name, c := range map[string]struct {
		make   func() (string, []byte)
		status int
		field  string
	}{
		"no file":                  {whole("", [2]string{"alt", "x"}), 400, "file"},
		"nothing":                  {whole(""), 400, "file"},
		"an empty file":            {whole("image/png", [2]string{"file", ""}), 400, "file"},
		"lies about its type":      {whole("image/jpeg", file), 415, "file"},
		"a program":                {whole("", [2]string{"file", "MZ\x90\x00 and so on"}), 415, "file"},
		"a page as an image":       {whole("image/png", [2]string{"file", "<html><script>"}), 415, "file"},
		"too large":                {whole("image/png", [2]string{"file", png + strings.Repeat("x", maxUpload)}), 413, "file"},
		"two files":                {whole("image/png", file, file), 400, "file"},
		"description too late":     {whole("image/png", file, [2]string{"alt", "x"}), 400, "alt"},
		"description too long":     {whole("image/png", [2]string{"alt", strings.Repeat("x", 30_000)}, file), 400, "alt"},
		"description with NUL":     {whole("image/png", [2]string{"alt", "a\x00b"}, file), 400, "alt"},
		"unknown field":            {whole("image/png", [2]string{"name", "x"}, file), 400, "name"},
		"unknown field at the end": {whole("image/png", file, [2]string{"name", "x"}), 400, "name"},
		"cut off in the file":      {cut(70), 400, "file"},
		"cut off behind it":        {cut(5), 400, "file"},
		"JSON":                     {plain("application/json"), 415, "file"},
		"no boundary":              {plain("multipart/form-data"), 415, "file"},
		"no type":                  {plain(""), 415, "file"},
		"another multipart":        {plain("multipart/mixed; boundary=x"), 415, "file"},
		"another boundary":         {plain("multipart/form-data; boundary=x"), 400, "file"},
	} {
		contentType, body := c.make()
		a := f.upload(f.ann, contentType, body)
		checkError(t, name, a)
		if a.status != c.status || a.text("errors.0.field") != c.field {
			t.Errorf("%s: got %d %s, want %d about %s", name, a.status, a.body, c.status, c.field)
		}
	}
	if f.state() != before {
		t.Error("something was kept")
	}
	contentType, body := form("image/png", file)
	if a := f.upload("", contentType, body); a.status != 401 {
		t.Errorf("without a token: got %d, want 401", a.status)
	}
}

// watched says when the first bytes of a file arrive.
type watched struct {
	blob.Bucket
	arrived chan struct{}
}

func (w watched) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	first := make([]byte, 1)
	n, err := r.Read(first)
	if err != nil {
		return 0, err
	}
	close(w.arrived)
	return w.Bucket.Put(ctx, key, io.MultiReader(bytes.NewReader(first[:n]), r))
}

// TestUploadsAreStreamed holds back the end of a body until its beginning has
// reached the bucket, which never happens where bodies are collected first.
func TestUploadsAreStreamed(t *testing.T) {
	t.Parallel()
	for name, mount := range routers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived := make(chan struct{})
			w := newWorldOn(t, mount, func(c *core.Config) { c.Blobs, c.MaxUpload = watched{c.Blobs, arrived}, 2<<20 })
			token := w.register("ann@example.org")
			srv := httptest.NewServer(w.handler)
			t.Cleanup(srv.Close)
			contentType, body := form("image/png", [2]string{"file", png + strings.Repeat("x", 1<<20)})
			pr, pw := io.Pipe()
			go func() {
				_, _ = pw.Write(body[:1<<19])
				select {
				case <-arrived:
				case <-t.Context().Done():
				}
				_, _ = pw.Write(body[1<<19:])
				_ = pw.Close()
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/media/upload", pr)
			must(t, err)
			req.Header.Set("Content-Type", contentType)
			req.Header.Set("Authorization", "Bearer "+token)
			res, err := srv.Client().Do(req)
			must(t, err)
			defer res.Body.Close() //nolint:errcheck // it was only read
			if got, _ := io.ReadAll(res.Body); res.StatusCode != 201 {
				t.Errorf("got %d %s, want 201", res.StatusCode, got)
			}
		})
	}
}

func TestUploadTellsWhatTheBytesAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.register("ann@example.org")
	contentType, body := form("", [2]string{"alt", "a cat"}, [2]string{"file", "%PDF-1.7"})
	a := w.upload(token, contentType, body)
	for path, want := range map[string]any{"mime": "application/pdf", "kind": "document", "name": "a b.png", "alt": "a cat", "bytes": 8.0} {
		if a.json(path) != want {
			t.Errorf("%s: got %v, want %v", path, a.json(path), want)
		}
	}
	file := w.call(token, "GET", "/media/"+a.text("id")+"/file", nil)
	if got := file.header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment;") {
		t.Errorf("got %q, want a document as an attachment", got)
	}
	w.ok(204, token, "DELETE", "/media/"+a.text("id"), nil)
	if a := w.call(token, "GET", "/media/"+a.text("id"), nil); a.status != 404 {
		t.Errorf("after its end: got %d, want 404", a.status)
	}
}
