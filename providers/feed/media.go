package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// The bounds keep a Cursor far below social.MaxCursorBytes.
const (
	maxImages    = 20
	maxVideos    = 4
	maxDocuments = 10
)

// file is an attachment of an entry: the feed's own copy, so that it outlives
// the file it was made from.
type file struct {
	// Name is its part of addresses, and its key below the account.
	Name  string           `json:"name"`
	Kind  domain.MediaKind `json:"kind"`
	MIME  string           `json:"mime"`
	Bytes int64            `json:"bytes"`
	// Title is what the file was called when it was uploaded.
	Title  string `json:"title,omitempty"`
	Alt    string `json:"alt,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// fileType is a type of file that is taken. The list leaves out everything that
// a browser would run, such as HTML and SVG.
type fileType struct {
	mime, ext string
	// inline types are shown by browsers; the others are downloaded.
	inline bool
}

func fileTypes() []fileType {
	return []fileType{
		{"image/jpeg", "jpg", true},
		{"image/png", "png", true},
		{"image/gif", "gif", true},
		{"image/webp", "webp", true},
		{"image/avif", "avif", true},
		{"video/mp4", "mp4", true},
		{"video/webm", "webm", true},
		{"video/quicktime", "mov", true},
		{"audio/mpeg", "mp3", true},
		{"audio/mp4", "m4a", true},
		{"audio/ogg", "ogg", true},
		{"audio/wav", "wav", true},
		{"application/pdf", "pdf", false},
		{"application/epub+zip", "epub", false},
		{"application/zip", "zip", false},
		{"text/plain", "txt", false},
		{"text/csv", "csv", false},
	}
}

func mediaTypes() []social.MediaType {
	var out []social.MediaType
	for _, t := range fileTypes() {
		out = append(out, social.MediaType{MIME: t.mime})
	}
	return out
}

func typeOf(mime string) (fileType, bool) {
	all := fileTypes()
	i := slices.IndexFunc(all, func(t fileType) bool { return t.mime == mime })
	if i < 0 {
		return fileType{mime: "application/octet-stream", ext: "bin"}, false
	}
	return all[i], true
}

// namePattern is a file's name: its entry, what it was uploaded with, its
// place, and an ending that fits its type.
var namePattern = regexp.MustCompile(`^([0-9a-f]{32})\.[0-9a-f]{8}\.[0-9]{1,2}\.[a-z0-9]{1,5}$`)

// fileName is stable for one key, and differs between revisions of an entry, so
// that addresses never change what they show.
func fileName(slug, account, key string, i int, ext string) string {
	return fmt.Sprintf("%s.%s.%d.%s", slug, slugOf(entryID(account, key))[:8], i, ext)
}

func fileKey(account, name string) string { return "feed/" + account + "/" + name }

// progress is the state of a Cursor: what was copied. The rest is in the Item.
type progress struct {
	Files []copied `json:"files,omitempty"`
}

type copied struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// copyMedia makes the feed's own copies of the files of it, for the entry with
// slug. It may be repeated.
func (p *Provider) copyMedia(ctx context.Context, t social.Target, slug string, it social.Item) ([]copied, error) {
	var out []copied
	for i, m := range it.Media {
		ft, ok := typeOf(m.MIME)
		if !ok {
			return nil, social.Errorf(social.CodeRejected, "Files of the type %s cannot be put into a feed.", m.MIME)
		}
		c := copied{Name: fileName(slug, t.Account, t.Key, i, ft.ext)}
		var err error
		if c.Bytes, err = p.copyOne(ctx, fileKey(t.Account, c.Name), m); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (p *Provider) copyOne(ctx context.Context, key string, m social.Media) (int64, error) {
	failed := func(err error) error {
		if e, ok := errors.AsType[*social.Error](err); ok {
			return e
		}
		return &social.Error{Code: social.CodeUnavailable, Message: "A file could not be copied to the feed.", Err: err}
	}
	if m.Source == nil {
		return 0, failed(errors.New("the file has no source"))
	}
	src, err := m.Source.Open(ctx)
	if err != nil {
		return 0, failed(err)
	}
	n, err := p.deps.Hosting.Files.Put(ctx, key, src)
	if err := errors.Join(err, src.Close()); err != nil {
		return 0, failed(err)
	}
	if m.Bytes > 0 && n != m.Bytes {
		return 0, failed(fmt.Errorf("copied %d of %d bytes", n, m.Bytes))
	}
	return n, nil
}

// files joins what was copied with what the item says of it.
func files(it social.Item, done []copied) []file {
	var out []file
	for i, m := range it.Media {
		out = append(out, file{
			Name: done[i].Name, Kind: m.Kind, MIME: m.MIME, Bytes: done[i].Bytes, Title: line(m.Name), Alt: line(m.Alt),
			Width: m.Width, Height: m.Height,
		})
	}
	return out
}

// readCursor returns what Prepare copied, or false if at does not say.
func readCursor(at social.Cursor, it social.Item) ([]copied, bool) {
	var s progress
	if len(at.State) > 0 && json.Unmarshal(at.State, &s) != nil {
		return nil, false
	}
	return s.Files, len(s.Files) == len(it.Media)
}

// dropFiles removes those of old that keep does not have.
func (p *Provider) dropFiles(ctx context.Context, account string, old, keep []file) error {
	var errs []error
	for _, f := range old {
		if !slices.ContainsFunc(keep, func(k file) bool { return k.Name == f.Name }) {
			errs = append(errs, p.deps.Hosting.Files.Delete(ctx, fileKey(account, f.Name)))
		}
	}
	return errors.Join(errs...)
}
