package youtube

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Metrics implements social.Meter.
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	out := social.Metrics{}
	if ref.Extra[extraVideo] != "" {
		c, err := p.readComment(ctx, t, ref.ID, "snippet")
		if err == nil && c.Snippet != nil && c.Snippet.Likes != nil {
			out[social.MetricLikes] = *c.Snippet.Likes
		}
		return out, err
	}
	v, err := p.read(ctx, t, ref.ID, "statistics")
	if err != nil || v.Statistics == nil {
		return out, err
	}
	for name, s := range map[social.Metric]string{
		social.MetricViews: v.Statistics.Views, social.MetricLikes: v.Statistics.Likes, social.MetricReplies: v.Statistics.Comments,
	} {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 { // An author can hide a number.
			out[name] = n
		}
	}
	return out, nil
}

// column is what a column of a report counts.
type column struct {
	name   social.Metric
	factor float64
}

func columns() map[string]column {
	return map[string]column{
		"views": {social.MetricViews, 1}, "likes": {social.MetricLikes, 1}, "comments": {social.MetricReplies, 1},
		"shares": {social.MetricReposts, 1}, "estimatedMinutesWatched": {social.MetricWatched, 60},
	}
}

// AccountMetrics implements social.AccountMeter: how many subscribers there are
// today, and what happened on each day. YouTube is two to three days late with
// the latter. https://developers.google.com/youtube/analytics/reference/reports/query
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	out := social.Series{}
	if today, in := period.Today(p.deps.Now()); in {
		ch, err := p.mine(ctx, t, "statistics")
		if err != nil {
			return nil, err
		}
		if n, err := strconv.ParseInt(ch.Statistics.Subscribers, 10, 64); err == nil && !ch.Statistics.Hidden {
			out.Add(social.MetricFollowers, today, &n)
		}
	}
	var in report
	if _, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: p.cfg.AnalyticsURL + "/v2/reports", Out: &in,
		Query: url.Values{
			"ids": {"channel==MINE"}, "dimensions": {"day"}, "sort": {"day"}, "metrics": {"views,likes,comments,shares,estimatedMinutesWatched"},
			"startDate": {period.From.UTC().Format(time.DateOnly)}, "endDate": {period.To.UTC().AddDate(0, 0, -1).Format(time.DateOnly)},
		},
	}); err != nil {
		return nil, err
	}
	for _, row := range in.Rows {
		in.add(out, row)
	}
	return out, nil
}

// add adds the numbers of a row, which is one day.
func (r report) add(out social.Series, row []any) {
	if len(row) != len(r.Columns) {
		return
	}
	var day time.Time
	for i, c := range r.Columns {
		if date, ok := row[i].(string); ok && c.Name == "day" {
			day, _ = time.Parse(time.DateOnly, date) // Zero: it cannot be read.
		}
	}
	if day.IsZero() {
		return
	}
	for i, c := range r.Columns {
		n, ok := row[i].(float64)
		if col, known := columns()[c.Name]; ok && known && n >= 0 {
			out[col.name] = append(out[col.name], social.Point{Day: day, Value: int64(n * col.factor)})
		}
	}
}
