package storetest_test

import (
	"context"
	"time"

	"github.com/crierhq/crier/ports/store"
)

// keepsReplays purges nothing, and emptiesReplays too much.
type (
	keepsReplays   struct{ store.Replays }
	emptiesReplays struct{ store.Replays }
)

func (keepsReplays) Purge(context.Context, time.Time) error { return nil }

func (r emptiesReplays) Purge(ctx context.Context, now time.Time) error {
	return r.Replays.Purge(ctx, now.Add(time.Hour))
}
