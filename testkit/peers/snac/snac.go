// Package snac starts a real server of the fediverse, written by strangers, for
// tests that ask what their own stand-ins cannot: whether a server agrees.
//
// It needs Debian's apt-get and dpkg. The server is fetched once into the
// user's cache, from the mirror that the machine uses anyway, and nothing is
// installed. It runs on loopback with data of its own.
//
// It speaks the client API of Mastodon, but looser: no Idempotency-Key, no
// deletion of a post, no polls, no visibility, media ready at once, no rate
// limits. What hangs on these cannot be proven with it.
package snac

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/crierhq/crier/testkit/peers"
	"github.com/crierhq/crier/testkit/peers/debian"
)

// ErrUnavailable says that the server cannot be had here, such as on a machine
// that is not Debian's. It wraps the reason.
var ErrUnavailable = errors.New("snac: the server cannot be had here")

// version is the package's, as Debian names it. Another one is another test.
const version = "2.75-2~bpo12+1"

const (
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
	lookEvery = 50 * time.Millisecond
)

// Server is a running server with one account.
type Server struct {
	// URL is its address: "http://localhost:8001".
	URL string
	// User and Password are what a person would type into its login form.
	User, Password string

	cmd  *exec.Cmd
	done chan struct{}
	out  *peers.Tail
}

// Start fetches the server if need be, and runs it with its data below dir. The
// caller must call Stop. Errors that wrap ErrUnavailable are no fault of the
// program tested.
func Start(ctx context.Context, dir string) (*Server, error) {
	root, err := debian.Fetch(ctx, "snac-"+version, debian.Backports, "snac2="+version)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	program := filepath.Join(root, "usr", "bin", "snac")
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ports, err := peers.FreePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	port, base := ports[0], filepath.Join(dir, "snac")
	s := &Server{URL: fmt.Sprintf("http://localhost:%d", port), User: "alice", done: make(chan struct{}), out: &peers.Tail{}}
	if s.Password, err = settle(ctx, program, base, s.User, port); err != nil {
		return nil, err
	}
	// The server outlives the context of its start: Stop ends it.
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, "httpd", base)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	go func() {
		defer close(s.done)
		_ = s.cmd.Wait()
	}()
	if err := s.ready(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("snac: the server did not become ready: %w\n%s", err, s.out)
	}
	return s, nil
}

// settle makes the data of a new server with one account, and returns the
// account's password.
func settle(ctx context.Context, program, base, user string, port int) (string, error) {
	// The answers are: address, port, host name, prefix, e-mail address.
	answers := fmt.Sprintf("127.0.0.1\n%d\nlocalhost:%d\n\n\n", port, port)
	if _, err := run(ctx, answers, program, "init", base); err != nil {
		return "", err
	}
	if err := withoutTLS(filepath.Join(base, "server.json")); err != nil {
		return "", err
	}
	// The answers are: login, name, and no further profile.
	out, err := run(ctx, user+"\nAlice Doe\n\n", program, "adduser", base, user)
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`password is (\S+)`).FindSubmatch(out)
	if found == nil {
		return "", fmt.Errorf("snac: no password in what adduser printed: %s", out)
	}
	return string(found[1]), nil
}

func withoutTLS(name string) error {
	raw, err := os.ReadFile(name) //nolint:gosec // The name is ours.
	if err != nil {
		return err
	}
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		return err
	}
	config["protocol"] = "http"
	if raw, err = json.Marshal(config); err != nil {
		return err
	}
	return os.WriteFile(name, raw, 0o600)
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/instance", nil)
		if err != nil {
			return err
		}
		resp, err := (&http.Client{}).Do(req)
		if err == nil {
			_ = resp.Body.Close()
			return nil
		}
		select {
		case <-tick.C:
		case <-s.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stop ends the server. It may be repeated.
func (s *Server) Stop() {
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

func run(ctx context.Context, input, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), args[0], err, out)
	}
	return out, nil
}
