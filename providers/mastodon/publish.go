package mastodon

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// progress is what a Cursor of this provider holds.
type progress struct {
	// Media are the ids of the uploads, in the order of the item.
	Media []string `json:"media"`
	// Pending are those of them that the server is still working on.
	Pending []string `json:"pending,omitempty"`
}

// processing is how long to leave the server alone with a file.
const processing = 5 * time.Second

// cursor waits for a look at what is pending, or is ready to publish.
func (pr progress) cursor() (social.Cursor, error) {
	if len(pr.Media) == 0 {
		return social.Cursor{Next: social.StepPublish}, nil
	}
	raw, err := json.Marshal(pr)
	if err != nil || len(raw) > social.MaxCursorBytes {
		return social.Cursor{}, &social.Error{Code: social.CodeUnsupported, Message: "There are too many files on this post.", Err: err}
	}
	if len(pr.Pending) > 0 {
		return social.Cursor{Next: social.StepCheck, State: raw, After: processing}, nil
	}
	return social.Cursor{Next: social.StepPublish, State: raw}, nil
}

func progressOf(at social.Cursor) (progress, error) {
	var pr progress
	if len(at.State) == 0 {
		return pr, nil
	}
	if err := json.Unmarshal(at.State, &pr); err != nil {
		return pr, &social.Error{Code: social.CodeRejected, Message: "The progress of this post cannot be read. Try it again.", Err: err}
	}
	return pr, nil
}

// Prepare implements social.Preparer.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	var pr progress
	for _, m := range it.Media {
		id, ready, err := p.upload(ctx, t, m)
		if err != nil {
			return social.Cursor{}, err
		}
		pr.Media = append(pr.Media, id)
		if !ready {
			pr.Pending = append(pr.Pending, id)
		}
	}
	return pr.cursor()
}

// Check implements social.Preparer. With nothing pending it is asked whether a
// Publish took effect: an upload is on one post at most, so a post that has it
// is ours. Without media only Find can tell.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if len(pr.Media) > 0 && len(pr.Pending) == 0 {
		s, err := p.withUploads(ctx, t, pr.Media)
		if err != nil || s != nil {
			return published(s, nil), err
		}
	}
	var pending []string
	for _, id := range pr.Pending {
		ready, err := p.processed(ctx, t, id)
		if err != nil {
			return social.Outcome{}, err
		}
		if !ready {
			pending = append(pending, id)
		}
	}
	pr.Pending = pending
	next, err := pr.cursor()
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Pending(next), nil
}

// Publish implements social.Provider.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if len(pr.Media) != len(it.Media) {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "The files of this post were not uploaded. Try it again.")
	}
	in, err := requestOf(it, pr.Media)
	if err != nil {
		return social.Outcome{}, err
	}
	if s, err := p.before(ctx, t, it); err != nil || s != nil {
		return published(s, it.Media), err
	}
	var out status
	_, err = p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/api/v1/statuses", JSON: in, Out: &out,
		Header: http.Header{"Idempotency-Key": {t.Key}},
	})
	if err != nil {
		return social.Outcome{}, explain(err, it)
	}
	if out.ID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "The server did not say which post this became.")
	}
	return published(&out, it.Media), nil
}

func requestOf(it social.Item, media []string) (statusRequest, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return statusRequest{}, err
	}
	in := statusRequest{
		Status: it.Text, MediaIDs: media, Poll: set.request(it),
		Sensitive: set.Sensitive, SpoilerText: set.SpoilerText,
		Visibility: set.Visibility, Language: set.Language, QuotePolicy: set.QuotePolicy,
	}
	if it.Parent != nil {
		in.InReplyToID = it.Parent.ID
	}
	return in, nil
}

// explain adds to a refusal what only the item tells.
func explain(err error, it social.Item) error {
	e := social.AsError(err)
	switch {
	case e.Status == http.StatusNotFound && it.Parent != nil:
		e.Message = "The post that this one answers is not there any more."
	case e.Code == social.CodeUnavailable && e.Status == http.StatusUnprocessableEntity && e.RetryAfter == 0:
		e.RetryAfter = processing
	}
	return e
}

// before looks for the item on servers that are not known to keep the promise
// of Descriptor.Dedupe, if this is not the first call for it. A post that is
// found is ours; one that may be ours is for a person to judge.
func (p *Provider) before(ctx context.Context, t social.Target, it social.Item) (*status, error) {
	if !p.again(t) {
		return nil, nil
	}
	near, err := p.siblings(ctx, t, it.Parent)
	if err != nil {
		return nil, err
	}
	if s := only(near, it); s != nil {
		return s, nil
	}
	if slices.ContainsFunc(near, func(s status) bool { return resembles(s, it) }) {
		return nil, social.Errorf(social.CodeOutcomeUnknown,
			"This post may be out already: there is one much like it, and this server cannot be relied on to take a post only once.")
	}
	return nil, nil
}

// published makes an Outcome of a post; nil gives the zero Outcome.
func published(s *status, media []social.Media) social.Outcome {
	if s == nil {
		return social.Outcome{}
	}
	return social.Published(refOf(*s, media))
}
