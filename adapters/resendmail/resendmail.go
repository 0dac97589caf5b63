// Package resendmail is a mail.Sender for the service Resend. See
// https://resend.com/docs/api-reference/emails/send-email and
// https://resend.com/docs/api-reference/errors.
package resendmail

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/mail"
)

// Config is what a Sender needs.
type Config struct {
	// APIKey is a key of Resend that may send. Required.
	APIKey string
	// HTTP makes the requests. Required.
	HTTP *http.Client
	// Endpoint is where the API is. Default https://api.resend.com.
	Endpoint string
	// Timeout bounds one request. Default 30 s.
	Timeout time.Duration
}

const (
	defaultEndpoint = "https://api.resend.com"
	defaultTimeout  = 30 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 10
	// maxWait bounds the wait that the service can ask for.
	maxWait = time.Hour
)

// Sender implements mail.Sender. Use New.
type Sender struct {
	key, endpoint string
	http          *http.Client
	timeout       time.Duration
}

var _ mail.Sender = (*Sender)(nil)

// New checks cfg, reporting every problem at once, and returns a Sender.
func New(cfg Config) (*Sender, error) {
	var errs []error
	if cfg.APIKey == "" || strings.ContainsFunc(cfg.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }) {
		errs = append(errs, errors.New("resendmail: Config.APIKey must be a key without spaces"))
	}
	if cfg.HTTP == nil {
		errs = append(errs, errors.New("resendmail: Config.HTTP is required"))
	}
	s := &Sender{
		key: cfg.APIKey, http: cfg.HTTP,
		endpoint: strings.TrimRight(cmp.Or(cfg.Endpoint, defaultEndpoint), "/"), timeout: cmp.Or(cfg.Timeout, defaultTimeout),
	}
	if u, err := url.Parse(s.endpoint); err != nil || u.Host == "" {
		errs = append(errs, errors.New("resendmail: Config.Endpoint must be an address such as https://api.resend.com"))
	}
	if s.timeout < 0 {
		errs = append(errs, errors.New("resendmail: Config.Timeout must not be negative"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// email is a mail as the API takes it.
type email struct {
	From    string            `json:"from"`
	To      []string          `json:"to"`
	ReplyTo string            `json:"reply_to,omitempty"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	HTML    string            `json:"html,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

// Send implements mail.Sender. The ID of the mail is the idempotency key, which
// Resend knows again for 24 hours; Resend makes the Message-ID itself.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	e := email{
		From: m.From.String(), To: []string{m.To.String()}, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		Headers: m.Headers,
	}
	if m.ReplyTo.Email != "" {
		e.ReplyTo = m.ReplyTo.String()
	}
	body, err := json.Marshal(e)
	if err != nil {
		return mail.Permanent(fmt.Errorf("resendmail: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint+"/emails", bytes.NewReader(body))
	if err != nil {
		return mail.Permanent(fmt.Errorf("resendmail: %w", err))
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Idempotency-Key", m.ID)
	res, err := s.http.Do(req)
	if err != nil {
		return fmt.Errorf("resendmail: the service cannot be reached: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	return answer(res)
}

// problem is what the API says of a request that it refuses.
type problem struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// answer says what an answer means for the mail.
func answer(res *http.Response) error {
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil // taken, whatever became of the rest of the answer
	}
	if err != nil {
		return fmt.Errorf("resendmail: the service answered %d, and the rest was lost: %w", res.StatusCode, err)
	}
	var p problem
	_ = json.Unmarshal(raw, &p) // what stands before the service may answer in other words
	err = fmt.Errorf("resendmail: the service answered %d %s: %s", res.StatusCode, clip(p.Name), clip(p.Message))
	switch {
	case final(res.StatusCode, p.Name):
		return mail.Permanent(err)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable:
		return later(err, res.Header.Get("Retry-After"))
	default:
		return err
	}
}

// final reports whether the service will never take this mail. A key that is
// wrong or a domain that is not verified yet is for the operator to mend.
func final(status int, name string) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	case http.StatusConflict: // the same key, and another mail; the other reason is that it is being sent
		return name == "invalid_idempotent_request"
	default:
		return false
	}
}

// later is err with the wait that the service asks for, in seconds.
func later(err error, after string) error {
	n, bad := strconv.Atoi(after)
	if bad != nil || n < 1 {
		return err
	}
	return mail.Later(err, min(time.Duration(n)*time.Second, maxWait))
}

func clip(s string) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "")
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}
