package linkedin

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// skew is how far LinkedIn's clock may be behind ours.
const skew = time.Minute

// Find implements social.Finder: the one post or comment of the page since the
// first try that says the same. Files without a word could be those of any post.
// A member's token cannot read posts.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api#find-posts-by-authors
func (p *Page) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	if bare(it.Text) == "" {
		return nil, nil
	}
	since := t.FirstTry.Add(-skew).UnixMilli()
	if it.Parent != nil {
		return p.findComment(ctx, t, it, since)
	}
	var got struct {
		Elements []post `json:"elements"`
	}
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/rest/posts?author=" + escaped(p.author(t)) + "&q=author&count=50&sortBy=CREATED", Out: &got,
	}, "FINDER")
	if err != nil {
		return nil, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(got.Elements, func(e post) bool {
		return e.ID == "" || e.CreatedAt < since || e.files() != filesOf(it, set) || bare(e.Commentary) != bare(littleText(it.Text))
	})
	if len(found) != 1 {
		return nil, nil
	}
	ref := p.ref(found[0].ID, fingerprint(it.Media, set))
	return &ref, nil
}

// filesOf is how many files the post has: the picture of a link is its card's.
func filesOf(it social.Item, set Settings) int {
	if set.Link != nil {
		return 0
	}
	return len(it.Media)
}

func (p *Page) findComment(ctx context.Context, t social.Target, it social.Item, since int64) (*social.Ref, error) {
	post := postURN(*it.Root)
	var got struct {
		Elements []comment `json:"elements"`
	}
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: commentsPath(post) + "?count=100", Out: &got}, "")
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(got.Elements, func(e comment) bool {
		return e.ID == "" || e.Actor != p.author(t) || e.Created.Time < since || bare(e.Message.Text) != bare(it.Text)
	})
	if len(found) != 1 {
		return nil, nil
	}
	ref := p.commentRef(post, found[0], it.Media)
	return &ref, nil
}

// Confirm implements social.Confirmer.
func (p *Page) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	var got post
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: p.path(t, ref), Out: &got}, "")
	if e := social.AsError(err); err != nil && e.Status == http.StatusNotFound {
		return false, nil
	}
	return err == nil && (got.LifecycleState == "" || got.LifecycleState == "PUBLISHED"), err
}

// Mentions implements social.Mentioner. LinkedIn finds organizations by the name
// in their address alone, and no members.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-lookup-api
func (p *Page) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	if search == "" {
		return nil, nil
	}
	var got struct {
		Elements []organization `json:"elements"`
	}
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/rest/organizations?q=vanityName&vanityName=" + escaped(search), Out: &got,
	}, "")
	var out []social.Mention
	for _, o := range got.Elements[:min(len(got.Elements), social.MaxOptions)] {
		out = append(out, social.Mention{
			Text: mentionOf(o), Name: o.Name, Handle: "@" + o.VanityName, URL: site + "/company/" + o.VanityName,
		})
	}
	return out, err
}
