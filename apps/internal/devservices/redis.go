package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/crierhq/crier/apps/internal/freeport"
)

// redis starts a fresh Redis that keeps nothing on disk, and installs one where
// that is possible.
type redis struct{}

func (redis) name() string     { return "redis" }
func (redis) variable() string { return "TEST_REDIS_URL" }

func (r redis) start(ctx context.Context, say func(string, ...any)) (string, func(), error) {
	bin, err := r.program(ctx, say)
	if err != nil {
		return "", nil, err
	}
	s := &redisServer{bin: bin}
	if err := s.run(ctx); err != nil {
		return "", nil, err
	}
	say("Redis from %s is ready on port %d", bin, s.port)
	stop := func() {
		s.stop()
		say("Redis is stopped")
	}
	return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port), stop, nil
}

// program returns the path of redis-server, and installs it if need be.
func (r redis) program(ctx context.Context, say func(string, ...any)) (string, error) {
	const name = "redis-server"
	if bin, err := exec.LookPath(name); err == nil {
		return bin, nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return "", errors.New("redis-server is not installed, and only root on a system with apt-get can install it from here; " +
			"install it, or set TEST_REDIS_URL to a Redis that the tests may use")
	}
	say("installing Redis with apt-get")
	if err := install(ctx, apt, name); err != nil {
		return "", err
	}
	bin, err := exec.LookPath(name)
	if err != nil {
		return "", errors.New("apt-get installed Redis, but its program redis-server is nowhere to be found")
	}
	return bin, nil
}

// redisServer is one Redis.
type redisServer struct {
	bin    string
	port   int
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

// run starts the server and waits until it answers. Another program may take
// the port in between, so it tries more than one.
func (s *redisServer) run(ctx context.Context) error {
	var err error
	for range 3 {
		if s.port, err = freeport.Find(ctx); err != nil {
			return err
		}
		if err = s.runOnce(ctx); err == nil {
			return nil
		}
		s.stop()
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("%w\n%s", err, s.log.tail(20))
}

func (s *redisServer) runOnce(ctx context.Context) error {
	acc, err := serviceAccount()
	if err != nil {
		acc = nil // unlike PostgreSQL, Redis runs as anybody
	}
	// Not bound to ctx, which would kill it without a chance to tidy up.
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), s.bin, "--port", strconv.Itoa(s.port),
		"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", "/")
	s.cmd.SysProcAttr = processAttributes(acc)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	cmd, exited := s.cmd, make(chan struct{})
	s.exited = exited
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}()
	return s.awaitReady(ctx)
}

func (s *redisServer) awaitReady(ctx context.Context) error {
	deadline := time.After(startPatience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return errors.New("it ended right after its start")
		case <-deadline:
			return fmt.Errorf("it was not ready after %v", startPatience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answers reports whether a PING is answered.
func (s *redisServer) answers(ctx context.Context) bool {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second)) // without it the answer is waited for
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	answer := make([]byte, len("+PONG"))
	n, err := conn.Read(answer)
	return err == nil && string(answer[:n]) == "+PONG"
}

// stop ends the server: first kindly, then for sure.
func (s *redisServer) stop() {
	if s.cmd == nil {
		return
	}
	for _, sig := range []os.Signal{os.Interrupt, os.Kill} {
		_ = s.cmd.Process.Signal(sig)
		select {
		case <-s.exited:
			s.cmd = nil
			return
		case <-time.After(stopPatience):
		}
	}
}
