package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// peer is the address at the other end of a connection.
func peer(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// clientBehind finds out which address a request comes from. Proxies add the
// address that they were asked from to the end of X-Forwarded-For, and anybody
// may write anything before it. So it is read from its end, for as long as
// proxies that are trusted tell it.
func clientBehind(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at := peer(r.RemoteAddr)
	told := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for _, entry := range slices.Backward(told) {
		if !within(trusted, at) {
			break
		}
		next, ok := forwardedAddress(strings.TrimSpace(entry))
		if !ok {
			break
		}
		at = next
	}
	return at
}

const forwardedFor = "X-Forwarded-For"

// forwardedAddress reads an entry, which some proxies write with a port.
func forwardedAddress(entry string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
		return a.Unmap().WithZone(""), true
	}
	a := peer(entry)
	return a, a.IsValid()
}

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}
