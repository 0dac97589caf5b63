package smtpmail

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Security is how a connection is kept from others.
type Security string

// The kinds of security.
const (
	TLS      Security = "tls"      // from the first byte
	StartTLS Security = "starttls" // after a greeting; a server without it is not used
	Plain    Security = "plain"    // not at all
)

// Server is where an SMTP server is.
type Server struct {
	Host     string
	Port     int
	Security Security
	// User is empty where the server asks nobody who they are.
	User, Password string
}

// ParseURL reads the address of a server. Its errors do not quote it, for it may
// hold a password.
//
//	smtp://user:password@host:587     STARTTLS, which must work; the port may be left out
//	smtps://user:password@host:465    TLS from the start; the port may be left out
//	smtp://host:25?tls=off            no TLS, such as for a server on the same machine
//
// A password without TLS is refused, unless the server is on this machine.
func ParseURL(raw string) (Server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Server{}, errors.New("smtpmail: the URL cannot be read; write special characters of the password as % and two digits")
	}
	out := Server{Host: u.Hostname(), User: u.User.Username()}
	out.Password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		out.Port, out.Security = 587, StartTLS
	case "smtps":
		out.Port, out.Security = 465, TLS
	default:
		return Server{}, errors.New("smtpmail: the URL must begin with smtp:// or smtps://")
	}
	if out.Host == "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return Server{}, errors.New("smtpmail: the URL must name a host, and nothing after it but a port and tls=off")
	}
	if p := u.Port(); p != "" {
		if out.Port, err = strconv.Atoi(p); err != nil || out.Port < 1 || out.Port > 65535 {
			return Server{}, errors.New("smtpmail: the port of the URL must be from 1 to 65535")
		}
	}
	return out, out.options(u)
}

// options reads what is behind the question mark, and checks the whole.
func (s *Server) options(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("smtpmail: what is behind the question mark of the URL cannot be read")
	}
	for name, values := range query {
		if name != "tls" || len(values) != 1 || values[0] != "off" || s.Security == TLS {
			return fmt.Errorf("smtpmail: the URL has the option %.20q; only tls=off is known, for smtp://", name)
		}
		s.Security = Plain
	}
	if s.User == "" && s.Password != "" {
		return errors.New("smtpmail: the URL has a password and no user name")
	}
	if s.Security == Plain && s.User != "" && !loopback(s.Host) {
		return errors.New("smtpmail: a password must not travel without TLS; remove tls=off, or the user and the password")
	}
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
