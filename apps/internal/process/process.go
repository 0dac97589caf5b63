// Package process is what the programs have in common: reading the settings,
// listening, and stopping in an orderly way. What is wrong before the start is
// one clear line on standard error (one for each setting) and the exit code 2.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/wire"
	"github.com/crierhq/crier/core"
)

// The exit codes.
const (
	ExitOK    = 0
	ExitError = 1 // it ran and failed
	ExitSetup = 2 // it cannot start like this
)

// Program is a program that was started.
type Program struct {
	// Name begins its messages.
	Name     string
	Environ  []string
	ReadFile func(string) ([]byte, error)
	Stdout   io.Writer
	Stderr   io.Writer
}

// Command runs the subcommand that args begins with. ok is false for one that
// there is not.
func (p Program) Command(ctx context.Context, args []string) (code int, ok bool) {
	switch args[0] {
	case "doctor":
		return p.doctor(ctx, args[1:]), true
	case "config":
		return p.showConfig(), true
	case "version":
		_, _ = fmt.Fprintln(p.Stdout, Version())
		return ExitOK, true
	case "health":
		return p.health(ctx), true
	default:
		return ExitSetup, false
	}
}

// Version says what was built, from what and with what.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "crier (unknown build)"
	}
	out := "crier " + info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			out += " " + s.Value
		}
	}
	return out + " " + info.GoVersion
}

// Config reads the settings, those of the providers included.
func (p Program) Config() (config.Config, error) {
	cfg, err := config.Load(p.Environ, p.ReadFile)
	own, _ := errors.AsType[config.Problems](err)
	theirs, typos := wire.CheckProviders(p.Environ, p.ReadFile, &cfg)
	if problems := append(own, theirs...); len(problems) > 0 {
		return cfg, problems
	}
	cfg.Warnings = append(cfg.Warnings, missing(typos, cfg.Warnings)...)
	return cfg, err
}

func missing(all, known []string) []string {
	var out []string
	for _, s := range all {
		if !strings.Contains(strings.Join(known, "\n"), s) {
			out = append(out, s)
		}
	}
	return out
}

func (p Program) showConfig() int {
	cfg, err := p.Config()
	if err != nil {
		return p.Refuse(err)
	}
	_, _ = fmt.Fprint(p.Stdout, cfg.String())
	for _, w := range cfg.Warnings {
		_, _ = fmt.Fprintln(p.Stderr, "warning:", w)
	}
	return ExitOK
}

// Refuse says why the program cannot start.
func (p Program) Refuse(err error) int {
	text := err.Error()
	if _, ok := errors.AsType[config.Problems](err); !ok {
		text = strings.Join(strings.Fields(text), " ")
	}
	_, _ = fmt.Fprintf(p.Stderr, "%s: %s\n", p.Name, text)
	return ExitSetup
}

// Log is the logger that the settings ask for.
func (p Program) Log(cfg config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Level)) // was checked; info otherwise
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Format == config.LogJSON {
		return slog.New(slog.NewJSONHandler(p.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(p.Stderr, opts))
}

// Options say what a program does beside serving.
type Options struct {
	// Listen is the address to serve on; empty: none.
	Listen string
	// HealthOnly serves nothing but /livez and /readyz there.
	HealthOnly bool
	// Work is whether it publishes what is due.
	Work bool
	// Ready is called once everything is there. It may be nil.
	Ready func(ctx context.Context, app *wire.App, cfg config.Config)
	// Adjust and Simulator are those of wire.Environment. They may be zero.
	Adjust    func(*core.Config)
	Simulator netip.AddrPort
}

func (o Options) handler(app http.Handler) http.Handler {
	if !o.HealthOnly {
		return app
	}
	mux := http.NewServeMux()
	mux.Handle("/livez", app)
	mux.Handle("/readyz", app)
	return mux
}

// Main runs the program until it is told to stop, and returns its exit code.
func (p Program) Main(ctx context.Context, cfg config.Config, opts Options) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	log := p.Log(cfg.Log)
	for _, w := range cfg.Warnings {
		log.WarnContext(ctx, w)
	}
	var ln net.Listener
	if opts.Listen != "" {
		var err error
		if ln, err = (&net.ListenConfig{}).Listen(ctx, "tcp", opts.Listen); err != nil {
			return p.Refuse(fmt.Errorf("cannot listen on %s (see PORT and BIND_ADDRESS): %w", opts.Listen, err))
		}
		defer ln.Close() //nolint:errcheck // the server has closed it already, unless it never began
		nameFreePort(&cfg, ln)
	}
	redis.SetLogger(redisLog{log}) // else it prints to standard error by itself
	app, err := wire.Build(ctx, cfg, wire.Environment{
		Environ: p.Environ, ReadFile: p.ReadFile, Log: log, Adjust: opts.Adjust, Simulator: opts.Simulator,
	})
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled):
		log.InfoContext(ctx, "stopped while it was starting")
		return ExitOK
	case err != nil:
		return p.Refuse(err)
	}
	err = run(ctx, stop, app, cfg, ln, log, opts)
	if err := errors.Join(err, app.Close()); err != nil {
		_, _ = fmt.Fprintf(p.Stderr, "%s: %s\n", p.Name, strings.Join(strings.Fields(err.Error()), " "))
		return ExitError
	}
	return ExitOK
}

