package domain_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memrecur"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/recurtest"
)

func occurrences(t *testing.T, r domain.Recurrence, after time.Time, n int) []domain.Occurrence {
	t.Helper()
	got, err := domain.Occurrences(r, memrecur.New().Expand, after, n)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return got
}

// told is what people see of occurrences: the wish and the instant.
func told(list []domain.Occurrence) string {
	var out []string
	for _, o := range list {
		s := o.Key + " = " + o.At.Format(time.RFC3339)
		if o.Moved {
			s += " moved"
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func TestOccurrences(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		r     domain.Recurrence
		after string
		n     int
		want  []string
	}{
		"a weekly post keeps its hour in spring": {
			domain.Recurrence{Rule: "FREQ=WEEKLY;BYDAY=TU", Zone: "Europe/Berlin", Anchor: "2026-03-20T09:00"},
			"", 3,
			[]string{"2026-03-24T09:00:00 = 2026-03-24T08:00:00Z", "2026-03-31T09:00:00 = 2026-03-31T07:00:00Z", "2026-04-07T09:00:00 = 2026-04-07T07:00:00Z"},
		},
		"and in autumn": {
			domain.Recurrence{Rule: "FREQ=WEEKLY;BYDAY=TU", Zone: "America/New_York", Anchor: "2026-10-27T09:00"},
			"", 2,
			[]string{"2026-10-27T09:00:00 = 2026-10-27T13:00:00Z", "2026-11-03T09:00:00 = 2026-11-03T14:00:00Z"},
		},
		"a skipped time is moved forward, for that day only": {
			domain.Recurrence{EveryDays: 1, Zone: "Europe/Berlin", Anchor: "2026-03-28T02:30"},
			"", 3,
			[]string{"2026-03-28T02:30:00 = 2026-03-28T01:30:00Z", "2026-03-29T02:30:00 = 2026-03-29T01:30:00Z moved", "2026-03-30T02:30:00 = 2026-03-30T00:30:00Z"},
		},
		"of a doubled time the first is meant": {
			domain.Recurrence{EveryDays: 1, Zone: "Europe/Berlin", Anchor: "2026-10-24T02:30"},
			"", 3,
			[]string{"2026-10-24T02:30:00 = 2026-10-24T00:30:00Z", "2026-10-25T02:30:00 = 2026-10-25T00:30:00Z", "2026-10-26T02:30:00 = 2026-10-26T01:30:00Z"},
		},
		"two at one instant are one, and the one that was not moved stays": {
			domain.Recurrence{Rule: "FREQ=DAILY;BYHOUR=2,3", Zone: "Europe/Berlin", Anchor: "2026-03-29T00:30"},
			"", 2,
			[]string{"2026-03-29T03:30:00 = 2026-03-29T01:30:00Z", "2026-03-30T02:30:00 = 2026-03-30T00:30:00Z"},
		},
		"a moved one may overtake": {
			domain.Recurrence{Rule: "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,45", Zone: "Europe/Berlin", Anchor: "2026-03-29T00:00", Except: []string{"2026-03-29T03:45"}},
			"", 3,
			[]string{"2026-03-29T03:00:00 = 2026-03-29T01:00:00Z", "2026-03-29T02:45:00 = 2026-03-29T01:45:00Z moved", "2026-03-30T02:00:00 = 2026-03-30T00:00:00Z"},
		},
		"a whole day that was skipped": {
			domain.Recurrence{EveryDays: 1, Zone: "Pacific/Apia", Anchor: "2011-12-29T09:00"},
			"", 3,
			[]string{"2011-12-29T09:00:00 = 2011-12-29T19:00:00Z", "2011-12-31T09:00:00 = 2011-12-30T19:00:00Z", "2012-01-01T09:00:00 = 2011-12-31T19:00:00Z"},
		},
		"weekly on the day that was skipped": {
			domain.Recurrence{Rule: "FREQ=WEEKLY;BYDAY=FR", Zone: "Pacific/Apia", Anchor: "2011-12-23T09:00"},
			"", 3,
			[]string{"2011-12-23T09:00:00 = 2011-12-23T19:00:00Z", "2011-12-30T09:00:00 = 2011-12-30T19:00:00Z moved", "2012-01-06T09:00:00 = 2012-01-05T19:00:00Z"},
		},
		"every three days": {
			domain.Recurrence{EveryDays: 3, Zone: "UTC", Anchor: "2026-02-26T12:00:30"},
			"", 3,
			[]string{"2026-02-26T12:00:30 = 2026-02-26T12:00:30Z", "2026-03-01T12:00:30 = 2026-03-01T12:00:30Z", "2026-03-04T12:00:30 = 2026-03-04T12:00:30Z"},
		},
		"until a day, which counts on its own clock": {
			domain.Recurrence{EveryDays: 1, Zone: "Pacific/Kiritimati", Anchor: "2026-01-01T23:59", Until: "2026-01-02"},
			"", 9,
			[]string{"2026-01-01T23:59:00 = 2026-01-01T09:59:00Z", "2026-01-02T23:59:00 = 2026-01-02T09:59:00Z"},
		},
		"by count, of which the exceptions are part": {
			domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00", Count: 5, Except: []string{"2026-01-02", "2026-01-04T09:00:00", "2026-01-05T10:00"}},
			"", 9,
			[]string{"2026-01-01T09:00:00 = 2026-01-01T09:00:00Z", "2026-01-03T09:00:00 = 2026-01-03T09:00:00Z", "2026-01-05T09:00:00 = 2026-01-05T09:00:00Z"},
		},
		"an exception by day takes all of the day": {
			domain.Recurrence{Rule: "FREQ=DAILY;BYHOUR=9,18", Zone: "UTC", Anchor: "2026-01-01T09:00", Except: []string{"2026-01-01", "2026-01-02T09:00"}},
			"", 2,
			[]string{"2026-01-02T18:00:00 = 2026-01-02T18:00:00Z", "2026-01-03T09:00:00 = 2026-01-03T09:00:00Z"},
		},
		"strictly after": {
			domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00"},
			"2026-01-05T10:00:00+01:00", 1,
			[]string{"2026-01-06T09:00:00 = 2026-01-06T09:00:00Z"},
		},
		"just before": {
			domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00"},
			"2026-01-05T08:59:59.999999Z", 1,
			[]string{"2026-01-05T09:00:00 = 2026-01-05T09:00:00Z"},
		},
		"after the end":   {domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00", Count: 3}, "2026-01-03T09:00:00Z", 5, nil},
		"none wanted":     {domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00"}, "", 0, nil},
		"less than none":  {domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00"}, "", -3, nil},
		"between the two": {domain.Recurrence{Rule: "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30", Zone: "Europe/Berlin", Anchor: "2026-03-29T00:00", Count: 2}, "2026-03-29T01:29:59Z", 5, []string{"2026-03-29T03:30:00 = 2026-03-29T01:30:00Z"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var after time.Time
			if tc.after != "" {
				var err error
				if after, err = time.Parse(time.RFC3339Nano, tc.after); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := told(occurrences(t, tc.r, after, tc.n)), strings.Join(tc.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// telling are the changes of a zone's clocks that can tell most: the newest and
// the largest, forward and back.
func telling(all []shift) []shift {
	best := map[bool][2]int{}
	for i, s := range all {
		if s.at.Year() < 1990 || s.at.Year() > 2036 {
			continue
		}
		forward := s.after > s.before
		old, ok := best[forward]
		if !ok {
			old = [2]int{i, i}
		}
		if b := all[old[1]]; (s.after - s.before).Abs() > (b.after - b.before).Abs() {
			old[1] = i
		}
		best[forward] = [2]int{i, old[1]}
	}
	var picked []int
	for _, pair := range best {
		picked = append(picked, pair[:]...)
	}
	slices.Sort(picked)
	var out []shift
	for _, i := range slices.Compact(picked) {
		out = append(out, all[i])
	}
	return out
}

// inEveryZone runs check for every zone that Go ships.
func inEveryZone(t *testing.T, check func(t *testing.T, loc *time.Location, all, some []shift)) {
	t.Helper()
	work := make(chan *time.Location)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for loc := range work {
				all := shifts(loc)
				check(t, loc, all, telling(all))
			}
		})
	}
	for _, loc := range zones(t) {
		// The same data that the domain will load by this name.
		if loc, err := time.LoadLocation(loc.String()); err == nil {
			work <- loc
		}
	}
	close(work)
	wg.Wait()
}

// byTheBook says when wall times are instants, after one of them, by the
// oracle: in order, and each instant once.
func byTheBook(walls []time.Time, loc *time.Location, all []shift, after time.Time) []time.Time {
	var out []time.Time
	for _, w := range walls {
		if at := instantOf(w, loc, all); at.After(after) {
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

func TestRecurrenceInEveryZone(t *testing.T) {
	t.Parallel()
	inEveryZone(t, func(t *testing.T, loc *time.Location, all, some []shift) {
		for _, s := range some {
			tuesdays(t, loc, all, s)
			nights(t, loc, all, s)
		}
	})
}

// tuesdays: a weekly post stays on its weekday and hour.
func tuesdays(t *testing.T, loc *time.Location, all []shift, s shift) {
	first := s.at.AddDate(0, 0, -17)
	r := domain.Recurrence{Rule: "FREQ=WEEKLY;BYDAY=TU", Zone: loc.String(), Anchor: first.Format("2006-01-02") + "T09:00", Count: 6}
	got := occurrences(t, r, time.Time{}, 10)
	if len(got) != 6 {
		t.Errorf("%s: got %d Tuesdays, want 6", loc, len(got))
	}
	for i, o := range got {
		clock := o.At.In(loc)
		skipped := !instantOf(o.Wall, loc, all).Add(offsetAt(instantOf(o.Wall, loc, all), loc)).Equal(o.Wall)
		if !skipped && (clock.Weekday() != time.Tuesday || clock.Format(time.TimeOnly) != "09:00:00" || o.Moved) || skipped != o.Moved {
			t.Errorf("%s: got %s (moved %t), want a Tuesday at 09:00", loc, clock, o.Moved)
		}
		if i > 0 && (!o.At.After(got[i-1].At) || !o.Wall.Equal(got[i-1].Wall.AddDate(0, 0, 7))) {
			t.Errorf("%s: %s comes after %s", loc, o.Key, got[i-1].Key)
		}
	}
}

// nights: a daily post in the hour that is skipped or doubled is where the book
// says, at most once a day, and one by one as all at once.
func nights(t *testing.T, loc *time.Location, all []shift, s shift) {
	inside := s.at.Add(s.before + (s.after-s.before)/2).Truncate(time.Second)
	for _, wall := range []time.Time{inside, inside.Add(s.after - s.before)} {
		first := wall.AddDate(0, 0, -3)
		r := domain.Recurrence{EveryDays: 1, Zone: loc.String(), Anchor: first.Format("2006-01-02T15:04:05"), Count: 7}
		var walls []time.Time
		for i := range 7 {
			walls = append(walls, first.AddDate(0, 0, i))
		}
		got := occurrences(t, r, time.Time{}, 9)
		want := byTheBook(walls, loc, all, time.Time{})
		if !slices.EqualFunc(got, want, func(o domain.Occurrence, at time.Time) bool { return o.At.Equal(at) }) {
			t.Errorf("%s: got\n%s\nwant %v", loc, told(got), want)
		}
		dates := map[string]bool{}
		for _, o := range got {
			date := o.Wall.Format(time.DateOnly)
			if dates[date] || o.Key != o.Wall.Format("2006-01-02T15:04:05") {
				t.Errorf("%s: %s is there twice, or its key %s is wrong", loc, date, o.Key)
			}
			dates[date] = true
		}
		for i := 1; i < len(got); i += 2 {
			if step := occurrences(t, r, got[i-1].At, 1); told(step) != told(got[i:i+1]) {
				t.Errorf("%s: the step to %s is\n%s", loc, got[i].Key, told(step))
			}
		}
	}
}

// randomRecurrence begins near a change of clocks, with a rule of every kind.
func randomRecurrence(r *rand.Rand, all []*time.Location) domain.Recurrence {
	rule, anchor := recurtest.RandomRule(r)
	loc := all[r.IntN(len(all))]
	if some := telling(shifts(loc)); len(some) > 0 {
		s := some[r.IntN(len(some))]
		anchor = s.at.Add(s.before).Add(time.Duration(r.IntN(97)-72) * 30 * time.Minute)
	}
	if !rule.Until.IsZero() {
		rule.Until = anchor.AddDate(0, 0, r.IntN(500))
	}
	if r.IntN(2) == 0 { // often enough to meet itself
		rule = domain.Rule{Freq: domain.FrequencyDaily, WeekStart: time.Monday, ByHour: []int{0, 1, 2, 3, 22, 23}, ByMinute: []int{0, 30}}
	}
	out := domain.Recurrence{Rule: rule.String(), Zone: loc.String(), Anchor: anchor.Format("2006-01-02T15:04:05")}
	for range r.IntN(4) {
		out.Except = append(out.Except, anchor.AddDate(0, 0, r.IntN(20)).Format([]string{time.DateOnly, "2006-01-02T15:04:05"}[r.IntN(2)]))
	}
	return out
}

func TestOneByOneIsAllAtOnce(t *testing.T) {
	t.Parallel()
	all := zones(t)
	fired := 0
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 4))
		r := randomRecurrence(rng, all)
		whole := occurrences(t, r, time.Time{}, 40)
		for i, o := range whole {
			if i > 0 && !o.At.After(whole[i-1].At) {
				t.Fatalf("seed %d: %+v: %s is not after %s", seed, r, o.Key, whole[i-1].Key)
			}
		}
		fired += len(whole)
		after := time.Time{}
		for i := range min(len(whole), 12) {
			if step := occurrences(t, r, after, 1); told(step) != told(whole[i:i+1]) {
				t.Fatalf("seed %d: %+v: step %d after %v is\n%s\nwant\n%s", seed, r, i, after, told(step), told(whole[i:i+1]))
			}
			after = whole[i].At
		}
		for range 4 {
			if len(whole) == 0 {
				break
			}
			i := rng.IntN(len(whole))
			from := whole[i].At.Add(-time.Duration(1 + rng.IntN(1000)))
			if i > 0 && !from.After(whole[i-1].At) {
				continue
			}
			if rest := occurrences(t, r, from, len(whole)-i); told(rest) != told(whole[i:]) {
				t.Fatalf("seed %d: %+v: after %v:\n%s\nwant\n%s", seed, r, from, told(rest), told(whole[i:]))
			}
		}
	}
	if fired < 2000 {
		t.Errorf("got %d occurrences in all: the test looks at too little", fired)
	}
}

// TestRecurrenceDoesNotDependOnTheMachine runs itself where the machine's zone
// is another one.
func TestRecurrenceDoesNotDependOnTheMachine(t *testing.T) {
	t.Parallel()
	r := domain.Recurrence{Rule: "FREQ=DAILY;BYHOUR=2,9", Zone: "Europe/Berlin", Anchor: "2026-03-28T00:30", Until: "2026-03-31"}
	if os.Getenv("CRIER_TEST_CHILD") != "" {
		after := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC).In(time.Local)
		fmt.Println("said", strings.ReplaceAll(told(occurrences(t, r, after, 9)), "\n", " "))
		fmt.Println("said", domain.NextSlots([]domain.Slot{{Weekday: time.Sunday, Minute: 150}, {Weekday: time.Monday, Minute: 540}}, berlin(t), after, 3))
		return
	}
	said := map[string]string{}
	for _, zone := range []string{"UTC", "America/New_York", "Pacific/Apia", "Europe/Berlin"} {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRecurrenceDoesNotDependOnTheMachine$", "-test.count=1")
		c.Env = append(os.Environ(), "CRIER_TEST_CHILD=1", "TZ="+zone)
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", zone, err, out)
		}
		for l := range strings.Lines(string(out)) {
			if strings.HasPrefix(l, "said ") {
				said[zone] += l
			}
		}
		if strings.Count(said[zone], "Z") < 6 && strings.Count(said[zone], "UTC") < 3 || said[zone] != said["UTC"] {
			t.Errorf("with TZ=%s:\n%swant\n%s", zone, said[zone], said["UTC"])
		}
	}
}

func TestRecurrenceValidate(t *testing.T) {
	t.Parallel()
	good := domain.Recurrence{Rule: "FREQ=DAILY", Zone: "Europe/Berlin", Anchor: "2026-01-01T09:00"}
	with := func(change func(*domain.Recurrence)) domain.Recurrence {
		r := good
		change(&r)
		return r
	}
	cases := map[string]struct {
		in   domain.Recurrence
		want string
	}{
		"right":                  {good, ""},
		"right, in days":         {with(func(r *domain.Recurrence) { r.Rule, r.EveryDays = "", 14 }), ""},
		"right, with all":        {with(func(r *domain.Recurrence) { r.Until, r.Except = "2026-12-31", []string{"2026-12-24"} }), ""},
		"right, to the anchor":   {with(func(r *domain.Recurrence) { r.Until = "2026-01-01" }), ""},
		"nothing at all":         {domain.Recurrence{}, "anchor malformed_time, rule required, zone unknown_zone"},
		"an unknown zone":        {with(func(r *domain.Recurrence) { r.Zone = "Mars/Olympus" }), "zone unknown_zone"},
		"the machine's zone":     {with(func(r *domain.Recurrence) { r.Zone = "Local" }), "zone unknown_zone"},
		"a zone that is a path":  {with(func(r *domain.Recurrence) { r.Zone = "../../etc/passwd" }), "zone unknown_zone"},
		"an anchor with offset":  {with(func(r *domain.Recurrence) { r.Anchor = "2026-01-01T09:00:00Z" }), "anchor malformed_time"},
		"an anchor of fractions": {with(func(r *domain.Recurrence) { r.Anchor = "2026-01-01T09:00:00.5" }), "anchor malformed_time"},
		"an anchor long ago":     {with(func(r *domain.Recurrence) { r.Anchor = "1969-12-31T09:00" }), "anchor out_of_range"},
		"an anchor far ahead":    {with(func(r *domain.Recurrence) { r.Anchor = "2200-01-01T09:00" }), "anchor out_of_range"},
		"a rule and days":        {with(func(r *domain.Recurrence) { r.EveryDays = 2 }), "everyDays not_together"},
		"too many days":          {with(func(r *domain.Recurrence) { r.Rule, r.EveryDays = "", 1001 }), "everyDays out_of_range"},
		"negative days":          {with(func(r *domain.Recurrence) { r.Rule, r.EveryDays = "", -1 }), "everyDays out_of_range"},
		"a bad rule":             {with(func(r *domain.Recurrence) { r.Rule = "FREQ=HOURLY;BYHOUR=25" }), "rule frequency, rule out_of_range"},
		"two ends":               {with(func(r *domain.Recurrence) { r.Until, r.Count = "2026-12-31", 5 }), "until two_ends"},
		"an end in the rule too": {with(func(r *domain.Recurrence) { r.Rule, r.Count = "FREQ=DAILY;COUNT=3", 3 }), "until two_ends"},
		"a date in both":         {with(func(r *domain.Recurrence) { r.Rule, r.Until = "FREQ=DAILY;UNTIL=20261231", "2026-12-31" }), "until two_ends"},
		"a negative count":       {with(func(r *domain.Recurrence) { r.Count = -1 }), "count out_of_range"},
		"a huge count":           {with(func(r *domain.Recurrence) { r.Count = 5001 }), "count out_of_range"},
		"an end that is no date": {with(func(r *domain.Recurrence) { r.Until = "2026-12-31T09:00" }), "until malformed_time"},
		"an end before":          {with(func(r *domain.Recurrence) { r.Until = "2025-12-31" }), "until ends_first"},
		"an end before, rule":    {with(func(r *domain.Recurrence) { r.Rule = "FREQ=DAILY;UNTIL=20260101T085959" }), "until ends_first"},
		"bad exceptions":         {with(func(r *domain.Recurrence) { r.Except = []string{"2026-01-02", "Christmas", "2026-02-30"} }), "except[1] malformed_time, except[2] malformed_time"},
		"too many exceptions":    {with(func(r *domain.Recurrence) { r.Except = make([]string, 501) }), "except too_many"},
		"all at once":            {domain.Recurrence{Rule: "FREQ=X", EveryDays: -1, Anchor: "now", Count: -1, Until: "x", Except: []string{""}}, "anchor malformed_time, everyDays not_together, except[0] malformed_time, until two_ends, zone unknown_zone"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := tc.in.Validate()
			if got := rulesOf(problems); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			wellSaid(t, problems)
			_, err := domain.Occurrences(tc.in, memrecur.New().Expand, time.Time{}, 1)
			if bad := fault.KindOf(err) == fault.Invalid; bad != (tc.want != "") {
				t.Errorf("Occurrences: got %v", err)
			}
			again, err := tc.in.ValidateWith(memrecur.New().Expand)
			if err != nil || rulesOf(again) != tc.want {
				t.Errorf("ValidateWith: got %v, %v, want %s", again, err, tc.want)
			}
		})
	}
}

func TestRecurrenceThatNeverFires(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]domain.Recurrence{
		"30 February":               {Rule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
		"over before it begins":     {Rule: "FREQ=WEEKLY;BYDAY=TU", Until: "2026-01-05"},
		"all of it is excepted":     {EveryDays: 1, Count: 2, Except: []string{"2026-01-01", "2026-01-02T09:00"}},
		"a day it never falls on":   {Rule: "FREQ=DAILY;INTERVAL=7;BYDAY=MO"},
		"an hour after the last":    {Rule: "FREQ=DAILY;BYHOUR=8;UNTIL=20260102T075959"},
		"no such place in the week": {Rule: "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.Zone, r.Anchor = "UTC", "2026-01-01T09:00"
			if problems := r.Validate(); len(problems) > 0 {
				t.Fatalf("got %v before it is worked out", problems)
			}
			problems, err := r.ValidateWith(memrecur.New().Expand)
			if err != nil || rulesOf(problems) != "rule never" {
				t.Errorf("got %v, %v, want that it never happens", problems, err)
			}
			wellSaid(t, problems)
		})
	}
}

func TestExpandersThatFail(t *testing.T) {
	t.Parallel()
	r := domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00"}
	broken := errors.New("broken")
	if _, err := domain.Occurrences(r, func(domain.Rule, time.Time, time.Time, int) ([]time.Time, error) { return nil, broken }, time.Time{}, 3); !errors.Is(err, broken) {
		t.Errorf("got %v, want the expander's error", err)
	}
	if _, err := r.ValidateWith(func(domain.Rule, time.Time, time.Time, int) ([]time.Time, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the expander's error", err)
	}
	// One that does not get on must not keep us for ever.
	stuck := func(_ domain.Rule, _, _ time.Time, n int) ([]time.Time, error) { return make([]time.Time, n), nil }
	if _, err := domain.Occurrences(r, stuck, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), 3); fault.KindOf(err) != fault.Internal {
		t.Errorf("got %v, want an internal fault", err)
	}
	if _, err := domain.Rebook(domain.Recurrence{}, stuck, nil, time.Time{}, 3); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want an invalid fault", err)
	}
}

func TestOccurrencesAreBounded(t *testing.T) {
	t.Parallel()
	r := domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00"}
	if got := len(occurrences(t, r, time.Time{}, 1<<30)); got != domain.MaxOccurrences {
		t.Errorf("got %d, want %d", got, domain.MaxOccurrences)
	}
}

func TestRecurrenceText(t *testing.T) {
	t.Parallel()
	in := domain.Recurrence{
		Rule: "rrule:byday=tu,mo;freq=weekly", Zone: "Europe/Berlin", Anchor: "2026-03-31 09:00", Until: "2026-12-31",
		Except: []string{"2026-12-24", "2026-05-05 09:00", "2026-04-07", "2026-12-24"},
	}
	want := "DTSTART;TZID=Europe/Berlin:20260331T090000\nRRULE:FREQ=WEEKLY;UNTIL=20261231T235959;BYDAY=MO,TU\n" +
		"EXDATE;VALUE=DATE:20260407,20261224\nEXDATE:20260505T090000"
	got, err := in.Text()
	if err != nil || got != want {
		t.Fatalf("got\n%s, %v\nwant\n%s", got, err, want)
	}
	again, err := domain.ParseRecurrence(got)
	if err != nil || !again.Equal(in) || again.Until != "2026-12-31" || again.Rule != "FREQ=WEEKLY;BYDAY=MO,TU" || again.Anchor != "2026-03-31T09:00:00" {
		t.Errorf("got %+v, %v, want what was written", again, err)
	}
	days := domain.Recurrence{Rule: "FREQ=DAILY;INTERVAL=3;COUNT=9", Zone: "UTC", Anchor: "2026-03-31T09:00"}
	text, _ := days.Text()
	again, err = domain.ParseRecurrence(text)
	if err != nil || again.EveryDays != 3 || again.Count != 9 || again.Rule != "" || !again.Equal(days) {
		t.Errorf("got %+v, %v, want every 3 days, 9 times", again, err)
	}
	for name, other := range map[string]domain.Recurrence{
		"another zone":   {EveryDays: 3, Count: 9, Zone: "Europe/Berlin", Anchor: "2026-03-31T09:00"},
		"another anchor": {EveryDays: 3, Count: 9, Zone: "UTC", Anchor: "2026-03-31T09:01"},
		"another end":    {EveryDays: 3, Count: 8, Zone: "UTC", Anchor: "2026-03-31T09:00"},
		"a bad one":      {},
	} {
		if days.Equal(other) || other.Equal(days) {
			t.Errorf("%s: got equal", name)
		}
	}
	if (domain.Recurrence{}).Equal(domain.Recurrence{}) {
		t.Error("two bad ones are equal")
	}
}

func TestParseRecurrenceRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "FREQ=DAILY", "RRULE:FREQ=DAILY", "DTSTART;TZID=UTC:20260101T090000", "DTSTART;TZID=UTC:20260101\nRRULE:FREQ=DAILY",
		"DTSTART;TZID=UTC:20260101T090000\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY", "DTSTART;TZID=UTC:20260101T090000\nRRULE:FREQ=DAILY\nRDATE:20260101T090000",
		"DTSTART;TZID=UTC:20260101T090000\nRRULE:FREQ=DAILY\nEXDATE:20260101", "DTSTART;TZID=UTC:20260101T090000\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:x",
		"DTSTART;TZID=Nowhere:20260101T090000\nRRULE:FREQ=DAILY", "DTSTART;TZID=UTC:20260101T090000\nRRULE:FREQ=DAILY\n",
	} {
		if got, err := domain.ParseRecurrence(in); fault.KindOf(err) != fault.Invalid || got.Zone != "" {
			t.Errorf("%q: got %+v, %v, want an invalid fault", in, got, err)
		}
	}
}

func TestRecurrenceTextsComeBack(t *testing.T) {
	t.Parallel()
	all := zones(t)
	for seed := range uint64(200) {
		r := randomRecurrence(rand.New(rand.NewPCG(seed, 5)), all)
		text, err := r.Text()
		if err != nil {
			t.Fatalf("seed %d: %+v: %v", seed, r, err)
		}
		again, err := domain.ParseRecurrence(text)
		if err != nil || !again.Equal(r) {
			t.Fatalf("seed %d: got %+v, %v from\n%s", seed, again, err, text)
		}
		if a, b := told(occurrences(t, r, time.Time{}, 5)), told(occurrences(t, again, time.Time{}, 5)); a != b {
			t.Errorf("seed %d: got\n%s\nwant\n%s", seed, b, a)
		}
	}
}

// booked makes bookings of occurrences.
func booked(list []domain.Occurrence) []domain.Booking {
	var out []domain.Booking
	for _, o := range list {
		out = append(out, domain.Booking{Key: o.Key, At: o.At})
	}
	return out
}

func keys(list []domain.Occurrence) string {
	var out []string
	for _, o := range list {
		out = append(out, o.Key)
	}
	return strings.Join(out, " ")
}

// TestAWeeklyPostForNextTuesday follows a weekly post through a change of
// clocks, a restart and an edit.
func TestAWeeklyPostForNextTuesday(t *testing.T) {
	t.Parallel()
	friday := time.Date(2026, 3, 20, 15, 0, 0, 0, time.UTC)
	r := domain.Recurrence{Rule: "FREQ=WEEKLY;BYDAY=TU", Zone: "Europe/Berlin", Anchor: "2026-03-24T09:00"}
	preview := occurrences(t, r, friday, 6)
	now, bookings := friday, []domain.Booking(nil)
	for i := range 6 { // every time from the text alone, as after a restart
		text, err := r.Text()
		if err != nil {
			t.Fatal(err)
		}
		again, err := domain.ParseRecurrence(text)
		if err != nil {
			t.Fatal(err)
		}
		c, err := domain.Rebook(again, memrecur.New().Expand, bookings, now, 1)
		if err != nil || len(c.Add) != 1 || len(c.Move)+len(c.Drop) != 0 || c.Add[0] != preview[i] {
			t.Fatalf("week %d: got %+v, %v, want %+v", i, c, err, preview[i])
		}
		if at := c.Add[0].At.In(berlin(t)); at.Weekday() != time.Tuesday || at.Format("15:04") != "09:00" {
			t.Errorf("week %d: got %v, want Tuesday 09:00", i, at)
		}
		bookings = append(bookings, booked(c.Add)...)
		if now = c.Add[0].At.Add(time.Hour); i == 3 {
			now = c.Add[0].At // the very moment
		}
	}
	edited := r
	edited.Anchor = "2026-03-24T17:00"
	past := slices.Clone(bookings)
	next := booked(occurrences(t, r, now, 2))
	c, err := domain.Rebook(edited, memrecur.New().Expand, slices.Concat(past, next), now, 2)
	if err != nil || keys(c.Add) != "2026-04-28T17:00:00 2026-05-05T17:00:00" || strings.Join(c.Drop, " ") != "2026-05-05T09:00:00 2026-05-12T09:00:00" {
		t.Errorf("got %+v, %v, want only future ones to change", c, err)
	}
}

func TestRebook(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	r := domain.Recurrence{EveryDays: 1, Zone: "UTC", Anchor: "2026-01-01T09:00"}
	at := func(day, hour int) time.Time { return time.Date(2026, 1, day, hour, 0, 0, 0, time.UTC) }
	key := func(day int) string { return fmt.Sprintf("2026-01-%02dT09:00:00", day) }
	cases := map[string]struct {
		bookings        []domain.Booking
		add, move, drop string
	}{
		"nothing is booked":         {nil, key(11) + " " + key(12), "", ""},
		"all is booked":             {[]domain.Booking{{Key: key(11), At: at(11, 9)}, {Key: key(12), At: at(12, 9)}}, "", "", ""},
		"another instant":           {[]domain.Booking{{Key: key(11), At: at(11, 8)}, {Key: key(12), At: at(12, 9)}}, "", key(11), ""},
		"another instant, but over": {[]domain.Booking{{Key: key(11), At: at(10, 12)}, {Key: key(12), At: at(12, 9)}}, "", "", ""},
		"another instant, fixed":    {[]domain.Booking{{Key: key(11), At: at(11, 8), Fixed: true}, {Key: key(12), At: at(12, 9)}}, "", "", ""},
		"not wanted":                {[]domain.Booking{{Key: "x", At: at(11, 10)}}, key(11) + " " + key(12), "", "x"},
		"not wanted, but over":      {[]domain.Booking{{Key: "x", At: at(10, 12)}}, key(11) + " " + key(12), "", ""},
		"not wanted, fixed":         {[]domain.Booking{{Key: "x", At: at(11, 10), Fixed: true}}, key(11) + " " + key(12), "", ""},
		"taken out by a person":     {[]domain.Booking{{Key: key(11), At: at(11, 9), Fixed: true}}, key(12), "", ""},
		"further ahead than wanted": {[]domain.Booking{{Key: key(13), At: at(13, 9)}}, key(11) + " " + key(12), "", key(13)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := domain.Rebook(r, memrecur.New().Expand, tc.bookings, now, 2)
			if err != nil || keys(c.Add) != tc.add || keys(c.Move) != tc.move || strings.Join(c.Drop, " ") != tc.drop {
				t.Errorf("got add %s, move %s, drop %v, %v; want %s, %s, %s", keys(c.Add), keys(c.Move), c.Drop, err, tc.add, tc.move, tc.drop)
			}
		})
	}
}
