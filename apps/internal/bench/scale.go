package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
)

const (
	// scalePosts is how many posts are due at once.
	scalePosts = 600
	// scaleSlots is on how many deliveries a worker works at once: few, so that
	// waiting for the platform is the limit and not this machine.
	scaleSlots = 24
	// scaleAnswer is how long the stand-in platform takes for a publication.
	scaleAnswer = 400 * time.Millisecond
)

// beWorker publishes what is due on the database at url until ctx ends.
func beWorker(ctx context.Context, url string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	st, err := bunstore.Open(ctx, bunstore.Config{URL: url})
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	eng, err := engine(st, &standIn{takes: scaleAnswer}, scaleSlots)
	if err != nil {
		return err
	}
	return eng.Run(ctx)
}

// scaling measures how many more deliveries two worker processes bring out than
// one, in turn.
func scaling(ctx context.Context, _, dir string, db database) ([]row, error) {
	if db.dsn == "" {
		return nil, nil // a SQLite file is for one process
	}
	rates := map[int][]float64{}
	for range rounds {
		for _, workers := range []int{1, 2} {
			_, url, drop, err := fresh(ctx, dir, db)
			if err != nil {
				return nil, err
			}
			took, err := scaleOnce(ctx, url, workers)
			drop()
			if err != nil {
				return nil, err
			}
			rates[workers] = append(rates[workers], scalePosts/took.Seconds())
		}
	}
	one, two := median(rates[1]), median(rates[2])
	return []row{{
		fmt.Sprintf("Two worker processes against one, %d slots each, a platform that takes %s", scaleSlots, scaleAnswer), db.name,
		fmt.Sprintf("%.1f/s against %.1f/s: %.2f×", two, one, two/one), "≥ 1.8×",
	}}, nil
}

func scaleOnce(ctx context.Context, url string, workers int) (time.Duration, error) {
	st, err := bunstore.Open(ctx, bunstore.Config{URL: url})
	if err != nil {
		return 0, err
	}
	defer func() { _ = st.Close() }()
	if err := st.Migrate(ctx); err != nil {
		return 0, err
	}
	eng, err := engine(st, &standIn{}, 0) // it only books
	if err != nil {
		return 0, err
	}
	due, err := book(ctx, eng, scalePosts)
	if err != nil {
		return 0, err
	}
	var started []*exec.Cmd
	for range workers {
		cmd := exec.CommandContext(ctx, os.Args[0], "-part", url)
		cmd.Stderr = os.Stderr
		if err = cmd.Start(); err != nil {
			break
		}
		started = append(started, cmd)
	}
	if err == nil {
		err = allOut(ctx, url, func() bool { return time.Now().After(due) })
	}
	took := time.Since(due)
	for _, cmd := range started {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGINT), cmd.Wait())
	}
	return took, err
}
