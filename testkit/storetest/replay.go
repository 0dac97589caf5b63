package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func replayKind() kind[domain.Replay] {
	type T = domain.Replay
	return kind[T]{
		name: "replay",
		keys: func(v *T) (*string, *org, *int) { return &v.ID, &v.Organization, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error {
			return r.Replays().Insert(ctx, v.Organization, v)
		},
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Replays().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Replays().Update(ctx, v.Organization, v.ID, change)
		},
		counter: func(v *T) *string { return &v.Body },
	}
}

func replayChecks() []Check {
	return []Check{{"replay/purge removes what ended", replaysPurge}}
}

func replaysPurge(b *bench) {
	put := func(end time.Time) domain.Replay {
		v := replayKind().new(b)
		v.ExpiresAt = end
		b.must(b.Replays().Insert(b, v.Organization, v), "insert")
		return v
	}
	old, living := put(noon()), put(at(time.Microsecond))
	b.must(b.Replays().Purge(b, noon()), "purge")
	if _, err := b.Replays().Get(b, old.Organization, old.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get of a replay that was purged: got error %v, want fault.ErrNotFound", err)
	}
	_, err := b.Replays().Get(b, living.Organization, living.ID)
	b.must(err, "get of a replay that outlived the purge")
}
