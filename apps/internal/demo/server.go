package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/crierhq/crier/apps/internal/freeport"
	"github.com/crierhq/crier/client"
)

// server is the real server as a process of its own.
type server struct {
	dir    string
	binary string
	port   int
	url    string
	api    *client.Client
	took   time.Duration // from the start to the first answer
	cmd    *exec.Cmd
	exited chan error
}

func (s *server) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "github.com/crierhq/crier/apps/server")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the server cannot be built: %w\n%s", err, out)
	}
	return nil
}

// start runs the server and waits until it answers. It keeps its port, so that
// links stay good over a restart.
func (s *server) start(ctx context.Context) error {
	if s.port == 0 {
		port, err := freeport.Find(ctx)
		if err != nil {
			return err
		}
		s.port, s.url = port, "http://localhost:"+strconv.Itoa(port)
		if s.api, err = client.New(client.Config{BaseURL: s.url, HTTP: httpClient}); err != nil {
			return err
		}
	}
	logFile, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }()
	s.cmd = exec.Command(s.binary) //nolint:noctx // the demo kills it itself
	s.cmd.Env = append(os.Environ(),
		"DATA_DIR="+filepath.Join(s.dir, "data"), "BIND_ADDRESS=127.0.0.1",
		"PORT="+strconv.Itoa(s.port), "PUBLIC_URL="+s.url, "DATABASE_URL=")
	s.cmd.Stdout, s.cmd.Stderr = logFile, logFile
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("the server cannot be started: %w", err)
	}
	s.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan<- error) { exited <- cmd.Wait() }(s.cmd, s.exited)
	err = s.awaitAnswer(ctx)
	s.took = time.Since(begin)
	return err
}

func (s *server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if _, err := s.api.Livez(ctx); err == nil {
			return nil
		}
		select {
		case err := <-s.exited:
			s.cmd = nil
			return fmt.Errorf("the server ended at its start: %w", err)
		case <-ctx.Done():
			return errors.New("the server does not answer")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// kill ends the server as a power cut would.
func (s *server) kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	err := <-s.exited
	s.cmd = nil
	if err == nil {
		return errors.New("the server ended by itself before it was killed")
	}
	return nil
}

// stop ends the server as an operator would, if it runs.
func (s *server) stop() error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.exited:
		s.cmd = nil
		if err != nil {
			return fmt.Errorf("the server did not end well: %w", err)
		}
		return nil
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("the server did not stop within 30 s"), s.kill())
	}
}
