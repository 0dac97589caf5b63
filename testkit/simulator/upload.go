package simulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Upload is a picture, video or document that a platform was given. Of large
// ones only size and hash are kept.
type Upload struct {
	ID       string `json:"id"`
	Platform string `json:"platform"`
	Account  string `json:"account"`
	Type     string `json:"type"` // such as image/png
	Alt      string `json:"alt,omitempty"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	URL      string `json:"url"` // where it is shown
	// Want is the size that was announced; 0: none.
	Want int64 `json:"-"`
	// Done is when processing ends; zero: it has not begun.
	Done time.Time `json:"-"`
	// Failed says why processing fails at its end.
	Failed string `json:"failed,omitempty"`
	// Extra is for what only the platform has.
	Extra map[string]string `json:"extra,omitempty"`

	world *World
	hash  hash.Hash
	kept  []byte
	over  bool // too large to be kept, or made place for newer ones
}

// NewUpload makes an upload without bytes. An empty id is made up.
func (w *World) NewUpload(u Upload) *Upload {
	if u.ID == "" {
		u.ID = w.NewID()
	}
	if u.Extra == nil {
		u.Extra = map[string]string{}
	}
	u.hash, u.world = sha256.New(), w
	u.SHA256 = hex.EncodeToString(u.hash.Sum(nil))
	u.URL = w.URL(Self, mediaPath(&u))
	w.uploads[u.Platform+"/"+u.ID] = &u
	return &u
}

// Upload finds an upload; nil: there is none.
func (w *World) Upload(platform, id string) *Upload { return w.uploads[platform+"/"+id] }

// Sum is the SHA-256 of what is there.
func (u *Upload) Sum() []byte { return u.hash.Sum(nil) }

// Kept reports whether its bytes can be shown.
func (u *Upload) Kept() bool { return !u.over && len(u.kept) > 0 }

// Append adds what r has at the end. Once it is all there, call Process.
func (u *Upload) Append(r io.Reader) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		u.add(buf[:n])
		switch {
		case errors.Is(err, io.EOF):
			u.SHA256 = hex.EncodeToString(u.hash.Sum(nil))
			return nil
		case err != nil:
			return err
		}
	}
}

// AppendAt is Append for a part of which the client says where it begins. It
// refuses one that is not next.
func (u *Upload) AppendAt(offset int64, r io.Reader) error {
	if offset != u.Size {
		return fmt.Errorf("simulator: the part begins at %d, %d bytes are here", offset, u.Size)
	}
	return u.Append(r)
}

func (u *Upload) add(p []byte) {
	u.Size += int64(len(p))
	u.hash.Write(p)
	if u.over {
		return
	}
	u.world.keep(u, p)
	if u.Type == "" && len(u.kept) > 0 {
		u.Type = http.DetectContentType(u.kept)
	}
}

// keepMost is how many of the largest pictures that are kept are kept at a time.
const keepMost = 16

// keep keeps the bytes of u, as long as there is room. Older ones make place.
func (w *World) keep(u *Upload, p []byte) {
	if u.Size > w.keepBytes {
		w.forget(u)
		return
	}
	if len(u.kept) == 0 {
		w.shown = append(w.shown, u)
	}
	u.kept = append(u.kept, p...)
	w.kept += int64(len(p))
	for w.kept > keepMost*w.keepBytes {
		w.forget(w.shown[0])
	}
}

func (w *World) forget(u *Upload) {
	w.kept -= int64(len(u.kept))
	u.kept, u.over = nil, true
	w.shown = slices.DeleteFunc(w.shown, func(o *Upload) bool { return o == u })
}

// Process begins the work of the platform on an upload, which takes usual, or
// as long as was asked for as trouble.
func (w *World) Process(u *Upload, usual time.Duration) {
	if w.quick {
		usual = 0
	}
	u.Done = w.Now().Add(w.takes(u.Platform, u.Account, usual))
}

// Ready reports whether the platform has worked the upload off.
func (w *World) Ready(u *Upload) bool { return !u.Done.IsZero() && !w.Now().Before(u.Done) }

// Get fetches what is at an address, as platforms do that take the address of a
// picture instead of its bytes.
func (w *World) Get(r *http.Request, u *Upload, address string) error {
	if w.fetch == nil {
		return errors.New("simulator: nothing can be fetched")
	}
	// Others may be answered meanwhile: the address may be one of the server that
	// waits for this answer.
	c := callOf(r)
	c.release()
	resp, err := get(r.Context(), w.fetch, address)
	c.resume()
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("simulator: %s answers with %s", address, resp.Status)
	}
	if u.Type == "" {
		u.Type, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
	}
	return u.Append(&unlocked{ReadCloser: resp.Body, call: c})
}

func get(ctx context.Context, client *http.Client, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	return client.Do(req)
}

// Parts reads a multipart form: the file of the field called file into u, and
// every other field by each, in order. It reports whether there was a file.
func Parts(r *http.Request, u *Upload, file string, each func(name, value string)) bool {
	reader, err := r.MultipartReader()
	if err != nil {
		return false
	}
	found := false
	for {
		part, err := reader.NextPart()
		if err != nil {
			return found && errors.Is(err, io.EOF)
		}
		if part.FormName() != file {
			value, err := io.ReadAll(io.LimitReader(part, maxBody))
			if err != nil {
				return false
			}
			each(part.FormName(), string(value))
			continue
		}
		if u.Type == "" {
			u.Type, _, _ = strings.Cut(part.Header.Get("Content-Type"), ";")
		}
		if u.Append(part) != nil {
			return false
		}
		found = true
	}
}
