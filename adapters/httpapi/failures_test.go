package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/httpapi"
)

// withFailures is a world in which Ann and Bob have failures.
func withFailures(t *testing.T) (f *fixture, annsPosts []string) {
	t.Helper()
	f = newFixture(t)
	for i, text := range []string{"refuse one", "refuse two", "refuse three", "lose it"} {
		a := f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": text, "type": "now", "integrations": []string{f.channel}})
		annsPosts = append(annsPosts, a.text("id"))
		if i == 0 {
			f.ok(201, f.bob, "POST", "/posts", map[string]any{"content": "refuse his", "type": "now", "integrations": []string{f.bobChannel}})
		}
		f.drain()
		f.clock.Add(time.Second)
	}
	return f, annsPosts
}

// drain publishes until nothing is left to be done.
func (w *world) drain() {
	w.t.Helper()
	for range 1000 {
		_, next, err := w.eng.Tick(w.t.Context())
		must(w.t, err)
		if next.IsZero() {
			return
		}
		w.clock.Add(max(0, next.Sub(w.clock.Now())))
	}
	w.t.Fatal("there is no end to what is due")
}

func TestFailuresByCause(t *testing.T) {
	t.Parallel()
	f, posts := withFailures(t)
	a := f.ok(200, f.ann, "GET", "/posts/failures", nil)
	for path, want := range map[string]any{
		"data.0.state": "failed", "data.0.code": "rejected", "data.0.provider": "form", "data.0.count": 3.0, "data.0.integration.id": f.channel,
		"data.0.remedy": "edit", "data.0.retryable": true, "data.0.message": "The platform does not like this text.",
		"data.1.state": "unknown", "data.1.count": 1.0, "data.1.remedy": "answer", "data.1.retryable": false, "data.2": nil,
	} {
		if got := a.json(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	for query, want := range map[string]int{
		"?state=failed": 1, "?state=unknown": 1, "?state=missed": 0, "?code=rejected": 1, "?provider=form": 2, "?provider=other": 0,
		"?integration=" + f.channel: 2, "?integration=" + f.bobChannel: 0, "?mine=true": 2, "?mine=true&state=failed&code=rejected": 1,
	} {
		got := f.ok(200, f.ann, "GET", "/posts/failures"+query, nil)
		if n := len(got.json("data").([]any)); n != want {
			t.Errorf("%s: got %d causes, want %d", query, n, want)
		}
	}
	// In pages, the newest first.
	var got []string
	for next := "/posts/failures/deliveries?code=rejected&limit=2"; next != ""; {
		a := f.ok(200, f.ann, "GET", next, nil)
		for i := range a.json("data").([]any) {
			got = append(got, a.text(fmt.Sprintf("data.%d.post", i)))
			if a.text(fmt.Sprintf("data.%d.delivery.reason.code", i)) != "rejected" || a.text(fmt.Sprintf("data.%d.delivery.integration.name", i)) != "Account ann" {
				t.Errorf("got %s, want each one with its reason and account", a.body)
			}
		}
		next = strings.TrimSuffix(strings.TrimPrefix(a.header.Get("Link"), "<"+publicURL), `>; rel="next"`)
	}
	if want := []string{posts[2], posts[1], posts[0]}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFailuresAreRetriedByCause(t *testing.T) {
	t.Parallel()
	f, posts := withFailures(t)
	body := map[string]any{"code": "rejected", "dryRun": true}
	dry := f.ok(200, f.ann, "POST", "/posts/failures/retry", body)
	if dry.json("retried") != 3.0 || dry.json("dryRun") != true || f.ok(200, f.ann, "GET", "/posts/"+posts[0], nil).text("deliveries.0.state") != "failed" {
		t.Errorf("dry: got %s, want three and nothing changed", dry.body)
	}
	body["dryRun"] = false
	if a := f.ok(200, f.ann, "POST", "/posts/failures/retry", body); a.json("retried") != 3.0 || a.json("more") != false {
		t.Errorf("got %s, want three", a.body)
	}
	for i, want := range []string{"scheduled", "scheduled", "scheduled", "unknown"} {
		if got := f.ok(200, f.ann, "GET", "/posts/"+posts[i], nil).text("deliveries.0.state"); got != want {
			t.Errorf("post %d: got %s, want %s", i, got, want)
		}
	}
	if a := f.ok(200, f.bob, "GET", "/posts/failures", nil); a.json("data.0.count") != 1.0 {
		t.Errorf("got %s, want Bob's failure left alone", a.body)
	}
	f.drain()
	f.ok(204, f.ann, "DELETE", "/integrations/"+f.channel, nil)
	a := f.ok(200, f.ann, "POST", "/posts/failures/retry", body)
	if a.json("retried") != 0.0 || a.text("skipped.0.reason") != "channel_not_active" || a.json("skipped.0.count") != 3.0 || a.text("skipped.0.message") == "" {
		t.Errorf("got %s, want three on an account that is not connected", a.body)
	}
}

func TestRetriesInBulkThatAreRefused(t *testing.T) {
	t.Parallel()
	f, _ := withFailures(t)
	before := f.state()
	for _, c := range []struct{ body, field string }{
		{`{}`, "code"},
		{`{"code":""}`, "code"},
		{`{"code":"outcome_unknown","state":"unknown"}`, "state"},
		{`{"code":"x","state":"blocked"}`, "state"},
		{`{"code":"x","integrationId":"a b"}`, "integrationId"},
		{`{"code":"x","provider":"a/b"}`, "provider"},
	} {
		a := f.call(f.ann, http.MethodPost, "/posts/failures/retry", c.body)
		checkError(t, c.body, a)
		if a.status != 400 || a.text("errors.0.field") != c.field {
			t.Errorf("%s: got %d %s, want %s refused", c.body, a.status, a.body, c.field)
		}
	}
	for _, path := range []string{
		"/posts/failures?state=published", "/posts/failures?integration=a%20b", "/posts/failures?x=1", "/posts/failures?mine=perhaps",
		"/posts/failures/deliveries?cursor=!", "/posts/failures/deliveries?limit=0",
	} {
		if a := f.call(f.ann, "GET", path, nil); a.status != 400 {
			t.Errorf("%s: got %d %s, want 400", path, a.status, a.body)
		}
	}
	if f.state() != before {
		t.Error("something changed")
	}
}

// TestRegression20NeverAnInternalError calls every operation of the document
// with ids that are missing and with what is malformed: 404, 4xx, never 500.
func TestRegression20NeverAnInternalError(t *testing.T) {
	t.Parallel()
	f, _ := withFailures(t)
	before := f.state()
	const none = "01900000-0000-7000-8000-000000000000"
	bodies, leaving := f.bodies(), f.register("leaving@example.org")
	n := 0
	for path, item := range httpapi.OpenAPI("x", "1").Paths {
		for method, op := range map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PUT": item.Put != nil, "DELETE": item.Delete != nil} {
			if !op {
				continue
			}
			n++
			token := f.ann
			if strings.HasPrefix(path, "/auth/logout") {
				token = leaving // for they do what they say
			}
			missing := strings.NewReplacer("{id}", none, "{delivery}", none, "{provider}", "none").Replace(path)
			// The page that a platform sends people back to is for people.
			if strings.Contains(path, "{") && path != "/integrations/callback/{provider}" {
				var body any
				if b, ok := bodies[method+" "+path]; ok {
					body = b
				}
				a := f.call(token, method, missing, body)
				if a.status != 404 {
					t.Errorf("%s %s: got %d %s, want 404", method, missing, a.status, a.body)
				}
			}
			for _, odd := range []string{"?%zz", "?a=%ff", "?limit=99999999999999999999", "?cursor=%00", "?state=%27%3b--", "?unknown=1"} {
				if a := f.call(token, method, missing+odd, "\x00"); a.status >= 500 && path != "/readyz" {
					t.Errorf("%s %s: got %d %s, want no failure of ours", method, missing+odd, a.status, a.body)
				}
			}
			for _, id := range []string{"%00", "%ff", "a%27--", "..%2f", strings.Repeat("x", 5000)} {
				odd := strings.NewReplacer("{id}", id, "{delivery}", id, "{provider}", id).Replace(path)
				for _, body := range []string{"", "{", "[]", "null", `{"a":1}`, "\xff"} {
					if a := f.call(token, method, odd, body); a.status >= 500 && path != "/readyz" {
						t.Errorf("%s %s with %q: got %d %s, want no failure of ours", method, odd, body, a.status, a.body)
					}
				}
			}
		}
	}
	if n < 20 || f.state() != before {
		t.Errorf("walked %d operations, want all of them and nothing changed", n)
	}
}
