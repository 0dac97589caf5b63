// Package guardhttp makes the HTTP client that everything uses whose addresses
// come from people: platforms, servers that authors name, feeds, webhooks.
//
// It never connects to the machine it runs on or to its private network. It
// looks at the address of each connection as it is made, after names were
// resolved and redirects were followed, so a name that changes its address
// between a check and the connection gains nothing.
package guardhttp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Config tunes the client. The zero Config is right for a server on the public
// internet.
type Config struct {
	// Timeout bounds each silence of the other side: connecting, the TLS
	// handshake, waiting for an answer, and every pause inside its body; 0: 30
	// seconds. The whole request is bounded by its context alone, so that large
	// uploads may take their time.
	Timeout time.Duration
	// MaxBody bounds the body of an answer, after decompression; 0: 32 MiB.
	// Reading beyond it fails with ErrBodyTooLong.
	MaxBody int64
	// Ports lists the ports that may be connected to. Empty: 80, 443 and every
	// port from 1024 up, which leaves out mail, remote shells and the like.
	Ports []uint16
	// AllowPrivate opens ranges that are closed otherwise, such as the network
	// of a server that the operator trusts.
	AllowPrivate []netip.Prefix
	// AllowAddresses opens single addresses with their ports, whatever is closed
	// otherwise, such as that of a program that tests run.
	AllowAddresses []netip.AddrPort
	// UserAgent is sent where a request names none; empty: "Crier".
	UserAgent string
	// RootCAs says which certificates are trusted; nil: those of the system.
	RootCAs *x509.CertPool
	// Resolver looks up names; nil: that of the system.
	Resolver *net.Resolver
}

const (
	maxRedirects   = 5
	maxHeaderBytes = 256 << 10
)

// ErrBodyTooLong is what reading an answer beyond Config.MaxBody ends with.
var ErrBodyTooLong = errors.New("guardhttp: the answer is longer than allowed")

// ErrSilent is what a request ends with when the other side stops talking for
// longer than Config.Timeout inside the body of its answer.
var ErrSilent = errors.New("guardhttp: the other side stopped talking in the middle of its answer")

// BlockedError says that an address may not be connected to. Nothing was sent.
type BlockedError struct {
	// Message is a plain sentence that is safe to show.
	Message string
	// Err is the rule that forbids it, for logs.
	Err error
}

// Error implements error.
func (e *BlockedError) Error() string { return e.Message }

// Unwrap gives the cause to errors.Is and errors.As.
func (e *BlockedError) Unwrap() error { return e.Err }

// New returns a client, or an error that names everything that is wrong with
// cfg. It ignores proxy settings of the environment, keeps no cookies, and
// follows at most five redirects: only those of GET and HEAD, because a change
// must not be made twice, and never from HTTPS to HTTP. A redirect of a change
// is returned as the answer it is. A change gets a connection of its own. Another
// host gets none of the headers that
// may hold a secret.
func New(cfg Config) (*http.Client, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 32 << 20
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "Crier"
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	reads := cfg.transport()
	changes := cfg.transport()
	changes.DisableKeepAlives = true
	t := &transport{
		reads: reads, changes: changes,
		userAgent: cfg.UserAgent, maxBody: cfg.MaxBody, timeout: cfg.Timeout,
	}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}, nil
}

// transport makes connections. Those of reads are kept for the next one. A
// change always gets a connection of its own: on one that the other side has
// just closed, nobody could tell whether the change was seen.
func (cfg Config) transport() *http.Transport {
	return &http.Transport{
		DialContext: (&net.Dialer{
			Timeout: min(cfg.Timeout, 10*time.Second), Resolver: cfg.Resolver, Control: cfg.control(),
		}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    min(cfg.Timeout, 10*time.Second),
		ResponseHeaderTimeout:  cfg.Timeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
	}
}

func (cfg Config) check() error {
	var errs []error
	if cfg.Timeout < 0 {
		errs = append(errs, fmt.Errorf("guardhttp: the timeout %v is negative", cfg.Timeout))
	}
	if cfg.MaxBody < 0 {
		errs = append(errs, fmt.Errorf("guardhttp: the bound of %d bytes is negative", cfg.MaxBody))
	}
	if slices.Contains(cfg.Ports, 0) {
		errs = append(errs, errors.New("guardhttp: port 0 cannot be connected to"))
	}
	for i, p := range cfg.AllowPrivate {
		if !p.IsValid() || p.Addr().Is4In6() {
			errs = append(errs, fmt.Errorf("guardhttp: the allowed range %d is not a valid one", i+1))
		}
	}
	return errors.Join(errs...)
}

// control returns what looks at each connection before it is made.
func (cfg Config) control() func(network, address string, c syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, p := range cfg.AllowPrivate {
		if p.Addr().Is4() {
			v4 = append(v4, p.Masked())
		} else {
			v6 = append(v6, p.Masked())
		}
	}
	guardian := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	return func(network, address string, c syscall.RawConn) error {
		if to, err := netip.ParseAddrPort(address); err == nil && slices.Contains(cfg.AllowAddresses, to) {
			return nil
		}
		if err := guardian.Safe(network, address, c); err != nil {
			return &BlockedError{Err: err, Message: "This address is in a private or reserved network, which this server does not connect to."}
		}
		// Safe has read the address already.
		if port := netip.MustParseAddrPort(address).Port(); !cfg.allowsPort(port) {
			return &BlockedError{Err: ssrf.ErrProhibitedPort, Message: fmt.Sprintf("This server does not connect to port %d.", port)}
		}
		return nil
	}
}

func (cfg Config) allowsPort(port uint16) bool {
	if len(cfg.Ports) > 0 {
		return slices.Contains(cfg.Ports, port)
	}
	return port == 80 || port == 443 || port >= 1024
}

// checkRedirect decides whether a redirect is followed.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	if first.Method != http.MethodGet && first.Method != http.MethodHead {
		return http.ErrUseLastResponse
	}
	switch {
	case len(via) > maxRedirects:
		return &BlockedError{Message: fmt.Sprintf("The address leads to more than %d others.", maxRedirects)}
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return &BlockedError{Message: "The address leads to one that is not on the web."}
	case last.URL.Scheme == "https" && req.URL.Scheme != "https":
		return &BlockedError{Message: "The address leads from an encrypted connection to one that is not."}
	}
	// The address that led here may hold a token.
	req.Header.Del("Referer")
	if req.URL.Host != first.URL.Host {
		maps.DeleteFunc(req.Header, func(name string, _ []string) bool { return !slices.Contains(harmless(), name) })
	}
	return nil
}

// harmless lists the headers that any host may see.
func harmless() []string {
	return []string{"Accept", "Accept-Language", "If-Modified-Since", "If-None-Match", "Range", "User-Agent"}
}
