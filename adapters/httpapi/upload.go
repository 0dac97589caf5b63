package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/media"
	"github.com/crierhq/crier/ports/permit"
)

// maxAltBytes bounds the description in an upload: media.MaxAlt characters of
// four bytes, and one more byte to notice that it is longer.
const maxAltBytes = 4*media.MaxAlt + 1

const multipartForm = "multipart/form-data"

func (a *api) registerUpload() {
	op := handle(a, spec{
		id: "upload-media", method: http.MethodPost, path: "/media/upload", tag: tagMedia, status: http.StatusCreated, needs: permission{permit.Media, permit.Create},
		summary: "Upload a file",
		text: "PNG, JPEG, GIF and WebP images, MP4, MOV and AVI videos, and PDF documents. What a file is decides its bytes. " +
			"The file is read as it comes, so the field `alt` must come before the field `file`.",
		errors: []int{400, 413, 415},
	}, a.upload)
	a.documentUpload(op)
}

// documentUpload describes the body of an upload. That is done after the
// operation was registered, for huma would read a body into memory if it knew of
// it before.
func (a *api) documentUpload(op huma.Operation) {
	a.huma.OpenAPI().Paths[op.Path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		multipartForm: {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"file"},
			Properties: map[string]*huma.Schema{
				"alt":  {Type: huma.TypeString, Description: "Describes the file to people who cannot see it."},
				"file": {Type: huma.TypeString, Format: "binary", Description: "The file."},
			},
		}},
	}}
}

// upload reads the parts in order and hands the file on as it comes, so that its
// size does not matter for memory.
func (a *api) upload(ctx context.Context, in *struct{ signedIn }) (*mediaOutput, error) {
	typ, params, err := mime.ParseMediaType(in.req.Header("Content-Type"))
	if err != nil || typ != multipartForm || params["boundary"] == "" {
		return nil, &fault.Error{
			Kind: fault.Unsupported, Code: "content_type", Message: "Send the file as multipart/form-data.",
			Problems: []fault.Problem{{Field: "file", Rule: "content_type", Message: "The header Content-Type must be multipart/form-data with a boundary."}},
		}
	}
	u := uploading{api: a, actor: in.actor, parts: multipart.NewReader(in.req.BodyReader(), params["boundary"])}
	m, err := u.run(ctx)
	if err != nil {
		return nil, err
	}
	return &mediaOutput{Body: a.fromMedia(m)}, nil
}

// uploading is one upload under way.
type uploading struct {
	api   *api
	actor domain.Actor
	parts *multipart.Reader
	alt   string
	saved *domain.Media
}

func (u *uploading) run(ctx context.Context) (domain.Media, error) {
	for {
		part, err := u.parts.NextPart()
		switch {
		case errors.Is(err, io.EOF) && u.saved != nil:
			return *u.saved, nil
		case errors.Is(err, io.EOF):
			return domain.Media{}, refuseField("file", "required", "Send a file in the field \"file\".")
		case err == nil:
			err = u.take(ctx, part)
		default:
			err = refuseField("file", "incomplete", "The upload ended before the whole file was here. Send it again.")
		}
		if err != nil {
			return domain.Media{}, u.undo(ctx, err)
		}
	}
}

func (u *uploading) take(ctx context.Context, part *multipart.Part) error {
	switch name := part.FormName(); {
	case u.saved != nil && name == "alt":
		return refuseField("alt", "order", "Send the field \"alt\" before the field \"file\".")
	case u.saved != nil && name == "file":
		return refuseField("file", "too_many", "Send one file at a time.")
	case name == "alt":
		b, err := io.ReadAll(io.LimitReader(part, maxAltBytes))
		if err != nil {
			return refuseField("alt", "incomplete", "The upload ended too early.")
		}
		u.alt = string(b)
		return nil
	case name == "file":
		m, err := u.api.eng.Media.Upload(ctx, u.actor, part.FileName(), part.Header.Get("Content-Type"), u.alt, part)
		if err != nil {
			return err
		}
		u.saved = &m
		return nil
	default:
		return refuseField(clipField(name), "unknown", "There is no such field here. Known are: alt, file.")
	}
}

// undo takes back what was saved before the rest turned out to be wrong.
func (u *uploading) undo(ctx context.Context, cause error) error {
	if u.saved == nil {
		return cause
	}
	if err := u.api.eng.Media.Delete(context.WithoutCancel(ctx), u.actor, u.saved.ID); err != nil {
		u.api.cfg.Log.WarnContext(ctx, "a refused upload could not be taken back", "media", u.saved.ID, "error", err)
	}
	return cause
}

func refuseField(field, rule, message string) error {
	return fault.Check([]fault.Problem{{Field: field, Rule: rule, Message: message}})
}

func clipField(name string) string {
	const most = 64
	if len(name) > most {
		return "unknown"
	}
	return name
}
