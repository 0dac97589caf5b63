package xcom

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Publish implements social.Provider.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if len(pr.Media) != len(it.Media) {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The files are not uploaded yet."}
	}
	var ids []string
	for _, m := range pr.Media {
		ids = append(ids, m.ID)
	}
	in, err := requestOf(it, ids)
	if err != nil {
		return social.Outcome{}, err
	}
	api := p.api()
	api.Rates = social.ScopeAccount
	var out data[post]
	resp, err := p.callWith(ctx, api, t, rest.Request{Method: http.MethodPost, Path: "/2/tweets", JSON: in, Out: &out})
	app := p.ofApp(ctx, resp.Header)
	if err != nil {
		e := social.AsError(err)
		if e.Code == social.CodeRateLimited && app != nil && app.Remaining == 0 {
			e.Scope, e.RetryAfter = social.ScopeApp, app.ResetAfter
		}
		return social.Outcome{}, e
	}
	if out.Data.ID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "X did not say which post this became.")
	}
	return social.Published(p.ref(t, out.Data.ID)), nil
}

func (p *Provider) ref(t social.Target, id string) social.Ref {
	return social.Ref{ID: id, URL: p.link(t.Traits[traitUsername], id)}
}

// ofApp reports what the app has left of a day, which X says beside the limits
// of the account. https://docs.x.com/x-api/fundamentals/rate-limits
func (p *Provider) ofApp(ctx context.Context, h http.Header) *social.Rate {
	left, err := strconv.Atoi(h.Get("X-App-Limit-24hour-Remaining"))
	if err != nil {
		return nil
	}
	r := social.Rate{Scope: social.ScopeApp, Remaining: left}
	r.Limit, _ = strconv.Atoi(h.Get("X-App-Limit-24hour-Limit")) // Zero: it does not say.
	if at, err := strconv.ParseInt(h.Get("X-App-Limit-24hour-Reset"), 10, 64); err == nil {
		r.ResetAfter = max(0, time.Unix(at, 0).Sub(p.deps.Now()))
	}
	social.ReportRate(ctx, r)
	return &r
}

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	s, err := p.read(ctx, t, ref, "created_at")
	if social.CodeOf(err) == social.CodeRejected {
		return false, nil
	}
	return s.ID != "", err
}

// read reads one post. CodeRejected: it is not there.
func (p *Provider) read(ctx context.Context, t social.Target, ref social.Ref, fields string) (post, error) {
	var out data[post]
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/2/tweets/" + url.PathEscape(ref.ID), Query: url.Values{"tweet.fields": {fields}}, Out: &out,
	})
	switch {
	case err != nil:
		return post{}, err
	case out.Data.ID == "" && len(out.Errors) > 0:
		return post{}, social.Errorf(social.CodeRejected, "The post is not there any more, or this account may not see it.")
	case out.Data.ID == "":
		return post{}, social.Errorf(social.CodeUnavailable, "X sent an answer that we cannot read.")
	}
	return out.Data, nil
}

// Delete implements social.Deleter.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	var out data[struct {
		Deleted *bool `json:"deleted"`
	}]
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: "/2/tweets/" + url.PathEscape(ref.ID), Reads: true, Out: &out})
	switch e := social.AsError(err); {
	case err != nil && e.Status == http.StatusNotFound:
		return nil
	case err != nil:
		return err
	case out.Data.Deleted == nil:
		return social.Errorf(social.CodeUnavailable, "X did not say whether the post is taken away.")
	case *out.Data.Deleted:
		return nil
	}
	// Either it was gone before, or it still stands.
	there, err := p.Confirm(ctx, t, ref)
	if err == nil && there {
		err = social.Errorf(social.CodeUnavailable, "X did not take the post away.")
	}
	return err
}

// Resolve implements social.Resolver. A post of X has the same id for everybody.
func (*Provider) Resolve(_ context.Context, _ social.Target, ref social.Ref) (social.Ref, error) {
	if ref.ID != "" {
		return social.Ref{ID: ref.ID, URL: ref.URL}, nil
	}
	m := status.FindStringSubmatch(ref.URL)
	if m == nil {
		return social.Ref{}, social.Errorf(social.CodeRejected, "This is not the link of a post on X.")
	}
	return social.Ref{ID: m[1], URL: ref.URL}, nil
}

// Repost implements social.Reposter. An account can repost a post only once: X
// answers a second time as the first, or says that it is one already.
func (p *Provider) Repost(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	var out data[struct {
		Retweeted *bool `json:"retweeted"`
	}]
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/2/users/" + url.PathEscape(t.Account) + "/retweets",
		JSON: map[string]string{"tweet_id": ref.ID}, Out: &out,
	})
	switch {
	case social.CodeOf(err) == social.CodeDuplicate:
		return ref, nil
	case err != nil:
		return social.Ref{}, err
	case out.Data.Retweeted == nil:
		return social.Ref{}, social.Errorf(social.CodeOutcomeUnknown, "X did not say whether the post is reposted.")
	case !*out.Data.Retweeted:
		return social.Ref{}, social.Errorf(social.CodeRejected, "X did not repost the post.")
	}
	return ref, nil
}
