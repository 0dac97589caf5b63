package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const tagJobs = "Side jobs"

type deadLetterBody struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind" doc:"What sort of work it is." example:"webhook"`
	Attempts  int         `json:"attempts" doc:"How often it was tried."`
	Reason    *reasonBody `json:"reason,omitempty" doc:"Why the last attempt failed."`
	CreatedAt string      `json:"createdAt" format:"date-time"`
	DiedAt    string      `json:"diedAt" format:"date-time" doc:"When it was given up."`
}

type deadLetterInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the job."`
}

type listDeadLettersInput struct {
	signedIn
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type listDeadLettersOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data []deadLetterBody `json:"data" nullable:"false"`
		Page pageInfo         `json:"page"`
	}
}

func (a *api) registerJobs() {
	handle(a, spec{
		id: "list-dead-letters", method: http.MethodGet, path: "/dead-letters", tag: tagJobs, status: http.StatusOK, needs: permission{permit.Jobs, permit.Read},
		summary: "List the side jobs that failed for good", text: "The newest first. Side jobs are work such as webhooks; none of them publishes anything, and a failed one has no effect on a post.",
		errors: []int{400},
	}, a.listDeadLetters)
	handle(a, spec{
		id: "replay-dead-letter", method: http.MethodPost, path: "/dead-letters/{id}/replay", tag: tagJobs, status: http.StatusNoContent, needs: permission{permit.Jobs, permit.Update},
		summary: "Run a failed side job again", text: "With all its attempts, from now on. Where a newer job does the same by now, it is a conflict.", errors: []int{404, 409},
	}, func(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
		return nil, a.eng.Jobs.Replay(ctx, in.actor, domain.JobID(in.ID))
	})
	handle(a, spec{
		id: "drop-dead-letter", method: http.MethodDelete, path: "/dead-letters/{id}", tag: tagJobs, status: http.StatusNoContent, needs: permission{permit.Jobs, permit.Delete},
		summary: "Delete a failed side job", text: "It will never run again. One that has not failed is a conflict.", errors: []int{404, 409},
	}, func(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
		return nil, a.eng.Jobs.Drop(ctx, in.actor, domain.JobID(in.ID))
	})
}

func (a *api) listDeadLetters(ctx context.Context, in *listDeadLettersInput) (*listDeadLettersOutput, error) {
	page, err := askPage(in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := a.eng.Jobs.Dead(ctx, in.actor, domain.JobPage{
		Limit: page.Limit, Before: page.After.At, BeforeID: domain.JobID(page.After.ID),
	})
	if err != nil {
		return nil, err
	}
	out := &listDeadLettersOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, func(j domain.Job) store.Position {
		return store.Position{At: j.DiedAt, ID: string(j.ID)}
	})
	out.Link = a.linkHeader(in.req, out.Body.Page)
	out.Body.Data = make([]deadLetterBody, len(rows))
	for i, j := range rows {
		out.Body.Data[i] = deadLetterBody{
			ID: string(j.ID), Kind: j.Kind, Attempts: j.Attempts, Reason: fromReason(j.Reason),
			CreatedAt: stamp(j.CreatedAt), DiedAt: stamp(j.DiedAt),
		}
	}
	return out, nil
}
