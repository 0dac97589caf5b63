package media_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func encoded(t *testing.T, w, h int, enc func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := enc(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, w, h int) []byte { return encoded(t, w, h, png.Encode) }

// webp is a file with one chunk.
func webp(kind string, chunk ...byte) []byte {
	body := "WEBP" + kind + string([]byte{byte(len(chunk)), 0, 0, 0}) + string(chunk)
	return []byte("RIFF" + string([]byte{byte(len(body)), 0, 0, 0}) + body + "\x00\x00\x00\x00\x00\x00")
}

func TestWhatAFileIs(t *testing.T) {
	t.Parallel()
	isJPEG := func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
	isGIF := func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }
	cases := map[string]struct {
		body []byte
		mime string
		kind domain.MediaKind
		w, h int
	}{
		"PNG":           {pngOf(t, 3, 2), "image/png", domain.MediaImage, 3, 2},
		"JPEG":          {encoded(t, 5, 4, isJPEG), "image/jpeg", domain.MediaImage, 5, 4},
		"GIF":           {encoded(t, 7, 6, isGIF), "image/gif", domain.MediaImage, 7, 6},
		"WebP lossy":    {webp("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 9, 0, 8, 0), "image/webp", domain.MediaImage, 9, 8},
		"WebP lossless": {webp("VP8L", 0x2f, 0x0a, 0x40, 0x02, 0), "image/webp", domain.MediaImage, 11, 10},
		"WebP extended": {webp("VP8X", 0, 0, 0, 0, 12, 0, 0, 0, 1, 0), "image/webp", domain.MediaImage, 13, 257},
		"WebP other":    {webp("ABCD", 0, 0, 0, 0, 12, 0, 0, 0, 1, 0), "image/webp", domain.MediaImage, 0, 0},
		"MP4":           {[]byte("\x00\x00\x00\x10ftypisom\x00\x00\x02\x00"), "video/mp4", domain.MediaVideo, 0, 0},
		"MOV":           {[]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  "), "video/quicktime", domain.MediaVideo, 0, 0},
		"AVI":           {[]byte("RIFF\x00\x00\x00\x00AVI LIST"), "video/x-msvideo", domain.MediaVideo, 0, 0},
		"PDF":           {[]byte("%PDF-1.7\n%%EOF"), "application/pdf", domain.MediaDocument, 0, 0},
		"broken PNG":    {[]byte("\x89PNG\r\n\x1a\nnonsense"), "image/png", domain.MediaImage, 0, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			// Neither the name nor one byte at a time changes what it is.
			m, err := e.Media.Upload(t.Context(), e.Owner, "lie.exe", "", "alt", iotest.OneByteReader(bytes.NewReader(tc.body)))
			if err != nil {
				t.Fatal(err)
			}
			if m.MIME != tc.mime || m.Kind != tc.kind || m.Width != tc.w || m.Height != tc.h || m.Bytes != int64(len(tc.body)) || m.Alt != "alt" {
				t.Errorf("got %+v, want %s of %dx%d", m, tc.mime, tc.w, tc.h)
			}
			r, err := e.Media.Open(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, tc.body) {
				t.Errorf("got %d bytes, %v; want the file", len(got), err)
			}
			if len(m.SHA256) != 64 {
				t.Errorf("got digest %q", m.SHA256)
			}
			if got, err := e.Media.Get(t.Context(), e.Owner, m.ID); err != nil || got != m {
				t.Errorf("got %+v, %v; want %+v", got, err, m)
			}
		})
	}
}

func TestWhatIsClaimed(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	body := pngOf(t, 1, 1)
	for claimed, ok := range map[string]bool{
		"": true, "image/png": true, "IMAGE/PNG; x=y": true, "application/octet-stream": true,
		"image/jpeg": false, "text/html": false, "video/mp4": false, "nonsense;;": false,
	} {
		_, err := e.Media.Upload(t.Context(), e.Owner, "x", claimed, "", bytes.NewReader(body))
		if ok != (err == nil) || !ok && !errors.Is(err, &fault.Error{Kind: fault.Unsupported, Code: "type_mismatch"}) {
			t.Errorf("%q: got %v, want ok %t", claimed, err, ok)
		}
	}
}

func TestUploadsThatKeepNothing(t *testing.T) {
	t.Parallel()
	big := append(pngOf(t, 1, 1), make([]byte, 2000)...)
	cases := map[string]struct {
		body io.Reader
		alt  string
		kind fault.Kind
	}{
		"empty":       {strings.NewReader(""), "", fault.Invalid},
		"not a file":  {strings.NewReader("<html>"), "", fault.Unsupported},
		"script":      {strings.NewReader("<svg xmlns='http://www.w3.org/2000/svg'/>"), "", fault.Unsupported},
		"too large":   {bytes.NewReader(big), "", fault.TooLarge},
		"broken":      {io.MultiReader(bytes.NewReader(big[:500]), iotest.ErrReader(errors.New("gone"))), "", fault.Invalid},
		"cut off":     {io.MultiReader(bytes.NewReader(big[:900]), iotest.ErrReader(io.ErrUnexpectedEOF)), "", fault.Invalid},
		"long alt":    {bytes.NewReader(big[:100]), strings.Repeat("x", 5001), fault.Invalid},
		"alt no text": {bytes.NewReader(big[:100]), "\xff", fault.Invalid},
		"alt NUL":     {bytes.NewReader(big[:100]), "a\x00", fault.Invalid},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t, func(c *core.Config) { c.MaxUpload = 1000 })
			before := enginetest.Dump(e.Store)
			_, err := e.Media.Upload(t.Context(), e.Owner, "x.png", "", tc.alt, tc.body)
			if fault.KindOf(err) != tc.kind {
				t.Errorf("got %v, want %s", err, tc.kind)
			}
			nothingLeft(t, e)
			if enginetest.Dump(e.Store) != before {
				t.Error("something is left in the store")
			}
		})
	}
}

