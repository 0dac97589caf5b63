package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// approvalBody is the last word on a post's content.
type approvalBody struct {
	State       string `json:"state" enum:"none,requested,approved,rejected"`
	ContentHash string `json:"contentHash" doc:"Names the content as it is now; approving and rejecting take it. When the post is due is not part of it."`
	Review      bool   `json:"review" doc:"Somebody asked for a review: it needs an approval even where the organization asks for none."`
	By          string `json:"by,omitempty" doc:"The id of the person who said so."`
	At          string `json:"at,omitempty" format:"date-time"`
	Note        string `json:"note,omitempty"`
}

func fromApproval(p domain.Post) approvalBody {
	a := p.Approval
	out := approvalBody{State: "none", ContentHash: p.ContentHash(), Review: a.Review, By: string(a.By), At: stamp(a.At), Note: a.Note}
	if a.State != domain.ApprovalNone {
		out.State = string(a.State)
	}
	return out
}

type approveInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the post."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the version that was read. Another one means 412."`
	Body    struct {
		ContentHash string `json:"contentHash,omitempty" maxLength:"128" doc:"The contentHash that was read. Another one means 412. Required without If-Match."`
	}
}

type rejectInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the post."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the version that was read. Another one means 412."`
	Body    struct {
		ContentHash string `json:"contentHash,omitempty" maxLength:"128" doc:"The contentHash that was read. Another one means 412. Required without If-Match."`
		Note        string `json:"note,omitempty" maxLength:"2000" doc:"Why; it is kept in the history."`
	}
}

type requestApprovalInput struct {
	signedIn
	ID   string `path:"id" doc:"The id of the post."`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"2000" doc:"For whoever looks at it."`
	}
}

func (a *api) registerApproval() {
	errs := []int{400, 404, 409, 412, 413, 415}
	handle(a, spec{
		id: "approve-post", method: http.MethodPost, path: "/posts/{id}/approve", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Approvals, permit.Update},
		summary: "Approve a post", text: "Exactly the content that was read. An edit withdraws it; moving the post does not. What waited for it goes out at once, if it is still in time.",
		errors: errs,
	}, func(ctx context.Context, in *approveInput) (*postOutput, error) {
		v, err := a.eng.Posts.Approve(ctx, in.actor, domain.PostID(in.ID), core.Seen{Hash: in.Body.ContentHash, Version: versionOf(in.IfMatch)})
		return a.post(ctx, in.actor, v, err)
	})
	handle(a, spec{
		id: "reject-post", method: http.MethodPost, path: "/posts/{id}/reject", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Approvals, permit.Update},
		summary: "Reject a post", text: "It is not published until it was changed, or is approved after all.", errors: errs,
	}, func(ctx context.Context, in *rejectInput) (*postOutput, error) {
		seen := core.Seen{Hash: in.Body.ContentHash, Version: versionOf(in.IfMatch)}
		v, err := a.eng.Posts.Reject(ctx, in.actor, domain.PostID(in.ID), seen, in.Body.Note)
		return a.post(ctx, in.actor, v, err)
	})
	handle(a, spec{
		id: "request-approval", method: http.MethodPost, path: "/posts/{id}/request-approval", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Update},
		summary: "Ask for the approval of a post", text: "From now on it needs one, even where the organization asks for none.",
		errors: []int{400, 404, 409, 413, 415},
	}, func(ctx context.Context, in *requestApprovalInput) (*postOutput, error) {
		v, err := a.eng.Posts.RequestApproval(ctx, in.actor, domain.PostID(in.ID), in.Body.Note)
		return a.post(ctx, in.actor, v, err)
	})
}
