package domain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// The bounds of a Recurrence.
const (
	// MaxExceptions is how many exceptions a recurrence may have.
	MaxExceptions = 500
	// MaxOccurrences is how many occurrences are worked out at once.
	MaxOccurrences = 1000
	// The years that an anchor may lie in.
	firstAnchorYear, lastAnchorYear = 1970, 2199
)

// wallKey is how a wall time is written as the identity of an occurrence.
const wallKey = "2006-01-02T15:04:05"

// Recurrence says when a post is repeated. It is a value: the same one always
// means the same instants, whatever the machine's zone and whenever one asks.
// docs/recurrence.md explains it to users.
type Recurrence struct {
	// Rule is an RRULE as ParseRule reads it. Either it or EveryDays is set.
	Rule string
	// EveryDays is short for FREQ=DAILY;INTERVAL=EveryDays.
	EveryDays int
	// Zone is the IANA name of the zone whose clocks the times are read from.
	Zone string
	// Anchor is the wall time that it begins at, such as 2026-03-31T09:00:00.
	// It is an occurrence itself if the rule names it.
	Anchor string
	// Until is the last date that it may fire on, such as 2026-12-31. Empty: no
	// such date.
	Until string
	// Count ends it after so many wall times, exceptions included. Zero: it
	// does not. It ends by one of Count and Until, here or in the Rule.
	Count int
	// Except are dates and wall times that are left out.
	Except []string
}

// Occurrence is one time that a recurrence fires.
type Occurrence struct {
	// Key names the occurrence for ever among those of its post: the wall time
	// as text.
	Key string
	// Wall is the wall time, as if in UTC.
	Wall time.Time
	// At is the instant.
	At time.Time
	// Moved says that the clocks skip Wall, so that At is as much later as they
	// skip.
	Moved bool
}

// Expand returns the first n wall times of rule, begun at anchor, that are
// strictly after the wall time after. It is ports/recur's Expander.Expand; see
// there.
type Expand func(rule Rule, anchor, after time.Time, n int) ([]time.Time, error)

// calendar is a Recurrence that was read and found right.
type calendar struct {
	rule   Rule
	loc    *time.Location
	anchor time.Time
	except map[string]bool
}

// Validate says everything that is wrong, as far as it can be seen without
// working the rule out; see ValidateWith.
func (r Recurrence) Validate() []fault.Problem {
	_, problems := r.read()
	return problems
}

// ValidateWith is Validate that also refuses a recurrence that never fires.
func (r Recurrence) ValidateWith(expand Expand) ([]fault.Problem, error) {
	cal, problems := r.read()
	if len(problems) > 0 {
		return problems, nil
	}
	first, err := cal.occurrences(expand, time.Time{}, 1)
	if err == nil && len(first) == 0 {
		return []fault.Problem{{Field: "rule", Rule: "never", Message: "This never happens. Look at the rule, its end and the exceptions."}}, nil
	}
	return nil, err
}

func (r Recurrence) read() (calendar, []fault.Problem) {
	var c complaints
	cal := calendar{loc: time.UTC, except: map[string]bool{}}
	if loc, err := time.LoadLocation(r.Zone); err == nil && r.Zone != "" && r.Zone != "Local" {
		cal.loc = loc
	} else {
		c.add("zone", "unknown_zone", "There is no time zone %q. Write one such as Europe/Berlin.", clip(r.Zone))
	}
	var ok bool
	if cal.anchor, ok = readWall(r.Anchor); !ok {
		c.add("anchor", "malformed_time", "The first time is not a local time. Write it like 2026-03-31T09:00:00.")
	} else if y := cal.anchor.Year(); y < firstAnchorYear || y > lastAnchorYear {
		c.add("anchor", "out_of_range", "The first time must be in the years %d to %d.", firstAnchorYear, lastAnchorYear)
	}
	cal.rule = r.readRule(cal.loc, &c)
	r.readEnd(&cal, &c)
	if len(r.Except) > MaxExceptions {
		c.add("except", "too_many", "There are %d exceptions; at most %d are possible.", len(r.Except), MaxExceptions)
		return cal, c
	}
	for i, s := range r.Except {
		if key, ok := exceptionKey(s); ok {
			cal.except[key] = true
		} else {
			c.add("except["+strconv.Itoa(i)+"]", "malformed_time", "An exception is a date such as 2026-12-24 or a local time such as 2026-12-24T09:00:00.")
		}
	}
	return cal, c
}

