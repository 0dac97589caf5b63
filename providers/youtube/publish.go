package youtube

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// Publish implements social.Provider. It sends the last part, which makes the
// video. What else belongs to the video is of no account for whether it is out.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	if it.Parent != nil {
		return p.comment(ctx, t, it)
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	m, thumbnail, err := files(it)
	if err != nil {
		return social.Outcome{}, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	if m.Bytes != pr.Size {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The video has changed. It is uploaded again."}
	}
	id, err := p.finish(ctx, t, pr, m)
	if err != nil {
		return social.Outcome{}, err
	}
	out := social.Published(videoRef(id, printOf(it, set)))
	if thumbnail != nil {
		out = out.But(failed("The thumbnail was not set", p.show(ctx, t, id, *thumbnail)))
	}
	if set.Playlist != "" {
		out = out.But(failed("It was not put into the playlist", p.enlist(ctx, t, id, set.Playlist)))
	}
	return out, nil
}

// finish sends all that is missing, and returns which video it became.
func (p *Provider) finish(ctx context.Context, t social.Target, pr progress, m social.Media) (string, error) {
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	left := pr.Size - pr.Sent
	part, err := parts.Part(ctx, pr.Sent, left)
	if err != nil {
		return "", err
	}
	resp, err := p.put(ctx, t, pr, part, left, false)
	if err != nil {
		return "", unknown(resp, err)
	}
	return made(resp)
}

// unknown is the error of an upload that may be a video: its session is gone
// also some time after an earlier call made one.
func unknown(resp rest.Response, err error) error {
	if gone(resp) {
		return social.Errorf(social.CodeOutcomeUnknown, "YouTube does not know the upload any more.")
	}
	return err
}

// made reads which video an upload became.
func made(resp rest.Response) (string, error) {
	var v video
	if json.Unmarshal(resp.Body, &v) != nil || v.ID == "" {
		return "", social.Errorf(social.CodeOutcomeUnknown, "YouTube did not say which video this became.")
	}
	return v.ID, nil
}

// Check implements social.Preparer. It asks the upload how far it is: a finished
// one answers with its video.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if len(at.State) == 0 {
		return social.Pending(social.Cursor{Next: social.StepPublish}), nil // It is a comment.
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	resp, err := p.ask(ctx, t, pr)
	if resp.Status == http.StatusPermanentRedirect {
		pr.Sent = received(resp.Header)
		next, err := pr.cursor()
		if err != nil {
			return social.Outcome{}, err
		}
		return social.Pending(next), nil
	}
	if err != nil {
		return social.Outcome{}, unknown(resp, err)
	}
	id, err := made(resp)
	if err != nil {
		return social.Outcome{}, err
	}
	out := social.Published(videoRef(id, pr.Print))
	if pr.Thumbnail {
		out = out.But("The thumbnail was not set, because YouTube's answer to the upload was lost.")
	}
	if pr.Playlist {
		out = out.But("It was not put into the playlist, because YouTube's answer to the upload was lost.")
	}
	return out, nil
}

// extraPrint is the Ref.Extra that tells Edit whether what cannot be changed is
// still the same: the files and the playlist.
const extraPrint = "print"

// printOf is short, and the same for the same files and playlist.
func printOf(it social.Item, set Settings) string {
	return upload.Print(set.Playlist+"\n", it.Media)
}

// videoRef is where a video is. Cursors of before have no print.
func videoRef(id, print string) social.Ref {
	ref := refOf(id)
	if print != "" {
		ref.Extra = map[string]string{extraPrint: print}
	}
	return ref
}

// show gives a video its thumbnail.
// https://developers.google.com/youtube/v3/docs/thumbnails/set
func (p *Provider) show(ctx context.Context, t social.Target, id string, m social.Media) error {
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	part, err := parts.Part(ctx, 0, m.Bytes)
	if err != nil {
		return err
	}
	_, err = p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/upload/youtube/v3/thumbnails/set", Query: url.Values{"videoId": {id}, "uploadType": {"media"}},
		Body: part, Type: m.MIME, Size: m.Bytes,
	})
	return err
}

// enlist puts a video at the end of a playlist.
// https://developers.google.com/youtube/v3/docs/playlistItems/insert
func (p *Provider) enlist(ctx context.Context, t social.Target, id, playlist string) error {
	in := enlisted{}
	in.Snippet.PlaylistID, in.Snippet.Resource = playlist, resource{Kind: "youtube#video", VideoID: id}
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/youtube/v3/playlistItems", Query: url.Values{"part": {"snippet"}}, JSON: in,
	})
	return err
}

// failed is what the author hears of something that belongs to a video and did
// not work; empty: it did.
func failed(what string, err error) string {
	if err == nil {
		return ""
	}
	return what + ": " + social.AsError(err).Message
}
