package oidcidentity_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/identity"
)

const (
	clientID     = "crier"
	clientSecret = "the secret of the client"
)

// op is an OpenID provider that follows the standard, until a test tells it not
// to.
type op struct {
	*httptest.Server
	now func() time.Time

	// discovery changes what it says of itself, header and claims the ID token
	// that it is about to sign, and info what the user info says.
	discovery, header, claims, info func(map[string]any)
	// sign makes the signature. Nil: as it should.
	sign func(signed string) []byte
	// silent leaves the ID token out.
	silent bool
	// skew is by how much its clock is wrong.
	skew time.Duration

	mu    sync.Mutex
	codes map[string]grant
	calls map[string]int
	rsa   *rsa.PrivateKey
}

// rsaKey is the key of all providers: making one takes its time.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

type grant struct {
	query url.Values
	who   identity.Identity
}

// newOP starts a provider whose clock is that of the machine.
func newOP(t testing.TB) *op {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	o := &op{now: time.Now, codes: map[string]grant{}, calls: map[string]int{}, rsa: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", o.serveDiscovery)
	mux.HandleFunc("GET /keys", o.serveKeys)
	mux.HandleFunc("POST /token", o.serveToken)
	mux.HandleFunc("GET /userinfo", o.serveInfo)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.calls[r.URL.Path]++
		o.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *op) called(path string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[path]
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // nobody to tell
}

func apply(change func(map[string]any), to map[string]any) map[string]any {
	if change != nil {
		change(to)
	}
	return to
}

func (o *op) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, apply(o.discovery, map[string]any{
		"issuer": o.URL, "authorization_endpoint": o.URL + "/authorize", "token_endpoint": o.URL + "/token",
		"jwks_uri": o.URL + "/keys", "userinfo_endpoint": o.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}))
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (o *op) serveKeys(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": encoded(o.rsa.N.Bytes()), "e": encoded([]byte{1, 0, 1}),
	}}})
}

// Approve implements identitytest.Service.
func (o *op) Approve(_ context.Context, address string, who identity.Identity) (string, error) {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, o.URL+"/authorize?") {
		return "", errors.Join(err, errors.New("the address is not that of the authorization endpoint"))
	}
	q := u.Query()
	if q.Get("client_id") != clientID || q.Get("response_type") != "code" || !strings.Contains(" "+q.Get("scope")+" ", " openid ") {
		return "", errors.New("this is no request of the client")
	}
	code := rand.Text()
	o.mu.Lock()
	o.codes[code] = grant{q, who}
	o.mu.Unlock()
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {o.URL}}.Encode(), nil
}

// Stop implements identitytest.Service.
func (o *op) Stop() { o.Close() }

func (o *op) serveToken(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if ok {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	if id != clientID || secret != clientSecret {
		answer(w, 401, map[string]string{"error": "invalid_client"})
		return
	}
	o.mu.Lock()
	g, ok := o.codes[r.FormValue("code")]
	delete(o.codes, r.FormValue("code"))
	o.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || encoded(sum[:]) != g.query.Get("code_challenge") || r.FormValue("redirect_uri") != g.query.Get("redirect_uri") {
		answer(w, 400, map[string]string{"error": "invalid_grant", "error_description": "code " + r.FormValue("code")})
		return
	}
	access := rand.Text()
	o.mu.Lock()
	o.codes["access "+access] = g
	o.mu.Unlock()
	body := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": o.idToken(g)}
	if o.silent {
		delete(body, "id_token")
	}
	answer(w, 200, body)
}

func (o *op) idToken(g grant) string {
	now := o.now().Add(o.skew)
	header := apply(o.header, map[string]any{"alg": "RS256", "kid": "1", "typ": "JWT"})
	claims := apply(o.claims, map[string]any{
		"iss": o.URL, "sub": g.who.Subject, "aud": clientID, "nonce": g.query.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"email": g.who.Email, "email_verified": g.who.EmailVerified, "name": g.who.Name,
	})
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	signed := encoded(h) + "." + encoded(c)
	if o.sign != nil {
		return signed + "." + encoded(o.sign(signed))
	}
	return signed + "." + encoded(o.signRSA(signed))
}

func (o *op) serveInfo(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	g, ok := o.codes["access "+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	o.mu.Unlock()
	if !ok {
		answer(w, 401, map[string]string{"error": "invalid_token"})
		return
	}
	answer(w, 200, apply(o.info, map[string]any{
		"sub": g.who.Subject, "email": g.who.Email, "email_verified": g.who.EmailVerified, "name": g.who.Name,
	}))
}

func (o *op) signHMAC(key []byte, signed string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(signed))
	return m.Sum(nil)
}
