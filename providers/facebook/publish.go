package facebook

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// progress is what a Cursor of this provider holds.
type progress struct {
	// Kind is what it becomes: see Settings.PostType, or a comment.
	Kind string `json:"kind"`
	// Photos are pictures that were handed over, Video and Session a video.
	Photos  []string `json:"photos,omitempty"`
	Video   string   `json:"video,omitempty"`
	Session string   `json:"session,omitempty"`
	// Sent is set once Publish was called, Story is the story it became.
	Sent  bool   `json:"sent,omitempty"`
	Story string `json:"story,omitempty"`
	Print string `json:"print,omitempty"`
}

const (
	kindComment = "comment"
	// processing is how long to leave the platform alone with a video.
	processing = 10 * time.Second
)

func (pr progress) cursor(next social.Step) (social.Cursor, error) {
	raw, err := json.Marshal(pr)
	if err != nil {
		return social.Cursor{}, &social.Error{Code: social.CodeRejected, Message: "The progress of this post cannot be kept.", Err: err}
	}
	c := social.Cursor{Next: next, State: raw}
	if next == social.StepCheck {
		c.After = processing
	}
	return c, nil
}

func (pr progress) pending(next social.Step) (social.Outcome, error) {
	c, err := pr.cursor(next)
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Pending(c), nil
}

func progressOf(at social.Cursor) (progress, error) {
	var pr progress
	if json.Unmarshal(at.State, &pr) != nil || pr.Kind == "" {
		return pr, social.Errorf(social.CodeRejected, "The progress of this post cannot be read. Try it again.")
	}
	return pr, nil
}

// Prepare implements social.Preparer: it hands over the files.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Cursor{}, err
	}
	pr := progress{Kind: set.kind(), Print: printOf(it, set)}
	if it.Parent != nil {
		pr.Kind = kindComment
	}
	switch {
	case isVideo(it) && pr.Kind == typePost:
		pr.Video, pr.Session, err = p.video(ctx, t, it.Media[0])
	case isVideo(it) && pr.Kind == typeReel:
		pr.Video, err = p.reel(ctx, t, it.Media[0], "video_reels")
	case isVideo(it) && pr.Kind == typeStory:
		pr.Video, err = p.reel(ctx, t, it.Media[0], "video_stories")
	default:
		pr.Photos, err = p.photos(ctx, t, it.Media)
	}
	if err != nil {
		return social.Cursor{}, err
	}
	return pr.cursor(social.StepPublish)
}

func (p *Provider) photos(ctx context.Context, t social.Target, media []social.Media) ([]string, error) {
	var out []string
	for _, m := range media {
		id, err := p.photo(ctx, t, m)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// Publish implements social.Provider.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	switch {
	case pr.Kind == kindComment:
		return p.comment(ctx, t, it, pr)
	case pr.Video != "":
		return p.finish(ctx, t, it, set, pr)
	case pr.Kind == typeStory:
		return p.photoStory(ctx, t, pr)
	default:
		return p.feed(ctx, t, it, set, pr)
	}
}

// created is where a post or a comment is.
func created() url.Values { return url.Values{"fields": {"id,permalink_url"}} }

// feed publishes a text, a link or pictures.
// https://developers.facebook.com/docs/graph-api/reference/page/feed
func (p *Provider) feed(ctx context.Context, t social.Target, it social.Item, set Settings, pr progress) (social.Outcome, error) {
	in := feedRequest{Message: it.Text, Link: set.Link, Preset: set.Preset, Published: true}
	for _, id := range pr.Photos {
		in.AttachedMedia = append(in.AttachedMedia, attached{MediaFBID: id})
	}
	var out post
	err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: edge(t.Account, "feed"), Query: created(), JSON: in, Out: &out})
	return done(out, pr.Print, err)
}

// comment answers the first item: on Facebook the answers to an answer are
// folded away.
// https://developers.facebook.com/docs/graph-api/reference/object/comments
func (p *Provider) comment(ctx context.Context, t social.Target, it social.Item, pr progress) (social.Outcome, error) {
	in := commentRequest{Message: it.Text}
	if len(pr.Photos) > 0 {
		in.AttachmentID = pr.Photos[0]
	}
	var out post
	err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: edge(rootOf(it), "comments"), Query: created(), JSON: in, Out: &out})
	return done(out, pr.Print, err)
}

// rootOf is what a comment is put on.
func rootOf(it social.Item) string {
	switch {
	case it.Root != nil:
		return it.Root.ID
	case it.Parent != nil:
		return it.Parent.ID
	}
	return ""
}

func done(out post, print string, err error) (social.Outcome, error) {
	if err != nil {
		return social.Outcome{}, err
	}
	if out.ID == "" {
		return social.Outcome{}, unnamed()
	}
	return social.Published(refOf(out.ID, out.PermalinkURL, print)), nil
}

func unnamed() error {
	return social.Errorf(social.CodeOutcomeUnknown, "Facebook did not say which post this became.")
}

