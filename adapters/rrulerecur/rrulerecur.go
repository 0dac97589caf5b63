// Package rrulerecur works recurrence rules out with rrule-go.
package rrulerecur

import (
	"time"

	"github.com/teambition/rrule-go"

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
	anchor, after = wall(anchor).Truncate(time.Second), wall(after)
	years := shift(anchor)
	lib, err := rrule.NewRRule(options(rule, anchor, years))
	if err != nil {
		return nil, fault.New(fault.Invalid, "rule_refused", "The rule cannot be worked out: %s.", err)
	}
	var out []time.Time
	next := lib.Iterator()
	for fired := 0; len(out) < n && (rule.Count == 0 || fired < rule.Count); {
		t, ok := next()
		if !ok {
			break
		}
		if t = t.AddDate(-years, 0, 0); t.Before(anchor) {
			continue
		}
		fired++
		if t.After(after) {
			out = append(out, t)
		}
	}
	return out, nil
}

func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// The calendar repeats itself, weekdays and all, after this many years.
const cycle = 400

// shift is how many years later the library is to believe that it is. It
// stops looking for the next time in the year 9999 only, and cannot be
// interrupted: a rule that never fires would keep it busy for 8000 years. Close
// to the end of its world it gives up soon.
func shift(anchor time.Time) int {
	latest := rrule.MAXYEAR - domain.RuleYears - 1
	return (latest - anchor.Year()) / cycle * cycle
}

// options writes rule in the library's words. The end by count is left to the
// caller, who knows which times are before the anchor.
func options(rule domain.Rule, anchor time.Time, years int) rrule.ROption {
	out := rrule.ROption{
		Dtstart:    anchor.AddDate(years, 0, 0),
		Until:      rule.Last(anchor).AddDate(years, 0, 0),
		Interval:   rule.Interval,
		Wkst:       weekday(rule.WeekStart, 0),
		Bymonth:    rule.ByMonth,
		Bymonthday: rule.ByMonthDay,
		Byyearday:  rule.ByYearDay,
		Byhour:     rule.ByHour,
		Byminute:   rule.ByMinute,
		Bysetpos:   rule.BySetPos,
		Byweekday:  weekdays(rule),
	}
	switch rule.Freq {
	case domain.FrequencyYearly:
		out.Freq = rrule.YEARLY
	case domain.FrequencyMonthly:
		out.Freq = rrule.MONTHLY
	case domain.FrequencyWeekly:
		out.Freq = rrule.WEEKLY
		fromWeekStart(&out, rule, anchor)
	default:
		out.Freq = rrule.DAILY
	}
	return out
}

// fromWeekStart begins a weekly rule at the start of its first week: the
// library would count a BYSETPOS from its first day on, not through the week.
// What came from the anchor must be said then.
func fromWeekStart(out *rrule.ROption, rule domain.Rule, anchor time.Time) {
	if len(rule.BySetPos) == 0 {
		return
	}
	if len(out.Byweekday) == 0 {
		out.Byweekday = []rrule.Weekday{weekday(anchor.Weekday(), 0)}
	}
	if len(out.Byhour) == 0 {
		out.Byhour = []int{anchor.Hour()}
	}
	if len(out.Byminute) == 0 {
		out.Byminute = []int{anchor.Minute()}
	}
	out.Bysecond = []int{anchor.Second()}
	y, m, d := out.Dtstart.Date()
	into := (int(anchor.Weekday()-rule.WeekStart) + 7) % 7
	out.Dtstart = time.Date(y, m, d-into, 0, 0, 0, 0, time.UTC)
}

// weekdays writes the days of the rule. Where some have a number and others
// have none, the library wants a day to be both; so those without get every
// number that there is.
func weekdays(rule domain.Rule) []rrule.Weekday {
	numbered := false
	for _, d := range rule.ByDay {
		numbered = numbered || d.N != 0
	}
	highest := 53
	if rule.Freq == domain.FrequencyMonthly || len(rule.ByMonth) > 0 {
		highest = 5
	}
	var out []rrule.Weekday
	for _, d := range rule.ByDay {
		if d.N != 0 || !numbered {
			out = append(out, weekday(d.Day, d.N))
			continue
		}
		for n := range highest {
			out = append(out, weekday(d.Day, n+1))
		}
	}
	return out
}

// weekday writes a day with its number in the library's words.
func weekday(d time.Weekday, n int) rrule.Weekday {
	days := [...]rrule.Weekday{rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA}
	return days[d].Nth(n)
}
