package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const tagMedia = "Media"

type mediaBody struct {
	ID        string `json:"id"`
	Name      string `json:"name" doc:"What the file was called." example:"launch.png"`
	Kind      string `json:"kind" enum:"image,video,document"`
	MIME      string `json:"mime" doc:"What the bytes are, whatever the upload claimed." example:"image/png"`
	Bytes     int64  `json:"bytes"`
	Width     int    `json:"width,omitempty" doc:"In pixels; absent where unknown."`
	Height    int    `json:"height,omitempty"`
	SHA256    string `json:"sha256" doc:"The digest of the bytes, in hexadecimal."`
	Alt       string `json:"alt,omitempty" doc:"Describes the file to people who cannot see it."`
	URL       string `json:"url" doc:"Where anybody who has this link can fetch the file, for a day."`
	CreatedAt string `json:"createdAt" format:"date-time"`
}

type mediaInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the file."`
}

type mediaOutput struct{ Body mediaBody }

type listMediaInput struct {
	signedIn
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type listMediaOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data []mediaBody `json:"data" nullable:"false"`
		Page pageInfo    `json:"page"`
	}
}

func (a *api) registerMedia() {
	a.registerUpload()
	handle(a, spec{
		id: "list-media", method: http.MethodGet, path: "/media", tag: tagMedia, status: http.StatusOK, needs: permission{permit.Media, permit.Read},
		summary: "List the files", text: "The newest first.", errors: []int{400},
	}, a.listMedia)
	handle(a, spec{
		id: "get-media", method: http.MethodGet, path: "/media/{id}", tag: tagMedia, status: http.StatusOK, needs: permission{permit.Media, permit.Read},
		summary: "Get what is known of a file, and a link to it", text: "Anybody who has the link can fetch the file, for a day.", errors: []int{404},
	}, func(ctx context.Context, in *mediaInput) (*mediaOutput, error) {
		m, err := a.eng.Media.Get(ctx, in.actor, domain.MediaID(in.ID))
		return &mediaOutput{Body: a.fromMedia(m)}, err
	})
	handle(a, spec{
		id: "delete-media", method: http.MethodDelete, path: "/media/{id}", tag: tagMedia, status: http.StatusNoContent, needs: permission{permit.Media, permit.Delete},
		summary: "Delete a file", text: "A file that a post still needs is a conflict.", errors: []int{404, 409},
	}, func(ctx context.Context, in *mediaInput) (*struct{}, error) {
		return nil, a.eng.Media.Delete(ctx, in.actor, domain.MediaID(in.ID))
	})
}

func (a *api) listMedia(ctx context.Context, in *listMediaInput) (*listMediaOutput, error) {
	page, err := askPage(in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := a.eng.Media.List(ctx, in.actor, page)
	if err != nil {
		return nil, err
	}
	out := &listMediaOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, func(m domain.Media) store.Position {
		return store.Position{At: m.CreatedAt, ID: string(m.ID)}
	})
	out.Link = a.linkHeader(in.req, out.Body.Page)
	out.Body.Data = make([]mediaBody, len(rows))
	for i, m := range rows {
		out.Body.Data[i] = a.fromMedia(m)
	}
	return out, nil
}

func (a *api) fromMedia(m domain.Media) mediaBody {
	return mediaBody{
		ID: string(m.ID), Name: m.Name, Kind: string(m.Kind), MIME: m.MIME, Bytes: m.Bytes, Width: m.Width, Height: m.Height,
		SHA256: m.SHA256, Alt: m.Alt, URL: a.links.sign(m.Organization, m.ID), CreatedAt: stamp(m.CreatedAt),
	}
}
