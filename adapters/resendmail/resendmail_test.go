package resendmail_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/resendmail"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/testkit/mailtest"
)

const apiKey = "re_hunter2"

// service behaves as https://resend.com/docs/api-reference says of POST /emails.
type service struct {
	*httptest.Server
	mu   sync.Mutex
	keys map[string][32]byte // the bodies of what was taken, by idempotency key
	sent []mailtest.Arrived
}

func newService(t testing.TB) *service {
	t.Helper()
	s := &service{keys: map[string][32]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /emails", s.emails)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// refuse answers as the page on errors says.
func refuse(w http.ResponseWriter, status int, name string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"statusCode": status, "name": name, "message": "This is why."})
}

func (s *service) emails(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	var body struct {
		From, Subject, Text, HTML string
		ReplyTo                   string `json:"reply_to"`
		To                        []string
		Headers                   map[string]string
	}
	key := r.Header.Get("Idempotency-Key")
	switch {
	case r.Header.Get("Authorization") == "":
		refuse(w, http.StatusUnauthorized, "missing_api_key")
		return
	case r.Header.Get("Authorization") != "Bearer "+apiKey:
		refuse(w, http.StatusForbidden, "invalid_api_key")
		return
	case len(key) < 1 || len(key) > 256:
		refuse(w, http.StatusBadRequest, "invalid_idempotency_key")
		return
	case err != nil || json.Unmarshal(raw, &body) != nil || r.Header.Get("Content-Type") != "application/json":
		refuse(w, http.StatusBadRequest, "validation_error")
		return
	case body.From == "" || len(body.To) == 0 || body.Subject == "":
		refuse(w, http.StatusUnprocessableEntity, "missing_required_field")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256(raw)
	if known, ok := s.keys[key]; ok && known != sum {
		refuse(w, http.StatusConflict, "invalid_idempotent_request")
		return
	} else if !ok {
		s.keys[key] = sum
		s.sent = append(s.sent, mailtest.Arrived{
			// The service makes the Message-ID itself; the key takes its place here.
			MessageID: "<" + key + "@example.org>",
			Message: mail.Message{
				From: address(body.From), To: address(body.To[0]), ReplyTo: address(body.ReplyTo),
				Subject: body.Subject, Text: body.Text, HTML: body.HTML, Headers: body.Headers,
			},
		})
	}
	_, _ = fmt.Fprintf(w, `{"id":%q}`, key)
}

func address(s string) mail.Address {
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return mail.Address{}
	}
	return mail.Address{Name: a.Name, Email: a.Address}
}

func (s *service) inbox(context.Context) ([]mailtest.Arrived, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]mailtest.Arrived{}, s.sent...), nil
}

func sender(t testing.TB, endpoint string, change ...func(*resendmail.Config)) *resendmail.Sender {
	t.Helper()
	cfg := resendmail.Config{APIKey: apiKey, HTTP: &http.Client{}, Endpoint: endpoint}
	for _, c := range change {
		c(&cfg)
	}
	s, err := resendmail.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answering is a sender whose service always answers the same.
func answering(t testing.TB, status int, name string, headers ...string) mail.Sender {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		refuse(w, status, name)
	}))
	t.Cleanup(s.Close)
	return sender(t, s.URL)
}

func TestSender(t *testing.T) {
	t.Parallel()
	mailtest.Run(t, mailtest.Harness{
		Open: func(t testing.TB) (mail.Sender, mailtest.Inbox) {
			t.Helper()
			s := newService(t)
			return sender(t, s.URL), s.inbox
		},
		Refusing: func(t testing.TB) mail.Sender { t.Helper(); return answering(t, 422, "validation_error") },
		Busy: func(t testing.TB) mail.Sender {
			t.Helper()
			return answering(t, 429, "rate_limit_exceeded", "Retry-After", "1")
		},
		Away: func(t testing.TB) mail.Sender {
			t.Helper()
			s := httptest.NewServer(http.NotFoundHandler())
			s.Close()
			return sender(t, s.URL)
		},
	})
}

func TestAMailIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for range 3 {
		if err := sender(t, s.URL).Send(t.Context(), mailtest.Example("once")); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := s.inbox(t.Context()); len(got) != 1 {
		t.Errorf("one mail sent three times: got %d, want 1", len(got))
	}
	other := mailtest.Example("once")
	other.Text = "something else"
	if err := sender(t, s.URL).Send(t.Context(), other); !mail.IsPermanent(err) {
		t.Errorf("another mail with the same ID: got error %v, want a permanent one", err)
	}
}

func TestWhatTheServiceSays(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status    int
		name      string
		after     string
		permanent bool
		wait      time.Duration
	}{
		"a mail that is wrong":         {status: 400, name: "validation_error", permanent: true},
		"a field that is missing":      {status: 422, name: "missing_required_field", permanent: true},
		"a mail that is too large":     {status: 413, name: "", permanent: true},
		"the same key, another mail":   {status: 409, name: "invalid_idempotent_request", permanent: true},
		"the same mail under way":      {status: 409, name: "concurrent_idempotent_requests"},
		"no key":                       {status: 401, name: "missing_api_key"},
		"a wrong key":                  {status: 403, name: "invalid_api_key"},
		"a domain that is not proven":  {status: 403, name: "validation_error"},
		"a wrong address":              {status: 404, name: "not_found"},
		"too fast":                     {status: 429, name: "rate_limit_exceeded", after: "7", wait: 7 * time.Second},
		"too many, and no word when":   {status: 429, name: "daily_quota_exceeded"},
		"too many, for very long":      {status: 429, name: "daily_quota_exceeded", after: "86400", wait: time.Hour},
		"too many, and a date":         {status: 429, name: "daily_quota_exceeded", after: "Mon, 02 Jan 2006 15:04:05 GMT"},
		"their own mistake":            {status: 500, name: "application_error"},
		"something before the service": {status: 502, name: "<html>"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := answering(t, c.status, c.name, "Retry-After", c.after).Send(t.Context(), mailtest.Example("x"))
			if err == nil || mail.IsPermanent(err) != c.permanent || mail.RetryAfter(err) != c.wait {
				t.Errorf("got error %v, permanent %t, wait %v; want %t and %v", err, mail.IsPermanent(err), mail.RetryAfter(err), c.permanent, c.wait)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "Über alles")) {
				t.Errorf("the error quotes the key or the body: %v", err)
			}
		})
	}
}

func TestTheTimeIsBounded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	err := sender(t, s.URL, func(c *resendmail.Config) { c.Timeout = 20 * time.Millisecond }).Send(t.Context(), mailtest.Example("x"))
	if err == nil || mail.IsPermanent(err) {
		t.Errorf("got error %v, want one that is not permanent", err)
	}
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := resendmail.New(resendmail.Config{APIKey: "re_hunter2\n", Endpoint: "resend", Timeout: -1})
	for _, want := range []string{"APIKey", "HTTP", "Endpoint", "Timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got error %v, want one that names %s and quotes no key", err, want)
		}
	}
	if _, err := resendmail.New(resendmail.Config{APIKey: apiKey, HTTP: &http.Client{}}); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}
