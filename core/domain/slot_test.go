package domain_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
)

func slot(day time.Weekday, hour, minute int) domain.Slot {
	return domain.Slot{Weekday: day, Minute: hour*60 + minute}
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func written(times []time.Time) string {
	var out []string
	for _, at := range times {
		out = append(out, at.Format(time.RFC3339))
	}
	return strings.Join(out, " ")
}

func TestNextSlots(t *testing.T) {
	t.Parallel()
	week := []domain.Slot{slot(time.Friday, 18, 30), slot(time.Tuesday, 9, 0), slot(time.Tuesday, 8, 0)}
	cases := map[string]struct {
		slots []domain.Slot
		zone  string
		after string
		n     int
		want  string
	}{
		"in the order of the week":       {week, "Europe/Berlin", "2026-01-05T00:00:00Z", 4, "2026-01-06T07:00:00Z 2026-01-06T08:00:00Z 2026-01-09T17:30:00Z 2026-01-13T07:00:00Z"},
		"strictly after":                 {week, "Europe/Berlin", "2026-01-06T08:00:00Z", 1, "2026-01-09T17:30:00Z"},
		"just before":                    {week, "Europe/Berlin", "2026-01-06T07:59:59.999999Z", 1, "2026-01-06T08:00:00Z"},
		"the hour stays in spring":       {week[1:2], "Europe/Berlin", "2026-03-24T00:00:00Z", 2, "2026-03-24T08:00:00Z 2026-03-31T07:00:00Z"},
		"a week whose day is another":    {[]domain.Slot{slot(time.Monday, 1, 0)}, "Pacific/Auckland", "2026-07-04T00:00:00Z", 2, "2026-07-05T13:00:00Z 2026-07-12T13:00:00Z"},
		"a skipped time moves forward":   {[]domain.Slot{slot(time.Sunday, 2, 30)}, "Europe/Berlin", "2026-03-23T00:00:00Z", 2, "2026-03-29T01:30:00Z 2026-04-05T00:30:00Z"},
		"where it meets another":         {[]domain.Slot{slot(time.Sunday, 2, 30), slot(time.Sunday, 3, 30)}, "Europe/Berlin", "2026-03-23T00:00:00Z", 3, "2026-03-29T01:30:00Z 2026-04-05T00:30:00Z 2026-04-05T01:30:00Z"},
		"where it overtakes":             {[]domain.Slot{slot(time.Sunday, 2, 45), slot(time.Sunday, 3, 0)}, "Europe/Berlin", "2026-03-23T00:00:00Z", 2, "2026-03-29T01:00:00Z 2026-03-29T01:45:00Z"},
		"of a doubled time, the first":   {[]domain.Slot{slot(time.Sunday, 2, 30)}, "Europe/Berlin", "2026-10-19T00:00:00Z", 2, "2026-10-25T00:30:00Z 2026-11-01T01:30:00Z"},
		"not the second of the doubled":  {[]domain.Slot{slot(time.Sunday, 2, 30)}, "Europe/Berlin", "2026-10-25T00:30:00Z", 1, "2026-11-01T01:30:00Z"},
		"a day that was skipped":         {[]domain.Slot{slot(time.Friday, 9, 0), slot(time.Saturday, 9, 0)}, "Pacific/Apia", "2011-12-29T20:00:00Z", 2, "2011-12-30T19:00:00Z 2012-01-05T19:00:00Z"},
		"midnight":                       {[]domain.Slot{slot(time.Sunday, 0, 0)}, "UTC", "2026-01-03T23:59:59Z", 1, "2026-01-04T00:00:00Z"},
		"none wanted":                    {week, "UTC", "2026-01-03T00:00:00Z", 0, ""},
		"less than none":                 {week, "UTC", "2026-01-03T00:00:00Z", -1, ""},
		"no slots":                       {nil, "UTC", "2026-01-03T00:00:00Z", 3, ""},
		"slots that are none":            {[]domain.Slot{{Weekday: 7}, {Weekday: -1}, {Minute: -1}, {Minute: 1440}}, "UTC", "2026-01-03T00:00:00Z", 3, ""},
		"a slot that is there twice":     {[]domain.Slot{slot(time.Sunday, 9, 0), slot(time.Sunday, 9, 0)}, "UTC", "2026-01-03T00:00:00Z", 2, "2026-01-04T09:00:00Z 2026-01-11T09:00:00Z"},
		"written in whatever zone it is": {week, "Europe/Berlin", "2026-01-06T17:00:00+09:00", 1, "2026-01-09T17:30:00Z"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc, err := time.LoadLocation(tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			if got := written(domain.NextSlots(tc.slots, loc, instant(t, tc.after), tc.n)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	if got := len(domain.NextSlots(week[:1], time.UTC, time.Time{}, 1<<40)); got != domain.MaxOccurrences {
		t.Errorf("got %d, want %d", got, domain.MaxOccurrences)
	}
}

// TestSlotsInEveryZone compares with the book around changes of clocks.
func TestSlotsInEveryZone(t *testing.T) {
	t.Parallel()
	inEveryZone(t, func(t *testing.T, loc *time.Location, all, some []shift) {
		for _, s := range some {
			slotsAround(t, loc, all, s)
		}
	})
}

func slotsAround(t *testing.T, loc *time.Location, all []shift, s shift) {
	at := s.at.Add(s.before).Truncate(time.Minute)
	var slots []domain.Slot
	for _, d := range []time.Duration{-time.Minute, 0, 30 * time.Minute, time.Hour, s.after - s.before, (s.after - s.before) / 2, 24 * time.Hour} {
		w := at.Add(d)
		slots = append(slots, slot(w.Weekday(), w.Hour(), w.Minute()))
	}
	after := s.at.AddDate(0, 0, -8)
	var walls []time.Time
	for day := range 30 {
		midnight := after.AddDate(0, 0, day-3).Truncate(24 * time.Hour)
		for _, sl := range slots {
			if sl.Weekday == midnight.Weekday() {
				walls = append(walls, midnight.Add(time.Duration(sl.Minute)*time.Minute))
			}
		}
	}
	want := byTheBook(walls, loc, all, after)[:12]
	got := domain.NextSlots(slots, loc, after, 12)
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("%s: slots %v after %v:\ngot  %s\nwant %s", loc, slots, after, written(got), written(want))
	}
	for i := 1; i < len(got); i += 3 { // one by one is all at once
		if step := domain.NextSlots(slots, loc, got[i-1], 1); len(step) != 1 || !step[0].Equal(got[i]) {
			t.Errorf("%s: after %v got %s, want %v", loc, got[i-1], written(step), got[i])
		}
		free, ok := domain.NextFreeSlot(slots, loc, after, domain.TakenAt(got[:i]...), 0)
		if !ok || !free.Equal(got[i]) {
			t.Errorf("%s: with %d taken got %v, %t, want %v", loc, i, free, ok, got[i])
		}
	}
}

// TestSlotsFillOneByOne queues posts one after the other: each gets the next
// place, and none the same.
func TestSlotsFillOneByOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 6))
		var slots []domain.Slot
		for range 1 + rng.IntN(6) {
			slots = append(slots, domain.Slot{Weekday: time.Weekday(rng.IntN(7)), Minute: rng.IntN(1440)})
		}
		after := time.Date(2026, 3, 1+rng.IntN(30), rng.IntN(24), 0, 0, 0, time.UTC)
		want := domain.NextSlots(slots, berlin(t), after, 25)
		var queue []time.Time
		for range 25 {
			free, ok := domain.NextFreeSlot(slots, berlin(t), after, domain.TakenAt(queue...), 0)
			if !ok {
				t.Fatalf("seed %d: no place after %d", seed, len(queue))
			}
			queue = append(queue, free)
		}
		if !slices.Equal(queue, want) {
			t.Errorf("seed %d: got %s, want %s", seed, written(queue), written(want))
		}
	}
}

