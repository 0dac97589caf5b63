package wake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// LineConfig is what a Line needs. Log is required; the zero value of the others
// is their default.
type LineConfig struct {
	// Name begins the messages, such as "PostgreSQL".
	Name string
	Log  *slog.Logger
	// Backoff is the pause after a connection was lost; each one after it is
	// twice the one before, up to MaxBackoff, and all are up to a quarter longer
	// by chance, so that not all processes come back together. Default 100 ms
	// and 5 s.
	Backoff, MaxBackoff time.Duration
	// Random gives the jitter, from [0, 1). Default: math/rand/v2.
	Random func() float64
}

const (
	defaultBackoff    = 100 * time.Millisecond
	defaultMaxBackoff = 5 * time.Second
	jitter            = 0.25
)

// Line is what the bells over a network have in common: it makes a lost
// connection again, turns many rings into few calls, and knows whether all is
// well. Its Listen and Ready are those of a Bell.
type Line struct {
	cfg LineConfig

	mu        sync.Mutex
	listening int   // how many Listen run
	hearing   int   // how many of them have a connection
	deaf      error // why the last one has none
	unheard   error // of the last ring
}

// NewLine returns a Line. It starts nothing.
func NewLine(cfg LineConfig) (*Line, error) {
	if cfg.Log == nil {
		return nil, errors.New("wake: LineConfig needs Log")
	}
	if cfg.Backoff < 0 || cfg.MaxBackoff < 0 {
		return nil, errors.New("wake: Backoff and MaxBackoff cannot be negative")
	}
	if cfg.Backoff == 0 {
		cfg.Backoff = defaultBackoff
	}
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = max(defaultMaxBackoff, cfg.Backoff)
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	return &Line{cfg: cfg}, nil
}

// Session connects, calls open once it hears, calls heard for every ring, and
// returns when the connection is lost or ctx ends, with the reason. Neither
// function blocks.
type Session func(ctx context.Context, open, heard func()) error

// Listen is that of Bell, over one session after the other.
func (l *Line) Listen(ctx context.Context, woken func(), session Session) {
	rung := make(chan struct{}, 1)
	ring := func() {
		select {
		case rung <- struct{}{}:
		default: // a call that has yet to begin is for this ring, too
		}
	}
	var calls sync.WaitGroup
	calls.Go(func() { call(ctx, rung, woken) })
	defer calls.Wait()
	l.change(func() { l.listening++ })
	defer l.change(func() { l.listening-- })
	for failures := 0; ctx.Err() == nil; {
		opened, err := l.once(ctx, session, ring)
		if ctx.Err() != nil {
			return
		}
		if opened {
			failures = 0
		}
		if failures == 0 {
			l.cfg.Log.WarnContext(ctx, "rings from other processes cannot be heard; workers look at the database by themselves",
				"through", l.cfg.Name, "error", err)
		}
		failures++
		rest(ctx, l.pause(failures))
	}
}

// call calls woken for what was rung until ctx ends.
func call(ctx context.Context, rung <-chan struct{}, woken func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-rung:
		}
		if ctx.Err() == nil {
			woken()
		}
	}
}

// once runs one session. opened reports whether it could hear.
func (l *Line) once(ctx context.Context, session Session, ring func()) (opened bool, err error) {
	err = session(ctx, func() {
		opened = true
		l.change(func() {
			l.hearing++
			l.unheard = nil
		})
		l.cfg.Log.InfoContext(ctx, "rings from other processes are heard", "through", l.cfg.Name)
		ring()
	}, ring)
	if err == nil {
		err = errors.New("the connection ended")
	}
	l.change(func() {
		l.deaf = err
		if opened {
			l.hearing--
		}
	})
	return opened, err
}

func (l *Line) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

// pause is how long to wait after so many failures in a row.
func (l *Line) pause(failures int) time.Duration {
	d := l.cfg.Backoff
	for range failures - 1 {
		if d *= 2; d >= l.cfg.MaxBackoff {
			d = l.cfg.MaxBackoff
			break
		}
	}
	return d + time.Duration(float64(d)*jitter*l.cfg.Random())
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Rung notes how a Ring ended, for Ready, and returns err with what it is about.
func (l *Line) Rung(err error) error {
	l.change(func() { l.unheard = err })
	if err == nil {
		return nil
	}
	return l.unavailable(err)
}

// Ready is that of Bell.
func (l *Line) Ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.hearing < l.listening && l.deaf == nil:
		return l.unavailable(errors.New("not connected yet"))
	case l.hearing < l.listening:
		return l.unavailable(l.deaf)
	case l.unheard != nil:
		return l.unavailable(l.unheard)
	default:
		return nil
	}
}

func (l *Line) unavailable(err error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Code: "bell_unavailable",
		Message: fmt.Sprintf("%s cannot be reached to wake other processes.", l.cfg.Name), Err: err,
	}
}
