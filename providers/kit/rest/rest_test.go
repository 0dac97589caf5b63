package rest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// serve starts a real server for h and returns a client of it.
func serve(t *testing.T, h http.HandlerFunc) rest.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return rest.Client{HTTP: s.Client(), Base: s.URL, Now: now}
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp ends the connection after the request was read, without an answer.
func hangUp(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	panic(http.ErrAbortHandler)
}

func wantError(t *testing.T, err error, code social.Code) *social.Error {
	t.Helper()
	e, ok := errors.AsType[*social.Error](err)
	if !ok || e.Code != code || e.Message == "" {
		t.Fatalf("got %#v (%v), want code %q and a message", err, err, code)
	}
	return e
}

func TestRequestsAreWrittenAsAsked(t *testing.T) {
	t.Parallel()
	type seen struct{ method, uri, body, kind, auth, accept, length string }
	for name, tc := range map[string]struct {
		req  rest.Request
		want seen
	}{
		"query": {
			rest.Request{Method: http.MethodGet, Path: "/a", Query: url.Values{"q": {"x y"}}, Bearer: "tok"},
			seen{"GET", "/a?q=x+y", "", "", "Bearer tok", "application/json", ""},
		},
		"JSON": {
			rest.Request{Method: http.MethodPost, Path: "/a", JSON: map[string]string{"a": "b"}},
			seen{"POST", "/a", `{"a":"b"}`, "application/json", "", "application/json", "9"},
		},
		"form": {
			rest.Request{Method: http.MethodPut, Path: "/a", Form: url.Values{"a": {"b c"}}},
			seen{"PUT", "/a", "a=b+c", "application/x-www-form-urlencoded", "", "application/json", "5"},
		},
		"body of a known size": {
			rest.Request{Method: http.MethodPost, Path: "/a", Body: io.LimitReader(strings.NewReader("bytes"), 5), Type: "image/png", Size: 5},
			seen{"POST", "/a", "bytes", "image/png", "", "application/json", "5"},
		},
		"body of an unknown size": {
			rest.Request{Method: http.MethodPost, Path: "/a", Body: io.LimitReader(strings.NewReader("bytes"), 5), Type: "image/png", Size: -1},
			seen{"POST", "/a", "bytes", "image/png", "", "application/json", ""},
		},
		"header": {
			rest.Request{Method: http.MethodGet, Path: "/a", Header: http.Header{"Accept": {"text/html"}}},
			seen{"GET", "/a", "", "", "", "text/html", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got seen
			c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = seen{r.Method, r.RequestURI, string(body), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), r.Header.Get("Accept"), r.Header.Get("Content-Length")}
			})
			if _, err := c.Do(t.Context(), tc.req); err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestAnswersAreRead(t *testing.T) {
	t.Parallel()
	c := serve(t, answer(201, `{"id":"m1"}`, "X-Page", "2"))
	var out struct{ ID string }
	resp, err := c.Do(t.Context(), rest.Request{Method: http.MethodPost, Path: "/a", Out: &out})
	if err != nil || out.ID != "m1" || resp.Status != 201 || resp.Header.Get("X-Page") != "2" || string(resp.Body) != `{"id":"m1"}` {
		t.Errorf("got %+v, %+v, %v", out, resp, err)
	}
}

// TestLostAnswers tells "never sent" from "sent" against real connections.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	nobody := rest.Client{HTTP: &http.Client{}, Base: closed.URL}
	for name, tc := range map[string]struct {
		client rest.Client
		req    rest.Request
		want   social.Code
	}{
		"refused change":        {nobody, rest.Request{Method: http.MethodPost, Path: "/a", JSON: 1}, social.CodeUnavailable},
		"refused read":          {nobody, rest.Request{Method: http.MethodGet, Path: "/a"}, social.CodeUnavailable},
		"lost change":           {serve(t, hangUp), rest.Request{Method: http.MethodPost, Path: "/a", JSON: 1}, social.CodeOutcomeUnknown},
		"lost deletion":         {serve(t, hangUp), rest.Request{Method: http.MethodDelete, Path: "/a"}, social.CodeOutcomeUnknown},
		"lost read":             {serve(t, hangUp), rest.Request{Method: http.MethodGet, Path: "/a"}, social.CodeUnavailable},
		"lost reading POST":     {serve(t, hangUp), rest.Request{Method: http.MethodPost, Path: "/a", JSON: 1, Reads: true}, social.CodeUnavailable},
		"half an answer":        {serve(t, halfAnAnswer), rest.Request{Method: http.MethodPost, Path: "/a"}, social.CodeOutcomeUnknown},
		"unreadable answer":     {serve(t, answer(200, "<html>")), rest.Request{Method: http.MethodPost, Path: "/a", Out: new(int)}, social.CodeOutcomeUnknown},
		"unreadable read":       {serve(t, answer(200, "<html>")), rest.Request{Method: http.MethodGet, Path: "/a", Out: new(int)}, social.CodeUnavailable},
		"endless answer":        {serve(t, answer(200, strings.Repeat(" ", 5<<20))), rest.Request{Method: http.MethodPost, Path: "/a", Out: new(int)}, social.CodeOutcomeUnknown},
		"failed half-way":       {serve(t, answer(502, "")), rest.Request{Method: http.MethodPost, Path: "/a"}, social.CodeOutcomeUnknown},
		"failed half-way, read": {serve(t, answer(502, "")), rest.Request{Method: http.MethodGet, Path: "/a"}, social.CodeUnavailable},
		"bad address":           {rest.Client{HTTP: &http.Client{}}, rest.Request{Method: http.MethodPost, Path: "https://\x7f"}, social.CodeRejected},
		"cannot be JSON":        {rest.Client{HTTP: &http.Client{}}, rest.Request{Method: http.MethodPost, JSON: func() {}}, social.CodeRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tc.client.Do(t.Context(), tc.req)
			_ = wantError(t, err, tc.want)
		})
	}
}

