// Package pds starts a real personal data server of the AT Protocol, written
// by the protocol's authors, for tests that ask what their own stand-ins
// cannot: whether the server agrees.
//
// It needs node and npm. The server is installed once into the user's cache,
// in exactly the versions of server/package-lock.json, and runs on loopback
// with data of its own. It has accounts, sessions, blobs and records, and no
// AppView: reads of app.bsky.* answer 502.
package pds

import (
	"bufio"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/crierhq/crier/testkit/peers"
)

//go:embed server
var files embed.FS

// ErrUnavailable says that the server cannot be had here, such as where there
// is no node. It wraps the reason.
var ErrUnavailable = errors.New("pds: the server cannot be had here")

const (
	startTime = time.Minute
	stopTime  = 10 * time.Second
)

// Server is a running server.
type Server struct {
	// URL is its address: "http://localhost:2583".
	URL string

	cmd   *exec.Cmd
	input io.Closer
	done  chan struct{}
	out   *peers.Tail
}

// Start installs the server if need be, and runs it with its data in dir. The
// caller must call Stop. The first Start on a machine takes minutes, later ones
// seconds. Errors that wrap ErrUnavailable are no fault of the program tested.
func Start(ctx context.Context, dir string) (*Server, error) {
	_, err := exec.LookPath("node")
	home := ""
	if err == nil {
		home, err = install(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ports, err := peers.FreePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	// The server outlives the context of its start: Stop ends it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "node", "start.mjs", dir, strconv.Itoa(ports[0]), strconv.Itoa(ports[1]))
	cmd.Dir = home
	s := &Server{URL: fmt.Sprintf("http://localhost:%d", ports[1]), cmd: cmd, done: make(chan struct{}), out: &peers.Tail{}}
	cmd.Stderr = s.out
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.input = stdin
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ready := make(chan struct{})
	go s.watch(stdout, ready)
	select {
	case <-ready:
		return s, nil
	case <-s.done:
		return nil, fmt.Errorf("pds: the server ended at once:\n%s", s.out)
	case <-ctx.Done():
		s.Stop()
		return nil, fmt.Errorf("pds: the server did not become ready: %w\n%s", ctx.Err(), s.out)
	}
}

// watch reads what the server prints until it ends.
func (s *Server) watch(stdout io.Reader, ready chan<- struct{}) {
	defer close(s.done)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() == "ready" && ready != nil {
			close(ready)
			ready = nil
			continue
		}
		_, _ = s.out.Write(append(lines.Bytes(), '\n'))
	}
	_, _ = io.Copy(io.Discard, stdout)
	_ = s.cmd.Wait()
}

// Stop ends the server. It may be repeated.
func (s *Server) Stop() {
	_ = s.input.Close()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	t := time.NewTimer(stopTime)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// Log is the end of what the server printed.
func (s *Server) Log() string { return s.out.String() }

// install makes sure that the server is in the user's cache and returns its
// folder. The folder is named after its contents, so another version never
// meets this one, and it appears only once it is complete.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	source, err := fs.Sub(files, "server")
	if err != nil {
		return "", err
	}
	name, err := digest(source)
	if err != nil {
		return "", err
	}
	parent := filepath.Join(cache, "crier", "peers")
	home := filepath.Join(parent, "pds-"+name)
	if isDir(home) {
		return home, nil
	}
	if err := os.MkdirAll(parent, 0o750); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(parent, "installing-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := build(ctx, source, work); err != nil {
		return "", err
	}
	if err := os.Rename(work, home); err != nil && !isDir(home) {
		return "", err // and no other process was faster
	}
	return home, nil
}

// build puts a complete server in dir. Install scripts of several hundred
// packages are not run; the one native module that is needed is built on
// purpose.
func build(ctx context.Context, source fs.FS, dir string) error {
	if err := os.CopyFS(dir, source); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"ci", "--ignore-scripts", "--no-audit", "--no-fund"},
		{"rebuild", "better-sqlite3"},
	} {
		if err := peers.Fetch(ctx, dir, "npm", args...); err != nil {
			return err
		}
	}
	return nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func digest(fsys fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %d\n%s", name, len(raw), raw)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}
