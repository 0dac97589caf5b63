package feed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// The last elements of addresses, and what is there.
const (
	atomName  = "atom.xml"
	jsonName  = "feed.json"
	filesName = "files"

	atomType = "application/atom+xml"
	jsonType = "application/feed+json"
	pageType = "text/html"
)

// Pages implements social.Site: /{account} for people, /{account}/atom.xml and
// /{account}/feed.json for programs, /{account}/{entry} for one entry and
// /{account}/files/{name} for what is attached.
func (p *Provider) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{account}", p.serveHome)
	mux.HandleFunc("GET /{account}/{$}", p.serveHome)
	mux.HandleFunc("GET /{account}/"+atomName, p.serveAtom)
	mux.HandleFunc("GET /{account}/"+jsonName, p.serveJSON)
	mux.HandleFunc("GET /{account}/{entry}", p.serveEntry)
	mux.HandleFunc("GET /{account}/"+filesName+"/{name}", p.serveFile)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect to the tidy path, but does not know where this
		// site begins.
		if r.URL.Path != path.Clean("/"+r.URL.Path) && r.URL.Path != path.Clean("/"+r.URL.Path)+"/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// view is a feed as it is shown.
type view struct {
	account string
	about   about
	entries []entry
}

// view reads a feed, the newest entries first.
func (p *Provider) view(ctx context.Context, account string) (view, error) {
	a, err := p.about(ctx, account)
	if err != nil {
		return view{}, err
	}
	docs, err := p.deps.Hosting.Documents.List(ctx, entriesSpace(account), p.entries)
	if err != nil {
		return view{}, err
	}
	v := view{account: account, about: a}
	for _, d := range docs {
		e, err := decode(d)
		if err != nil {
			p.deps.Log.ErrorContext(ctx, "feed: a stored entry cannot be read", "account", account, "key", d.Key, "error", err)
			continue // the others are worth showing
		}
		v.entries = append(v.entries, e)
	}
	return v, nil
}

func (p *Provider) about(ctx context.Context, account string) (about, error) {
	if !isAccount(account) {
		return about{}, fault.ErrNotFound
	}
	d, err := p.deps.Hosting.Documents.Get(ctx, aboutSpace(account), aboutKey)
	if err != nil {
		return about{}, err
	}
	var a about
	err = json.Unmarshal(d.Data, &a)
	return a, err
}

func (p *Provider) serveAtom(w http.ResponseWriter, r *http.Request) {
	p.serveFeed(w, r, atomType+"; charset=utf-8", atomName, p.atom)
}

func (p *Provider) serveJSON(w http.ResponseWriter, r *http.Request) {
	p.serveFeed(w, r, jsonType+"; charset=utf-8", jsonName, p.json)
}

func (p *Provider) serveFeed(w http.ResponseWriter, r *http.Request, contentType, name string,
	write func(account string, a about, entries []entry) ([]byte, error),
) {
	v, err := p.view(r.Context(), r.PathValue("account"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	raw, err := write(v.account, v.about, v.entries)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	h := w.Header()
	if v.about.Hub != "" {
		h.Add("Link", "<"+v.about.Hub+`>; rel="hub"`)
	}
	h.Add("Link", "<"+p.address(v.account, name)+`>; rel="self"`)
	h.Set("Access-Control-Allow-Origin", "*") // it is public, and readers may run in a browser
	serve(w, r, contentType, raw, v.about.ChangedAt)
}

func (p *Provider) serveHome(w http.ResponseWriter, r *http.Request) {
	v, err := p.view(r.Context(), r.PathValue("account"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.servePage(w, r, v, "")
}

func (p *Provider) serveEntry(w http.ResponseWriter, r *http.Request) {
	account := r.PathValue("account")
	e, err := p.load(r.Context(), account, r.PathValue("entry"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	a, err := p.about(r.Context(), account)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.servePage(w, r, view{account: account, about: a, entries: []entry{e}}, e.heading())
}

func (p *Provider) servePage(w http.ResponseWriter, r *http.Request, v view, heading string) {
	raw, err := p.page(v, heading)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", p.pagePolicy())
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	serve(w, r, pageType+"; charset=utf-8", raw, v.about.ChangedAt)
}

// serve answers with raw, or with less where the caller has it already.
func serve(w http.ResponseWriter, r *http.Request, contentType string, raw []byte, changed time.Time) {
	sum := sha256.Sum256(raw)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	h.Set("Cache-Control", "public, max-age=60")
	http.ServeContent(w, r, "", changed, bytes.NewReader(raw))
}

// serveFile serves an attachment of an entry that is published; others are not
// there, also when their bytes are.
func (p *Provider) serveFile(w http.ResponseWriter, r *http.Request) {
	account, name := r.PathValue("account"), r.PathValue("name")
	if !namePattern.MatchString(name) {
		http.NotFound(w, r)
		return
	}
	slug, _, _ := strings.Cut(name, ".")
	e, err := p.load(r.Context(), account, slug)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	i := slices.IndexFunc(e.Files, func(f file) bool { return f.Name == name })
	if i < 0 {
		http.NotFound(w, r)
		return
	}
	f := e.Files[i]
	content, err := p.deps.Hosting.Files.Open(r.Context(), fileKey(account, name))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	defer func() { _ = content.Close() }()
	f.describe(w.Header())
	http.ServeContent(w, r, "", e.Published, content)
}

// describe sets the headers of a file. A name stands for the same bytes for
// ever, so it may be kept as long; and whatever the bytes are, no browser runs
// them.
func (f file) describe(h http.Header) {
	t, _ := typeOf(f.MIME)
	contentType := t.mime
	if strings.HasPrefix(contentType, "text/") {
		contentType += "; charset=utf-8"
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("ETag", `"`+f.Name+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if !t.inline {
		title := f.Title
		if title == "" {
			title = "file." + t.ext
		}
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": title}))
	}
}

// fail answers a request that cannot be met.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	if isMissing(err) {
		http.NotFound(w, r)
		return
	}
	p.deps.Log.ErrorContext(r.Context(), "feed: a page cannot be shown", "path", r.URL.Path, "error", err)
	w.Header().Set("Retry-After", "60")
	http.Error(w, "This page cannot be shown at the moment.", http.StatusServiceUnavailable)
}
