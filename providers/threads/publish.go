package threads

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// progress is what a Cursor of this provider holds.
type progress struct {
	// Children are the files of a carousel, as long as it has no container.
	Children []string `json:"children,omitempty"`
	// Form is what the container of a carousel is made of.
	Form url.Values `json:"form,omitempty"`
	// Container is the post before it is out.
	Container string `json:"container,omitempty"`
	// Text tells the post in a list, and Reply that it is in the list of replies.
	Text  string `json:"text"`
	Reply bool   `json:"reply,omitempty"`
}

// working is how long to leave Threads alone with a file.
// https://developers.facebook.com/docs/threads/posts
const working = 30 * time.Second

func (pr progress) cursor(next social.Step, after time.Duration) (social.Cursor, error) {
	raw, err := json.Marshal(pr)
	if err != nil || len(raw) > social.MaxCursorBytes {
		return social.Cursor{}, &social.Error{Code: social.CodeUnsupported, Message: "There is too much on this post.", Err: err}
	}
	return social.Cursor{Next: next, State: raw, After: after}, nil
}

func progressOf(at social.Cursor) (progress, error) {
	var pr progress
	if err := json.Unmarshal(at.State, &pr); err != nil || pr.Container == "" && len(pr.Children) == 0 {
		return pr, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The progress of this post cannot be read.", Err: err}
	}
	return pr, nil
}

// Prepare implements social.Preparer. A container is seen by nobody, and is gone
// a day later.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	form, err := containerOf(it)
	if err != nil {
		return social.Cursor{}, err
	}
	if err := p.quota(ctx, t, it.Parent != nil); err != nil {
		return social.Cursor{}, err
	}
	pr := progress{Text: digest(it.Text), Reply: it.Parent != nil}
	if len(it.Media) > 1 {
		return p.prepareCarousel(ctx, t, it, form, pr)
	}
	if len(it.Media) == 0 {
		form.Set("media_type", "TEXT")
		pr.Container, err = p.container(ctx, t, form)
		if err != nil {
			return social.Cursor{}, err
		}
		return pr.cursor(social.StepPublish, 0)
	}
	address, err := it.Media[0].Source.PublicURL(ctx)
	if err != nil {
		return social.Cursor{}, err
	}
	fileOf(form, it.Media[0], address)
	pr.Container, err = p.container(ctx, t, form)
	if err != nil {
		return social.Cursor{}, err
	}
	return pr.cursor(social.StepCheck, working)
}

// prepareCarousel makes a container for every file. The one of the carousel can
// be made only when they are done: see Check.
func (p *Provider) prepareCarousel(ctx context.Context, t social.Target, it social.Item, form url.Values, pr progress) (social.Cursor, error) {
	for _, m := range it.Media {
		address, err := m.Source.PublicURL(ctx)
		if err != nil {
			return social.Cursor{}, err
		}
		child := url.Values{"is_carousel_item": {"true"}}
		fileOf(child, m, address)
		id, err := p.container(ctx, t, child)
		if err != nil {
			return social.Cursor{}, err
		}
		pr.Children = append(pr.Children, id)
	}
	form.Set("media_type", "CAROUSEL")
	pr.Form = form
	return pr.cursor(social.StepCheck, working)
}

// container makes a container.
func (p *Provider) container(ctx context.Context, t social.Target, form url.Values) (string, error) {
	var out struct {
		ID string `json:"id"`
	}
	err := p.post(ctx, t, "/"+url.PathEscape(t.Account)+"/threads", form, true, &out)
	if err == nil && out.ID == "" {
		err = social.Errorf(social.CodeUnavailable, "Threads did not say what became of the draft of this post.")
	}
	return out.ID, err
}

// quota stops what Threads would refuse, because the posts or replies of 24 hours
// are used up.
func (p *Provider) quota(ctx context.Context, t social.Target, reply bool) error {
	type config struct {
		Total int `json:"quota_total"`
	}
	var got struct {
		Data []struct {
			Usage       *int   `json:"quota_usage"`
			Config      config `json:"config"`
			ReplyUsage  *int   `json:"reply_quota_usage"`
			ReplyConfig config `json:"reply_config"`
		} `json:"data"`
	}
	err := p.get(ctx, t, "/"+url.PathEscape(t.Account)+"/threads_publishing_limit",
		url.Values{"fields": {"quota_usage,config,reply_quota_usage,reply_config"}}, &got)
	if err != nil {
		return err
	}
	if len(got.Data) == 0 {
		return nil
	}
	used, total := got.Data[0].Usage, got.Data[0].Config.Total
	if reply {
		used, total = got.Data[0].ReplyUsage, got.Data[0].ReplyConfig.Total
	}
	if used == nil || total <= 0 {
		return nil
	}
	if *used >= total {
		return &social.Error{
			Code: social.CodeQuota, RetryAfter: time.Hour, Message: "This account has published all that Threads allows in 24 hours.",
		}
	}
	return nil
}