func halfAnAnswer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"id":`)
}

func TestEndedContextSendsNothing(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	c := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Do(ctx, rest.Request{Method: http.MethodPost, Path: "/a"})
	if e := wantError(t, err, social.CodeUnavailable); !errors.Is(e, context.Canceled) {
		t.Errorf("got %v, want context.Canceled in it", e)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}

func TestContextThatEndsAfterSendingIsUnknown(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := c.Do(ctx, rest.Request{Method: http.MethodPost, Path: "/a", JSON: 1})
	_ = wantError(t, err, social.CodeOutcomeUnknown)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method string
		status int
		want   social.Code
	}{
		"change, found":     {http.MethodPost, http.StatusFound, social.CodeOutcomeUnknown},
		"change, temporary": {http.MethodPost, http.StatusTemporaryRedirect, social.CodeOutcomeUnknown},
		"read":              {http.MethodGet, http.StatusMovedPermanently, social.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				http.Redirect(w, r, "/b", tc.status)
			})
			_, err := c.Do(t.Context(), rest.Request{Method: tc.method, Path: "/a", Bearer: "secret-token"})
			if e := wantError(t, err, tc.want); e.Status != tc.status {
				t.Errorf("got status %d, want %d", e.Status, tc.status)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("got %d requests, want 1", n)
			}
		})
	}
}

// TestNothingIsSentTwice breaks a connection that was used before, which is
// when http.Transport sends a request again if it carries an Idempotency-Key.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	var changes atomic.Int32
	var key atomic.Value
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		changes.Add(1)
		key.Store(r.Header.Get("Idempotency-Key"))
		hangUp(w, r)
	})
	if _, err := c.Do(t.Context(), rest.Request{Method: http.MethodGet, Path: "/warm"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Do(t.Context(), rest.Request{
		Method: http.MethodPost, Path: "/a", JSON: 1, Header: http.Header{"Idempotency-Key": {"key-1"}},
	})
	_ = wantError(t, err, social.CodeOutcomeUnknown)
	if n := changes.Load(); n != 1 {
		t.Errorf("got %d requests, want 1", n)
	}
	if got := key.Load(); got != "key-1" {
		t.Errorf("got the key %v, want key-1", got)
	}
}

func TestStatusesHaveAMeaning(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		want   social.Code
	}{
		"unauthorized": {401, social.CodeAuthExpired},
		"forbidden":    {403, social.CodeScopeMissing},
		"timeout":      {408, social.CodeOutcomeUnknown},
		"too many":     {429, social.CodeRateLimited},
		"bad request":  {400, social.CodeRejected},
		"server error": {500, social.CodeOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, answer(tc.status, "why", "Retry-After", "7"))
			resp, err := c.Do(t.Context(), rest.Request{Method: http.MethodPost, Path: "/a"})
			e := wantError(t, err, tc.want)
			if e.Status != tc.status || e.Evidence != "why" || resp.Status != tc.status {
				t.Errorf("got %+v and status %d", e, resp.Status)
			}
			if want := map[bool]time.Duration{true: 7 * time.Second}[tc.want == social.CodeRateLimited]; e.RetryAfter != want {
				t.Errorf("got to wait %s, want %s", e.RetryAfter, want)
			}
		})
	}
}

func TestClassifyComesFirst(t *testing.T) {
	t.Parallel()
	c := serve(t, answer(400, `{"error":"dup"}`))
	c.Classify = func(status int, body []byte) *social.Error {
		if status == 400 && strings.Contains(string(body), "dup") {
			return &social.Error{Code: social.CodeDuplicate}
		}
		return nil
	}
	_, err := c.Do(t.Context(), rest.Request{Method: http.MethodPost, Path: "/a"})
	_ = wantError(t, err, social.CodeDuplicate)
}

func TestGoodStatusesMayRefuse(t *testing.T) {
	t.Parallel()
	refused := func(body []byte) bool { return !strings.Contains(string(body), `"ok":true`) }
	classify := func(status int, body []byte) *social.Error {
		if status == http.StatusOK && strings.Contains(string(body), "no_room") {
			return social.Errorf(social.CodeRejected, "There is no room.")
		}
		return nil
	}
	for name, tc := range map[string]struct {
		method, body string
		want         social.Code
	}{
		"a known reason":              {http.MethodPost, `{"ok":false,"error":"no_room"}`, social.CodeRejected},
		"an unknown reason":           {http.MethodPost, `{"ok":false}`, social.CodeOutcomeUnknown},
		"an unknown reason to a read": {http.MethodGet, `{"ok":false}`, social.CodeUnavailable},
		"none":                        {http.MethodPost, `{"ok":true}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, answer(http.StatusOK, tc.body))
			c.Classify, c.Refused = classify, refused
			resp, err := c.Do(t.Context(), rest.Request{Method: tc.method, Path: "/"})
			if string(resp.Body) != tc.body {
				t.Errorf("got the answer %q, want %q", resp.Body, tc.body)
			}
			if tc.want == "" {
				if err != nil {
					t.Fatalf("got %v, want no error", err)
				}
				return
			}
			if e := wantError(t, err, tc.want); e.Status != http.StatusOK || e.Evidence != tc.body {
				t.Errorf("got status %d and evidence %q, want 200 and %q", e.Status, e.Evidence, tc.body)
			}
		})
	}
}

