package publish_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// asked counts how often the schedule is claimed from.
type asked struct {
	store.Store
	claims *atomic.Int64
}

func (a asked) Deliveries() store.Deliveries { return askedDeliveries{a.Store.Deliveries(), a.claims} }

type askedDeliveries struct {
	store.Deliveries
	claims *atomic.Int64
}

func (a askedDeliveries) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	a.claims.Add(1)
	return a.Deliveries.Claim(ctx, c)
}

// TestWorkerOfOnePlatform: a worker that is kept to a platform publishes what
// becomes due there while it runs, and is not kept awake by what is due on
// others.
func TestWorkerOfOnePlatform(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		now := time.Now()
		other := domain.Delivery{
			ID: "other", Organization: w.actor.Organization, Post: "none", Channel: "none", Provider: "other",
			State: domain.DeliveryScheduled, DueAt: now, WakeAt: now, Revision: 1, Version: 1,
		}
		if err := w.st.Deliveries().Insert(t.Context(), w.actor.Organization, other); err != nil {
			t.Fatal(err)
		}
		claims := &atomic.Int64{}
		w.st = asked{w.st, claims}
		w.worker = core.WorkerConfig{Providers: []domain.ProviderID{w.channel.Provider}, Poll: 10 * time.Second}
		w.boot()
		first := w.book(w.actor, w.channel, "first", now.Add(time.Minute))
		second := w.book(w.actor, w.channel, "second", now.Add(3*time.Minute))
		w.run(1, 5*time.Minute)
		for _, id := range []domain.PostID{first, second} {
			d := w.wantState(id, domain.DeliveryPublished)
			if len(d.Parts) > 0 && d.Parts[0].PublishedAt.Sub(d.DueAt) > time.Second {
				t.Errorf("it went out %s late", d.Parts[0].PublishedAt.Sub(d.DueAt))
			}
		}
		if got, most := claims.Load(), int64(60); got > most {
			t.Errorf("got %d claims in five minutes, want %d at most", got, most)
		}
		if d, err := w.st.Deliveries().Get(t.Context(), w.actor.Organization, "other"); err != nil || d.State != domain.DeliveryScheduled {
			t.Errorf("the delivery of another platform: got %s, %v; want it left alone", d.State, err)
		}
	})
}
