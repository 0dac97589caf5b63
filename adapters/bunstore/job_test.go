package bunstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/queuetest"
)

func TestQueueOnSQLite(t *testing.T) {
	t.Parallel()
	files := newFiles(t)
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject {
			return queueOn(t, files.open(t).Jobs(), s)
		},
		Now: time.Now,
	})
}

func TestQueueOnPostgres(t *testing.T) {
	t.Parallel()
	schemas := newSchemas(t)
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject {
			return queueOn(t, schemas.open(t).Jobs(), s)
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

// Workers look for due jobs all day; they must not read those that wait for
// their time, nor the dead.
func TestJobPlansUseIndexes(t *testing.T) {
	t.Parallel()
	for name, open := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			var js []domain.Job
			for i := range 4000 {
				js = append(js, domain.Job{
					ID: domain.JobID(fmt.Sprintf("j%05d", i)), Organization: "org", Kind: "mail", Key: fmt.Sprint(i),
					State: []domain.JobState{domain.JobWaiting, domain.JobDead}[i%2], RunAt: time.Unix(int64(1e9+i), 0), Version: 1,
				})
			}
			if err := h.store.Jobs().Insert(t.Context(), js...); err != nil {
				t.Fatal(err)
			}
			if _, err := h.ExecContext(t.Context(), "ANALYZE"); err != nil {
				t.Fatal(err)
			}
			explain := "EXPLAIN "
			if name == "sqlite" {
				explain = "EXPLAIN QUERY PLAN "
			}
			for index, query := range map[string]string{
				"crier_jobs_run": "SELECT * FROM crier_jobs WHERE (state = 'waiting') AND (run_at <= 5) AND (lease_until <= 5)" +
					" ORDER BY run_at, id LIMIT 10",
				"crier_jobs_claimable": "SELECT min(claimable_at) FROM crier_jobs WHERE (state = 'waiting')",
				"crier_jobs_dead": "SELECT * FROM crier_jobs WHERE (organization_id = 'org') AND (state = 'dead') AND ((died_at, id) < (5, 'x'))" +
					" ORDER BY died_at DESC, id DESC LIMIT 10",
			} {
				if plan := h.plan(t, explain+query); !strings.Contains(plan, index) || strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("plan of %s: got\n%s\nwant it to walk %s in order", query, plan, index)
				}
			}
		})
	}
}

// childURL names the database of the process that TestKilledProcess kills.
const childURL = "CRIER_TEST_CHILD_URL"

// TestConsumingChild is not a test but that process.
func TestConsumingChild(t *testing.T) {
	t.Parallel()
	url := os.Getenv(childURL)
	if url == "" {
		t.Skip("this runs only inside TestKilledProcess")
	}
	s := opened(t, bunstore.Config{URL: url, MaxConns: 3})
	q := queueOn(t, s.Jobs(), queuetest.Settings{Lease: time.Second, Poll: 20 * time.Millisecond})
	c, _ := q.Consumer(queuetest.Options{Concurrency: 2})
	_ = c.Consume(t.Context(), func(context.Context, domain.Job) error {
		_, _ = os.Stdout.WriteString("begun\n") // the parent notices if not
		select {}
	})
}

// TestKilledProcess kills a real process with SIGKILL amid a job.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			s := migrated(t, cfg)
			q := queueOn(t, s.Jobs(), queuetest.Settings{Lease: time.Second, Poll: 20 * time.Millisecond})
			if err := q.Enqueue(t.Context(), domain.Job{ID: "j", Organization: "org", Kind: "mail", Key: "k"}); err != nil {
				t.Fatal(err)
			}
			killWhileItRuns(t, cfg.URL)
			got := make(chan domain.Job, 10)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c, _ := q.Consumer(queuetest.Options{Concurrency: 2})
			err := c.Consume(ctx, func(_ context.Context, j domain.Job) error { got <- j; cancel(); return nil })
			if err != nil {
				t.Errorf("Consume: %v", err)
			}
			if len(got) != 1 {
				t.Fatalf("runs after the kill: got %d, want 1", len(got))
			}
			if j := <-got; j.ID != "j" || j.Attempts != 2 {
				t.Errorf("after the kill: got %s in attempt %d, want j in attempt 2", j.ID, j.Attempts)
			}
			if _, err := s.Jobs().Get(t.Context(), "org", "j"); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("the job after its end: got error %v, want fault.ErrNotFound", err)
			}
		})
	}
}

func killWhileItRuns(t *testing.T, url string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestConsumingChild$")
	child.Env = append(os.Environ(), childURL+"="+url)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "begun\n" {
		t.Errorf("the child: got %q and error %v, want it to begin the job", line, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
}
