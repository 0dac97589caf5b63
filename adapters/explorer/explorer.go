// Package explorer is a page that shows an OpenAPI document, lets people sign in
// to the API with a token or a key, and try its operations. It is Swagger UI, all
// of it embedded: the page works without the internet, and loads nothing from
// elsewhere.
package explorer

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/swaggest/swgui/v5/static"
)

// Config says what the page shows.
type Config struct {
	// Title is the name of the API. Default: "API".
	Title string
	// DocumentURL is where the browser finds the document, on the same host, such
	// as /api/openapi.json. Required.
	DocumentURL string
	// BasePath is the path under which New's handler is served, such as /api,
	// without a slash at its end; see Paths.
	BasePath string
}

// Handler serves the page at BasePath and its parts below it. It sends
// everything that it needs to be safe along, whatever serves it: what may be
// loaded, and that nobody may frame it.
type Handler struct {
	base  string
	page  []byte
	parts map[string]part
}

// part is a file of the page, compressed.
type part struct {
	contentType string
	gzipped     []byte
}

//go:embed assets
var own embed.FS

// contentTypes of the endings that the page has.
var contentTypes = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".png": "image/png"}

// New returns the page. It reports everything that is wrong with cfg at once.
func New(cfg Config) (*Handler, error) {
	var errs []error
	if !strings.HasPrefix(cfg.DocumentURL, "/") || strings.HasPrefix(cfg.DocumentURL, "//") {
		errs = append(errs, errors.New("explorer: Config.DocumentURL must be a path such as /api/openapi.json"))
	}
	if !strings.HasPrefix(cfg.BasePath, "/") || strings.HasSuffix(cfg.BasePath, "/") {
		errs = append(errs, errors.New("explorer: Config.BasePath must be a path such as /api"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if cfg.Title == "" {
		cfg.Title = "API"
	}
	h := &Handler{base: cfg.BasePath, parts: map[string]part{}}
	page, err := template.ParseFS(own, "assets/page.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, cfg); err != nil {
		return nil, err
	}
	h.page = b.Bytes()
	for _, name := range []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"} {
		if err := h.add(cfg.BasePath, name, static.FS); err != nil {
			return nil, err
		}
	}
	files, err := fs.Sub(own, "assets")
	if err != nil {
		return nil, err
	}
	return h, errors.Join(h.add(cfg.BasePath, "explorer.css", files), h.add(cfg.BasePath, "explorer.js", files))
}

// Paths lists the paths that belong to the page, for routers that want to know
// each. Another one below BasePath is none of its.
func (h *Handler) Paths() []string {
	return append(slices.Sorted(maps.Keys(h.parts)), h.base, h.base+"/")
}

// add takes a file, or one that is compressed already.
func (h *Handler) add(base, name string, from fs.FS) error {
	p := part{contentType: contentTypes[name[strings.LastIndexByte(name, '.'):]]}
	var err error
	if p.gzipped, err = fs.ReadFile(from, name+".gz"); err != nil {
		plain, err := fs.ReadFile(from, name)
		if err != nil {
			return fmt.Errorf("explorer: %w", err)
		}
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err = w.Write(plain)
		if err = errors.Join(err, w.Close()); err != nil {
			return fmt.Errorf("explorer: compress %s: %w", name, err)
		}
		p.gzipped = b.Bytes()
	}
	h.parts[base+"/"+name] = p
	return nil
}

// policy lets the page load its own parts and talk to its own server, and
// nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler. A path that is no part of the page is
// answered with the page.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", policy)
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("X-Content-Type-Options", "nosniff")
	p, ok := h.parts[r.URL.Path]
	if !ok {
		head.Set("Content-Type", "text/html; charset=utf-8")
		head.Set("Cache-Control", "no-cache")
		_, _ = w.Write(h.page) // nobody to tell: the client is gone
		return
	}
	head.Set("Content-Type", p.contentType)
	head.Set("Cache-Control", "public, max-age=3600")
	head.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		_, _ = w.Write(p.gzipped)
		return
	}
	plain, err := gzip.NewReader(bytes.NewReader(p.gzipped))
	if err != nil {
		http.Error(w, "This file cannot be read.", http.StatusInternalServerError)
		return
	}
	_, _ = io.Copy(w, plain)
}
