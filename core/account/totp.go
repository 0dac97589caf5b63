package account

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as programs on phones speak it
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// The numbers of RFC 6238 that every program on a phone understands.
const (
	codeStep   = 30 * time.Second
	codeDigits = 6
	codeSpace  = 1_000_000 // codes there are
	// codeDrift is how many steps the clock of a phone may be off.
	codeDrift = 1
	// codeSecret is the length of a shared secret, in bytes: that of the hash.
	codeSecret = sha1.Size
)

// codeAt is the code of a secret at a time step (RFC 4226, section 5.3).
func codeAt(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // steps since 1970 are positive
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, n%codeSpace)
}

// stepOf finds the time step near now that code belongs to. All of them are
// tried, so that the time tells nothing.
func stepOf(secret []byte, code string, now time.Time) (step int64, ok bool) {
	current := now.Unix() / int64(codeStep/time.Second)
	for i := current - codeDrift; i <= current+codeDrift; i++ {
		if subtle.ConstantTimeCompare([]byte(codeAt(secret, i)), []byte(code)) == 1 {
			step, ok = i, true
		}
	}
	return step, ok
}

func secretText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// codeURI is what a phone reads as a picture:
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
func codeURI(issuer, account string, secret []byte) string {
	u := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account,
		RawQuery: "secret=" + secretText(secret) + "&issuer=" + url.QueryEscape(issuer),
	}
	return u.String()
}
