package linkedin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// scopeAnalytics lets us count what happens to a member's posts.
const scopeAnalytics = "r_member_postAnalytics"

// Metrics implements social.Meter, where the app was granted the scope.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/members/post-statistics
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	if !slices.Contains(t.Credential.Scopes(), scopeAnalytics) {
		return nil, social.Errorf(social.CodeUnsupported, "LinkedIn tells the numbers of members' posts only to apps that it granted %s.", scopeAnalytics)
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(ref.ID, "urn:li:"), ":")
	if kind == "ugcPost" {
		kind = "ugc"
	}
	if kind != "ugc" && kind != "share" {
		return nil, social.Errorf(social.CodeUnsupported, "LinkedIn tells no numbers of comments.")
	}
	out := social.Metrics{}
	for _, q := range []struct {
		name   string
		metric social.Metric
	}{
		{"IMPRESSION", social.MetricViews},
		{"MEMBERS_REACHED", social.MetricReach},
		{"REACTION", social.MetricLikes},
		{"COMMENT", social.MetricReplies},
		{"RESHARE", social.MetricReposts},
	} {
		var got struct {
			Elements []struct {
				Count *int64 `json:"count"`
			} `json:"elements"`
		}
		_, err := p.call(ctx, t, rest.Request{
			Method: http.MethodGet, Out: &got,
			Path: fmt.Sprintf("/rest/memberCreatorPostAnalytics?q=entity&entity=(%s:%s)&queryType=%s&aggregation=TOTAL", kind, escaped(ref.ID), q.name),
		}, "")
		if err != nil {
			return nil, err
		}
		if len(got.Elements) > 0 && got.Elements[0].Count != nil && *got.Elements[0].Count >= 0 {
			out[q.metric] = *got.Elements[0].Count
		}
	}
	return out, nil
}

// statistics are those of posts, of one or of a page.
type statistics struct {
	Impressions int64 `json:"impressionCount"`
	Unique      int64 `json:"uniqueImpressionsCount"`
	Clicks      int64 `json:"clickCount"`
	Likes       int64 `json:"likeCount"`
	Comments    int64 `json:"commentCount"`
	Shares      int64 `json:"shareCount"`
}

// metrics of s. LinkedIn counts the likes that are taken back below zero.
func (s statistics) metrics() social.Metrics {
	out := social.Metrics{
		social.MetricViews: s.Impressions, social.MetricReach: s.Unique, social.MetricClicks: s.Clicks,
		social.MetricLikes: s.Likes, social.MetricReplies: s.Comments, social.MetricReposts: s.Shares,
	}
	for m, n := range out {
		out[m] = max(n, 0)
	}
	return out
}

type interval struct {
	Range struct {
		Start int64 `json:"start"` // milliseconds
	} `json:"timeRange"`
	Shares statistics `json:"totalShareStatistics"`
	Page   struct {
		Views struct {
			All struct {
				Count int64 `json:"pageViews"`
			} `json:"allPageViews"`
		} `json:"views"`
	} `json:"totalPageStatistics"`
}

func (i interval) day() time.Time {
	return time.UnixMilli(i.Range.Start).UTC().Truncate(24 * time.Hour)
}

// Metrics implements social.Meter. A post that nothing happened to is left out
// by LinkedIn, and has zeros.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/share-statistics
func (p *Page) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	list := "shares"
	switch {
	case strings.HasPrefix(ref.ID, "urn:li:ugcPost:"):
		list = "ugcPosts"
	case !strings.HasPrefix(ref.ID, "urn:li:share:"):
		return nil, social.Errorf(social.CodeUnsupported, "LinkedIn tells no numbers of comments.")
	}
	got, err := p.intervals(ctx, t, "organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity="+
		escaped(p.author(t))+"&"+list+"=List("+escaped(ref.ID)+")")
	if err != nil {
		return nil, err
	}
	if len(got) == 0 {
		return statistics{}.metrics(), nil
	}
	return got[0].Shares.metrics(), nil
}

func (p *Page) intervals(ctx context.Context, t social.Target, query string) ([]interval, error) {
	var got struct {
		Elements *[]interval `json:"elements"`
	}
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/rest/" + query, Out: &got}, "")
	switch {
	case err != nil:
		return nil, err
	case got.Elements == nil:
		return nil, social.Errorf(social.CodeUnavailable, "LinkedIn sent an answer that we cannot read.")
	}
	return *got.Elements, nil
}

// AccountMetrics implements social.AccountMeter: what happened on each day to the
// page's posts, the visits of the page, and its followers today.
func (p *Page) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	span := fmt.Sprintf("&timeIntervals=(timeRange:(start:%d,end:%d),timeGranularityType:DAY)", period.From.UnixMilli(), period.To.UnixMilli())
	shares, err := p.intervals(ctx, t, "organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity="+escaped(p.author(t))+span)
	if err != nil {
		return nil, err
	}
	visits, err := p.intervals(ctx, t, "organizationPageStatistics?q=organization&organization="+escaped(p.author(t))+span)
	if err != nil {
		return nil, err
	}
	out := social.Series{}
	for _, i := range shares {
		for m, n := range i.Shares.metrics() {
			out[m] = append(out[m], social.Point{Day: i.day(), Value: n})
		}
	}
	for _, i := range visits {
		out[social.MetricVisits] = append(out[social.MetricVisits], social.Point{Day: i.day(), Value: max(i.Page.Views.All.Count, 0)})
	}
	for _, points := range out {
		slices.SortFunc(points, func(a, b social.Point) int { return a.Day.Compare(b.Day) })
	}
	today, in := period.Today(p.deps.Now())
	if !in {
		return out, nil
	}
	var size struct {
		Followers *int64 `json:"firstDegreeSize"`
	}
	_, err = p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/rest/networkSizes/" + escaped(p.author(t)) + "?edgeType=COMPANY_FOLLOWED_BY_MEMBER", Out: &size,
	}, "")
	out.Add(social.MetricFollowers, today, size.Followers)
	return out, err
}
