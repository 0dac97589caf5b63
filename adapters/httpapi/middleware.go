package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// MiddlewareConfig tunes Middleware. The zero value of every field is its
// default.
type MiddlewareConfig struct {
	// Log gets one line for each request. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// NewID names requests that come without a name. Default: 26 random letters
	// and digits.
	NewID func() string
	// TrustedProxies are the networks of the proxies before the server, whose
	// header X-Forwarded-For tells who asks. Default: none, so that the address
	// of the connection is.
	TrustedProxies []netip.Prefix
	// Origins are those whose pages may use the API from a browser, such as
	// https://app.example, in lower case. Default: none but its own.
	Origins []string
	// Secure says that the server is reached over https only, and has browsers
	// remember it for a year.
	Secure bool

	compress *compressor
}

// requestIDHeader names a request across machines.
const requestIDHeader = "X-Request-Id"

// trace is what is known of a request; the operations fill it in for the log.
type trace struct {
	id, route, organization, user, key string
	// client is the address that the request comes from; not valid if unknown.
	client netip.Addr
}

type traceKey struct{}

// traceOf returns the trace of a request. Without Middleware there is none, and
// what is written into it is lost.
func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		return t
	}
	return &trace{}
}

// Middleware goes around the router. It names each request (X-Request-Id in and
// out), logs one line for it without its query or body, and turns a panic into
// an ErrorBody of status 500. It compresses long answers, and tells browsers which
// pages may use the API. An API works without it, less well.
func Middleware(cfg MiddlewareConfig) func(http.Handler) http.Handler {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = rand.Text
	}
	cfg.compress = newCompressor()
	var once sync.Once
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if at := peer(r.RemoteAddr); at.IsPrivate() && r.Header.Get(forwardedFor) != "" && !within(cfg.TrustedProxies, at) {
				once.Do(func() {
					cfg.Log.WarnContext(r.Context(), "a proxy that is not trusted tells who asks, so everybody behind it counts as one; name it in TRUSTED_PROXIES", "proxy", at.String())
				})
			}
			cfg.serve(w, r, next)
		})
	}
}

func (cfg MiddlewareConfig) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	begun := cfg.Now()
	t := &trace{id: r.Header.Get(requestIDHeader), client: clientBehind(r, cfg.TrustedProxies)}
	if !validID(t.id) {
		t.id = cfg.NewID()
	}
	w.Header().Set(requestIDHeader, t.id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if cfg.Secure {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	rec := &recorder{ResponseWriter: w}
	if cfg.cors(rec, r) {
		t.route = "preflight"
		cfg.line(r, t, rec, cfg.Now().Sub(begun))
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), traceKey{}, t))
	cut := cfg.guard(rec, r, t, next)
	cfg.line(r, t, rec, cfg.Now().Sub(begun))
	if cut {
		panic(http.ErrAbortHandler)
	}
}

// guard runs next and reports whether the connection has to be cut, because a
// panic came after a part of the answer was sent.
func (cfg MiddlewareConfig) guard(rec *recorder, r *http.Request, t *trace, next http.Handler) (cut bool) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares this value in the same way
			cut = true
			return
		}
		cfg.Log.ErrorContext(r.Context(), "a request panicked", "id", t.id, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		if rec.status != 0 {
			cut = true
			return
		}
		WriteError(rec, r, fault.New(fault.Internal, "", ""))
	}()
	out, end := cfg.compress.wrap(rec, r)
	next.ServeHTTP(out, r)
	end()
	return false
}

func (cfg MiddlewareConfig) line(r *http.Request, t *trace, rec *recorder, took time.Duration) {
	status, level := rec.status, slog.LevelInfo
	if status == 0 {
		status = http.StatusOK
	}
	if t.route == "/livez" || t.route == "/readyz" {
		level = slog.LevelDebug // they come every few seconds
	}
	attrs := []slog.Attr{
		slog.String("id", t.id), slog.String("method", clip(r.Method)), slog.String("route", t.route), slog.Int("status", status),
		slog.Int64("ms", took.Milliseconds()), slog.Int64("bytes", rec.bytes),
	}
	if t.organization != "" {
		attrs = append(attrs, slog.String("organization", t.organization), slog.String("user", t.user))
	}
	if t.key != "" {
		attrs = append(attrs, slog.String("key", t.key))
	}
	cfg.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// clip keeps what strangers chose short.
func clip(s string) string {
	const most = 20
	return s[:min(len(s), most)]
}

// SetRoute names the route of a request that no operation of this package
// serves, for the log line of Middleware. It must not hold what people typed in.
func SetRoute(ctx context.Context, route string) { traceOf(ctx).route = route }

// WriteError answers with err as the API does. It is for what lies around the
// API, such as the router.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	writeBody(w, r, bodyOf(err))
}

// NotFound answers like the API that there is nothing at this address. Routers
// have a place for it; in a ServeMux it is the handler of "/".
func NotFound(w http.ResponseWriter, r *http.Request) {
	WriteError(w, r, fault.New(fault.NotFound, "route_not_found", "There is nothing at this address."))
}

// MethodNotAllowed answers like the API that the method is not one of allowed.
func MethodNotAllowed(w http.ResponseWriter, r *http.Request, allowed ...string) {
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
	}
	status := http.StatusMethodNotAllowed
	writeBody(w, r, &ErrorBody{StatusCode: status, Code: codes[status], Errors: []FieldError{}, Message: "This address does not take this method."})
}

func writeBody(w http.ResponseWriter, r *http.Request, body *ErrorBody) {
	body.sign(r.Context())
	for name, value := range apiHeaders() {
		w.Header().Set(name, value)
	}
	for name, values := range body.GetHeaders() {
		w.Header().Set(name, values[0])
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(body.StatusCode)
	_ = strictJSON().Marshal(w, body) // nobody to tell: the client is gone
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap gives http.ResponseController what lies below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (r *recorder) Flush() {
	if f, ok := r.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
