package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// binaries are the programs under test.
type binaries struct{ server, worker string }

// build compiles the programs into dir. For the platforms of the test itself
// one program is both. more are flags of go build.
func build(ctx context.Context, dir string, plain bool, more ...string) (binaries, error) {
	const prefix = "github.com/crierhq/crier/apps/"
	packages := map[string]string{"server": prefix + "server", "worker": prefix + "worker"}
	out := binaries{filepath.Join(dir, "server"), filepath.Join(dir, "worker")}
	if plain {
		packages = map[string]string{"worker": prefix + "internal/killtest/worker"}
		out.server = out.worker
	}
	for name, pkg := range packages {
		args := append([]string{"build", "-ldflags=-s -w", "-o", filepath.Join(dir, name)}, more...)
		if text, err := exec.CommandContext(ctx, "go", append(args, pkg)...).CombinedOutput(); err != nil {
			return out, fmt.Errorf("%s cannot be built: %w\n%s", pkg, err, text)
		}
	}
	return out, nil
}

// program is one of the programs, as a process that is started, killed and
// started again.
type program struct {
	name, binary string
	args, env    []string
	log          string // file
	// eve is called just before chaos strikes it. It may be nil.
	eve func()

	cmd    *exec.Cmd
	begun  time.Time
	exited chan struct{}
	err    error // how it ended; for whoever saw exited closed
}

func (p *program) start() error {
	file, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	cmd := exec.Command(p.binary, p.args...) //nolint:noctx // it is killed by hand
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s cannot be started: %w", p.name, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited, p.begun = cmd, exited, time.Now()
	go func() {
		p.err = cmd.Wait()
		close(exited)
	}()
	return nil
}

// stopPatience is how long a program may take to end after it was told to.
const stopPatience = 30 * time.Second

// end sends sig and waits until the process is gone. It is an error if it was
// gone before, or ended badly after SIGTERM.
func (p *program) end(sig syscall.Signal) error {
	if err := p.signal(sig); err != nil {
		return err
	}
	select {
	case <-p.exited:
	case <-time.After(stopPatience):
		return errors.Join(fmt.Errorf("%s did not end within %v", p.name, stopPatience), p.cmd.Process.Kill())
	}
	if sig == syscall.SIGTERM && p.err != nil && !p.unprepared() {
		return fmt.Errorf("%s ended badly when it was told to stop: %w\n%s", p.name, p.err, p.tail())
	}
	return nil
}

// unprepared reports whether the process died of SIGTERM because it had not begun
// to listen for it: it was told within the first moments of its life.
func (p *program) unprepared() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGTERM && time.Since(p.begun) < longLife
}

// signal sends sig. It is an error if the process is gone.
func (p *program) signal(sig syscall.Signal) error {
	select {
	case <-p.exited:
		return fmt.Errorf("%s ended by itself: %w\n%s", p.name, p.err, p.tail())
	default:
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("%s cannot be signalled: %w\n%s", p.name, err, p.tail())
	}
	return nil
}

// discard ends the process for good, if it runs.
func (p *program) discard() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// tail is the end of its log.
func (p *program) tail() string {
	const lines = 15
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// alarms are what no log may hold.
var alarms = []string{"DATA RACE", "panic:", "fatal error:"}

// alarmed returns what an alarm in the log is about.
func (p *program) alarmed() error {
	file, err := os.Open(p.log)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	raw, err := io.ReadAll(file)
	for _, a := range alarms {
		if i := bytes.Index(raw, []byte(a)); i >= 0 {
			err = errors.Join(err, fmt.Errorf("the log of %s says: %s", p.name, raw[i:min(i+2000, len(raw))]))
		}
	}
	return err
}
