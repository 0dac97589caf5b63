package domain_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/recurtest"
)

// rulesOf are the broken rules, each once and in order.
func rulesOf(problems []fault.Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Field+" "+p.Rule)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// wellSaid checks that problems are sentences.
func wellSaid(t *testing.T, problems []fault.Problem) {
	t.Helper()
	for _, p := range problems {
		if p.Field == "" || p.Rule == "" || !strings.HasSuffix(p.Message, ".") || strings.Contains(p.Message, "%!") || len(p.Message) > 250 {
			t.Errorf("got the problem %+v, want a field, a rule and a sentence", p)
		}
	}
}

func TestParseRule(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"as it is":               {"FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;BYDAY=TU"},
		"with its name":          {"RRULE:FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;BYDAY=TU"},
		"small letters, spaces":  {"  rrule:freq=weekly;byday=tu,mo \n", "FREQ=WEEKLY;BYDAY=MO,TU"},
		"a semicolon at the end": {"FREQ=DAILY;", "FREQ=DAILY"},
		"another order":          {"BYDAY=TU;INTERVAL=2;FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"},
		"what goes without":      {"FREQ=WEEKLY;INTERVAL=1;WKST=MO", "FREQ=WEEKLY"},
		"the other week":         {"FREQ=WEEKLY;WKST=SU", "FREQ=WEEKLY;WKST=SU"},
		"repetitions":            {"FREQ=DAILY;BYHOUR=18,9,18;BYMINUTE=30,0", "FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0,30"},
		"numbered days":          {"FREQ=MONTHLY;BYDAY=+2TU,-1FR,1TU,2TU", "FREQ=MONTHLY;BYDAY=1TU,2TU,-1FR"},
		"until a day":            {"FREQ=DAILY;UNTIL=20261231", "FREQ=DAILY;UNTIL=20261231T235959"},
		"until a local time":     {"FREQ=DAILY;UNTIL=20261231T090000", "FREQ=DAILY;UNTIL=20261231T090000"},
		"until an instant":       {"FREQ=DAILY;UNTIL=20261231T233000Z", "FREQ=DAILY;UNTIL=20270101T003000"},
		"until in summer":        {"FREQ=DAILY;UNTIL=20260701T070000Z", "FREQ=DAILY;UNTIL=20260701T090000"},
		"from the end":           {"FREQ=MONTHLY;BYMONTHDAY=-1,15", "FREQ=MONTHLY;BYMONTHDAY=-1,15"},
		"everything": {
			"FREQ=YEARLY;COUNT=5;BYSETPOS=-1;BYMINUTE=5;BYHOUR=4;BYYEARDAY=100;BYMONTHDAY=2;BYMONTH=3;BYDAY=MO;INTERVAL=2;WKST=TU",
			"FREQ=YEARLY;INTERVAL=2;WKST=TU;COUNT=5;BYDAY=MO;BYMONTH=3;BYMONTHDAY=2;BYYEARDAY=100;BYHOUR=4;BYMINUTE=5;BYSETPOS=-1",
		},
		"24 a day": {
			"FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := domain.ParseRule(tc.in, berlin(t))
			if len(problems) > 0 || got.String() != tc.want {
				t.Fatalf("got %s, %v, want %s", got, problems, tc.want)
			}
			again, problems := domain.ParseRule(got.String(), time.UTC)
			if len(problems) > 0 || again.String() != tc.want {
				t.Errorf("read again: got %s, %v, want %s", again, problems, tc.want)
			}
		})
	}
}

func TestParseRuleRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"nothing":                 {"", "rule required"},
		"only the name":           {"RRULE:", "rule required"},
		"words":                   {"every Tuesday", "rule malformed, rule required"},
		"no frequency":            {"INTERVAL=2", "rule required"},
		"seconds":                 {"FREQ=SECONDLY", "rule frequency"},
		"minutes":                 {"FREQ=MINUTELY;INTERVAL=30", "rule frequency"},
		"hours":                   {"FREQ=HOURLY", "rule frequency"},
		"an unknown frequency":    {"FREQ=OFTEN", "rule frequency"},
		"a start inside":          {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY", "rule more_than_rule"},
		"a start as a part":       {"FREQ=DAILY;DTSTART=20260101T090000", "rule more_than_rule"},
		"a zone inside":           {"FREQ=DAILY;TZID=Europe/Berlin", "rule more_than_rule"},
		"two lines":               {"FREQ=DAILY\nFREQ=WEEKLY", "rule more_than_rule"},
		"too long":                {"FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 300) + "1", "rule too_long"},
		"a part twice":            {"FREQ=DAILY;COUNT=2;COUNT=3", "rule repeated"},
		"a part without a value":  {"FREQ=DAILY;BYDAY=", "rule malformed"},
		"an unknown part":         {"FREQ=DAILY;BYEASTER=1", "rule unknown_part"},
		"seconds of the minute":   {"FREQ=DAILY;BYSECOND=30", "rule unsupported_part"},
		"weeks of the year":       {"FREQ=YEARLY;BYWEEKNO=20", "rule unsupported_part"},
		"interval 0":              {"FREQ=DAILY;INTERVAL=0", "rule malformed"},
		"a negative interval":     {"FREQ=DAILY;INTERVAL=-1", "rule malformed"},
		"a huge interval":         {"FREQ=DAILY;INTERVAL=1001", "rule interval"},
		"a huge number":           {"FREQ=DAILY;INTERVAL=99999999999999999999", "rule malformed"},
		"11 years":                {"FREQ=YEARLY;INTERVAL=11", "rule interval"},
		"count 0":                 {"FREQ=DAILY;COUNT=0", "rule malformed"},
		"a huge count":            {"FREQ=DAILY;COUNT=5001", "rule count"},
		"two ends":                {"FREQ=DAILY;COUNT=5;UNTIL=20261231", "rule two_ends"},
		"an end that is no date":  {"FREQ=DAILY;UNTIL=tomorrow", "rule malformed"},
		"30 February as an end":   {"FREQ=DAILY;UNTIL=20260230", "rule malformed"},
		"hour 24":                 {"FREQ=DAILY;BYHOUR=24", "rule out_of_range"},
		"a negative hour":         {"FREQ=DAILY;BYHOUR=-1", "rule out_of_range"},
		"minute 60":               {"FREQ=DAILY;BYMINUTE=60", "rule out_of_range"},
		"day 0":                   {"FREQ=MONTHLY;BYMONTHDAY=0", "rule out_of_range"},
		"day 32":                  {"FREQ=MONTHLY;BYMONTHDAY=32", "rule out_of_range"},
		"day -32":                 {"FREQ=MONTHLY;BYMONTHDAY=-32", "rule out_of_range"},
		"month 13":                {"FREQ=YEARLY;BYMONTH=13", "rule out_of_range"},
		"a negative month":        {"FREQ=YEARLY;BYMONTH=-1", "rule out_of_range"},
		"day 367":                 {"FREQ=YEARLY;BYYEARDAY=367", "rule out_of_range"},
		"an unknown day":          {"FREQ=WEEKLY;BYDAY=XX", "rule malformed"},
		"a day of one letter":     {"FREQ=WEEKLY;BYDAY=M", "rule malformed"},
		"an empty day":            {"FREQ=WEEKLY;BYDAY=MO,", "rule malformed"},
		"the 0th Monday":          {"FREQ=MONTHLY;BYDAY=0MO", "rule malformed"},
		"an odd start of week":    {"FREQ=WEEKLY;WKST=1MO", "rule malformed"},
		"a numbered day of weeks": {"FREQ=WEEKLY;BYDAY=2TU", "rule nth_day"},
		"a numbered day of days":  {"FREQ=DAILY;BYDAY=2TU", "rule nth_day"},
		"the 6th Monday":          {"FREQ=MONTHLY;BYDAY=6MO", "rule nth_day"},
		"the 6th Monday of June":  {"FREQ=YEARLY;BYMONTH=6;BYDAY=-6MO", "rule nth_day"},
		"the 54th Monday":         {"FREQ=YEARLY;BYDAY=54MO", "rule nth_day"},
		"25 a day":                {"FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5", "rule too_often"},
		"days of the month, week": {"FREQ=WEEKLY;BYMONTHDAY=1", "rule not_together"},
		"days of the year, month": {"FREQ=MONTHLY;BYYEARDAY=1", "rule not_together"},
		"a choice of nothing":     {"FREQ=DAILY;BYSETPOS=1", "rule not_together"},
		"all at once":             {"FREQ=WEEKLY;COUNT=x;BYHOUR=24;FOO=1;BYMONTHDAY=1", "rule malformed, rule not_together, rule out_of_range, rule unknown_part"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := domain.ParseRule(tc.in, time.UTC)
			if got := rulesOf(problems); got != tc.want {
				t.Errorf("%s: got %s, want %s", tc.in, got, tc.want)
			}
			wellSaid(t, problems)
		})
	}
}

func TestNormalLeavesTheRuleAlone(t *testing.T) {
	t.Parallel()
	in := domain.Rule{
		Freq: domain.FrequencyMonthly, ByHour: []int{18, 9, 9}, ByDay: []domain.NthWeekday{{Day: time.Sunday}, {Day: time.Monday}},
		Until: time.Date(2026, 5, 1, 9, 0, 0, 5, time.FixedZone("x", 7200)),
	}
	before := fmt.Sprintf("%#v", in)
	got, problems := in.Normal()
	if after := fmt.Sprintf("%#v", in); after != before || len(problems) > 0 {
		t.Errorf("got %s, %v, want %s", after, problems, before)
	}
	if want := "FREQ=MONTHLY;WKST=SU;UNTIL=20260501T090000;BYDAY=MO,SU;BYHOUR=9,18"; got.String() != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParseRule(f *testing.F) {
	for seed := range uint64(20) {
		rule, _ := recurtest.RandomRule(rand.New(rand.NewPCG(seed, 3)))
		f.Add(rule.String())
	}
	for _, s := range []string{"", ";", "=", "FREQ==", "FREQ=DAILY;;", "BYDAY=É", "FREQ=DAILY;BYDAY=\xffMO", "FREQ=DAILY;UNTIL=99991231", "freq=ıſ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		rule, problems := domain.ParseRule(in, time.UTC)
		wellSaid(t, problems)
		if len(problems) > 0 {
			return
		}
		again, problems := domain.ParseRule(rule.String(), time.UTC)
		if len(problems) > 0 || again.String() != rule.String() {
			t.Errorf("%q is %s, which is read as %s, %v", in, rule, again, problems)
		}
	})
}
