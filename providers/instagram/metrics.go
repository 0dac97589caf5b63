package instagram

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

// watched counts milliseconds.
const watched = "ig_reels_video_view_total_time"

// Metrics implements social.Meter.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-media/insights
func (a *account) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	names := "views,reach,saved,likes,comments,shares"
	switch ref.Extra[extraKind] {
	case kindReel:
		names += "," + watched
	case typeStory:
		names = "views,reach,replies,shares"
	case kindComment:
		return a.likes(ctx, t, ref)
	}
	list, err := a.insights(ctx, t, ref.ID, url.Values{"metric": {names}})
	if err != nil {
		return nil, err
	}
	out := graph.Totals(list, map[string]social.Metric{
		"views": social.MetricViews, "reach": social.MetricReach, "saved": social.MetricBookmarks, "likes": social.MetricLikes,
		"comments": social.MetricReplies, "replies": social.MetricReplies, "shares": social.MetricReposts, watched: social.MetricWatched,
	})
	if ms, ok := out[social.MetricWatched]; ok {
		out[social.MetricWatched] = ms / 1000
	}
	return out, nil
}

// likes is all that a comment counts.
func (a *account) likes(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	var c struct {
		Likes *int64 `json:"like_count"`
	}
	err := a.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/" + url.PathEscape(ref.ID), Query: url.Values{"fields": {"like_count"}}, Out: &c})
	if err != nil || c.Likes == nil || *c.Likes < 0 {
		return social.Metrics{}, err
	}
	return social.Metrics{social.MetricLikes: *c.Likes}, nil
}

func (a *account) insights(ctx context.Context, t social.Target, id string, q url.Values) ([]graph.Insight, error) {
	var out struct {
		Data []graph.Insight `json:"data"`
	}
	err := a.call(ctx, t, rest.Request{Method: http.MethodGet, Path: edge(id, "insights"), Query: q, Out: &out})
	return out.Data, err
}

const (
	day = 24 * time.Hour
	// longest is for how long the platform tells numbers in one call.
	longest = 30 * day
)

// AccountMetrics implements social.AccountMeter. Day by day the platform tells
// the reach alone; of followers it tells how many there are now.
// https://developers.facebook.com/docs/instagram-platform/api-reference/instagram-user/insights
func (a *account) AccountMetrics(ctx context.Context, t social.Target, p social.Period) (social.Series, error) {
	out := social.Series{}
	for from := p.From; from.Before(p.To); from = from.Add(longest - day) {
		to := from.Add(longest - day)
		if to.After(p.To) {
			to = p.To
		}
		// A day is named by its end, which is in the next one.
		list, err := a.insights(ctx, t, t.Account, url.Values{
			"metric": {"reach"}, "period": {"day"},
			"since": {strconv.FormatInt(from.Unix(), 10)}, "until": {strconv.FormatInt(to.Add(day).Unix(), 10)},
		})
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			if points := i.Points(social.Period{From: from, To: to}); i.Name == "reach" && len(points) > 0 {
				out[social.MetricReach] = append(out[social.MetricReach], points...)
			}
		}
	}
	today, in := p.Today(a.deps.Now())
	if !in {
		return out, nil
	}
	var me profile
	err := a.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/" + url.PathEscape(t.Account), Query: url.Values{"fields": {"followers_count"}}, Out: &me})
	if err != nil {
		return nil, err
	}
	out.Add(social.MetricFollowers, today, me.Followers)
	return out, nil
}
