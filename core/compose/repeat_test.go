package compose_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

// daily is a post that is repeated every day at 13:00 from 2 March 2026 on; the
// clock of a new engine shows the day before.
func daily(s string, channels ...domain.Channel) compose.Input {
	in := at(s, "2026-03-02T13:00", channels...)
	in.Recurrence = &domain.Recurrence{EveryDays: 1}
	return in
}

// booked writes the deliveries of a view as occurrence, state and revision.
func booked(v compose.View) []string {
	var out []string
	for _, d := range v.Deliveries {
		out = append(out, fmt.Sprintf("%s %s r%d", strings.TrimPrefix(d.Occurrence, "2026-"), d.State, d.Revision))
	}
	return out
}

func view(t *testing.T, e *enginetest.Engine, id domain.PostID) compose.View {
	t.Helper()
	v, err := e.Posts.Get(t.Context(), e.Owner, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func update(t *testing.T, e *enginetest.Engine, id domain.PostID, in compose.Input) compose.View {
	t.Helper()
	v, err := e.Posts.Update(t.Context(), e.Owner, id, 0, in)
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	return v
}

// until runs the engine until the clock shows the given instant, at the times
// that it asks for.
func until(t *testing.T, e *enginetest.Engine, end time.Time) {
	t.Helper()
	for {
		_, next, err := e.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() || next.After(end) {
			e.Clock.Advance(end.Sub(e.Clock.Now()))
			return
		}
		e.Clock.Advance(max(next.Sub(e.Clock.Now()), 0))
	}
}

func march(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestARecurringPostIsBookedAhead(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	v := create(t, e, daily("x", e.Connect(e.Owner, "a")))
	same(t, "created", booked(v), []string{"03-02T13:00:00 scheduled r1", "03-03T13:00:00 scheduled r1"})
	if v.Summary != domain.SummaryScheduled || !v.Post.DueAt.Equal(march(2, 13)) || v.Post.Zone != "UTC" {
		t.Errorf("got %s, due %v in %q; want it scheduled for the first occurrence", v.Summary, v.Post.DueAt, v.Post.Zone)
	}
	until(t, e, march(4, 14))
	v = view(t, e, v.Post.ID)
	same(t, "after three days", booked(v), []string{
		"03-02T13:00:00 published r1", "03-03T13:00:00 published r1", "03-04T13:00:00 published r1",
		"03-05T13:00:00 scheduled r1", "03-06T13:00:00 scheduled r1",
	})
	if v.Summary != domain.SummaryScheduled || !v.Post.DueAt.Equal(march(5, 13)) {
		t.Errorf("got %s, due %v; want it scheduled for the next occurrence", v.Summary, v.Post.DueAt)
	}
	seen := map[string]bool{}
	for _, d := range v.Deliveries[:3] {
		if url := d.Parts[0].Ref.URL; seen[url] || url == "" {
			t.Errorf("occurrence %s has the link %q, want one of its own", d.Occurrence, url)
		} else {
			seen[url] = true
		}
	}
}

func TestARecurrenceEnds(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := daily("x", e.Connect(e.Owner, "a"))
	in.Recurrence.Count = 3
	v := create(t, e, in)
	until(t, e, march(20, 0))
	v = view(t, e, v.Post.ID)
	same(t, "at the end", booked(v), []string{"03-02T13:00:00 published r1", "03-03T13:00:00 published r1", "03-04T13:00:00 published r1"})
	if v.Summary != domain.SummaryPublished || !v.Post.ExpandAt.IsZero() {
		t.Errorf("got %s, expanded again at %v; want it published and left alone", v.Summary, v.Post.ExpandAt)
	}
	told := 0
	for _, k := range kinds(t, e, v.Post.ID) {
		if k == "post.published" {
			told++
		}
	}
	if told != 3 {
		t.Errorf("got %d events post.published, want one for each occurrence", told)
	}
}

func TestRecurrenceProblems(t *testing.T) {
	t.Parallel()
	none := func(*core.Config) {}
	cases := map[string]struct {
		change func(*compose.Input)
		config func(*core.Config)
		want   []string
	}{
		"fine":          {func(*compose.Input) {}, none, nil},
		"no rule":       {func(in *compose.Input) { in.Recurrence = &domain.Recurrence{} }, none, []string{"recurrence.rule required"}},
		"bad rule":      {func(in *compose.Input) { in.Recurrence = &domain.Recurrence{Rule: "FREQ=HOURLY"} }, none, []string{"recurrence.rule frequency"}},
		"bad exception": {func(in *compose.Input) { in.Recurrence.Except = []string{"2026-12-24", "x"} }, none, []string{"recurrence.except[1] malformed_time"}},
		"two ends":      {func(in *compose.Input) { in.Recurrence.Count, in.Recurrence.Until = 2, "2026-12-31" }, none, []string{"recurrence.until two_ends"}},
		"never": {func(in *compose.Input) {
			in.Recurrence = &domain.Recurrence{Rule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}
		}, none, []string{"recurrence.rule never"}},
		"over":         {func(in *compose.Input) { in.Time, in.Recurrence.Until = "2026-01-01T09:00", "2026-02-01" }, none, []string{"recurrence ended"}},
		"begun before": {func(in *compose.Input) { in.Time = "2026-01-01T09:00" }, none, nil},
		"without time": {func(in *compose.Input) { in.Time = "" }, none, []string{"scheduledAt required"}},
		"as a draft":   {func(in *compose.Input) { in.Time, in.When = "", compose.Draft }, none, []string{"scheduledAt required"}},
		"at once":      {func(in *compose.Input) { in.Time, in.When = "", compose.Now }, none, []string{"recurrence not_together"}},
		"bad zone":     {func(in *compose.Input) { in.Zone = "Mars/Base" }, none, []string{"timezone zone"}},
		"no expander":  {func(*compose.Input) {}, func(c *core.Config) { c.Recur = nil }, []string{"recurrence not_supported"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t, tc.config)
			in := daily("x", e.Connect(e.Owner, "a"))
			tc.change(&in)
			same(t, "problems", problemsOf(t, e, in), tc.want)
		})
	}
}

func TestTheAnchorIsTheLocalTimeAsWritten(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := at("x", "2026-03-29T02:30", e.Connect(e.Owner, "a"))
	in.Zone, in.Recurrence = "Europe/Berlin", &domain.Recurrence{EveryDays: 1}
	v := create(t, e, in)
	for i, want := range []time.Time{
		time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), // the clocks skip it: 03:30 there
		time.Date(2026, 3, 30, 0, 30, 0, 0, time.UTC), // 02:30 again
	} {
		if got := v.Deliveries[i].DueAt; !got.Equal(want) {
			t.Errorf("occurrence %d: got %v, want %v", i, got, want)
		}
	}
}

func TestRegression08EditsChangeOnlyWhatIsToCome(t *testing.T) {
	t.Parallel()
	published := []string{"03-02T13:00:00 published r1", "03-03T13:00:00 published r1"}
	cases := map[string]struct {
		change func(in *compose.Input, b domain.Channel)
		want   []string
	}{
		"content": {
			func(in *compose.Input, _ domain.Channel) { in.Items[0].Text = "new" },
			[]string{"03-04T13:00:00 scheduled r2", "03-05T13:00:00 scheduled r2"},
		},
		"time of day": {
			func(in *compose.Input, _ domain.Channel) { in.Time = "2026-03-02T17:00" },
			[]string{"03-03T17:00:00 scheduled r2", "03-04T17:00:00 scheduled r2"},
		},
		"rule": {
			func(in *compose.Input, _ domain.Channel) { in.Recurrence = &domain.Recurrence{EveryDays: 2} },
			[]string{"03-04T13:00:00 scheduled r2", "03-06T13:00:00 scheduled r2"},
		},
		"exception": {
			func(in *compose.Input, _ domain.Channel) { in.Recurrence.Except = []string{"2026-03-05"} },
			[]string{"03-04T13:00:00 scheduled r2", "03-06T13:00:00 scheduled r2"},
		},
		"end": {
			func(in *compose.Input, _ domain.Channel) { in.Recurrence.Until = "2026-03-04" },
			[]string{"03-04T13:00:00 scheduled r2"},
		},
		"another channel": {
			func(in *compose.Input, b domain.Channel) { in.Targets[0].Channel = b.ID },
			[]string{"03-04T13:00:00 scheduled r2", "03-05T13:00:00 scheduled r2"},
		},
		"once": {
			func(in *compose.Input, _ domain.Channel) { in.Recurrence, in.Time = nil, "2026-03-10T10:00" },
			[]string{" scheduled r2"},
		},
		"draft": {func(in *compose.Input, _ domain.Channel) { in.When = compose.Draft }, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			a, b := e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b")
			in := daily("x", a)
			v := create(t, e, in)
			until(t, e, march(3, 14))
			tc.change(&in, b)
			got := update(t, e, v.Post.ID, in)
			want := append(slices.Clone(published), tc.want...)
			same(t, "what update returns", booked(got), want)
			same(t, "what is stored", booked(view(t, e, v.Post.ID)), want)
		})
	}
}

