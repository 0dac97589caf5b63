package tiktok

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

const (
	// processing is how long to leave TikTok alone with a post.
	processing = 10 * time.Second
	// patience is how often to ask for the number of a post that is complete.
	// A public one has none until it was moderated: mostly within a minute.
	patience = 12
)

// progress is what a Cursor of this provider holds.
type progress struct {
	// ID is what TikTok calls the post before it is one. Photos have none until
	// they are published.
	ID string `json:"id,omitempty"`
	// Upload is where the video goes to, and Sent how many of its Size bytes are
	// there.
	Upload string `json:"upload,omitempty"`
	Sent   int64  `json:"sent,omitempty"`
	Size   int64  `json:"size,omitempty"`
	// Photos says that it is a post of photos, and Hidden that it is not public:
	// it never gets a number.
	Photos bool `json:"photos,omitempty"`
	Hidden bool `json:"hidden,omitempty"`
	// Asked is how often a complete post had no number yet.
	Asked int `json:"asked,omitempty"`
}

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
	err := json.Unmarshal(at.State, &pr)
	if err != nil || pr.ID == "" && !pr.Photos {
		return pr, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The post is not prepared yet.", Err: err}
	}
	return pr, nil
}

// Prepare implements social.Preparer. It asks what the account may do, as TikTok
// demands it before each post, and uploads all but the last part of a video.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	set, err := settingsOf(it)
	if err != nil {
		return social.Cursor{}, err
	}
	if !set.inbox() {
		if err := p.allowed(ctx, t, it, set); err != nil {
			return social.Cursor{}, err
		}
	}
	if isPhotos(it) {
		return progress{Photos: true, Hidden: set.hidden()}.cursor(social.StepPublish)
	}
	pr, err := p.begin(ctx, t, it, set)
	if err != nil {
		return social.Cursor{}, err
	}
	if pr, err = p.send(ctx, pr, it.Media[0]); err != nil {
		return social.Cursor{}, err
	}
	return pr.cursor(social.StepPublish)
}

func settingsOf(it social.Item) (Settings, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err == nil && len(it.Media) == 0 {
		err = social.Errorf(social.CodeRejected, "A post on TikTok needs a video or photos.")
	}
	return set, err
}

// allowed asks what the account may do at the moment.
// https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
func (p *Provider) allowed(ctx context.Context, t social.Target, it social.Item, set Settings) error {
	may, err := p.creator(ctx, t)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(may.Privacy, set.Privacy):
		return social.Errorf(social.CodeRejected, "This account may not post with the privacy %s. It may use: %s.", set.Privacy, strings.Join(may.Privacy, ", "))
	case set.AllowComments && may.CommentDisabled:
		return off("comments")
	case isPhotos(it):
	case set.AllowDuet && may.DuetDisabled:
		return off("duets")
	case set.AllowStitch && may.StitchDisabled:
		return off("stitches")
	}
	return nil
}

func off(what string) error {
	return social.Errorf(social.CodeRejected, "This account has switched %s off in the TikTok app. Switch them on there, or do not allow them in this post.", what)
}

func (p *Provider) creator(ctx context.Context, t social.Target) (creator, error) {
	var out creator
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/v2/post/publish/creator_info/query/", JSON: struct{}{}, Reads: true,
	}, &out)
	return out, err
}

// videoInfo is what is said of a video that is posted straight away.
func videoInfo(it social.Item, set Settings) *postInfo {
	return &postInfo{
		Title: it.Text, PrivacyLevel: set.Privacy, CoverMS: set.CoverMS, AIGenerated: set.AIGenerated,
		DisableComment: new(!set.AllowComments), DisableDuet: new(!set.AllowDuet), DisableStitch: new(!set.AllowStitch),
		BrandedContent: new(set.BrandedContent), YourBrand: new(set.YourBrand),
	}
}

// Publish implements social.Provider: it sends the last part of the video, or
// has the photos fetched. Nobody sees anything of a post before that.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	set, err := settingsOf(it)
	if err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if isPhotos(it) {
		return p.photos(ctx, t, it, set, pr)
	}
	if m := it.Media[0]; m.Bytes != pr.Size {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The video has changed. It is uploaded again."}
	}
	return p.finish(ctx, t, it.Media[0], pr)
}

// finish sends the last part of a video. TikTok makes one post of one upload, so
// where it refuses the part it is asked whether it has it already.
func (p *Provider) finish(ctx context.Context, t social.Target, m social.Media, pr progress) (social.Outcome, error) {
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	resp, err := p.put(ctx, pr, parts, m.MIME, pr.Size-pr.Sent, false)
	switch {
	case resp.Status == http.StatusCreated:
		pr.Sent = pr.Size
		return pr.pending(social.StepCheck)
	case err == nil:
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "TikTok did not say that it has all of the video.")
	case resp.Status < http.StatusBadRequest || resp.Status >= http.StatusInternalServerError:
		return social.Outcome{}, err
	}
	s, asked := p.status(ctx, t, pr)
	if asked != nil {
		return social.Outcome{}, &social.Error{Code: social.CodeOutcomeUnknown, Status: resp.Status, Message: "TikTok refused the end of the video, and does not say how far it is.", Err: err}
	}
	if s.Status == statusUploading && s.UploadedBytes != nil && *s.UploadedBytes < pr.Size {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Status: resp.Status, Message: "TikTok does not take the end of the video. The upload begins anew.", Err: err}
	}
	pr.Sent = pr.Size
	return pr.pending(social.StepCheck)
}

// photos has TikTok fetch the photos and post them.
// https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
func (p *Provider) photos(ctx context.Context, t social.Target, it social.Item, set Settings, pr progress) (social.Outcome, error) {
	in := request{
		MediaType: "PHOTO", PostMode: "MEDIA_UPLOAD", PostInfo: &postInfo{Title: set.Title, Description: it.Text},
		SourceInfo: sourceInfo{Source: "PULL_FROM_URL", CoverIndex: new(max(set.CoverPhoto-1, 0))},
	}
	if !set.inbox() {
		in.PostMode, in.PostInfo.PrivacyLevel = "DIRECT_POST", set.Privacy
		in.PostInfo.DisableComment, in.PostInfo.AutoAddMusic = new(!set.AllowComments), new(set.AutoAddMusic)
		in.PostInfo.BrandedContent, in.PostInfo.YourBrand = new(set.BrandedContent), new(set.YourBrand)
	}
	for _, m := range it.Media {
		if m.Kind != domain.MediaImage {
			return social.Outcome{}, social.Errorf(social.CodeRejected, "A post on TikTok has photos or a video, not both.")
		}
		address, err := m.Source.PublicURL(ctx)
		if err != nil {
			return social.Outcome{}, err
		}
		in.SourceInfo.Photos = append(in.SourceInfo.Photos, address)
	}
	var out begun
	if err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: "/v2/post/publish/content/init/", JSON: in}, &out); err != nil {
		return social.Outcome{}, err
	}
	if out.PublishID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "TikTok did not say what became of the photos.")
	}
	pr.ID = out.PublishID
	return pr.pending(social.StepCheck)
}
