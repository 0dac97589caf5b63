package httpapi_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// actions lists the actions of an answer of GET /settings/audit.
func actions(a answer) []string {
	var out []string
	for i := range 1000 {
		action := a.text(fmt.Sprintf("data.%d.action", i))
		if action == "" {
			break
		}
		out = append(out, action)
	}
	return out
}

func TestTheAuditLogSaysWhoDidWhat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	org := fmt.Sprint(claimsOf(t, f.ann)["orgId"])
	f.clock.Add(time.Second)
	made := f.key(f.ann, map[string]any{"name": "=Shop", "scope": "admin"})
	key, keyID := made.text("key"), made.text("id")
	step := func(token, method, path string, body any) {
		t.Helper()
		f.clock.Add(time.Second)
		if a := f.call(token, method, path, body); a.status >= 300 {
			t.Fatalf("%s %s: got %d %s", method, path, a.status, a.body)
		}
	}
	step(key, "POST", "/integrations/"+f.channel+"/pause", map[string]any{"reason": "Storm."})
	step(key, "POST", "/integrations/"+f.channel+"/pause", map[string]any{"reason": "Again."}) // holds already
	step(key, "POST", "/integrations/"+f.channel+"/resume", nil)
	step(f.ann, "PUT", "/integrations/"+f.channel+"/pace", map[string]any{"gapSeconds": 60})
	step(f.ann, "PUT", "/integrations/"+f.channel+"/slots", map[string]any{"slots": []any{map[string]any{"weekday": "friday", "time": "09:00"}}})
	step(f.ann, "POST", "/agencies/"+org+"/pause", map[string]any{})
	step(f.ann, "POST", "/agencies/"+org+"/resume", nil)
	step(f.ann, "PUT", "/agencies/"+org+"/settings", map[string]any{"requireApproval": true, "lateWindowSeconds": 0})
	step(f.ann, "POST", "/settings/pause", map[string]any{})
	step(f.ann, "POST", "/settings/resume", nil)
	step(f.ann, "POST", "/posts/"+f.draft+"/reject", map[string]any{"contentHash": f.hash(f.draft), "note": "No."})
	step(f.ann, "POST", "/posts/"+f.draft+"/approve", map[string]any{"contentHash": f.hash(f.draft)})
	step(f.ann, "DELETE", "/posts/"+f.draft, nil)
	f.clock.Add(time.Second)
	customer := f.customer(f.ann)
	step(f.ann, "PUT", "/integrations/"+f.channel+"/group", map[string]any{"group": customer})
	step(f.ann, "PATCH", "/integrations/customers/"+customer, map[string]any{"name": "Blue Bakery"})
	step(f.ann, "DELETE", "/integrations/customers/"+customer, nil)
	step(f.ann, "DELETE", "/integrations/"+f.channel, nil)
	step(f.ann, "POST", "/settings/api-keys/"+keyID+"/rotate", nil)
	step(f.ann, "DELETE", "/settings/api-keys/"+keyID, nil)

	all := f.ok(200, f.ann, "GET", "/settings/audit?limit=200", nil)
	want := []string{
		"channel.connected", "api_key.created", "channel.paused", "channel.resumed", "channel.configured", "channel.configured",
		"organization.paused", "organization.resumed", "organization.configured", "installation.paused", "installation.resumed",
		"post.rejected", "post.approved", "post.deleted", "group.created", "channel.configured", "group.renamed", "group.deleted",
		"channel.disconnected", "api_key.rotated", "api_key.revoked",
	}
	got := actions(all)
	slices.Reverse(got)
	got = slices.DeleteFunc(got, func(a string) bool { return !slices.Contains(want, a) })
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, secret := range []string{key, key[10:], "long enough"} {
		if strings.Contains(string(all.body), secret) {
			t.Errorf("the audit log holds the secret %q", secret)
		}
	}
	paused := f.ok(200, f.ann, "GET", "/settings/audit?action=channel.paused", nil)
	if paused.text("data.0.key") != keyID || paused.text("data.0.user") == "" || paused.text("data.0.resourceId") != f.channel || paused.text("data.0.name") != "Account ann" ||
		paused.text("data.0.changes.0.after") != "Storm." || paused.text("data.0.requestId") == "" || paused.text("data.0.network") != "192.0.2.0/24" {
		t.Errorf("got %s, want who, what, why and whence", paused.body)
	}
	f.filters(t, keyID)
	if a := f.ok(200, f.bob, "GET", "/settings/audit?limit=200", nil); strings.Contains(string(a.body), f.channel) || strings.Contains(string(a.body), "Storm.") {
		t.Errorf("another organization sees %s", a.body)
	}
}

// filters tries what narrows the log.
func (f *fixture) filters(t *testing.T, keyID string) {
	t.Helper()
	for query, want := range map[string][]string{
		"key=" + keyID: {"channel.resumed", "channel.paused"},
		"resource=api_key&from=2026-03-01T12:00:03Z":            {"api_key.revoked", "api_key.rotated"},
		"resource=api_key&to=2026-03-01T12:00:03Z":              {"api_key.created"},
		"resource=channel&resourceId=" + f.channel + "&limit=1": {"channel.disconnected"},
		"user=nobody": nil,
	} {
		if got := actions(f.ok(200, f.ann, "GET", "/settings/audit?"+query, nil)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	want(t, "a time that is none", f.call(f.ann, "GET", "/settings/audit?from=soon", nil), 400, "validation_failed")

	var pages []string
	for next := "/settings/audit?limit=4"; next != ""; {
		a := f.ok(200, f.ann, "GET", next, nil)
		pages = append(pages, actions(a)...)
		if next = ""; a.text("page.next") != "" {
			next = "/settings/audit?limit=4&cursor=" + a.text("page.next")
		}
	}
	if all := actions(f.ok(200, f.ann, "GET", "/settings/audit?limit=200", nil)); !slices.Equal(pages, all) {
		t.Errorf("in pages: got %q, want %q", pages, all)
	}
}

func TestTheAuditLogIsExported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 1203 // more than two pages of an export
	for i := range n - 1 {
		f.clock.Add(time.Microsecond)
		f.ok(201, f.ann, "POST", "/integrations/customers", map[string]any{"name": fmt.Sprintf("Customer %d", i)})
	}
	f.clock.Add(time.Second)
	f.ok(201, f.ann, "POST", "/integrations/customers", map[string]any{"name": `=HYPERLINK("x"), "Bakery"`})

	lines := f.ok(200, f.ann, "GET", "/settings/audit/export?action=group.created", nil)
	seen := map[string]bool{}
	for line := range strings.Lines(string(lines.body)) {
		var e struct{ ID, Action, Name string }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Action != "group.created" {
			t.Fatalf("got the line %q: %v", line, err)
		}
		seen[e.ID] = true
	}
	if len(seen) != n || lines.header.Get("Content-Type") != "application/jsonl" {
		t.Errorf("got %d entries as %s, want %d", len(seen), lines.header.Get("Content-Type"), n)
	}

	table := f.ok(200, f.ann, "GET", "/settings/audit/export?action=group.created&format=csv", nil)
	rows, err := csv.NewReader(strings.NewReader(string(table.body))).ReadAll()
	if err != nil || len(rows) != n+1 || rows[0][0] != "id" || rows[1][7] != `'=HYPERLINK("x"), "Bakery"` {
		t.Errorf("got %d rows that begin with %q, %v", len(rows), rows[:min(2, len(rows))], err)
	}
	want(t, "another format", f.call(f.ann, "GET", "/settings/audit/export?format=xml", nil), 400, "validation_failed")
}
