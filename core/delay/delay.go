// Package delay waits.
package delay

import (
	"context"
	"time"
)

// For waits until d is over, ctx ends, or something comes on early, which may be nil. It
// reports whether ctx goes on.
func For(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-early:
	case <-t.C:
	}
	return ctx.Err() == nil
}
