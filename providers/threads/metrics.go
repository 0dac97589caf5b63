package threads

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// insight is one number, or one for each day.
type insight struct {
	Name   string `json:"name"`
	Values []struct {
		Value *int64 `json:"value"`
		End   string `json:"end_time"`
	} `json:"values"`
	Total *struct {
		Value *int64 `json:"value"`
	} `json:"total_value"`
}

type insights struct {
	Data []insight `json:"data"`
}

// Metrics implements social.Meter.
// https://developers.facebook.com/docs/threads/insights
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	var got insights
	err := p.get(ctx, t, "/"+url.PathEscape(ref.ID)+"/insights", url.Values{"metric": {"views,likes,replies,reposts,quotes"}}, &got)
	if err != nil {
		return nil, err
	}
	names := map[string]social.Metric{
		"views": social.MetricViews, "likes": social.MetricLikes, "replies": social.MetricReplies,
		"reposts": social.MetricReposts, "quotes": social.MetricQuotes,
	}
	out := social.Metrics{}
	for _, in := range got.Data {
		m, known := names[in.Name]
		if known && len(in.Values) > 0 && in.Values[0].Value != nil && *in.Values[0].Value >= 0 {
			out[m] = *in.Values[0].Value
		}
	}
	return out, nil
}

// AccountMetrics implements social.AccountMeter: the views of each day, and the
// followers of today. Of all else Threads tells only the sum of all days.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	path := "/" + url.PathEscape(t.Account) + "/threads_insights"
	var got insights
	err := p.get(ctx, t, path, url.Values{
		"metric": {"views"}, "since": {strconv.FormatInt(period.From.Unix(), 10)}, "until": {strconv.FormatInt(period.To.Unix(), 10)},
	}, &got)
	if err != nil {
		return nil, err
	}
	out := social.Series{}
	if points := got.days("views", period); len(points) > 0 {
		out[social.MetricViews] = points
	}
	today, now := period.Today(p.deps.Now())
	if !now {
		return out, nil
	}
	got = insights{}
	if err := p.get(ctx, t, path, url.Values{"metric": {"followers_count"}}, &got); err != nil {
		return nil, err
	}
	for _, in := range got.Data {
		if in.Name == "followers_count" && in.Total != nil {
			out.Add(social.MetricFollowers, today, in.Total.Value)
		}
	}
	return out, nil
}

// days are the numbers of a metric in a period, oldest first. A day ends in the
// morning of the next one in UTC.
func (i insights) days(name string, period social.Period) []social.Point {
	var out []social.Point
	for _, in := range i.Data {
		if in.Name != name {
			continue
		}
		for _, v := range in.Values {
			day := (post{Timestamp: v.End}).at().Add(-24 * time.Hour).UTC().Truncate(24 * time.Hour)
			if v.Value != nil && *v.Value >= 0 && !day.Before(period.From) && day.Before(period.To) {
				out = append(out, social.Point{Day: day, Value: *v.Value})
			}
		}
	}
	slices.SortFunc(out, func(a, b social.Point) int { return a.Day.Compare(b.Day) })
	return out
}
