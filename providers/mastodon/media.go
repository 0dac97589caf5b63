package mastodon

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// extraMedia is the Ref.Extra that tells Edit which upload is which file: an
// entry "id:print" for each, with commas between. See fingerprint.
const extraMedia = "media"

// upload hands a file over and reports whether the server is done with it.
// Servers without v2 of the call are done when they answer.
func (p *Provider) upload(ctx context.Context, t social.Target, m social.Media) (id string, ready bool, err error) {
	resp, id, err := p.send(ctx, t, m, "/api/v2/media")
	if resp.Status == http.StatusNotFound || resp.Status == http.StatusMethodNotAllowed {
		resp, id, err = p.send(ctx, t, m, "/api/v1/media")
	}
	if err == nil && id == "" {
		err = social.Errorf(social.CodeUnavailable, "The server did not say what became of a file.")
	}
	return id, resp.Status != http.StatusAccepted, err
}

func (p *Provider) send(ctx context.Context, t social.Target, m social.Media, path string) (rest.Response, string, error) {
	name := m.Name
	if name == "" {
		name = "file"
	}
	var fields []upload.Field
	if m.Alt != "" {
		fields = append(fields, upload.Field{Name: "description", Value: m.Alt})
	}
	fields = append(fields, upload.Field{Name: "file", FileName: name, Type: m.MIME, Size: m.Bytes, Open: m.Source.Open})
	body, kind, size := upload.Multipart(fields)
	var out attachment
	resp, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: path, Body: body, Type: kind, Size: size, Out: &out,
		Reads: true, // An upload that nobody attaches is gone a day later.
	})
	return resp, string(out.ID), err
}

// processed reports whether the server is done with an upload.
// https://docs.joinmastodon.org/methods/media/#get
func (p *Provider) processed(ctx context.Context, t social.Target, id string) (bool, error) {
	resp, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/api/v1/media/" + url.PathEscape(id)})
	if err == nil {
		return resp.Status != http.StatusPartialContent, nil
	}
	e := social.AsError(err)
	switch resp.Status {
	case http.StatusUnprocessableEntity:
		e.Code, e.Message = social.CodeRejected, "The server could not make use of a file of this post."
	case http.StatusNotFound:
		e.Code, e.Message = social.CodeRejected, "The server has lost a file of this post. Try it again."
	}
	return false, e
}

// refOf is where a post is. media are the files it was made from, in order;
// nil where they are not known.
func refOf(s status, media []social.Media) social.Ref {
	ref := social.Ref{ID: string(s.ID), URL: linkOf(s)}
	var entries []string
	for i, a := range s.MediaAttachments {
		entry := string(a.ID) + ":"
		if len(media) == len(s.MediaAttachments) {
			entry += fingerprint(media[i])
		}
		entries = append(entries, entry)
	}
	if len(entries) > 0 {
		ref.Extra = map[string]string{extraMedia: strings.Join(entries, ",")}
	}
	return ref
}

// linkOf is where people see a post. A boost has no page, only an address.
func linkOf(s status) string { return cmp.Or(s.URL, s.URI) }

// fingerprint tells the files of one post apart.
func fingerprint(m social.Media) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %d %s", m.MIME, m.Bytes, m.Width, m.Height, m.Name))
	return hex.EncodeToString(sum[:6])
}
