package domain_test

import (
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
)

func TestRefreshTime(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	cases := map[string]struct{ life, want time.Duration }{
		"60 days: seven days ahead":       {60 * day, 53 * day},
		"9 days: after two thirds":        {9 * day, 6 * day},
		"an hour: after two thirds":       {time.Hour, 40 * time.Minute},
		"12 minutes: five minutes ahead":  {12 * time.Minute, 7 * time.Minute},
		"6 minutes: after half":           {6 * time.Minute, 3 * time.Minute},
		"20 seconds: not in a circle":     {20 * time.Second, 30 * time.Second},
		"ended at once: not in a circle":  {0, 30 * time.Second},
		"ended before: not in a circle":   {-time.Hour, 30 * time.Second},
		"a year: seven days ahead":        {365 * day, 358 * day},
		"three weeks: after two thirds":   {21 * day, 14 * day},
		"22.5 days: seven days too early": {540 * time.Hour, 540*time.Hour - 7*day},
	}
	for name, tc := range cases {
		if got := domain.RefreshTime(issued, issued.Add(tc.life)); !got.Equal(issued.Add(tc.want)) {
			t.Errorf("%s: got %s after the issue, want %s", name, got.Sub(issued), tc.want)
		}
	}
	if got := domain.RefreshTime(issued, time.Time{}); !got.IsZero() {
		t.Errorf("without an end: got %s, want none", got)
	}
}

func TestFailedRenewalsWaitLongerButNotBeyondTheEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ends := now.Add(3 * time.Minute)
	c := domain.Channel{State: domain.ChannelActive, SecretExpires: ends, RefreshAt: now}
	for i, want := range []time.Duration{30 * time.Second, time.Minute} {
		if c.RenewalFailed("Down.", 0, now); !c.RefreshAt.Equal(now.Add(want)) || c.RefreshFailures != i+1 {
			t.Errorf("failure %d: got the next in %s, want in %s", i+1, c.RefreshAt.Sub(now), want)
		}
	}
	if c.RenewalFailed("Slow.", time.Hour, now); !c.RefreshAt.Equal(ends) {
		t.Errorf("asked to wait for an hour: got %s, want the end", c.RefreshAt)
	}
	for range 100 {
		c.RenewalFailed("Down.", 0, ends)
	}
	if !c.RefreshAt.Equal(ends.Add(time.Hour)) {
		t.Errorf("after the end: got the next in %s, want in an hour", c.RefreshAt.Sub(ends))
	}
}
