package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/client"
)

// serve returns a client of a server that answers as h does.
func serve(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := client.New(client.Config{BaseURL: srv.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "crier.example", "ftp://crier.example", "https://", "https://crier.example?a=b", "https://crier.example#a", "\x00"} {
		if _, err := client.New(client.Config{BaseURL: address}); err == nil {
			t.Errorf("%q: got no error", address)
		}
	}
}

func TestCallsSayWhoAndWhat(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := r.Method + " " + r.URL.EscapedPath() + " " + r.Header.Get("Authorization") + " " + r.Header.Get("If-Match") + " " +
			r.Header.Get("Idempotency-Key") + " " + r.Header.Get("Content-Type") + " " + string(body)
		const want = `PUT /posts/a%2Fb Bearer crier_key "3" once application/json {"content":"Hi","integrations":[{"id":"x"}]}`
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		w.Header().Set("ETag", `"4"`)
		_, _ = io.WriteString(w, `{"id":"a/b","version":4,"createdAt":"2030-01-02T03:04:05.000Z"}`)
	}).As(client.APIKey("crier_key"))
	var h http.Header
	post, err := c.UpdatePost(t.Context(), "a/b", client.PostInput{Content: "Hi", Integrations: []client.TargetInput{{ID: "x"}}},
		client.IfMatch(`"3"`), client.IdempotencyKey("once"), client.Answered(&h))
	if err != nil || post.Version != 4 || !post.CreatedAt.Equal(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)) || h.Get("ETag") != `"4"` {
		t.Errorf("got %+v %v, ETag %s", post, err, h.Get("ETag"))
	}
}

func TestFailuresAreErrors(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status int
		body   string
		want   client.Error
	}{
		"Crier's": {
			429, `{"statusCode":429,"message":"Slow down.","code":"too_many_requests","errors":[],"requestId":"r"}`,
			client.Error{Status: 429, Message: "Slow down.", Code: "too_many_requests", RequestID: "r", RetryAfter: 7 * time.Second},
		},
		"of a proxy":           {502, `<html>`, client.Error{Status: 502, Message: "Bad Gateway", RequestID: "h", RetryAfter: 7 * time.Second}},
		"JSON of another kind": {500, `{"message":"oops"}`, client.Error{Status: 500, Message: "Internal Server Error", RequestID: "h", RetryAfter: 7 * time.Second}},
		"a redirect":           {302, ``, client.Error{Status: 302, Message: "Found", RequestID: "h", RetryAfter: 7 * time.Second}},
	}
	for name, tc := range cases {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", "h")
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		})
		_, err := c.GetPost(t.Context(), "p")
		got, ok := errors.AsType[*client.Error](err)
		if !ok {
			t.Errorf("%s: got %v, want an *Error", name, err)
			continue
		}
		if got.Status != tc.want.Status || got.Message != tc.want.Message || got.Code != tc.want.Code || got.RequestID != tc.want.RequestID || got.RetryAfter != tc.want.RetryAfter {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestProblemsAreAllTold(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"statusCode":400,"message":"Validation failed","code":"validation_failed","errors":[{"field":"a","message":"No."},{"field":"b","message":"Nor this."}]}`)
	})
	err := c.DeletePost(t.Context(), "p")
	got, ok := errors.AsType[*client.Error](err)
	if !ok || len(got.Problems) != 2 || got.Problems[1].Field != "b" {
		t.Fatalf("got %v, want two problems", err)
	}
	const want = "DELETE /posts/p: 400 validation_failed: Validation failed [a: No.] [b: Nor this.]"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestTheSecondStepIsAskedFor(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"statusCode":401,"message":"One step is left.","code":"second_factor_required","errors":[],"challenge":{"token":"abc","expiresAt":"2026-03-29T09:00:00Z"}}`)
	})
	_, err := c.Login(t.Context(), client.Login{})
	got, ok := errors.AsType[*client.Error](err)
	if !ok || got.Challenge == nil || got.Challenge.Token != "abc" {
		t.Errorf("got %v, want the challenge", err)
	}
}

func TestAnAnswerThatIsNone(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":`) })
	if _, err := c.GetPost(t.Context(), "p"); err == nil || !strings.Contains(err.Error(), "GET /posts/p") {
		t.Errorf("got %v, want an error that names the call", err)
	}
}

func TestListsAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		switch r.URL.Query().Get("cursor") {
		case "":
			_, _ = io.WriteString(w, `{"data":[{"id":"1"},{"id":"2"}],"page":{"limit":2,"next":"n"}}`)
		case "n":
			_, _ = io.WriteString(w, `{"data":[{"id":"3"}],"page":{"limit":2,"next":"broken"}}`)
		default:
			w.WriteHeader(500)
		}
	})
	var got []string
	var last error
	for p, err := range c.AllPosts(t.Context(), client.ListPostsParams{Limit: 2, State: "draft"}) {
		if last = err; err == nil {
			got = append(got, p.ID)
		}
	}
	if strings.Join(got, " ") != "1 2 3" || last == nil {
		t.Errorf("got %v and then %v, want three posts and then an error", got, last)
	}
	if want := "limit=2&state=draft"; len(asked) != 3 || asked[0] != want {
		t.Errorf("got %q, want three pages, the first with %s", asked, want)
	}
	asked = nil
	for _, err := range c.AllPosts(t.Context(), client.ListPostsParams{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(asked) != 1 {
		t.Errorf("got %d pages for one post, want 1", len(asked))
	}
}

func TestFilesAreUploaded(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			t.Error(err)
		}
		var got []string
		form := multipart.NewReader(r.Body, params["boundary"])
		for {
			part, err := form.NextPart()
			if err != nil {
				break
			}
			content, _ := io.ReadAll(part)
			got = append(got, part.FormName()+"="+part.FileName()+":"+string(content))
		}
		if text, want := strings.Join(got, " "), `alt=:a cat file=a "b".png:bytes`; text != want {
			t.Errorf("got %s, want %s", text, want)
		}
		_, _ = io.WriteString(w, `{"id":"m"}`)
	})
	m, err := c.UploadFile(t.Context(), client.File{Name: `a "b".png`, Alt: "a cat", Content: strings.NewReader("bytes")})
	if err != nil || m.ID != "m" {
		t.Errorf("got %+v %v", m, err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestAFileThatCannotBeReadIsNotUploaded(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("got a whole body, want one that breaks off")
		}
		w.WriteHeader(400)
	})
	if _, err := c.UploadFile(t.Context(), client.File{Name: "a", Content: broken{}}); err == nil {
		t.Error("got no error")
	}
}

// clock is the time of a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestSignInsAreRenewedOnceAndInTime(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	renewals, refuse := 0, false
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path != "/auth/refresh" {
			_, _ = io.WriteString(w, `{"status":"`+r.Header.Get("Authorization")+`"}`)
			return
		}
		var in client.Refresh
		_ = json.NewDecoder(r.Body).Decode(&in)
		if refuse || in.RefreshToken != "r1" || r.Header.Get("Authorization") != "" {
			w.WriteHeader(401)
			return
		}
		renewals++
		_, _ = io.WriteString(w, `{"accessToken":"a2","refreshToken":"r2","expiresIn":3600}`)
	})
	clock, kept := &clock{now: time.Unix(0, 0)}, ""
	r := client.NewRenewer(c, client.Session{AccessToken: "a1", RefreshToken: "r1", ExpiresIn: 3600},
		client.Clock(clock.Now), client.OnRenewal(func(s client.Session) { kept = s.RefreshToken }))
	c = c.As(r)
	ask := func(want string) {
		t.Helper()
		got, err := c.Livez(t.Context())
		if err != nil || string(got.Status) != want {
			t.Errorf("got %+v %v, want %s", got, err, want)
		}
	}
	clock.add(58 * time.Minute)
	ask("Bearer a1")
	clock.add(90 * time.Second)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { ask("Bearer a2") })
	}
	wg.Wait()
	if renewals != 1 || kept != "r2" || r.Session().RefreshToken != "r2" {
		t.Errorf("got %d renewals and kept %q, want one that was kept", renewals, kept)
	}
	refuse = true
	clock.add(59*time.Minute + 30*time.Second)
	ask("Bearer a2") // it cannot be renewed, but lasts for half a minute more
	clock.add(time.Minute)
	if _, err := c.Livez(t.Context()); err == nil {
		t.Error("got no error from a sign-in that has ended")
	}
}
