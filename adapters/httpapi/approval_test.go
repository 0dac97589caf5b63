package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// desk is an organization that ann owns and for which bob writes.
type desk struct {
	*world
	org, ann, bob, channel string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	var st store.Store
	d := &desk{world: newWorld(t, func(c *core.Config) { st = c.Store })}
	sign := func(path, email string) answer {
		return d.ok(map[string]int{"register": 201, "login": 200}[path], "", "POST", "/auth/"+path, map[string]any{"email": email, "password": "long enough"})
	}
	a := sign("register", "ann@example.org")
	d.ann, d.org = a.text("accessToken"), a.text("organization.id")
	d.clock.Add(time.Second) // ann came first: she owns the installation
	b := sign("register", "bob@example.org")
	must(t, st.Members().Insert(t.Context(), domain.Member{
		Organization: domain.OrganizationID(d.org), User: domain.UserID(b.text("user.id")), Role: domain.RoleUser,
		CreatedAt: d.clock.Now().Add(-time.Hour), // before the one of his own
	}))
	d.bob = sign("login", "bob@example.org").text("accessToken")
	d.channel = d.connect(d.ann, "acme")
	return d
}

func (d *desk) post(content string, in time.Duration) map[string]any {
	return map[string]any{"content": content, "integrations": []string{d.channel}, "scheduledAt": d.clock.Now().Add(in).Format(time.RFC3339)}
}

// pass lets time go by while the engine works.
func (d *desk) pass(in time.Duration) {
	d.t.Helper()
	until := d.clock.Now().Add(in)
	for {
		_, next, err := d.eng.Tick(d.t.Context())
		must(d.t, err)
		if next.IsZero() || next.After(until) {
			d.clock.Add(until.Sub(d.clock.Now()))
			return
		}
		d.clock.Add(max(0, next.Sub(d.clock.Now())))
	}
}

func (d *desk) want(id, path, want string) {
	d.t.Helper()
	if a := d.ok(200, d.bob, "GET", "/posts/"+id, nil); a.text(path) != want {
		d.t.Errorf("%s: got %q, want %q, in %s", path, a.text(path), want, a.body)
	}
}

func TestRegression24ApprovalOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	settings := "/agencies/" + d.org + "/settings"
	a := d.ok(200, d.ann, "PUT", settings, map[string]any{"requireApproval": true, "lateWindowSeconds": 3600})
	if a.json("requireApproval") != true || a.json("lateWindowSeconds") != 3600.0 {
		t.Errorf("got %s", a.body)
	}
	d.ok(403, d.bob, "PUT", settings, map[string]any{"requireApproval": false, "lateWindowSeconds": 0})
	if a := d.ok(200, d.bob, "GET", settings, nil); a.json("requireApproval") != true {
		t.Errorf("got %s", a.body)
	}

	a = d.ok(201, d.bob, "POST", "/posts", d.post("first", time.Minute))
	id, hash := a.text("id"), a.text("approval.contentHash")
	d.want(id, "approval.state", "requested")
	d.ok(403, d.bob, "POST", "/posts/"+id+"/approve", map[string]any{"contentHash": hash})
	d.ok(400, d.ann, "POST", "/posts/"+id+"/approve", map[string]any{})
	d.ok(200, d.ann, "POST", "/posts/"+id+"/approve", map[string]any{"contentHash": hash})
	d.want(id, "approval.state", "approved")

	// Moving a scheduled post really moves it, and keeps the approval.
	moved := d.ok(200, d.bob, "PUT", "/posts/"+id, d.post("first", 10*time.Minute))
	if moved.text("approval.state") != "approved" || moved.text("deliveries.0.dueAt") != moved.text("scheduledAt") {
		t.Errorf("got %s", moved.body)
	}
	d.pass(5 * time.Minute)
	d.want(id, "state", "scheduled")

	// An edit withdraws it.
	edited := d.ok(200, d.bob, "PUT", "/posts/"+id, d.post("second", time.Minute))
	if edited.text("approval.state") != "requested" || edited.text("approval.contentHash") == hash {
		t.Errorf("got %s", edited.body)
	}
	d.pass(30 * time.Minute)
	d.want(id, "deliveries.0.state", "blocked")
	d.want(id, "deliveries.0.reason.code", "approval_missing")
	d.ok(412, d.ann, "POST", "/posts/"+id+"/approve", map[string]any{"contentHash": hash})
	if got := d.call(d.ann, "POST", "/posts/"+id+"/approve", map[string]any{}, "If-Match", moved.header.Get("ETag")); got.status != 412 {
		t.Errorf("an old version: got %d, want 412", got.status)
	}
	a = d.ok(200, d.ann, "POST", "/posts/"+id+"/reject", map[string]any{"contentHash": edited.text("approval.contentHash"), "note": "Say more."})
	if a.text("approval.state") != "rejected" || a.text("approval.note") != "Say more." || !strings.Contains(string(a.body), "Rejected; it will not be published like this. Say more.") {
		t.Errorf("got %s", a.body)
	}
	d.ok(200, d.bob, "POST", "/posts/"+id+"/request-approval", map[string]any{"note": "It is fine."})
	d.ok(200, d.ann, "POST", "/posts/"+id+"/approve", map[string]any{"contentHash": edited.text("approval.contentHash")})
	d.pass(0)
	d.want(id, "state", "published")

	// What an owner writes is approved by that; a review can be asked for.
	if a := d.ok(201, d.ann, "POST", "/posts", d.post("mine", time.Hour)); a.text("approval.state") != "approved" {
		t.Errorf("got %s", a.body)
	}
	asked := d.post("look at it, please", time.Hour)
	asked["review"] = true
	if a := d.ok(201, d.ann, "POST", "/posts", asked); a.text("approval.state") != "requested" || a.json("approval.review") != true {
		t.Errorf("got %s", a.body)
	}
}

func TestPausesOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	storm := map[string]any{"reason": "Storm."}
	for _, path := range []string{"/integrations/" + d.channel, "/agencies/" + d.org, "/settings"} {
		id := d.ok(201, d.bob, "POST", "/posts", d.post("held back", time.Minute)).text("id")
		d.ok(403, d.bob, "POST", path+"/pause", storm)
		a := d.ok(200, d.ann, "POST", path+"/pause", storm)
		if a.text("paused.reason") != "Storm." || a.text("paused.since") == "" || a.text("paused.by") == "" {
			t.Errorf("%s: got %s", path, a.body)
		}
		d.ok(200, "", "GET", "/readyz", nil)
		shown := ""
		if path == "/settings" {
			shown = "Storm."
			if a := d.ok(200, d.bob, "GET", "/settings/pause", nil); a.text("paused.reason") != shown {
				t.Errorf("got %s", a.body)
			}
		}
		if a := d.ok(200, d.bob, "GET", "/health/details", nil); a.text("status") != "ok" || a.text("paused.reason") != shown {
			t.Errorf("under the pause of %s: got %s", path, a.body)
		}
		d.pass(10 * time.Minute)
		d.want(id, "deliveries.0.state", "blocked")
		d.want(id, "deliveries.0.reason.code", "paused")
		d.ok(403, d.bob, "POST", path+"/resume", nil)
		if a := d.ok(200, d.ann, "POST", path+"/resume", nil); a.json("paused") != nil {
			t.Errorf("%s: got %s", path, a.body)
		}
		d.pass(time.Minute)
		d.want(id, "state", "published")
	}
}
