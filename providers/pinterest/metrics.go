package pinterest

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Metrics implements social.Meter.
// https://developers.pinterest.com/docs/api/v5/pins-get
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	var s pin
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: pinPath(ref.ID), Query: url.Values{"pin_metrics": {"true"}}, Out: &s})
	if missing(err) {
		return nil, social.Errorf(social.CodeRejected, "%s", gonePin)
	}
	if err != nil {
		return nil, err
	}
	out, n := social.Metrics{}, s.Metrics.Lifetime
	for m, v := range map[social.Metric]*int64{
		social.MetricViews: n.Impression, social.MetricClicks: n.Clickthrough, social.MetricReplies: n.Comment,
		social.MetricLikes: n.Reaction, social.MetricBookmarks: n.Save,
	} {
		if v != nil && *v >= 0 {
			out[m] = *v
		}
	}
	return out, nil
}

const (
	day = 24 * time.Hour
	// longest is for how long ago the platform tells numbers.
	longest = 89 * day
)

// AccountMetrics implements social.AccountMeter. Of followers the platform
// tells how many there are now.
// https://developers.pinterest.com/docs/api/v5/user_account-analytics
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	today := p.deps.Now().UTC().Truncate(day)
	from, to := period.From, period.To
	if oldest := today.Add(-longest); from.Before(oldest) {
		from = oldest
	}
	if end := today.Add(day); to.After(end) {
		to = end
	}
	out := social.Series{}
	if !from.Before(to) {
		return out, nil
	}
	var in analytics
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/user_account/analytics", Out: &in,
		Query: url.Values{
			"start_date": {from.Format(time.DateOnly)}, "end_date": {to.Add(-day).Format(time.DateOnly)},
			"metric_types": {"IMPRESSION,OUTBOUND_CLICK,SAVE"},
		},
	})
	if err != nil {
		return nil, err
	}
	in.into(out, from, to)
	if !to.After(today) {
		return out, nil
	}
	var me user
	if err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/user_account", Out: &me}); err != nil {
		return nil, err
	}
	out.Add(social.MetricFollowers, today, me.Followers)
	return out, nil
}

// into adds the days that the platform is done with.
func (a analytics) into(out social.Series, from, to time.Time) {
	names := map[string]social.Metric{
		"IMPRESSION": social.MetricViews, "OUTBOUND_CLICK": social.MetricClicks, "SAVE": social.MetricBookmarks,
	}
	for _, d := range a.All.Daily {
		at, err := time.Parse(time.DateOnly, d.Date)
		if err != nil || d.Status != "READY" || at.Before(from) || !at.Before(to) {
			continue
		}
		for name, m := range names {
			last := len(out[m]) - 1
			if n, ok := d.Metrics[name]; ok && n >= 0 && (last < 0 || out[m][last].Day.Before(at)) {
				out[m] = append(out[m], social.Point{Day: at, Value: int64(n)})
			}
		}
	}
}
