// Command demo shows the main job from end to end with the real server: on an
// empty folder and a free port it registers, connects a feed, uploads a picture,
// schedules a thread, kills the server hard before the thread is due, starts it
// again, and reads the public feed back with a parser of somebody else.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// ahead is how long before its time the thread is scheduled: enough for a
	// kill and a restart in between.
	ahead = 6 * time.Second
	// patience is how late the thread may be before the demo gives up.
	patience = 30 * time.Second
	// limit bounds the whole demo, building the server included.
	limit = 10 * time.Minute
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, limit)
	err := run(ctx)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nThe demo failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return err
	}
	srv := &server{dir: dir, binary: dir + "/server"}
	defer func() {
		err = errors.Join(err, srv.stop())
		if err != nil {
			fmt.Fprintf(os.Stderr, "\nThe server's data and its log are kept in %s\n", dir)
			return
		}
		err = os.RemoveAll(dir)
	}()

	say("Building the server")
	if err := srv.build(ctx); err != nil {
		return err
	}
	if err := srv.start(ctx); err != nil {
		return err
	}
	done("The server answers at %s after %s, on an empty data folder", srv.url, srv.took.Round(time.Millisecond))

	c, th, err := schedule(ctx, srv.api)
	if err != nil {
		return err
	}
	if err := srv.kill(); err != nil {
		return err
	}
	done("Killed the server hard, %s before the thread is due", time.Until(th.due).Round(100*time.Millisecond))
	if err := srv.start(ctx); err != nil {
		return err
	}
	done("Started it again: it answers after %s", srv.took.Round(time.Millisecond))

	if err := th.await(ctx, c); err != nil {
		return err
	}
	if err := th.check(ctx); err != nil {
		return err
	}
	fmt.Printf("\nEverything is as it was scheduled. This was published:\n  %s\n  %s\n  %s\n",
		th.page, th.atom, th.links[0])
	fmt.Println("The demo's server stops now and its data is removed. For one that stays: make run")
	return nil
}

// say announces a step that takes a while; done tells how it ended.
func say(format string, args ...any) { fmt.Printf("…  "+format+"\n", args...) }

func done(format string, args ...any) { fmt.Printf("ok "+format+"\n", args...) }
