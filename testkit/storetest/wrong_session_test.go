package storetest_test

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// undying takes a session for living a moment too long.
type undying struct{ store.Sessions }

func (s undying) Member(ctx context.Context, id domain.SessionID, user domain.UserID, org domain.OrganizationID, now time.Time) (domain.Member, error) {
	return s.Sessions.Member(ctx, id, user, org, now.Add(-time.Microsecond))
}

type upsideDown struct{ store.Sessions }

func (s upsideDown) OfUser(ctx context.Context, user domain.UserID, now time.Time) ([]domain.Session, error) {
	out, err := s.Sessions.OfUser(ctx, user, now)
	slices.Reverse(out)
	return out, err
}

// sparing revokes nothing but says so, merciless spares nobody.
type sparing struct{ store.Sessions }

func (s sparing) RevokeOf(ctx context.Context, user domain.UserID, except domain.SessionID, now time.Time) (int, error) {
	all, err := s.OfUser(ctx, user, now)
	n := len(all)
	if except != "" {
		n--
	}
	return n, err
}

type merciless struct{ store.Sessions }

func (s merciless) RevokeOf(ctx context.Context, user domain.UserID, _ domain.SessionID, now time.Time) (int, error) {
	return s.Sessions.RevokeOf(ctx, user, "", now)
}

type keepsSessions struct{ store.Sessions }

func (keepsSessions) Purge(context.Context, time.Time) error { return nil }

// forgetful strikes lose what was written at the same time.
type forgetful struct{ store.Strikes }

func (s forgetful) Update(ctx context.Context, key string, change func(*domain.Strikes) error) (domain.Strikes, error) {
	v, err := s.Strikes.Update(ctx, key, func(*domain.Strikes) error { return nil })
	if err != nil {
		return v, err
	}
	if err := change(&v); err != nil {
		return v, err
	}
	for range 100 {
		runtime.Gosched() // so that others come between
	}
	return s.Strikes.Update(ctx, key, func(now *domain.Strikes) error { *now = v; return nil })
}

type keepsStrikes struct{ store.Strikes }

func (keepsStrikes) Purge(context.Context, time.Time) error { return nil }

// stubborn counts what change refused.
type stubborn struct{ store.Strikes }

func (s stubborn) Update(ctx context.Context, key string, change func(*domain.Strikes) error) (domain.Strikes, error) {
	var failed error
	v, err := s.Strikes.Update(ctx, key, func(now *domain.Strikes) error { failed = change(now); return nil })
	if failed != nil {
		return v, failed
	}
	return v, err
}

type keepsFactors struct{ store.SecondFactors }

func (keepsFactors) Delete(context.Context, domain.UserID) error { return nil }
