package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const tagPosts = "Posts"

type createPostInput struct {
	signedIn
	Body postInput
}

type updatePostInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the post."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the version that was read. Another one means 412."`
	Body    postInput
}

type postIDInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the post."`
}

type deletePostInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the post."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the version that was read. Another one means 412."`
}

type settleInput struct {
	signedIn
	ID       string `path:"id" doc:"The id of the post."`
	Delivery string `path:"delivery" doc:"The id of the delivery in doubt."`
	Body     struct {
		There bool   `json:"there" doc:"Whether the item can be seen on the platform." example:"true"`
		Link  string `json:"link,omitempty" maxLength:"2000" doc:"Where it can be seen." example:"https://example.social/@ann/1"`
	}
}

type listPostsInput struct {
	signedIn
	PostQuery
	Integration string `query:"integration" maxLength:"128" doc:"Posts that go to this integration."`
}

// PostQuery is what narrows a list of posts, wherever there is one. It is exported
// because parameters are only found in what is.
type PostQuery struct {
	From     string `query:"from" maxLength:"64" doc:"The earliest time, included."`
	To       string `query:"to" maxLength:"64" doc:"The latest time, not included."`
	State    string `query:"state" enum:"draft,scheduled,preparing,publishing,processing,published,failed,unknown,blocked,missed,canceled,attention" doc:"draft, or posts with a delivery in this state; attention is failed, unknown, blocked and missed together."`
	Customer string `query:"customer" maxLength:"128" doc:"Posts that go to an integration of this customer."`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor   string `query:"cursor" maxLength:"512"`
}

type listPostsOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data []postBody `json:"data" nullable:"false"`
		Page pageInfo   `json:"page"`
	}
}

type postOutput struct {
	ETag string `header:"ETag"`
	Body postBody
}

type validateOutput struct {
	Body struct {
		Valid  bool         `json:"valid"`
		Errors []FieldError `json:"errors" nullable:"false" doc:"Everything that creating this post would refuse."`
	}
}

func (a *api) registerPosts() {
	handle(a, spec{
		id: "create-post", method: http.MethodPost, path: "/posts", tag: tagPosts, status: http.StatusCreated, needs: permission{permit.Posts, permit.Create},
		summary: "Create a post", text: "Saves a draft, schedules a post, or publishes it at once. It is checked against the limits of every platform first; all problems are reported together, and nothing is kept then.",
		errors: []int{400, 413, 415},
	}, a.createPost)
	handle(a, spec{
		id: "list-posts", method: http.MethodGet, path: "/posts", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "List posts", text: "By the time they are due; drafts without one by when they were made.", errors: []int{400},
	}, a.listPosts)
	handle(a, spec{
		id: "get-post", method: http.MethodGet, path: "/posts/{id}", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "Get a post", text: "With what became of it on each channel, every attempt that was made, and its history.", errors: []int{404},
	}, a.getPost)
	handle(a, spec{
		id: "update-post", method: http.MethodPut, path: "/posts/{id}", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Update},
		summary: "Replace a post", text: "Wins until the change is on its way to a platform; after that it is a conflict.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, a.updatePost)
	handle(a, spec{
		id: "delete-post", method: http.MethodDelete, path: "/posts/{id}", tag: tagPosts, status: http.StatusNoContent, needs: permission{permit.Posts, permit.Delete},
		summary: "Withdraw a post", text: "Nothing of it that is not out will go out. What is out on a platform stays there.", errors: []int{404, 409, 412},
	}, a.deletePost)
	handle(a, spec{
		id: "validate-post", method: http.MethodPost, path: "/posts/validate", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "Check a post without saving it", text: "Everything that creating it would refuse, by the limits of every platform that it goes to.", errors: []int{400, 413, 415},
	}, a.validatePost)
	handle(a, spec{
		id: "retry-post", method: http.MethodPost, path: "/posts/{id}/retry", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Update},
		summary: "Try again what failed or was missed", text: "Only there: what is out stays as it is, and what may be out is not touched.", errors: []int{404, 409},
	}, a.retryPost)
	handle(a, spec{
		id: "settle-delivery", method: http.MethodPost, path: "/posts/{id}/deliveries/{delivery}/settle", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Update},
		summary: "Say whether an unknown delivery is there", text: "For a delivery that may be out and that nobody could prove. If it is there it counts as published; if it is not, it is sent again.",
		errors: []int{400, 404, 409, 413, 415},
	}, a.settle)
}

func (a *api) getPost(ctx context.Context, in *postIDInput) (*postOutput, error) {
	v, err := a.eng.Posts.Get(ctx, in.actor, domain.PostID(in.ID))
	return a.post(ctx, in.actor, v, err)
}

func (a *api) deletePost(ctx context.Context, in *deletePostInput) (*struct{}, error) {
	return nil, a.eng.Posts.Delete(ctx, in.actor, domain.PostID(in.ID), versionOf(in.IfMatch))
}

func (a *api) retryPost(ctx context.Context, in *postIDInput) (*postOutput, error) {
	v, err := a.eng.Posts.TryAgain(ctx, in.actor, domain.PostID(in.ID))
	return a.post(ctx, in.actor, v, err)
}

func (a *api) settle(ctx context.Context, in *settleInput) (*postOutput, error) {
	v, err := a.eng.Posts.Settle(ctx, in.actor, domain.PostID(in.ID), domain.DeliveryID(in.Delivery), core.Answer(in.Body))
	return a.post(ctx, in.actor, v, err)
}

func (a *api) createPost(ctx context.Context, in *createPostInput) (*postOutput, error) {
	post, err := a.toCore(ctx, in.actor, &in.Body)
	if err != nil {
		return nil, err
	}
	if run := in.req.run; run != nil {
		post.ID = domain.PostID(run.Seed)
		if run.Again {
			if v, err := a.eng.Posts.Get(ctx, in.actor, post.ID); err == nil {
				return a.post(ctx, in.actor, v, nil)
			}
		}
	}
	v, err := a.eng.Posts.Create(ctx, in.actor, post)
	return a.post(ctx, in.actor, v, in.Body.rename(err))
}

func (a *api) updatePost(ctx context.Context, in *updatePostInput) (*postOutput, error) {
	post, err := a.toCore(ctx, in.actor, &in.Body)
	if err != nil {
		return nil, err
	}
	v, err := a.eng.Posts.Update(ctx, in.actor, domain.PostID(in.ID), versionOf(in.IfMatch), post)
	return a.post(ctx, in.actor, v, in.Body.rename(err))
}

func (a *api) validatePost(ctx context.Context, in *createPostInput) (*validateOutput, error) {
	post, problems := in.Body.toCore()
	found, err := a.eng.Posts.Validate(ctx, in.actor, post)
	if err != nil {
		return nil, err
	}
	out := &validateOutput{}
	out.Body.Errors = []FieldError{}
	for _, p := range append(problems, in.Body.paths(found)...) {
		out.Body.Errors = append(out.Body.Errors, fieldError(p))
	}
	out.Body.Valid = len(out.Body.Errors) == 0
	return out, nil
}

// toCore reads a post. What is wrong before the core has seen it is reported
// together with what the core finds.
func (a *api) toCore(ctx context.Context, actor domain.Actor, in *postInput) (core.PostInput, error) {
	post, problems := in.toCore()
	if len(problems) == 0 {
		return post, nil
	}
	found, err := a.eng.Posts.Validate(ctx, actor, post)
	if err != nil {
		return post, err
	}
	return post, fault.Check(append(problems, in.paths(found)...))
}

func (a *api) listPosts(ctx context.Context, in *listPostsInput) (*listPostsOutput, error) {
	f, err := a.postFilter(ctx, in)
	if err != nil {
		return nil, err
	}
	views, err := a.eng.Posts.List(ctx, in.actor, f)
	if err != nil {
		return nil, err
	}
	out := &listPostsOutput{}
	views, out.Body.Page = cut(views, in.Limit, func(v core.PostView) store.Position {
		return store.Position{At: store.ListTime(v.Post), ID: string(v.Post.ID)}
	})
	out.Link = a.linkHeader(in.req, out.Body.Page)
	channels, err := a.channelsOf(ctx, in.actor, views...)
	if err != nil {
		return nil, err
	}
	out.Body.Data = make([]postBody, len(views))
	for i, v := range views {
		out.Body.Data[i] = fromView(v, channels)
	}
	return out, nil
}

// stateFilters is what the parameter state narrows a list to.
var stateFilters = map[string][]domain.DeliveryState{
	"attention": {domain.DeliveryFailed, domain.DeliveryUnknown, domain.DeliveryBlocked, domain.DeliveryMissed},
}

func (a *api) postFilter(ctx context.Context, in *listPostsInput) (store.PostFilter, error) {
	page, err := askPage(in.Limit, in.Cursor)
	f := store.PostFilter{Page: page, Channel: domain.ChannelID(in.Integration), Group: domain.GroupID(in.Customer)}
	var problems []fault.Problem
	if err != nil {
		problems = append(problems, problemsOf(err)...)
	}
	if in.Integration != "" && !validID(in.Integration) {
		problems = append(problems, fault.Problem{Field: "integration", Rule: "malformed", Message: "This is not the id of an integration."})
	}
	for _, p := range []struct {
		field, text string
		into        *time.Time
	}{{"from", in.From, &f.From}, {"to", in.To, &f.To}} {
		if p.text == "" {
			continue
		}
		if *p.into, err = a.parseTime(ctx, in.actor, p.text); err != nil {
			problems = append(problems, fault.Problem{Field: p.field, Rule: "format", Message: "This is not a time. Write it like 2026-03-29T09:00:00Z."})
		}
	}
	switch known, ok := stateFilters[in.State]; {
	case in.State == string(domain.PostDraft):
		f.State = domain.PostDraft
	case ok:
		f.Deliveries = known
	case in.State != "":
		f.Deliveries = []domain.DeliveryState{domain.DeliveryState(in.State)}
	}
	return f, fault.Check(problems)
}

// parseTime reads a time; one without an offset in the zone of the organization.
func (a *api) parseTime(ctx context.Context, actor domain.Actor, text string) (time.Time, error) {
	loc := time.UTC
	if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
		org, err := a.eng.Accounts.Organization(ctx, actor)
		if err != nil {
			return time.Time{}, err
		}
		loc = org.Location()
	}
	return domain.ParseTime(text, loc)
}

// post is the answer with one post.
func (a *api) post(ctx context.Context, actor domain.Actor, v core.PostView, err error) (*postOutput, error) {
	if err != nil {
		return nil, err
	}
	channels, err := a.channelsOf(ctx, actor, v)
	if err != nil {
		return nil, err
	}
	return &postOutput{ETag: etag(v.Post.Version), Body: fromView(v, channels)}, nil
}

// channelsOf loads the channels of all these posts in one query.
func (a *api) channelsOf(ctx context.Context, actor domain.Actor, views ...core.PostView) (map[domain.ChannelID]domain.Channel, error) {
	out := map[domain.ChannelID]domain.Channel{}
	var ids []domain.ChannelID
	for _, v := range views {
		for _, d := range slices.Concat(v.Deliveries, v.Following) {
			if _, seen := out[d.Channel]; !seen {
				out[d.Channel] = domain.Channel{ID: d.Channel, Provider: d.Provider}
				ids = append(ids, d.Channel)
			}
		}
	}
	found, err := a.eng.Channels.GetMany(ctx, actor, ids)
	for _, c := range found {
		out[c.ID] = c
	}
	return out, err
}

// etag is the ETag of a version.
func etag(version int) string { return strconv.Quote(strconv.Itoa(version)) }

// versionOf reads the header If-Match. Without it, or with *, every version is
// right; what no version can match is -1.
func versionOf(ifMatch string) int {
	ifMatch = strings.TrimSpace(ifMatch)
	if ifMatch == "" || ifMatch == "*" {
		return 0
	}
	text, err := strconv.Unquote(ifMatch)
	n, err2 := strconv.Atoi(text)
	if err != nil || err2 != nil || n <= 0 {
		return -1
	}
	return n
}
