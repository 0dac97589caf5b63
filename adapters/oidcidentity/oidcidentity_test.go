package oidcidentity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/oidcidentity"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/testkit/identitytest"
)

const callback = "https://crier.example/auth/callback/club"

func (o *op) signRSA(signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	out, err := rsa.SignPKCS1v15(rand.Reader, o.rsa, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return out
}

// closed is a client that may not connect to anything.
type closed struct{}

func (closed) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("127.0.0.1 is on a private network")
}

func provider(t testing.TB, o *op, change ...func(*oidcidentity.Config)) *oidcidentity.Provider {
	t.Helper()
	cfg := oidcidentity.Config{
		ID: "club", Name: "The Club", Issuer: o.URL, ClientID: clientID, ClientSecret: clientSecret, HTTP: o.Client(), Now: o.now,
	}
	for _, c := range change {
		c(&cfg)
	}
	p, err := oidcidentity.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestConformance(t *testing.T) {
	t.Parallel()
	identitytest.Run(t, identitytest.Harness{Secret: clientSecret, New: func(t testing.TB) (identity.Provider, identitytest.Service) {
		o := newOP(t)
		return provider(t, o), o
	}})
}

func ann() identity.Identity {
	return identity.Identity{Subject: "1001", Email: "ann@example.org", EmailVerified: true, Name: "Ann"}
}

func request() identity.Request {
	return identity.Request{Callback: callback, State: "state", Nonce: "nonce", Verifier: strings.Repeat("v", 43)}
}

// trip goes through the provider, up to the moment of coming back.
func trip(t testing.TB, p *oidcidentity.Provider, o *op, who identity.Identity) identity.Return {
	t.Helper()
	r := request()
	to, err := p.Begin(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := o.Approve(t.Context(), to, who)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	return identity.Return{Callback: r.Callback, Nonce: r.Nonce, Verifier: r.Verifier, Code: u.Query().Get("code"), Issuer: u.Query().Get("iss")}
}

func isFault(err error, kind fault.Kind, code string) bool {
	return errors.Is(err, &fault.Error{Kind: kind, Code: code})
}

// set changes one value; nil takes it away.
func set(name string, value any) func(map[string]any) {
	return func(m map[string]any) {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
}

func TestAttacks(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	cases := map[string]struct {
		op   func(*op)
		back func(*identity.Return)
	}{
		"a nonce of another sign-in":          {op: func(o *op) { o.claims = set("nonce", "other") }},
		"no nonce in the token":               {op: func(o *op) { o.claims = set("nonce", nil) }},
		"no nonce kept":                       {op: func(o *op) { o.claims = set("nonce", "") }, back: func(r *identity.Return) { r.Nonce = "" }},
		"a token for another client":          {op: func(o *op) { o.claims = set("aud", "somebody-else") }},
		"a token for nobody":                  {op: func(o *op) { o.claims = set("aud", nil) }},
		"a token for many, without a party":   {op: func(o *op) { o.claims = set("aud", []string{clientID, "other"}) }},
		"a token for us, with another party":  {op: func(o *op) { o.claims = set("azp", "somebody-else") }},
		"a token of another issuer":           {op: func(o *op) { o.claims = set("iss", "https://evil.example") }},
		"a token of no issuer":                {op: func(o *op) { o.claims = set("iss", nil) }},
		"an expired token":                    {op: func(o *op) { o.claims = set("exp", ago(2*time.Minute)) }},
		"a token without an end":              {op: func(o *op) { o.claims = set("exp", nil) }},
		"a token of tomorrow":                 {op: func(o *op) { o.claims = set("nbf", ago(-24*time.Hour)) }},
		"a token about nobody":                {op: func(o *op) { o.claims = set("sub", "") }},
		"no token":                            {op: func(o *op) { o.silent = true }},
		"algorithm none":                      {op: func(o *op) { o.header = set("alg", "none"); o.sign = func(string) []byte { return nil } }},
		"algorithm None":                      {op: func(o *op) { o.header = set("alg", "None"); o.sign = func(string) []byte { return nil } }},
		"signed with the client's secret":     {op: hmacWith(func(*op) []byte { return []byte(clientSecret) })},
		"signed with the public key":          {op: hmacWith(func(o *op) []byte { return x509.MarshalPKCS1PublicKey(&o.rsa.PublicKey) })},
		"signed with a key of somebody else":  {op: foreignKey},
		"a key of another sort":               {op: ellipticKey},
		"a changed signature":                 {op: func(o *op) { o.sign = func(s string) []byte { b := o.signRSA(s); b[9] ^= 1; return b } }},
		"a hash of another access token":      {op: func(o *op) { o.claims = set("at_hash", "x") }},
		"user info of somebody else":          {op: func(o *op) { o.claims = set("email", nil); o.info = set("sub", "1002") }},
		"the answer of another service":       {back: func(r *identity.Return) { r.Issuer = "https://evil.example" }},
		"an answer that does not say whose":   {op: func(o *op) { o.discovery = set("authorization_response_iss_parameter_supported", true) }, back: func(r *identity.Return) { r.Issuer = "" }},
		"another verifier":                    {back: func(r *identity.Return) { r.Verifier = strings.Repeat("w", 43) }},
		"another address to come back to":     {back: func(r *identity.Return) { r.Callback = "https://evil.example/" }},
		"no code":                             {back: func(r *identity.Return) { r.Code = "" }},
		"the claims of the token are no JSON": {op: func(o *op) { o.claims = set("email", 7) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOP(t)
			if tc.op != nil {
				tc.op(o)
			}
			p := provider(t, o)
			r := trip(t, p, o, ann())
			if tc.back != nil {
				tc.back(&r)
			}
			if got, err := p.Complete(t.Context(), r); !isFault(err, fault.Unauthenticated, "identity_invalid") {
				t.Errorf("got %+v, %v; want it refused", got, err)
			}
		})
	}
}

func hmacWith(key func(*op) []byte) func(*op) {
	return func(o *op) {
		o.header = set("alg", "HS256")
		o.sign = func(signed string) []byte { return o.signHMAC(key(o), signed) }
	}
}

func foreignKey(o *op) {
	o.sign = func(signed string) []byte {
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return (&op{rsa: other}).signRSA(signed)
	}
}

func ellipticKey(o *op) {
	o.header = set("alg", "ES256")
	o.sign = func(signed string) []byte {
		sum := sha256.Sum256([]byte(signed))
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}

func TestWhatIsAccepted(t *testing.T) {
	t.Parallel()
	noEmail := identity.Identity{Subject: "1001"}
	cases := map[string]struct {
		op   func(*op)
		who  identity.Identity
		back func(*identity.Return)
		want identity.Identity
	}{
		"all in the token":           {who: ann(), want: ann()},
		"all in the user info":       {op: func(o *op) { o.claims = bare }, who: ann(), want: ann()},
		"a proof written as a text":  {op: func(o *op) { o.claims = set("email_verified", "true") }, who: ann(), want: ann()},
		"a proof that is none":       {op: func(o *op) { o.claims = set("email_verified", "yes") }, who: ann(), want: without(ann())},
		"a proof of no address":      {op: func(o *op) { o.claims = set("email_verified", true); o.info = set("email_verified", true) }, who: noEmail, want: noEmail},
		"the address without proof":  {op: func(o *op) { o.claims = set("name", nil); o.info = set("email_verified", true) }, who: without(ann()), want: without(ann())},
		"no user info at all":        {op: func(o *op) { o.discovery = set("userinfo_endpoint", nil); o.claims = bare }, who: ann(), want: noEmail},
		"for many, and we the party": {op: func(o *op) { o.claims = both(set("aud", []string{"other", clientID}), set("azp", clientID)) }, who: ann(), want: ann()},
		"a clock that is slow":       {op: func(o *op) { o.skew = -5*time.Minute - 40*time.Second }, who: ann(), want: ann()},
		"a clock that is fast":       {op: func(o *op) { o.claims = set("nbf", time.Now().Add(40*time.Second).Unix()) }, who: ann(), want: ann()},
		"no issuer in the answer":    {back: func(r *identity.Return) { r.Issuer = "" }, who: ann(), want: ann()},
		"secrets in the body": {op: func(o *op) {
			o.discovery = set("token_endpoint_auth_methods_supported", []string{"client_secret_post"})
		}, who: ann(), want: ann()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOP(t)
			if tc.op != nil {
				tc.op(o)
			}
			p := provider(t, o)
			r := trip(t, p, o, tc.who)
			if tc.back != nil {
				tc.back(&r)
			}
			tc.want.Issuer = o.URL
			if got, err := p.Complete(t.Context(), r); err != nil || got != tc.want {
				t.Errorf("got %+v, %v; want %+v", got, err, tc.want)
			}
		})
	}
}

func bare(m map[string]any) {
	for _, name := range []string{"email", "email_verified", "name"} {
		delete(m, name)
	}
}

func both(a, b func(map[string]any)) func(map[string]any) {
	return func(m map[string]any) { a(m); b(m) }
}

func without(i identity.Identity) identity.Identity {
	i.EmailVerified = false
	return i
}

func TestServicesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		op  func(*op)
		cfg func(*oidcidentity.Config)
	}{
		"it calls itself something else": {op: func(o *op) { o.discovery = set("issuer", "https://evil.example") }},
		"its tokens come from a file":    {op: func(o *op) { o.discovery = set("token_endpoint", "file:///etc/passwd") }},
		"it has no keys":                 {op: func(o *op) { o.discovery = set("jwks_uri", nil) }},
		"it is not there":                {op: func(o *op) { o.Close() }},
		"it is on a private network":     {cfg: func(c *oidcidentity.Config) { c.HTTP = &http.Client{Transport: closed{}} }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOP(t)
			var changes []func(*oidcidentity.Config)
			if tc.op != nil {
				tc.op(o)
			}
			if tc.cfg != nil {
				changes = append(changes, tc.cfg)
			}
			p := provider(t, o, changes...)
			to, err := p.Begin(t.Context(), request())
			if !isFault(err, fault.Unavailable, "identity_unavailable") || to != "" {
				t.Errorf("got %q, %v; want it unavailable", to, err)
			}
			if f, ok := errors.AsType[*fault.Error](err); ok && strings.Contains(f.Message, "127.0.0.1") {
				t.Errorf("got %q, want no addresses in it", f.Message)
			}
		})
	}
}

