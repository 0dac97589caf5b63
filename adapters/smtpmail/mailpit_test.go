package smtpmail_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/smtpmail"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/testkit/mailtest"
)

// mailpit is a real mail server whose mails can be read; see
// apps/internal/devservices.
type mailpit struct {
	api  string
	port string
	ca   *x509.CertPool
}

// newMailpit skips the test where no server was started, but not in CI.
func newMailpit(t *testing.T) *mailpit {
	t.Helper()
	const variable = "TEST_MAILPIT_URL"
	raw := os.Getenv(variable)
	if raw == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not set; run make test", variable)
		}
		t.Skipf("%s is not set; make test starts the server", variable)
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	cert, err := os.ReadFile(u.Query().Get("ca"))
	if err != nil {
		t.Fatal(err)
	}
	p := &mailpit{api: "http://" + u.Host + "/api/v1", port: u.Query().Get("smtp"), ca: x509.NewCertPool()}
	if !p.ca.AppendCertsFromPEM(cert) {
		t.Fatal("the certificate of the mail server cannot be read")
	}
	return p
}

// call asks the API of the server.
func (p *mailpit) call(ctx context.Context, method, path, body string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, p.api+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %s %w", method, path, res.StatusCode, raw, err)
	}
	return json.Unmarshal(raw, out)
}

// inbox reads what arrived for addresses with the given end.
func (p *mailpit) inbox(ctx context.Context, end string) ([]mailtest.Arrived, error) {
	var list struct {
		Messages []struct {
			ID string
			To []person
		} `json:"messages"`
	}
	if err := p.call(ctx, http.MethodGet, "/messages?limit=500", "", &list); err != nil {
		return nil, err
	}
	var out []mailtest.Arrived
	for _, m := range list.Messages {
		if len(m.To) == 0 || !strings.HasSuffix(m.To[0].Address, end) {
			continue
		}
		a, err := p.read(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

type person struct{ Name, Address string }

func (p *mailpit) read(ctx context.Context, id string) (mailtest.Arrived, error) {
	var m struct {
		MessageID, Subject, Text, HTML string
		From                           person
		To, ReplyTo, Bcc               []person
	}
	headers := map[string][]string{}
	err := errors.Join(
		p.call(ctx, http.MethodGet, "/message/"+id, "", &m),
		p.call(ctx, http.MethodGet, "/message/"+id+"/headers", "", &headers),
	)
	if err != nil {
		return mailtest.Arrived{}, err
	}
	out := mailtest.Arrived{MessageID: "<" + m.MessageID + ">", Message: mail.Message{
		From: mail.Address{Name: m.From.Name, Email: m.From.Address}, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		Headers: map[string]string{},
	}}
	if len(m.To) == 1 {
		out.To = mail.Address{Name: m.To[0].Name, Email: m.To[0].Address}
	}
	if len(m.ReplyTo) == 1 {
		out.ReplyTo = mail.Address{Name: m.ReplyTo[0].Name, Email: m.ReplyTo[0].Address}
	}
	for name, values := range headers {
		out.Headers[name] = strings.Join(values, "\n")
	}
	return out, nil
}

func (p *mailpit) sender(t testing.TB, address string) *smtpmail.Sender {
	t.Helper()
	s, err := smtpmail.New(smtpmail.Config{URL: fmt.Sprintf(address, p.port), TLS: &tls.Config{RootCAs: p.ca, MinVersion: tls.VersionTLS12}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// elsewhere sends every mail to a place that the server does not serve.
type elsewhere struct{ mail.Sender }

func (e elsewhere) Send(ctx context.Context, m mail.Message) error {
	m.To.Email = "ann@elsewhere.invalid"
	return e.Sender.Send(ctx, m)
}

func TestMailsReachARealServer(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"plain":    "smtp://127.0.0.1:%s?tls=off",
		"starttls": "smtp://ann:p%%40ss@127.0.0.1:%s",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newMailpit(t)
			mailtest.Run(t, mailtest.Harness{
				Open: func(t testing.TB) (mail.Sender, mailtest.Inbox) {
					t.Helper()
					s := tagged{p.sender(t, address), "@" + strings.ToLower(rand.Text()) + ".example.net"}
					return s, func(ctx context.Context) ([]mailtest.Arrived, error) { return s.inbox(ctx, p) }
				},
				Refusing: func(t testing.TB) mail.Sender { t.Helper(); return elsewhere{p.sender(t, address)} },
				Busy:     busy,
				Away:     away,
			})
		})
	}
}

// tagged keeps the mails of a test apart from those of others that use the same
// server, by the domain that they go to.
type tagged struct {
	mail.Sender
	domain string
}

func (s tagged) Send(ctx context.Context, m mail.Message) error {
	m.To.Email = strings.Replace(m.To.Email, "@example.net", s.domain, 1)
	return s.Sender.Send(ctx, m)
}

func (s tagged) inbox(ctx context.Context, p *mailpit) ([]mailtest.Arrived, error) {
	list, err := p.inbox(ctx, s.domain)
	for i := range list {
		list[i].To.Email = strings.Replace(list[i].To.Email, s.domain, "@example.net", 1)
	}
	return list, err
}

// A server may take no more for a while.
func TestARealServerThatIsBusy(t *testing.T) { //nolint:paralleltest // the server is busy for all tests until this one ends
	p := newMailpit(t)
	chaos := func(probability int) {
		t.Helper()
		var out any
		body := fmt.Sprintf(`{"Recipient":{"ErrorCode":451,"Probability":%d}}`, probability)
		if err := p.call(context.WithoutCancel(t.Context()), http.MethodPut, "/chaos", body, &out); err != nil {
			t.Fatal(err)
		}
	}
	chaos(100)
	defer chaos(0)
	err := p.sender(t, "smtp://127.0.0.1:%s?tls=off").Send(t.Context(), mailtest.Example("chaos"))
	if err == nil || mail.IsPermanent(err) || !strings.Contains(err.Error(), "451") {
		t.Errorf("got error %v, want 451 that is not permanent", err)
	}
}
