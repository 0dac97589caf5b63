package delay_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/core/delay"
)

func TestFor(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		d, bell, end time.Duration // zero: never
		took         time.Duration
		want         bool
	}{
		"to the end":        {time.Hour, 0, 0, time.Hour, true},
		"no time":           {0, time.Hour, 0, 0, true},
		"the past":          {-time.Hour, time.Hour, 0, 0, true},
		"woken":             {time.Hour, time.Minute, 0, time.Minute, true},
		"the context ended": {time.Hour, 0, time.Minute, time.Minute, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var bell chan struct{}
				if tc.bell > 0 {
					bell = make(chan struct{}, 1)
					time.AfterFunc(tc.bell, func() { bell <- struct{}{} })
				}
				if tc.end > 0 {
					time.AfterFunc(tc.end, cancel)
				}
				begin := time.Now()
				got := delay.For(ctx, tc.d, bell)
				if took := time.Since(begin); got != tc.want || took != tc.took {
					t.Errorf("got %t after %s, want %t after %s", got, took, tc.want, tc.took)
				}
			})
		})
	}
}
