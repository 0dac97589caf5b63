package httpapi

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/fault"
)

// ErrorBody is the one body of every failure.
type ErrorBody struct {
	StatusCode int          `json:"statusCode" doc:"The status of the answer." example:"400"`
	Message    string       `json:"message" doc:"A sentence for people." example:"Validation failed"`
	Errors     []FieldError `json:"errors" nullable:"false" doc:"Everything that is wrong with the request, all at once. Empty where the request is not to blame."`
	Code       string       `json:"code" doc:"A stable word for the reason." example:"validation_failed"`
	RequestID  string       `json:"requestId,omitempty" doc:"Names the request in the server's log."`
	Docs       string       `json:"docs,omitempty" format:"uri" doc:"Where the code is explained." example:"https://github.com/crierhq/crier/blob/main/docs/errors.md#validation_failed"`

	// Challenge asks for the second step of a sign-in.
	Challenge *challengeBody `json:"challenge,omitempty" doc:"Only where the first step was right and a code is needed, too (code second_factor_required)."`

	retryAfter time.Duration
}

// FieldError is one thing that must change.
type FieldError struct {
	Field   string `json:"field" doc:"The path of the value." example:"email"`
	Message string `json:"message" doc:"What is wrong, and what would be right." example:"Invalid email format"`
	Code    string `json:"code,omitempty" doc:"A stable word for the rule." example:"format"`
}

// Error implements error.
func (e *ErrorBody) Error() string { return e.Message }

// GetStatus implements huma.StatusError.
func (e *ErrorBody) GetStatus() int { return e.StatusCode }

// GetHeaders implements huma.HeadersError.
func (e *ErrorBody) GetHeaders() http.Header {
	h := http.Header{}
	if e.StatusCode == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.retryAfter.Seconds()))))
	}
	return h
}

// statuses is the status of every kind of fault.
var statuses = map[fault.Kind]int{
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Stale:           http.StatusPreconditionFailed,
	fault.Invalid:         http.StatusBadRequest,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusForbidden,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Internal:        http.StatusInternalServerError,
}

// codes are the words where the reason has none of its own.
var codes = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "unauthenticated",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusRequestTimeout:        "timeout",
	http.StatusConflict:              "conflict",
	http.StatusPreconditionFailed:    "stale",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusUnprocessableEntity:   "unprocessable",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusInternalServerError:   "internal",
	http.StatusServiceUnavailable:    "unavailable",
}

// ownStatuses are those of codes whose kind has another one.
var ownStatuses = map[string]int{"idempotency_key_reused": http.StatusUnprocessableEntity}

// StatusOf is the status of the answer to a fault of kind k with this code.
func StatusOf(k fault.Kind, code string) int {
	return cmp.Or(ownStatuses[code], statuses[k], http.StatusInternalServerError)
}

// FieldCodes are the codes of what can be wrong with a field before an operation
// reads it.
func FieldCodes() []string {
	out := make([]string, len(wordings))
	for i, w := range wordings {
		out[i] = w.code
	}
	return out
}

// PlainCodes are the codes, by status, of failures whose reason has none of its
// own.
func PlainCodes() map[int]string { return maps.Clone(codes) }

// docsPage explains every code, with its code as the fragment.
const docsPage = "https://github.com/crierhq/crier/blob/main/docs/errors.md#"

// sign adds to a body what every body has, just before it is sent.
func (e *ErrorBody) sign(ctx context.Context) {
	e.RequestID, e.Docs = traceOf(ctx).id, docsPage+e.Code
}

// maxErrors keeps the answer to a body of nothing but mistakes small.
const maxErrors = 500

const internalMessage = "Something went wrong on our side. It was logged; try again later."

// bodyOf says what may be told about err. Errors that are no faults tell
// nothing.
func bodyOf(err error) *ErrorBody {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		f = &fault.Error{Kind: fault.Internal, Message: internalMessage}
	}
	status := StatusOf(f.Kind, f.Code)
	if status == http.StatusInternalServerError {
		f = &fault.Error{Message: internalMessage}
	}
	out := &ErrorBody{StatusCode: status, Message: f.Message, Code: f.Code, Errors: []FieldError{}, retryAfter: f.RetryAfter}
	if out.Code == "" {
		out.Code = codes[status]
	}
	if out.Message == "" {
		out.Message = http.StatusText(status) + "."
	}
	if c, ok := errors.AsType[*core.Challenge](err); ok {
		out.Challenge = &challengeBody{Token: c.Token, ExpiresAt: stamp(c.ExpiresAt)}
	}
	for _, p := range f.Problems[:min(len(f.Problems), maxErrors)] {
		out.Errors = append(out.Errors, fieldError(p))
	}
	return out
}

func fieldError(p fault.Problem) FieldError {
	return FieldError{Field: p.Field, Message: p.Message, Code: p.Rule}
}

// failure is bodyOf, and tells the operator what the answer does not say.
func (a *api) failure(ctx context.Context, err error) *ErrorBody {
	if body, ok := errors.AsType[*ErrorBody](err); ok {
		return body
	}
	body := bodyOf(err)
	t := traceOf(ctx)
	switch {
	case ctx.Err() != nil:
		a.cfg.Log.DebugContext(ctx, "a request ended early", "id", t.id, "route", t.route, "error", err)
	case body.StatusCode == http.StatusInternalServerError:
		a.cfg.Log.ErrorContext(ctx, "a request failed", "id", t.id, "route", t.route, "error", err)
	case body.StatusCode == http.StatusServiceUnavailable:
		a.cfg.Log.WarnContext(ctx, "a request could not be served", "id", t.id, "route", t.route, "error", err)
	}
	return body
}

