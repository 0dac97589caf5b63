package youtube

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// skew is how far Google's clock may be behind ours.
const skew = time.Minute

// Find implements social.Finder. It looks for the one video, or comment, since
// the first try that says the same.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if it.Parent != nil {
		return p.findComment(ctx, t, it)
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	var out list[playlistItem]
	if _, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/youtube/v3/playlistItems", Out: &out,
		// Every channel has a playlist of all its videos, whose id follows from its own.
		Query: url.Values{"part": {"snippet"}, "playlistId": {"UU" + strings.TrimPrefix(t.Account, "UC")}, "maxResults": {"50"}},
	}); err != nil {
		return nil, err
	}
	same := slices.DeleteFunc(out.Items, func(v playlistItem) bool {
		s := v.Snippet
		return !ours(t, s.PublishedAt) || words(s.Title) != words(set.Title) || words(s.Description) != words(it.Text)
	})
	if len(same) != 1 {
		return nil, nil
	}
	ref := videoRef(same[0].Snippet.Resource.VideoID, printOf(it, set))
	return &ref, nil
}

// ours reports whether something of that time can have come from t.
func ours(t social.Target, at time.Time) bool { return !at.Before(t.FirstTry.Add(-skew)) }

// words is a text without the blanks that YouTube cleans up.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// read reads one video. CodeRejected: it is not there.
func (p *Provider) read(ctx context.Context, t social.Target, id, part string) (video, error) {
	return one[video](ctx, p, t, "/youtube/v3/videos", url.Values{"part": {part}, "id": {id}}, "The video is not there any more.")
}

// one reads the first of a list. CodeRejected with the message: it is empty.
func one[T any](ctx context.Context, p *Provider, t social.Target, path string, q url.Values, none string) (T, error) {
	var out list[T]
	var zero T
	if _, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: path, Query: q, Out: &out}); err != nil {
		return zero, err
	}
	if len(out.Items) == 0 {
		return zero, social.Errorf(social.CodeRejected, "%s", none)
	}
	return out.Items[0], nil
}

// Confirm implements social.Confirmer. A video that is being processed has its
// page already.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	if ref.Extra[extraVideo] != "" {
		c, err := p.readComment(ctx, t, ref.ID, "id")
		if social.CodeOf(err) == social.CodeRejected {
			return false, nil
		}
		return c.ID != "", err
	}
	v, err := p.read(ctx, t, ref.ID, "status")
	if social.CodeOf(err) == social.CodeRejected {
		return false, nil
	}
	return v.Status != nil && (v.Status.Upload == "uploaded" || v.Status.Upload == "processed"), err
}

// Edit implements social.Editor. It changes what is said of the video; the video
// itself stays, with its thumbnail and its playlists. YouTube forgets what it is
// not told again, so what people said there of the video is read first.
// https://developers.google.com/youtube/v3/docs/videos/update
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	if ref.Extra[extraVideo] != "" {
		return p.editComment(ctx, t, ref, it)
	}
	in, set, err := videoOf(it)
	if err != nil {
		return social.Ref{}, err
	}
	if was := ref.Extra[extraPrint]; was != "" && was != printOf(it, set) {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "On YouTube a video, its thumbnail and its playlist cannot be changed here. Delete the video and publish it anew.")
	}
	was, err := p.read(ctx, t, ref.ID, "snippet,status")
	if err != nil {
		return social.Ref{}, err
	}
	in.ID = ref.ID
	in.keep(was)
	if _, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPut, Path: "/youtube/v3/videos", Query: url.Values{"part": {"snippet,status"}}, JSON: in,
	}); err != nil {
		return social.Ref{}, err
	}
	return ref, nil
}

// Delete implements social.Deleter.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	path := "/youtube/v3/videos"
	if ref.Extra[extraVideo] != "" {
		path = "/youtube/v3/comments"
	}
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: path, Query: url.Values{"id": {ref.ID}}, Reads: true})
	if err != nil && social.AsError(err).Status == http.StatusNotFound {
		return nil
	}
	return err
}
