package mastodon

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Repost implements social.Reposter. On Mastodon an account can boost a post
// only once: asked again it answers with the boost there is. Of other servers
// that is not known, so a repeated call looks first.
// https://docs.joinmastodon.org/methods/statuses/#boost
func (p *Provider) Repost(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	if p.again(t) {
		s, err := p.status(ctx, t, ref)
		if err != nil || s.Reblogged {
			return social.Ref{ID: ref.ID, URL: ref.URL}, err
		}
	}
	var out status
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: statusPath(ref.ID) + "/reblog", Out: &out})
	if err != nil {
		return social.Ref{}, missing(err)
	}
	if out.ID == "" {
		return social.Ref{}, social.Errorf(social.CodeOutcomeUnknown, "The server did not say which boost this became.")
	}
	return social.Ref{ID: string(out.ID), URL: linkOf(out)}, nil
}

// again reports whether this may be a repeated call to a server that is not
// known to take it only once.
func (p *Provider) again(t social.Target) bool {
	return !t.FirstTry.IsZero() && p.deps.Now().Sub(t.FirstTry) > time.Second && t.Traits[traitSoftware] != "mastodon"
}

// Metrics implements social.Meter. The numbers are those that the account's own
// server has heard of; a server counts no views. Quotes came with Mastodon 4.5.
// https://docs.joinmastodon.org/entities/Status/#favourites_count
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	s, err := p.status(ctx, t, ref)
	if err != nil {
		return nil, err
	}
	out := social.Metrics{}
	for m, n := range map[social.Metric]*int64{
		social.MetricLikes: s.Favourites, social.MetricReposts: s.Reblogs,
		social.MetricReplies: s.Replies, social.MetricQuotes: s.Quotes,
	} {
		if n != nil && *n >= 0 {
			out[m] = *n
		}
	}
	return out, nil
}

// Resolve implements social.Resolver. Every server has its own id for a post;
// one that does not have the post yet fetches it by its link.
// https://docs.joinmastodon.org/methods/search/#v2
func (p *Provider) Resolve(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	link, err := url.Parse(ref.URL)
	if err != nil || link.Host == "" {
		return social.Ref{}, social.Errorf(social.CodeRejected, "This is not the link of a post.")
	}
	if err := rest.Over(ctx); err != nil {
		return social.Ref{}, err
	}
	host, _, _ := strings.Cut(t.Account, "/")
	if strings.EqualFold(link.Host, host) && !strings.Contains(ref.ID, "/") {
		return social.Ref{ID: ref.ID, URL: ref.URL}, nil // Accounts of one server share its ids.
	}
	var found struct {
		Statuses []status `json:"statuses"`
	}
	_, err = p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/api/v2/search", Out: &found,
		Query: url.Values{"q": {ref.URL}, "type": {"statuses"}, "resolve": {"true"}, "limit": {"5"}},
	})
	if err != nil {
		return social.Ref{}, err
	}
	i := slices.IndexFunc(found.Statuses, func(s status) bool { return s.ID != "" && (samePost(link, s.URL) || samePost(link, s.URI)) })
	if i < 0 {
		return social.Ref{}, social.Errorf(social.CodeUnavailable, "The server of this account does not see the post yet.")
	}
	return social.Ref{ID: string(found.Statuses[i].ID), URL: linkOf(found.Statuses[i])}, nil
}

// samePost reports whether an address is the post that link leads to, however
// the server spells its path. A search may also find posts that speak of it.
func samePost(link *url.URL, address string) bool {
	u, err := url.Parse(address)
	return err == nil && strings.EqualFold(u.Host, link.Host) && path.Base(u.Path) == path.Base(link.Path)
}

// status reads one post.
func (p *Provider) status(ctx context.Context, t social.Target, ref social.Ref) (status, error) {
	var s status
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: statusPath(ref.ID), Out: &s})
	if err == nil && s.ID == "" {
		err = social.Errorf(social.CodeUnavailable, "The server sent an answer that we cannot read.")
	}
	return s, missing(err)
}

// missing explains a post that is not there.
func missing(err error) error {
	if err == nil {
		return nil
	}
	e := social.AsError(err)
	if e.Status == http.StatusNotFound || e.Status == http.StatusGone {
		e.Code, e.Message = social.CodeRejected, "The post is not there any more, or this account may not see it."
	}
	return e
}