// transformErrors turns the errors that huma makes into ours.
func transformErrors(ctx huma.Context, _ string, v any) (any, error) {
	var body *ErrorBody
	switch e := v.(type) {
	case *huma.ErrorModel:
		body = fromHuma(e)
		ctx.SetHeader("Content-Type", "application/json")
	case *ErrorBody:
		copied := *e
		body = &copied
	default:
		return v, nil
	}
	body.sign(ctx.Context())
	if req := requestOf(ctx); req != nil {
		req.override = body.StatusCode
	}
	return body, nil
}

// fromHuma reads what huma found in a request.
func fromHuma(e *huma.ErrorModel) *ErrorBody {
	out := &ErrorBody{StatusCode: e.Status, Message: "Validation failed", Code: "validation_failed", Errors: []FieldError{}}
	for _, d := range e.Errors[:min(len(e.Errors), maxErrors)] {
		if d != nil {
			out.Errors = append(out.Errors, fromDetail(d))
		}
	}
	switch e.Status {
	case http.StatusUnprocessableEntity:
		out.StatusCode = http.StatusBadRequest
	case http.StatusBadRequest:
		if len(out.Errors) == 0 {
			out.Errors = []FieldError{{Field: "body", Message: "A body of JSON is required.", Code: "required"}}
		}
	case http.StatusUnsupportedMediaType:
		out.Message, out.Code = "Send JSON: the header Content-Type must be application/json.", codes[e.Status]
		out.Errors = []FieldError{{Field: "body", Message: out.Message, Code: "content_type"}}
	case http.StatusRequestEntityTooLarge:
		out.Message, out.Code = "The body is larger than "+strconv.Itoa(maxBody)+" bytes.", codes[e.Status]
		out.Errors = []FieldError{{Field: "body", Message: out.Message, Code: "too_large"}}
	case http.StatusRequestTimeout:
		out.Message, out.Code, out.Errors = "The body took too long to arrive.", codes[e.Status], []FieldError{}
	case http.StatusInternalServerError:
		return fromHumaInternal(e)
	default:
		out.Message, out.Code = http.StatusText(e.Status)+".", codes[e.Status]
	}
	return out
}

// fromHumaInternal tells a body that broke off from a mistake of our own.
func fromHumaInternal(e *huma.ErrorModel) *ErrorBody {
	if e.Detail == "cannot read request body" {
		return bodyOf(fault.Check([]fault.Problem{{Field: "body", Rule: "incomplete", Message: "The body ended too early."}}))
	}
	return bodyOf(errors.New(e.Detail))
}

// fromDetail words one of huma's findings as ours.
func fromDetail(d *huma.ErrorDetail) FieldError {
	out := FieldError{Field: fieldPath(d.Location)}
	if name, ok := between(d.Message, "expected required property ", " to be present"); ok {
		out.Field = strings.TrimPrefix(strings.TrimPrefix(out.Field, "body")+"."+name, ".")
		out.Code, out.Message = "required", "This is required."
		return out
	}
	if path, ok := strings.CutPrefix(d.Message, duplicateField); ok {
		return FieldError{Field: path, Code: "duplicate", Message: "This is there more than once, and only one of them could count. Send it once."}
	}
	for _, w := range wordings {
		if rest, ok := strings.CutPrefix(d.Message, w.prefix); ok {
			out.Code, out.Message = w.code, strings.ReplaceAll(w.message, "%", strings.TrimSpace(strings.Trim(rest, `"`)))
			return out
		}
	}
	out.Code, out.Message = "malformed", sentence(d.Message)
	return out
}

// wordings say in our words what huma's messages begin with; % is the rest.
// The order matters where one prefix begins another.
var wordings = []struct{ prefix, code, message string }{
	{"unexpected property", "unknown", "There is no such field here."},
	{"unknown query parameter", "unknown", "There is no such parameter."},
	{"required ", "required", "This is required."},
	{"expected array length >= ", "too_few", "At least % are needed."},
	{"expected array length <= ", "too_many", "At most % are allowed."},
	{"expected length >= 1", "required", "This must not be empty."},
	{"expected length >= ", "too_short", "This must have at least % characters."},
	{"expected length <= ", "too_long", "This must have at most % characters."},
	{"expected number >= ", "too_small", "This must be at least %."},
	{"expected number <= ", "too_large", "This must be at most %."},
	{"expected value to be one of \"", "enum", "This must be one of: %."},
	{"expected object with at most ", "too_many", "This has too many entries."},
	{"expected string to be RFC 3339 date-time", "format", "This is not a time. Write it like 2026-03-29T09:00:00Z."},
	{"expected string", "type", "This must be a text."},
	{"expected boolean", "type", "This must be true or false."},
	{"expected integer", "type", "This must be a whole number."},
	{"expected number", "type", "This must be a number."},
	{"expected array", "type", "This must be a list."},
	{"expected object", "type", "This must be an object."},
	{"invalid integer", "type", "This must be a whole number."},
	{"invalid boolean", "type", "This must be true or false."},
	{"invalid date/time", "format", "This is not a time. Write it like 2026-03-29T09:00:00Z."},
}

// fieldPath is a path of huma's without the place that it begins with.
func fieldPath(location string) string {
	first, rest, ok := strings.Cut(location, ".")
	switch {
	case ok && (first == "body" || first == "query" || first == "path" || first == "header"):
		return rest
	case location == "":
		return "body"
	default:
		return location
	}
}

func between(s, before, after string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, after)
}

// sentence begins with a capital and ends with a dot.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func problemsOf(err error) []fault.Problem {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return nil
	}
	return f.Problems
}
