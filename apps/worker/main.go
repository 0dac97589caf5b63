// Command worker publishes what is due and serves nothing, beside any number of
// servers and other workers on one PostgreSQL database. Servers beside it may be
// started with WORKER=false. WORKER_PROVIDERS and WORKER_JOBS keep it to some
// platforms and kinds of side jobs.
//
//	worker            run
//	worker config     show the settings and what is wrong with them
//	worker health     ask a running worker whether it is ready
//	worker version    say what was built
//
// Where PORT is set, it answers /livez and /readyz there.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	_ "time/tzdata" // so that times mean the same on every machine

	"github.com/crierhq/crier/apps/internal/process"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	p := process.Program{Name: "worker", Environ: os.Environ(), ReadFile: os.ReadFile, Stdout: os.Stdout, Stderr: os.Stderr}
	if len(args) > 0 {
		code, ok := p.Command(ctx, args)
		if !ok {
			return p.Refuse(fmt.Errorf("there is no command %q; there are config, doctor, health and version", args[0]))
		}
		return code
	}
	cfg, err := p.Config()
	if err != nil {
		return p.Refuse(err)
	}
	opts := process.Options{Work: true, HealthOnly: true}
	if slices.ContainsFunc(p.Environ, func(e string) bool { return strings.HasPrefix(e, "PORT=") && e != "PORT=" && e != "PORT=0" }) {
		opts.Listen = cfg.Server.Address()
	}
	return p.Main(ctx, cfg, opts)
}
