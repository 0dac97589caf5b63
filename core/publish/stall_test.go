package publish_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// TestStallBeforeTheCallSendsNothing has a worker stand still after it put its
// intent on record. When it goes on, others may have looked and people decided:
// what it was about to send must stay unsent.
func TestStallBeforeTheCallSendsNothing(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		v := w.post("hello")
		other := w.second()
		stalled := false
		w.forget = func() bool {
			if !stalled && w.delivery(v.Post.ID).Open != "" {
				stalled = true
				time.Sleep(10 * time.Minute)
				tick(t, other) // the lease has run out: another one looks, in vain
				if w.plat.calls != 0 {
					t.Error("the other worker sent something")
				}
			}
			return false
		}
		w.settle()
		w.forget = nil
		if !stalled || w.plat.calls != 0 {
			t.Errorf("stalled: %t; got %d calls, want none: the intent was given up", stalled, w.plat.calls)
		}
		w.wantState(v.Post.ID, domain.DeliveryUnknown)
		w.checkLedger(w.view(v.Post.ID))
	})
}

// TestStallWithTheLeaseInHandTriesAgain is the same while nobody else was there:
// nothing was sent, and that is certain.
func TestStallWithTheLeaseInHandTriesAgain(t *testing.T) {
	t.Parallel()
	in(t, &platform{}, func(t *testing.T, w *world) {
		v := w.post("hello")
		stalled := false
		w.forget = func() bool {
			if !stalled && w.delivery(v.Post.ID).Open != "" {
				stalled = true
				time.Sleep(10 * time.Minute)
			}
			return false
		}
		w.settle()
		w.forget = nil
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		if w.plat.calls != 1 {
			t.Errorf("got %d calls, want 1", w.plat.calls)
		}
		w.checkLedger(w.view(v.Post.ID))
	})
}

// TestNobodyLooksWhileACallIsOnItsWay has a call take as long as it may. Its
// answer must not find that another worker has given it up.
func TestNobodyLooksWhileACallIsOnItsWay(t *testing.T) {
	t.Parallel()
	p := &platform{answer: func(int) (bool, error) {
		time.Sleep(85 * time.Second) // longer than a lease
		return true, nil
	}}
	in(t, p, func(t *testing.T, w *world) {
		w.policy.CallTimeout = 90 * time.Second
		w.boot()
		v := w.post("hello")
		other := w.second()
		time.Sleep(time.Until(v.Post.DueAt))
		done := make(chan struct{})
		go func() { defer close(done); tick(t, w.eng) }()
		for range 84 {
			time.Sleep(time.Second)
			tick(t, other)
		}
		<-done
		w.wantState(v.Post.ID, domain.DeliveryPublished)
		if n := len(w.view(v.Post.ID).Attempts); n != 1 {
			t.Errorf("got %d attempts, want 1", n)
		}
	})
}

// TestLostAnswerOfACommitIsNotRecordedTwice loses the answer of each commit in
// turn. The database has it all the same: what is recorded again must not count
// for the next item, nor undo anything.
func TestLostAnswerOfACommitIsNotRecordedTwice(t *testing.T) {
	t.Parallel()
	for point := range 8 {
		t.Run(strconv.Itoa(point+1), func(t *testing.T) {
			t.Parallel()
			p := &platform{findable: true, dedupe: social.DedupeForever}
			in(t, p, func(t *testing.T, w *world) {
				v := w.post("one", "two", "three")
				n := -1
				w.forget = func() bool { n++; return n == point }
				for w.delivery(v.Post.ID).State != domain.DeliveryPublished {
					tick(t, w.eng)
					time.Sleep(10 * time.Second)
				}
				var texts []string
				for _, a := range p.accepted() {
					texts = append(texts, a.Text)
				}
				if !slices.Equal(texts, []string{"one", "two", "three"}) {
					t.Errorf("the platform shows %q", texts)
				}
				for i, part := range w.delivery(v.Post.ID).Parts {
					if want := "post-" + strconv.Itoa(i+1); part.Ref.ID != want {
						t.Errorf("item %d counts as out at %s, want %s", i, part.Ref.ID, want)
					}
				}
				w.checkLedger(w.view(v.Post.ID))
			})
		})
	}
}

// second is another process on the same data.
func (w *world) second() *core.Engine {
	w.t.Helper()
	eng, err := core.New(core.Config{
		Store: w.st, Blobs: w.blobs, Sealer: w.sealer, Providers: []social.Provider{w.plat.provider()}, Policy: w.policy,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return eng
}

func tick(t *testing.T, e *core.Engine) {
	t.Helper()
	if _, _, err := e.Tick(t.Context()); err != nil {
		t.Error(err)
	}
}