func TestARuleThatComesBackIsBookedAgain(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := daily("x", e.Connect(e.Owner, "a"))
	v := create(t, e, in)
	later := in
	later.Recurrence = &domain.Recurrence{Rule: "FREQ=WEEKLY;BYDAY=SU"}
	same(t, "another rule", booked(update(t, e, v.Post.ID, later)), []string{"03-08T13:00:00 scheduled r2", "03-15T13:00:00 scheduled r2"})
	same(t, "the first one again", booked(update(t, e, v.Post.ID, in)), []string{"03-02T13:00:00 scheduled r3", "03-03T13:00:00 scheduled r3"})
	until(t, e, march(3, 14))
	if got := e.Platform.Calls("Publish"); got != 2 {
		t.Errorf("got %d publications, want 2", got)
	}
}

func TestWhatAPersonTookOutStaysOut(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := daily("x", e.Connect(e.Owner, "a"))
	v := create(t, e, in)
	got, err := e.Posts.Skip(t.Context(), e.Owner, v.Post.ID, v.Deliveries[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "after it was taken out", booked(got), []string{"03-02T13:00:00 scheduled r1", "03-03T13:00:00 canceled r1"})
	weekly, once := in, at("x", "2026-03-20T09:00", domain.Channel{ID: in.Targets[0].Channel})
	weekly.Recurrence = &domain.Recurrence{Rule: "FREQ=WEEKLY"}
	update(t, e, v.Post.ID, weekly)
	update(t, e, v.Post.ID, once)
	update(t, e, v.Post.ID, in)
	until(t, e, march(4, 14))
	same(t, "after edits", booked(view(t, e, v.Post.ID)), []string{
		"03-02T13:00:00 published r4", "03-03T13:00:00 canceled r1", "03-04T13:00:00 published r4",
		"03-05T13:00:00 scheduled r4", "03-06T13:00:00 scheduled r4", " canceled r3",
	})
	if _, err := e.Posts.Skip(t.Context(), e.Owner, v.Post.ID, view(t, e, v.Post.ID).Deliveries[0].ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("taking out what is published: got %v, want a conflict", err)
	}
	other := create(t, e, at("y", "2026-04-01T09:00", e.Connect(e.Owner, "b")))
	if _, err := e.Posts.Skip(t.Context(), e.Owner, other.Post.ID, other.Deliveries[0].ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("taking out of a post that does not recur: got %v, want a conflict", err)
	}
}

func TestAnOutageIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	v := create(t, e, daily("x", e.Connect(e.Owner, "a")))
	e.Clock.Advance(march(5, 15).Sub(enginetest.Start))
	publish(t, e)
	got := view(t, e, v.Post.ID)
	same(t, "after three days without an engine", booked(got), []string{
		"03-02T13:00:00 missed r1", "03-03T13:00:00 missed r1", "03-04T13:00:00 missed r1", "03-05T13:00:00 published r1",
		"03-06T13:00:00 scheduled r1", "03-07T13:00:00 scheduled r1",
	})
	told := kinds(t, e, v.Post.ID)
	if n := len(slices.DeleteFunc(told, func(k string) bool { return k != "delivery.missed" })); n != 3 {
		t.Errorf("got %d events of missed ones, want 3", n)
	}
	if got.Summary != domain.SummaryScheduled {
		t.Errorf("got %s, want it scheduled: the latest one went out", got.Summary)
	}
}

