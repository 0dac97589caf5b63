package core

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/ports/queue"
)

// side runs the side jobs of an engine beside its publishing. It may book
// deliveries, but whatever happens here touches none that is booked.
type side struct {
	rows   queue.Rows
	kinds  []string
	do     queue.Handler
	runner jobs.Runner
	log    *slog.Logger
}

// newSide returns nil where there is nothing to run.
func newSide(cfg Config, kinds *jobs.Registry, poll func() time.Duration) (*side, error) {
	names := kinds.Names()
	for _, n := range cfg.Worker.Jobs {
		if !slices.Contains(names, n) {
			return nil, fmt.Errorf("Config.Worker.Jobs names %q, and there is no such kind of side job; there are %q", n, names)
		}
	}
	if len(cfg.Worker.Jobs) > 0 {
		names = slices.Compact(slices.Sorted(slices.Values(cfg.Worker.Jobs)))
	}
	if len(names) == 0 || cfg.Worker.Only == WorkDeliveries {
		return nil, nil
	}
	rows := cfg.Store.Jobs()
	makeRunner := cfg.Queue
	if makeRunner == nil {
		makeRunner = func(c queue.Config) (jobs.Runner, error) { return queue.New(c) }
	}
	runner, err := makeRunner(queue.Config{
		Rows: rows, Log: cfg.Log, Now: cfg.Now, NewID: func(time.Time) string { return cfg.NewID() },
		Owner: cfg.Worker.Owner, Kinds: names, Lease: cfg.Worker.Lease, Poll: cfg.Worker.Poll, PollNow: poll,
		Grace: cfg.Worker.Grace, Policies: kinds.Policies(),
	})
	if err != nil {
		return nil, err
	}
	return &side{rows: rows, kinds: names, do: kinds.Do, runner: runner, log: cfg.Log}, nil
}

// againAfter is the pause before a runner that gave up is started again.
const againAfter = 5 * time.Second

// run runs jobs until ctx ends.
func (s *side) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.runner.Consume(ctx, s.do)
		if ctx.Err() != nil {
			return
		}
		s.log.ErrorContext(ctx, "side jobs cannot run; this is tried again", "error", err)
		t := time.NewTimer(againAfter)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// tick runs what is due.
func (s *side) tick(ctx context.Context) error {
	_, err := s.runner.Drain(ctx, s.do)
	return err
}

// next is when to come again.
func (s *side) next(ctx context.Context) (time.Time, error) {
	return s.rows.NextWake(ctx, s.kinds...)
}
