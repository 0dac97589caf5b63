package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxErrorBody bounds what is read of the body of a failure.
const maxErrorBody = 1 << 20

// Error is an answer that is no success.
type Error struct {
	// Method and Path are those of the call.
	Method, Path string
	// Status is the HTTP status.
	Status int
	// Code is a stable word for the reason; "" where the answer is not Crier's,
	// but that of something between.
	Code string
	// Message is a sentence for people.
	Message string
	// Problems is everything that is wrong with the request. Empty where the
	// request is not to blame.
	Problems []FieldError
	// Challenge is set where the first step of a sign-in was right and LoginTOTP
	// must follow (the code is second_factor_required).
	Challenge *Challenge
	// RequestID names the request in the server's log.
	RequestID string
	// RetryAfter is how long to wait before the next try; 0 where the server
	// does not say.
	RetryAfter time.Duration
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d", e.Method, e.Path, e.Status)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	b.WriteString(": " + e.Message)
	for _, p := range e.Problems {
		fmt.Fprintf(&b, " [%s: %s]", p.Field, p.Message)
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// refusal reads an answer that is no success.
func refusal(call call, resp *http.Response) error {
	out := &Error{
		Method: call.method, Path: call.path, Status: resp.StatusCode, Message: http.StatusText(resp.StatusCode),
		RequestID: resp.Header.Get("X-Request-Id"),
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		out.RetryAfter = time.Duration(seconds) * time.Second
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var body ErrorBody
	if err == nil && json.Unmarshal(text, &body) == nil && int(body.StatusCode) == resp.StatusCode {
		out.Code, out.Message, out.Problems, out.RequestID = body.Code, body.Message, body.Errors, body.RequestID
		out.Challenge = body.Challenge
	}
	return out
}
