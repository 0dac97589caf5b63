// Package smtpmail is a mail.Sender that hands mails to an SMTP server, over a
// connection of its own for each.
package smtpmail

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/crierhq/crier/ports/mail"
)

// Config is what a Sender needs.
type Config struct {
	// URL is the address of the server; see ParseURL. Required.
	URL string
	// Timeout bounds the sending of one mail. Default 30 s.
	Timeout time.Duration
	// TLS is the base of the configuration of TLS, such as authorities to trust.
	// Default: those of the system. The name of the server is filled in.
	TLS *tls.Config
	// Now is the clock, for the header Date. Default time.Now.
	Now func() time.Time
}

const defaultTimeout = 30 * time.Second

// Sender implements mail.Sender. Use New.
type Sender struct {
	server  Server
	timeout time.Duration
	tls     *tls.Config
	now     func() time.Time
}

var _ mail.Sender = (*Sender)(nil)

// New checks cfg and returns a Sender. It does not connect.
func New(cfg Config) (*Sender, error) {
	server, err := ParseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	s := &Sender{server: server, timeout: cfg.Timeout, now: cfg.Now}
	s.timeout = cmp.Or(s.timeout, defaultTimeout)
	if s.timeout < 0 {
		return nil, errors.New("smtpmail: Config.Timeout must not be negative")
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLS != nil {
		s.tls = cfg.TLS.Clone()
	}
	s.tls.ServerName = cmp.Or(s.tls.ServerName, server.Host)
	return s, nil
}

// Send implements mail.Sender.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	msg, err := s.message(m)
	if err != nil {
		return mail.Permanent(fmt.Errorf("smtpmail: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return fmt.Errorf("smtpmail: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil // once it was taken, it does not matter how the parting went
	}
	return s.classify(ctx, err)
}

// client is a client for one mail: it changes while it is used.
func (s *Sender) client(ctx context.Context) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.server.Port), gomail.WithTimeout(s.timeout), gomail.WithTLSConfig(s.tls),
		gomail.WithDialContextFunc(s.dial(ctx)), gomail.WithoutNoop(),
	}
	switch s.server.Security {
	case TLS:
		options = append(options, gomail.WithSSL())
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.server.User != "" {
		options = append(options, gomail.WithUsername(s.server.User), gomail.WithPassword(s.server.Password),
			gomail.WithOpportunisticSMTPAuth(s.ways()...))
	}
	return gomail.NewClient(s.server.Host, options...)
}

// ways are the ways to prove who we are, the best first.
func (s *Sender) ways() []gomail.SMTPAuthType {
	if s.server.Security == Plain { // the password stays on this machine; see ParseURL
		return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
	}
	return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
}

// dial connects, and closes the connection when ctx ends: the client itself
// looks at ctx until it is connected only.
func (s *Sender) dial(ctx context.Context) gomail.DialContextFunc {
	return func(dialCtx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if s.server.Security == TLS {
			d := tls.Dialer{Config: s.tls}
			conn, err = d.DialContext(dialCtx, network, address)
		} else {
			var d net.Dialer
			conn, err = d.DialContext(dialCtx, network, address)
		}
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
}

// message is m as the client takes it.
func (s *Sender) message(m mail.Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&netmail.Address{Name: m.From.Name, Address: m.From.Email})
	msg.ToMailAddress(&netmail.Address{Name: m.To.Name, Address: m.To.Email})
	if m.ReplyTo.Email != "" {
		msg.ReplyToMailAddress(&netmail.Address{Name: m.ReplyTo.Name, Address: m.ReplyTo.Email})
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(s.now())
	id := m.MessageID()
	msg.SetMessageIDWithValue(id[1 : len(id)-1]) // it adds the brackets itself
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	if _, err := msg.GetRecipients(); err != nil {
		return nil, err
	}
	return msg, nil
}
