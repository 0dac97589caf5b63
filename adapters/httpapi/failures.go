package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

type failureGroupsInput struct {
	signedIn
	State       string `query:"state" enum:"failed,unknown,blocked,missed" doc:"Failures in this state."`
	Code        string `query:"code" maxLength:"128" doc:"Failures whose reason has this code." example:"rejected"`
	Provider    string `query:"provider" maxLength:"128" doc:"Failures on this platform."`
	Integration string `query:"integration" maxLength:"128" doc:"Failures on this integration."`
	Mine        bool   `query:"mine" doc:"Failures of your own posts only."`
}

type failureGroupsOutput struct {
	Body struct {
		Data []failureGroupBody `json:"data" nullable:"false" doc:"The most frequent cause first."`
	}
}

// failureGroupBody is the failures of one cause.
type failureGroupBody struct {
	State       string          `json:"state" enum:"failed,unknown,blocked,missed"`
	Code        string          `json:"code" doc:"A stable word for the cause." example:"rejected"`
	Provider    string          `json:"provider" doc:"The identifier of the platform."`
	Count       int             `json:"count" doc:"How many deliveries stand still for it." example:"12"`
	Integration *integrationRef `json:"integration,omitempty" doc:"The account that all of them are on; absent where they are on several."`
	FirstAt     string          `json:"firstAt" format:"date-time"`
	LastAt      string          `json:"lastAt" format:"date-time"`
	Message     string          `json:"message" doc:"What the author of the newest one is told." example:"The platform does not like this text."`
	Remedy      string          `json:"remedy" enum:"reconnect,edit,retry,answer,wait,set_up" doc:"What is to be done: connect the account again, change the post, try again, say whether it is there, wait, or have the operator set something up."`
	Advice      string          `json:"advice" doc:"The remedy in a sentence."`
	Retryable   bool            `json:"retryable" doc:"Whether it can be tried again in bulk."`
}

type listFailuresInput struct {
	signedIn
	State       string `query:"state" enum:"failed,unknown,blocked,missed" doc:"Failures in this state."`
	Code        string `query:"code" maxLength:"128" doc:"Failures whose reason has this code." example:"rejected"`
	Provider    string `query:"provider" maxLength:"128" doc:"Failures on this platform."`
	Integration string `query:"integration" maxLength:"128" doc:"Failures on this integration."`
	Mine        bool   `query:"mine" doc:"Failures of your own posts only."`
	Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor      string `query:"cursor" maxLength:"512"`
}

type listFailuresOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data []failureBody `json:"data" nullable:"false"`
		Page pageInfo      `json:"page"`
	}
}

type failureBody struct {
	Post     string       `json:"post" doc:"The id of its post."`
	Delivery deliveryBody `json:"delivery"`
}

type retryFailuresInput struct {
	signedIn
	Body struct {
		Code        string `json:"code" minLength:"1" maxLength:"128" doc:"The code of the cause." example:"unavailable"`
		State       string `json:"state,omitempty" enum:"failed,missed" doc:"Only in this state; absent: both."`
		Provider    string `json:"provider,omitempty" maxLength:"128" doc:"Only on this platform."`
		Integration string `json:"integrationId,omitempty" maxLength:"128" doc:"Only on this integration."`
		DryRun      bool   `json:"dryRun,omitempty" doc:"Change nothing, and say what would be done."`
	}
}

type retryFailuresOutput struct {
	Body struct {
		Retried int           `json:"retried" doc:"How many deliveries go out again." example:"12"`
		Skipped []skippedBody `json:"skipped" nullable:"false" doc:"What was left as it is."`
		More    bool          `json:"more" doc:"Whether there are more than one call takes up. Call again."`
		DryRun  bool          `json:"dryRun" doc:"Whether nothing was changed."`
	}
}

type skippedBody struct {
	Reason  string `json:"reason" enum:"channel_not_active,changed_meanwhile"`
	Message string `json:"message" example:"Its account has to be connected again first."`
	Count   int    `json:"count"`
}

func (a *api) registerFailures() {
	handle(a, spec{
		id: "list-failure-causes", method: http.MethodGet, path: "/posts/failures", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "List failures by cause",
		text:    "Deliveries that stand still until a person does something, grouped by where they stand, why, and on which platform; with what is to be done.",
		errors:  []int{400},
	}, a.failureGroups)
	handle(a, spec{
		id: "list-failures", method: http.MethodGet, path: "/posts/failures/deliveries", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "List the failures of a cause", text: "The newest first.", errors: []int{400},
	}, a.listFailures)
	handle(a, spec{
		id: "retry-failures", method: http.MethodPost, path: "/posts/failures/retry", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Update},
		summary: "Try again everything that failed for a cause",
		text: "Everything of this cause that failed or was missed is due now, and each account sends it one after the other, at its own pace. " +
			"What may be out is never touched: say of each one whether it is there. What is blocked goes on by itself. " +
			"People who may not manage the posts of others try again their own only. It may be repeated.",
		errors: []int{400, 413, 415},
	}, a.retryFailures)
}