func TestNextFreeSlot(t *testing.T) {
	t.Parallel()
	slots := []domain.Slot{slot(time.Tuesday, 9, 0)}
	after := instant(t, "2026-03-20T00:00:00Z")
	first, second := instant(t, "2026-03-24T08:00:00Z"), instant(t, "2026-03-31T07:00:00Z")
	always := func(time.Time) bool { return true }
	cases := map[string]struct {
		slots   []domain.Slot
		taken   func(time.Time) bool
		horizon time.Duration
		want    time.Time
	}{
		"the first":                        {slots, domain.TakenAt(), 0, first},
		"the first is taken":               {slots, domain.TakenAt(first), 0, second},
		"taken, written in another zone":   {slots, domain.TakenAt(first.In(time.FixedZone("x", 3600*9))), 0, second},
		"taken, with nanoseconds":          {slots, domain.TakenAt(first.Add(999)), 0, second},
		"almost taken":                     {slots, domain.TakenAt(first.Add(time.Minute), first.Add(-time.Minute)), 0, first},
		"a gap in the queue":               {slots, domain.TakenAt(second), 0, first},
		"all is taken":                     {slots, always, 0, time.Time{}},
		"no slots":                         {nil, domain.TakenAt(), 0, time.Time{}},
		"slots that are none":              {[]domain.Slot{{Weekday: 9}}, domain.TakenAt(), 0, time.Time{}},
		"beyond the horizon":               {slots, domain.TakenAt(first), 8 * 24 * time.Hour, time.Time{}},
		"at the horizon":                   {slots, domain.TakenAt(first), second.Sub(after), second},
		"just beyond the horizon":          {slots, domain.TakenAt(first), second.Sub(after) - 1, time.Time{}},
		"a horizon without sense":          {slots, domain.TakenAt(first), -time.Hour, second},
		"a horizon of a thousand years":    {slots, always, 1 << 62, time.Time{}},
		"the second because it is earlier": {append(slots, slot(time.Monday, 9, 0)), domain.TakenAt(), 0, instant(t, "2026-03-23T08:00:00Z")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := domain.NextFreeSlot(tc.slots, berlin(t), after, tc.taken, tc.horizon)
			if !got.Equal(tc.want) || ok == tc.want.IsZero() {
				t.Errorf("got %v, %t, want %v", got, ok, tc.want)
			}
		})
	}
}

