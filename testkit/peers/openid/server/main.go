// Command server is the certified OpenID provider of Zitadel with its example
// storage, for tests. It is a module of its own, so that nothing of it ends up
// in a program.
//
//	server PORT REDIRECT_URI
//
// It listens on loopback, prints "ready", and ends when its input does.
package main

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: server PORT REDIRECT_URI")
	}
	port, redirect := os.Args[1], os.Args[2]
	issuer := "http://localhost:" + port + "/"
	storage.RegisterClients(storage.WebClient("crier", "secret", redirect))
	st := storage.NewStorage(storage.NewUserStore(issuer))
	handler := exampleop.SetupServer(issuer, st, slog.New(slog.NewTextHandler(os.Stderr, nil)), false)
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("ready")
	log.Fatal((&http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}).Serve(listener))
}
