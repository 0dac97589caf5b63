// Command simulate runs the server with every platform played on this machine:
// no account, no key and no network is needed to connect, publish and look.
//
//	simulate                        run; everything is forgotten at the end
//	simulate -data ./data-simulator keep the server's data
//
// What the server is set to for platforms is replaced, so that nothing ever
// reaches a real one that is simulated.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // so that times mean the same on every machine

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/firstrun"
	"github.com/crierhq/crier/apps/internal/process"
	"github.com/crierhq/crier/apps/internal/wire"
	"github.com/crierhq/crier/testkit/simulator"
	"github.com/crierhq/crier/testkit/simulator/all"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	p := process.Program{Name: "simulate", ReadFile: os.ReadFile, Stdout: stdout, Stderr: stderr}
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:8090", "where the simulator listens; an address of this machine")
	data := flags.String("data", "", "a folder to keep the server's data in; empty: a new one, removed at the end")
	if err := flags.Parse(args); err != nil {
		return process.ExitSetup
	}
	sim, err := start(ctx, *listen)
	if err != nil {
		return p.Refuse(err)
	}
	defer sim.stop()
	dir, remove, err := folder(*data)
	if err != nil {
		return p.Refuse(err)
	}
	defer remove()
	p.Environ = sim.environ(environ, dir)
	cfg, err := p.Config()
	if err != nil {
		return p.Refuse(err)
	}
	return p.Main(ctx, cfg, process.Options{
		Listen: cfg.Server.Address(), Work: true, Simulator: sim.address,
		Ready: func(ctx context.Context, app *wire.App, cfg config.Config) {
			firstrun.Run(ctx, app.Engine(), firstrun.Config{URL: cfg.Server.PublicURL, DataDir: dir, Out: stdout})
			sim.welcome(stdout, cfg.Server.PublicURL)
		},
	})
}

// folder is where the server keeps its data, and what removes it.
func folder(keep string) (dir string, remove func(), err error) {
	if keep != "" {
		return keep, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "crier-simulator-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// played is a simulator that listens.
type played struct {
	*simulator.Sim
	address netip.AddrPort
	base    string
	server  *http.Server
}

// start makes the simulator answer. It listens on this machine alone: everybody
// who reaches it could act for everybody on it.
func start(ctx context.Context, listen string) (*played, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("the simulator cannot listen on %s (see -listen): %w", listen, err)
	}
	address, err := netip.ParseAddrPort(ln.Addr().String())
	if err == nil && !address.Addr().IsLoopback() {
		err = errors.New("the simulator listens on addresses such as 127.0.0.1 alone")
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	p := &played{address: address, base: "http://" + address.String()}
	p.Sim, err = simulator.New(simulator.Config{
		StandIns: all.StandIns(), Base: p.base, Fetch: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute},
	})
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	p.server = &http.Server{Handler: p.Sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(ln) }() // It ends when it is stopped.
	return p, nil
}

func (p *played) stop() { _ = p.server.Close() }

// environ has the settings that lead to the simulator, and the data in dir,
// instead of what was set before.
func (p *played) environ(before []string, dir string) []string {
	set := p.Settings()
	set["DATA_DIR"], set["DATABASE_URL"], set["REDIS_URL"] = dir, "", ""
	out := []string{}
	for _, e := range before {
		name, _, _ := strings.Cut(e, "=")
		if _, ours := set[strings.TrimSuffix(name, "_FILE")]; !ours {
			out = append(out, e)
		}
	}
	for name, value := range set {
		out = append(out, name+"="+value)
	}
	return out
}

// welcome says what there is to see.
func (p *played) welcome(out io.Writer, url string) {
	_, _ = fmt.Fprintf(out, `The simulator plays %[1]s.

  What is out there, and buttons for trouble: %[2]s/

To connect an account there, and with the token from above:

  curl -s %[3]s/integrations/connect -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"provider":"mastodon","fields":{"instance":"%[2]s"}}'

Open the address in the answer, say who you are, and allow it. What other
platforms want to have typed in is on the page of the simulator. What is on the
platforms is forgotten when this stops.

`, strings.Join(p.Providers(), ", "), p.base, url)
}
