package httpapi

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
)

const (
	// linkPurpose makes the key of links another one than that of tokens.
	linkPurpose = "crier media link v1"
	// linkLife is how long a link to a file is good. Platforms that fetch files
	// may come hours later.
	linkLife = 24 * time.Hour
)

// links signs and checks addresses that anybody may fetch a file from.
type links struct {
	key  []byte
	base string
	now  func() time.Time
}

func newLinks(secret []byte, base string, now func() time.Time) links {
	key, err := hkdf.Key(sha256.New, secret, nil, linkPurpose, sha256.Size)
	if err != nil {
		panic("httpapi: a key of this length can always be derived: " + err.Error())
	}
	return links{key: key, base: base, now: now}
}

// MediaURL returns what core.Config.MediaURL wants: links to the files of an
// API with the same secret under publicURL, good for a day.
func MediaURL(secret []byte, publicURL string, now func() time.Time) func(context.Context, domain.Media) (string, error) {
	l := newLinks(secret, strings.TrimRight(publicURL, "/"), now)
	return func(_ context.Context, m domain.Media) (string, error) { return l.sign(m.Organization, m.ID), nil }
}

// sign returns a link to a file.
func (l links) sign(org domain.OrganizationID, id domain.MediaID) string {
	expires := strconv.FormatInt(l.now().Add(linkLife).Unix(), 10)
	q := url.Values{"organization": {string(org)}, "expires": {expires}, "signature": {l.signature(string(org), string(id), expires)}}
	return l.base + "/media/" + url.PathEscape(string(id)) + "/file?" + q.Encode()
}

// good reports whether a link was signed by us and has not ended.
func (l links) good(org, id, expires, signature string) bool {
	unix, err := strconv.ParseInt(expires, 10, 64)
	given, err2 := base64.RawURLEncoding.Strict().DecodeString(signature)
	want, err3 := base64.RawURLEncoding.DecodeString(l.signature(org, id, expires))
	return err == nil && err2 == nil && err3 == nil && hmac.Equal(given, want) && l.now().Unix() < unix
}

// signature is over fields that cannot hold the NUL byte between them.
func (l links) signature(org, id, expires string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(org + "\x00" + id + "\x00" + expires))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