// refOf is where a post is. The links of videos come without a host.
func refOf(id, link, print string) social.Ref {
	switch {
	case strings.HasPrefix(link, "/"):
		link = site + link
	case link == "":
		link = site + "/" + id
	}
	ref := social.Ref{ID: id, URL: link}
	if print != "" {
		ref.Extra = map[string]string{extraPrint: print}
	}
	return ref
}

// photoStory publishes a picture as a story.
// https://developers.facebook.com/docs/page-stories-api
func (p *Provider) photoStory(ctx context.Context, t social.Target, pr progress) (social.Outcome, error) {
	if len(pr.Photos) != 1 {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "A story on Facebook is one picture or one video.")
	}
	var out videoAnswer
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: edge(t.Account, "photo_stories"), JSON: map[string]string{"photo_id": pr.Photos[0]}, Out: &out,
	})
	if err != nil {
		return social.Outcome{}, err
	}
	if out.PostID == "" {
		return social.Outcome{}, unnamed()
	}
	return social.Published(storyRef(out.PostID, "")), nil
}

// extraKind tells a video and a story from a post in a Ref.
const extraKind = "kind"

func storyRef(id, link string) social.Ref {
	if link == "" {
		link = site + "/stories/" + id
	}
	return social.Ref{ID: id, URL: link, Extra: map[string]string{extraKind: typeStory}}
}

// finish publishes a video that was handed over. The platform then works on it
// before the public sees it.
func (p *Provider) finish(ctx context.Context, t social.Target, it social.Item, set Settings, pr progress) (social.Outcome, error) {
	in := videoRequest{UploadPhase: "finish", VideoID: pr.Video}
	host, to := "", "video_stories"
	switch pr.Kind {
	case typePost:
		host, to = p.cfg.VideoURL, "videos"
		in = videoRequest{UploadPhase: "finish", UploadSessionID: pr.Session, Title: set.Title, Description: it.Text}
	case typeReel:
		to = "video_reels"
		in.VideoState, in.Title, in.Description = "PUBLISHED", set.Title, it.Text
	}
	out, err := p.phase(ctx, t, host, to, in, false)
	if err != nil {
		return social.Outcome{}, err
	}
	if !out.Success {
		return social.Outcome{}, unnamed()
	}
	pr.Sent, pr.Story = true, out.PostID
	return pr.pending(social.StepCheck)
}

// Check implements social.Preparer. Before Publish it is asked whether one took
// effect all the same: a file is on one post at most, so what has it is ours.
// Without files only Find can tell.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	var ref *social.Ref
	switch {
	case pr.Video != "":
		return p.checkVideo(ctx, t, pr)
	case pr.Kind == typeStory && len(pr.Photos) > 0:
		ref, err = p.story(ctx, t, func(s story) bool { return s.MediaID == pr.Photos[0] })
	case pr.Kind == typePost && len(pr.Photos) > 0:
		ref, err = p.withPhotos(ctx, t, pr)
	}
	switch {
	case err != nil:
		return social.Outcome{}, err
	case ref != nil:
		return social.Published(*ref), nil
	}
	return pr.pending(social.StepPublish)
}

// checkVideo asks how far a video has come.
// https://developers.facebook.com/docs/video-api/guides/reels-publishing
func (p *Provider) checkVideo(ctx context.Context, t social.Target, pr progress) (social.Outcome, error) {
	var v video
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/" + url.PathEscape(pr.Video), Query: url.Values{"fields": {"status,permalink_url"}}, Out: &v,
	})
	if err != nil {
		return social.Outcome{}, err
	}
	st := v.Status
	switch {
	case st.VideoStatus == "error" || st.VideoStatus == "expired" || st.Processing.Status == "error" || st.Publishing.Status == "error":
		return social.Outcome{}, social.Errorf(social.CodeRejected, "Facebook could not make use of the video.")
	case st.Publishing.Status == "complete" || pr.Sent && st.VideoStatus == "ready":
		if pr.Kind == typeStory && pr.Story != "" {
			return social.Published(storyRef(pr.Story, "")), nil
		}
		return p.publishedVideo(ctx, t, pr, v)
	case pr.Sent:
		return pr.pending(social.StepCheck)
	}
	return pr.pending(social.StepPublish)
}

// publishedVideo is where a video is that the public sees.
func (p *Provider) publishedVideo(ctx context.Context, t social.Target, pr progress, v video) (social.Outcome, error) {
	if pr.Kind == typeStory {
		ref, err := p.story(ctx, t, func(s story) bool { return s.MediaID == pr.Video })
		if err != nil || ref == nil {
			return social.Outcome{}, unnamedStory(err)
		}
		return social.Published(*ref), nil
	}
	link := v.PermalinkURL
	if link == "" {
		link = "/reel/" + pr.Video
	}
	ref := refOf(pr.Video, link, pr.Print)
	ref.Extra[extraKind] = "video"
	return social.Published(ref), nil
}

func unnamedStory(err error) error {
	if err != nil {
		return err
	}
	return social.Errorf(social.CodeUnavailable, "Facebook does not list the story yet.")
}
