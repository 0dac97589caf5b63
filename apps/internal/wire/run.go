package wire

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core/fault"
)

// retryEvery is the pause between two tries to reach the database.
const retryEvery = 2 * time.Second

// waitable reports whether err may go away by itself: a database of its own
// process that does not answer. A file does not come back by waiting, and
// neither does a wrong password.
func waitable(cfg config.Config, err error) bool {
	driver, _ := cfg.Storage.Database()
	return driver == config.Postgres && fault.KindOf(err) == fault.Unavailable
}

// Run waits for the database, if it has to, calls ready, and publishes what is
// due, if work is true, until ctx ends. Its error is one that waiting does not
// cure. ready may be nil.
func (a *App) Run(ctx context.Context, work bool, ready func(context.Context)) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	beside.Go(func() { a.greetIdentities(ctx) })
	if err := a.await(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	a.tellPause(ctx)
	if ready != nil {
		ready(ctx)
	}
	// Describing the API leaves five times as much garbage as it keeps, which
	// nothing would collect while the process has nothing to do.
	beside.Go(debug.FreeOSMemory)
	if work {
		return a.Engine().Run(ctx)
	}
	<-ctx.Done()
	return nil
}

// tellPause warns whoever starts a process while nothing may go out: it looks
// as if it did not work.
func (a *App) tellPause(ctx context.Context) {
	switch p, err := a.Engine().Pauses.Installation(ctx); {
	case err != nil:
		a.env.Log.WarnContext(ctx, "it cannot be read whether publishing is paused", "error", err)
	case p.Active():
		a.env.Log.WarnContext(ctx, "publishing is paused on this whole installation", "since", p.At, "by", p.By, "reason", p.Reason)
	}
}

// await tries to reach the database until it answers.
func (a *App) await(ctx context.Context) error {
	if a.Engine() != nil {
		return nil
	}
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := a.connect(ctx)
		switch {
		case err == nil:
			a.env.Log.InfoContext(ctx, "the database is there now")
			return nil
		case ctx.Err() != nil:
			return nil
		case !waitable(a.cfg, err):
			return err
		}
		a.serveWaiting(err)
		a.env.Log.WarnContext(ctx, "the database still cannot be reached", "error", err)
	}
}
