package bunstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/queuetest"
)

func TestQueueOnSQLite(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject {
			return queueOn(t, openSQLite(t, filepath.Join(t.TempDir(), "crier.db")).Jobs(), s)
		},
		Now: time.Now,
	})
}

func TestQueueOnPostgres(t *testing.T) {
	t.Parallel()
	postgresURL(t)
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject {
			return queueOn(t, openPostgres(t, schema(t)).Jobs(), s)
		},
		Now: time.Now,
	})
}

// names makes names that no two in this process share.
func names() func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("%06d", n.Add(1)) }
}

func queueOn(t testing.TB, rows queue.Rows, s queuetest.Settings) queuetest.Subject {
	t.Helper()
	name := names()
	open := func(rows queue.Rows, o queuetest.Options) *queue.Worker {
		w, err := queue.New(queue.Config{
			Rows: rows, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			NewID: func(time.Time) string { return "id-" + name() }, Owner: "worker-" + name(),
			Kinds: o.Kinds, Concurrency: o.Concurrency,
			Policy: s.Policy, Policies: s.Policies, Lease: s.Lease, Poll: s.Poll, Grace: s.Grace,
		})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	q := open(rows, queuetest.Options{})
	return queuetest.Subject{Enqueuer: q, DeadLetters: q, Consumer: func(o queuetest.Options) (queue.Consumer, func()) {
		severed, cut := queuetest.Cut(rows)
		return open(severed, o), cut
	}}
}

// TestJobsCommitWithTheState is why jobs are rows: a job exists if and only if
// what makes it necessary is kept, also in a host's own transaction.
func TestJobsCommitWithTheState(t *testing.T) {
	t.Parallel()
	for dialect, open := range hosts {
		for name, keep := range map[string]bool{"commit": true, "rollback": false} {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := open(t)
				tx := h.begin(t)
				enqueueInside(t, h.store.Join(tx), "hosted", nil)
				end := tx.Commit
				if !keep {
					end = tx.Rollback
				}
				if err := end(); err != nil {
					t.Fatal(err)
				}
				var fail error
				if !keep {
					fail = errors.New("no")
				}
				enqueueInside(t, h.store, "own", fail)
				order, _ := h.has(t)
				if order != keep {
					t.Fatalf("the host's row: got %t, want %t", order, keep)
				}
				for _, id := range []domain.JobID{"hosted", "own"} {
					_, err := h.store.Jobs().Get(t.Context(), "org", id)
					if keep && err != nil || !keep && !errors.Is(err, fault.ErrNotFound) {
						t.Errorf("job %s: got error %v, want it there: %t", id, err, keep)
					}
				}
			})
		}
	}
}

func enqueueInside(t *testing.T, s store.Store, id domain.JobID, fail error) {
	t.Helper()
	w, err := queue.New(queue.Config{
		Rows: s.Jobs(), Log: slog.New(slog.DiscardHandler), Now: time.Now, Owner: "w",
		NewID: func(time.Time) string { return string(id) },
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
		if err := w.Within(r.Jobs()).Enqueue(ctx, domain.Job{Organization: "org", Kind: "mail"}); err != nil {
			return err
		}
		return fail
	})
	if !errors.Is(err, fail) {
		t.Fatalf("InTx: got error %v, want %v", err, fail)
	}
}