// redisLog gets what the client of Redis says by itself. What comes of it is
// said where Redis is used.
type redisLog struct{ log *slog.Logger }

// Printf implements the logger of go-redis.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, fmt.Sprintf(format, args...), "component", "redis")
}

// nameFreePort puts the port that was taken into the public address, where the
// settings leave both open.
func nameFreePort(cfg *config.Config, ln net.Listener) {
	addr, ok := ln.Addr().(*net.TCPAddr)
	if ok && cfg.Server.Port == 0 && cfg.Server.PublicURL == "http://localhost:0" {
		cfg.Server.PublicURL = fmt.Sprintf("http://localhost:%d", addr.Port)
	}
}

// run serves and works side by side. Whatever ends first ends the other.
func run(ctx context.Context, stop func(), app *wire.App, cfg config.Config, ln net.Listener, log *slog.Logger, opts Options) error {
	served := make(chan error, 1)
	if ln == nil {
		log.InfoContext(ctx, "working", "version", Version())
		served <- nil
	} else {
		log.InfoContext(ctx, "listening", "address", ln.Addr().String(), "url", cfg.Server.PublicURL, "version", Version(), "worker", opts.Work)
		go func() {
			err := serve(ctx, opts.handler(app), ln, cfg.Server.ShutdownTimeout, log)
			if err != nil {
				stop()
			}
			served <- err
		}()
	}
	err := app.Run(ctx, opts.Work, func(ctx context.Context) {
		if opts.Ready != nil {
			go opts.Ready(ctx, app, cfg)
		}
	})
	stop()
	err = errors.Join(err, <-served)
	log.Info("stopped")
	return err
}

const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// serve answers requests until ctx ends, and then lets those under way finish.
// There is no time limit for answers: a large file may take as long as it does.
func serve(ctx context.Context, h http.Handler, ln net.Listener, grace time.Duration, log *slog.Logger) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.With("component", "http").Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping; open requests and publications may finish", "timeout", grace.String())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		log.Warn("requests were cut off", "error", err)
		return srv.Close()
	}
	return nil
}

// health asks the program that runs with the same settings whether it is ready.
func (p Program) health(ctx context.Context) int {
	cfg, err := p.Config()
	if err != nil {
		return p.Refuse(err)
	}
	host := cfg.Server.BindAddress
	addr := cfg.Server.Address()
	if host.IsUnspecified() {
		loopback := map[bool]string{true: "127.0.0.1", false: "::1"}[host.Is4()]
		addr = net.JoinHostPort(loopback, fmt.Sprint(cfg.Server.Port))
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return p.Refuse(err)
	}
	res, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		_, _ = fmt.Fprintf(p.Stderr, "%s: %s\n", p.Name, err)
		return ExitError
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	body, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	_, _ = fmt.Fprintln(p.Stdout, strings.TrimSpace(string(body)))
	if res.StatusCode != http.StatusOK {
		return ExitError
	}
	return ExitOK
}
