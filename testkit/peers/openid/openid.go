// Package openid starts a real OpenID provider, the certified one of Zitadel
// with its example storage, for tests that ask what their own stand-ins cannot:
// whether somebody else's reading of the standard agrees.
//
// It is built from server/, a module of its own, with the go command, in exactly
// the versions of its go.sum. It knows one client and one person.
package openid

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/peers"
)

// The one client of the provider, and the one person.
const (
	ClientID     = "crier"
	ClientSecret = "secret"
	Email        = "test-user@zitadel.ch"
	username     = "test-user@localhost"
	password     = "verysecure"
)

// ErrUnavailable says that the provider cannot be had here, such as where its
// modules cannot be downloaded. It wraps the reason.
var ErrUnavailable = errors.New("openid: the provider cannot be had here")

const startTime = 30 * time.Second

// Server is a running provider.
type Server struct {
	// Issuer is its address: "http://localhost:9998/".
	Issuer string

	redirect string
	input    io.Closer
	done     chan struct{}
	out      *peers.Tail
}

// Start builds the provider into dir and runs it. redirect is the one address
// that its client may have people sent back to. The caller must call Stop.
// Errors that wrap ErrUnavailable are no fault of the program tested.
func Start(ctx context.Context, dir, redirect string) (*Server, error) {
	bin := filepath.Join(dir, "openid-server")
	source, err := sourceDir()
	if err != nil {
		return nil, err
	}
	if err := peers.Fetch(ctx, source, "go", "build", "-o", bin, "."); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ports, err := peers.FreePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	// The provider outlives the context of its start: Stop ends it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), bin, strconv.Itoa(ports[0]), redirect)
	s := &Server{Issuer: fmt.Sprintf("http://localhost:%d/", ports[0]), redirect: redirect, done: make(chan struct{}), out: &peers.Tail{}}
	cmd.Stderr = s.out
	stdin, inErr := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	s.input = stdin
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ready := make(chan bool, 1)
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(stdout)
		ready <- lines.Scan() && lines.Text() == "ready"
		_, _ = io.Copy(s.out, stdout)
		_ = cmd.Wait()
	}()
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case ok := <-ready:
		if ok {
			return s, nil
		}
	case <-timer.C:
	}
	s.Stop()
	return nil, fmt.Errorf("openid: the provider did not become ready\n%s", s.out)
}

// Stop ends the provider and waits for its end. It may be repeated.
func (s *Server) Stop() {
	_ = s.input.Close()
	<-s.done
}

// Approve is the one person at the provider: it follows address in a browser of
// its own, signs in, and returns the address that they are sent back to.
func (s *Server) Approve(ctx context.Context, address string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	var back string
	browser := &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), s.redirect) {
			back = req.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page, err := visit(ctx, browser, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	form := url.Values{"username": {username}, "password": {password}, "id": {page.Query().Get("authRequestID")}}
	if _, err := visit(ctx, browser, http.MethodPost, page.String(), form); err != nil {
		return "", err
	}
	if back == "" {
		return "", fmt.Errorf("openid: the person was not sent back\n%s", s.out)
	}
	return back, nil
}

// visit returns the address at which it ends.
func visit(ctx context.Context, browser *http.Client, method, address string, form url.Values) (*url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := browser.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("openid: %s answered %d", res.Request.URL.Path, res.StatusCode)
	}
	return res.Request.URL, nil
}

// sourceDir finds the module of the provider in this repository: tests run in
// the folder of their package.
func sourceDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		source := filepath.Join(dir, "testkit", "peers", "openid", "server")
		if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
			return source, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%w: its source is not above this folder", ErrUnavailable)
		}
		dir = parent
	}
}
