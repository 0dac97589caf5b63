package rrulerecur_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/teambition/rrule-go"

	"github.com/crierhq/crier/adapters/memrecur"
	"github.com/crierhq/crier/adapters/rrulerecur"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/recur"
	"github.com/crierhq/crier/testkit/recurtest"
)

var _ recur.Expander = (*rrulerecur.Expander)(nil)

func TestConformance(t *testing.T) {
	t.Parallel()
	recurtest.Run(t, recurtest.Harness{Expander: rrulerecur.New()})
}

// TestLikeTheTwin compares two implementations that share no code but the
// rule's own.
func TestLikeTheTwin(t *testing.T) {
	t.Parallel()
	const seeds = 2000
	fired, ended := 0, 0
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 1))
		rule, anchor := recurtest.RandomRule(r)
		after := anchor.Add(time.Duration(r.IntN(400*24*60)-60*24*60) * time.Minute)
		n := 1 + r.IntN(30)
		got, err := rrulerecur.New().Expand(rule, anchor, after, n)
		want, errTwin := memrecur.New().Expand(rule, anchor, after, n)
		if err != nil || errTwin != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: %s from %v after %v, %d times:\ngot  %v, %v\nwant %v, %v", seed, rule, anchor, after, n, got, err, want, errTwin)
		}
		if len(want) > 0 {
			fired++
		}
		if len(want) < n {
			ended++
		}
	}
	if fired < seeds/2 || ended < seeds/10 || ended > seeds*9/10 {
		t.Errorf("of %d rules %d fired and %d ended: they are not random enough", seeds, fired, ended)
	}
}

// TestTextsAreTheLibrarysToo has the library read what the domain writes.
func TestTextsAreTheLibrarysToo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		rule, anchor := recurtest.RandomRule(rand.New(rand.NewPCG(seed, 2)))
		again, problems := domain.ParseRule(rule.String(), time.UTC)
		if len(problems) > 0 || again.String() != rule.String() {
			t.Fatalf("seed %d: %s is read as %s, %v", seed, rule, again, problems)
		}
		lib, err := rrule.StrToROption(rule.String())
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, rule, err)
		}
		if lib.Freq.String() != string(rule.Freq) || max(lib.Interval, 1) != rule.Interval || lib.Count != rule.Count || !lib.Until.Equal(rule.Until) ||
			!slices.Equal(lib.Bymonth, rule.ByMonth) || !slices.Equal(lib.Bymonthday, rule.ByMonthDay) || !slices.Equal(lib.Byyearday, rule.ByYearDay) ||
			!slices.Equal(lib.Byhour, rule.ByHour) || !slices.Equal(lib.Byminute, rule.ByMinute) || !slices.Equal(lib.Bysetpos, rule.BySetPos) ||
			len(lib.Byweekday) != len(rule.ByDay) || (lib.Wkst.Day()+1)%7 != int(rule.WeekStart) {
			t.Errorf("seed %d: the library reads %s as %+v, anchor %v", seed, rule, lib, anchor)
		}
		for i, d := range rule.ByDay {
			if w := lib.Byweekday[i]; w.N() != d.N || (w.Day()+1)%7 != int(d.Day) {
				t.Errorf("seed %d: the library reads %s of %s as %s", seed, d, rule, w)
			}
		}
	}
}

// BenchmarkNext works out the next time of a daily post that began five years
// ago, as a worker does.
func BenchmarkNext(b *testing.B) {
	r := domain.Recurrence{EveryDays: 1, Zone: "Europe/Berlin", Anchor: "2021-03-31T09:00"}
	after := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		if got, err := domain.Occurrences(r, rrulerecur.New().Expand, after, 1); err != nil || len(got) != 1 {
			b.Fatalf("got %v, %v", got, err)
		}
	}
}

// BenchmarkNever works out a rule that never fires, the most work there is.
func BenchmarkNever(b *testing.B) {
	r := domain.Recurrence{Rule: "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", Zone: "Europe/Berlin", Anchor: "2026-03-31T09:00"}
	for b.Loop() {
		if problems, err := r.ValidateWith(rrulerecur.New().Expand); err != nil || len(problems) != 1 {
			b.Fatalf("got %v, %v", problems, err)
		}
	}
}
