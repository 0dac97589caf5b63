package youtube

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

const (
	// chunk is how much of a file goes into one call: a multiple of 256 KiB.
	// https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol
	chunk = 8 << 20
	// patience is how often in a row a part may break off.
	patience = 3
)

// progress is what a Cursor of this provider holds. A comment has none.
type progress struct {
	// Session is the address of the upload.
	Session string `json:"session"`
	// Sent is how many of the Size bytes YouTube has.
	Sent int64 `json:"sent"`
	Size int64 `json:"size"`
	// Thumbnail and Playlist say what is still to be done once there is a video.
	Thumbnail bool `json:"thumbnail,omitempty"`
	Playlist  bool `json:"playlist,omitempty"`
	// Print is that of the Ref that comes of it.
	Print string `json:"print,omitempty"`
}

func (pr progress) cursor() (social.Cursor, error) {
	raw, err := json.Marshal(pr)
	if err != nil {
		return social.Cursor{}, &social.Error{Code: social.CodeRejected, Message: "The progress of this post cannot be kept.", Err: err}
	}
	return social.Cursor{Next: social.StepPublish, State: raw}, nil
}

func progressOf(at social.Cursor) (progress, error) {
	var pr progress
	err := json.Unmarshal(at.State, &pr)
	if err != nil || pr.Session == "" || pr.Sent < 0 || pr.Sent >= pr.Size {
		return pr, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The video is not uploaded yet.", Err: err}
	}
	return pr, nil
}

// files are the video of an item, and its thumbnail or nil.
func files(it social.Item) (video social.Media, thumbnail *social.Media, err error) {
	for i, m := range it.Media {
		switch {
		case m.Kind == domain.MediaImage && thumbnail == nil:
			thumbnail = &it.Media[i]
		case m.Kind == domain.MediaVideo && m.Bytes > 0 && video.Bytes == 0:
			video = m
		default:
			video.Bytes = -1
		}
	}
	if video.Bytes <= 0 {
		err = social.Errorf(social.CodeRejected, "A post on YouTube needs exactly one video, and may have a picture as its thumbnail.")
	}
	return video, thumbnail, err
}

// Prepare implements social.Preparer. It uploads all but the last part: there is
// no video before YouTube has the last byte.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if it.Parent != nil {
		return social.Cursor{Next: social.StepPublish}, nil
	}
	m, thumbnail, err := files(it)
	if err != nil {
		return social.Cursor{}, err
	}
	pr, err := p.begin(ctx, t, it, m)
	if err != nil {
		return social.Cursor{}, err
	}
	pr.Thumbnail = thumbnail != nil
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	for broken := 0; pr.Size-pr.Sent > chunk; {
		has, err := p.next(ctx, t, pr, parts)
		if err != nil {
			return social.Cursor{}, err
		}
		if broken++; has > pr.Sent {
			broken = 0
		}
		if broken == patience {
			return social.Cursor{}, social.Errorf(social.CodeUnavailable, "The upload to YouTube breaks off again and again.")
		}
		pr.Sent = has
	}
	return pr.cursor()
}

// begin asks for an upload.
func (p *Provider) begin(ctx context.Context, t social.Target, it social.Item, m social.Media) (progress, error) {
	in, set, err := videoOf(it)
	if err != nil {
		return progress{}, err
	}
	resp, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/upload/youtube/v3/videos", JSON: in, Reads: true,
		Query:  url.Values{"uploadType": {"resumable"}, "part": {"snippet,status"}, "notifySubscribers": {strconv.FormatBool(!set.Silent)}},
		Header: http.Header{"X-Upload-Content-Type": {m.MIME}, "X-Upload-Content-Length": {strconv.FormatInt(m.Bytes, 10)}},
	})
	if err != nil {
		return progress{}, err
	}
	pr := progress{Session: resp.Header.Get("Location"), Size: m.Bytes, Playlist: set.Playlist != "", Print: printOf(it, set)}
	if pr.Session == "" {
		return progress{}, social.Errorf(social.CodeUnavailable, "YouTube did not say where to upload the video.")
	}
	return pr, nil
}

// next sends one part, and returns how many bytes YouTube has then. Where the
// part broke off it asks, as the protocol wants it.
func (p *Provider) next(ctx context.Context, t social.Target, pr progress, parts *upload.Parts) (int64, error) {
	part, err := parts.Part(ctx, pr.Sent, chunk)
	if err != nil {
		return 0, err
	}
	resp, err := p.put(ctx, t, pr, part, chunk, true)
	if err != nil && (resp.Status == 0 || resp.Status >= http.StatusInternalServerError) && ctx.Err() == nil {
		resp, err = p.ask(ctx, t, pr)
	}
	if resp.Status != http.StatusPermanentRedirect {
		return 0, lost(resp, err)
	}
	has := received(resp.Header)
	if has >= pr.Size {
		return 0, lost(resp, nil)
	}
	return has, nil
}

// put sends the next n bytes.
func (p *Provider) put(ctx context.Context, t social.Target, pr progress, body io.Reader, n int64, reads bool) (rest.Response, error) {
	return p.session(ctx, t, rest.Request{
		Method: http.MethodPut, Path: pr.Session, Body: body, Type: "application/octet-stream", Size: n, Reads: reads,
		Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", pr.Sent, pr.Sent+n-1, pr.Size)}},
	})
}

// ask asks how far the upload is: 308 with what is there, or the video.
func (p *Provider) ask(ctx context.Context, t social.Target, pr progress) (rest.Response, error) {
	return p.session(ctx, t, rest.Request{
		Method: http.MethodPut, Path: pr.Session, Reads: true, Header: http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", pr.Size)}},
	})
}

// session calls the address that an answer named. It is good without a token,
// which goes to the host of the API alone.
func (p *Provider) session(ctx context.Context, t social.Target, r rest.Request) (rest.Response, error) {
	if !strings.HasPrefix(r.Path, p.cfg.APIURL+"/") {
		t.Credential = social.Credential{}
	}
	return p.call(ctx, t, r)
}

// received is how many bytes YouTube has, after a 308.
func received(h http.Header) int64 {
	_, last, found := strings.Cut(h.Get("Range"), "-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !found || err != nil {
		return 0
	}
	return n + 1
}

// lost explains an upload that does not go on.
func lost(resp rest.Response, err error) error {
	switch {
	case err == nil:
		return social.Errorf(social.CodeRejected, "YouTube ended the upload before its end. Please see on YouTube whether the video is there.")
	case gone(resp):
		return &social.Error{Code: social.CodeUnavailable, Restart: true, Status: resp.Status, Message: "YouTube does not know the upload any more. It begins anew."}
	}
	return err
}

// gone reports that a session is not known any more.
func gone(resp rest.Response) bool {
	return resp.Status == http.StatusNotFound || resp.Status == http.StatusGone
}
