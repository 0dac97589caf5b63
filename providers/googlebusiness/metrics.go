package googlebusiness

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

const (
	day = 24 * time.Hour
	// lag is for how long a day without numbers may still get some.
	lag = 5 * day
	// history is how many months back Google tells numbers.
	history = 18
)

// counted is what each of Google's numbers is counted as.
func counted() map[string]social.Metric {
	return map[string]social.Metric{
		"BUSINESS_IMPRESSIONS_DESKTOP_MAPS": social.MetricViews, "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH": social.MetricViews,
		"BUSINESS_IMPRESSIONS_MOBILE_MAPS": social.MetricViews, "BUSINESS_IMPRESSIONS_MOBILE_SEARCH": social.MetricViews,
		"WEBSITE_CLICKS": social.MetricClicks, "CALL_CLICKS": social.MetricClicks, "BUSINESS_DIRECTION_REQUESTS": social.MetricClicks,
	}
}

// AccountMetrics implements social.AccountMeter: how often the profile was seen
// each day, and how often somebody went on from it to the website, to a call or
// to the way there. Google is some days late with it.
// https://developers.google.com/my-business/reference/performance/rest
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	now := p.deps.Now().UTC()
	from, last := period.From.UTC(), period.To.UTC().Add(-day)
	if earliest := now.Truncate(day).AddDate(0, -history, 0); from.Before(earliest) {
		from = earliest
	}
	if last.After(now) {
		last = now.Truncate(day)
	}
	if last.Before(from) {
		return social.Series{}, rest.Over(ctx)
	}
	q := url.Values{"dailyMetrics": slices.Sorted(maps.Keys(counted()))}
	for name, at := range map[string]time.Time{"startDate": from, "endDate": last} {
		d := dateOf(at)
		q.Set("dailyRange."+name+".year", strconv.Itoa(d.Year))
		q.Set("dailyRange."+name+".month", strconv.Itoa(d.Month))
		q.Set("dailyRange."+name+".day", strconv.Itoa(d.Day))
	}
	var in performance
	if err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: p.cfg.PerformanceURL + "/v1/" + bare(t.Account) + ":fetchMultiDailyMetricsTimeSeries", Query: q, Out: &in,
	}); err != nil {
		return nil, err
	}
	return in.series(now.Add(-lag)), nil
}

// bare is a location without its account, as the newer APIs name it.
func bare(account string) string {
	if i := strings.Index(account, "locations/"); i >= 0 {
		return account[i:]
	}
	return account
}

// series adds up what is counted as the same. Google leaves out a zero as it
// leaves out what it does not know yet: only days before settled that nothing
// is said of had nothing.
func (r performance) series(settled time.Time) social.Series {
	sums := map[social.Metric]map[time.Time]int64{}
	known := map[time.Time]bool{}
	for _, m := range r.Multi {
		for _, s := range m.Series {
			metric, wanted := counted()[s.Metric]
			if !wanted {
				continue
			}
			if sums[metric] == nil {
				sums[metric] = map[time.Time]int64{}
			}
			for _, v := range s.Times.Values {
				at := time.Date(v.Date.Year, time.Month(v.Date.Month), v.Date.Day, 0, 0, 0, 0, time.UTC)
				n, err := strconv.ParseInt(v.Value, 10, 64)
				known[at] = known[at] || err == nil || at.Before(settled)
				sums[metric][at] += max(n, 0)
			}
		}
	}
	out := social.Series{}
	for metric, days := range sums {
		for _, at := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
			if n := days[at]; known[at] {
				out.Add(metric, at, &n)
			}
		}
	}
	return out
}
