package googlebusiness

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// progress is what a Cursor of this provider holds once Google took the post.
type progress struct {
	Name  string `json:"name"`
	Print string `json:"print"`
}

// extraPrint tells whether something of a post differs that cannot be changed.
// It is stored and never changes.
const extraPrint = "print"

// reading is how long to leave Google alone with a post that it reads.
const reading = 30 * time.Second

// States of a post.
const (
	stateLive     = "LIVE"
	stateRejected = "REJECTED"
)

// Prepare implements social.Preparer. Google fetches the photo by itself once
// there is a post, so there is nothing to do before.
func (*Provider) Prepare(ctx context.Context, _ social.Target, _ social.Item) (social.Cursor, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	return social.Cursor{Next: social.StepPublish}, nil
}

// Publish implements social.Provider. A post that Google took is not out yet: it
// is read first.
// https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts/create
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	in, set, err := postOf(it)
	if err != nil {
		return social.Outcome{}, err
	}
	for _, m := range it.Media {
		address, err := m.Source.PublicURL(ctx)
		if err != nil {
			return social.Outcome{}, err
		}
		in.Media = append(in.Media, attached{Format: "PHOTO", SourceURL: address})
	}
	var out localPost
	if err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: postsOf(t), JSON: in, Out: &out}); err != nil {
		return social.Outcome{}, err
	}
	if out.Name == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Google did not say which post this became.")
	}
	return reached(out, progress{Name: out.Name, Print: printOf(it, set)})
}

func postsOf(t social.Target) string { return "/v4/" + t.Account + "/localPosts" }

// reached is how far Google is with a post.
func reached(s localPost, pr progress) (social.Outcome, error) {
	switch s.State {
	case stateLive:
		return social.Published(social.Ref{ID: pr.Name, URL: s.SearchURL, Extra: map[string]string{extraPrint: pr.Print}}), nil
	case stateRejected:
		return social.Outcome{}, social.Errorf(social.CodeRejected, "Google has read the post and does not show it: it breaks a rule for posts. Often that is a phone number in the text, or an unfit photo.")
	}
	raw, err := json.Marshal(pr)
	if err != nil {
		return social.Outcome{}, &social.Error{Code: social.CodeOutcomeUnknown, Message: "The progress of this post cannot be kept.", Err: err}
	}
	return social.Pending(social.Cursor{Next: social.StepCheck, State: raw, After: reading}), nil
}

// Check implements social.Preparer. Before Publish there is nothing to check.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if len(at.State) == 0 {
		if err := rest.Over(ctx); err != nil {
			return social.Outcome{}, err
		}
		return social.Pending(social.Cursor{Next: social.StepPublish}), nil
	}
	var pr progress
	if json.Unmarshal(at.State, &pr) != nil || pr.Name == "" {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "The progress of this post cannot be read. Please look at the profile before you try again.")
	}
	s, err := p.read(ctx, t, pr.Name)
	if err != nil {
		return social.Outcome{}, err
	}
	return reached(s, pr)
}

// read reads one post.
func (p *Provider) read(ctx context.Context, t social.Target, name string) (localPost, error) {
	var out localPost
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/v4/" + name, Out: &out})
	if err == nil && out.Name == "" {
		err = social.Errorf(social.CodeUnavailable, "Google did not say how far it is.")
	}
	return out, err
}

// printOf is the same for posts that an edit can turn into each other.
func printOf(it social.Item, set Settings) string {
	return upload.Print(set.topic()+"\n", it.Media)
}
