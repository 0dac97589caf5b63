// Command server is Crier as one program: the HTTP API, the pages of hosted
// feeds, and the worker that publishes what is due.
//
//	server            run
//	server doctor     look into the platforms, or into those that are named
//	server config     show the settings and what is wrong with them
//	server health     ask a running server whether it is ready
//	server version    say what was built
//
// With -welcome, a server without accounts makes one, opens a feed, publishes a
// first post on it, and says what to try next.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	_ "time/tzdata" // so that times mean the same on every machine

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/firstrun"
	"github.com/crierhq/crier/apps/internal/process"
	"github.com/crierhq/crier/apps/internal/wire"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	p := process.Program{Name: "server", Environ: os.Environ(), ReadFile: os.ReadFile, Stdout: os.Stdout, Stderr: os.Stderr}
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	welcome := flags.Bool("welcome", false, "make an account and a first post, if there are none, and say what to try next")
	if err := flags.Parse(args); err != nil {
		return process.ExitSetup
	}
	if flags.NArg() > 0 {
		code, ok := p.Command(ctx, flags.Args())
		if !ok {
			return p.Refuse(fmt.Errorf("there is no command %q; there are config, doctor, health and version", flags.Arg(0)))
		}
		return code
	}
	cfg, err := p.Config()
	if err != nil {
		return p.Refuse(err)
	}
	opts := process.Options{Listen: cfg.Server.Address(), Work: cfg.Publisher.Worker}
	if *welcome {
		opts.Ready = func(ctx context.Context, app *wire.App, cfg config.Config) {
			firstrun.Run(ctx, app.Engine(), firstrun.Config{URL: cfg.Server.PublicURL, DataDir: cfg.Storage.DataDir, Out: os.Stdout})
		}
	}
	return p.Main(ctx, cfg, opts)
}
