// Package memrecur works recurrence rules out day by day with the standard
// library alone. It is what an embedder gets without asking for more, and what
// other adapters are compared with.
package memrecur

import (
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// Expander implements recur.Expander.
type Expander struct{}

// New returns an Expander.
func New() *Expander { return &Expander{} }

// Expand implements recur.Expander.
func (*Expander) Expand(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	rule, problems := rule.Normal()
	if err := fault.Check(problems); err != nil {
		return nil, err
	}
	s := newSeries(rule, wall(anchor).Truncate(time.Second))
	after = wall(after)
	var out []time.Time
	fired := 0
	for k := 0; len(out) < n; k++ {
		first, days := s.period(k)
		if first.After(s.last) {
			break
		}
		for _, t := range s.times(first, days) {
			switch {
			case t.Before(s.anchor):
				continue
			case t.After(s.last), rule.Count > 0 && fired == rule.Count, len(out) == n:
				return out, nil
			}
			fired++
			if t.After(after) {
				out = append(out, t)
			}
		}
	}
	return out, nil
}

func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// series is a rule from its anchor on, with the anchor's parts filled in.
type series struct {
	domain.Rule
	anchor, last time.Time
	// clock are the times of a day, in order.
	clock []time.Duration
}

func newSeries(rule domain.Rule, anchor time.Time) series {
	s := series{Rule: rule, anchor: anchor, last: rule.Last(anchor)}
	if len(s.ByDay)+len(s.ByMonthDay)+len(s.ByYearDay) == 0 {
		switch s.Freq {
		case domain.FrequencyWeekly:
			s.ByDay = []domain.NthWeekday{{Day: anchor.Weekday()}}
		case domain.FrequencyYearly:
			if len(s.ByMonth) == 0 {
				s.ByMonth = []int{int(anchor.Month())}
			}
			s.ByMonthDay = []int{anchor.Day()}
		case domain.FrequencyMonthly:
			s.ByMonthDay = []int{anchor.Day()}
		case domain.FrequencyDaily:
		}
	}
	hours, minutes := s.ByHour, s.ByMinute
	if len(hours) == 0 {
		hours = []int{anchor.Hour()}
	}
	if len(minutes) == 0 {
		minutes = []int{anchor.Minute()}
	}
	for _, h := range hours {
		for _, m := range minutes {
			s.clock = append(s.clock, time.Duration(h)*time.Hour+time.Duration(m)*time.Minute+time.Duration(anchor.Second())*time.Second)
		}
	}
	return s
}

// period is the first day of the k-th period that counts, and its length.
func (s series) period(k int) (first time.Time, days int) {
	y, m, d := s.anchor.Date()
	step := k * s.Interval
	date := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	switch s.Freq {
	case domain.FrequencyWeekly:
		into := (int(s.anchor.Weekday()-s.WeekStart) + 7) % 7
		return date(y, m, d-into+7*step), 7
	case domain.FrequencyMonthly:
		first = date(y, m+time.Month(step), 1)
		return first, daysFrom(first, first.AddDate(0, 1, 0))
	case domain.FrequencyYearly:
		first = date(y+step, 1, 1)
		return first, daysFrom(first, first.AddDate(1, 0, 0))
	default:
		return date(y, m, d+step), 1
	}
}

func daysFrom(a, b time.Time) int { return int(b.Sub(a) / (24 * time.Hour)) }

// times are those of one period, in order.
func (s series) times(first time.Time, days int) []time.Time {
	var out []time.Time
	for i := range days {
		if day := first.Add(time.Duration(i) * 24 * time.Hour); s.takes(day) {
			for _, c := range s.clock {
				out = append(out, day.Add(c))
			}
		}
	}
	if len(s.BySetPos) == 0 {
		return out
	}
	var chosen []time.Time
	for i, t := range out {
		if slices.Contains(s.BySetPos, i+1) || slices.Contains(s.BySetPos, i-len(out)) {
			chosen = append(chosen, t)
		}
	}
	return chosen
}

// takes reports whether every list that says something about days has day.
func (s series) takes(day time.Time) bool {
	_, month, d := day.Date()
	return (len(s.ByMonth) == 0 || slices.Contains(s.ByMonth, int(month))) &&
		(len(s.ByMonthDay) == 0 || fromBothEnds(s.ByMonthDay, d, monthOf(day))) &&
		(len(s.ByYearDay) == 0 || fromBothEnds(s.ByYearDay, day.YearDay(), yearOf(day))) &&
		(len(s.ByDay) == 0 || s.takesWeekday(day))
}

// monthOf and yearOf are how many days the month and the year of day have.
func monthOf(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func yearOf(day time.Time) int {
	return time.Date(day.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
}

// fromBothEnds reports whether list has n, or n counted back from total.
func fromBothEnds(list []int, n, total int) bool {
	return slices.Contains(list, n) || slices.Contains(list, n-total-1)
}

func (s series) takesWeekday(day time.Time) bool {
	weekday := day.Weekday()
	return slices.ContainsFunc(s.ByDay, func(d domain.NthWeekday) bool {
		return d.Day == weekday && (d.N == 0 || s.isNth(day, d.N))
	})
}

// isNth reports whether day is the n-th of its weekday in its month, or in its
// year where the rule speaks of years.
func (s series) isNth(day time.Time, n int) bool {
	position, total := day.YearDay(), yearOf(day)
	if s.Freq == domain.FrequencyMonthly || len(s.ByMonth) > 0 {
		position, total = day.Day(), monthOf(day)
	}
	return n == (position+6)/7 || n == -(total-position)/7-1
}
