package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

// plays answers every request with what it says for its path and query.
type plays func(*http.Request) (int, http.Header, string)

// RoundTrip implements http.RoundTripper.
func (p plays) RoundTrip(r *http.Request) (*http.Response, error) {
	status, h, body := p(r)
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func api(p plays) graph.API {
	return graph.API{
		HTTP: &http.Client{Transport: p}, Name: "Murmur", Base: "https://graph.example", Version: "v25.0", Secret: "s",
		Now:   func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Rules: []graph.Rule{{Subcode: 777, Means: social.CodeQuota, Message: "Enough for today.", Wait: time.Hour}},
	}
}

func TestCallProvesTheAppAndHidesTheToken(t *testing.T) {
	t.Parallel()
	a := api(func(r *http.Request) (int, http.Header, string) {
		if r.URL.Path != "/v25.0/me" || r.Header.Get("Authorization") != "Bearer token" || strings.Contains(r.URL.RawQuery, "token") {
			t.Errorf("got %s with %q", r.URL, r.Header.Get("Authorization"))
		}
		// printf token | openssl dgst -sha256 -hmac s
		if got, want := r.URL.Query().Get("appsecret_proof"), graph.Proof("token", "s"); got != want || len(got) != 64 {
			t.Errorf("got the proof %q, want %q", got, want)
		}
		return 200, nil, `{"id":"1"}`
	})
	q := url.Values{"fields": {"id"}}
	if _, err := a.Call(t.Context(), "token", rest.Request{Method: http.MethodGet, Path: "/me", Query: q}); err != nil {
		t.Fatal(err)
	}
	if len(q) != 1 {
		t.Errorf("got %v, want the query of the caller as it was", q)
	}
}

func TestErrorsAreReadByCodeAndSubcode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, body string
		status       int
		want         social.Code
		scope        social.RateScope
	}{
		"expired":      {"POST", `{"error":{"code":190,"error_subcode":463,"message":"x"}}`, 400, social.CodeAuthExpired, ""},
		"removed":      {"POST", `{"error":{"code":190,"error_subcode":458,"message":"x"}}`, 400, social.CodeAuthRevoked, ""},
		"any 190":      {"POST", `{"error":{"code":190,"message":"x"}}`, 401, social.CodeAuthRevoked, ""},
		"session":      {"POST", `{"error":{"code":102,"message":"x"}}`, 400, social.CodeAuthRevoked, ""},
		"permission":   {"POST", `{"error":{"code":200,"message":"x"}}`, 403, social.CodeScopeMissing, ""},
		"app limit":    {"POST", `{"error":{"code":4,"message":"x"}}`, 400, social.CodeRateLimited, social.ScopeApp},
		"business":     {"POST", `{"error":{"code":80002,"message":"x"}}`, 400, social.CodeRateLimited, ""},
		"unknown post": {"POST", `{"error":{"code":1,"message":"x"}}`, 500, social.CodeOutcomeUnknown, ""},
		"unknown get":  {"GET", `{"error":{"code":2,"message":"x"}}`, 500, social.CodeUnavailable, ""},
		"transient":    {"POST", `{"error":{"code":9999,"is_transient":true,"message":"x"}}`, 400, social.CodeOutcomeUnknown, ""},
		"duplicate":    {"POST", `{"error":{"code":506,"message":"x"}}`, 400, social.CodeDuplicate, ""},
		"blocked":      {"POST", `{"error":{"code":368,"message":"x"}}`, 400, social.CodeAccountBlocked, ""},
		"parameter":    {"POST", `{"error":{"code":100,"message":"x"}}`, 400, social.CodeRejected, ""},
		"own rule":     {"POST", `{"error":{"code":190,"error_subcode":777,"message":"x"}}`, 400, social.CodeQuota, ""},
		"oauth form":   {"POST", `{"error_type":"OAuthException","code":400,"error_message":"no"}`, 400, social.CodeRejected, ""},
		"file, later":  {"POST", `{"debug_info":{"retriable":true,"message":"x"}}`, 400, social.CodeUnavailable, ""},
		"file, never":  {"POST", `{"debug_info":{"retriable":false,"message":"x"}}`, 400, social.CodeRejected, ""},
		"no error":     {"POST", `{}`, 500, social.CodeOutcomeUnknown, ""},
		"no json":      {"POST", `<html>`, 400, social.CodeRejected, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := api(func(*http.Request) (int, http.Header, string) { return c.status, nil, c.body })
			_, err := a.Call(t.Context(), "token", rest.Request{Method: c.method, Path: "/x"})
			e, ok := errors.AsType[*social.Error](err)
			if !ok || e.Code != c.want || e.Scope != c.scope || e.Message == "" {
				t.Errorf("got %+v, want %s of %q", e, c.want, c.scope)
			}
		})
	}
}

