package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
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
	var port int
	acc, err := serviceAccount()
	if err != nil {
		acc = nil // unlike PostgreSQL, Redis runs as anybody
	}
	c := child{acc: acc}
	err = c.run(ctx, func(ctx context.Context) (*exec.Cmd, error) {
		if port, err = freeport.Find(ctx); err != nil {
			return nil, err
		}
		return exec.CommandContext(context.WithoutCancel(ctx), bin, "--port", strconv.Itoa(port),
			"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", "/"), nil
	}, func(ctx context.Context) bool { return pings(ctx, port) })
	if err != nil {
		return "", nil, err
	}
	say("Redis from %s is ready on port %d", bin, port)
	stop := func() {
		c.stop()
		say("Redis is stopped")
	}
	return fmt.Sprintf("redis://127.0.0.1:%d/0", port), stop, nil
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

// pings reports whether a PING to the port is answered.
func pings(ctx context.Context, port int) bool {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
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
