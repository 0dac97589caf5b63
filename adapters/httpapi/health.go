package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/crierhq/crier/core/fault"
)

const tagHealth = "Health"

type healthBody struct {
	Status string `json:"status" example:"ok"`
}

type healthOutput struct{ Body healthBody }

func (a *api) registerHealth() {
	handle(a, spec{
		id: "livez", method: http.MethodGet, path: "/livez", tag: tagHealth, public: true, anyQuery: true, status: http.StatusOK,
		summary: "Is the process alive?", text: "Always yes, if it answers. Whoever restarts processes asks here.",
	}, func(context.Context, *struct{}) (*healthOutput, error) {
		return &healthOutput{Body: healthBody{Status: "ok"}}, nil
	})
	handle(a, spec{
		id: "readyz", method: http.MethodGet, path: "/readyz", tag: tagHealth, public: true, anyQuery: true, status: http.StatusOK,
		summary: "Can posts be taken in and go out?", text: "Says why not, where they cannot. Whoever spreads requests over processes asks here.",
		errors: []int{503},
	}, func(ctx context.Context, _ *struct{}) (*healthOutput, error) {
		if err := a.eng.Ready(ctx); err != nil {
			return nil, NotReady(err)
		}
		return &healthOutput{Body: healthBody{Status: "ok"}}, nil
	})
}

// NotReady is the answer to GET /readyz where err says why posts cannot be
// taken in or go out. It tells the first half of an error that is no fault:
// what is behind the colon is for the log.
func NotReady(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	reason, _, cut := strings.Cut(err.Error(), ": ")
	if ok && !cut && f.Message != "" || ok && f.Code == "no_worker" {
		reason = f.Message
	}
	return &fault.Error{Kind: fault.Unavailable, Code: "not_ready", Message: sentence(reason), Err: err}
}