func (r Recurrence) readRule(loc *time.Location, c *complaints) Rule {
	switch {
	case r.Rule != "" && r.EveryDays != 0:
		c.add("everyDays", "not_together", "Give a rule or a number of days, not both.")
	case r.Rule == "" && r.EveryDays == 0:
		c.add("rule", "required", "Say how it repeats: with a rule or with a number of days.")
	case r.Rule != "":
		rule, problems := ParseRule(r.Rule, loc)
		*c = append(*c, problems...)
		return rule
	default:
		rule, problems := Rule{Freq: FrequencyDaily, Interval: r.EveryDays, WeekStart: time.Monday}.Normal()
		if len(problems) > 0 {
			highest, _ := intervals(FrequencyDaily)
			c.add("everyDays", "out_of_range", "The number of days must be from 1 to %d.", highest)
		}
		return rule
	}
	return Rule{}
}

// readEnd puts the recurrence's own end into the rule.
func (r Recurrence) readEnd(cal *calendar, c *complaints) {
	ends := 0
	for _, set := range []bool{r.Count != 0, r.Until != "", cal.rule.Count != 0 || !cal.rule.Until.IsZero()} {
		if set {
			ends++
		}
	}
	switch {
	case ends > 1:
		c.add("until", "two_ends", "It ends by date or by count, and only one of them may be set, in one place.")
		return
	case r.Count < 0 || r.Count > MaxCount:
		c.add("count", "out_of_range", "The count must be from 1 to %d.", MaxCount)
		return
	case r.Count != 0:
		cal.rule.Count = r.Count
	case r.Until != "":
		day, err := time.Parse(time.DateOnly, r.Until)
		if err != nil {
			c.add("until", "malformed_time", "The last day is not a date. Write it like 2026-12-31.")
			return
		}
		cal.rule.Until = endOfDay(day)
	}
	if cal.endsFirst() {
		c.add("until", "ends_first", "It ends before its first time.")
	}
}

func (c calendar) endsFirst() bool {
	return !c.rule.Until.IsZero() && !c.anchor.IsZero() && c.rule.Until.Before(c.anchor)
}

func readWall(s string) (time.Time, bool) {
	for _, layout := range wallLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, t.Nanosecond() == 0
		}
	}
	return time.Time{}, false
}

// exceptionKey is the date or the key of the occurrence that s leaves out.
func exceptionKey(s string) (string, bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Format(time.DateOnly), true
	}
	t, ok := readWall(s)
	return t.Format(wallKey), ok
}

// Text writes the recurrence in the words of RFC 5545: DTSTART, RRULE and
// EXDATE, a line each. It is canonical: equal recurrences have equal texts, and
// ParseRecurrence reads it again. A recurrence that Validate refuses is an
// Invalid fault.
func (r Recurrence) Text() (string, error) {
	cal, problems := r.read()
	if err := fault.Check(problems); err != nil {
		return "", err
	}
	// The name as it was given: zones do not know their own under an alias.
	lines := []string{"DTSTART;TZID=" + r.Zone + ":" + cal.anchor.Format(ruleLocal), "RRULE:" + cal.rule.String()}
	var dates, times []string
	for key := range cal.except {
		plain := strings.NewReplacer("-", "", ":", "").Replace(key)
		if strings.Contains(key, "T") {
			times = append(times, plain)
		} else {
			dates = append(dates, plain)
		}
	}
	slices.Sort(dates)
	slices.Sort(times)
	if len(dates) > 0 {
		lines = append(lines, "EXDATE;VALUE=DATE:"+strings.Join(dates, ","))
	}
	if len(times) > 0 {
		lines = append(lines, "EXDATE:"+strings.Join(times, ","))
	}
	return strings.Join(lines, "\n"), nil
}

