package recurtest

import (
	"embed"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

//go:embed vectors
var files embed.FS

// vector is a rule and what it gives.
type vector struct {
	Name, Rule, Anchor, After string
	Want                      []string
	// Ends says that nothing comes after Want.
	Ends bool
}

type vectorFile struct {
	Source  string
	Cases   []vector
	Refused []struct{ Name, Rule string }
}

// eastern is the winter clock that the ends of the RFC's examples are right in.
func eastern() *time.Location { return time.FixedZone("EST", -5*3600) }

func vectors(p *probe, name string) {
	raw, err := files.ReadFile("vectors/" + name)
	var file vectorFile
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	if err != nil || len(file.Cases) < 30 {
		p.add("%s has %d cases: %v", name, len(file.Cases), err)
		return
	}
	for _, v := range file.Cases {
		one(p, v)
	}
	for _, r := range file.Refused {
		if _, problems := domain.ParseRule(r.Rule, eastern()); len(problems) == 0 {
			p.add("%s: the rule is understood, so the file should say what it gives", r.Name)
		}
	}
}

func one(p *probe, v vector) {
	rule, problems := domain.ParseRule(v.Rule, eastern())
	if len(problems) > 0 {
		p.add("%s: the rule is refused: %v", v.Name, problems)
		return
	}
	anchor := at(p, v.Anchor)
	after := anchor.Add(-time.Second)
	if v.After != "" {
		after = at(p, v.After)
	}
	want := make([]time.Time, 0, len(v.Want))
	for _, s := range v.Want {
		want = append(want, at(p, s))
	}
	n := len(want)
	if v.Ends {
		n += 3
	}
	if got := p.expand(rule, anchor, after, n); !slices.Equal(got, want) {
		p.add("%s (%s from %s): got %v, want %v", v.Name, v.Rule, v.Anchor, shows(got), shows(want))
	}
}

func at(p *probe, s string) time.Time {
	for _, l := range []string{"2006-01-02T15:04", layout} {
		if t, err := time.Parse(l, s); err == nil {
			return t
		}
	}
	p.add("the vector has the malformed time %q", s)
	return time.Time{}
}

// some are rules of every kind, with and without an end.
func some(p *probe) []domain.Rule {
	var out []domain.Rule
	for _, s := range []string{
		"FREQ=DAILY", "FREQ=DAILY;INTERVAL=3;COUNT=40", "FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0,30", "FREQ=DAILY;UNTIL=20260301T090000",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=25", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1;COUNT=20",
		"FREQ=MONTHLY;BYMONTHDAY=-1,31", "FREQ=MONTHLY;BYDAY=2TU,-1FR;COUNT=30", "FREQ=MONTHLY;INTERVAL=5",
		"FREQ=YEARLY;BYMONTH=2,8;BYDAY=-1MO", "FREQ=YEARLY;BYYEARDAY=1,-1;COUNT=12", "FREQ=YEARLY;INTERVAL=3",
	} {
		rule, problems := domain.ParseRule(s, time.UTC)
		if len(problems) > 0 {
			p.add("%s is refused: %v", s, problems)
		}
		out = append(out, rule)
	}
	return out
}

func begin() time.Time { return time.Date(2026, 1, 31, 9, 15, 30, 0, time.UTC) }

// steps: one after the other is the same as all at once, from anywhere.
func steps(p *probe) {
	for _, rule := range some(p) {
		n := 32
		if rule.Freq == domain.FrequencyYearly {
			n = 9 // years are long
		}
		all := p.expand(rule, begin(), begin().Add(-time.Hour), n)
		after := begin().AddDate(0, 0, -40)
		for i, want := range all {
			got := p.expand(rule, begin(), after, 1)
			if len(got) != 1 || !got[0].Equal(want) {
				p.add("%s: the step %d from %s is %v, want %s", rule, i, show(after), shows(got), show(want))
				break
			}
			after = want
		}
		for _, i := range []int{1, 7, 30} {
			if i >= len(all) {
				break
			}
			for _, from := range []time.Time{all[i-1], all[i].Add(-time.Nanosecond), all[i].Add(-time.Second)} {
				if got := p.expand(rule, begin(), from, len(all)-i); !slices.Equal(got, all[i:]) {
					p.add("%s after %s: got %v, want %v", rule, show(from), shows(got), shows(all[i:]))
				}
			}
		}
	}
}

func limit(p *probe) {
	for _, rule := range some(p) {
		for _, n := range []int{-1, 0} {
			p.expand(rule, begin(), begin().Add(-time.Second), n)
		}
		long := p.expand(rule, begin(), begin().Add(-time.Second), 12)
		for _, n := range []int{1, 2, 3, 10} {
			want := long[:min(n, len(long))]
			if got := p.expand(rule, begin(), begin().Add(-time.Second), n); !slices.Equal(got, want) {
				p.add("%s: the first %d are %v, want %v", rule, n, shows(got), shows(want))
			}
		}
	}
}

// clocks: only what clocks show matters.
func clocks(p *probe) {
	in := func(t time.Time, loc *time.Location) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc)
	}
	east, west := time.FixedZone("east", 14*3600), time.FixedZone("west", -12*3600)
	for _, rule := range some(p) {
		after := begin().AddDate(0, 1, 3)
		want := p.expand(rule, begin(), after, 8)
		for _, zones := range [][2]*time.Location{{east, time.UTC}, {time.UTC, east}, {west, time.UTC}, {time.UTC, west}, {east, west}} {
			if got := p.expand(rule, in(begin(), zones[0]), in(after, zones[1]), 8); !slices.Equal(got, want) {
				p.add("%s with the anchor in %s and after in %s: got %v, want %v", rule, zones[0], zones[1], shows(got), shows(want))
			}
		}
	}
}

