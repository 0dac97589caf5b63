package oauth

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // It is the algorithm of the standard.
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signer signs requests with OAuth 1.0a, HMAC-SHA1 (RFC 5849, 3).
type Signer struct {
	// Key and Secret are the operator's app, Token and TokenSecret the person's
	// or those of a sign-in that is under way. They may be empty.
	Key, Secret, Token, TokenSecret string
	// Nonce returns a text that was never used before, and Now the time.
	Nonce func() string
	Now   func() time.Time
}

// Header is the value of the Authorization header of one request. extra are
// further parameters of the protocol, such as oauth_callback. form is the body
// of a request with a form, and nil for every other body: bodies of JSON and
// multipart are not signed (3.4.1.3.1). The query of target is.
func (s Signer) Header(method, target string, form url.Values, extra map[string]string) (string, error) {
	u, err := url.Parse(target)
	if err != nil {
		return "", err
	}
	own := map[string]string{
		"oauth_consumer_key": s.Key, "oauth_nonce": s.Nonce(), "oauth_signature_method": "HMAC-SHA1",
		"oauth_timestamp": strconv.FormatInt(s.Now().Unix(), 10), "oauth_version": "1.0",
	}
	if s.Token != "" {
		own["oauth_token"] = s.Token
	}
	for k, v := range extra {
		own[k] = v
	}
	own["oauth_signature"] = s.sign(method, u, form, own)
	parts := make([]string, 0, len(own))
	for k, v := range own {
		parts = append(parts, percent(k)+`="`+percent(v)+`"`)
	}
	slices.Sort(parts)
	return "OAuth " + strings.Join(parts, ", "), nil
}

// sign is 3.4.2 over the base string of 3.4.1.
func (s Signer) sign(method string, u *url.URL, form url.Values, own map[string]string) string {
	var params []string
	add := func(k, v string) { params = append(params, percent(k)+"="+percent(v)) }
	for _, values := range []url.Values{u.Query(), form} {
		for k, list := range values {
			for _, v := range list {
				add(k, v)
			}
		}
	}
	for k, v := range own {
		add(k, v)
	}
	slices.Sort(params)
	base := strings.ToUpper(method) + "&" + percent(baseURI(u)) + "&" + percent(strings.Join(params, "&"))
	mac := hmac.New(sha1.New, []byte(percent(s.Secret)+"&"+percent(s.TokenSecret)))
	mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// baseURI is the address without query, and without a port that needs no
// mention (3.4.1.2).
func baseURI(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path
}

// percent is the encoding of 3.6, which spares fewer characters than that of
// forms.
func percent(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b.WriteByte(c)
		default:
			b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
		}
	}
	return b.String()
}
