package memqueue_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memqueue"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/ports/queue"
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
