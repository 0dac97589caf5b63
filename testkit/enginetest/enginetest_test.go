package enginetest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestAnEngineIsReadyToUse(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "ann")
	in := core.PostInput{Items: []domain.Item{{Text: "Hello"}}, When: core.Now, Targets: []domain.Target{{Channel: ch.ID}}}
	v, err := e.Posts.Create(t.Context(), e.Owner, in)
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := e.Tick(t.Context()); n != 1 || err != nil || e.Platform.Calls("Publish") != 1 {
		t.Fatalf("got %d taken, %d published, %v", n, e.Platform.Calls("Publish"), err)
	}
	if v, err = e.Posts.Get(t.Context(), e.Owner, v.Post.ID); err != nil || v.Summary != domain.SummaryPublished {
		t.Errorf("got %s, %v; want it published", v.Summary, err)
	}
}

func TestDumpTellsStoresApart(t *testing.T) {
	t.Parallel()
	a, b := memstore.New(), memstore.New()
	if enginetest.Dump(a) != enginetest.Dump(b) {
		t.Error("two empty stores differ")
	}
	err := a.Channels().Insert(t.Context(), "o", domain.Channel{ID: "c", Organization: "o", Traits: map[string]string{"deep": "inside"}})
	if err != nil {
		t.Fatal(err)
	}
	if enginetest.Dump(a) == enginetest.Dump(b) || !strings.Contains(enginetest.Dump(a), `"deep": "inside"`) {
		t.Error("the dump does not show what was stored")
	}
	rollback := errors.New("rollback")
	before := enginetest.Dump(a)
	err = a.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
		return errors.Join(r.Outbox().Append(ctx, domain.Event{ID: "e", Organization: "o"}), rollback)
	})
	if !errors.Is(err, rollback) || enginetest.Dump(a) != before {
		t.Error("a transaction that was rolled back can be seen in the dump")
	}
}

func TestAPlatformDoesWhatItIsTold(t *testing.T) {
	t.Parallel()
	p := enginetest.NewPlatform("x")
	no := social.Errorf(social.CodeRejected, "No.")
	p.OnPublish = func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
		return social.Outcome{}, no
	}
	if _, err := p.Publish(t.Context(), social.Target{}, social.Item{}, social.Cursor{}); !errors.Is(err, no) || p.Calls("Publish") != 1 {
		t.Errorf("got %v after %d calls, want the scripted answer", err, p.Calls("Publish"))
	}
}
