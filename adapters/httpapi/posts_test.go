package httpapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestProblemsNameTheFieldsThatWereSent: the core's words become the author's.
func TestProblemsNameTheFieldsThatWereSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := strings.Repeat("x", 41)
	target := `"integrations":["` + f.channel + `"]`
	full := func(more string) string { return `"integrations":[{"id":"` + f.channel + `"` + more + `}]` }
	cases := map[string]struct {
		body string
		want []string // field code
	}{
		"short, too long":   {`{"content":"` + long + `","type":"now",` + target + `}`, []string{"content too_long"}},
		"short, provider's": {`{"content":"forbidden","type":"now",` + target + `}`, []string{"content forbidden"}},
		"short, media":      {`{"content":"a","media":["nope"],"type":"now",` + target + `}`, []string{"media[0] not_found"}},
		"short, empty":      {`{"content":" ","type":"now",` + target + `}`, []string{"content empty"}},
		"nothing at all":    {`{"type":"now"}`, []string{"content required", "integrations required"}},
		"items, too long":   {`{"items":[{"content":"a"},{"content":"` + long + `"}],"type":"now",` + target + `}`, []string{"items[1].content too_long"}},
		"items, delay":      {`{"items":[{"content":"a","delaySeconds":5}],"type":"now",` + target + `}`, []string{"items[0].delaySeconds not_allowed"}},
		"items, long delay": {`{"items":[{"content":"a"},{"content":"b","delaySeconds":31000000}],"type":"now",` + target + `}`, []string{"items[1].delaySeconds range"}},
		"own items":         {`{"content":"a","type":"now",` + full(`,"items":[{"content":"`+long+`"}]`) + `}`, []string{"integrations[0].items[0].content too_long"}},
		"own items, unknown": {`{"content":"a",` + full(`,"items":[{"contents":"b","media":[{"id":"","x":1}]}]`) + `}`, []string{
			"integrations[0].items[0].contents unknown", "integrations[0].items[0].media[0].id required", "integrations[0].items[0].media[0].x unknown",
		}},
		"settings":          {`{"content":"a","type":"now",` + full(`,"settings":{"visibility":"x","y":1}`) + `}`, []string{"integrations[0].settings.visibility enum", "integrations[0].settings.y unknown"}},
		"settings, a text":  {`{"content":"a",` + full(`,"settings":"x"`) + `}`, []string{"integrations[0].settings type"}},
		"unknown channel":   {`{"content":"a","type":"now","integrations":["x",{"id":"y"}]}`, []string{"integrations[0] not_found", "integrations[1].id not_found"}},
		"empty channel":     {`{"content":"a","integrations":["",{}]}`, []string{"integrations[0] required", "integrations[1].id required"}},
		"channel, a number": {`{"content":"a","integrations":[7]}`, []string{"integrations[0] type"}},
		"both ways":         {`{"content":"a","media":["x"],"items":[{"content":"b"}]}`, []string{"content ambiguous", "media ambiguous"}},
		"type":              {`{"content":"a","type":"later"}`, []string{"type enum"}},
		"no time":           {`{"content":"a","type":"schedule",` + target + `}`, []string{"scheduledAt required"}},
		"the past":          {`{"content":"a","scheduledAt":"2020-01-01T00:00:00Z",` + target + `}`, []string{"scheduledAt in_the_past"}},
		"no such time":      {`{"content":"a","scheduledAt":"tomorrow",` + target + `}`, []string{"scheduledAt format"}},
		"zone":              {`{"content":"a","timezone":"Mars/Olympus"}`, []string{"timezone zone"}},
		"tags":              {`{"content":"a","tags":["ok",""]}`, []string{"tags[1] length"}},
		"several at once":   {`{"contents":"a","type":7,"tags":"x","integrations":"y"}`, []string{"contents unknown", "integrations type", "tags type", "type type"}},
	}
	for name, c := range cases {
		a := f.call(f.ann, "POST", "/posts", c.body)
		checkError(t, name, a)
		var got []string
		errs, _ := a.json("errors").([]any)
		for i := range errs {
			got = append(got, a.text(fmt.Sprintf("errors.%d.field", i))+" "+a.text(fmt.Sprintf("errors.%d.code", i)))
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(slices.Compact(got), c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestFormats says what a text is written in for all of a post, or for one item.
func TestFormats(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.ok(201, f.ann, "POST", "/posts", map[string]any{
		"format": "html", "integrations": []any{map[string]any{"id": f.channel, "items": []any{map[string]any{"content": "<i>c</i>"}}}},
		"items": []any{map[string]any{"content": "<b>a</b>"}, map[string]any{"content": "*b*", "format": "native"}},
		"after": []any{map[string]any{"do": "comment", "content": "d", "format": "plain"}, map[string]any{"do": "comment", "content": "e"}},
	})
	for path, want := range map[string]string{
		"items.0.format": "html", "items.1.format": "native", "integrations.0.items.0.format": "html", "after.0.format": "plain", "after.1.format": "html",
	} {
		if got := a.text(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	a = f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": "a", "format": "markdown"})
	if got := a.text("items.0.format"); got != "markdown" {
		t.Errorf("got the format %q of a short post, want markdown", got)
	}
	a = f.call(f.ann, "POST", "/posts", map[string]any{"content": "a", "format": "rtf"})
	if a.status != 400 || !strings.Contains(string(a.body), `"format"`) {
		t.Errorf("got %d %s, want the format refused", a.status, a.body)
	}
}

func TestValidateSavesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.state()
	good := f.ok(200, f.ann, "POST", "/posts/validate", map[string]any{"content": "a", "integrations": []string{f.channel}, "type": "now"})
	if good.json("valid") != true || len(good.json("errors").([]any)) != 0 {
		t.Errorf("got %s, want valid", good.body)
	}
	bad := f.ok(200, f.ann, "POST", "/posts/validate", map[string]any{"content": strings.Repeat("x", 41), "integrations": []string{f.channel}, "type": "now"})
	if bad.json("valid") != false || bad.text("errors.0.field") != "content" {
		t.Errorf("got %s, want a problem of content", bad.body)
	}
	if f.state() != before {
		t.Error("something was saved")
	}
}

func TestLostEdits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := "/posts/" + f.draft
	tag := f.ok(200, f.ann, "GET", path, nil).header.Get("ETag")
	edited := f.call(f.ann, "PUT", path, `{"content":"edited"}`, "If-Match", tag)
	if edited.status != 200 || edited.text("content") != "edited" || edited.header.Get("ETag") == tag {
		t.Fatalf("got %d %s, want the edit under a new ETag", edited.status, edited.body)
	}
	for _, stale := range []string{tag, `W/` + edited.header.Get("ETag"), `"x"`, `x`, `"-1"`, `"0"`, `"99999999999999999999"`} {
		for _, method := range []string{"PUT", "DELETE"} {
			a := f.call(f.ann, method, path, `{"content":"lost"}`, "If-Match", stale)
			checkError(t, method+" "+stale, a)
			if a.status != 412 {
				t.Errorf("%s with %s: got %d %s, want 412", method, stale, a.status, a.body)
			}
		}
	}
	if got := f.ok(200, f.ann, "GET", path, nil); got.text("content") != "edited" || got.header.Get("ETag") != edited.header.Get("ETag") {
		t.Errorf("got %s, want what was edited", got.body)
	}
	f.ok(200, f.ann, "PUT", path, `{"content":"without a condition"}`)
	if a := f.call(f.ann, "DELETE", path, nil, "If-Match", "*"); a.status != 204 || len(a.body) != 0 {
		t.Errorf("got %d %s, want 204", a.status, a.body)
	}
	if a := f.call(f.ann, "GET", path, nil); a.status != 404 {
		t.Errorf("after its end: got %d, want 404", a.status)
	}
}

func TestLateEditsAndRetries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	post := f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": "refuse", "integrations": []string{f.channel}, "type": "now"})
	path := "/posts/" + post.text("id")
	if a := f.call(f.ann, "POST", path+"/retry", nil); a.status != 409 || a.text("code") != "nothing_to_retry" {
		t.Errorf("nothing failed yet: got %d %s, want 409", a.status, a.body)
	}
	_, _, err := f.eng.Tick(t.Context())
	must(t, err)
	failed := f.ok(200, f.ann, "GET", path, nil)
	if failed.text("state") != "attention" || failed.text("deliveries.0.reason.message") != "The platform does not like this text." || failed.text("attempts.0.result") != "refused" || failed.text("deliveries.0.nextAt") != "" {
		t.Fatalf("got %s, want why it failed, and nothing planned", failed.body)
	}
	retried := f.ok(200, f.ann, "POST", path+"/retry", nil)
	if d := "deliveries.0."; retried.text(d+"state") != "scheduled" || retried.text(d+"nextAt") == "" || retried.text(d+"nextAt") != retried.text(d+"dueAt") {
		t.Errorf("got %s, want it scheduled, and worked on when it is due", retried.body)
	}
	out := f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": "fine", "integrations": []string{f.channel}, "type": "now"})
	f.drain() // at the pace of the channel
	if a := f.call(f.ann, "PUT", "/posts/"+out.text("id"), `{"content":"late"}`); a.status != 409 || a.text("code") != "too_late" {
		t.Errorf("got %d %s, want 409 too_late", a.status, a.body)
	}
}

// TestAPersonSettlesADoubt has the platform's answer lost, until only a person
// can say what became of the post.
func TestAPersonSettlesADoubt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	post := f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": "lose", "integrations": []string{f.channel}, "type": "now"})
	path := "/posts/" + post.text("id")
	settle := path + "/deliveries/" + post.text("deliveries.0.id") + "/settle"
	if a := f.call(f.ann, "POST", settle, map[string]any{"there": true}); a.status != 409 || a.text("code") != "not_in_doubt" {
		t.Errorf("before there is a doubt: got %d %s, want 409 not_in_doubt", a.status, a.body)
	}
	for range 10 {
		_, _, err := f.eng.Tick(t.Context())
		must(t, err)
		f.clock.Add(time.Minute)
	}
	unknown := f.ok(200, f.ann, "GET", path, nil)
	if unknown.text("deliveries.0.state") != "unknown" || unknown.text("attempts.0.result") != "unknown" {
		t.Fatalf("got %s, want a doubt", unknown.body)
	}
	if a := f.call(f.ann, "POST", settle, map[string]any{"there": true, "link": "no link"}); a.status != 400 || a.text("errors.0.field") != "link" {
		t.Errorf("got %d %s, want 400 at link", a.status, a.body)
	}
	if a := f.call(f.bob, "POST", settle, map[string]any{"there": true}); a.status != 404 {
		t.Errorf("another tenant: got %d, want 404", a.status)
	}
	f.ok(200, f.ann, "POST", settle, map[string]any{"there": true, "link": "https://form.example/1"})
	got := f.ok(200, f.ann, "GET", path, nil)
	for at, want := range map[string]string{
		"state": "published", "deliveries.0.items.0.url": "https://form.example/1", "attempts.0.result": "accepted",
		"timeline.0.event": "delivery.scheduled", "timeline.0.text": "Waits for its time.",
	} {
		if got.text(at) != want {
			t.Errorf("%s: got %q, want %q", at, got.text(at), want)
		}
	}
}

func TestListsOfPosts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var ids []string
	for i := range 7 {
		f.clock.Add(time.Second)
		ids = append(ids, f.ok(201, f.ann, "POST", "/posts", map[string]any{
			"content": "x", "integrations": []string{f.channel}, "scheduledAt": fmt.Sprintf("2026-04-0%dT10:00:00Z", 1+i/2),
		}).text("id"))
	}
	var got []string
	path := "/posts?state=scheduled&limit=3"
	for range 5 {
		a := f.ok(200, f.ann, "GET", path, nil)
		for _, p := range a.json("data").([]any) {
			got = append(got, p.(map[string]any)["id"].(string))
		}
		next := a.text("page.next")
		link := a.header.Get("Link")
		if next == "" {
			if link != "" {
				t.Errorf("got Link %q on the last page, want none", link)
			}
			break
		}
		path = "/posts?cursor=" + next + "&limit=3&state=scheduled"
		if link != "<"+publicURL+path+`>; rel="next"` {
			t.Errorf("got Link %q, want the next page", link)
		}
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("got the posts %v, want each once: %v", got, ids)
	}
	for query, want := range map[string]int{
		"":                         8,
		"state=draft":              1,
		"state=attention":          0,
		"integration=" + f.channel: 7,
		"integration=nope":         0,
		"from=2026-04-02T10:00:00Z&to=2026-04-04T00:00:00Z":                4,
		"from=2026-04-02T12:00:00&to=2026-04-04T00:00:00%2B02:00":          4, // local time in Berlin
		"from=" + url.QueryEscape("2026-04-02T12:00:01") + "&integration=": 3,
	} {
		if n := len(f.ok(200, f.ann, "GET", "/posts?"+query, nil).json("data").([]any)); n != want {
			t.Errorf("%q: got %d posts, want %d", query, n, want)
		}
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	foreign := f.ok(200, f.bob, "GET", "/media?limit=1", nil)
	for _, path := range []string{"/posts", "/integrations", "/media"} {
		for query, field := range map[string]string{
			"limit=0": "limit", "limit=-1": "limit", "limit=201": "limit", "limit=x": "limit", "limit=1e2": "limit", "limit=99999999999999999999": "limit",
			"cursor=x": "cursor", "cursor=" + strings.Repeat("A", 600): "cursor", "cursor=MS4u%00": "cursor", "cursor=LTkyMjMzNzIwMzY4NTQ3NzU4MDgueA": "cursor",
			"limits=1": "limits", "limit=%ff": "limit", "%zz=1": "query",
		} {
			a := f.call(f.ann, "GET", path+"?"+query, nil)
			checkError(t, path+"?"+query, a)
			if a.status != 400 || a.text("errors.0.field") != field {
				t.Errorf("%s?%s: got %d %s, want 400 about %s", path, query, a.status, a.body, field)
			}
		}
	}
	for query, field := range map[string]string{"from=x": "from", "to=2026": "to", "state=gone": "state", "integration=%20": "integration", "from=" + strings.Repeat("1", 99): "from"} {
		a := f.call(f.ann, "GET", "/posts?"+query, nil)
		checkError(t, query, a)
		if a.text("errors.0.field") != field {
			t.Errorf("%s: got %s, want a problem of %s", query, a.body, field)
		}
	}
	// A cursor of another list or tenant is only a place to go on from.
	f.ok(200, f.ann, "GET", "/media?cursor="+foreign.text("page.next"), nil)
}
