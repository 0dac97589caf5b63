package youtube

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// extraVideo is the key of Ref.Extra for the video that a comment is on. It is
// stored and never changes; a video has none.
const extraVideo = "video"

// commentRef is where people see a comment.
func commentRef(id, video string) social.Ref {
	return social.Ref{ID: id, URL: refOf(video).URL + "&lc=" + url.QueryEscape(id), Extra: map[string]string{extraVideo: video}}
}

// videoID is the video that an answer goes to: all of them are comments on the
// video itself, for the answers to a comment are folded away.
func videoID(it social.Item) string {
	on := it.Parent
	if it.Root != nil {
		on = it.Root
	}
	if id := on.Extra[extraVideo]; id != "" {
		return id
	}
	return on.ID
}

// comment publishes a comment.
// https://developers.google.com/youtube/v3/docs/commentThreads/insert
func (p *Provider) comment(ctx context.Context, t social.Target, it social.Item) (social.Outcome, error) {
	in := thread{Snippet: threadSnippet{
		ChannelID: t.Account, VideoID: videoID(it), Top: comment{Snippet: &commentSnippet{Text: it.Text}},
	}}
	var out thread
	if _, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/youtube/v3/commentThreads", Query: url.Values{"part": {"snippet"}}, JSON: in, Out: &out,
	}); err != nil {
		return social.Outcome{}, err
	}
	id := out.Snippet.Top.ID
	if id == "" {
		id = out.ID // It has that of its first comment.
	}
	if id == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "YouTube did not say which comment this became.")
	}
	return social.Published(commentRef(id, videoID(it))), nil
}

func (p *Provider) findComment(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	var out list[thread]
	if _, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/youtube/v3/commentThreads", Out: &out,
		Query: url.Values{"part": {"snippet"}, "videoId": {videoID(it)}, "order": {"time"}, "textFormat": {"plainText"}, "maxResults": {"100"}},
	}); err != nil {
		return nil, err
	}
	same := slices.DeleteFunc(out.Items, func(c thread) bool {
		s := c.Snippet.Top.Snippet
		return s == nil || s.Author == nil || s.Author.Value != t.Account || s.PublishedAt == nil || !ours(t, *s.PublishedAt) || words(s.Text) != words(it.Text)
	})
	if len(same) != 1 {
		return nil, nil
	}
	ref := commentRef(same[0].Snippet.Top.ID, videoID(it))
	return &ref, nil
}

func (p *Provider) readComment(ctx context.Context, t social.Target, id, part string) (comment, error) {
	return one[comment](ctx, p, t, "/youtube/v3/comments", url.Values{"part": {part}, "id": {id}}, "The comment is not there any more.")
}

func (p *Provider) editComment(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	if _, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPut, Path: "/youtube/v3/comments", Query: url.Values{"part": {"snippet"}},
		JSON: comment{ID: ref.ID, Snippet: &commentSnippet{Text: it.Text}},
	}); err != nil {
		return social.Ref{}, err
	}
	return ref, nil
}
