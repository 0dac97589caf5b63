package instagram

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// progress is what a Cursor of this provider holds.
type progress struct {
	// Kind is what it becomes: see kindOf.
	Kind string `json:"kind"`
	// Container is published with one call, once.
	Container string `json:"container,omitempty"`
	// Caption tells the post among others: see digest.
	Caption string `json:"caption,omitempty"`
}

// processing is how long to leave the platform alone with a file.
const processing = 15 * time.Second

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
	if json.Unmarshal(at.State, &pr) != nil || pr.Kind == "" || pr.Kind != kindComment && pr.Container == "" {
		return pr, social.Errorf(social.CodeRejected, "The progress of this post cannot be read. Try it again.")
	}
	return pr, nil
}

// digest is short, and the same for the same words.
func digest(s string) string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(s), " ")))
	return hex.EncodeToString(sum[:6])
}

// Prepare implements social.Preparer: it makes the containers, for which the
// platform fetches the files.
// https://developers.facebook.com/docs/instagram-platform/content-publishing
func (a *account) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Cursor{}, err
	}
	pr := progress{Kind: kindOf(it, set), Caption: digest(it.Text)}
	if pr.Kind == kindComment {
		return pr.cursor(social.StepPublish)
	}
	if len(it.Media) == 0 {
		return social.Cursor{}, social.Errorf(social.CodeRejected, "A post on Instagram needs a picture or a video.")
	}
	if err := a.quota(ctx, t); err != nil {
		return social.Cursor{}, err
	}
	if pr.Container, err = a.containers(ctx, t, it, set, pr.Kind); err != nil {
		return social.Cursor{}, err
	}
	return pr.cursor(social.StepCheck)
}

// quota asks whether the account may post once more today.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/content_publishing_limit
func (a *account) quota(ctx context.Context, t social.Target) error {
	var q quota
	err := a.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: edge(t.Account, "content_publishing_limit"), Query: url.Values{"fields": {"quota_usage,config"}}, Out: &q,
	})
	if err != nil {
		return err
	}
	for _, d := range q.Data {
		if d.Config.Total > 0 && d.Usage >= d.Config.Total {
			return social.Errorf(social.CodeQuota, "This account has posted as much through apps as Instagram allows in a day: %d posts.", d.Config.Total)
		}
	}
	return nil
}

// containers makes what will be published, and returns the one that holds all.
func (a *account) containers(ctx context.Context, t social.Target, it social.Item, set Settings, kind string) (string, error) {
	if len(it.Media) == 1 {
		in, err := fileOf(ctx, it.Media[0], kind)
		if err != nil {
			return "", err
		}
		if kind != typeStory { // Instagram knows no descriptions there.
			in.AltText = altOf(it.Media[0])
		}
		in.UserTags = set.tags(1, it.Media[0])
		set.onto(&in, it, kind)
		return a.container(ctx, t, in)
	}
	var children []string
	for i, m := range it.Media {
		in, err := fileOf(ctx, m, typePost)
		if err != nil {
			return "", err
		}
		in.IsCarouselItem, in.AltText, in.UserTags = true, altOf(m), set.tags(i+1, m)
		id, err := a.container(ctx, t, in)
		if err != nil {
			return "", err
		}
		children = append(children, id)
	}
	in := mediaRequest{MediaType: "CAROUSEL", Children: strings.Join(children, ",")}
	set.onto(&in, it, kind)
	return a.container(ctx, t, in)
}

// fileOf is the request for one file.
func fileOf(ctx context.Context, m social.Media, kind string) (mediaRequest, error) {
	address, err := m.Source.PublicURL(ctx)
	if err != nil {
		return mediaRequest{}, err
	}
	var in mediaRequest
	if m.Kind == domain.MediaVideo {
		in.VideoURL, in.MediaType = address, "VIDEO"
	} else {
		in.ImageURL = address
	}
	switch kind {
	case typeStory:
		in.MediaType = "STORIES"
	case kindReel:
		in.MediaType = "REELS"
	}
	return in, nil
}

func altOf(m social.Media) string {
	if m.Kind != domain.MediaImage {
		return ""
	}
	return m.Alt
}

// tags are the accounts that are seen on the file with number n. Only pictures
// know where.
func (s Settings) tags(n int, m social.Media) []userTag {
	var out []userTag
	for _, u := range s.UserTags {
		if max(u.File, 1) != n {
			continue
		}
		tag := userTag{Username: strings.TrimPrefix(u.Username, "@")}
		if m.Kind == domain.MediaImage {
			x, y := float64(u.X)/100, float64(u.Y)/100
			tag.X, tag.Y = &x, &y
		}
		out = append(out, tag)
	}
	return out
}

