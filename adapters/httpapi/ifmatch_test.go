package httpapi_test

import (
	"net/http"
	"testing"
)

// TestWhatSomebodyElseChangedIsNotWrittenOver: what people change has an ETag, and
// a change of another version than the one that was read is refused.
func TestWhatSomebodyElseChangedIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	org := "/agencies/" + claimsOf(t, ann)["orgId"].(string)
	customer := w.ok(201, ann, "POST", "/integrations/customers", map[string]any{"name": "Blue Bakery"})
	integration := "/integrations/" + w.connect(ann, "ann")
	for name, c := range map[string]struct {
		method, path, etag string
		body               map[string]any
	}{
		"settings": {"PUT", org + "/settings", w.ok(200, ann, "GET", org+"/settings", nil).header.Get("ETag"), map[string]any{"requireApproval": true, "lateWindowSeconds": 60}},
		"pace":     {"PUT", integration + "/pace", w.ok(200, ann, "GET", integration, nil).header.Get("ETag"), map[string]any{"gapSeconds": 600}},
		"customer": {"PATCH", "/integrations/customers/" + customer.text("id"), customer.header.Get("ETag"), map[string]any{"name": "Red Bakery"}},
	} {
		if c.etag == "" {
			t.Errorf("%s: got no ETag", name)
			continue
		}
		first := w.call(ann, c.method, c.path, c.body, "If-Match", c.etag)
		if first.status != http.StatusOK || first.header.Get("ETag") == c.etag {
			t.Errorf("%s: got %d %s with ETag %s, want 200 and another ETag", name, first.status, first.body, first.header.Get("ETag"))
		}
		again := w.call(ann, c.method, c.path, c.body, "If-Match", c.etag)
		checkError(t, name, again)
		if again.status != http.StatusPreconditionFailed || again.text("code") != "stale" {
			t.Errorf("%s: got %d %s, want 412", name, again.status, again.body)
		}
		w.ok(200, ann, c.method, c.path, c.body) // without the header the last one wins
	}
	// What happens to an integration by itself is no other version of its settings.
	seen := w.ok(200, ann, "GET", integration, nil).header.Get("ETag")
	w.ok(200, ann, "POST", integration+"/pause", map[string]any{})
	friday := map[string]any{"slots": []any{map[string]any{"weekday": "friday", "time": "09:00"}}}
	if a := w.call(ann, "PUT", integration+"/slots", friday, "If-Match", seen); a.status != http.StatusOK {
		t.Errorf("got %d %s, want 200", a.status, a.body)
	}
	if a := w.call(ann, "PUT", integration+"/group", map[string]any{"group": customer.text("id")}, "If-Match", seen); a.status != http.StatusPreconditionFailed {
		t.Errorf("got %d %s, want 412", a.status, a.body)
	}
	if a := w.call(ann, "PUT", integration+"/pace", map[string]any{"gapSeconds": 0}, "If-Match", "nonsense"); a.status != http.StatusPreconditionFailed {
		t.Errorf("got %d %s, want 412", a.status, a.body)
	}
	// The name of an organization and its settings are one thing with one version.
	tag := w.ok(200, ann, "GET", org, nil).header.Get("ETag")
	w.ok(200, ann, "PUT", org+"/settings", map[string]any{"requireApproval": false, "lateWindowSeconds": 0})
	if a := w.call(ann, "PUT", org, map[string]any{"name": "Other"}, "If-Match", tag); a.status != http.StatusPreconditionFailed {
		t.Errorf("got %d %s, want 412", a.status, a.body)
	}
}
