package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// What pages of other origins may send and read.
const (
	corsMethods = "GET, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Range, X-CSRF-Token, X-Request-Id"
	corsExposed = "Allow, Content-Disposition, ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
	// corsAge is how long a browser may remember what it was allowed, in seconds.
	corsAge = "600"
)

// cors says to browsers which pages may use the API: those of the origins that
// are named, with credentials, and no others. It reports whether the request was
// no more than the question.
func (cfg MiddlewareConfig) cors(w http.ResponseWriter, r *http.Request) (answered bool) {
	if len(cfg.Origins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(cfg.Origins, strings.ToLower(origin)) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", corsExposed)
		return false
	}
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}
