// Command worker is the server of the kill test. It is put together like the
// one that people run, with two platforms more: the hardest that there are,
// because they take the same request twice for two posts. See the kill test.
package main

import (
	"context"
	"os"
	"time"
	_ "time/tzdata" // so that times mean the same on every machine

	"github.com/crierhq/crier/apps/internal/process"
	"github.com/crierhq/crier/core"
)

// lookBackoff makes what cannot be found unknown after seconds and not minutes.
const lookBackoff = 200 * time.Millisecond

func main() {
	os.Exit(run(context.Background()))
}

func run(ctx context.Context) int {
	p := process.Program{Name: "worker", Environ: os.Environ(), ReadFile: os.ReadFile, Stdout: os.Stdout, Stderr: os.Stderr}
	cfg, err := p.Config()
	if err != nil {
		return p.Refuse(err)
	}
	return p.Main(ctx, cfg, process.Options{
		Listen: cfg.Server.Address(), Work: cfg.Publisher.Worker,
		Adjust: func(c *core.Config) {
			c.Providers = append(c.Providers, newBlind(), newFindable())
			c.Policy.LookBackoff = lookBackoff
		},
	})
}
