package tiktok

import (
	"context"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// How far a post is.
// https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
const (
	statusUploading = "PROCESSING_UPLOAD"
	statusInbox     = "SEND_TO_USER_INBOX"
	statusComplete  = "PUBLISH_COMPLETE"
	statusFailed    = "FAILED"
)

// extraPublish is in the Ref of a post that had no number when it was published:
// what to ask TikTok for it with. It never changes.
const extraPublish = "publish_id"

func (p *Provider) status(ctx context.Context, t social.Target, pr progress) (status, error) {
	var out status
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/v2/post/publish/status/fetch/", JSON: map[string]string{"publish_id": pr.ID}, Reads: true,
	}, &out)
	return out, err
}

// Check implements social.Preparer.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.ID == "" {
		return pr.pending(social.StepPublish) // Photos, of which TikTok told us nothing.
	}
	s, err := p.status(ctx, t, pr)
	if err != nil {
		return social.Outcome{}, err
	}
	switch s.Status {
	case statusFailed:
		return social.Outcome{}, failed(s.FailReason)
	case statusInbox:
		// The owner goes on in the app; more will not be heard of it.
		return social.Published(pr.ref(t, "")), nil
	case statusComplete:
		if len(s.Posts) > 0 {
			return social.Published(pr.ref(t, s.Posts[0].String())), nil
		}
		if pr.Asked++; pr.Hidden || pr.Asked > patience {
			return social.Published(pr.ref(t, "")), nil
		}
	}
	return pr.pending(social.StepCheck)
}

// ref is where people see a post. One without a number is somewhere on the page
// of the account.
func (pr progress) ref(t social.Target, id string) social.Ref {
	page := profile(t.Traits[traitUsername])
	switch {
	case id == "":
		return social.Ref{ID: pr.ID, URL: page, Extra: map[string]string{extraPublish: pr.ID}}
	case pr.Photos:
		return social.Ref{ID: id, URL: page + "/photo/" + url.PathEscape(id)}
	}
	return social.Ref{ID: id, URL: page + "/video/" + url.PathEscape(id)}
}
