package smtpmail_test

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/smtpmail"
	"github.com/crierhq/crier/ports/mail"
)

// server is a mail server that says what a test wants it to say.
type server struct {
	address string
	// answers are the replies to commands that differ from those of a server
	// that takes everything, by the first word of the command. "" hangs up.
	answers map[string]string
	tls     *tls.Config
	// implicit says that TLS begins with the first byte.
	implicit bool
	extra    string // further lines of the greeting, such as "250-STARTTLS"
}

// newServer starts a server that ends with the test.
func newServer(t testing.TB, s server) *server {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s.address = l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go s.serve(conn)
		}
	}()
	return &s
}

var usual = map[string]string{
	"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 taken", "RSET": "250 ok", "QUIT": "221 bye",
	"NOOP": "250 ok", "AUTH": "235 ok", "STARTTLS": "220 go on",
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the end
	if s.implicit {
		conn = tls.Server(conn, s.tls)
	}
	in := bufio.NewScanner(conn)
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) }
	if greeting, ok := s.answers["greeting"]; ok {
		if greeting == "" {
			in.Scan() // says nothing, and waits
			return
		}
		say(greeting)
		return
	}
	say("220 test ESMTP")
	body := false
	for in.Scan() {
		word, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
		if body && word != "." {
			continue
		}
		body = false
		if word == "EHLO" {
			say("250-test\r\n" + s.extra + "250 8BITMIME")
			continue
		}
		answer, ok := s.answers[word]
		if !ok {
			answer = usual[word]
		}
		if answer == "" {
			return
		}
		say(answer)
		switch {
		case word == "DATA" && answer == usual["DATA"]:
			body = true
		case word == "STARTTLS":
			conn = tls.Server(conn, s.tls)
			in = bufio.NewScanner(conn)
			s.extra = ""
		}
	}
}

func (s *server) sender(t testing.TB, form string, cfg smtpmail.Config) *smtpmail.Sender {
	t.Helper()
	cfg.URL = strings.Replace(form, "HOST", s.address, 1)
	out, err := smtpmail.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// certificates are those of the server, and what trusts them.
func certificates(t testing.TB) (serves, trusts *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12},
		s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
}

// busy is a sender whose server wants to be asked later.
func busy(t testing.TB) mail.Sender {
	t.Helper()
	return newServer(t, server{answers: map[string]string{"RCPT": "450 4.2.1 greylisted"}}).sender(t, "smtp://HOST?tls=off", smtpmail.Config{})
}

// away is a sender whose server is not there.
func away(t testing.TB) mail.Sender {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return (&server{address: l.Addr().String()}).sender(t, "smtp://HOST?tls=off", smtpmail.Config{})
}
