package wake_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/ports/wake"
)

var errAway = errors.New("away")

func newLine(t *testing.T, log *slog.Logger) *wake.Line {
	t.Helper()
	l, err := wake.NewLine(wake.LineConfig{
		Name: "The post office", Log: log, Backoff: time.Second, MaxBackoff: 5 * time.Second, Random: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPausesGrowAndStartAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		var tries []time.Duration
		var calls []time.Duration
		newLine(t, slog.New(slog.DiscardHandler)).Listen(ctx, func() { calls = append(calls, time.Since(begin)) },
			func(ctx context.Context, open, _ func()) error {
				tries = append(tries, time.Since(begin))
				switch len(tries) {
				case 5: // it works for ten seconds
					open()
					time.Sleep(10 * time.Second)
					return errAway
				case 8:
					open()
					<-ctx.Done()
				}
				return errAway
			})
		s := time.Second
		if want := []time.Duration{0, s, 3 * s, 7 * s, 12 * s, 23 * s, 25 * s, 29 * s}; !slices.Equal(tries, want) {
			t.Errorf("tries: got %v, want %v", tries, want)
		}
		if want := []time.Duration{12 * s, 29 * s}; !slices.Equal(calls, want) {
			t.Errorf("calls: got %v, want %v", calls, want)
		}
	})
}

func TestAnOutageIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		tries := 0
		newLine(t, slog.New(slog.NewTextHandler(&out, nil))).Listen(ctx, func() {}, func(ctx context.Context, open, _ func()) error {
			if tries++; tries == 4 {
				open()
				<-ctx.Done()
			}
			return errAway
		})
		if n, m := strings.Count(out.String(), "level=WARN"), strings.Count(out.String(), "level=INFO"); n != 1 || m != 1 {
			t.Errorf("got %s, want one warning and one line that it works", &out)
		}
	})
}

func TestReadySaysWhyNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, slog.New(slog.DiscardHandler))
		want := func(when string, want error, text string) {
			t.Helper()
			synctest.Wait()
			if err := l.Ready(); !errors.Is(err, want) || err != nil && !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v, want %v with %q", when, err, want, text)
			}
		}
		want("nothing was tried", nil, "")
		if err := l.Rung(errAway); !errors.Is(err, errAway) {
			t.Errorf("Rung: got %v, want the error in it", err)
		}
		want("a ring failed", errAway, "The post office")
		if err := l.Rung(nil); err != nil {
			t.Errorf("Rung: got %v, want nil", err)
		}
		want("a ring went out", nil, "")
		ctx, stop := context.WithCancel(t.Context())
		step := make(chan error)
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.Listen(ctx, func() {}, func(_ context.Context, open, _ func()) error {
				if err := <-step; err != nil {
					return err
				}
				open()
				return <-step
			})
		}()
		synctest.Wait()
		if l.Ready() == nil {
			t.Error("before the connection: got nil, want an error")
		}
		_ = l.Rung(errAway)
		step <- nil
		want("connected", nil, "")
		step <- errAway
		want("lost", errAway, "The post office")
		time.Sleep(time.Minute)
		step <- nil
		want("connected again", nil, "")
		stop()
		step <- ctx.Err()
		<-done
		want("no longer listening", nil, "")
	})
}

func TestNewLineSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]wake.LineConfig{
		"needs Log":          {},
		"cannot be negative": {Backoff: -1, Log: slog.New(slog.DiscardHandler)},
	} {
		if _, err := wake.NewLine(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}
