package httpapi_test

import (
	"fmt"
	"slices"
	"testing"
)

// codes lists field and code of the problems in an answer.
func codes(a answer) []string {
	var out []string
	errs, _ := a.json("errors").([]any)
	for i := range errs {
		out = append(out, a.text(fmt.Sprintf("errors.%d.field", i))+" "+a.text(fmt.Sprintf("errors.%d.code", i)))
	}
	return out
}

func TestAPostThatRepeats(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	when := map[string]any{
		"scheduledAt": "2026-03-28T02:30", "timezone": "Europe/Berlin",
		"recurrence": map[string]any{"everyDays": 1, "count": 3},
	}
	preview := f.ok(200, f.ann, "POST", "/posts/preview", when)
	for i, want := range []struct {
		at, key string
		moved   bool
	}{
		{"2026-03-28T01:30:00.000Z", "2026-03-28T02:30:00", false},
		{"2026-03-29T01:30:00.000Z", "2026-03-29T02:30:00", true},
		{"2026-03-30T00:30:00.000Z", "2026-03-30T02:30:00", false},
	} {
		at := fmt.Sprintf("data.%d.", i)
		if preview.text(at+"at") != want.at || preview.text(at+"occurrence") != want.key || preview.json(at+"moved") != want.moved {
			t.Errorf("preview %d: got %v, want %v", i, preview.json(fmt.Sprintf("data.%d", i)), want)
		}
	}
	when["content"], when["integrations"] = "again and again", []string{f.channel}
	post := f.ok(201, f.ann, "POST", "/posts", when)
	for i := range 2 {
		if got, want := post.text(fmt.Sprintf("deliveries.%d.dueAt", i)), preview.text(fmt.Sprintf("data.%d.at", i)); got != want {
			t.Errorf("delivery %d: got due at %s, want %s as in the preview", i, got, want)
		}
	}
	if got := post.json("recurrence.everyDays"); got != 1.0 || post.json("recurrence.count") != 3.0 || post.text("deliveries.0.occurrence") != "2026-03-28T02:30:00" {
		t.Errorf("got %s, want the recurrence and the occurrence", post.body)
	}
	path := "/posts/" + post.text("id") + "/deliveries/" + post.text("deliveries.1.id") + "/cancel"
	if got := f.ok(200, f.ann, "POST", path, nil); got.text("deliveries.1.state") != "canceled" {
		t.Errorf("got %s, want the second occurrence canceled", got.body)
	}
	if got := f.call(f.bob, "POST", path, nil); got.status != 404 {
		t.Errorf("of somebody else: got %d, want 404", got.status)
	}
	delete(when, "content")
	delete(when, "integrations")
	when["post"] = post.text("id")
	if got := f.ok(200, f.ann, "POST", "/posts/preview", when); got.text("data.1.occurrence") != "2026-03-30T02:30:00" {
		t.Errorf("got %s, want the preview without what was taken out", got.body)
	}
	if got := f.call(f.bob, "POST", "/posts/preview", when); got.status != 404 {
		t.Errorf("preview of a post of somebody else: got %d, want 404", got.status)
	}
}

func TestProblemsOfARecurrence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cases := map[string]struct {
		more string
		want []string
	}{
		"rule":      {`"scheduledAt":"2026-05-01T10:00","recurrence":{"rule":"FREQ=SOMETIMES"}`, []string{"recurrence.rule frequency"}},
		"zone":      {`"scheduledAt":"2026-05-01T10:00","timezone":"Mars/Base","recurrence":{"everyDays":1}`, []string{"timezone zone"}},
		"no time":   {`"type":"schedule","recurrence":{"everyDays":1}`, []string{"scheduledAt required"}},
		"exception": {`"scheduledAt":"2026-05-01T10:00","recurrence":{"everyDays":1,"except":["x"]}`, []string{"recurrence.except[0] malformed_time"}},
		"queued":    {`"type":"queue","recurrence":{"everyDays":1}`, []string{"recurrence not_together", "integrations[0] no_slots"}},
	}
	for name, c := range cases {
		body := `{"content":"a","integrations":["` + f.channel + `"],` + c.more + `}`
		a := f.call(f.ann, "POST", "/posts", body)
		checkError(t, name, a)
		if got := codes(a); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if got := codes(f.ok(200, f.ann, "POST", "/posts/validate", body)); !slices.Equal(got, c.want) {
			t.Errorf("%s, validated: got %q, want %q", name, got, c.want)
		}
	}
}

func TestPostingTimes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := "/integrations/" + f.channel
	set := f.ok(200, f.ann, "PUT", path+"/slots", `{"slots":[{"weekday":"tuesday","time":"09:30"},{"weekday":"monday","time":"18:00"}]}`)
	got := f.ok(200, f.ann, "GET", path, nil)
	for _, a := range []answer{set, got} {
		if a.text("slots.0.weekday") != "monday" || a.text("slots.0.time") != "18:00" || a.text("slots.1.time") != "09:30" {
			t.Errorf("got %s, want both posting times from Monday on", a.body)
		}
	}
	post := `{"content":"a","type":"queue","integrations":["` + f.channel + `"]}`
	first, second := f.ok(201, f.ann, "POST", "/posts", post), f.ok(201, f.ann, "POST", "/posts", post)
	if a, b := first.text("scheduledAt"), second.text("scheduledAt"); a != "2026-03-02T17:00:00.000Z" || b != "2026-03-03T08:30:00.000Z" || first.json("queued") != true {
		t.Errorf("got %s and %s, want Monday and Tuesday", a, b)
	}
	next := f.ok(200, f.ann, "GET", path+"/slots/next?limit=1", nil)
	if next.text("data.0.at") != "2026-03-09T17:00:00.000Z" || next.text("data.0.localTime") != "2026-03-09T18:00:00" || next.json("data.1") != nil {
		t.Errorf("got %s, want the Monday after", next.body)
	}
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"twice":   {`{"slots":[{"weekday":"monday","time":"18:00"},{"weekday":"monday","time":"18:00"}]}`, []string{"slots[1] duplicate"}},
		"no day":  {`{"slots":[{"weekday":"someday","time":"18:00"}]}`, []string{"slots[0].weekday enum"}},
		"no time": {`{"slots":[{"weekday":"monday","time":"24:00"}]}`, []string{"slots[0].time type"}},
	} {
		if got := codes(f.call(f.ann, "PUT", path+"/slots", c.body)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for _, a := range []answer{f.call(f.bob, "PUT", path+"/slots", `{"slots":[]}`), f.call(f.bob, "GET", path+"/slots/next", nil)} {
		if a.status != 404 {
			t.Errorf("of somebody else: got %d, want 404", a.status)
		}
	}
}