// Equal reports whether both mean the same times for the same reason. One that
// Validate refuses equals nothing.
func (r Recurrence) Equal(other Recurrence) bool {
	a, errA := r.Text()
	b, errB := other.Text()
	return errA == nil && errB == nil && a == b
}

// ParseRecurrence reads what Text wrote. A rule that is no more than a number
// of days comes back as EveryDays, and its end as Count or Until where they can
// say it. Anything else is an Invalid fault.
func ParseRecurrence(text string) (Recurrence, error) {
	var r Recurrence
	for line := range strings.SplitSeq(text, "\n") {
		if !r.readLine(line) {
			return Recurrence{}, fault.New(fault.Invalid, "malformed_recurrence", "This is not a recurrence as Crier writes it.")
		}
	}
	cal, problems := r.read()
	if err := fault.Check(problems); err != nil {
		return Recurrence{}, err
	}
	return r.lift(cal.rule), nil
}

// readLine reads one line of Text, and reports whether it can be one.
func (r *Recurrence) readLine(line string) bool {
	name, value, _ := strings.Cut(line, ":")
	zone, isStart := strings.CutPrefix(name, "DTSTART;TZID=")
	switch {
	case isStart && r.Anchor == "":
		t, err := time.Parse(ruleLocal, value)
		r.Zone, r.Anchor = zone, t.Format(wallKey)
		return err == nil
	case name == "RRULE" && r.Rule == "":
		r.Rule = value
		return true
	case name == "EXDATE":
		return r.readExceptions(value, ruleLocal, wallKey)
	case name == "EXDATE;VALUE=DATE":
		return r.readExceptions(value, ruleDate, time.DateOnly)
	default:
		return false
	}
}

func (r *Recurrence) readExceptions(list, from, to string) bool {
	for s := range strings.SplitSeq(list, ",") {
		t, err := time.Parse(from, s)
		if err != nil {
			return false
		}
		r.Except = append(r.Except, t.Format(to))
	}
	return true
}

// lift says with the fields of their own what they can say.
func (r Recurrence) lift(rule Rule) Recurrence {
	r.Count, rule.Count = rule.Count, 0
	if u := rule.Until; !u.IsZero() && u.Equal(endOfDay(u.Truncate(24*time.Hour))) {
		r.Until, rule.Until = u.Format(time.DateOnly), time.Time{}
	}
	r.Rule = rule.String()
	if r.Rule == (Rule{Freq: FrequencyDaily, Interval: rule.Interval, WeekStart: time.Monday}).String() {
		r.Rule, r.EveryDays = "", rule.Interval
	}
	return r
}

// Occurrences returns the first n occurrences of r strictly after the instant
// after, in the order of their instants, no two at the same one. There are
// fewer when r ends. n is cut to MaxOccurrences.
//
// It is a pure function of r: asking for one after the other gives the same as
// asking for many at once. A wall time that the clocks skip is moved forward by
// as much as they skip, and of one that comes twice the first is meant, as
// FromWall does it. Where a moved occurrence meets another at one instant, only
// the other is left; where it meets nothing, it keeps its own key.
//
// A recurrence that Validate refuses is an Invalid fault.
func Occurrences(r Recurrence, expand Expand, after time.Time, n int) ([]Occurrence, error) {
	cal, problems := r.read()
	if err := fault.Check(problems); err != nil {
		return nil, err
	}
	return cal.occurrences(expand, after, min(n, MaxOccurrences))
}

// slack is more than the clocks of any zone were ever moved at once. Of two
// wall times that are further apart, the later one has the later instant.
const slack = 48 * time.Hour

