package domain

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// The bounds of a Rule.
const (
	// MaxRuleText is the longest text of a rule, in bytes.
	MaxRuleText = 500
	// MaxPerDay is how often a rule may fire on one day.
	MaxPerDay = 24
	// MaxCount is the highest COUNT.
	MaxCount = 5000
	// RuleYears is how long a rule without an end goes on, in years from its
	// anchor. It makes the search for the next time finite.
	RuleYears = 100
)

// Frequency is the period that a Rule repeats.
type Frequency string

// The frequencies of RFC 5545 that a rule may have. HOURLY and below are left
// out: their times would not be times of a wall clock.
const (
	FrequencyDaily   Frequency = "DAILY"
	FrequencyWeekly  Frequency = "WEEKLY"
	FrequencyMonthly Frequency = "MONTHLY"
	FrequencyYearly  Frequency = "YEARLY"
)

// NthWeekday is a day of the week, and which one of its month or year.
type NthWeekday struct {
	// N is 0 for every such day, 2 for the second, -1 for the last.
	N   int
	Day time.Weekday
}

// Rule is the RRULE of RFC 5545, section 3.3.10, without its parts below the
// minute and above the week: when something happens on a calendar and a wall
// clock, without any zone. What a list does not say comes from the anchor, the
// first wall time.
//
// Make one with ParseRule, or by hand and then Normal.
type Rule struct {
	Freq Frequency
	// Interval is every how many periods it fires; zero means every one.
	Interval int
	// Count ends the rule after so many times. Zero: it does not.
	Count int
	// Until is the last wall time that may be one, as if in UTC. Zero: none.
	Until time.Time
	// WeekStart is the first day of a week. Mind that its zero is Sunday, while
	// a text that does not say means Monday.
	WeekStart  time.Weekday
	ByMonth    []int
	ByMonthDay []int
	ByYearDay  []int
	ByDay      []NthWeekday
	ByHour     []int
	ByMinute   []int
	BySetPos   []int
}

// rulePart is a list of numbers in a rule, and which numbers it takes. One
// that counts from both ends takes them negated, too.
type rulePart struct {
	name     string
	list     *[]int
	min, max int
	bothEnds bool
}

func (r *Rule) parts() []rulePart {
	return []rulePart{
		{"BYMONTH", &r.ByMonth, 1, 12, false},
		{"BYMONTHDAY", &r.ByMonthDay, 1, 31, true},
		{"BYYEARDAY", &r.ByYearDay, 1, 366, true},
		{"BYHOUR", &r.ByHour, 0, 23, false},
		{"BYMINUTE", &r.ByMinute, 0, 59, false},
		{"BYSETPOS", &r.BySetPos, 1, 366, true},
	}
}

func (p rulePart) takes(n int) bool {
	if p.bothEnds && n < 0 {
		n = -n
	}
	return n >= p.min && n <= p.max
}

func (p rulePart) check(c *complaints) {
	also := ""
	if p.bothEnds {
		also = fmt.Sprintf(", or %d to %d from the end", -p.min, -p.max)
	}
	for _, n := range *p.list {
		if !p.takes(n) {
			c.add("rule", "out_of_range", "%s has %d; it takes numbers from %d to %d%s.", p.name, n, p.min, p.max, also)
		}
	}
}

// intervals bounds INTERVAL by the frequency.
func intervals(f Frequency) (highest int, known bool) {
	switch f {
	case FrequencyDaily:
		return 1000, true
	case FrequencyWeekly:
		return 500, true
	case FrequencyMonthly:
		return 120, true
	case FrequencyYearly:
		return 10, true
	default:
		return 0, false
	}
}

// complaints collects what is wrong with an input.
type complaints []fault.Problem

