package instagram

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

const (
	// skew is how far the platform's clock may be behind ours.
	skew = time.Minute
	// look is how many posts are looked through.
	look = 50
)

// recent lists what came after the first try and has the caption, newest first.
func (a *account) recent(ctx context.Context, t social.Target, name, caption string) ([]media, error) {
	all, err := graph.List[media](ctx, a.api, t.Credential.Access, edge(t.Account, name),
		url.Values{"fields": {"id,caption,permalink,timestamp"}, "limit": {"25"}}, look)
	return slices.DeleteFunc(all, func(m media) bool {
		return !m.since(t.FirstTry.Add(-skew)) || caption != "" && digest(m.Caption) != caption
	}), err
}

// published is where a container is that was published: the one post with its
// words, or the one story. A container does not tell, and where several fit any
// of them may be another's.
func (a *account) published(ctx context.Context, t social.Target, pr progress) (social.Outcome, error) {
	name, caption := "media", pr.Caption
	if pr.Kind == typeStory {
		name, caption = "stories", ""
	}
	near, err := a.recent(ctx, t, name, caption)
	if err != nil {
		return social.Outcome{}, err
	}
	switch len(near) {
	case 0:
		return social.Outcome{}, social.Errorf(social.CodeUnavailable, "Instagram has published the post, and does not list it yet.")
	case 1:
	default:
		return social.Outcome{}, social.Errorf(social.CodeUnavailable, "Instagram has published the post, and lists several that it may be.")
	}
	return social.Published(refOf(near[0].ID, near[0].Permalink, pr.Kind, t)), nil
}

// Find implements social.Finder. Of a story only Check can tell.
func (a *account) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	kind := kindOf(it, set)
	var near []media
	switch {
	case kind == typeStory || it.Text == "":
		return nil, nil
	case kind == kindComment:
		near, err = a.comments(ctx, t, it)
	default:
		near, err = a.recent(ctx, t, "media", digest(it.Text))
	}
	if err != nil || len(near) != 1 {
		return nil, err
	}
	link := near[0].Permalink
	if kind == kindComment {
		link = rootOf(it).URL
	}
	ref := refOf(near[0].ID, link, kind, t)
	return &ref, nil
}

// comments lists the account's own new comments that say the same.
func (a *account) comments(ctx context.Context, t social.Target, it social.Item) ([]media, error) {
	all, err := graph.List[media](ctx, a.api, t.Credential.Access, edge(rootOf(it).ID, "comments"),
		url.Values{"fields": {"id,text,timestamp,username"}, "limit": {"50"}}, 2*look)
	return slices.DeleteFunc(all, func(m media) bool {
		return !m.since(t.FirstTry.Add(-skew)) || m.Username != t.Traits[traitUsername] || digest(m.Text) != digest(it.Text)
	}), err
}

// Confirm implements social.Confirmer.
func (a *account) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	err := a.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/" + url.PathEscape(ref.ID), Query: url.Values{"fields": {"id"}}})
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}

// gone reports whether a post is not there.
func gone(err error) bool { return graph.Gone(err) || graph.CauseOf(err).Subcode == 2207006 }

// Delete implements social.Deleter. Posts need the permission
// instagram_manage_contents.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-media
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	err := p.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: "/" + url.PathEscape(ref.ID)})
	if gone(err) {
		return nil
	}
	return err
}
