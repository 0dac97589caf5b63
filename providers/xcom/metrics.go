package xcom

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

// Metrics implements social.Meter. https://docs.x.com/x-api/fundamentals/metrics
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	s, err := p.read(ctx, t, ref, "public_metrics")
	if err != nil {
		return nil, err
	}
	n := s.PublicMetrics
	if n.Retweets == nil {
		n.Retweets = n.Reposts
	}
	out := social.Metrics{}
	for m, v := range map[social.Metric]*int64{
		social.MetricViews: n.Impressions, social.MetricLikes: n.Likes, social.MetricReplies: n.Replies,
		social.MetricReposts: n.Retweets, social.MetricQuotes: n.Quotes, social.MetricBookmarks: n.Bookmarks,
	} {
		if v != nil && *v >= 0 {
			out[m] = *v
		}
	}
	return out, nil
}

// AccountMetrics implements social.AccountMeter: how many followers there are
// today, and what happened on each day to the latest hundred posts. X tells the
// latter not to every app; then they are missing.
// https://docs.x.com/x-api/posts/get-post-analytics
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	me, err := p.me(ctx, t)
	if err != nil {
		return nil, err
	}
	out := social.Series{}
	if today, in := period.Today(p.deps.Now()); in {
		out.Add(social.MetricFollowers, today, me.PublicMetrics.Followers)
	}
	ids, err := p.latest(ctx, t, period)
	if err != nil || len(ids) == 0 {
		return out, err
	}
	var got data[[]analytics]
	_, err = p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/2/tweets/analytics", Out: &got,
		Query: url.Values{
			"ids": {strings.Join(ids, ",")}, "granularity": {"daily"}, "analytics.fields": {"id,timestamped_metrics"},
			"start_time": {period.From.UTC().Format(time.RFC3339)}, "end_time": {period.To.UTC().Format(time.RFC3339)},
		},
	})
	if e := social.AsError(err); err != nil {
		if e.Status == http.StatusForbidden {
			return out, nil
		}
		return nil, err
	}
	sum(out, got.Data)
	return out, nil
}

// latest are the ids of the newest posts before the period's end.
func (p *Provider) latest(ctx context.Context, t social.Target, period social.Period) ([]string, error) {
	q := url.Values{"max_results": {"100"}, "exclude": {"retweets"}, "tweet.fields": {"created_at"}}
	if end := period.To.UTC(); end.Before(p.deps.Now()) {
		q.Set("end_time", end.Format(time.RFC3339))
	}
	var out data[[]post]
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/2/users/" + url.PathEscape(t.Account) + "/tweets", Query: q, Out: &out})
	var ids []string
	for _, s := range out.Data {
		ids = append(ids, s.ID)
	}
	return ids, err
}

// sum adds the numbers of all posts up by day.
func sum(into social.Series, posts []analytics) {
	names := map[string]social.Metric{
		"impressions": social.MetricViews, "likes": social.MetricLikes, "replies": social.MetricReplies, "retweets": social.MetricReposts,
		"quote_tweets": social.MetricQuotes, "bookmarks": social.MetricBookmarks, "url_clicks": social.MetricClicks,
	}
	for _, one := range posts {
		for _, d := range one.Days {
			day := d.At.UTC().Truncate(24 * time.Hour)
			for name, m := range names {
				v := d.Metrics[name]
				if v == nil || *v < 0 {
					continue
				}
				i, found := slices.BinarySearchFunc(into[m], day, func(p social.Point, day time.Time) int { return p.Day.Compare(day) })
				if !found {
					into[m] = slices.Insert(into[m], i, social.Point{Day: day})
				}
				into[m][i].Value += *v
			}
		}
	}
}
