package recurring_test

import (
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
)

// TestManyAtOnce: over a real database too, each occurrence is booked once by
// many workers, and each slot is given to one post.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open, "", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			a, b := w.connect("ann"), w.connect("bob")
			for _, ch := range []domain.Channel{a, b} {
				if _, err := w.Channels.SetSlots(t.Context(), w.owner, ch.ID, []domain.Slot{{Weekday: time.Monday, Minute: 540}}); err != nil {
					t.Fatal(err)
				}
			}
			v, err := w.Posts.Create(t.Context(), w.owner, input("x", "2026-03-02T13:00", "", &domain.Recurrence{EveryDays: 1}, a, b))
			if err != nil {
				t.Fatal(err)
			}
			w.now = w.now.AddDate(0, 0, 30)
			const queued = 8
			var wg sync.WaitGroup
			for i := range queued {
				wg.Go(func() {
					if _, err := w.Posts.Expand(t.Context()); err != nil {
						t.Error(err)
					}
				})
				wg.Go(func() {
					in := input("q", "", "", nil, a, b)
					if i%2 == 0 {
						in = input("q", "", "", nil, b, a)
					}
					in.When = core.Queue
					if _, err := w.Posts.Create(t.Context(), w.owner, in); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got, want := len(w.all(v.Post.ID)), 2*(30+2-1); got != want {
				t.Errorf("got %d occurrences, want %d", got, want)
			}
			for _, ch := range []domain.Channel{a, b} {
				taken, err := w.store.Deliveries().Taken(t.Context(), w.owner.Organization, ch.ID, w.now)
				if err != nil || len(taken) != queued+2 {
					t.Errorf("got %d instants, %v; want one for each of %d posts and of 2 occurrences", len(taken), err, queued)
				}
			}
		})
	}
}