func TestSecretsDoNotComeOut(t *testing.T) {
	t.Parallel()
	const secret = "s3cret+value/1"
	for name, req := range map[string]rest.Request{
		"bearer":            {Bearer: secret},
		"header":            {Header: http.Header{"X-Api-Key": {secret}}},
		"basic":             {Header: http.Header{"Authorization": {"Basic " + secret}}},
		"query":             {Query: url.Values{"access_token": {secret}}},
		"form":              {Form: url.Values{"client_secret": {secret}}},
		"JSON":              {JSON: map[string]any{"session": []any{map[string]string{"password": secret}}}},
		"nested JSON":       {JSON: map[string]any{"token": map[string]string{"value": secret}}},
		"named by provider": {JSON: map[string]string{"pin": secret}, Secrets: []string{secret}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, secret+" "+r.RequestURI+" "+string(body))
			})
			c.Classify = func(_ int, body []byte) *social.Error {
				return social.Errorf(social.CodeRejected, "refused: %s", body)
			}
			req.Method, req.Path = http.MethodPost, "/a"
			_, err := c.Do(t.Context(), req)
			e := wantError(t, err, social.CodeRejected)
			for _, text := range []string{e.Evidence, e.Message, e.Error()} {
				if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
					t.Errorf("got the secret in %q", text)
				}
			}
			if !strings.Contains(e.Evidence, "[redacted]") {
				t.Errorf("got no trace of the secret in %q", e.Evidence)
			}
		})
	}
}