// onto puts what holds for the whole post into the request of its container.
func (s Settings) onto(in *mediaRequest, it social.Item, kind string) {
	in.IsAIGenerated = s.AIGenerated
	if kind == typeStory {
		return
	}
	in.Caption, in.LocationID = it.Text, s.LocationID
	for _, c := range s.Collaborators {
		in.Collaborators = append(in.Collaborators, strings.TrimPrefix(c, "@"))
	}
	if kind != kindReel {
		return
	}
	in.ThumbOffset, in.CoverURL, in.AudioName = s.ThumbOffset, s.CoverURL, s.AudioName
	if s.OnlyReels {
		in.ShareToFeed = new(bool)
	}
	switch s.Trial {
	case "manual":
		in.TrialParams = &trial{GraduationStrategy: "MANUAL"}
	case "performance":
		in.TrialParams = &trial{GraduationStrategy: "SS_PERFORMANCE"}
	}
}

func (a *account) container(ctx context.Context, t social.Target, in mediaRequest) (string, error) {
	var out created
	err := a.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: edge(t.Account, "media"), JSON: in, Out: &out,
		Reads: true, // A container that nobody publishes is gone a day later.
	})
	if err == nil && out.ID == "" {
		err = social.Errorf(social.CodeUnavailable, "Instagram did not say what became of a file.")
	}
	return out.ID, err
}

func edge(id, name string) string { return "/" + url.PathEscape(id) + "/" + name }

// Check implements social.Preparer. A container can be published once, and says
// so afterwards.
func (a *account) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.Kind == kindComment {
		return pr.pending(social.StepPublish)
	}
	var c container
	err = a.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/" + url.PathEscape(pr.Container), Query: url.Values{"fields": {"status_code,status"}}, Out: &c,
	})
	if err != nil {
		return social.Outcome{}, err
	}
	switch c.StatusCode {
	case "FINISHED":
		return pr.pending(social.StepPublish)
	case "PUBLISHED":
		return a.published(ctx, t, pr)
	case "EXPIRED":
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Message: "Instagram keeps files for a day only, so they are handed over again.", Restart: true}
	case "ERROR":
		return social.Outcome{}, a.failed(c.Status)
	}
	return pr.pending(social.StepCheck)
}

// subcode is what the state of a container names its trouble with.
var subcode = regexp.MustCompile(`\b22\d{5}\b`)

func (a *account) failed(status string) error {
	n, _ := strconv.Atoi(subcode.FindString(status)) // None is 0.
	e := a.api.Refusal(n, status)
	if e.Code == social.CodeUnavailable || e.Code == social.CodeOutcomeUnknown {
		// The container will not come back to life.
		e.Code, e.Restart = social.CodeUnavailable, true
	}
	return e
}

// Publish implements social.Provider.
func (a *account) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.Kind == kindComment {
		return a.comment(ctx, t, it)
	}
	var out created
	err = a.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: edge(t.Account, "media_publish"), JSON: map[string]string{"creation_id": pr.Container}, Out: &out,
	})
	if err != nil {
		return social.Outcome{}, err
	}
	if out.ID == "" {
		return social.Outcome{}, unnamed()
	}
	var m media
	// The post is out: without its link it is published all the same.
	_ = a.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/" + url.PathEscape(out.ID), Query: url.Values{"fields": {"permalink"}}, Out: &m})
	return social.Published(refOf(out.ID, m.Permalink, pr.Kind, t)), nil
}

// comment answers the post: on Instagram the answers to an answer are folded
// away.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-media/comments
func (a *account) comment(ctx context.Context, t social.Target, it social.Item) (social.Outcome, error) {
	root := rootOf(it)
	var out created
	err := a.call(ctx, t, rest.Request{Method: http.MethodPost, Path: edge(root.ID, "comments"), JSON: map[string]string{"message": it.Text}, Out: &out})
	if err != nil {
		return social.Outcome{}, err
	}
	if out.ID == "" {
		return social.Outcome{}, unnamed()
	}
	return social.Published(refOf(out.ID, root.URL, kindComment, t)), nil
}

// rootOf is what a comment is put on.
func rootOf(it social.Item) social.Ref {
	switch {
	case it.Root != nil:
		return *it.Root
	case it.Parent != nil:
		return *it.Parent
	}
	return social.Ref{}
}

func unnamed() error {
	return social.Errorf(social.CodeOutcomeUnknown, "Instagram did not say which post this became.")
}

// extraKind tells reels, stories and comments from posts in a Ref.
const extraKind = "kind"

// refOf is where it is; without a link it is somewhere on the account's page.
func refOf(id, link, kind string, t social.Target) social.Ref {
	if name := t.Traits[traitUsername]; link == "" && name != "" {
		link = site + "/" + name + "/"
	}
	return social.Ref{ID: id, URL: link, Extra: map[string]string{extraKind: kind}}
}
