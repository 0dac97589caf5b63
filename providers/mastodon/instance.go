package mastodon

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

var hostname = regexp.MustCompile(`^[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?)+$`)

// originOf reads the address of a server from what a person typed: a name, an
// address of any page on it, or the handle of an account. Only a server on
// this very machine may be without TLS.
func originOf(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	if !strings.Contains(s, "://") {
		s = s[strings.LastIndex(s, "@")+1:]
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || !isHost(u.Hostname()) || !isPort(u.Port()) {
		return "", notAServer()
	}
	switch host := strings.ToLower(u.Host); {
	case u.Scheme == "http" && loopback(u.Hostname()):
		return "http://" + host, nil
	case u.Scheme == "http", u.Scheme == "https":
		return "https://" + host, nil
	default:
		return "", notAServer()
	}
}

func isHost(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || loopback(name) || hostname.MatchString(name)
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func notAServer() error {
	return social.Errorf(social.CodeRejected, "This is not the address of a server. It looks like mastodon.social, or @ann@mastodon.social.")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// hostOf is the host of an origin, with its port if that is not the usual one.
func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}

// instance reads what a server says of itself. Servers before Mastodon 4.0,
// and many compatible ones, have only v1. A server that says nothing we can
// read gets the limits of Mastodon as it comes: a person who just allowed the
// connection must not lose it for that.
func (p *Provider) instance(ctx context.Context, origin string) instance {
	var in instance
	resp, err := p.do(ctx, origin, rest.Request{Method: http.MethodGet, Path: "/api/v2/instance", Out: &in})
	if resp.Status == http.StatusNotFound || resp.Status == http.StatusMethodNotAllowed {
		_, err = p.do(ctx, origin, rest.Request{Method: http.MethodGet, Path: "/api/v1/instance", Out: &in})
	}
	if err != nil {
		p.deps.Log.WarnContext(ctx, "mastodon: the server does not say its limits; Mastodon's own are used", "host", hostOf(origin), "error", err)
		return instance{}
	}
	return in
}

// metadata reads which scopes and challenges a server knows. Mastodon has it
// since 4.3; elsewhere it may be missing, or be a page for people.
func (p *Provider) metadata(ctx context.Context, origin string) (metadata, error) {
	resp, err := p.do(ctx, origin, rest.Request{Method: http.MethodGet, Path: "/.well-known/oauth-authorization-server"})
	if err != nil && resp.Status == 0 {
		return metadata{}, err
	}
	var m metadata
	if resp.Status != http.StatusOK || json.Unmarshal(resp.Body, &m) != nil {
		m = metadata{}
	}
	return m, nil
}

var (
	release    = regexp.MustCompile(`^[2-9]\.\d+\.\d+(-?(alpha|beta|rc|nightly)[.\d-]*)?(\+(glitch|hometown)[\w.-]*)?$`)
	compatible = regexp.MustCompile(`(?i)\(compatible; ([\w-]+)|really ([\w-]+)/`)
)

// software names what a server runs. Only "mastodon", itself and the forks
// known to keep its promise, is taken at its word for the Idempotency-Key.
func (in instance) software() string {
	if m := compatible.FindStringSubmatch(in.Version); m != nil {
		return strings.ToLower(m[1] + m[2])
	}
	if strings.Contains(strings.ToLower(in.Version+in.SourceURL), "gotosocial") {
		return "gotosocial"
	}
	if release.MatchString(in.Version) {
		return "mastodon"
	}
	return "other"
}