func TestTransportErrorsDoNotNameTheAddress(t *testing.T) {
	t.Parallel()
	c := rest.Client{HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") },
	}}}
	_, err := c.Do(t.Context(), rest.Request{Method: http.MethodGet, Path: "https://host.example/a?access_token=s3cret"})
	if e := wantError(t, err, social.CodeUnavailable); strings.Contains(e.Error(), "s3cret") {
		t.Errorf("got %v, want no address", e)
	}
}

func TestEvidenceIsShortAndText(t *testing.T) {
	t.Parallel()
	c := serve(t, answer(400, strings.Repeat("é", 1000)))
	_, err := c.Do(t.Context(), rest.Request{Method: http.MethodGet, Path: "/a"})
	if e := wantError(t, err, social.CodeRejected); len(e.Evidence) != 500 || strings.Trim(e.Evidence, "é") != "" {
		t.Errorf("got %d bytes: %q", len(e.Evidence), e.Evidence)
	}
}

func TestHeadersOfAClientAreSentWithEveryRequest(t *testing.T) {
	t.Parallel()
	var agent, kind string
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		agent, kind = r.Header.Get("User-Agent"), r.Header.Get("X-Kind")
	})
	c.Header = http.Header{"User-Agent": {"crier"}, "X-Kind": {"all"}}
	if _, err := c.Do(t.Context(), rest.Request{Method: http.MethodGet, Path: "/a", Header: http.Header{"X-Kind": {"one"}}}); err != nil {
		t.Fatal(err)
	}
	if agent != "crier" || kind != "one" {
		t.Errorf("got %q and %q, want that of the client, and that of the request before it", agent, kind)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		headers []string
		want    time.Duration
	}{
		"nothing":              {nil, 0},
		"seconds":              {[]string{"Retry-After", "30"}, 30 * time.Second},
		"half a second":        {[]string{"Retry-After", "0.5"}, 500 * time.Millisecond},
		"date":                 {[]string{"Retry-After", "Fri, 02 Jan 2026 03:05:05 GMT"}, time.Minute},
		"date in the past":     {[]string{"Retry-After", "Fri, 02 Jan 2026 03:00:00 GMT"}, 0},
		"negative":             {[]string{"Retry-After", "-5"}, 0},
		"for ever":             {[]string{"Retry-After", "99999999999999999999"}, 366 * 24 * time.Hour},
		"words":                {[]string{"Retry-After", "soon"}, 0},
		"reset as a date":      {[]string{"X-RateLimit-Reset", "2026-01-02T03:09:05Z"}, 5 * time.Minute},
		"reset as a moment":    {[]string{"RateLimit-Reset", "1767323105"}, time.Minute},
		"reset in ms":          {[]string{"X-Rate-Limit-Reset", "1767323105000"}, time.Minute},
		"reset in seconds":     {[]string{"X-RateLimit-Reset", "90"}, 90 * time.Second},
		"reset after":          {[]string{"X-RateLimit-Reset-After", "2"}, 2 * time.Second},
		"limit not exhausted":  {[]string{"X-RateLimit-Reset", "90", "X-RateLimit-Remaining", "3"}, 0},
		"limit exhausted":      {[]string{"X-RateLimit-Reset", "90", "X-RateLimit-Remaining", "0"}, 90 * time.Second},
		"with a fraction":      {[]string{"X-RateLimit-Reset", "90", "X-RateLimit-Remaining", "0.0"}, 90 * time.Second},
		"both, the first wins": {[]string{"Retry-After", "1", "X-RateLimit-Reset", "90"}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			for i := 0; i < len(tc.headers); i += 2 {
				h.Set(tc.headers[i], tc.headers[i+1])
			}
			if got := rest.RetryAfter(h, now()); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, v := range []string{"30", "Fri, 02 Jan 2026 03:05:05 GMT", "2026-01-02T03:09:05Z", "1e300", "-inf", "NaN", ""} {
		f.Add(v, v)
	}
	f.Fuzz(func(t *testing.T, after, reset string) {
		h := http.Header{"Retry-After": {after}, "X-Ratelimit-Reset": {reset}}
		if d := rest.RetryAfter(h, now()); d < 0 || d > 366*24*time.Hour {
			t.Errorf("got %s for %q and %q", d, after, reset)
		}
	})
}
