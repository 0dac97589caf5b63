package memlimit_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memlimit"
	"github.com/crierhq/crier/ports/limit"
	"github.com/crierhq/crier/testkit/limittest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	limittest.Run(t, limittest.Harness{Open: func(testing.TB) (limittest.Installation, error) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		l, err := memlimit.New(memlimit.Config{Now: func() time.Time { return now }})
		return limittest.Installation{Limiter: l, Pass: func(d time.Duration) { now = now.Add(d) }}, err
	}})
}

// TestMemoryIsBounded: a flood of keys makes those forgotten first that have
// taken least, so that it does not give back what was taken by a heavy one.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l, err := memlimit.New(memlimit.Config{Now: func() time.Time { return now }, MaxKeys: 100})
	if err != nil {
		t.Fatal(err)
	}
	p := limit.Policy{Name: "p", Limit: 10, Window: time.Minute}
	take := func(key string, n int) limit.Result {
		res, err := l.Take(t.Context(), key, p, n)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	take("heavy", 10)
	for i := range 1000 {
		take(strconv.Itoa(i), 1)
	}
	if n := memlimit.Len(l); n > 100 {
		t.Errorf("got %d keys in memory, want at most 100", n)
	}
	if res := take("heavy", 1); res.Allowed {
		t.Error("a flood of other keys gave a heavy one its units back")
	}
	if res := take("0", 10); !res.Allowed {
		t.Errorf("got %+v for a key that was forgotten, want all of its units", res)
	}
	now = now.Add(time.Hour)
	for i := range 60 {
		take("later"+strconv.Itoa(i), 1)
	}
	if n := memlimit.Len(l); n > 100 {
		t.Errorf("got %d keys in memory, want at most 100", n)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	if l, err := memlimit.New(memlimit.Config{MaxKeys: -1}); err == nil {
		t.Errorf("got %v, want an error", l)
	}
}

func BenchmarkTake(b *testing.B) {
	l, err := memlimit.New(memlimit.Config{})
	if err != nil {
		b.Fatal(err)
	}
	p := limit.Policy{Name: "p", Limit: 1 << 20, Window: time.Minute}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Take(b.Context(), "key", p, 1); err != nil {
			b.Fatal(err)
		}
	}
}
