// Command killtest tries Crier's promise with real processes: it books posts
// over the HTTP API of a real server, lets workers publish them on a stand-in
// platform that counts what it accepts and answers badly, and kills workers and
// database connections at random until all is done. Then it compares what Crier
// says with what the platform has: nothing twice, nothing lost, everything at
// an end or in the hands of a person.
//
// It needs TEST_POSTGRES_DSN for the trials on PostgreSQL; make kill provides
// it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "killtest:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("killtest", flag.ContinueOnError)
	db := flags.String("db", "all", "postgres, sqlite or all")
	on := flags.String("platform", "all", "mastodon, which knows a repeated request; plain, which does not; or all")
	race := flags.Bool("race", false, "build the programs with the race detector")
	keep := flags.Bool("keep", false, "keep the logs and what Crier said of the posts")
	o := options{say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	flags.IntVar(&o.posts, "n", 2000, "how many posts")
	flags.IntVar(&o.channels, "channels", 200, "on how many channels")
	flags.IntVar(&o.workers, "workers", 2, "how many workers; on SQLite there is always one")
	flags.Uint64Var(&o.seed, "seed", 1, "of the dice")
	flags.DurationVar(&o.chaos, "for", time.Minute, "how long things are killed")
	flags.DurationVar(&o.patience, "patience", 5*time.Minute, "how long the rest may take after that")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var more []string
	if *race {
		more = append(more, "-race")
	}
	dsn := os.Getenv("TEST_POSTGRES_DSN") //nolint:forbidigo // set by devservices
	if dsn == "" && *db != "sqlite" {
		return errors.New("there is no TEST_POSTGRES_DSN: run it through make kill, or with -db sqlite")
	}
	var all []error
	for _, plain := range []bool{false, true} {
		if *on != "all" && (*on == "plain") != plain {
			continue
		}
		o.plain = plain
		all = append(all, series(ctx, o, *db, dsn, more, *keep))
	}
	return errors.Join(all...)
}

// series builds the programs and makes the trials on each database.
func series(ctx context.Context, o options, db, dsn string, more []string, keep bool) error {
	dir, err := os.MkdirTemp("", "crier-kill-")
	if err != nil {
		return err
	}
	if o.bin, err = build(ctx, dir, o.plain, more...); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	broken := false
	for name, address := range map[string]string{"postgres": dsn, "sqlite": ""} {
		if db != "all" && db != name {
			continue
		}
		o.dsn, o.dir = address, filepath.Join(dir, name)
		if err := os.Mkdir(o.dir, 0o700); err != nil {
			return err
		}
		res, err := run(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w\nThe logs are kept in %s", o.name(), err, dir)
		}
		fmt.Printf("\n%s, seed %d\n%s\n", o.name(), o.seed, res)
		broken = broken || len(res.findings) > 0
	}
	if broken {
		return fmt.Errorf("promises were broken; the logs are kept in %s", dir)
	}
	if keep {
		fmt.Println("The logs and what Crier said of the posts are kept in", dir)
		return nil
	}
	return os.RemoveAll(dir)
}
