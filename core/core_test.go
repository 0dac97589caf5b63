package core_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestNewReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := core.New(core.Config{Registration: "opne"})
	for _, want := range []string{"Config.Store", "Config.Blobs", "Config.Sealer", "Config.Providers", `Config.Registration is "opne"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
	p := enginetest.NewPlatform("same")
	_, err = core.New(core.Config{Providers: []social.Provider{p, p, nil}})
	for _, want := range []string{"Config.Store", `"same" is given twice`, "nil"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %s", err, want)
		}
	}
}

func post(ch domain.Channel) core.PostInput {
	return core.PostInput{Items: []domain.Item{{Text: "x"}}, When: core.Now, Targets: []domain.Target{{Channel: ch.ID}}}
}

func TestOnJoinsTheTransactionOfTheHost(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	before := enginetest.Dump(e.Store)
	rollback := errors.New("the host changed its mind")
	var id domain.PostID
	create := func(end error) error {
		return e.Store.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
			v, err := e.On(joined{r}).Posts.Create(ctx, e.Owner, post(ch))
			if err != nil {
				return err
			}
			id = v.Post.ID
			if _, err := r.Posts().Get(ctx, e.Org.ID, id); err != nil {
				t.Errorf("the transaction does not see its own post: %v", err)
			}
			return end
		})
	}
	if err := create(rollback); !errors.Is(err, rollback) || enginetest.Dump(e.Store) != before {
		t.Errorf("got %v, want the post lost with the transaction", err)
	}
	if err := create(nil); err != nil {
		t.Fatal(err)
	}
	if n, _, err := e.Tick(t.Context()); n != 1 || err != nil {
		t.Fatalf("got %d, %v; want the worker to find it after the commit", n, err)
	}
	if v, err := e.Posts.Get(t.Context(), e.Owner, id); err != nil || v.Summary != domain.SummaryPublished {
		t.Errorf("got %s, %v; want it published", v.Summary, err)
	}
}

// joined is the transaction of a host as a store.
type joined struct{ store.Repos }

func (j joined) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return fn(ctx, j.Repos)
}
func (joined) Ping(context.Context) error { return nil }

func TestReady(t *testing.T) {
	t.Parallel()
	w := &enginetest.Watched{Store: memstore.New()}
	e := enginetest.New(t, func(c *core.Config) { c.Store = w })
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("empty: got %v, want ready", err)
	}
	if _, err := e.Posts.Create(t.Context(), e.Owner, post(e.Connect(e.Owner, "a"))); err != nil {
		t.Fatal(err)
	}
	e.Clock.Advance(time.Minute)
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("due for a minute: got %v, want ready", err)
	}
	e.Clock.Advance(time.Second)
	if err := e.Ready(t.Context()); !errors.Is(err, &fault.Error{Kind: fault.Unavailable, Code: "no_worker"}) {
		t.Errorf("due for longer: got %v, want no_worker", err)
	}
	if _, _, err := e.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("published: got %v, want ready", err)
	}
	w.FailPing = fault.New(fault.Unavailable, "down", "Down.")
	if err := e.Ready(t.Context()); !errors.Is(err, w.FailPing) {
		t.Errorf("store is down: got %v, want %v", err, w.FailPing)
	}
}

func TestTheWorkerRunsUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	out := make(chan struct{})
	e.Platform.OnPublish = func(_ context.Context, tg social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
		close(out)
		return social.Published(social.Ref{ID: tg.Key}), nil
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
	v, err := e.Posts.Create(t.Context(), e.Owner, post(e.Connect(e.Owner, "a")))
	if err != nil {
		t.Fatal(err)
	}
	<-out
	stop()
	wg.Wait()
	if v, err := e.Posts.Get(t.Context(), e.Owner, v.Post.ID); err != nil || v.Summary != domain.SummaryPublished {
		t.Errorf("got %s, %v; want the call under way to be finished and recorded", v.Summary, err)
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 5000 {
		id := core.NewID(at.Add(time.Duration(i) * time.Millisecond))
		if !form.MatchString(id) {
			t.Fatalf("got %q, which is no UUID of version 7", id)
		}
		ids = append(ids, id)
	}
	if !slices.IsSorted(ids) {
		t.Error("ids do not sort by time")
	}
	seen := map[string]bool{}
	for range 5000 { // all of one moment
		id := core.NewID(at)
		if seen[id] {
			t.Fatalf("got %s twice", id)
		}
		seen[id] = true
	}
	// 2026-03-01T12:00:00Z is 1772366400000 ms, 019ca9450a00 in hex.
	if got := core.NewID(at)[:13]; got != "019ca945-0a00" {
		t.Errorf("got time %s, want 019ca945-0a00", got)
	}
}

func TestVaultsAreApart(t *testing.T) {
	t.Parallel()
	var cfg core.Config
	e := enginetest.New(t, func(c *core.Config) { cfg = *c })
	a, b := core.NewVault(e.Store, cfg.Sealer, "a"), core.NewVault(e.Store, cfg.Sealer, "b")
	if _, ok, err := a.Load(t.Context(), "app"); ok || err != nil {
		t.Errorf("got %t, %v; want nothing", ok, err)
	}
	for _, v := range []string{"first", "second secret"} {
		if err := a.Save(t.Context(), "app", []byte(v)); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := a.Load(t.Context(), "app"); string(got) != v || !ok || err != nil {
			t.Errorf("got %q, %t, %v; want %q", got, ok, err, v)
		}
	}
	if _, ok, err := b.Load(t.Context(), "app"); ok || err != nil {
		t.Errorf("b sees what a keeps: %t, %v", ok, err)
	}
	if strings.Contains(enginetest.Dump(e.Store), "second secret") {
		t.Error("the secret can be read in the store")
	}
	// A text that is moved to another name does not open.
	sealed, err := e.Store.Secrets().Get(t.Context(), "provider/a/app")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Store.Secrets().Set(t.Context(), "provider/b/app", sealed); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := b.Load(t.Context(), "app"); err == nil || ok || got != nil {
		t.Errorf("got %q, %t, %v; want it refused", got, ok, err)
	}
}