func (a *api) failureGroups(ctx context.Context, in *failureGroupsInput) (*failureGroupsOutput, error) {
	f, problems := failureQuery{in.State, in.Code, in.Provider, in.Integration, in.Mine}.filter(in.actor)
	if err := fault.Check(problems); err != nil {
		return nil, err
	}
	causes, err := a.eng.Posts.Causes(ctx, in.actor, f)
	if err != nil {
		return nil, err
	}
	var on core.PostView
	for _, c := range causes {
		if c.Channel != "" {
			on.Deliveries = append(on.Deliveries, domain.Delivery{Channel: c.Channel, Provider: c.Provider})
		}
	}
	channels, err := a.channelsOf(ctx, in.actor, on)
	if err != nil {
		return nil, err
	}
	out := &failureGroupsOutput{}
	out.Body.Data = make([]failureGroupBody, len(causes))
	for i, c := range causes {
		out.Body.Data[i] = fromCause(c, channels)
	}
	return out, nil
}

func fromCause(c core.Failures, channels map[domain.ChannelID]domain.Channel) failureGroupBody {
	out := failureGroupBody{
		State: string(c.State), Code: c.Code, Provider: string(c.Provider), Count: c.Count, FirstAt: stamp(c.First), LastAt: stamp(c.Last),
		Message: c.Message, Remedy: string(c.Remedy), Advice: c.Advice,
		Retryable: c.State == domain.DeliveryFailed || c.State == domain.DeliveryMissed,
	}
	if ch, ok := channels[c.Channel]; ok {
		ref := toRef(ch)
		out.Integration = &ref
	}
	return out
}

func (a *api) listFailures(ctx context.Context, in *listFailuresInput) (*listFailuresOutput, error) {
	f, problems := failureQuery{in.State, in.Code, in.Provider, in.Integration, in.Mine}.filter(in.actor)
	page, err := askPage(in.Limit, in.Cursor)
	if err != nil {
		problems = append(problems, problemsOf(err)...)
	}
	if err := fault.Check(problems); err != nil {
		return nil, err
	}
	ds, err := a.eng.Posts.ListFailures(ctx, in.actor, f, page)
	if err != nil {
		return nil, err
	}
	out := &listFailuresOutput{}
	ds, out.Body.Page = cut(ds, in.Limit, func(d domain.Delivery) store.Position {
		return store.Position{At: d.UpdatedAt, ID: string(d.ID)}
	})
	out.Link = a.linkHeader(in.req, out.Body.Page)
	channels, err := a.channelsOf(ctx, in.actor, core.PostView{Deliveries: ds})
	if err != nil {
		return nil, err
	}
	out.Body.Data = make([]failureBody, len(ds))
	for i, d := range ds {
		out.Body.Data[i] = failureBody{string(d.Post), fromDelivery(d, channels[d.Channel])}
	}
	return out, nil
}

func (a *api) retryFailures(ctx context.Context, in *retryFailuresInput) (*retryFailuresOutput, error) {
	b := in.Body
	f, problems := failureQuery{State: b.State, Code: b.Code, Provider: b.Provider, Integration: b.Integration}.filter(in.actor)
	for i := range problems {
		if problems[i].Field == "integration" {
			problems[i].Field = "integrationId"
		}
	}
	if err := fault.Check(problems); err != nil {
		return nil, err
	}
	got, err := a.eng.Posts.RetryCause(ctx, in.actor, f, b.DryRun)
	if err != nil {
		return nil, err
	}
	out := &retryFailuresOutput{}
	out.Body.Retried, out.Body.More, out.Body.DryRun = got.Retried, got.More, b.DryRun
	out.Body.Skipped = []skippedBody{}
	for _, s := range skips {
		if n := got.Skipped[s.why]; n > 0 {
			out.Body.Skipped = append(out.Body.Skipped, skippedBody{Reason: string(s.why), Message: s.message, Count: n})
		}
	}
	return out, nil
}

// skips are the reasons for which a bulk retry leaves something as it is.
var skips = []struct {
	why     compose.Skip
	message string
}{
	{compose.SkipChannel, "Its account has to be connected again first."},
	{compose.SkipChanged, "Somebody else took it up or changed it meanwhile."},
}

// failureQuery is what a request narrows failures by.
type failureQuery struct {
	State, Code, Provider, Integration string
	Mine                               bool
}

func (q failureQuery) filter(actor domain.Actor) (store.FailureFilter, []fault.Problem) {
	f := store.FailureFilter{Code: q.Code, Provider: domain.ProviderID(q.Provider), Channel: domain.ChannelID(q.Integration)}
	var problems []fault.Problem
	if q.Integration != "" && !validID(q.Integration) {
		problems = append(problems, fault.Problem{Field: "integration", Rule: "malformed", Message: "This is not the id of an integration."})
	}
	if q.Provider != "" && !validID(q.Provider) {
		problems = append(problems, fault.Problem{Field: "provider", Rule: "malformed", Message: "This is not the identifier of a platform."})
	}
	if q.State != "" {
		f.States = []domain.DeliveryState{domain.DeliveryState(q.State)}
	}
	if q.Mine {
		f.Author = actor.User
	}
	return f, problems
}
