package httpapi

import (
	"net/http"
	"net/url"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// refreshCookie is where a browser keeps its refresh token.
const refreshCookie = "crier_refresh"

// public is Config.PublicURL, which Register has read.
func (a *api) public() *url.URL {
	u, err := url.Parse(a.cfg.PublicURL)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// cookie keeps a refresh token away from scripts and from other sites. An empty
// value takes it away from the browser.
func (a *api) cookie(value string, expires time.Time) http.Cookie {
	u := a.public()
	c := http.Cookie{
		Name: refreshCookie, Value: value, Path: u.Path + "/auth", Expires: expires,
		HttpOnly: true, Secure: u.Scheme == "https", SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// cookieOf is the value of a cookie of the request, or "".
func cookieOf(req *request, name string) string {
	cookies, err := http.ParseCookie(req.Header("Cookie"))
	if err != nil {
		return ""
	}
	for _, c := range cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// mayUseCookie refuses a browser on the page of another site that would have
// us set or read a cookie (wanted). Browsers say where they are; other programs
// say nothing, and nobody can make them send a cookie.
func (a *api) mayUseCookie(req *request, wanted bool) error {
	if !wanted {
		return nil
	}
	protection, u := http.NewCrossOriginProtection(), a.public()
	if err := protection.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return err
	}
	at := req.URL()
	r := &http.Request{Method: req.Method(), Host: req.Host(), URL: &at, Header: http.Header{}}
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		if v := req.Header(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	if protection.Check(r) != nil {
		return fault.New(fault.Denied, "cross_origin", "A page of another site may not do this.")
	}
	return nil
}
