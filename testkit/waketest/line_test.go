package waketest_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/wake"
)

// line makes the lines of bells.
func line(t *testing.T) func() *wake.Line {
	t.Helper()
	return func() *wake.Line {
		l, err := wake.NewLine(wake.LineConfig{
			Name: "the test", Log: slog.New(slog.DiscardHandler), Backoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

// once listens over the first connection only: it counts the calls at the begin
// of one, which come without a ring.
func once(ctx context.Context, b wake.Bell, woken func()) {
	over, stop := context.WithCancel(ctx)
	defer stop()
	var ready atomic.Bool
	b.Listen(over, func() {
		if b.Ready() == nil && ready.CompareAndSwap(false, true) {
			woken()
			go func() {
				tick := time.NewTicker(time.Millisecond / 4)
				defer tick.Stop()
				for over.Err() == nil && b.Ready() == nil {
					<-tick.C
				}
				stop()
			}()
			return
		}
		woken()
	})
	<-ctx.Done()
}
