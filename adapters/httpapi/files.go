package httpapi

import (
	"context"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type fileInput struct {
	raw
	ID            string `path:"id" doc:"The id of the file."`
	Organization  string `query:"organization" maxLength:"128" doc:"Part of a signed link."`
	Expires       string `query:"expires" maxLength:"20" doc:"Part of a signed link."`
	Signature     string `query:"signature" maxLength:"128" doc:"Part of a signed link."`
	Authorization string `header:"Authorization" doc:"An access token, where the link is not signed."`
}

type fileOutput struct{ Body func(huma.Context) }

func (a *api) registerFiles() {
	s := spec{
		id: "get-media-file", method: http.MethodGet, path: "/media/{id}/file", tag: tagMedia, status: http.StatusOK, public: true,
		summary: "Fetch the bytes of a file", text: "With the signed link that GET /media/{id} tells, or with an access token. Parts can be asked for with the header Range.",
		errors: []int{401, 403, 404, 503},
	}
	op := handle(a, s, a.file)
	a.documentContent(op, map[string]*huma.Schema{"application/octet-stream": {Type: huma.TypeString, Format: "binary", Description: "The bytes; Content-Type is that of the file."}})
	// Platforms ask how large a file is before they fetch it. Routers that answer
	// HEAD like GET by themselves prefer the more specific route.
	s.id, s.method, s.hidden = "head-media-file", http.MethodHead, true
	handle(a, s, a.file)
}

func (a *api) file(ctx context.Context, in *fileInput) (*fileOutput, error) {
	actor, err := a.fileReader(ctx, in)
	if err != nil {
		return nil, err
	}
	m, err := a.eng.Media.Get(ctx, actor, domain.MediaID(in.ID))
	if err != nil {
		return nil, err
	}
	content, err := a.eng.Media.Open(ctx, m)
	if err != nil {
		return nil, err
	}
	return &fileOutput{Body: func(ctx huma.Context) {
		defer content.Close() //nolint:errcheck // nothing was written
		w := &writer{ctx: ctx, header: fileHeaders(m)}
		r := &http.Request{Method: ctx.Method(), Header: http.Header{}}
		ctx.EachHeader(r.Header.Add)
		http.ServeContent(w, r, m.Name, m.CreatedAt, content)
	}}, nil
}

// fileReader says who asks for a file: whoever holds a signed link reads for
// the organization that gave it away.
func (a *api) fileReader(ctx context.Context, in *fileInput) (domain.Actor, error) {
	if in.Signature == "" && in.Expires == "" && in.Organization == "" {
		return a.authenticate(ctx, in.Authorization)
	}
	if !a.links.good(in.Organization, in.ID, in.Expires, in.Signature) {
		return domain.Actor{}, fault.New(fault.Denied, "link_invalid", "This link is not valid, or not any more. Ask for a new one.")
	}
	return domain.Actor{Organization: domain.OrganizationID(in.Organization), Role: domain.RoleViewer}, nil
}

// fileHeaders keep a browser from doing more with a file than showing it.
func fileHeaders(m domain.Media) http.Header {
	way := "inline"
	if m.Kind == domain.MediaDocument {
		way = "attachment"
	}
	h := http.Header{}
	h.Set("Content-Type", m.MIME)
	h.Set("Content-Disposition", mime.FormatMediaType(way, map[string]string{"filename": m.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("ETag", `"`+m.SHA256+`"`)
	return h
}

// writer is the http.ResponseWriter that http.ServeContent wants, over what
// every router of huma has.
type writer struct {
	ctx    huma.Context
	header http.Header
	begun  bool
}

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	for name, values := range w.header {
		w.ctx.SetHeader(name, values[0])
	}
	w.ctx.SetStatus(status)
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.ctx.BodyWriter().Write(p)
}
