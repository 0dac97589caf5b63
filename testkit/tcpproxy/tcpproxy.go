// Package tcpproxy stands between a program and its server in tests, so that the
// server can go away and come back while its address stays.
package tcpproxy

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy hands connections on to a server while it is up. While it is down its
// address refuses them. It is safe for concurrent use.
type Proxy struct {
	t      testing.TB
	server string
	addr   string

	mu    sync.Mutex
	ln    net.Listener
	conns map[net.Conn]bool
	work  sync.WaitGroup
}

// New returns a Proxy for the server at an address such as "127.0.0.1:5432". It
// is down, on a free port of the loopback interface that is its own until the
// test ends.
func New(t testing.TB, server string) *Proxy {
	t.Helper()
	p := &Proxy{t: t, server: server, addr: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	p.Up()
	p.addr = p.ln.Addr().String()
	p.Down()
	t.Cleanup(func() {
		p.Down()
		p.work.Wait()
	})
	return p
}

// Addr is where the proxy is, such as "127.0.0.1:40001".
func (p *Proxy) Addr() string { return p.addr }

// Up begins to take connections.
func (p *Proxy) Up() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln != nil {
		return
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(p.t.Context(), "tcp", p.addr)
	if err != nil {
		p.t.Errorf("the proxy cannot listen again: %v", err)
		return
	}
	p.ln = ln
	p.work.Go(func() { p.accept(ln) })
}

// Down breaks all connections and takes no more.
func (p *Proxy) Down() {
	p.mu.Lock()
	if p.ln != nil {
		_ = p.ln.Close()
		p.ln = nil
	}
	p.mu.Unlock()
	p.Break()
}

// Break breaks all connections; new ones are taken as before.
func (p *Proxy) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

func (p *Proxy) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(ln, c) })
	}
}

// serve copies both ways until either end closes.
func (p *Proxy) serve(ln net.Listener, c net.Conn) {
	s, err := net.Dial("tcp", p.server) //nolint:noctx // it ends with the connection
	if err != nil {
		_ = c.Close()
		return
	}
	if !p.keep(ln, c, s) {
		return
	}
	done := make(chan struct{}, 1)
	var copies sync.WaitGroup
	for _, ends := range [][2]net.Conn{{c, s}, {s, c}} {
		copies.Go(func() {
			_, _ = io.Copy(ends[0], ends[1]) // broken connections are the point
			select {
			case done <- struct{}{}:
			default:
			}
		})
	}
	<-done
	p.mu.Lock()
	for _, end := range []net.Conn{c, s} {
		_ = end.Close()
		delete(p.conns, end)
	}
	p.mu.Unlock()
	copies.Wait()
}

// keep notes two ends, unless the proxy went down meanwhile.
func (p *Proxy) keep(ln net.Listener, ends ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, end := range ends {
		if p.ln != ln {
			_ = end.Close()
			continue
		}
		p.conns[end] = true
	}
	return p.ln == ln
}
