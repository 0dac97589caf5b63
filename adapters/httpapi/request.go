package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/apikey"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/replay"
	"github.com/crierhq/crier/ports/permit"
)

// inner is what a request wraps; its field must not hide the method Context.
type inner = huma.Context

// request is a huma.Context that knows who asks, and that answers huma's own
// errors with our status.
type request struct {
	inner
	api   *api
	actor domain.Actor
	// override replaces the status that is set next.
	override int
	// quotas are those that the request was counted against.
	quotas []quota
	// body, if it is not nil, is what is left to read of the body.
	body io.Reader
	// run is the right to do a repeatable request; nil where no key was sent.
	run *replay.Run
	// held, if it is not nil, takes the answer instead of the client.
	held *held
	// unchanged says that the client has what would be sent.
	unchanged bool
}

// Unwrap gives adapters their own context.
func (r *request) Unwrap() huma.Context { return r.inner }

// SetStatus implements huma.Context.
func (r *request) SetStatus(code int) {
	if r.override != 0 {
		code = r.override
	}
	if r.unchanged = r.unchanged && code == http.StatusOK; r.unchanged {
		code = http.StatusNotModified
	}
	if r.held != nil {
		r.held.status = code
		return
	}
	r.inner.SetStatus(code)
}

// SetHeader implements huma.Context.
func (r *request) SetHeader(name, value string) {
	if r.held != nil {
		switch name {
		case "Content-Type":
			r.held.contentType = value
		case "ETag":
			r.held.etag = value
		}
	}
	if name == "ETag" && r.Method() == http.MethodGet {
		r.unchanged = names(r.Header("If-None-Match"), value)
	}
	r.inner.SetHeader(name, value)
}

// names reports whether a list of ETags has this one.
func names(list, tag string) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	for entry := range strings.SplitSeq(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(entry), "W/") == tag {
			return true
		}
	}
	return false
}

// BodyReader implements huma.Context.
func (r *request) BodyReader() io.Reader {
	if r.body != nil {
		return r.body
	}
	return r.inner.BodyReader()
}

// BodyWriter implements huma.Context.
func (r *request) BodyWriter() io.Writer {
	switch {
	case r.unchanged:
		return io.Discard
	case r.held != nil:
		return &r.held.body
	}
	return r.inner.BodyWriter()
}

// requestOf finds the request below what other middleware put around it.
func requestOf(ctx huma.Context) *request {
	for {
		if r, ok := ctx.(*request); ok {
			return r
		}
		u, ok := ctx.(interface{ Unwrap() huma.Context })
		if !ok {
			return nil
		}
		ctx = u.Unwrap()
	}
}

// raw gives a handler the request itself.
type raw struct{ req *request }

// Resolve implements huma.Resolver.
func (r *raw) Resolve(ctx huma.Context) []error {
	r.req = requestOf(ctx)
	return nil
}

// origin is where the request comes from.
func (r *request) origin() core.Origin {
	return core.Origin{UserAgent: r.Header("User-Agent"), Address: clientOf(r).String()}
}

// signedIn gives a handler who asks. Operations that are not public have one.
type signedIn struct {
	actor domain.Actor
	raw
}

// Resolve implements huma.Resolver.
func (s *signedIn) Resolve(ctx huma.Context) []error {
	errs := s.raw.Resolve(ctx)
	s.actor = s.req.actor
	return errs
}

// enter is the middleware of every operation: it refuses what no operation can
// use, finds out who asks, and whether they may, before anything else is read.
func (a *api) enter(s spec) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		req := &request{inner: ctx, api: a}
		setAPIHeaders(ctx)
		t := traceOf(ctx.Context())
		t.route = s.path
		err := a.chargeAddress(req, s)
		if err == nil {
			err = checkAddress(ctx)
		}
		if err == nil && !s.public {
			req.actor, err = a.authorize(ctx.Context(), ctx.Header("Authorization"), s.needs)
			req.actor.Origin = domain.Origin{Request: t.id, Network: network(clientOf(ctx))}
			t.organization, t.user, t.key = string(req.actor.Organization), string(req.actor.User), string(req.actor.Key)
			if err == nil {
				err = a.chargeActor(req, s)
			}
		}
		if err != nil {
			a.writeFailure(req, err)
			return
		}
		if s.repeatable() {
			a.once(req, next)
			return
		}
		next(req)
	}
}

// authorize returns who asks, if they may do what needs says.
func (a *api) authorize(ctx context.Context, header string, needs permission) (domain.Actor, error) {
	actor, err := a.authenticate(ctx, header)
	if err == nil && needs.Resource == permit.Installation {
		actor, err = a.eng.Accounts.AsOperator(ctx, actor)
	}
	if err != nil {
		return actor, err
	}
	return actor, a.eng.Access.Check(actor, needs.Resource, needs.Action)
}

// network is an address without its last part: 24 bits of an IPv4 address, 48 of
// an IPv6 one. It is "" where the address is not known.
func network(at netip.Addr) string {
	bits := 24
	if at.Is6() {
		bits = 48
	}
	prefix, err := at.Prefix(bits)
	if err != nil || !at.IsValid() {
		return ""
	}
	return prefix.String()
}

func setAPIHeaders(ctx huma.Context) {
	for name, value := range apiHeaders() {
		ctx.SetHeader(name, value)
	}
}

// apiHeaders are sent with every answer of the API.
func apiHeaders() map[string]string {
	return map[string]string{
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
	}
}

// maxID bounds an id. Ids are opaque, but never odd.
const maxID = 128

// validID reports whether s can be an id at all.
func validID(s string) bool {
	return s != "" && len(s) <= maxID && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == ""
}

// checkAddress refuses ids that are none, and text that no database can keep.
func checkAddress(ctx huma.Context) error {
	for _, name := range []string{"id", "provider", "user", "invitation"} {
		if strings.Contains(ctx.Operation().Path, "{"+name+"}") && !validID(ctx.Param(name)) {
			return fault.ErrNotFound
		}
	}
	u := ctx.URL()
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fault.Check([]fault.Problem{{Field: "query", Rule: "malformed", Message: "The part of the address behind the question mark cannot be read."}})
	}
	var problems []fault.Problem
	for name, values := range query {
		if slices.ContainsFunc(append(values, name), apikey.Is) {
			// Addresses are kept by proxies, browsers and logs.
			return fault.New(fault.Invalid, "key_in_address", "This address holds an API key, which others can read by now. Revoke the key, and send the next one in the header Authorization.")
		}
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				problems = append(problems, fault.Problem{
					Field: strings.ToValidUTF8(name, "?"), Rule: "characters", Message: "This holds characters that cannot be read.",
				})
				break
			}
		}
	}
	return fault.Check(problems)
}

// writeFailure answers with err instead of running the operation.
func (a *api) writeFailure(req *request, err error) {
	body := a.failure(req.Context(), err)
	body.sign(req.Context())
	for name, values := range body.GetHeaders() {
		req.SetHeader(name, values[0])
	}
	req.SetHeader("Content-Type", "application/json")
	req.SetStatus(body.StatusCode)
	if req.Method() != http.MethodHead {
		_ = strictJSON().Marshal(req.BodyWriter(), body) // nobody to tell: the client is gone
	}
}
