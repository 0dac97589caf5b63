package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

const tagPublic = "Public API"

// publicPath is where the public API begins. Its addresses stay as they are;
// what is behind them is the same as in the rest of the API.
const publicPath = "/api/v1/public"

type integrationPostsInput struct {
	signedIn
	PostQuery
	ID string `path:"id" doc:"The id of the integration."`
}

func (a *api) registerPublic() {
	public := func(s spec) spec {
		s.id, s.path, s.tag = "public-"+s.id, publicPath+s.path, tagPublic
		return s
	}
	handle(a, public(spec{
		id: "list-integrations", method: http.MethodGet, path: "/integrations", status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "List connected accounts", text: "Oldest first.", errors: []int{400},
	}), a.listIntegrations)
	handle(a, public(spec{
		id: "create-post", method: http.MethodPost, path: "/integrations/post", status: http.StatusCreated, needs: permission{permit.Posts, permit.Create},
		summary: "Create and schedule a post", text: "Checked against the limits of every platform first; all problems are reported together, and nothing is kept then.", errors: []int{400, 413, 415},
	}), a.createPost)
	handle(a, public(spec{
		id: "list-integration-posts", method: http.MethodGet, path: "/integrations/{id}/posts", status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "List the posts of an account", text: "By the time they are due.", errors: []int{400, 404},
	}), a.listIntegrationPosts)
	handle(a, public(spec{
		id: "next-slots", method: http.MethodGet, path: "/integrations/{id}/slots", status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "List the next free posting times of an account", text: "What is queued now gets the first. Nothing is reserved.", errors: []int{400, 404},
	}), a.nextSlots)
	handle(a, public(spec{
		id: "list-posts", method: http.MethodGet, path: "/posts", status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "List posts", text: "By the time they are due; drafts without one by when they were made.", errors: []int{400},
	}), a.listPosts)
	handle(a, public(spec{
		id: "validate-post", method: http.MethodPost, path: "/posts/validate", status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "Check a post without saving it", text: "Answers with everything that creating it would refuse.", errors: []int{400, 413, 415},
	}), a.validatePost)
	handle(a, public(spec{
		id: "get-post", method: http.MethodGet, path: "/posts/{id}", status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "Get a post", text: "With what became of it on each channel.", errors: []int{404},
	}), a.getPost)
	handle(a, public(spec{
		id: "delete-post", method: http.MethodDelete, path: "/posts/{id}", status: http.StatusNoContent, needs: permission{permit.Posts, permit.Delete},
		summary: "Withdraw a post", text: "Nothing of it that is not out will go out. What is out on a platform stays there.", errors: []int{404, 409, 412},
	}), a.deletePost)
	handle(a, public(spec{
		id: "retry-post", method: http.MethodPost, path: "/posts/{id}/retry", status: http.StatusOK, needs: permission{permit.Posts, permit.Update},
		summary: "Try again what failed or was missed", text: "Only there: what is out stays as it is, and what may be out is not touched.", errors: []int{404, 409},
	}), a.retryPost)
	handle(a, public(spec{
		id: "get-analytics", method: http.MethodGet, path: "/integrations/{id}/analytics", status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "Get the numbers of an account", text: "The platform is asked now.", errors: []int{400, 404, 409, 429, 503},
	}), a.getAnalytics)
	handle(a, public(spec{
		id: "get-post-statistics", method: http.MethodGet, path: "/posts/{id}/statistics", status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "Get the numbers of a post", text: "The platforms that it is out on are asked now.", errors: []int{404},
	}), a.getStatistics)
	a.documentUpload(handle(a, public(spec{
		id: "upload-media", method: http.MethodPost, path: "/upload", status: http.StatusCreated, needs: permission{permit.Media, permit.Create},
		summary: "Upload a file", text: "The file is read as it comes, so the field `alt` must come before the field `file`.", errors: []int{400, 413, 415},
	}), a.upload))
}

func (a *api) listIntegrationPosts(ctx context.Context, in *integrationPostsInput) (*listPostsOutput, error) {
	if _, err := a.eng.Channels.Get(ctx, in.actor, domain.ChannelID(in.ID)); err != nil {
		return nil, err
	}
	return a.listPosts(ctx, &listPostsInput{signedIn: in.signedIn, PostQuery: in.PostQuery, Integration: in.ID})
}
