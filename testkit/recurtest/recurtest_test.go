package recurtest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memrecur"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/recur"
	"github.com/crierhq/crier/testkit/recurtest"
)

// expandFunc is an expander made of a function.
type expandFunc domain.Expand

func (f expandFunc) Expand(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	return f(rule, anchor, after, n)
}

var _ recur.Expander = expandFunc(nil)

// right is what the wrong ones are made of.
func right(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	return memrecur.New().Expand(rule, anchor, after, n)
}

// withRule is right with another rule than it was asked for.
func withRule(change func(r *domain.Rule, anchor time.Time)) expandFunc {
	return func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
		if _, problems := rule.Normal(); len(problems) == 0 {
			change(&rule, anchor)
		}
		return right(rule, anchor, after, n)
	}
}

// withAnswer is right with another answer than it found.
func withAnswer(change func(times []time.Time, anchor time.Time) []time.Time) expandFunc {
	return func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
		times, err := right(rule, anchor, after, n)
		if err != nil {
			return nil, err
		}
		return change(times, anchor), nil
	}
}

func wrong(never <-chan struct{}) map[string]struct {
	expander expandFunc
	want     []string
} {
	return map[string]struct {
		expander expandFunc
		want     []string
	}{
		"one more than COUNT": {withRule(func(r *domain.Rule, _ time.Time) {
			if r.Count > 0 {
				r.Count++
			}
		}), []string{"rfc", "corners"}},
		"one less than COUNT": {withRule(func(r *domain.Rule, _ time.Time) {
			if r.Count > 1 {
				r.Count--
			}
		}), []string{"rfc", "corners"}},
		"COUNT forgotten": {withRule(func(r *domain.Rule, _ time.Time) { r.Count = 0 }), []string{"rfc", "corners"}},
		"COUNT from where one looks": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			count := rule.Count
			if _, problems := rule.Normal(); len(problems) > 0 || count == 0 {
				return right(rule, anchor, after, n)
			}
			rule.Count = 0
			return right(rule, anchor, after, min(n, count))
		}, []string{"corners"}},
		"UNTIL excluded": {withRule(func(r *domain.Rule, _ time.Time) {
			if !r.Until.IsZero() {
				r.Until = r.Until.Add(-time.Second)
			}
		}), []string{"rfc", "corners"}},
		"WKST ignored":     {withRule(func(r *domain.Rule, _ time.Time) { r.WeekStart = time.Monday }), []string{"rfc"}},
		"INTERVAL ignored": {withRule(func(r *domain.Rule, _ time.Time) { r.Interval = 1 }), []string{"rfc"}},
		"INTERVAL from where one looks": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			if rule.Freq == domain.FrequencyDaily && rule.Count == 0 && after.After(anchor) {
				anchor = time.Date(after.Year(), after.Month(), after.Day(), anchor.Hour(), anchor.Minute(), anchor.Second(), 0, time.UTC)
			}
			return right(rule, anchor, after, n)
		}, []string{"corners"}},
		"the end of the month instead of the 31st": {withRule(func(r *domain.Rule, anchor time.Time) {
			if r.Freq == domain.FrequencyMonthly && anchor.Day() > 28 && len(r.ByDay)+len(r.ByMonthDay) == 0 {
				r.ByMonthDay = []int{-1}
			}
		}), []string{"corners"}},
		"days that overflow into the next month": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			if rule.Freq != domain.FrequencyMonthly || anchor.Day() < 29 || len(rule.ByDay)+len(rule.ByMonthDay) > 0 || n < 1 {
				return right(rule, anchor, after, n)
			}
			var out []time.Time
			for i := 0; len(out) < n; i++ {
				if t := anchor.AddDate(0, i, 0); t.After(after) {
					out = append(out, t)
				}
			}
			return out, nil
		}, []string{"corners"}},
		"BYSETPOS ignored":            {withRule(func(r *domain.Rule, _ time.Time) { r.BySetPos = nil }), []string{"rfc", "corners"}},
		"numbers of days are ignored": {withRule(func(r *domain.Rule, _ time.Time) { clearNumbers(r) }), []string{"rfc", "corners"}},
		"days from the end ignored":   {withRule(func(r *domain.Rule, _ time.Time) { r.ByMonthDay = absolute(r.ByMonthDay) }), []string{"rfc"}},
		"a rule that is put in order": {withRule(func(r *domain.Rule, _ time.Time) { slices.Sort(r.ByHour) }), []string{"normal"}},
		"BYSETPOS from the anchor":    {setPosFromAnchor, []string{"corners"}},
		"the anchor always":           {anchorAlways, []string{"rfc", "corners"}},
		"after included":              {afterIncluded, []string{"corners", "steps"}},
		"n ignored": {func(rule domain.Rule, anchor, after time.Time, _ int) ([]time.Time, error) {
			return right(rule, anchor, after, 5)
		}, []string{"limit"}},
		"one too many": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			return right(rule, anchor, after, n+1)
		}, []string{"limit"}},
		"an error at the end":  {errorAtEnd, []string{"rfc", "corners"}},
		"out of order":         {withAnswer(func(t []time.Time, _ time.Time) []time.Time { slices.Reverse(t); return t }), []string{"rfc", "corners"}},
		"each twice":           {withAnswer(func(t []time.Time, _ time.Time) []time.Time { return slices.Concat(t[:min(1, len(t))], t)[:len(t)] }), []string{"rfc"}},
		"in the anchor's zone": {inAnchorsZone, []string{"clocks"}},
		"the anchor as an instant": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			return right(rule, anchor.UTC(), after, n)
		}, []string{"clocks"}},
		"after as an instant": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			return right(rule, anchor, after.UTC(), n)
		}, []string{"clocks"}},
		"fractions of the anchor kept": {keepFractions, []string{"fractions"}},
		"anything goes": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			if _, problems := rule.Normal(); len(problems) > 0 {
				return nil, nil
			}
			return right(rule, anchor, after, n)
		}, []string{"refused"}},
		"a crash for nonsense": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			if _, problems := rule.Normal(); len(problems) > 0 {
				panic("index out of range")
			}
			return right(rule, anchor, after, n)
		}, []string{"refused"}},
		"no problems in the error": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			got, err := right(rule, anchor, after, n)
			if err != nil {
				err = fault.New(fault.Invalid, "x", "No.")
			}
			return got, err
		}, []string{"refused"}},
		"ten years only": {withRule(func(r *domain.Rule, anchor time.Time) {
			if r.Until.IsZero() && r.Count == 0 {
				r.Until = anchor.AddDate(10, 0, 0)
			}
		}), []string{"horizon"}},
		"the last day of all left out": {withRule(func(r *domain.Rule, anchor time.Time) {
			if r.Until.IsZero() && r.Count == 0 {
				r.Until = r.Last(anchor).Add(-time.Second)
			}
		}), []string{"corners", "horizon"}},
		"without bounds": {func(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
			got, err := right(rule, anchor, after, n)
			if err == nil && len(got) == 0 && n > 0 && rule.Count == 0 && rule.Until.IsZero() {
				<-never // as good as an endless loop, but it ends with the test
			}
			return got, err
		}, []string{"corners", "horizon"}},
	}
}

