package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/httpapi"
)

func newOpen(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, onServeMux, func(_ *httpapi.Config, m *httpapi.MiddlewareConfig) {
		m.Origins, m.Secure = []string{"https://app.example", "http://localhost:5173"}, true
	})
}

func TestPagesOfNamedOriginsMayUseTheAPI(t *testing.T) {
	t.Parallel()
	w := newOpen(t)
	for origin, want := range map[string]bool{
		"https://app.example": true, "HTTPS://App.Example": true, "http://localhost:5173": true,
		"https://app.example.evil.example": false, "https://evil.example": false, "http://app.example": false, "null": false, "*": false, "": false,
	} {
		asked := w.call("", "OPTIONS", "/posts", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
		got := w.call("", "GET", "/livez", nil, "Origin", origin)
		for what, a := range map[string]answer{"the question": asked, "the request": got} {
			allowed := a.header.Get("Access-Control-Allow-Origin")
			if want && (allowed != origin || a.header.Get("Access-Control-Allow-Credentials") != "true") {
				t.Errorf("%s of %s: got %v, want it to be allowed", what, origin, a.header)
			}
			if !want && (allowed != "" || a.header.Get("Access-Control-Allow-Credentials") != "") {
				t.Errorf("%s of %s: got %v, want nothing to be allowed", what, origin, a.header)
			}
			if a.header.Get("Vary") != "Origin" {
				t.Errorf("%s of %s: got Vary %q, want Origin, for caches", what, origin, a.header.Get("Vary"))
			}
		}
		if want && (asked.status != http.StatusNoContent || !strings.Contains(asked.header.Get("Access-Control-Allow-Headers"), "Idempotency-Key")) {
			t.Errorf("%s: got %d %v, want 204 and the headers that may be sent", origin, asked.status, asked.header)
		}
		if want && !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), "RateLimit") {
			t.Errorf("%s: got %v, want the headers that may be read", origin, got.header)
		}
	}
	if a := newWorld(t).call("", "GET", "/livez", nil, "Origin", "https://app.example"); a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Vary") != "" {
		t.Errorf("got %v without origins, want nothing", a.header)
	}
}

// TestEveryAnswerIsGuarded: those of the API, of the router, and refusals.
func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	w := newOpen(t)
	for _, path := range []string{"/livez", "/posts", "/nothing", "/api/openapi.json"} {
		a := w.call("", "GET", path, nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", path, name, got, want)
			}
		}
	}
	if a := newWorld(t).call("", "GET", "/livez", nil); a.header.Get("Strict-Transport-Security") != "" {
		t.Errorf("got %v over http, want no Strict-Transport-Security", a.header)
	}
}

func TestLongAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.register("ann@example.org")
	for range 5 {
		w.ok(201, token, "POST", "/posts", map[string]any{"content": "a"})
	}
	for name, c := range map[string]struct {
		method, path, accept string
		want                 bool
	}{
		"a long answer":          {"GET", "/posts", "br, gzip;q=0.5", true},
		"any case":               {"GET", "/posts", "GZIP", true},
		"the document":           {"GET", "/api/openapi.json", "gzip", true},
		"a short answer":         {"GET", "/livez", "gzip", false},
		"not accepted":           {"GET", "/posts", "br, deflate", false},
		"refused":                {"GET", "/posts", "gzip; q=0, br", false},
		"nothing said":           {"GET", "/posts", "", false},
		"where secrets are told": {"POST", "/auth/login", "gzip", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := any(nil)
			if c.method == "POST" {
				body = `{"` + strings.Repeat("x", 2000) + `":1}`
			}
			plain := w.call(token, c.method, c.path, body, "X-Request-Id", "same")
			a := w.call(token, c.method, c.path, body, "X-Request-Id", "same", "Accept-Encoding", c.accept)
			if got := a.header.Get("Content-Encoding") == "gzip"; got != c.want {
				t.Fatalf("got %v, want compressed %t", a.header, c.want)
			}
			got := a.body
			if c.want {
				r, err := gzip.NewReader(bytes.NewReader(a.body))
				must(t, err)
				got, err = io.ReadAll(r)
				must(t, err)
				if len(a.body) >= len(got) || a.header.Get("Vary") != "Accept-Encoding" {
					t.Errorf("got %d bytes of %d and %v, want fewer, and a word for caches", len(a.body), len(got), a.header)
				}
			}
			if a.status != plain.status || !bytes.Equal(got, plain.body) {
				t.Errorf("got %d and %d bytes, want %d and the %d of the plain answer", a.status, len(got), plain.status, len(plain.body))
			}
		})
	}
}

// TestWhatWasReadIsNotSentAgain: a GET with the ETag of what the client has.
func TestWhatWasReadIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.register("ann@example.org")
	post := w.ok(201, token, "POST", "/posts", map[string]any{"content": "a"}).text("id")
	tag := w.ok(200, token, "GET", "/posts/"+post, nil).header.Get("ETag")
	for header, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200, strings.Trim(tag, `"`): 200,
	} {
		a := w.call(token, "GET", "/posts/"+post, nil, "If-None-Match", header)
		if a.status != want || (want == 304) != (len(a.body) == 0) || a.header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: got %d with %d bytes and ETag %s, want %d", header, a.status, len(a.body), a.header.Get("ETag"), want)
		}
	}
	w.ok(200, token, "PUT", "/posts/"+post, map[string]any{"content": "b"})
	if a := w.call(token, "GET", "/posts/"+post, nil, "If-None-Match", tag); a.status != 200 {
		t.Errorf("got %d after a change, want 200", a.status)
	}
	if a := w.call(token, "PUT", "/posts/"+post, map[string]any{"content": "c"}, "If-Match", tag); a.status != 412 {
		t.Errorf("got %d for a change of what was changed meanwhile, want 412", a.status)
	}
}