// TestTheLastFreeSlotIsWithinTheHorizon asks for one at the end of two years.
func TestTheLastFreeSlotIsWithinTheHorizon(t *testing.T) {
	t.Parallel()
	after := instant(t, "2026-03-20T00:00:00Z")
	asked, last := 0, time.Time{}
	domain.NextFreeSlot([]domain.Slot{slot(time.Sunday, 2, 30)}, berlin(t), after, func(at time.Time) bool {
		if asked++; !at.After(last) {
			t.Errorf("asked for %v after %v", at, last)
		}
		last = at
		return true
	}, 0)
	if end := after.Add(domain.MaxSlotHorizon); asked < 104 || asked > 105 || last.After(end) || end.Sub(last) > 8*24*time.Hour {
		t.Errorf("asked for %d, the last %v, want all of two years to %v", asked, last, end)
	}
}

func TestValidateSlots(t *testing.T) {
	t.Parallel()
	var many []domain.Slot
	for i := range domain.MaxSlots + 1 {
		many = append(many, domain.Slot{Weekday: time.Weekday(i % 7), Minute: i})
	}
	cases := map[string]struct {
		slots []domain.Slot
		want  string
	}{
		"none":         {nil, ""},
		"right":        {[]domain.Slot{slot(time.Sunday, 0, 0), slot(time.Saturday, 23, 59)}, ""},
		"the most":     {many[1:], ""},
		"too many":     {many, "slots too_many"},
		"day 7":        {[]domain.Slot{{Weekday: 7}}, "slots[0] out_of_range"},
		"day -1":       {[]domain.Slot{{Weekday: -1}}, "slots[0] out_of_range"},
		"minute 1440":  {[]domain.Slot{{Minute: 1440}}, "slots[0] out_of_range"},
		"minute -1":    {[]domain.Slot{{Minute: -1}}, "slots[0] out_of_range"},
		"twice":        {[]domain.Slot{{Minute: 5}, {Minute: 6}, {Minute: 5}}, "slots[2] duplicate"},
		"all at once":  {[]domain.Slot{{Minute: 5}, {Minute: -6}, {Minute: 5}}, "slots[1] out_of_range, slots[2] duplicate"},
		"another day":  {[]domain.Slot{{Weekday: 1, Minute: 5}, {Weekday: 2, Minute: 5}}, ""},
		"bad and twin": {[]domain.Slot{{Minute: -6}, {Minute: -6}}, "slots[0] out_of_range, slots[1] out_of_range"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := domain.ValidateSlots(tc.slots)
			if got := rulesOf(problems); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			wellSaid(t, problems)
		})
	}
}

func TestSortSlots(t *testing.T) {
	t.Parallel()
	slots := []domain.Slot{slot(time.Sunday, 9, 5), slot(time.Monday, 18, 0), slot(time.Saturday, 0, 0), slot(time.Monday, 9, 0)}
	domain.SortSlots(slots)
	var out []string
	for _, s := range slots {
		out = append(out, s.String())
	}
	if got, want := strings.Join(out, ", "), "Monday 09:00, Monday 18:00, Saturday 00:00, Sunday 09:05"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
