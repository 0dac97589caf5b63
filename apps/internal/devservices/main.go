// Command devservices runs a command with the services that the tests need:
//
//	go run ./apps/internal/devservices [-only postgres] -- command args…
//
// For each service it exports the variable that the tests read. A variable
// that is set already is respected: then its service is left alone. What it
// starts is fresh, listens on loopback only, and is stopped and removed with
// all its data when the command ends, however it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

func main() {
	// A service is told to stop when the thread that started it dies; see
	// processAttributes.
	runtime.LockOSThread()
	r := runner{
		services: []service{newPostgres(), redis{}, mailpit{}},
		environ:  os.Environ(),
		stdin:    os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
	}
	os.Exit(r.run(os.Args[1:]))
}

// service is something that tests need and that runs beside them.
type service interface {
	// name is what -only takes.
	name() string
	// variable is the environment variable that tells the tests where it is.
	variable() string
	// start makes the service available. It says what it does in plain lines
	// through say, and returns the value of the variable and how to stop it
	// again. stop is called exactly once where err is nil.
	start(ctx context.Context, say func(format string, args ...any)) (value string, stop func(), err error)
}

type runner struct {
	services       []service
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run returns the exit code: that of the command, or 1 if a service cannot be
// had, or 2 if the arguments are wrong.
func (r runner) run(args []string) int {
	services, command, err := r.parse(args)
	if err != nil {
		r.say("%v", err)
		return 2
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	env, stop, err := r.startAll(services, signals)
	defer stop()
	if err != nil {
		r.say("%v", err)
		return 1
	}
	return r.command(command, env, signals)
}

func (r runner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.stderr, "devservices: "+format+"\n", args...)
}

// parse reads the arguments: which services, and the command.
func (r runner) parse(args []string) ([]service, []string, error) {
	flags := flag.NewFlagSet("devservices", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	only := flags.String("only", "", "")
	usage := "usage: devservices [-only " + strings.Join(r.names(), ",") + "] -- command args…"
	if err := flags.Parse(args); err != nil {
		return nil, nil, errors.New(usage)
	}
	if flags.NArg() == 0 {
		return nil, nil, errors.New("there is no command to run; " + usage)
	}
	if *only == "" {
		return r.services, flags.Args(), nil
	}
	var chosen []service
	for name := range strings.SplitSeq(*only, ",") {
		i := slices.Index(r.names(), name)
		if i < 0 {
			return nil, nil, fmt.Errorf("there is no service %q; %s", name, usage)
		}
		chosen = append(chosen, r.services[i])
	}
	return chosen, flags.Args(), nil
}

// given reports whether a variable is set to something.
func (r runner) given(name string) bool {
	return slices.ContainsFunc(r.environ, func(kv string) bool {
		value, ok := strings.CutPrefix(kv, name+"=")
		return ok && value != ""
	})
}

func (r runner) names() []string {
	var out []string
	for _, s := range r.services {
		out = append(out, s.name())
	}
	return out
}

// startAll starts the services that are not there yet. stop, which is never
// nil, stops those that it started, the last one first. A signal gives up.
func (r runner) startAll(services []service, signals <-chan os.Signal) (env []string, stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range slices.Backward(stops) {
			f()
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	finished := make(chan struct{})
	defer close(finished)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-finished:
		}
	}()
	for _, s := range services {
		if r.given(s.variable()) {
			r.say("%s is given by %s", s.name(), s.variable())
			continue
		}
		value, stopOne, err := s.start(ctx, r.say)
		if err != nil {
			return nil, stop, fmt.Errorf("%s cannot be had: %w", s.name(), err)
		}
		stops = append(stops, stopOne)
		env = append(env, s.variable()+"="+value)
	}
	if ctx.Err() != nil {
		return nil, stop, errors.New("interrupted")
	}
	return env, stop, nil
}

// command runs the command, hands signals on to it, and returns its exit code.
func (r runner) command(argv, env []string, signals <-chan os.Signal) int {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // signals are handed on instead of killing it
	cmd.Env = append(slices.Clone(r.environ), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r.stdin, r.stdout, r.stderr
	if err := cmd.Start(); err != nil {
		r.say("the command cannot be run: %v", err)
		return 127
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s) // it may be gone already
		case err := <-done:
			return r.exitCode(err)
		}
	}
}

// exitCode is what a shell would say.
func (r runner) exitCode(err error) int {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return 0
	case !ok:
		r.say("the command failed: %v", err)
		return 1
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return exit.ExitCode()
}
