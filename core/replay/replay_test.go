package replay_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/replay"
	"github.com/crierhq/crier/ports/store"
)

type world struct {
	*replay.Service
	t   *testing.T
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	ids := 0
	w.Service = replay.New(replay.Config{
		Store: memstore.New(), Now: func() time.Time { return w.now }, NewID: func() string { ids++; return "id-" + strconv.Itoa(ids) },
	})
	return w
}

func ann() domain.Actor { return domain.Actor{Organization: "org", User: "ann", Role: domain.RoleUser} }

// begin asks and returns what came of it, in a word.
func (w *world) begin(a domain.Actor, digest string) (*replay.Run, string) {
	w.t.Helper()
	run, kept, err := w.Begin(w.t.Context(), a, "k", digest)
	f, _ := errors.AsType[*fault.Error](err)
	switch {
	case f != nil:
		return nil, f.Code
	case err != nil:
		return nil, err.Error()
	case kept != nil:
		return nil, kept.Body
	case run.Again:
		return run, "again"
	}
	return run, "run"
}

func (w *world) want(got, want, what string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func (w *world) finish(run *replay.Run, body string) {
	w.t.Helper()
	if err := w.Finish(w.t.Context(), run, replay.Answer{Status: 201, ContentType: "application/json", ETag: `"1"`, Body: body}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAnAnswerIsKeptForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run, got := w.begin(ann(), "one")
	w.want(got, "run", "the first")
	_, got = w.begin(ann(), "one")
	w.want(got, "idempotency_key_in_use", "while it runs")
	w.finish(run, "done")
	w.now = w.now.Add(replay.Life - time.Second)
	_, kept, err := w.Begin(t.Context(), ann(), "k", "one")
	if want := (replay.Answer{Status: 201, ContentType: "application/json", ETag: `"1"`, Body: "done"}); err != nil || kept == nil || *kept != want {
		t.Errorf("got %+v, %v, want %+v", kept, err, want)
	}
	_, got = w.begin(ann(), "two")
	w.want(got, "idempotency_key_reused", "another request")
	w.now = w.now.Add(time.Second)
	_, got = w.begin(ann(), "two")
	w.want(got, "run", "another request a day later")
}

func TestKeysOfDifferentPeopleAreApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run, _ := w.begin(ann(), "one")
	w.finish(run, "done")
	for what, a := range map[string]domain.Actor{
		"another person":       {Organization: "org", User: "bob"},
		"another organization": {Organization: "other", User: "ann"},
		"no person":            {Organization: "org"},
		"a key of the person":  {Organization: "org", User: "ann", Key: "key"},
		"another key of them":  {Organization: "org", User: "ann", Key: "other"},
	} {
		_, got := w.begin(a, "one")
		w.want(got, "run", what)
	}
}

// TestARunThatDiedIsTakenOver: nobody else may write its answer, and what it may
// have made has the same id.
func TestARunThatDiedIsTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead, _ := w.begin(ann(), "one")
	w.now = w.now.Add(time.Minute)
	_, got := w.begin(ann(), "one")
	w.want(got, "idempotency_key_in_use", "within its lease")
	w.now = w.now.Add(time.Minute)
	next, got := w.begin(ann(), "one")
	w.want(got, "again", "after its lease")
	if next == nil || next.Seed != dead.Seed {
		t.Fatalf("got %+v, want the seed of %+v", next, dead)
	}
	w.finish(dead, "late")
	_, got = w.begin(ann(), "one")
	w.want(got, "idempotency_key_in_use", "after the dead one answered")
	w.finish(next, "done")
	w.finish(next, "twice")
	_, got = w.begin(ann(), "one")
	w.want(got, "done", "after the other one answered")
}

func TestARunIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.begin(ann(), "one")
	if err := w.Release(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	_, got := w.begin(ann(), "two")
	w.want(got, "idempotency_key_reused", "another request")
	next, got := w.begin(ann(), "one")
	w.want(got, "again", "the same request")
	if next != nil && next.Seed != first.Seed {
		t.Errorf("got the seed %s, want %s", next.Seed, first.Seed)
	}
}

// counting counts purges.
type counting struct {
	*memstore.Store
	purges *int
}

func (c counting) Replays() store.Replays { return countingReplays{c.Store.Replays(), c.purges} }

type countingReplays struct {
	store.Replays
	purges *int
}

func (c countingReplays) Purge(ctx context.Context, now time.Time) error {
	*c.purges++
	return c.Replays.Purge(ctx, now)
}

func TestWhatEndedIsRemovedNowAndThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	purges := 0
	w.Service = replay.New(replay.Config{
		Store: counting{memstore.New(), &purges}, Now: func() time.Time { return w.now }, NewID: func() string { return "id" },
	})
	for range 3 {
		w.begin(ann(), "one")
	}
	if purges != 1 {
		t.Errorf("got %d purges by three requests at once, want 1", purges)
	}
	w.now = w.now.Add(10 * time.Minute)
	w.begin(ann(), "one")
	if purges != 2 {
		t.Errorf("got %d purges after ten minutes more, want 2", purges)
	}
}
