// Package peers holds what the launchers of servers that others wrote share.
package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// FreePorts finds n ports of the loopback interface that nobody listens on just
// now.
func FreePorts(ctx context.Context, n int) ([]int, error) {
	var out []int
	var config net.ListenConfig
	for range n {
		l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		// All stay open until all are found, so that none is found twice.
		defer func() { _ = l.Close() }()
		_, text, err := net.SplitHostPort(l.Addr().String())
		port, numErr := strconv.Atoi(text)
		if err := errors.Join(err, numErr); err != nil {
			return nil, err
		}
		out = append(out, port)
	}
	return out, nil
}

// fetchTime bounds a program that gets something from other people's servers.
const fetchTime = 5 * time.Minute

// Fetch runs a program that gets something from other people's servers, in dir,
// for five minutes at most. Its error ends with what the program said last.
func Fetch(ctx context.Context, dir, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	var out Tail
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.WaitDelay = time.Second // What it started may hold its output open.
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out.String())
	}
	return nil
}

// TailBytes is how much a Tail keeps.
const TailBytes = 16 << 10

// Tail keeps the end of what is written to it. It is safe for concurrent use.
type Tail struct {
	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer. It never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - TailBytes; n > 0 {
		t.buf = bytes.Clone(t.buf[n:])
	}
	return len(p), nil
}

// String is what was kept.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
