package smtpmail_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/smtpmail"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/testkit/mailtest"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		want smtpmail.Server
		says string
	}{
		"smtp://h":                       {want: smtpmail.Server{Host: "h", Port: 587, Security: smtpmail.StartTLS}},
		"smtps://h":                      {want: smtpmail.Server{Host: "h", Port: 465, Security: smtpmail.TLS}},
		"smtp://h:25?tls=off":            {want: smtpmail.Server{Host: "h", Port: 25, Security: smtpmail.Plain}},
		"smtp://ann:p%40ss@h:2525/":      {want: smtpmail.Server{Host: "h", Port: 2525, Security: smtpmail.StartTLS, User: "ann", Password: "p@ss"}},
		"smtp://ann:x@127.0.0.1?tls=off": {want: smtpmail.Server{Host: "127.0.0.1", Port: 587, Security: smtpmail.Plain, User: "ann", Password: "x"}},
		"smtp://ann:x@[::1]?tls=off":     {want: smtpmail.Server{Host: "::1", Port: 587, Security: smtpmail.Plain, User: "ann", Password: "x"}},
		"":                               {says: "begin with"},
		"http://hunter2@h":               {says: "begin with"},
		"h:587":                          {says: "begin with"},
		"smtp://":                        {says: "name a host"},
		"smtp://h/hunter2":               {says: "name a host"},
		"smtp://h#hunter2":               {says: "name a host"},
		"smtp://h:0":                     {says: "port"},
		"smtp://h:99999":                 {says: "port"},
		"smtp://h?tls=maybe":             {says: "only tls=off"},
		"smtp://h?x=1":                   {says: "only tls=off"},
		"smtps://h?tls=off":              {says: "only tls=off"},
		"smtp://:hunter2@h":              {says: "no user name"},
		"smtp://u:hunter2@h?tls=off":     {says: "without TLS"},
		"smtp://u:hunter2%@h":            {says: "cannot be read"},
	}
	for raw, c := range cases {
		got, err := smtpmail.ParseURL(raw)
		if c.says == "" {
			if err != nil || got != c.want {
				t.Errorf("%s: got %+v and error %v, want %+v", raw, got, err, c.want)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got error %v, want one that says %q and quotes no secret", raw, err, c.says)
		}
		if _, err := smtpmail.New(smtpmail.Config{URL: raw}); err == nil {
			t.Errorf("%s: New took it", raw)
		}
	}
}

func TestWhatTheServerSays(t *testing.T) {
	t.Parallel()
	const user = "smtp://ann:hunter2@HOST?tls=off"
	cases := map[string]struct {
		url       string
		server    server
		taken     bool
		permanent bool
		says      string
	}{
		"all is well":            {taken: true},
		"no such receiver":       {server: server{answers: map[string]string{"RCPT": "550 5.1.1 nobody"}}, permanent: true, says: "550"},
		"a mailbox that is full": {server: server{answers: map[string]string{"RCPT": "452 4.2.2 full"}}, says: "452"},
		"a sender it hates":      {server: server{answers: map[string]string{"MAIL": "553 5.7.1 go away"}}, permanent: true, says: "553"},
		"a mail it hates":        {server: server{answers: map[string]string{".": "554 5.7.1 spam"}}, permanent: true, says: "554"},
		"a mail it hates today":  {server: server{answers: map[string]string{".": "421 4.3.0 tired"}}, says: "421"},
		"a hang-up before":       {server: server{answers: map[string]string{"MAIL": ""}}},
		"a hang-up in the body":  {server: server{answers: map[string]string{".": ""}}},
		"a hang-up after it":     {server: server{answers: map[string]string{"RSET": ""}}, taken: true},
		"no goodbye":             {server: server{answers: map[string]string{"QUIT": ""}}, taken: true},
		"a rude greeting":        {server: server{answers: map[string]string{"greeting": "554 no"}}},
		"it wants to know us":    {server: server{answers: map[string]string{"MAIL": "530 5.7.0 authenticate"}}, says: "530"},
		"a good password":        {url: user, server: server{extra: "250-AUTH PLAIN LOGIN\r\n"}, taken: true},
		"a wrong password": {
			url: user, server: server{extra: "250-AUTH PLAIN\r\n", answers: map[string]string{"AUTH": "535 5.7.8 not hunter2"}}, says: "refuses the user name",
		},
		"no way to prove it": {url: user, server: server{}, says: "AUTH"},
		"no TLS on offer":    {url: "smtp://HOST", server: server{}, says: "STARTTLS"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.url == "" {
				c.url = "smtp://HOST?tls=off"
			}
			err := newServer(t, c.server).sender(t, c.url, smtpmail.Config{}).Send(t.Context(), mailtest.Example("x"))
			if c.taken {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			if err == nil || mail.IsPermanent(err) != c.permanent || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got error %v, want one that says %q; permanent: %t", err, c.says, c.permanent)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "Über alles")) {
				t.Errorf("the error quotes the password or the body: %v", err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	serves, trusts := certificates(t)
	auth := "250-AUTH PLAIN\r\n"
	cases := map[string]struct {
		url    string
		server server
		cfg    smtpmail.Config
		taken  bool
	}{
		"from the start":              {"smtps://ann:x@HOST", server{implicit: true, tls: serves, extra: auth}, smtpmail.Config{TLS: trusts}, true},
		"after a greeting":            {"smtp://HOST", server{tls: serves, extra: "250-STARTTLS\r\n"}, smtpmail.Config{TLS: trusts}, true},
		"from the start, untrusted":   {"smtps://HOST", server{implicit: true, tls: serves}, smtpmail.Config{}, false},
		"after a greeting, untrusted": {"smtp://HOST", server{tls: serves, extra: "250-STARTTLS\r\n"}, smtpmail.Config{}, false},
		"none where it must be":       {"smtps://HOST", server{}, smtpmail.Config{TLS: trusts, Timeout: 2 * time.Second}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := newServer(t, c.server).sender(t, c.url, c.cfg).Send(t.Context(), mailtest.Example("x"))
			if (err == nil) != c.taken || mail.IsPermanent(err) {
				t.Errorf("got error %v, want that it is taken: %t, and nothing permanent", err, c.taken)
			}
		})
	}
}

func TestAServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	silent := server{answers: map[string]string{"greeting": ""}}
	s := newServer(t, silent).sender(t, "smtp://HOST?tls=off", smtpmail.Config{Timeout: 50 * time.Millisecond})
	if err := s.Send(t.Context(), mailtest.Example("x")); !errors.Is(err, context.DeadlineExceeded) || mail.IsPermanent(err) {
		t.Errorf("got error %v, want that the time is over", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s = newServer(t, silent).sender(t, "smtp://HOST?tls=off", smtpmail.Config{Timeout: time.Hour})
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := s.Send(ctx, mailtest.Example("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that the caller left", err)
	}
}

func TestNewChecksTheTimeout(t *testing.T) {
	t.Parallel()
	if _, err := smtpmail.New(smtpmail.Config{URL: "smtp://h", Timeout: -1}); err == nil {
		t.Error("got no error, want one")
	}
}
