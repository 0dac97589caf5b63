package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/adapters/memqueue"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/queue"
)

func TestWait(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy   queue.Policy
		attempts int
		random   float64
		want     time.Duration
	}{
		"the first":              {queue.Policy{}, 1, 0, 2 * time.Second},
		"the second":             {queue.Policy{}, 2, 0, 4 * time.Second},
		"the fifth":              {queue.Policy{}, 5, 0, 32 * time.Second},
		"with jitter":            {queue.Policy{}, 1, 0.5, 2250 * time.Millisecond},
		"with its own jitter":    {queue.Policy{Jitter: 1}, 2, 0.5, 6 * time.Second},
		"without jitter":         {queue.Policy{Jitter: -1}, 1, 0.5, 2 * time.Second},
		"bounded":                {queue.Policy{}, 60, 0, time.Hour},
		"bounded just above":     {queue.Policy{Backoff: time.Second, MaxBackoff: 3 * time.Second}, 3, 0, 3 * time.Second},
		"of very many":           {queue.Policy{}, 1 << 30, 0, time.Hour},
		"longer than the bound":  {queue.Policy{Backoff: 2 * time.Hour}, 1, 0, 2 * time.Hour},
		"no attempt was counted": {queue.Policy{}, 0, 0, 2 * time.Second},
	}
	for name, c := range cases {
		if got := c.policy.Wait(c.attempts, c.random); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func config(rows queue.Rows) queue.Config {
	n := 0
	return queue.Config{
		Rows: rows, Log: slog.New(slog.DiscardHandler), Now: time.Now, Owner: "w",
		NewID: func(time.Time) string { n++; return fmt.Sprintf("id-%d", n) },
	}
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := queue.New(queue.Config{
		Concurrency: -1, Policy: queue.Policy{MaxAttempts: -1}, Policies: map[string]queue.Policy{"mail": {Jitter: 2}},
	})
	for _, want := range []string{
		"needs Rows", "needs Log", "needs Now", "needs NewID", "needs Owner", "cannot be negative",
		"MaxAttempts of the policy for all kinds", "Jitter of the policy for the kind mail",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
	if _, err := queue.New(config(memqueue.NewRows())); err != nil {
		t.Errorf("with what is required: got error %v, want none", err)
	}
}

func worker(t *testing.T, cfg queue.Config) *queue.Worker {
	t.Helper()
	w, err := queue.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// What a person sees of a dead letter is what the error says is for people.
func TestReasonTellsPeopleOnlyWhatIsForThem(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err           error
		code, message string
	}{
		"a fault": {
			&fault.Error{Kind: fault.Unavailable, Code: "mail_down", Message: "The mail server is away.", Err: errors.New("dial: secret")},
			"mail_down", "The mail server is away.",
		},
		"any error":   {errors.New("secret"), "internal", "The job failed."},
		"a long one":  {errors.New(strings.Repeat("secret ü", 1000)), "internal", "The job failed."},
		"broken text": {errors.New("secret \xff\x00"), "internal", "The job failed."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := memstore.New() // it refuses text that no database takes
				w := worker(t, config(s.Jobs()))
				if err := w.Enqueue(t.Context(), domain.Job{Organization: "org", Kind: "mail"}); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := w.Consume(ctx, func(context.Context, domain.Job) error { return queue.Discard(c.err) }); err != nil {
					t.Fatal(err)
				}
				js, err := w.List(t.Context(), "org", domain.JobPage{Limit: 2})
				if err != nil || len(js) != 1 {
					t.Fatalf("dead letters: got %d and error %v, want one", len(js), err)
				}
				r := js[0].Reason
				if r.Code != c.code || r.Message != c.message {
					t.Errorf("reason: got %q %q, want %q %q", r.Code, r.Message, c.code, c.message)
				}
				if !strings.Contains(r.Evidence, "secret") || len(r.Evidence) > 1100 {
					t.Errorf("evidence: got %q, want the text of the error, clipped", r.Evidence)
				}
			})
		})
	}
}

// away is rows that cannot be reached until a time.
type away struct {
	queue.Rows
	until time.Time
	calls int
}

func (r *away) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	r.calls++
	if c.Now.Before(r.until) {
		return nil, fault.New(fault.Unavailable, "", "The database is away.")
	}
	return r.Rows.Claim(ctx, c)
}

func TestConsumeWaitsForRowsThatAreAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &away{Rows: memqueue.NewRows(), until: time.Now().Add(time.Minute)}
		w := worker(t, config(rows))
		if err := w.Enqueue(t.Context(), domain.Job{Kind: "mail"}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		err := w.Consume(ctx, func(context.Context, domain.Job) error { cancel(); return nil })
		if err != nil {
			t.Errorf("Consume: got error %v, want none", err)
		}
		if took := time.Since(start); took < time.Minute || took > 66*time.Second {
			t.Errorf("the job ran after %v, want within seconds of a minute", took)
		}
		if rows.calls > 25 {
			t.Errorf("claims while the rows were away: got %d, want few", rows.calls)
		}
	})
}

// idle counts what an idle worker asks for.
type idle struct {
	queue.Rows
	claims, wakes int
}

func (r *idle) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	r.claims++
	return r.Rows.Claim(ctx, c)
}

func (r *idle) NextWake(ctx context.Context, kinds ...string) (time.Time, error) {
	r.wakes++
	return r.Rows.NextWake(ctx, kinds...)
}

func TestAnIdleWorkerHardlyPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &idle{Rows: memqueue.NewRows()}
		cfg := config(rows)
		cfg.Poll = 10 * time.Second
		w := worker(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := w.Consume(ctx, func(context.Context, domain.Job) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if rows.claims > 362 || rows.wakes > 362 {
			t.Errorf("in an hour: got %d claims and %d looks for the next job, want at most one each poll", rows.claims, rows.wakes)
		}
	})
}
