package client

import (
	"context"
	"sync"
	"time"
)

// Credentials say who makes a call.
type Credentials interface {
	// Token returns what goes behind the word Bearer in the header Authorization.
	// It is asked before every call, by several goroutines at once.
	Token(ctx context.Context) (string, error)
}

// APIKey is the key of a program, or an access token that nobody renews.
type APIKey string

// Token implements Credentials.
func (k APIKey) Token(context.Context) (string, error) { return string(k), nil }

// renewBefore is how long before its end an access token is replaced.
const renewBefore = time.Minute

// Renewer is a sign-in that lasts: it replaces the access token shortly before
// it ends. A refresh token works once, so one sign-in needs one Renewer, shared
// by all that use it.
type Renewer struct {
	client *Client
	now    func() time.Time
	keep   func(Session)

	mu      sync.Mutex
	session Session
	ends    time.Time
}

// NewRenewer goes on with a session that c.Register, c.Login or c.Refresh
// answered with just now.
func NewRenewer(c *Client, s Session, opts ...RenewerOption) *Renewer {
	r := &Renewer{client: c.As(nil), now: time.Now, keep: func(Session) {}}
	for _, o := range opts {
		o(r)
	}
	r.take(s)
	return r
}

// RenewerOption changes a Renewer.
type RenewerOption func(*Renewer)

// OnRenewal has keep called with every new session, before it is used, so that
// a program can keep the newest refresh token over a restart.
func OnRenewal(keep func(Session)) RenewerOption { return func(r *Renewer) { r.keep = keep } }

// Clock replaces time.Now.
func Clock(now func() time.Time) RenewerOption { return func(r *Renewer) { r.now = now } }

// Session returns the newest one.
func (r *Renewer) Session() Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session
}

// Token implements Credentials. One goroutine renews; the others wait for it.
// Where that fails the token is used as long as it lasts.
func (r *Renewer) Token(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Without the monotonic clock, which stands still while a computer sleeps.
	left := r.ends.Sub(r.now().Round(0))
	if left > renewBefore {
		return r.session.AccessToken, nil
	}
	s, err := r.client.Refresh(ctx, Refresh{RefreshToken: r.session.RefreshToken})
	switch {
	case err == nil:
		r.take(*s)
		r.keep(*s)
	case left <= 0:
		return "", err
	}
	return r.session.AccessToken, nil
}

func (r *Renewer) take(s Session) {
	r.session, r.ends = s, r.now().Round(0).Add(time.Duration(s.ExpiresIn)*time.Second)
}
