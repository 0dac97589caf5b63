package googlebusiness

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

// Find implements social.Finder. It looks for the one post since the first try
// that says the same. While Google reads that post, nobody can tell whether it
// will be shown: CodeUnavailable.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	want, set, err := postOf(it)
	if err != nil {
		return nil, err
	}
	var out listing
	if err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: postsOf(t), Query: url.Values{"pageSize": {"100"}}, Out: &out}); err != nil {
		return nil, err
	}
	same := slices.DeleteFunc(out.Posts, func(s localPost) bool {
		late := s.Created != nil && !s.Created.Before(t.FirstTry.Add(-skew))
		return !late || s.State == stateRejected || len(s.Media) != len(it.Media) || !want.says(s)
	})
	if len(same) != 1 {
		return nil, nil
	}
	if same[0].State != stateLive {
		return nil, social.Errorf(social.CodeUnavailable, "Google is reading the post before it shows it.")
	}
	return &social.Ref{ID: same[0].Name, URL: same[0].SearchURL, Extra: map[string]string{extraPrint: printOf(it, set)}}, nil
}

// says reports whether s is what became of want.
func (want localPost) says(s localPost) bool {
	title := func(e *event) string {
		if e == nil {
			return ""
		}
		return words(e.Title)
	}
	return s.Topic == want.Topic && words(s.Summary) == words(want.Summary) && title(s.Event) == title(want.Event)
}

// words is a text without the blanks that Google may clean up.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	s, err := p.read(ctx, t, ref.ID)
	if gone(err) {
		return false, nil
	}
	return s.State == stateLive, err
}

// Edit implements social.Editor. Google reads a changed post anew. What is not in
// the item any more is taken away.
// https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts/patch
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	in, set, err := postOf(it)
	if err != nil {
		return social.Ref{}, err
	}
	if ref.Extra[extraPrint] != printOf(it, set) {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "On Google neither the photo of a post nor what kind of post it is can be changed. Delete the post and publish it anew.")
	}
	mask := "summary,callToAction"
	switch set.topic() {
	case topicEvent:
		mask += ",event"
	case topicOffer:
		mask = "summary,event,offer"
	}
	if in.Language != "" {
		mask += ",languageCode"
	}
	in.Topic = ""
	var out localPost
	if err := p.call(ctx, t, rest.Request{
		Method: http.MethodPatch, Path: "/v4/" + ref.ID, Query: url.Values{"updateMask": {mask}}, JSON: in, Out: &out,
	}); err != nil {
		return social.Ref{}, err
	}
	if out.State == stateRejected {
		_, err := reached(out, progress{})
		return social.Ref{}, err
	}
	if out.SearchURL != "" {
		ref.URL = out.SearchURL
	}
	return ref, nil
}

// Delete implements social.Deleter.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	err := p.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: "/v4/" + ref.ID})
	if gone(err) {
		return nil
	}
	return err
}

// gone reports that there is no such post.
func gone(err error) bool { return err != nil && social.AsError(err).Status == http.StatusNotFound }
