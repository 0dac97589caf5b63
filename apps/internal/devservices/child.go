package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// child is a program that serves until it is told to stop.
type child struct {
	// acc is who it runs as; nil: whoever runs this.
	acc    *account
	cmd    *exec.Cmd
	exited chan struct{}
	log    logText
}

// logText is what a service has said.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tail(l.text.Bytes(), n)
}

// run starts what command returns and waits until it answers. Another program
// may take its port in between, so it tries more than once, with a new command
// each time. The command must not be bound to the context, which would kill it
// without a chance to tidy up.
func (c *child) run(ctx context.Context, command func(context.Context) (*exec.Cmd, error), answers func(context.Context) bool) error {
	var err error
	for range 3 {
		var cmd *exec.Cmd
		if cmd, err = command(ctx); err != nil {
			return err
		}
		if err = c.runOnce(ctx, cmd, answers); err == nil {
			return nil
		}
		c.stop()
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("%w\n%s", err, c.log.tail(20))
}

func (c *child) runOnce(ctx context.Context, cmd *exec.Cmd, answers func(context.Context) bool) error {
	cmd.SysProcAttr = processAttributes(c.acc)
	cmd.Stdout, cmd.Stderr = &c.log, &c.log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	c.cmd, c.exited = cmd, exited
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}()
	return awaitReady(ctx, exited, answers)
}

const (
	startPatience = time.Minute
	stopPatience  = 10 * time.Second
)

// awaitReady waits until a program answers. exited is closed when it ends.
func awaitReady(ctx context.Context, exited <-chan struct{}, answers func(context.Context) bool) error {
	deadline := time.After(startPatience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if answers(ctx) {
			return nil
		}
		select {
		case <-tick.C:
		case <-exited:
			return errors.New("it ended right after its start")
		case <-deadline:
			return fmt.Errorf("it was not ready after %v", startPatience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stop ends the program: first kindly, then for sure.
func (c *child) stop() {
	if c.cmd == nil {
		return
	}
	if end(c.cmd, c.exited, os.Interrupt, os.Kill) {
		c.cmd = nil
	}
}

// end sends a program one signal after the other until it has ended, and reports
// whether it has.
func end(cmd *exec.Cmd, exited <-chan struct{}, signals ...os.Signal) bool {
	for _, sig := range signals {
		_ = cmd.Process.Signal(sig)
		select {
		case <-exited:
			return true
		case <-time.After(stopPatience):
		}
	}
	return false
}
