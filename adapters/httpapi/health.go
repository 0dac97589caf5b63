package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

const tagHealth = "Health"

type healthBody struct {
	Status string `json:"status" enum:"ok,degraded" doc:"degraded: posts go out in time, but something that helps does not work." example:"ok"`
	Reason string `json:"reason,omitempty" doc:"What does not work." example:"Redis cannot be reached to wake other processes."`
}

type healthDetailsBody struct {
	Status string     `json:"status" enum:"ok,degraded,not_ready"`
	Reason string     `json:"reason,omitempty" doc:"What does not work."`
	Paused *pauseBody `json:"paused,omitempty" doc:"The pause of the whole installation, while it holds. Under it nothing goes out, and nothing is broken."`
}

type healthDetailsOutput struct{ Body healthDetailsBody }

type healthOutput struct{ Body healthBody }

func (a *api) registerHealth() {
	handle(a, spec{
		id: "livez", method: http.MethodGet, path: "/livez", tag: tagHealth, public: true, anyQuery: true, unlimited: true, status: http.StatusOK,
		summary: "Is the process alive?", text: "Always yes, if it answers. Whoever restarts processes asks here.",
	}, func(context.Context, *struct{}) (*healthOutput, error) {
		return &healthOutput{Body: healthBody{Status: "ok"}}, nil
	})
	handle(a, spec{
		id: "readyz", method: http.MethodGet, path: "/readyz", tag: tagHealth, public: true, anyQuery: true, unlimited: true, status: http.StatusOK,
		summary: "Can posts be taken in and go out?", text: "Says why not, where they cannot. Whoever spreads requests over processes asks here.",
		errors: []int{503},
	}, func(ctx context.Context, _ *struct{}) (*healthOutput, error) {
		if err := a.eng.Ready(ctx); err != nil {
			return nil, NotReady(err)
		}
		if err := a.eng.Degraded(); err != nil {
			return &healthOutput{Body: healthBody{Status: "degraded", Reason: tell(err)}}, nil
		}
		return &healthOutput{Body: healthBody{Status: "ok"}}, nil
	})
	handle(a, spec{
		id: "health-details", method: http.MethodGet, path: "/health/details", tag: tagHealth, anyQuery: true, status: http.StatusOK, needs: permission{permit.Installation, permit.Read},
		summary: "How are things?", text: "For people who are signed in: what GET /readyz says, and whether somebody paused the whole installation.",
	}, a.healthDetails)
}

func (a *api) healthDetails(ctx context.Context, _ *struct{ signedIn }) (*healthDetailsOutput, error) {
	out := &healthDetailsOutput{Body: healthDetailsBody{Status: "ok"}}
	if err := a.eng.Ready(ctx); err != nil {
		out.Body.Status, out.Body.Reason = "not_ready", tell(err)
		return out, nil
	}
	if err := a.eng.Degraded(); err != nil {
		out.Body.Status, out.Body.Reason = "degraded", tell(err)
	}
	p, err := a.eng.Pauses.Installation(ctx)
	out.Body.Paused = fromPause(p)
	return out, err
}

// NotReady is the answer to GET /readyz where err says why posts cannot be
// taken in or go out.
func NotReady(err error) error {
	return &fault.Error{Kind: fault.Unavailable, Code: "not_ready", Message: tell(err), Err: err}
}

// tell is what anybody may read of err: the message of a fault, or the first
// half of another error. What is behind the colon is for the log.
func tell(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	reason, _, cut := strings.Cut(err.Error(), ": ")
	if ok && f.Message != "" && (!cut || error(f) == err || f.Code == "no_worker") { //nolint:errorlint // whether err is the fault itself
		reason = f.Message
	}
	return sentence(reason)
}
