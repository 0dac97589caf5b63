package memqueue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memqueue"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/queuetest"
)

func TestQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject { return subject(t, memqueue.NewRows(), s) },
		Now:  time.Now, Virtual: true,
	})
}

// The jobs of a store are a queue, too.
func TestStoreInMemory(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject {
			return subject(t, memstore.New().Jobs(), s)
		},
		Now: time.Now, Virtual: true,
	})
}

func subject(t testing.TB, rows queue.Rows, s queuetest.Settings) queuetest.Subject {
	t.Helper()
	var n atomic.Int64
	open := func(rows queue.Rows, o queuetest.Options) *memqueue.Queue {
		q, err := memqueue.New(queue.Config{
			Rows: rows, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			NewID: func(time.Time) string { return fmt.Sprintf("id-%06d", n.Add(1)) },
			Owner: fmt.Sprint("worker-", n.Add(1)), Kinds: o.Kinds, Concurrency: o.Concurrency,
			Policy: s.Policy, Policies: s.Policies, Lease: s.Lease, Poll: s.Poll, Grace: s.Grace,
		})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := open(rows, queuetest.Options{})
	return queuetest.Subject{Enqueuer: q, DeadLetters: q, Consumer: func(o queuetest.Options) (queue.Consumer, func()) {
		severed, cut := queuetest.Cut(rows)
		return open(severed, o), cut
	}}
}

func TestWithinCommitsWithTheTransaction(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	w, err := memqueue.New(queue.Config{
		Rows: s.Jobs(), Log: slog.New(slog.DiscardHandler), Now: time.Now, Owner: "w", NewID: func(time.Time) string { return "id" },
	})
	if err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	for name, want := range map[string]error{"rolled back": no, "kept": nil} {
		err := s.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
			job := domain.Job{ID: domain.JobID(name), Organization: "org", Kind: "mail"}
			if err := w.Within(r.Jobs()).Enqueue(ctx, job); err != nil {
				return err
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Fatalf("InTx: got error %v, want %v", err, want)
		}
		_, err = s.Jobs().Get(t.Context(), "org", domain.JobID(name))
		if there := err == nil; there != (want == nil) {
			t.Errorf("%s: the job is there: got %t, want %t", name, there, want == nil)
		}
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	if _, err := memqueue.New(queue.Config{}); err == nil {
		t.Error("without what is required: got no error, want one")
	}
}
