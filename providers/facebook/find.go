package facebook

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

const (
	// skew is how far the platform's clock may be behind ours.
	skew = time.Minute
	// look is how many posts are looked through.
	look = 100
)

// Find implements social.Finder. It compares what an author can see; of a story
// only Check can tell.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	if it.Text == "" || set.kind() == typeStory {
		return nil, nil
	}
	all, err := p.candidates(ctx, t, it)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s post) bool { return !says(s, it) || it.Parent != nil && s.From.ID != t.Account })
	if len(all) != 1 {
		return nil, nil
	}
	ref := refOf(all[0].ID, all[0].PermalinkURL, printOf(it, set))
	if isVideo(it) {
		ref.Extra[extraKind] = "video"
	}
	return &ref, nil
}

// candidates lists what came after the first try where it would be.
func (p *Provider) candidates(ctx context.Context, t social.Target, it social.Item) ([]post, error) {
	switch {
	case it.Parent != nil:
		return p.recent(ctx, t, edge(rootOf(it), "comments"), "id,message,created_time,permalink_url,from{id}")
	case isVideo(it):
		return p.recent(ctx, t, edge(t.Account, "videos"), "id,description,created_time,permalink_url")
	}
	return p.recent(ctx, t, edge(t.Account, "published_posts"), postFields)
}

// says reports whether s may be what became of it.
func says(s post, it social.Item) bool {
	text := s.Message
	if isVideo(it) {
		text = s.Description
	} else if it.Parent == nil && len(it.Media) > 0 && len(s.targets()) != len(it.Media) {
		return false
	}
	return words(text) == words(it.Text)
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

const postFields = "id,message,created_time,permalink_url,attachments{target{id},subattachments.limit(20){target{id}}}"

// recent lists what came after the first try.
func (p *Provider) recent(ctx context.Context, t social.Target, path, fields string) ([]post, error) {
	then := t.FirstTry.Add(-skew)
	q := url.Values{"fields": {fields}, "limit": {"50"}, "since": {strconv.FormatInt(then.Unix(), 10)}}
	if strings.HasSuffix(path, "/comments") {
		q.Set("order", "reverse_chronological")
	}
	all, err := graph.List[post](ctx, p.api(), t.Credential.Access, path, q, look)
	return slices.DeleteFunc(all, func(s post) bool { return !s.since(then) }), err
}

// withPhotos is the post that has all of the pictures; nil if there is none.
func (p *Provider) withPhotos(ctx context.Context, t social.Target, pr progress) (*social.Ref, error) {
	all, err := p.recent(ctx, t, edge(t.Account, "published_posts"), postFields)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		targets := s.targets()
		missing := func(id string) bool { return !slices.Contains(targets, id) }
		if !slices.ContainsFunc(pr.Photos, missing) {
			ref := refOf(s.ID, s.PermalinkURL, pr.Print)
			return &ref, nil
		}
	}
	return nil, nil
}

// story is the story that matches; nil if there is none.
// https://developers.facebook.com/docs/page-stories-api
func (p *Provider) story(ctx context.Context, t social.Target, match func(story) bool) (*social.Ref, error) {
	all, err := graph.List[story](ctx, p.api(), t.Credential.Access, edge(t.Account, "stories"), url.Values{"limit": {"50"}}, look)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, match)
	if i < 0 || all[i].PostID == "" {
		return nil, nil
	}
	ref := storyRef(all[i].PostID, all[i].URL)
	return &ref, nil
}

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	if ref.Extra[extraKind] == typeStory {
		s, err := p.story(ctx, t, func(s story) bool { return s.PostID == ref.ID })
		return s != nil, err
	}
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/" + url.PathEscape(ref.ID), Query: url.Values{"fields": {"id"}}})
	if graph.Gone(err) {
		return false, nil
	}
	return err == nil, err
}

// Edit implements social.Editor. Only the text can be changed.
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	if ref.Extra[extraKind] == typeStory {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "A story on Facebook cannot be changed.")
	}
	if was := ref.Extra[extraPrint]; was != "" && was != printOf(it, set) {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "On Facebook only the text of a post can be changed, not its files, its link, its title or its background. Delete the post and publish it anew.")
	}
	name := "message"
	if ref.Extra[extraKind] == "video" {
		name = "description"
	}
	var out struct {
		Success bool `json:"success"`
	}
	err = p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: "/" + url.PathEscape(ref.ID), JSON: map[string]string{name: it.Text}, Out: &out})
	if err == nil && !out.Success {
		err = social.Errorf(social.CodeUnavailable, "Facebook did not say whether the post was changed.")
	}
	if err != nil {
		return social.Ref{}, err
	}
	return ref, nil
}

// Delete implements social.Deleter.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	err := p.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: "/" + url.PathEscape(ref.ID)})
	if graph.Gone(err) {
		return nil
	}
	return err
}
