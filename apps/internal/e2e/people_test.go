package e2e_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as phones do
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"

	"github.com/crierhq/crier/client"
	"github.com/crierhq/crier/core/domain"
)

// other is somebody new with the role of whoever asks: for what would keep the
// people of the scene from going on. The other of nobody is nobody.
func (s *scene) other(c *client.Client) *client.Client {
	s.t.Helper()
	for who, role := range map[caller]domain.Role{owner: domain.RoleOwner, admin: domain.RoleAdmin, user: domain.RoleUser, viewer: domain.RoleViewer} {
		if s.as[who] != c {
			continue
		}
		email := s.new() + "@example.org"
		s.member(email, role)
		return s.api.As(client.NewRenewer(s.api, *s.signIn(email)))
	}
	return s.api
}

// address is the e-mail address of somebody.
func (s *scene) address(c *client.Client) string {
	s.t.Helper()
	me, err := c.GetMe(s.t.Context())
	s.must(err)
	return me.Email
}

// session is the only sign-in of somebody.
func (s *scene) session(c *client.Client) string {
	s.t.Helper()
	if c == s.api {
		return "none"
	}
	all, err := c.ListSessions(s.t.Context())
	s.must(err)
	if len(all.Data) != 1 {
		s.t.Fatalf("got %d sign-ins, want one", len(all.Data))
	}
	return all.Data[0].ID
}

// phone gives somebody a second factor that is not switched on yet, and returns
// the code for that.
func (s *scene) phone(c *client.Client) string {
	s.t.Helper()
	if c == s.api {
		return "000000"
	}
	e, err := c.EnrollSecondFactor(s.t.Context(), client.EnrollRequest{Password: password})
	s.must(err)
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret)
	s.must(err)
	mac := hmac.New(sha1.New, key)
	s.must(binary.Write(mac, binary.BigEndian, s.now().Unix()/30))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// secondFactor switches a second factor on and returns the recovery codes.
func (s *scene) secondFactor(c *client.Client) []string {
	s.t.Helper()
	if c == s.api {
		return []string{"none"}
	}
	out, err := c.ConfirmSecondFactor(s.t.Context(), client.ConfirmRequest{Code: s.phone(c)})
	s.must(err)
	return out.RecoveryCodes
}

var tokenIn = regexp.MustCompile(`#token=(\S+)`)

// mailed is the secret in the newest mail to an address.
func (s *scene) mailed(to string) string {
	s.t.Helper()
	s.tick()
	token := ""
	for _, m := range s.mails.Sent() {
		if found := tokenIn.FindStringSubmatch(m.Text); found != nil && m.To.Email == to {
			token = found[1]
		}
	}
	if token == "" {
		s.t.Fatalf("no mail with a token came to %s", to)
	}
	return token
}