func TestGoneIsToldFromRefused(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"error":{"code":100,"error_subcode":33,"message":"x"}}`: true,
		`{"error":{"code":803,"message":"x"}}`:                    true,
		`{"error":{"code":100,"message":"x"}}`:                    false,
	} {
		a := api(func(*http.Request) (int, http.Header, string) { return 400, nil, body })
		_, err := a.Call(t.Context(), "token", rest.Request{Method: http.MethodGet, Path: "/x"})
		if got := graph.Gone(err); got != want {
			t.Errorf("%s: got %t, want %t", body, got, want)
		}
	}
	if graph.Gone(nil) {
		t.Error("got true of no error")
	}
}

func TestUsageIsReportedInPercent(t *testing.T) {
	t.Parallel()
	h := http.Header{
		"X-App-Usage":               {`{"call_count":28,"total_time":25,"total_cputime":31}`},
		"X-Business-Use-Case-Usage": {`{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19},{"call_count":3}]}`},
	}
	var got []social.Rate
	ctx := social.WithRates(t.Context(), func(r social.Rate) { got = append(got, r) })
	a := api(func(*http.Request) (int, http.Header, string) {
		return 400, h, `{"error":{"code":80001,"message":"slow down"}}`
	})
	_, err := a.Call(ctx, "token", rest.Request{Method: http.MethodGet, Path: "/x"})
	want := []social.Rate{
		{Scope: social.ScopeApp, Limit: 100, Remaining: 69},
		{Scope: social.ScopeAccount, Limit: 100, ResetAfter: 19 * time.Minute},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if e := social.AsError(err); e.RetryAfter != 19*time.Minute {
		t.Errorf("got a wait of %s, want 19m", e.RetryAfter)
	}
}

func TestListFollowsCursorsAndNotAddresses(t *testing.T) {
	t.Parallel()
	a := api(func(r *http.Request) (int, http.Header, string) {
		if r.URL.Host != "graph.example" {
			t.Errorf("got a request to %s", r.URL.Host)
		}
		if r.URL.Query().Get("after") == "" {
			return 200, nil, `{"data":["a","b"],"paging":{"next":"https://evil.example/?access_token=x","cursors":{"after":"c1"}}}`
		}
		return 200, nil, `{"data":["c"],"paging":{"cursors":{"after":"c2"}}}`
	})
	for most, want := range map[int][]string{0: {"a", "b", "c"}, 1: {"a"}} {
		got, err := graph.List[string](context.Background(), a, "token", "/me/accounts", url.Values{"limit": {"2"}}, most)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("most %d: got %v and %v, want %v", most, got, err, want)
		}
	}
}

func TestTokenTellsNothingOfWhatItCannotRead(t *testing.T) {
	t.Parallel()
	a := api(func(r *http.Request) (int, http.Header, string) {
		if r.URL.Query().Get("grant_type") == "good" {
			return 200, nil, `{"access_token":"long","expires_in":5184000}`
		}
		return 200, nil, `{"acess_token":"hidden"}`
	})
	got, err := a.Token(t.Context(), "/oauth/access_token", url.Values{"grant_type": {"good"}})
	if err != nil || got.Access != "long" || got.ExpiresIn != 60*24*time.Hour {
		t.Errorf("got %v for %s", err, got.ExpiresIn)
	}
	if _, err = a.Token(t.Context(), "/oauth/access_token", url.Values{}); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v, want an error without the answer in it", err)
	}
}

func TestInsightsAreSummedAndDated(t *testing.T) {
	t.Parallel()
	i := graph.Insight{Name: "views", Values: []graph.Value{
		{Value: []byte(`{"paid":2,"organic":3}`), EndTime: "2026-01-02T08:00:00+0000"},
		{Value: []byte(`7`), EndTime: "2026-01-03T08:00:00+0000"},
		{Value: []byte(`null`), EndTime: "2026-01-04T08:00:00+0000"},
		{Value: []byte(`9`), EndTime: "2026-01-05T08:00:00+0000"},
	}}
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	got := i.Points(social.Period{From: day(1), To: day(4)})
	if want := []social.Point{{Day: day(1), Value: 5}, {Day: day(2), Value: 7}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	totals := graph.Totals([]graph.Insight{i, {Name: "other"}, {Name: "likes", TotalValue: &graph.Value{Value: []byte(`4`)}}},
		map[string]social.Metric{"views": social.MetricViews, "other": social.MetricReach, "likes": social.MetricLikes})
	if len(totals) != 2 || totals[social.MetricViews] != 9 || totals[social.MetricLikes] != 4 {
		t.Errorf("got %v", totals)
	}
}
