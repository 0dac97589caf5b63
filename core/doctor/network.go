package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/crierhq/crier/core/channel"
)

const (
	// knock bounds how long one host is waited for.
	knock = 10 * time.Second
	// maxSkew is how far our clock may be off: signed requests and short codes
	// fail beyond it.
	maxSkew = 30 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 10
)

// answer is what came of knocking at one host.
type answer struct {
	host  string
	date  time.Time
	asked time.Time
	err   error
}

// hosts looks whether every host can be found and reached, and what time it is
// there.
func (l *look) hosts(hosts []string) {
	if l.cfg.HTTP == nil {
		return
	}
	answers := make([]answer, len(hosts))
	var wg sync.WaitGroup
	for i, h := range hosts {
		wg.Go(func() { answers[i] = l.knock(h) })
	}
	wg.Wait()
	for _, a := range answers {
		if a.err != nil {
			cause, fix := whyUnreachable(a.err)
			l.bad(Error, "reach", a.host, fix, "%s", cause)
			continue
		}
		l.ok("reach", a.host, "It answers.")
	}
	l.clock(answers)
}

// knock makes one request that means nothing. Whatever the answer says, there is
// one.
func (l *look) knock(host string) answer {
	out := answer{host: host, asked: l.cfg.Now()}
	ctx, cancel := context.WithTimeout(l.ctx, knock)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, host, nil)
	if err != nil {
		out.err = err
		return out
	}
	client := *l.cfg.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		out.err = err
		return out
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close()
	out.date, _ = http.ParseTime(resp.Header.Get("Date"))
	return out
}

// whyUnreachable explains an error of the network.
func whyUnreachable(err error) (cause, fix string) {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address is told already
	}
	var (
		dns  *net.DNSError
		cert x509.CertificateInvalidError
		name x509.HostnameError
		auth x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &dns):
		return "Its name is not known to the name server of this machine.", "Look at the address in the settings, and at the machine's name server (/etc/resolv.conf, or the DNS of the container)."
	case errors.As(err, &cert) && cert.Reason == x509.Expired:
		return "Its certificate is not valid at the time that this machine's clock shows.", "Set the clock of this machine; switch NTP on."
	case errors.As(err, &cert), errors.As(err, &name), errors.As(err, &auth):
		return "Its certificate is not one that this machine trusts. Something in between may open the connection.", "Install the certificate authorities (ca-certificates), or have the proxy leave this host alone."
	case errors.Is(err, context.DeadlineExceeded):
		return "There was no answer within 10 seconds.", "Let this machine connect to it on port 443: look at firewalls and proxies."
	default:
		return "It cannot be reached: " + clip(err.Error()), "Let this machine connect to it: look at firewalls and proxies, and at the address in the settings."
	}
}

func clip(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// clock compares our time with that of the hosts: the one that differs least
// counts, for some hosts are wrong themselves.
func (l *look) clock(answers []answer) {
	var least *time.Duration
	for _, a := range answers {
		if a.err != nil || a.date.IsZero() {
			continue
		}
		d := a.asked.Sub(a.date).Abs()
		if least == nil || d < *least {
			least = &d
		}
	}
	switch {
	case least == nil:
	case *least > maxSkew:
		l.bad(Error, "clock", "", "Set the clock of this machine; switch NTP on.", "The clock of this machine is off by %s.", least.Round(time.Second))
	default:
		l.ok("clock", "", "The clock of this machine is right.")
	}
}

// media looks whether a platform that fetches files by their address could reach
// ours.
func (l *look) media(pf channel.Platform) {
	if len(pf.Descriptor.Limits.Media.Pulls) == 0 || l.cfg.PublicURL == "" {
		return
	}
	const fix = "Set PUBLIC_URL to an address with https:// that everybody can reach, without a sign-in in front of it."
	u, err := url.Parse(l.cfg.PublicURL)
	switch {
	case err != nil || u.Host == "":
		l.bad(Error, "media", l.cfg.PublicURL, fix, "The platform fetches files from this server, and this is no address.")
		return
	case isLocal(u.Hostname()):
		l.bad(Error, "media", l.cfg.PublicURL, fix, "The platform fetches files from this server, and cannot reach an address of your own network.")
		return
	case u.Scheme != "https":
		l.bad(Warning, "media", l.cfg.PublicURL, fix, "The platform fetches files from this server; many platforms do so over https:// only.")
		return
	}
	if l.cfg.HTTP == nil {
		return
	}
	if a := l.knock(strings.TrimSuffix(l.cfg.PublicURL, "/") + "/livez"); a.err != nil {
		cause, _ := whyUnreachable(a.err)
		l.bad(Warning, "media", l.cfg.PublicURL, fix, "The platform fetches files from this server. From here it does not answer at that address; from outside it may. %s", cause)
		return
	}
	l.ok("media", l.cfg.PublicURL, "Files can be fetched at this address.")
}

// isLocal reports whether a host is one that only some can reach.
func isLocal(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal")
}