func TestALongOutageIsCaughtUpWithInParts(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	v := create(t, e, daily("x", e.Connect(e.Owner, "a")))
	e.Clock.Advance(365 * 24 * time.Hour) // more than is booked at once
	publish(t, e)
	all, err := e.Store.Deliveries().Since(t.Context(), e.Org.ID, v.Post.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, d := range all {
		keys = append(keys, d.Occurrence)
	}
	var want []string
	for day := march(2, 13); len(want) < 364+2; day = day.AddDate(0, 0, 1) {
		want = append(want, day.Format("2006-01-02T15:04:05"))
	}
	same(t, "occurrences", keys, want)
	if got := view(t, e, v.Post.ID); len(got.Deliveries) != 20 {
		t.Errorf("got %d deliveries in the view, want the newest 20", len(got.Deliveries))
	}
}

func TestAnEditDoesNotForgetWhatWasMissed(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := daily("x", e.Connect(e.Owner, "a"))
	v := create(t, e, in)
	e.Clock.Advance(march(5, 15).Sub(enginetest.Start))
	in.Time = "2026-03-02T18:00"
	update(t, e, v.Post.ID, in)
	publish(t, e)
	same(t, "after the edit", booked(view(t, e, v.Post.ID)), []string{
		"03-02T13:00:00 missed r2", "03-03T13:00:00 missed r2", "03-04T13:00:00 missed r2", "03-05T13:00:00 published r2",
		"03-05T18:00:00 scheduled r2", "03-06T18:00:00 scheduled r2",
	})
}

func TestManyWorkersBookEachOccurrenceOnce(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	var ids []domain.PostID
	for i := range 5 {
		ids = append(ids, create(t, e, daily("x", e.Connect(e.Owner, fmt.Sprint(i)))).Post.ID)
	}
	e.Clock.Advance(30 * 24 * time.Hour)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := e.Posts.Expand(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		all, err := e.Store.Deliveries().Since(t.Context(), e.Org.ID, id, "")
		if err != nil || len(all) != 29+2 {
			t.Errorf("got %d occurrences, %v; want 31", len(all), err)
		}
	}
}

// brokenRules is an expander that cannot work out the rules of odd intervals.
type brokenRules struct{ broken bool }

func (b *brokenRules) Expand(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	if b.broken && rule.Interval == 3 {
		return nil, errors.New("no such rule")
	}
	var out []time.Time
	for t := anchor; len(out) < n; t = t.AddDate(0, 0, rule.Interval) {
		if t.After(after) {
			out = append(out, t)
		}
	}
	return out, nil
}

func TestABrokenPostDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	rules := &brokenRules{}
	e := enginetest.New(t, func(c *core.Config) { c.Recur = rules })
	odd := daily("x", e.Connect(e.Owner, "a"))
	odd.Recurrence.EveryDays = 3
	bad := create(t, e, odd)
	good := create(t, e, daily("x", e.Connect(e.Owner, "b")))
	rules.broken = true
	until(t, e, march(4, 14))
	if got := len(view(t, e, good.Post.ID).Deliveries); got != 5 {
		t.Errorf("got %d deliveries of the other post, want 5", got)
	}
	stuck := func() int {
		n := 0
		for _, k := range kinds(t, e, bad.Post.ID) {
			if k == "post.repeat_failed" {
				n++
			}
		}
		return n
	}
	if got := stuck(); got < 1 || got > 2 { // once, and once more after the second occurrence went out
		t.Errorf("got %d events of the broken one, want it told and not repeated", got)
	}
	rules.broken = false
	until(t, e, march(9, 14))
	same(t, "after it was mended", booked(view(t, e, bad.Post.ID)), []string{
		"03-02T13:00:00 published r1", "03-05T13:00:00 published r1", "03-08T13:00:00 published r1",
		"03-11T13:00:00 scheduled r1", "03-14T13:00:00 scheduled r1",
	})
}