func clearNumbers(r *domain.Rule) {
	r.ByDay = slices.Clone(r.ByDay)
	for i := range r.ByDay {
		r.ByDay[i].N = 0
	}
}

func absolute(list []int) []int {
	list = slices.Clone(list)
	for i, n := range list {
		list[i] = max(n, -n)
	}
	return list
}

func setPosFromAnchor(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	if rule.Freq != domain.FrequencyWeekly || len(rule.BySetPos) == 0 || rule.BySetPos[0] != 1 {
		return right(rule, anchor, after, n)
	}
	rule.WeekStart = anchor.Weekday()
	return right(rule, anchor, after, n)
}

func anchorAlways(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	got, err := right(rule, anchor, after, n)
	if err == nil && n > 0 && anchor.After(after) && (len(got) == 0 || !got[0].Equal(anchor)) {
		got = slices.Insert(got, 0, anchor)[:min(n, len(got)+1)]
	}
	return got, err
}

func afterIncluded(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	return right(rule, anchor, after.Add(-time.Nanosecond), n)
}

func errorAtEnd(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	got, err := right(rule, anchor, after, n)
	if err == nil && len(got) < n {
		return nil, errors.New("there are no more")
	}
	return got, err
}

func inAnchorsZone(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	got, err := right(rule, anchor, after, n)
	for i, t := range got {
		got[i] = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, anchor.Location())
	}
	return got, err
}

func keepFractions(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error) {
	fraction := time.Duration(anchor.Nanosecond())
	got, err := right(rule, anchor, after, n)
	for i := range got {
		got[i] = got[i].Add(fraction)
	}
	return got, err
}

func TestKitFindsBrokenExpanders(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	for name, tc := range wrong(never) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := time.Duration(0)
			if name == "without bounds" {
				patience = 2 * time.Second
			}
			findings := recurtest.Findings(recurtest.Harness{Expander: tc.expander, Patience: patience})
			for _, want := range tc.want {
				if !slices.ContainsFunc(findings, func(f recurtest.Finding) bool { return f.Check == want }) {
					t.Errorf("the check %s finds nothing; findings: %v", want, findings)
				}
			}
			for _, f := range findings {
				if f.Detail == "" || strings.Contains(f.Detail, "%!") || !strings.HasPrefix(f.String(), f.Check+": ") {
					t.Errorf("got the finding %q, want one that says what is wrong", f)
				}
			}
		})
	}
}

func TestKitFindsNothingElse(t *testing.T) {
	t.Parallel()
	if findings := recurtest.Findings(recurtest.Harness{Expander: expandFunc(right)}); len(findings) > 0 {
		t.Errorf("got %v, want nothing", findings)
	}
}