func fractions(p *probe) {
	for _, rule := range some(p) {
		want := p.expand(rule, begin(), begin().Add(-time.Second), 8)
		got := p.expand(rule, begin().Add(999*time.Millisecond), begin().Add(-time.Millisecond), 8)
		if !slices.Equal(got, want) {
			p.add("%s with fractions of seconds: got %v, want %v", rule, shows(got), shows(want))
		}
	}
}

// refused: a rule that is none is an error, and never a crash.
func refused(p *probe) {
	for name, rule := range map[string]domain.Rule{
		"no frequency":        {},
		"an odd frequency":    {Freq: "HOURLY"},
		"a negative interval": {Freq: domain.FrequencyDaily, Interval: -1},
		"a huge interval":     {Freq: domain.FrequencyYearly, Interval: 1 << 40},
		"a negative count":    {Freq: domain.FrequencyDaily, Count: -1},
		"a huge count":        {Freq: domain.FrequencyDaily, Count: 1 << 40},
		"two ends":            {Freq: domain.FrequencyDaily, Count: 1, Until: begin()},
		"month 13":            {Freq: domain.FrequencyYearly, ByMonth: []int{13}},
		"hour 24":             {Freq: domain.FrequencyDaily, ByHour: []int{24}},
		"day 0":               {Freq: domain.FrequencyMonthly, ByMonthDay: []int{0}},
		"the 53rd Monday of a month": {
			Freq: domain.FrequencyMonthly, ByDay: []domain.NthWeekday{{N: 53, Day: time.Monday}},
		},
		"the 53rd Monday from the end of June": {
			Freq: domain.FrequencyYearly, ByMonth: []int{6}, ByDay: []domain.NthWeekday{{N: -53, Day: time.Monday}},
		},
		"an eighth day of the week": {Freq: domain.FrequencyWeekly, ByDay: []domain.NthWeekday{{Day: 7}}},
		"an odd start of the week":  {Freq: domain.FrequencyWeekly, WeekStart: -1},
	} {
		got, err := p.expander.Expand(rule, begin(), begin(), 3)
		_, want := rule.Normal()
		f, ok := err.(*fault.Error) //nolint:errorlint // the contract is the fault itself, for its problems
		if !ok || f.Kind != fault.Invalid || len(f.Problems) != len(want) || len(got) > 0 {
			p.add("%s: got %v, %v, want an invalid fault with %d problems", name, shows(got), err, len(want))
		}
	}
}

// normal: order and repetitions in a rule do not matter, and it stays what it is.
func normal(p *probe) {
	rule := domain.Rule{
		Freq: domain.FrequencyMonthly, ByHour: []int{18, 9, 18}, ByMinute: []int{30, 0, 0}, BySetPos: []int{3, 1, 2, 1, -1},
		ByDay: []domain.NthWeekday{{Day: time.Friday}, {Day: time.Monday}, {Day: time.Friday}}, ByMonth: []int{5, 3, 5},
	}
	before := rule.String()
	tidy, _ := rule.Normal()
	want := p.expand(tidy, begin(), begin(), 20)
	if got := p.expand(rule, begin(), begin(), 20); !slices.Equal(got, want) || len(got) != 20 {
		p.add("%s: got %v, want %v", rule, shows(got), shows(want))
	}
	if rule.String() != before {
		p.add("the rule %s was changed to %s", before, rule)
	}
}

// horizon: a rule without an end goes on for its years, and not longer.
func horizon(p *probe) {
	rule := domain.Rule{Freq: domain.FrequencyDaily}
	last := rule.Last(begin())
	for name, c := range map[string]struct {
		after time.Time
		want  []time.Time
	}{
		"before the last":       {last.Add(-time.Hour), []time.Time{last}},
		"two days before":       {last.AddDate(0, 0, -2), []time.Time{last.AddDate(0, 0, -1), last}},
		"at the last":           {last, nil},
		"long after":            {last.AddDate(700, 0, 0), nil},
		"before there are days": {time.Time{}, []time.Time{begin(), begin().AddDate(0, 0, 1), begin().AddDate(0, 0, 2)}},
	} {
		if got := p.expand(rule, begin(), c.after, 3); !slices.Equal(got, c.want) {
			p.add("%s: got %v, want %v", name, shows(got), shows(c.want))
		}
	}
	for _, year := range []int{1970, 2199} {
		anchor := time.Date(year, 2, 28, 23, 59, 59, 0, time.UTC)
		got := p.expand(domain.Rule{Freq: domain.FrequencyYearly, ByMonth: []int{2}, ByMonthDay: []int{-1}}, anchor, time.Time{}, 200)
		if len(got) != domain.RuleYears+1 && len(got) != domain.RuleYears {
			p.add("from %d: got %d last days of February, want one a year for %d years", year, len(got), domain.RuleYears)
		}
	}
}

func parallel(p *probe) {
	rules := some(p)
	var want [][]time.Time
	for _, rule := range rules {
		want = append(want, p.expand(rule, begin(), begin(), 20))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, rule := range rules {
				if got := p.expand(rule, begin(), begin(), 20); !slices.Equal(got, want[i]) {
					p.add("%s beside others: got %v, want %v", rule, shows(got), shows(want[i]))
				}
			}
		})
	}
	wg.Wait()
}
