package publish_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// world is an installation whose processes can be killed and started again. It
// lives inside a synctest bubble, so that time passes by itself.
type world struct {
	t       *testing.T
	st      store.Store
	eng     *core.Engine
	plat    *platform
	policy  core.Policy
	worker  core.WorkerConfig
	sealer  *memseal.Sealer
	blobs   *memblob.Bucket
	actor   domain.Actor
	channel domain.Channel
	// life counts processes: what an earlier one does has no effect any more.
	life atomic.Int64
	// crash, if set, is asked at every point where a process can die.
	crash func(what string) bool
	// forget, if set, is asked after every commit whether its answer is lost.
	forget func() bool
}

var errDead = errors.New("this process was killed")

func newWorld(t *testing.T, p *platform) *world {
	t.Helper()
	sealer, err := memseal.New()
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := memblob.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, plat: p, sealer: sealer, blobs: blobs, st: memstore.New()}
	w.boot()
	org, err := w.eng.Accounts.CreateOrganization(t.Context(), "Acme", "")
	if err != nil {
		t.Fatal(err)
	}
	w.actor = domain.System(org.ID)
	if w.channel, err = w.eng.Channels.ConnectForm(t.Context(), w.actor, "made-up", nil); err != nil {
		t.Fatal(err)
	}
	return w
}

// boot starts a new process on the same data.
func (w *world) boot() {
	w.t.Helper()
	life := w.life.Add(1)
	w.plat.step = func(ctx context.Context, what string) error {
		if w.life.Load() != life {
			return errDead
		}
		if w.crash != nil && w.crash(what) {
			w.life.Add(1) // from now on nothing this process does has an effect
			return errDead
		}
		return ctx.Err()
	}
	eng, err := core.New(core.Config{
		Store: &mortal{Store: w.st, w: w, life: life}, Blobs: w.blobs, Sealer: w.sealer,
		Providers: []social.Provider{w.plat.provider()}, Policy: w.policy, Worker: w.worker,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.eng = eng
}

// mortal is a store that a killed process cannot reach any more.
type mortal struct {
	store.Store
	w    *world
	life int64
}

func (m *mortal) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	die := func(what string) bool {
		if m.w.life.Load() != m.life {
			return true
		}
		if m.w.crash != nil && m.w.crash(what) {
			m.w.life.Add(1)
			return true
		}
		return false
	}
	if die("commit:before") {
		return errDead
	}
	err := m.Store.InTx(ctx, fn)
	if err == nil && die("commit:after") {
		return errDead
	}
	if err == nil && m.w.forget != nil && m.w.forget() {
		return fault.New(fault.Unavailable, "database", "The connection was lost.")
	}
	return err
}

// post books items on the world's channel, due in a minute.
func (w *world) post(texts ...string) core.PostView {
	w.t.Helper()
	items := make([]domain.Item, len(texts))
	for i, s := range texts {
		items[i].Text = s
	}
	v, err := w.eng.Posts.Create(w.t.Context(), w.actor, core.PostInput{
		Items: items, Targets: []domain.Target{{Channel: w.channel.ID}},
		When: core.At, Time: time.Now().Add(time.Minute).Format(time.RFC3339Nano),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// settle lets time pass until nothing is scheduled any more. A killed process
// is replaced by a new one.
func (w *world) settle() {
	w.t.Helper()
	for range 2000 {
		life := w.life.Load()
		_, next, err := w.eng.Tick(w.t.Context())
		if w.life.Load() != life {
			w.boot()
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() {
			return
		}
		if d := time.Until(next); d > 0 {
			time.Sleep(d)
		}
	}
	w.t.Fatal("it never comes to rest")
}

func (w *world) view(id domain.PostID) core.PostView {
	w.t.Helper()
	return w.viewAs(w.actor, id)
}

func (w *world) viewAs(a domain.Actor, id domain.PostID) core.PostView {
	w.t.Helper()
	v, err := w.eng.Posts.Get(w.t.Context(), a, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// delivery is the only delivery of a post.
func (w *world) delivery(id domain.PostID) domain.Delivery {
	w.t.Helper()
	v := w.view(id)
	if len(v.Deliveries) != 1 {
		w.t.Fatalf("got %d deliveries, want 1", len(v.Deliveries))
	}
	return v.Deliveries[0]
}

func (w *world) wantState(id domain.PostID, want ...domain.DeliveryState) domain.Delivery {
	w.t.Helper()
	d := w.delivery(id)
	if !slices.Contains(want, d.State) {
		w.t.Errorf("the delivery is %s (%s: %s), want %v", d.State, d.Reason.Code, d.Reason.Message, want)
	}
	return d
}

// events lists the kinds of the events of a post, in order.
func (w *world) events(id domain.PostID) []string {
	w.t.Helper()
	evs, err := w.st.Outbox().OfPost(w.t.Context(), w.actor.Organization, id, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range evs {
		out = append(out, string(e.Kind))
	}
	return out
}

// checkLedger holds what must be true of every history, whatever happened.
func (w *world) checkLedger(v core.PostView) {
	w.t.Helper()
	once := map[string]int{}
	for _, a := range w.plat.accepted() {
		once[a.Key]++
		if a.At.Before(v.Post.DueAt) {
			w.t.Errorf("%q went out at %s, before its time %s", a.Text, a.At, v.Post.DueAt)
		}
	}
	for key, n := range once {
		if n > 1 {
			w.t.Errorf("the platform accepted %s %d times", key, n)
		}
	}
	d := v.Deliveries[0]
	for i, part := range d.Parts {
		key := domain.AttemptKey(d.ID, i, d.Revision)
		if part.Ref != nil && once[key] == 0 {
			w.t.Errorf("item %d counts as published, but the platform does not have it", i)
		}
	}
	for _, a := range v.Attempts {
		if a.Result == domain.AttemptOpen && !d.State.Moving() {
			w.t.Errorf("attempt %d has no result although the delivery is %s", a.Number, d.State)
		}
	}
	if d.State == domain.DeliveryPublished && d.Current() != len(d.Parts) {
		w.t.Errorf("published, but item %d is not out", d.Current())
	}
}
