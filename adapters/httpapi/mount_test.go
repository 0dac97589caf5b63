package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func TestRegisterReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	api := humago.New(http.NewServeMux(), huma.DefaultConfig("x", "1"))
	err := httpapi.Register(api, nil, httpapi.Config{Secret: []byte("short"), PublicURL: "crier.example"})
	for _, want := range []string{"engine", "32", "PublicURL", "NewConfig"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
	if httpapi.Register(nil, nil, httpapi.Config{}) == nil {
		t.Error("got no error without an API")
	}
}

// TestOtherAPIsStayAsTheyAre: nothing global was changed, and operations of the
// host can share the API.
func TestOtherAPIsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type input struct {
		N int `query:"n" minimum:"5"`
	}
	add := func(api huma.API) {
		huma.Get(api, "/host", func(context.Context, *input) (*struct{}, error) { return nil, nil })
	}
	add(w.api)
	a := w.call("", "GET", "/host?n=1", nil)
	if a.text("errors.0.field") != "n" {
		t.Errorf("got %s, want our error body for an operation of the host, too", a.body)
	}
	mux := http.NewServeMux()
	add(humago.New(mux, huma.DefaultConfig("x", "1")))
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/host?n=1", nil))
	if rec.Code != 422 || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s, want another API's own errors", rec.Code, rec.Body)
	}
}

func TestEveryKindOfFaultHasAStatus(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]int{
		fault.NotFound: 404, fault.Conflict: 409, fault.Stale: 412, fault.Invalid: 400, fault.TooLarge: 413, fault.Unsupported: 415,
		fault.Unauthenticated: 401, fault.Denied: 403, fault.TooMany: 429, fault.Unavailable: 503, fault.Internal: 500,
	}
	for _, k := range fault.Kinds() {
		rec := httptest.NewRecorder()
		err := &fault.Error{Kind: k, Message: "Said.", RetryAfter: 1500 * time.Millisecond, Err: errors.New("sekrit")}
		httpapi.WriteError(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), fmt.Errorf("wrapped: %w", err))
		var body httpapi.ErrorBody
		must(t, json.Unmarshal(rec.Body.Bytes(), &body))
		if want[k] == 0 || rec.Code != want[k] || body.StatusCode != want[k] || body.Code == "" || body.Message == "" || body.Errors == nil {
			t.Errorf("%s: got %d %s, want %d", k, rec.Code, rec.Body, want[k])
		}
		if strings.Contains(rec.Body.String(), "sekrit") || k == fault.Internal && strings.Contains(rec.Body.String(), "Said") {
			t.Errorf("%s: got %s, which tells too much", k, rec.Body)
		}
		if k != fault.Internal && rec.Header().Get("Retry-After") != "2" {
			t.Errorf("%s: got Retry-After %q, want 2", k, rec.Header().Get("Retry-After"))
		}
	}
	rec := httptest.NewRecorder()
	httpapi.WriteError(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), errors.New("sekrit"))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "sekrit") {
		t.Errorf("got %d %s, want 500 that tells nothing", rec.Code, rec.Body)
	}
}

func TestUnknownAddressesAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("", "GET", "/nothing/here", nil)
	checkError(t, "an unknown address", a)
	if a.status != 404 || a.text("code") != "route_not_found" {
		t.Errorf("got %d %s, want 404", a.status, a.body)
	}
	rec := httptest.NewRecorder()
	httpapi.MethodNotAllowed(rec, httptest.NewRequestWithContext(t.Context(), "PATCH", "/", nil), "GET", "PUT")
	if rec.Code != 405 || rec.Header().Get("Allow") != "GET, PUT" || !strings.Contains(rec.Body.String(), `"code":"method_not_allowed"`) {
		t.Errorf("got %d %v %s, want 405", rec.Code, rec.Header(), rec.Body)
	}
}

// broken is a store whose database is gone.
type broken struct{ store.Store }

func (broken) Ping(context.Context) error { return errors.New("dial tcp 10.0.0.1: sekrit") }

func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(200, "", "GET", "/livez?x=1", nil)
	w.ok(200, "", "GET", "/readyz", nil)
	down := newWorld(t, func(c *core.Config) { c.Store = broken{c.Store} })
	down.ok(200, "", "GET", "/livez", nil)
	a := down.call("", "GET", "/readyz", nil)
	if a.status != 503 || a.text("message") != "The store does not answer." || a.text("code") != "not_ready" {
		t.Errorf("got %d %s, want 503 and a reason without inner text", a.status, a.body)
	}
	token := w.register("ann@example.org")
	ch := w.connect(token, "ann")
	w.ok(201, token, "POST", "/posts", map[string]any{"content": "a", "integrations": []string{ch}, "type": "now"})
	w.clock.Add(2 * time.Minute)
	late := w.call("", "GET", "/readyz", nil)
	if late.status != 503 || !strings.HasPrefix(late.text("message"), "Something has been due for 2m0s") {
		t.Errorf("got %d %s, want 503: nobody publishes", late.status, late.body)
	}
}

// TestTheDocumentIsServed compares what is served with what is generated.
func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	for name, mount := range routers() {
		w := newWorldOn(t, mount)
		want, err := json.MarshalIndent(httpapi.OpenAPI("Crier", "1.0.0"), "", "  ")
		must(t, err)
		a := w.ok(200, "", "GET", "/api/openapi.json", nil)
		if string(a.body) != string(want) {
			t.Errorf("%s: the document that is served is not the one that is generated", name)
		}
		if a.text("openapi") != "3.1.0" || strings.Contains(string(want), `"null"`) || strings.Contains(string(want), "ErrorModel") || strings.Count(string(want), `"422"`) != len(httpapi.Repeatable()) {
			t.Errorf("%s: got a document of another shape", name)
		}
		y := w.ok(200, "", "GET", "/api/openapi.yaml", nil)
		if !strings.Contains(string(y.body), "operationId: create-post") {
			t.Errorf("%s: got %.100s, want YAML", name, y.body)
		}
	}
}