func (c calendar) occurrences(expand Expand, after time.Time, n int) ([]Occurrence, error) {
	from := wallClock(after.In(c.loc)).Add(-slack)
	if before := c.anchor.Add(-time.Second); from.Before(before) {
		from = before
	}
	var out timeline
	for ask := n + 8; n > 0; ask = n + 128 {
		walls, err := expand(c.rule, c.anchor, from, ask)
		if err != nil {
			return nil, err
		}
		for _, wall := range walls {
			if c.except[wall.Format(time.DateOnly)] || c.except[wall.Format(wallKey)] {
				continue
			}
			if o := occurrenceAt(wall, c.loc); o.At.After(after) {
				out = append(out, o)
			}
		}
		if len(walls) < ask {
			return out.first(n), nil
		}
		last := walls[len(walls)-1]
		if !last.After(from) {
			return nil, fault.New(fault.Internal, "expander_stuck", "The rule could not be worked out.")
		}
		from = last
		if first := out.first(n); len(first) == n && out.settled(first[n-1].At, from) {
			return first, nil
		}
	}
	return nil, nil
}

func occurrenceAt(wall time.Time, loc *time.Location) Occurrence {
	at := FromWall(wall, loc)
	return Occurrence{Key: wall.Format(wallKey), Wall: wall, At: at, Moved: !wallClock(at.In(loc)).Equal(wall)}
}

// timeline is occurrences in the order of their wall times, which is not quite
// the order of their instants.
type timeline []Occurrence

// settled reports whether nothing that comes after the wall time seen can
// happen at the instant at or before.
func (t timeline) settled(at, seen time.Time) bool {
	return slices.ContainsFunc(t, func(o Occurrence) bool {
		return !o.At.Before(at) && seen.Sub(o.Wall) >= slack
	})
}

// first returns the first n by instant. Of those at one instant, it keeps the
// one that was not moved there.
func (t timeline) first(n int) []Occurrence {
	out := slices.Clone(t)
	slices.SortStableFunc(out, func(a, b Occurrence) int {
		return cmp.Or(a.At.Compare(b.At), b.Wall.Compare(a.Wall))
	})
	out = slices.CompactFunc(out, func(a, b Occurrence) bool { return a.At.Equal(b.At) })
	return out[:min(n, len(out))]
}

// Booking is an occurrence that something was made of already.
type Booking struct {
	Key string
	At  time.Time
	// Fixed says that it cannot or must not be changed any more: it has begun,
	// or a person took it out.
	Fixed bool
}

// Changes are what must be done so that the bookings are what a recurrence
// says.
type Changes struct {
	// Add has no booking yet.
	Add []Occurrence
	// Move has a booking at another instant.
	Move []Occurrence
	// Drop are the keys of bookings that are not wanted any more.
	Drop []string
}

// Rebook compares bookings with the first n occurrences of r after now, such as
// after an edit or when the next one is due. It changes only what is still to
// come: a booking at or before now, or Fixed, stays, and its key is never
// booked a second time.
func Rebook(r Recurrence, expand Expand, bookings []Booking, now time.Time, n int) (Changes, error) {
	wanted, err := Occurrences(r, expand, now, n)
	if err != nil {
		return Changes{}, err
	}
	return Align(wanted, bookings, now), nil
}

// Align is Rebook for occurrences after now that are known.
func Align(wanted []Occurrence, bookings []Booking, now time.Time) Changes {
	var out Changes
	booked := map[string]Booking{}
	for _, b := range bookings {
		booked[b.Key] = b
	}
	for _, o := range wanted {
		b, ok := booked[o.Key]
		delete(booked, o.Key)
		switch {
		case !ok:
			out.Add = append(out.Add, o)
		case !b.Fixed && b.At.After(now) && !b.At.Equal(o.At):
			out.Move = append(out.Move, o)
		}
	}
	for _, b := range bookings {
		if _, left := booked[b.Key]; left && !b.Fixed && b.At.After(now) {
			out.Drop = append(out.Drop, b.Key)
		}
	}
	return out
}
