package publish_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// unhurried is a store whose transactions take a second each.
type unhurried struct {
	store.Store
	n atomic.Int64
	// spoiled, if set, is a channel whose attempts cannot be stored.
	spoiled domain.ChannelID
}

func (u *unhurried) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	u.n.Add(1)
	time.Sleep(time.Second)
	return u.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error { return fn(ctx, spoilt{r, u}) })
}

type spoilt struct {
	store.Repos
	u *unhurried
}

func (s spoilt) Deliveries() store.Deliveries { return spoiltPace{s.Repos.Deliveries(), s.u} }

type spoiltPace struct {
	store.Deliveries
	u *unhurried
}

func (s spoiltPace) Pace(ctx context.Context, org domain.OrganizationID, free map[domain.ChannelID]time.Time) error {
	if _, ok := free[s.u.spoiled]; ok {
		return fmt.Errorf("this channel cannot be paced")
	}
	return s.Deliveries.Pace(ctx, org, free)
}

// many books a post on each of n channels, due in a minute.
func (w *world) many(n int) []domain.PostID {
	w.t.Helper()
	ids := make([]domain.PostID, n)
	for i := range ids {
		ch := w.connect(w.actor, fmt.Sprint("account ", i))
		ids[i] = w.book(w.actor, ch, fmt.Sprint("text ", i), time.Now().Add(time.Minute))
	}
	return ids
}

// TestManyShareTransactions: what is due together is recorded together, so that
// the last of many does not wait for a commit of each of the others.
func TestManyShareTransactions(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		slow := &unhurried{Store: w.st}
		ids := w.many(50)
		w.st = slow
		w.boot()
		w.settle()
		if got, most := slow.n.Load(), int64(12); got > most {
			t.Errorf("got %d transactions for %d posts, want %d at most", got, len(ids), most)
		}
		for _, id := range ids {
			w.wantState(id, domain.DeliveryPublished)
			w.checkLedger(w.view(id))
		}
	})
}

// TestOneBadApple: what keeps one delivery from being recorded keeps no other
// one that shares its transaction.
func TestOneBadApple(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		ids := w.many(10)
		bad := ids[7]
		w.st = &unhurried{Store: w.st, spoiled: w.delivery(bad).Channel}
		w.boot()
		w.settle()
		for _, id := range ids {
			if id == bad {
				w.wantState(id, domain.DeliveryFailed)
				continue
			}
			w.wantState(id, domain.DeliveryPublished)
		}
		if got, want := len(w.plat.accepted()), len(ids)-1; got != want {
			t.Errorf("the platform has %d posts, want %d", got, want)
		}
	})
}
