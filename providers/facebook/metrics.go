package facebook

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

// counted is a list of which only the length is asked for.
type counted struct {
	Summary struct {
		TotalCount *int64 `json:"total_count"`
	} `json:"summary"`
}

// counts are the numbers that a post has on itself.
type counts struct {
	Reactions counted `json:"reactions"`
	Likes     counted `json:"likes"`
	Comments  counted `json:"comments"`
	Shares    *struct {
		Count int64 `json:"count"`
	} `json:"shares"`
	Views *int64 `json:"views"`
}

// Metrics implements social.Meter. What a post has on itself everybody may
// count; the rest needs the permission read_insights.
// https://developers.facebook.com/docs/graph-api/reference/insights
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	fields, kind := "reactions.limit(0).summary(true),comments.limit(0).summary(true),shares", ref.Extra[extraKind]
	switch kind {
	case "video":
		fields = "likes.limit(0).summary(true),comments.limit(0).summary(true),views"
	case typeStory:
		return nil, social.Errorf(social.CodeUnsupported, "Facebook does not count a story for us.")
	}
	var c counts
	path := "/" + url.PathEscape(ref.ID)
	if err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: path, Query: url.Values{"fields": {fields}}, Out: &c}); err != nil {
		return nil, err
	}
	out := social.Metrics{}
	if kind != "video" {
		insights, err := p.insights(ctx, t, path, url.Values{"metric": {"post_media_view,post_total_media_view_unique,post_clicks"}})
		switch code := social.CodeOf(err); code {
		case "":
			out = graph.Totals(insights, map[string]social.Metric{
				"post_media_view": social.MetricViews, "post_total_media_view_unique": social.MetricReach, "post_clicks": social.MetricClicks,
			})
		case social.CodeScopeMissing, social.CodeRejected:
			// A comment has none, and a person may have refused to show them.
		default:
			return nil, err
		}
	}
	c.into(out)
	return out, nil
}

func (c counts) into(out social.Metrics) {
	for m, n := range map[social.Metric]*int64{
		social.MetricLikes: c.Reactions.Summary.TotalCount, social.MetricReplies: c.Comments.Summary.TotalCount, social.MetricViews: c.Views,
	} {
		if n != nil && *n >= 0 {
			out[m] = *n
		}
	}
	if n := c.Likes.Summary.TotalCount; n != nil && *n >= 0 {
		out[social.MetricLikes] = *n
	}
	if c.Shares != nil && c.Shares.Count >= 0 {
		out[social.MetricReposts] = c.Shares.Count
	}
}

func (p *Provider) insights(ctx context.Context, t social.Target, path string, q url.Values) ([]graph.Insight, error) {
	var out struct {
		Data []graph.Insight `json:"data"`
	}
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: path + "/insights", Query: q, Out: &out})
	return out.Data, err
}

const (
	// longest is for how long the platform tells numbers in one call.
	longest = 90 * 24 * time.Hour
	day     = 24 * time.Hour
)

// AccountMetrics implements social.AccountMeter.
// https://developers.facebook.com/docs/graph-api/reference/page/insights
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	names := map[string]social.Metric{
		"page_media_view": social.MetricViews, "page_total_media_view_unique": social.MetricReach,
		"page_views_total": social.MetricVisits, "page_follows": social.MetricFollowers,
	}
	out := social.Series{}
	for from := period.From; from.Before(period.To); from = from.Add(longest - day) {
		to := from.Add(longest - day)
		if to.After(period.To) {
			to = period.To
		}
		// A day is named by its end, which is in the next one.
		list, err := p.insights(ctx, t, "/"+url.PathEscape(t.Account), url.Values{
			"metric": {"page_media_view,page_total_media_view_unique,page_views_total,page_follows"}, "period": {"day"},
			"since": {strconv.FormatInt(from.Unix(), 10)}, "until": {strconv.FormatInt(to.Add(day).Unix(), 10)},
		})
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			points := i.Points(social.Period{From: from, To: to})
			if m, known := names[i.Name]; known && len(points) > 0 {
				out[m] = append(out[m], points...)
			}
		}
	}
	return out, nil
}