func TestWhatIsUnderWayKeepsItsContent(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	var out []string
	e.Platform.OnPublish = func(_ context.Context, tg social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
		out = append(out, it.Text)
		return social.Published(social.Ref{ID: "ref-" + tg.Key}), nil
	}
	in := daily("root", e.Connect(e.Owner, "a"))
	in.Items = append(in.Items, domain.Item{Text: "reply", Delay: 3 * time.Hour})
	v := create(t, e, in)
	until(t, e, march(2, 14))
	in.Items = []domain.Item{{Text: "new"}}
	update(t, e, v.Post.ID, in)
	until(t, e, march(3, 14))
	same(t, "published", out, []string{"root", "reply", "new"})
}

func TestARetryTakesTheLatestOccurrenceAndTheNewContent(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	fail := true
	var out []string
	e.Platform.OnPublish = func(_ context.Context, tg social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
		if fail {
			return social.Outcome{}, social.Errorf(social.CodeRejected, "No.")
		}
		out = append(out, it.Text)
		return social.Published(social.Ref{ID: "ref-" + tg.Key}), nil
	}
	in := daily("bad", e.Connect(e.Owner, "a"))
	v := create(t, e, in)
	until(t, e, march(3, 14))
	if got := view(t, e, v.Post.ID).Summary; got != domain.SummaryAttention {
		t.Errorf("got %s, want attention: the latest one failed", got)
	}
	fail = false
	in.Items = []domain.Item{{Text: "good"}, {Text: "more"}}
	update(t, e, v.Post.ID, in)
	if _, err := e.Posts.TryAgain(t.Context(), e.Owner, v.Post.ID); err != nil {
		t.Fatal(err)
	}
	publish(t, e)
	same(t, "published", out, []string{"good", "more"})
	same(t, "booked", booked(view(t, e, v.Post.ID))[:2], []string{"03-02T13:00:00 failed r2", "03-03T13:00:00 published r2"})
}