// Check implements social.Preparer. It makes the container of a carousel, of
// which the public sees nothing, and which may be made again.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.Container == "" {
		return p.checkChildren(ctx, t, pr)
	}
	state, err := p.state(ctx, t, pr.Container)
	if err != nil {
		return social.Outcome{}, err
	}
	switch state {
	case "FINISHED":
		return pending(pr.cursor(social.StepPublish, 0))
	case "PUBLISHED":
		ref, err := p.published(ctx, t, pr)
		if err == nil && ref == nil {
			err = social.Errorf(social.CodeUnavailable, "The post is out, but Threads does not list it yet.")
		}
		return social.Outcome{Ref: ref}, err
	}
	return pending(pr.cursor(social.StepCheck, working))
}

func pending(c social.Cursor, err error) (social.Outcome, error) {
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Pending(c), nil
}

func (p *Provider) checkChildren(ctx context.Context, t social.Target, pr progress) (social.Outcome, error) {
	for _, id := range pr.Children {
		state, err := p.state(ctx, t, id)
		if err != nil {
			return social.Outcome{}, err
		}
		if state != "FINISHED" {
			return pending(pr.cursor(social.StepCheck, working))
		}
	}
	form := url.Values{"children": {strings.Join(pr.Children, ",")}}
	for k, v := range pr.Form {
		form[k] = v
	}
	id, err := p.container(ctx, t, form)
	if err != nil {
		return social.Outcome{}, err
	}
	pr.Container, pr.Children, pr.Form = id, nil, nil
	return pending(pr.cursor(social.StepCheck, working/10))
}

// state is how far Threads is with a container.
func (p *Provider) state(ctx context.Context, t social.Target, id string) (string, error) {
	var got struct {
		Status string `json:"status"`
		Why    string `json:"error_message"`
	}
	if err := p.get(ctx, t, "/"+url.PathEscape(id), url.Values{"fields": {"status,error_message"}}, &got); err != nil {
		return "", err
	}
	switch got.Status {
	case "FINISHED", "PUBLISHED", "IN_PROGRESS":
		return got.Status, nil
	case "EXPIRED":
		return "", &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "Threads does not have the draft of this post any more. It is made again."}
	case "ERROR":
		return "", social.Errorf(social.CodeRejected, "%s", unusable(got.Why))
	}
	return "", social.Errorf(social.CodeUnavailable, "Threads did not say what became of the draft of this post.")
}

// unusable explains why Threads cannot make use of a file. The names are those
// of the documentation, with its spelling.
// https://developers.facebook.com/docs/threads/troubleshooting#publishing-does-not-return-a-media-id
func unusable(why string) string {
	switch why {
	case "FAILED_DOWNLOADING_VIDEO":
		return "Threads could not fetch a file of this post from this server."
	case "INVALID_ASPEC_RATIO", "INVALID_ASPECT_RATIO":
		return "Threads does not take a file of this shape."
	case "INVALID_DURATION":
		return "Threads does not take a video of this length."
	case "INVALID_FRAME_RATE":
		return "Threads does not take a video with so many, or so few, pictures in a second."
	}
	return "Threads could not make use of a file of this post."
}

// Publish implements social.Provider. A container can be published once.
func (p *Provider) Publish(ctx context.Context, t social.Target, _ social.Item, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.Container == "" {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The draft of this post is not made yet."}
	}
	var out struct {
		ID string `json:"id"`
	}
	err = p.post(ctx, t, "/"+url.PathEscape(t.Account)+"/threads_publish", url.Values{"creation_id": {pr.Container}}, false, &out)
	if err != nil {
		return social.Outcome{}, err
	}
	if out.ID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Threads did not say which post this became.")
	}
	ref := social.Ref{ID: out.ID}
	// The post is out: that its link cannot be had changes nothing.
	var s post
	if p.get(ctx, t, "/"+url.PathEscape(out.ID), url.Values{"fields": {"id,permalink"}}, &s) == nil {
		ref.URL = s.Permalink
	}
	return social.Published(ref), nil
}

// Delete implements social.Deleter.
// https://developers.facebook.com/docs/threads/posts/delete-posts
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	err := p.remove(ctx, t, ref)
	if isGone(err) {
		return nil
	}
	return err
}

// digest tells texts apart without keeping them.
func digest(s string) string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(s), " ")))
	return hex.EncodeToString(sum[:8])
}
