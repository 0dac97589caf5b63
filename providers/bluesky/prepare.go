package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// progress is what Prepare found out and Publish needs, kept in Cursor.State.
// It holds only what cannot be computed again from the item, because the state
// is small.
type progress struct {
	// Blobs are the uploaded images in order, or the video.
	Blobs []heldBlob `json:"blobs,omitempty"`
	// Job is the encoding of a video whose blob is not there yet.
	Job string `json:"job,omitempty"`
	// Dids belong to the handles that the text mentions, in order; "" is a
	// handle that nobody has.
	Dids []string  `json:"dids,omitempty"`
	Card *heldCard `json:"card,omitempty"`
	// Root and Parent are set where the item does not say their CIDs.
	Root   *strongRef `json:"root,omitempty"`
	Parent *strongRef `json:"parent,omitempty"`
	// Gated says that the item is out only when its threadgate is, too.
	Gated bool `json:"gated,omitempty"`
}

// heldBlob is a blob in fewer bytes.
type heldBlob struct {
	CID  string `json:"c"`
	MIME string `json:"m"`
	Size int64  `json:"s"`
}

type heldCard struct {
	Title       string    `json:"t,omitempty"`
	Description string    `json:"d,omitempty"`
	Thumb       *heldBlob `json:"b,omitempty"`
}

func (h heldBlob) blob() blob {
	return blob{Type: "blob", Ref: blobLink{Link: h.CID}, MimeType: h.MIME, Size: h.Size}
}

func held(b blob) heldBlob { return heldBlob{CID: b.Ref.Link, MIME: b.MimeType, Size: b.Size} }

// cursor writes p, leaving out what does not fit. A card's text is all that can
// grow: the other parts have bounds of their own.
func (p progress) cursor(next social.Step) social.Cursor {
	for {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(p); err != nil {
			return social.Cursor{Next: next} // strings and numbers cannot fail
		}
		raw := bytes.TrimSpace(b.Bytes())
		if len(raw) <= social.MaxCursorBytes || p.Card == nil {
			return social.Cursor{Next: next, State: raw}
		}
		card := *p.Card
		card.Description = clip(card.Description, len(card.Description)/2)
		p.Card = &card
		if card.Description == "" {
			p.Card = nil
		}
	}
}

func progressOf(c social.Cursor) (progress, error) {
	var p progress
	if len(c.State) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(c.State, &p); err != nil {
		return p, &social.Error{
			Code: social.CodeUnavailable, Restart: true,
			Message: "What was prepared cannot be read; it is prepared again.", Err: err,
		}
	}
	return p, nil
}

// Prepare implements social.Preparer. It resolves mentions, reads the page of a
// link card and uploads files. None of it is visible: a file that no record
// refers to is dropped by the server after a while.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Cursor{}, err
	}
	if err := ctx.Err(); err != nil {
		return social.Cursor{}, stopped(err)
	}
	pr := progress{Gated: set.gated(it)}
	if pr.Root, pr.Parent, err = p.resolveReply(ctx, t, it); err != nil {
		return social.Cursor{}, err
	}
	if pr.Dids, err = p.resolveMentions(ctx, t, it.Text); err != nil {
		return social.Cursor{}, err
	}
	switch {
	case len(it.Media) == 0:
		pr.Card, err = p.prepareCard(ctx, t, it, set)
	case it.Media[0].Kind == domain.MediaVideo && !p.cfg.VideoDirect:
		err = p.encode(ctx, t, it.Media[0], &pr)
	default:
		pr.Blobs, err = p.uploadAll(ctx, t, it.Media)
	}
	if err != nil {
		return social.Cursor{}, err
	}
	if pr.Job != "" {
		return pr.waiting(), nil
	}
	return pr.cursor(social.StepPublish), nil
}

// resolveReply looks up the CIDs of posts that an item answers where they are
// not known, such as after a person told us where a post is.
func (p *Provider) resolveReply(ctx context.Context, t social.Target, it social.Item) (root, parent *strongRef, err error) {
	for _, e := range []struct {
		ref *social.Ref
		out **strongRef
	}{{it.Root, &root}, {it.Parent, &parent}} {
		if e.ref == nil || e.ref.Extra[extraCID] != "" {
			continue
		}
		at, ok := locate(*e.ref)
		if !ok {
			return nil, nil, social.Errorf(social.CodeRejected, "The post that this one answers cannot be found: its address is not one of Bluesky.")
		}
		found, err := p.read(ctx, t, at)
		if err != nil {
			return nil, nil, err
		}
		if found != nil && found.CID == "" {
			return nil, nil, social.Errorf(social.CodeUnavailable, "The server sent an answer that we cannot read.")
		}
		if found == nil {
			return nil, nil, social.Errorf(social.CodeRejected, "The post that this one answers is gone.")
		}
		*e.out = found
	}
	return root, parent, nil
}

// maxDids bounds what mentions take of the cursor. It is room for fifty usual
// ones, which is more than a post can hold.
const maxDids = 2000

func (p *Provider) resolveMentions(ctx context.Context, t social.Target, text string) ([]string, error) {
	var dids []string
	room := maxDids
	for _, handle := range handlesIn(spansOf(text)) {
		var out struct {
			Did string `json:"did"`
		}
		_, err := p.call(ctx, p.host(t), resolveHandle, rest.Request{
			Method: http.MethodGet, Query: url.Values{"handle": {handle}}, Out: &out,
		})
		if e, ok := errors.AsType[*social.Error](err); ok && (e.Code == social.CodeRejected || e.Status == http.StatusNotFound) {
			out.Did, err = "", nil // nobody has this handle: it stays text
		}
		if err != nil {
			return nil, err
		}
		if room -= len(out.Did); room < 0 {
			break
		}
		dids = append(dids, out.Did)
	}
	return dids, nil
}

func (p *Provider) uploadAll(ctx context.Context, t social.Target, media []social.Media) ([]heldBlob, error) {
	out := make([]heldBlob, 0, len(media))
	for _, m := range media {
		body, err := open(ctx, m)
		if err != nil {
			return nil, err
		}
		b, err := p.upload(ctx, t, body, m.MIME, m.Bytes)
		_ = body.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// upload stores one file. The server drops it again if no record refers to it.
func (p *Provider) upload(ctx context.Context, t social.Target, body io.Reader, mime string, size int64) (heldBlob, error) {
	var out struct {
		Blob blob `json:"blob"`
	}
	_, err := p.call(ctx, p.host(t), uploadBlob, rest.Request{
		Bearer: t.Credential.Access, Body: body, Type: mime, Size: size,
		// An upload whose answer is lost may be made again: nobody sees it.
		Reads: true,
		Out:   &out,
	})
	if err == nil && out.Blob.Ref.Link == "" {
		err = social.Errorf(social.CodeUnavailable, "The server sent an answer that we cannot read.")
	}
	return held(out.Blob), err
}

func open(ctx context.Context, m social.Media) (io.ReadCloser, error) {
	body, err := m.Source.Open(ctx)
	if err == nil {
		return body, nil
	}
	if e, ok := errors.AsType[*social.Error](err); ok {
		return nil, e
	}
	return nil, &social.Error{Code: social.CodeUnavailable, Message: "The file could not be read from our store.", Err: err}
}

func stopped(err error) error {
	return &social.Error{Code: social.CodeUnavailable, Message: "The work was stopped before anything was sent.", Err: err}
}