func TestADeletedPostIsNotRepeated(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	v := create(t, e, daily("x", e.Connect(e.Owner, "a")))
	until(t, e, march(2, 14))
	if err := e.Posts.Delete(t.Context(), e.Owner, v.Post.ID, 0); err != nil {
		t.Fatal(err)
	}
	until(t, e, march(20, 0))
	if got := e.Platform.Calls("Publish"); got != 1 {
		t.Errorf("got %d publications, want the one before the delete", got)
	}
}

func TestPreviewLeavesOutWhatIsGone(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := daily("x", e.Connect(e.Owner, "a"))
	v := create(t, e, in)
	if _, err := e.Posts.Skip(t.Context(), e.Owner, v.Post.ID, v.Deliveries[1].ID); err != nil {
		t.Fatal(err)
	}
	preview := func(p compose.PreviewInput) []string {
		t.Helper()
		got, err := e.Posts.Preview(t.Context(), e.Owner, p)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, o := range got {
			out = append(out, fmt.Sprint(o.Key, " ", o.Moved))
		}
		return out
	}
	ask := compose.PreviewInput{Time: in.Time, Recurrence: in.Recurrence, Count: 3}
	same(t, "of a new post", preview(ask), []string{"2026-03-02T13:00:00 false", "2026-03-03T13:00:00 false", "2026-03-04T13:00:00 false"})
	ask.Post = v.Post.ID
	same(t, "of this post", preview(ask), []string{"2026-03-02T13:00:00 false", "2026-03-04T13:00:00 false", "2026-03-05T13:00:00 false"})
	same(t, "where the clocks skip it", preview(compose.PreviewInput{
		Time: "2026-03-28T02:30", Zone: "Europe/Berlin", Recurrence: &domain.Recurrence{EveryDays: 1}, Count: 3,
	}), []string{"2026-03-28T02:30:00 false", "2026-03-29T02:30:00 true", "2026-03-30T02:30:00 false"})
	same(t, "once", preview(compose.PreviewInput{Time: "2026-05-05T09:00", Count: 5}), []string{"2026-05-05T09:00:00 false"})
	for name, bad := range map[string]compose.PreviewInput{
		"no count": {Time: "2026-05-05T09:00"}, "many": {Time: "2026-05-05T09:00", Count: 101}, "no time": {Count: 1},
	} {
		if _, err := e.Posts.Preview(t.Context(), e.Owner, bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want an invalid fault", name, err)
		}
	}
	_, other := e.NewOrganization("")
	if _, err := e.Posts.Preview(t.Context(), other, ask); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of a post of others: got %v, want not found", err)
	}
}
