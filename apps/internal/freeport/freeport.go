// Package freeport finds a port for a server that a program starts for itself.
package freeport

import (
	"context"
	"net"
)

// Find returns a port of the loopback interface that nobody listens on just now.
func Find(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
