// Package rest is the small HTTP client that providers share. Its one
// non-obvious duty is to tell "the platform never saw the request" from "the
// platform may have acted on it", which decides whether a publication may be
// repeated. It never retries.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/ports/social"
)

const (
	maxBody     = 4 << 20 // bytes of a JSON answer
	maxEvidence = 500     // bytes that an operator gets to see of it
)

// Classify turns an error answer into an *social.Error. Returning nil leaves
// the meaning to the status alone.
type Classify func(status int, body []byte) *social.Error

// Client calls one API. The zero value of every field but HTTP is usable.
type Client struct {
	HTTP *http.Client
	// Base is put before a Request.Path that is not an absolute URL.
	Base     string
	Classify Classify
	// Header is sent with every request, such as the name that a platform wants
	// its clients to give themselves. That of a Request goes before it.
	Header http.Header
	// Refused reports whether an answer with a good status refuses the call in
	// its body, as some platforms do. It is then read like an error: Classify is
	// asked, and what that leaves open is a lost answer. Nil: the status counts.
	Refused func(body []byte) bool
	// Now is needed to read waiting times that are given as a date.
	Now func() time.Time
	// Rates says whose limit the rate headers of the platform tell of. Every
	// answer that has them is then reported with social.ReportRate, and an
	// answer that refuses a call for its rate is of that scope unless Classify
	// says otherwise. Empty: nothing is reported.
	Rates social.RateScope
}

// Request is one call. At most one of JSON, Form and Body is set.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	// Bearer is sent in the Authorization header, if set.
	Bearer string
	JSON   any
	Form   url.Values
	// Body is streamed as it is, with Type as its content type. Size is its
	// length, or -1 where it is not known.
	Body io.Reader
	Type string
	Size int64
	// Secrets are texts that must not come out again in an error, besides
	// Bearer and the values whose names say that they are secret.
	Secrets []string
	// Reads marks a call that changes nothing although its method is not GET
	// or HEAD: a lost answer is harmless then.
	Reads bool
	// Out gets the decoded JSON answer, if set.
	Out any
}

// Response is what a caller may need of an answer beside Request.Out.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes the call once, and follows no redirect. Errors are *social.Error: one that came from the
// transport before the request was written is CodeUnavailable, one after it is
// CodeOutcomeUnknown unless the call only reads.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
	})
	req, err := c.build(ctx, r)
	if err != nil {
		return Response{}, err
	}
	resp, err := c.once().Do(req)
	if err != nil {
		return Response{}, r.transportError(sent.Load(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	c.report(ctx, resp.Header)
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && len(raw) > maxBody {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return Response{}, r.transportError(true, err)
	}
	out := Response{Status: resp.StatusCode, Header: resp.Header, Body: raw}
	if resp.StatusCode >= 300 || c.Refused != nil && c.Refused(raw) {
		return out, c.statusError(r, resp, raw)
	}
	if r.Out == nil {
		return out, nil
	}
	if err := json.Unmarshal(raw, r.Out); err != nil {
		return out, &social.Error{
			Code: r.afterSend(), Status: resp.StatusCode, Evidence: r.evidence(raw),
			Message: "The platform sent an answer that we cannot read.", Err: err,
		}
	}
	return out, nil
}

// once is the client without redirects: following one would send a change
// again, or a token to another host.
func (c *Client) once() *http.Client {
	client := *c.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func (c *Client) build(ctx context.Context, r Request) (*http.Request, error) {
	body, contentType, size := r.Body, r.Type, r.Size
	switch {
	case r.JSON != nil:
		raw, err := json.Marshal(r.JSON)
		if err != nil {
			return nil, &social.Error{Code: social.CodeRejected, Message: "The request cannot be written.", Err: err}
		}
		body, contentType, size = bytes.NewReader(raw), "application/json", int64(len(raw))
	case r.Form != nil:
		enc := r.Form.Encode()
		body, contentType, size = strings.NewReader(enc), "application/x-www-form-urlencoded", int64(len(enc))
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, c.target(r), body)
	if err != nil {
		return nil, &social.Error{Code: social.CodeRejected, Message: "The address of the platform is not valid.", Err: bare(err)}
	}
	if body != nil && size > 0 {
		req.ContentLength = size
	}
	req.Header.Set("Accept", "application/json")
	for _, h := range []http.Header{c.Header, r.Header} {
		for k, v := range h {
			req.Header[quiet(k)] = v
		}
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if r.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+r.Bearer)
	}
	return req, nil
}

// target is the whole address of r.
func (c *Client) target(r Request) string {
	out := r.Path
	if !strings.HasPrefix(out, "https://") && !strings.HasPrefix(out, "http://") {
		out = c.Base + out
	}
	if len(r.Query) > 0 {
		out += "?" + r.Query.Encode()
	}
	return out
}

// quiet spells an idempotency key in small letters, which means the same to
// servers but not to http.Transport: by the usual spelling it takes leave to
// send a request a second time when a connection breaks, and not every server
// that gets the key honours it.
func quiet(header string) string {
	if key := http.CanonicalHeaderKey(header); key == "Idempotency-Key" || key == "X-Idempotency-Key" {
		return strings.ToLower(key)
	}
	return header
}

func (r Request) transportError(sent bool, err error) error {
	code := social.CodeUnavailable
	if sent {
		code = r.afterSend()
	}
	return &social.Error{Code: code, Message: "The platform could not be reached.", Err: bare(err)}
}

// bare drops what an *url.Error says of the URL, which may hold a token.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func (r Request) afterSend() social.Code {
	if r.Reads || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return social.CodeUnavailable
	}
	return social.CodeOutcomeUnknown
}

func (c *Client) statusError(r Request, resp *http.Response, raw []byte) error {
	var e *social.Error
	if c.Classify != nil {
		e = c.Classify(resp.StatusCode, raw)
	}
	if e == nil {
		e = r.byStatus(resp.StatusCode)
	}
	if e.Message == "" {
		e.Message = r.byStatus(resp.StatusCode).Message
	}
	e.Status = resp.StatusCode
	if e.Evidence == "" {
		e.Evidence = string(raw)
	}
	e.Evidence, e.Message = r.evidence([]byte(e.Evidence)), r.redact(e.Message)
	if e.RetryAfter == 0 && c.Now != nil && waits(e.Code) {
		e.RetryAfter = RetryAfter(resp.Header, c.Now())
	}
	if e.Scope == "" && (e.Code == social.CodeRateLimited || e.Code == social.CodeQuota) {
		e.Scope = c.Rates
	}
	return e
}

// waits reports whether a waiting time means something with the code. Many
// platforms say with every answer when their limit starts anew.
func waits(code social.Code) bool {
	return code == social.CodeRateLimited || code == social.CodeQuota || code == social.CodeUnavailable
}

func (r Request) byStatus(status int) *social.Error {
	switch {
	case status == http.StatusUnauthorized:
		return social.Errorf(social.CodeAuthExpired, "The platform no longer accepts our token.")
	case status == http.StatusForbidden:
		return social.Errorf(social.CodeScopeMissing, "The account did not grant this permission.")
	case status == http.StatusTooManyRequests:
		return social.Errorf(social.CodeRateLimited, "The platform asked us to slow down.")
	case status == http.StatusRequestTimeout, status >= 500:
		return social.Errorf(r.afterSend(), "The platform failed half-way.")
	case status < 300:
		return social.Errorf(r.afterSend(), "The platform did not say what became of the request.")
	case status < 400:
		return social.Errorf(r.afterSend(), "The platform sent us to another address, which we do not follow.")
	default:
		return social.Errorf(social.CodeRejected, "The platform refused the request.")
	}
}