func nothingLeft(t *testing.T, e *enginetest.Engine) {
	t.Helper()
	if left, err := e.Blobs.List(t.Context(), "", "", 10); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v; want nothing left in the bucket", left, err)
	}
}

func TestTheLimitIsExact(t *testing.T) {
	t.Parallel()
	body := pngOf(t, 1, 1)
	for extra, want := range map[int64]fault.Kind{0: "", -1: fault.TooLarge} {
		e := enginetest.New(t, func(c *core.Config) { c.MaxUpload = int64(len(body)) + extra })
		if _, err := e.Media.Upload(t.Context(), e.Owner, "x", "", "", bytes.NewReader(body)); fault.KindOf(err) != want {
			t.Errorf("%d bytes over the size: got %v, want %q", extra, err, want)
		}
	}
}

func TestBytesWithoutAFileAreDropped(t *testing.T) {
	t.Parallel()
	w := &enginetest.Watched{Store: memstore.New(), FailMedia: errors.New("the disk is full")}
	e := enginetest.New(t, func(c *core.Config) { c.Store = w })
	if _, err := e.Media.Upload(t.Context(), e.Owner, "x", "", "", bytes.NewReader(pngOf(t, 1, 1))); !errors.Is(err, w.FailMedia) {
		t.Errorf("got %v, want %v", err, w.FailMedia)
	}
	nothingLeft(t, e)
}

