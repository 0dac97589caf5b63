// Package pgwake is a wake.Bell through LISTEN and NOTIFY of PostgreSQL:
// https://www.postgresql.org/docs/current/sql-notify.html. It has up to two
// connections of its own: one that listens, and one that rings while it is
// needed.
//
// A ring is a transaction of its own, after the commit of what it is for.
// Inside of that it would cost nothing more at first, but commits that notify
// wait for each other in the whole server, so a burst of posts would be as slow
// as one by one.
package pgwake

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/crierhq/crier/ports/wake"
)

// Config is what a Bell needs. URL and Log are required; the zero value of the
// others is their default.
type Config struct {
	// URL is "postgres://user:password@host:port/name?options". A pooler that
	// gives each transaction another connection does not bring notifications:
	// name the server itself here.
	URL string
	Log *slog.Logger
	// Channel is the channel of PostgreSQL, which is one of the database,
	// whatever the schema. Default "crier_wake".
	Channel string
	// Backoff and MaxBackoff are those of wake.LineConfig.
	Backoff, MaxBackoff time.Duration
	// Quiet is how long nothing may be heard before the connection is tried.
	// Default 1 min.
	Quiet time.Duration
}

const (
	defaultChannel = "crier_wake"
	defaultQuiet   = time.Minute
	maxIdle        = 5 * time.Minute
	// answer bounds the wait for an answer of the server.
	answer = 5 * time.Second
)

// Bell is a wake.Bell through PostgreSQL. It must be closed.
type Bell struct {
	*wake.Line
	cfg  Config
	conn *pgx.ConnConfig
	// ring has the connection that rings.
	ring *sql.DB
}

var _ wake.Bell = (*Bell)(nil)

// New returns a Bell. It starts nothing and does not call the server.
func New(cfg Config) (*Bell, error) {
	var problems []error
	conn, err := pgx.ParseConfig(cfg.URL)
	if cfg.URL == "" || err != nil {
		problems = append(problems, errors.New("pgwake: Config needs a URL that looks like postgres://user:password@host:5432/name"))
	}
	if cfg.Quiet < 0 {
		problems = append(problems, errors.New("pgwake: Quiet of Config cannot be negative"))
	}
	line, err := wake.NewLine(wake.LineConfig{Name: "PostgreSQL", Log: cfg.Log, Backoff: cfg.Backoff, MaxBackoff: cfg.MaxBackoff})
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	if cfg.Channel == "" {
		cfg.Channel = defaultChannel
	}
	if cfg.Quiet == 0 {
		cfg.Quiet = defaultQuiet
	}
	// A prepared statement would be of no use, and poolers dislike them.
	conn.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "crier-wake"
	}
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = answer
	}
	b := &Bell{Line: line, cfg: cfg, conn: conn, ring: stdlib.OpenDB(*conn)}
	b.ring.SetMaxOpenConns(1)
	b.ring.SetConnMaxIdleTime(maxIdle)
	return b, nil
}

// Close closes the connection that rings. Every Listen must have returned.
func (b *Bell) Close() error { return b.ring.Close() }

// Ring implements wake.Bell.
func (b *Bell) Ring(ctx context.Context) error { return b.Rung(b.notify(ctx, "")) }

// notify may be repeated, so a connection that was lost while it was idle is
// tried anew.
func (b *Bell) notify(ctx context.Context, payload string) error {
	const query = "SELECT pg_notify($1, $2)"
	_, err := b.ring.ExecContext(ctx, query, b.cfg.Channel, payload)
	if err != nil && ctx.Err() == nil {
		_, err = b.ring.ExecContext(ctx, query, b.cfg.Channel, payload)
	}
	return err
}

// Listen implements wake.Bell.
func (b *Bell) Listen(ctx context.Context, woken func()) { b.Line.Listen(ctx, woken, b.session) }

// session hears until the connection is lost.
func (b *Bell) session(ctx context.Context, open, heard func()) error {
	conn, err := pgx.ConnectConfig(ctx, b.conn.Copy())
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answer)
		defer cancel()
		_ = conn.Close(ctx) // the connection is given up, whatever comes of it
	}()
	limited, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	if _, err := conn.Exec(limited, "LISTEN "+pgx.Identifier{b.cfg.Channel}.Sanitize()); err != nil {
		return err
	}
	if err := b.try(ctx, conn, heard); err != nil {
		return err
	}
	open()
	for {
		payload, err := next(ctx, conn, b.cfg.Quiet)
		switch {
		case err == nil && payload == "":
			heard()
		case errors.Is(err, errSilence):
			if err := b.try(ctx, conn, heard); err != nil {
				return err
			}
		case err != nil:
			return err
		}
	}
}

// errSilence says that nothing came in time.
var errSilence = errors.New("pgwake: nothing was heard")

// next waits for a notification.
func next(ctx context.Context, conn *pgx.Conn, limit time.Duration) (payload string, err error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	n, err := conn.WaitForNotification(limited)
	switch {
	case err == nil:
		return n.Payload, nil
	case ctx.Err() == nil && limited.Err() != nil && !conn.IsClosed():
		return "", errSilence
	default:
		return "", err
	}
}

// try sends a word that nobody else knows and waits until it comes back: only
// that proves that rings are heard, because a pooler takes a LISTEN and then
// brings nothing.
func (b *Bell) try(ctx context.Context, conn *pgx.Conn, heard func()) error {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	word := rand.Text()
	if err := b.notify(ctx, word); err != nil {
		return err
	}
	for {
		payload, err := next(ctx, conn, answer)
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("the server does not bring notifications; is a pooler between? %w", errSilence)
		case err != nil:
			return err
		case payload == word:
			return nil
		case payload == "":
			heard()
		}
	}
}