func TestAWrongSecretIsNoFaultOfThePerson(t *testing.T) {
	t.Parallel()
	o := newOP(t)
	p := provider(t, o, func(c *oidcidentity.Config) { c.ClientSecret = "wrong" })
	_, err := p.Complete(t.Context(), trip(t, p, o, ann()))
	if !isFault(err, fault.Unavailable, "identity_unavailable") || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("got %v, want it unavailable, with the cause for the operator", err)
	}
}

func TestDiscoveryIsRemembered(t *testing.T) {
	t.Parallel()
	o := newOP(t)
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	p := provider(t, o, func(c *oidcidentity.Config) { c.Now = clock })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.Discover(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	const path = "/.well-known/openid-configuration"
	if n := o.called(path); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	mu.Lock()
	now = now.Add(12 * time.Hour)
	mu.Unlock()
	o.discovery = set("issuer", "https://evil.example")
	if _, err := p.Begin(t.Context(), request()); err != nil || o.called(path) != 2 {
		t.Errorf("got %v after %d questions, want what it said last to go on", err, o.called(path))
	}
	o.discovery = set("authorization_endpoint", o.URL+"/moved")
	if to, err := p.Begin(t.Context(), request()); err != nil || !strings.HasPrefix(to, o.URL+"/moved?") {
		t.Errorf("got %s, %v; want the new address", to, err)
	}
}

func TestAServiceThatComesBack(t *testing.T) {
	t.Parallel()
	o := newOP(t)
	o.discovery = set("issuer", "https://evil.example")
	p := provider(t, o)
	if err := p.Discover(t.Context()); err == nil {
		t.Fatal("got no error")
	}
	o.discovery = nil
	if err := p.Discover(t.Context()); err != nil {
		t.Errorf("got %v, want it asked again", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := oidcidentity.New(oidcidentity.Config{ID: "A b", Issuer: "accounts.example.org"})
	for _, field := range []string{"ID", "Name", "Issuer", "ClientID", "ClientSecret", "HTTP"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+field) {
			t.Errorf("got %v, want it to name %s", err, field)
		}
	}
}