func TestNamesAreCleaned(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	for in, want := range map[string]string{
		"cat.png": "cat.png", "": "file", ".": "file", "..": "file", "/": "file", "../../etc/passwd": "passwd", "..\\..\\boot.ini": "boot.ini",
		"a/..": "file", "\x01..": "file", "a\r\nSet-Cookie: x": "aSet-Cookie: x", `q"uote.png`: "quote.png", "\xffx.png": "x.png", "C:\\x\\cat.png": "cat.png",
		"Grüße 🐈.png": "Grüße 🐈.png", strings.Repeat("é", 300): strings.Repeat("é", 255), "\x00": "file",
	} {
		m, err := e.Media.Upload(t.Context(), e.Owner, in, "", "", bytes.NewReader(pngOf(t, 1, 1)))
		if err != nil || m.Name != want {
			t.Errorf("%q: got %q, %v; want %q", in, m.Name, err, want)
		}
		if strings.Contains(m.Key, "..") || !strings.HasPrefix(m.Key, "media/"+string(e.Org.ID)+"/") {
			t.Errorf("%q: got key %q", in, m.Key)
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	upload := func() domain.Media {
		m, err := e.Media.Upload(t.Context(), e.Owner, "x", "", "", bytes.NewReader(pngOf(t, 1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	inPost, inOwn, inDraft, out, free := upload(), upload(), upload(), upload(), upload()
	item := func(m domain.Media) []domain.Item {
		return []domain.Item{{Text: "x", Media: []domain.Attachment{{Media: m.ID}}}}
	}
	for _, in := range []compose.Input{
		{Items: item(inPost), When: compose.At, Time: "2026-03-05T12:00:00Z", Targets: []domain.Target{{Channel: ch.ID}}},
		{Items: []domain.Item{{Text: "x"}}, When: compose.At, Time: "2026-03-05T12:00:00Z", Targets: []domain.Target{{Channel: ch.ID, Items: item(inOwn)}}},
		{Items: item(out), When: compose.Now, Targets: []domain.Target{{Channel: ch.ID}}},
		{Items: item(inDraft)},
	} {
		if _, err := e.Posts.Create(t.Context(), e.Owner, in); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := e.Tick(t.Context()); err != nil || e.Platform.Calls("Publish") != 1 {
		t.Fatalf("got %d publications, %v", e.Platform.Calls("Publish"), err)
	}
	for name, m := range map[string]domain.Media{"post": inPost, "channel's own items": inOwn, "draft": inDraft} {
		if err := e.Media.Delete(t.Context(), e.Owner, m.ID); !errors.Is(err, &fault.Error{Kind: fault.Conflict, Code: "media_in_use"}) {
			t.Errorf("%s: got %v, want in use", name, err)
		}
		if r, err := e.Media.Open(t.Context(), m); err != nil {
			t.Errorf("%s: the bytes are gone: %v", name, err)
		} else {
			_ = r.Close()
		}
	}
	for name, m := range map[string]domain.Media{"published": out, "free": free} {
		if err := e.Media.Delete(t.Context(), e.Owner, m.ID); err != nil {
			t.Errorf("%s: got %v, want it deleted", name, err)
		}
		if _, err := e.Media.Open(t.Context(), m); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: got %v, want no bytes left", name, err)
		}
		if err := e.Media.Delete(t.Context(), e.Owner, m.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
}

func TestFilesBelongToTenantsAndPeople(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ann := enginetest.As(e.Owner, domain.RoleUser, "ann")
	m, err := e.Media.Upload(t.Context(), ann, "x", "", "", bytes.NewReader(pngOf(t, 1, 1)))
	if err != nil || m.CreatedBy != "ann" {
		t.Fatalf("got %+v, %v", m, err)
	}
	_, stranger := e.NewOrganization("")
	cases := map[string]struct {
		a            domain.Actor
		read, remove fault.Kind
	}{
		"stranger": {stranger, fault.NotFound, fault.NotFound},
		"viewer":   {enginetest.As(e.Owner, domain.RoleViewer, "ann"), "", fault.Denied},
		"other":    {enginetest.As(e.Owner, domain.RoleUser, "bob"), "", fault.Denied},
		"nobody":   {domain.Actor{}, fault.Unauthenticated, fault.Unauthenticated},
		"author":   {ann, "", ""},
	}
	for _, name := range []string{"stranger", "viewer", "other", "nobody", "author"} {
		tc := cases[name]
		if _, err := e.Media.Get(t.Context(), tc.a, m.ID); fault.KindOf(err) != tc.read {
			t.Errorf("%s reads: got %v, want %q", name, err, tc.read)
		}
		if err := e.Media.Delete(t.Context(), tc.a, m.ID); fault.KindOf(err) != tc.remove {
			t.Errorf("%s deletes: got %v, want %q", name, err, tc.remove)
		}
	}
	if _, err := e.Media.Upload(t.Context(), cases["viewer"].a, "x", "", "", bytes.NewReader(pngOf(t, 1, 1))); fault.KindOf(err) != fault.Denied {
		t.Errorf("viewer uploads: got %v, want denied", err)
	}
	if list, err := e.Media.List(t.Context(), stranger, store.Page{Limit: 5}); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v; want nothing of others", list, err)
	}
}

func TestForProvider(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	body := pngOf(t, 2, 2)
	m, err := e.Media.Upload(t.Context(), e.Owner, "x.png", "", "stored", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Media.ForProvider(m, "").Alt; got != "stored" {
		t.Errorf("got %q, want the stored description", got)
	}
	pm := e.Media.ForProvider(m, "own")
	if pm.Alt != "own" || pm.MIME != "image/png" || pm.Bytes != int64(len(body)) || pm.Name != "x.png" || pm.Width != 2 {
		t.Errorf("got %+v", pm)
	}
	for range 2 { // both may be repeated
		r, err := pm.Source.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil || !slices.Equal(got, body) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if _, err := pm.Source.PublicURL(t.Context()); social.CodeOf(err) != social.CodeUnsupported {
			t.Errorf("got %v, want unsupported without an address", err)
		}
	}
}
