package bluesky

import (
	"context"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Repost implements social.Reposter. A repost is a record like a post, with a
// key of ours, so the same call made again changes nothing.
func (p *Provider) Repost(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	subject := strongRef{URI: ref.ID, CID: ref.Extra[extraCID]}
	if subject.CID == "" {
		found, err := p.lookUp(ctx, t, ref)
		if err != nil {
			return social.Ref{}, err
		}
		subject = found
	}
	var out strongRef
	record := repost{Type: feedRepost, Subject: subject, CreatedAt: timeOf(t)}
	if err := p.put(ctx, t, feedRepost, rkeyOf(t.Key, t.FirstTry), record, &out); err != nil {
		return social.Ref{}, err
	}
	if out.URI == "" || out.CID == "" {
		return social.Ref{}, social.Errorf(social.CodeOutcomeUnknown, "The server sent an answer that we cannot read.")
	}
	return social.Ref{ID: out.URI, URL: ref.URL, Extra: map[string]string{extraCID: out.CID}}, nil
}

// Metrics implements social.Meter. The account's server passes the question on
// to the application that counts.
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	at, ok := locate(ref)
	if !ok {
		return nil, notAPost()
	}
	var out struct {
		Posts []postView `json:"posts"`
	}
	_, err := p.call(ctx, p.host(t), getPosts, rest.Request{
		Method: http.MethodGet, Bearer: t.Credential.Access, Out: &out,
		Query: url.Values{"uris": {"at://" + at.repo + "/" + at.collection + "/" + at.rkey}},
	})
	if err != nil {
		return nil, err
	}
	if out.Posts == nil {
		return nil, social.Errorf(social.CodeUnavailable, "The server sent an answer that we cannot read.")
	}
	if len(out.Posts) == 0 {
		return nil, goneAfter()
	}
	return out.Posts[0].metrics(), nil
}

// metrics are the numbers that the application tells. It counts no views.
func (v postView) metrics() social.Metrics {
	out := social.Metrics{}
	for m, n := range map[social.Metric]*int64{
		social.MetricLikes: v.Likes, social.MetricReposts: v.Reposts, social.MetricReplies: v.Replies,
		social.MetricQuotes: v.Quotes, social.MetricBookmarks: v.Bookmarks,
	} {
		if n != nil && *n >= 0 {
			out[m] = *n
		}
	}
	return out
}

// Resolve implements social.Resolver. An at:// address is the same for every
// account; what may be missing is the version of the record that replies and
// reposts name, and its whole address where only a link is known.
func (p *Provider) Resolve(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	found, err := p.lookUp(ctx, t, ref)
	if err != nil {
		return social.Ref{}, err
	}
	out := social.Ref{ID: found.URI, URL: ref.URL, Extra: map[string]string{extraCID: found.CID}}
	if at, ok := locate(social.Ref{ID: found.URI}); ok && out.URL == "" {
		out.URL = appURL + "/profile/" + at.repo + "/post/" + at.rkey
	}
	return out, nil
}

// lookUp reads where a post is and which version of it there is.
func (p *Provider) lookUp(ctx context.Context, t social.Target, ref social.Ref) (strongRef, error) {
	at, ok := locate(ref)
	if !ok {
		return strongRef{}, notAPost()
	}
	found, err := p.read(ctx, t, at)
	switch {
	case err != nil:
		return strongRef{}, err
	case found == nil:
		return strongRef{}, goneAfter()
	case found.URI == "" || found.CID == "":
		return strongRef{}, social.Errorf(social.CodeUnavailable, "The server sent an answer that we cannot read.")
	}
	return *found, nil
}

func notAPost() error {
	return social.Errorf(social.CodeRejected, "This is not the address of a Bluesky post.")
}

func goneAfter() error {
	return social.Errorf(social.CodeRejected, "The post is not there any more.")
}