func (c *complaints) add(field, rule, format string, args ...any) {
	*c = append(*c, fault.Problem{Field: field, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// Normal returns the rule with its lists in order and without repetitions, and
// says what is wrong with it, all at once. Rules that fire at the same times
// for the same reason have the same normal form.
func (r Rule) Normal() (Rule, []fault.Problem) {
	r.Interval = cmp.Or(r.Interval, 1)
	if !r.Until.IsZero() {
		r.Until = wallClock(r.Until).Truncate(time.Second)
	}
	for _, p := range r.parts() {
		list := slices.Clone(*p.list)
		slices.Sort(list)
		*p.list = slices.Compact(list)
	}
	r.ByDay = slices.Clone(r.ByDay)
	slices.SortFunc(r.ByDay, func(a, b NthWeekday) int {
		return cmp.Or(cmp.Compare(fromMonday(a.Day), fromMonday(b.Day)), cmp.Compare(a.N, b.N))
	})
	r.ByDay = slices.Compact(r.ByDay)
	var c complaints
	r.checkNumbers(&c)
	r.checkDays(&c)
	r.checkTogether(&c)
	return r, c
}

func (r Rule) checkNumbers(c *complaints) {
	highest, known := intervals(r.Freq)
	switch {
	case !known:
		c.add("rule", "frequency", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY. For several times a day, list the hours in BYHOUR.")
	case r.Interval < 1 || r.Interval > highest:
		c.add("rule", "interval", "INTERVAL of a %s rule must be from 1 to %d.", r.Freq, highest)
	}
	if r.Count < 0 || r.Count > MaxCount {
		c.add("rule", "count", "COUNT must be from 1 to %d.", MaxCount)
	}
	if r.Count != 0 && !r.Until.IsZero() {
		c.add("rule", "two_ends", "A rule ends by COUNT or by UNTIL, not by both.")
	}
	for _, p := range r.parts() {
		p.check(c)
	}
	if n := max(len(r.ByHour), 1) * max(len(r.ByMinute), 1); n > MaxPerDay {
		c.add("rule", "too_often", "The rule fires up to %d times a day; at most %d are possible.", n, MaxPerDay)
	}
}

func (r Rule) checkDays(c *complaints) {
	highest := 53
	if r.Freq == FrequencyMonthly || len(r.ByMonth) > 0 {
		highest = 5
	}
	byPeriod := r.Freq == FrequencyMonthly || r.Freq == FrequencyYearly
	for _, d := range r.ByDay {
		switch {
		case !isDay(d.Day):
			c.add("rule", "out_of_range", "BYDAY has a day that is none of the week.")
		case d.N != 0 && !byPeriod:
			c.add("rule", "nth_day", "BYDAY with a number, such as %s, needs FREQ=MONTHLY or FREQ=YEARLY.", d)
		case max(d.N, -d.N) > highest:
			c.add("rule", "nth_day", "BYDAY has %s; the number must be from 1 to %d, or -1 to -%d from the end.", d, highest, highest)
		}
	}
	if !isDay(r.WeekStart) {
		c.add("rule", "out_of_range", "WKST is none of the days of the week.")
	}
}

func isDay(d time.Weekday) bool { return d >= time.Sunday && d <= time.Saturday }

// checkTogether refuses what RFC 5545 does not define.
func (r Rule) checkTogether(c *complaints) {
	if r.Freq == FrequencyWeekly && len(r.ByMonthDay) > 0 {
		c.add("rule", "not_together", "BYMONTHDAY cannot be used with FREQ=WEEKLY.")
	}
	if r.Freq != FrequencyYearly && len(r.ByYearDay) > 0 {
		c.add("rule", "not_together", "BYYEARDAY needs FREQ=YEARLY.")
	}
	others := len(r.ByMonth) + len(r.ByMonthDay) + len(r.ByYearDay) + len(r.ByDay) + len(r.ByHour) + len(r.ByMinute)
	if len(r.BySetPos) > 0 && others == 0 {
		c.add("rule", "not_together", "BYSETPOS chooses from another BY… list, and there is none.")
	}
}

// Last is the latest wall time that the rule may fire at if it begins at
// anchor: its Until, or the end of RuleYears.
func (r Rule) Last(anchor time.Time) time.Time {
	last := wallClock(anchor).AddDate(RuleYears, 0, 0)
	if !r.Until.IsZero() && r.Until.Before(last) {
		return wallClock(r.Until)
	}
	return last
}

// wallClock is what the clock of t shows, as if in UTC.
func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func fromMonday(d time.Weekday) int { return (int(d) + 6) % 7 }

// The times of RFC 5545.
const (
	ruleDate  = "20060102"
	ruleLocal = "20060102T150405"
	ruleUTC   = "20060102T150405Z"
)

// dayNames are the days of RFC 5545, from Sunday as in package time.
func dayNames() []string { return []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"} }

// String writes the day as RFC 5545 does, such as TU or -1FR.
func (d NthWeekday) String() string {
	name := "??"
	if isDay(d.Day) {
		name = dayNames()[d.Day]
	}
	if d.N == 0 {
		return name
	}
	return strconv.Itoa(d.N) + name
}

// String writes the rule as RFC 5545 does, in a fixed order. The text of a
// normal rule is canonical: equal rules have equal texts.
func (r Rule) String() string {
	out := []string{"FREQ=" + string(r.Freq)}
	if r.Interval > 1 {
		out = append(out, fmt.Sprintf("INTERVAL=%d", r.Interval))
	}
	if r.WeekStart != time.Monday {
		out = append(out, "WKST="+NthWeekday{Day: r.WeekStart}.String())
	}
	if r.Count != 0 {
		out = append(out, fmt.Sprintf("COUNT=%d", r.Count))
	}
	if !r.Until.IsZero() {
		out = append(out, "UNTIL="+r.Until.Format(ruleLocal))
	}
	if len(r.ByDay) > 0 {
		days := make([]string, 0, len(r.ByDay))
		for _, d := range r.ByDay {
			days = append(days, d.String())
		}
		out = append(out, "BYDAY="+strings.Join(days, ","))
	}
	for _, p := range r.parts() {
		if len(*p.list) > 0 {
			numbers := make([]string, 0, len(*p.list))
			for _, n := range *p.list {
				numbers = append(numbers, strconv.Itoa(n))
			}
			out = append(out, p.name+"="+strings.Join(numbers, ","))
		}
	}
	return strings.Join(out, ";")
}

// ParseRule reads an RRULE, with or without the name in front and in capitals
// or not, and returns its normal form. An UNTIL that is a date means the end of
// that day; one in UTC is read as what the clocks of loc show then. It says
// what is wrong, all at once, in the field "rule".
func ParseRule(text string, loc *time.Location) (Rule, []fault.Problem) {
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "RRULE:")
	c := checkRuleText(text)
	if len(c) > 0 {
		return Rule{}, c
	}
	r := Rule{WeekStart: time.Monday}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ";"), ";") {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case !ok || value == "":
			c.add("rule", "malformed", "The rule has %q, which is not NAME=VALUE.", clip(part))
		case seen[name]:
			c.add("rule", "repeated", "The rule has %s twice.", clip(name))
		default:
			seen[name] = true
			r.read(name, value, loc, &c)
		}
	}
	if !seen["FREQ"] {
		c.add("rule", "required", "The rule has no FREQ: say DAILY, WEEKLY, MONTHLY or YEARLY.")
	}
	r, problems := r.Normal()
	for _, p := range problems {
		if seen["FREQ"] || p.Rule != "frequency" {
			c = append(c, p)
		}
	}
	return r, c
}

func checkRuleText(text string) complaints {
	var c complaints
	switch {
	case text == "":
		c.add("rule", "required", "The rule is empty.")
	case len(text) > MaxRuleText:
		c.add("rule", "too_long", "The rule has %d characters; at most %d are possible.", len(text), MaxRuleText)
	case strings.ContainsAny(text, ":\r\n"), strings.Contains(text, "DTSTART"), strings.Contains(text, "TZID"):
		c.add("rule", "more_than_rule", "Write only the rule, such as FREQ=WEEKLY;BYDAY=TU. The first time, the time zone and exceptions have fields of their own.")
	}
	return c
}

// clip shortens what a person wrote, to quote it.
func clip(s string) string {
	if runes := []rune(s); len(runes) > 24 {
		return string(runes[:24]) + "…"
	}
	return s
}

func (r *Rule) read(name, value string, loc *time.Location, c *complaints) {
	switch name {
	case "FREQ":
		r.Freq = Frequency(value)
	case "INTERVAL":
		r.Interval = readPositive(name, value, c)
	case "COUNT":
		r.Count = readPositive(name, value, c)
	case "UNTIL":
		r.Until = readUntil(value, loc, c)
	case "WKST":
		if d, ok := readDay(value); ok && d.N == 0 {
			r.WeekStart = d.Day
		} else {
			c.add("rule", "malformed", "WKST is %q; write a day such as MO.", clip(value))
		}
	case "BYDAY":
		for s := range strings.SplitSeq(value, ",") {
			if d, ok := readDay(s); ok {
				r.ByDay = append(r.ByDay, d)
			} else {
				c.add("rule", "malformed", "BYDAY has %q; write days such as TU, 1MO or -1FR.", clip(s))
			}
		}
	default:
		r.readList(name, value, c)
	}
}

func (r *Rule) readList(name, value string, c *complaints) {
	for _, p := range r.parts() {
		if p.name != name {
			continue
		}
		for s := range strings.SplitSeq(value, ",") {
			if n, err := strconv.Atoi(s); err == nil {
				*p.list = append(*p.list, n)
			} else {
				c.add("rule", "malformed", "%s has %q, which is not a whole number.", name, clip(s))
			}
		}
		return
	}
	switch name {
	case "BYSECOND", "BYWEEKNO":
		c.add("rule", "unsupported_part", "%s is not supported.", name)
	default:
		c.add("rule", "unknown_part", "The rule has an unknown part %q.", clip(name))
	}
}

func readPositive(name, value string, c *complaints) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		c.add("rule", "malformed", "%s is %q; it must be a whole number from 1.", name, clip(value))
		return 0
	}
	return n
}

func readDay(s string) (NthWeekday, bool) {
	if len(s) < 2 {
		return NthWeekday{}, false
	}
	day := slices.Index(dayNames(), s[len(s)-2:])
	number := s[:len(s)-2]
	if number == "" || day < 0 {
		return NthWeekday{Day: time.Weekday(day)}, day >= 0
	}
	n, err := strconv.Atoi(number)
	return NthWeekday{N: n, Day: time.Weekday(day)}, err == nil && n != 0
}

func readUntil(value string, loc *time.Location, c *complaints) time.Time {
	if t, err := time.Parse(ruleDate, value); err == nil {
		return endOfDay(t)
	}
	if t, err := time.Parse(ruleLocal, value); err == nil {
		return t
	}
	if t, err := time.Parse(ruleUTC, value); err == nil {
		return wallClock(t.In(loc))
	}
	c.add("rule", "malformed", "UNTIL is %q; write a date such as 20261231 or a time such as 20261231T235959.", clip(value))
	return time.Time{}
}

func endOfDay(t time.Time) time.Time { return t.AddDate(0, 0, 1).Add(-time.Second) }
