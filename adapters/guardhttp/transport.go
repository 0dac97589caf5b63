package guardhttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// transport bounds what comes back.
type transport struct {
	reads     *http.Transport
	changes   *http.Transport
	userAgent string
	maxBody   int64
	timeout   time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	out := req.Clone(ctx)
	if _, given := out.Header["User-Agent"]; !given {
		out.Header.Set("User-Agent", t.userAgent)
	}
	next := t.changes
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		next = t.reads
	}
	resp, err := next.RoundTrip(out)
	if err != nil {
		cancel(err)
		return nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		cancel(nil)
		return nil, errors.Join(errors.New("guardhttp: the server wants to speak another protocol"), resp.Body.Close())
	}
	if resp.ContentLength > t.maxBody && req.Method != http.MethodHead {
		cancel(nil)
		_ = resp.Body.Close()
		return nil, ErrBodyTooLong
	}
	resp.Request = req
	resp.Body = &body{
		next: resp.Body, left: t.maxBody, timeout: t.timeout, cancel: cancel, cause: func() error { return context.Cause(ctx) },
		alarm: idleTimer(func() { cancel(ErrSilent) }),
	}
	return resp, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (t *transport) CloseIdleConnections() { t.reads.CloseIdleConnections() }

// idleTimer returns a timer that does not run yet.
func idleTimer(f func()) *time.Timer {
	timer := time.AfterFunc(time.Hour, f)
	timer.Stop()
	return timer
}

// body is the body of an answer, with its bounds.
type body struct {
	next    io.ReadCloser
	left    int64
	timeout time.Duration
	alarm   *time.Timer
	cancel  context.CancelCauseFunc
	cause   func() error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	// One byte more than is allowed tells a body that ends at the bound from
	// one that goes on.
	if int64(len(p)) > b.left {
		p = p[:b.left+1]
	}
	b.alarm.Reset(b.timeout)
	n, err := b.next.Read(p)
	b.alarm.Stop()
	if int64(n) > b.left {
		n, b.left = int(b.left), 0
		return n, ErrBodyTooLong
	}
	b.left -= int64(n)
	if err != nil && err != io.EOF && errors.Is(b.cause(), ErrSilent) {
		err = ErrSilent
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.alarm.Stop()
	err := b.next.Close()
	b.cancel(nil)
	return err
}
