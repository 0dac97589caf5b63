package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/social"
)

const tagAnalytics = "Analytics"

type analyticsInput struct {
	signedIn
	ID   string `path:"id" doc:"The id of the integration."`
	From string `query:"from" format:"date" maxLength:"10" doc:"The first day, in UTC. Default: 30 days before to." example:"2026-01-01"`
	To   string `query:"to" format:"date" maxLength:"10" doc:"The day after the last one, in UTC. Default: tomorrow." example:"2026-02-01"`
}

type pointBody struct {
	Day   string `json:"day" format:"date"`
	Value int64  `json:"value"`
}

type seriesBody struct {
	Metric string      `json:"metric" enum:"likes,reposts,replies,quotes,bookmarks,views,clicks,reach,watched,followers,visits"`
	Points []pointBody `json:"points" nullable:"false" doc:"Oldest first. A day that is missing is not known, and not zero."`
}

type analyticsOutput struct {
	Body struct {
		Data []seriesBody `json:"data" nullable:"false" doc:"What the platform tells; a metric that is missing is not offered by it."`
	}
}

type statisticsInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the post."`
}

type statisticsBody struct {
	Delivery    string           `json:"delivery"`
	Integration string           `json:"integration"`
	URL         string           `json:"url,omitempty" doc:"Where people see it."`
	Metrics     map[string]int64 `json:"metrics" nullable:"false" doc:"By the name of the metric. What is missing is not known, and not zero."`
	Problem     string           `json:"problem,omitempty" doc:"Why there are none."`
}

type statisticsOutput struct {
	Body struct {
		Data []statisticsBody `json:"data" nullable:"false" doc:"One for each channel that the post is out on."`
	}
}

// registerInsight adds the numbers that platforms tell.
func (a *api) registerInsight() {
	handle(a, spec{
		id: "get-analytics", method: http.MethodGet, path: "/analytics/integration/{id}", tag: tagAnalytics, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "Get the numbers of an account", text: "The platform is asked now; nothing is kept here yet.", errors: []int{400, 404, 409, 429, 503},
	}, a.getAnalytics)
	handle(a, spec{
		id: "get-post-statistics", method: http.MethodGet, path: "/posts/{id}/statistics", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "Get the numbers of a post", text: "The platforms that it is out on are asked now. One that does not answer says so, and keeps nothing back of the others.", errors: []int{404},
	}, a.getStatistics)
}

func (a *api) getAnalytics(ctx context.Context, in *analyticsInput) (*analyticsOutput, error) {
	from, to, err := a.days(in.From, in.To)
	if err != nil {
		return nil, err
	}
	series, err := a.eng.Insight.Account(ctx, in.actor, domain.ChannelID(in.ID), from, to)
	if err != nil {
		return nil, err
	}
	out := &analyticsOutput{}
	out.Body.Data = []seriesBody{}
	for _, m := range social.AllMetrics() {
		if points, ok := series[m]; ok {
			s := seriesBody{Metric: string(m), Points: make([]pointBody, len(points))}
			for i, p := range points {
				s.Points[i] = pointBody{Day: p.Day.Format(time.DateOnly), Value: p.Value}
			}
			out.Body.Data = append(out.Body.Data, s)
		}
	}
	return out, nil
}

// days reads a period. Each end has a default.
func (a *api) days(first, after string) (from, to time.Time, err error) {
	var problems []fault.Problem
	read := func(field, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			problems = append(problems, fault.Problem{Field: field, Rule: "format", Message: "This must be a day such as 2026-01-31."})
		}
		return day
	}
	to = read("to", after, a.tokens.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1))
	from = read("from", first, to.AddDate(0, 0, -30))
	return from, to, fault.Check(problems)
}

func (a *api) getStatistics(ctx context.Context, in *statisticsInput) (*statisticsOutput, error) {
	all, err := a.eng.Insight.Post(ctx, in.actor, domain.PostID(in.ID))
	if err != nil {
		return nil, err
	}
	out := &statisticsOutput{}
	out.Body.Data = make([]statisticsBody, len(all))
	for i, n := range all {
		body := statisticsBody{Delivery: string(n.Delivery), Integration: string(n.Channel), URL: n.Ref.URL, Metrics: map[string]int64{}}
		for m, v := range n.Metrics {
			body.Metrics[string(m)] = v
		}
		if n.Problem != nil {
			body.Problem = a.failure(ctx, n.Problem).Message
		}
		out.Body.Data[i] = body
	}
	return out, nil
}
