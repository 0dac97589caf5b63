package recurtest

import (
	"math/rand/v2"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// RandomRule returns a rule that is right, and a wall time to begin it at, for
// comparing expanders. Many have an end, some never fire.
func RandomRule(r *rand.Rand) (rule domain.Rule, anchor time.Time) {
	for {
		rule, problems := randomRule(r).Normal()
		if len(problems) == 0 {
			day := time.Date(1990+r.IntN(60), time.Month(1+r.IntN(12)), 1+r.IntN(31), r.IntN(24), r.IntN(60), r.IntN(2)*r.IntN(60), 0, time.UTC)
			if r.IntN(4) > 0 && rule.Count == 0 {
				rule.Until = day.Add(time.Duration(r.IntN(3*365*24*60)) * time.Minute).Truncate(time.Minute)
			}
			return rule, day
		}
	}
}

func randomRule(r *rand.Rand) domain.Rule {
	freqs := []domain.Frequency{domain.FrequencyDaily, domain.FrequencyWeekly, domain.FrequencyMonthly, domain.FrequencyYearly}
	rule := domain.Rule{
		Freq:       freqs[r.IntN(4)],
		Interval:   1 + r.IntN(3)*r.IntN(3),
		WeekStart:  time.Weekday(r.IntN(7)),
		ByMonth:    numbers(r, 4, 1, 12, false),
		ByMonthDay: numbers(r, 4, 1, 31, true),
		ByYearDay:  numbers(r, 8, 1, 366, true),
		ByHour:     numbers(r, 4, 0, 23, false),
		ByMinute:   numbers(r, 4, 0, 59, false),
		BySetPos:   numbers(r, 4, 1, 8, true),
	}
	if r.IntN(3) == 0 {
		rule.Count = 1 + r.IntN(40)
	}
	if r.IntN(2) == 0 {
		nth := 0
		if r.IntN(2) == 0 {
			nth = 5
		}
		for range 1 + r.IntN(4) {
			rule.ByDay = append(rule.ByDay, domain.NthWeekday{N: r.IntN(2) * (r.IntN(2*nth+1) - nth), Day: time.Weekday(r.IntN(7))})
		}
	}
	return rule
}

// numbers are a few between low and high, one time in rarity.
func numbers(r *rand.Rand, rarity, low, high int, bothEnds bool) []int {
	if r.IntN(rarity) != 0 {
		return nil
	}
	var out []int
	for range 1 + r.IntN(4) {
		n := low + r.IntN(high-low+1)
		if bothEnds && r.IntN(3) == 0 {
			n = -n
		}
		out = append(out, n)
	}
	return out
}
