package rest_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

func TestRateHeadersAreReported(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		headers []string
		want    *social.Rate
	}{
		"nothing":          {nil, nil},
		"only a limit":     {[]string{"X-RateLimit-Limit", "300"}, nil},
		"no number":        {[]string{"X-RateLimit-Remaining", "many"}, nil},
		"below zero":       {[]string{"X-RateLimit-Remaining", "-1"}, nil},
		"not a number":     {[]string{"X-RateLimit-Remaining", "NaN"}, nil},
		"X, date":          {[]string{"X-RateLimit-Limit", "300", "X-RateLimit-Remaining", "299", "X-RateLimit-Reset", "2026-01-02T03:05:05Z"}, rate(300, 299, time.Minute)},
		"X-Rate, moment":   {[]string{"x-rate-limit-limit", "900", "x-rate-limit-remaining", "847", "x-rate-limit-reset", "1767323105"}, rate(900, 847, time.Minute)},
		"without X":        {[]string{"RateLimit-Limit", "3000", "RateLimit-Remaining", "0", "RateLimit-Reset", "1767323105", "RateLimit-Policy", "3000;w=300"}, rate(3000, 0, time.Minute)},
		"limit and policy": {[]string{"RateLimit-Limit", "100, 100;w=60", "RateLimit-Remaining", "5", "RateLimit-Reset", "7"}, rate(100, 5, 7*time.Second)},
		"reset after":      {[]string{"X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "4", "X-RateLimit-Reset", "1767399999", "X-RateLimit-Reset-After", "0.5"}, rate(5, 4, 500*time.Millisecond)},
		"no reset":         {[]string{"X-RateLimit-Remaining", "4"}, rate(0, 4, 0)},
		"huge":             {[]string{"X-RateLimit-Remaining", "1e300"}, rate(0, 1<<31-1, 0)},
		"one header":       {[]string{"RateLimit", `"default";r=50;t=30`}, rate(0, 50, 30*time.Second)},
		"the tightest":     {[]string{"RateLimit", `"hour";r=50;t=30, "day";r=9;t=4000`}, rate(0, 9, 4000*time.Second)},
		"an older draft":   {[]string{"RateLimit", "limit=100, remaining=50, reset=5"}, rate(100, 50, 5*time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{http.StatusOK, http.StatusTooManyRequests, http.StatusInternalServerError} {
				c := serve(t, answer(status, `{}`, tc.headers...))
				c.Rates = social.ScopeApp
				got := reports(t, c)
				if tc.want == nil && len(got) > 0 || tc.want != nil && (len(got) != 1 || got[0] != *tc.want) {
					t.Errorf("%d: got %+v, want %+v", status, got, tc.want)
				}
				c.Rates = ""
				if got := reports(t, c); len(got) > 0 {
					t.Errorf("got %+v from a client that was not told whose limits these are, want nothing", got)
				}
			}
		})
	}
}

func rate(limit, remaining int, reset time.Duration) *social.Rate {
	return &social.Rate{Scope: social.ScopeApp, Limit: limit, Remaining: remaining, ResetAfter: reset}
}

// reports makes a call and returns what was reported during it.
func reports(t *testing.T, c rest.Client) []social.Rate {
	t.Helper()
	var mu sync.Mutex
	var got []social.Rate
	ctx := social.WithRates(t.Context(), func(r social.Rate) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r)
	})
	_, _ = c.Do(ctx, rest.Request{Method: http.MethodPost, Path: "/a"})
	mu.Lock()
	defer mu.Unlock()
	return got
}

func TestScopeOfARefusalIsThatOfTheHeaders(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status   int
		classify rest.Classify
		want     social.RateScope
	}{
		"by status":     {429, nil, social.ScopeApp},
		"other refusal": {400, nil, ""},
		"the provider knows better": {429, func(int, []byte) *social.Error {
			return &social.Error{Code: social.CodeQuota, Scope: social.ScopeAccount}
		}, social.ScopeAccount},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, answer(tc.status, ""))
			c.Rates, c.Classify = social.ScopeApp, tc.classify
			_, err := c.Do(t.Context(), rest.Request{Method: http.MethodPost, Path: "/a"})
			if e := social.AsError(err); e.Scope != tc.want {
				t.Errorf("got scope %q, want %q", e.Scope, tc.want)
			}
		})
	}
}

func FuzzRateHeader(f *testing.F) {
	f.Add("3", `"default";r=50;t=30`, "30")
	f.Add("", "limit=1, remaining=2, reset=x", "")
	f.Fuzz(func(t *testing.T, remaining, one, reset string) {
		h := http.Header{"X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}, "Ratelimit": {one}}
		if r, ok := rest.RateOf(h, now()); ok && (r.Limit < 0 || r.Remaining < 0 || r.ResetAfter < 0) {
			t.Errorf("got %+v, want nothing below zero", r)
		}
	})
}
