package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memwake"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/wake"
)

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	runs := 0
	w := newWorld(t, func(c *core.Config) {
		c.Jobs = []core.JobKind{{Name: "hook", Do: func(context.Context, domain.Job) error {
			if runs++; runs > 3 {
				return nil
			}
			return queue.Discard(&fault.Error{Kind: fault.Invalid, Code: "gone", Message: "The address is gone.", Err: errors.New("evidence")})
		}}}
	})
	ann, bob := w.register("ann@example.org"), w.register("bob@example.org")
	login := w.ok(200, "", "POST", "/auth/login", map[string]any{"email": "ann@example.org", "password": "long enough"})
	org := domain.OrganizationID(login.text("organization.id"))
	for i := range 3 {
		if err := w.eng.Jobs.Enqueue(t.Context(), domain.Job{ID: domain.JobID(fmt.Sprint("job-", i)), Organization: org, Kind: "hook"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.eng.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(time.Second)
	}
	first := w.ok(200, ann, "GET", "/dead-letters?limit=2", nil)
	for path, want := range map[string]string{
		"data.0.id": "job-2", "data.1.id": "job-1", "data.0.kind": "hook",
		"data.0.reason.code": "gone", "data.0.reason.message": "The address is gone.", "data.0.diedAt": "2026-03-01T12:00:02.000Z",
	} {
		if got := first.text(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if strings.Contains(string(first.body), "evidence") || !strings.Contains(string(first.body), `"attempts":1`) {
		t.Errorf("got %s, want the number of attempts and no evidence", first.body)
	}
	second := w.ok(200, ann, "GET", "/dead-letters?limit=2&cursor="+first.text("page.next"), nil)
	if second.text("data.0.id") != "job-0" || second.text("data.1.id") != "" {
		t.Errorf("got %s, want the last one", second.body)
	}
	if got := w.ok(200, bob, "GET", "/dead-letters", nil); strings.Contains(string(got.body), "job-") {
		t.Errorf("got %s, want nothing of another tenant", got.body)
	}
	for _, op := range [][2]string{{"POST", "/dead-letters/job-0/replay"}, {"DELETE", "/dead-letters/job-0"}} {
		if a := w.call(bob, op[0], op[1], nil); a.status != 404 {
			t.Errorf("%s %s by another tenant: got %d, want 404", op[0], op[1], a.status)
		}
	}
	w.ok(204, ann, "POST", "/dead-letters/job-0/replay", nil)
	w.ok(204, ann, "DELETE", "/dead-letters/job-1", nil)
	if a := w.call(ann, "DELETE", "/dead-letters/job-0", nil); a.status != 409 || a.text("code") != "job_not_dead" {
		t.Errorf("drop of one that runs again: got %d %s, want 409", a.status, a.body)
	}
	if _, _, err := w.eng.Tick(t.Context()); err != nil || runs != 4 {
		t.Errorf("got %d runs, %v; want it to have run again", runs, err)
	}
	if got := w.ok(200, ann, "GET", "/dead-letters", nil); got.text("data.0.id") != "job-2" || got.text("data.1.id") != "" {
		t.Errorf("got %s, want the one that was neither replayed nor dropped", got.body)
	}
}

// brokenBell cannot wake anybody.
type brokenBell struct{ wake.Bell }

func (brokenBell) Ready() error {
	return &fault.Error{Kind: fault.Unavailable, Code: "x", Message: "The bell is broken.", Err: errors.New("dial tcp 10.0.0.7")}
}

func TestDegradedIsReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *core.Config) { c.Bell = brokenBell{memwake.New()} })
	got := w.ok(200, "", "GET", "/readyz", nil)
	if got.text("status") != "degraded" || got.text("reason") != "The bell is broken." || strings.Contains(string(got.body), "10.0.0.7") {
		t.Errorf("got %s, want it degraded, and why", got.body)
	}
	good := newWorld(t, func(c *core.Config) { c.Bell = memwake.New() })
	if got := good.ok(200, "", "GET", "/readyz", nil); got.text("status") != "ok" || got.text("reason") != "" {
		t.Errorf("got %s, want ok", got.body)
	}
}
