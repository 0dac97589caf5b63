package threads

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// post is a post that is out.
type post struct {
	ID        string `json:"id"`
	Permalink string `json:"permalink"`
	Text      string `json:"text"`
	Timestamp string `json:"timestamp"`
	RepliedTo *struct {
		ID string `json:"id"`
	} `json:"replied_to"`
}

// at is when the post came out; the zero time if that cannot be read.
func (s post) at() time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if t, err := time.Parse(layout, s.Timestamp); err == nil {
			return t
		}
	}
	return time.Time{}
}

// skew is how far the clock of Threads may be behind ours.
const skew = time.Minute

// recent lists the posts, or replies, of the account since the first try.
// https://developers.facebook.com/docs/threads/retrieve-and-discover-posts/retrieve-posts
func (p *Provider) recent(ctx context.Context, t social.Target, replies bool) ([]post, error) {
	since := t.FirstTry.Add(-skew)
	path, fields := "/threads", "id,permalink,text,timestamp"
	if replies {
		path, fields = "/replies", "id,permalink,text,timestamp,replied_to"
	}
	var got struct {
		Data []post `json:"data"`
	}
	err := p.get(ctx, t, "/"+url.PathEscape(t.Account)+path, url.Values{
		"fields": {fields}, "since": {strconv.FormatInt(since.Unix(), 10)}, "limit": {"50"},
	}, &got)
	var out []post
	for _, s := range got.Data {
		if s.ID != "" && !s.at().Before(since) {
			out = append(out, s)
		}
	}
	return out, err
}

// published is the one recent post that says what was prepared; nil: none does,
// or several.
func (p *Provider) published(ctx context.Context, t social.Target, pr progress) (*social.Ref, error) {
	all, err := p.recent(ctx, t, pr.Reply)
	if err != nil {
		return nil, err
	}
	return only(all, func(s post) bool { return digest(s.Text) == pr.Text }), nil
}

// Find implements social.Finder. Files without a word could be those of any
// post: of them only Check can tell, and of a reply what it replies to.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	if it.Parent == nil && strings.TrimSpace(it.Text) == "" {
		return nil, nil
	}
	all, err := p.recent(ctx, t, it.Parent != nil)
	if err != nil {
		return nil, err
	}
	return only(all, func(s post) bool {
		if it.Parent != nil && (s.RepliedTo == nil || s.RepliedTo.ID != it.Parent.ID) {
			return false
		}
		return digest(s.Text) == digest(it.Text)
	}), nil
}

func only(all []post, fits func(post) bool) *social.Ref {
	var found []post
	for _, s := range all {
		if fits(s) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return &social.Ref{ID: found[0].ID, URL: found[0].Permalink}
}

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	var s post
	err := p.get(ctx, t, "/"+url.PathEscape(ref.ID), url.Values{"fields": {"id"}}, &s)
	if isGone(err) {
		return false, nil
	}
	return err == nil && s.ID != "", err
}

// isGone reports whether Threads says that a post is not there. It says so with
// a 400 as well.
func isGone(err error) bool {
	e, ok := errors.AsType[*social.Error](err)
	return ok && e.Code == social.CodeRejected && (e.Status == http.StatusNotFound || e.Message == goneMessage)
}

// remove takes a post away. A lost answer does no harm: it may be done again.
func (p *Provider) remove(ctx context.Context, t social.Target, ref social.Ref) error {
	return p.do(ctx, t, rest.Request{
		Method: http.MethodDelete, Path: "/" + p.cfg.Version + "/" + url.PathEscape(ref.ID), Reads: true,
		Query: url.Values{"access_token": {t.Credential.Access}},
	})
}
