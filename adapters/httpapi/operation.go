package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/ports/permit"
)

// bearer names the security scheme.
const bearer = "bearer"

// keyAuth names the security scheme of API keys.
const keyAuth = "apiKey"

const (
	// maxBody bounds a JSON body. huma refuses a body that reaches its limit, so
	// operations are given one byte more.
	maxBody = 1 << 20
	// bodyTimeout bounds the time that a JSON body may take to arrive.
	bodyTimeout = 30 * time.Second
)

// spec is what differs between operations.
type spec struct {
	id, method, path   string
	tag, summary, text string
	// status is that of success.
	status int
	// errors are the statuses of failure beside those that every operation of
	// its sort has.
	errors []int
	// needs is what the actor must be permitted to do, before anything of the
	// request is read. Use cases ask again, for they know the thing itself.
	needs permission
	// public operations need no token, and no permission.
	public bool
	// anyQuery lets unknown query parameters pass.
	anyQuery bool
	// hidden keeps it out of the document.
	hidden bool
	// unlimited operations count against no quota.
	unlimited bool
}

// permission is something that a policy grants.
type permission struct {
	Resource permit.Resource `json:"resource"`
	Action   permit.Action   `json:"action"`
}

// operation turns s into what huma wants. It lists the errors itself, because
// huma would add a status that we do not use.
func (a *api) operation(s spec) huma.Operation {
	op := huma.Operation{
		OperationID: s.id, Method: s.method, Path: s.path, Tags: []string{s.tag}, Summary: s.summary, Description: s.text,
		DefaultStatus: s.status, MaxBodyBytes: maxBody + 1, BodyReadTimeout: bodyTimeout,
		RejectUnknownQueryParameters: !s.anyQuery, Hidden: s.hidden,
		Responses: map[string]*huma.Response{},
	}
	errs := append([]int{http.StatusInternalServerError}, s.errors...)
	if !s.unlimited {
		errs = append(errs, http.StatusTooManyRequests)
	}
	if !s.public {
		op.Security = []map[string][]string{{bearer: {}}}
		if access.KeysMay(s.needs.Resource, s.needs.Action) {
			op.Security = append(op.Security, map[string][]string{keyAuth: {}})
		}
		op.Extensions = map[string]any{"x-permission": s.needs}
		errs = append(errs, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable)
	}
	if s.repeatable() {
		op.Parameters = append(op.Parameters, idempotencyParam())
		errs = append(errs, http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity)
	}
	for _, status := range slices.Compact(slices.Sorted(slices.Values(errs))) {
		op.Responses[strconv.Itoa(status)] = a.errorResponse(status)
	}
	op.Middlewares = huma.Middlewares{a.enter(s)}
	return op
}

// handle registers h under s. An error of h becomes an ErrorBody.
func handle[I, O any](a *api, s spec, h func(ctx context.Context, in *I) (*O, error)) huma.Operation {
	op := a.operation(s)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, a.failure(ctx, err)
		}
		return out, nil
	})
	return op
}

// nowhere is a router for an API that is only documented.
type nowhere struct{}

func (nowhere) Handle(*huma.Operation, func(huma.Context)) {}

func (nowhere) ServeHTTP(http.ResponseWriter, *http.Request) {}
