package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// claimsOf reads a token without checking it.
func claimsOf(t testing.TB, token string) jwt.MapClaims {
	t.Helper()
	var out jwt.MapClaims
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(t, err)
	must(t, json.Unmarshal(raw, &out))
	return out
}

func TestAccessTokensSayWhatIsPromised(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ok(201, "", "POST", "/auth/register", map[string]any{"email": "Ann@Example.org ", "password": "long enough", "name": "Ann", "organization": "Ltd"})
	c := claimsOf(t, a.text("accessToken"))
	for name, want := range map[string]any{
		"userId": a.text("user.id"), "orgId": a.text("organization.id"), "email": "ann@example.org",
		"iat": float64(w.clock.Now().Unix()), "exp": float64(w.clock.Now().Unix() + 3600), "aud": "access",
	} {
		if c[name] != want {
			t.Errorf("%s: got %v, want %v", name, c[name], want)
		}
	}
	if len(c) != 7 || c["jti"] == "" {
		t.Errorf("got the claims %v, want these and jti alone", c)
	}
	if a.json("expiresIn") != 3600.0 || a.text("tokenType") != "Bearer" || a.text("organization.role") != "owner" {
		t.Errorf("got %s, want expiresIn 3600, tokenType Bearer and the role", a.body)
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.register("ann@example.org")
	sign := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := maps.Clone(claimsOf(t, good))
		change(c)
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		must(t, err)
		return text
	}
	same := func(jwt.MapClaims) {}
	set := func(name string, v any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) {
			c[name] = v
			if v == nil {
				delete(c, name)
			}
		}
	}
	key := []byte(secret)
	bob := w.register("bob@example.org")
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	point, err := pair.PublicKey.Bytes() // 4, x and y
	must(t, err)
	ownKey := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims(claimsOf(t, good)))
	ownKey.Header["jwk"] = map[string]string{
		"kty": "EC", "crv": "P-256", "x": base64.RawURLEncoding.EncodeToString(point[1:33]),
		"y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}
	withOwnKey, err := ownKey.SignedString(pair)
	must(t, err)
	// renamed is a good signature under a header that names another algorithm.
	renamed := func(algorithm string) string {
		_, claims, _ := strings.Cut(good[:strings.LastIndex(good, ".")], ".")
		text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+algorithm+`","typ":"JWT"}`)) + "." + claims
		sig, err := jwt.SigningMethodHS256.Sign(text, key)
		must(t, err)
		return text + "." + base64.RawURLEncoding.EncodeToString(sig)
	}
	for name, token := range map[string]string{
		"a key pair":                 sign(jwt.SigningMethodES256, pair, same),
		"a key that it brings":       withOwnKey,
		"said to be RS256":           renamed("RS256"),
		"said to be none":            renamed("none"),
		"said to be nOnE":            renamed("nOnE"),
		"said to be nothing":         renamed(""),
		"of no sign-in":              sign(jwt.SigningMethodHS256, key, set("jti", nil)),
		"of an unknown sign-in":      sign(jwt.SigningMethodHS256, key, set("jti", "01900000-0000-7000-8000-000000000000.x")),
		"of somebody's sign-in":      sign(jwt.SigningMethodHS256, key, set("jti", claimsOf(t, bob)["jti"])),
		"somebody's, of our sign-in": sign(jwt.SigningMethodHS256, key, set("userId", claimsOf(t, bob)["userId"])),
		"no algorithm":               sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"another algorithm":          sign(jwt.SigningMethodHS512, key, same),
		"another secret":             sign(jwt.SigningMethodHS256, []byte("another"), same),
		"expired":                    sign(jwt.SigningMethodHS256, key, set("exp", w.clock.Now().Add(-time.Minute).Unix())),
		"without an end":             sign(jwt.SigningMethodHS256, key, set("exp", nil)),
		"end is a text":              sign(jwt.SigningMethodHS256, key, set("exp", "never")),
		"from the future":            sign(jwt.SigningMethodHS256, key, set("iat", w.clock.Now().Add(time.Hour).Unix())),
		"another purpose":            sign(jwt.SigningMethodHS256, key, set("aud", "reset")),
		"no purpose":                 sign(jwt.SigningMethodHS256, key, set("aud", nil)),
		"another tenant":             sign(jwt.SigningMethodHS256, key, set("orgId", "01900000-0000-7000-8000-000000000000")),
		"no tenant":                  sign(jwt.SigningMethodHS256, key, set("orgId", "")),
		"a user with NUL":            sign(jwt.SigningMethodHS256, key, set("userId", "a\x00b")),
		"signature cut off":          good[:strings.LastIndex(good, ".")+1],
		"signature altered":          good[:len(good)-2] + "AA",
		"four parts":                 good + ".x",
		"far too long":               good + strings.Repeat("x", 100_000),
	} {
		if a := w.call(token, "GET", "/posts", nil); a.status != 401 {
			t.Errorf("%s: got %d %s, want 401", name, a.status, a.body)
		}
	}
	w.ok(200, sign(jwt.SigningMethodHS256, key, same), "GET", "/posts", nil)
	w.clock.Add(61 * time.Minute)
	if a := w.call(good, "GET", "/posts", nil); a.status != 401 || a.text("code") != "token_expired" {
		t.Errorf("after an hour: got %d %s, want 401 token_expired", a.status, a.body)
	}
}

func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ann@example.org")
	first := w.ok(200, "", "POST", "/auth/login", map[string]string{"email": "ann@example.org", "password": "long enough"})
	second := w.ok(200, "", "POST", "/auth/refresh", map[string]string{"refreshToken": first.text("refreshToken")})
	w.ok(200, second.text("accessToken"), "GET", "/posts", nil)
	w.clock.Add(core.RefreshGrace)
	for name, token := range map[string]string{"replayed": first.text("refreshToken"), "made up": "x.y", "an access token": first.text("accessToken")} {
		if a := w.call("", "POST", "/auth/refresh", map[string]string{"refreshToken": token}); a.status != 401 {
			t.Errorf("%s: got %d %s, want 401", name, a.status, a.body)
		}
	}
	wrong := w.call("", "POST", "/auth/login", map[string]string{"email": "ann@example.org", "password": "wrong"})
	unknown := w.call("", "POST", "/auth/login", map[string]string{"email": "eve@example.org", "password": "wrong"})
	if wrong.status != 401 || wrong.text("message") != unknown.text("message") || wrong.text("code") != unknown.text("code") {
		t.Errorf("got %s and %s, want the same answer", wrong.body, unknown.body)
	}
}

// TestRolesHold lowers a person's role under a token that is still good.
func TestRolesHold(t *testing.T) {
	t.Parallel()
	var st store.Store
	w := newWorld(t, func(c *core.Config) { st = c.Store })
	ann := w.ok(201, "", "POST", "/auth/register", map[string]any{"email": "ann@example.org", "password": "long enough"})
	eve := w.ok(201, "", "POST", "/auth/register", map[string]any{"email": "eve@example.org", "password": "long enough"})
	org := domain.OrganizationID(ann.text("organization.id"))
	must(t, st.Members().Insert(t.Context(), domain.Member{Organization: org, User: domain.UserID(eve.text("user.id")), Role: domain.RoleViewer}))
	c := claimsOf(t, eve.text("accessToken"))
	c["orgId"] = string(org)
	viewer, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(secret))
	must(t, err)
	w.ok(200, viewer, "GET", "/posts", nil)
	for _, op := range []struct{ method, path, body string }{
		{"POST", "/posts", `{"content":"x"}`},
		{"POST", "/integrations/connect", `{"provider":"form","fields":{"account":"x"}}`},
		{"POST", "/integrations/connect", `{"provider":"redirect.one-two_3"}`},
	} {
		a := w.call(viewer, op.method, op.path, op.body)
		checkError(t, op.path, a)
		if a.status != 403 {
			t.Errorf("%s %s: got %d %s, want 403", op.method, op.path, a.status, a.body)
		}
	}
	contentType, body := form("image/png", [2]string{"file", png})
	if a := w.upload(viewer, contentType, body); a.status != 403 {
		t.Errorf("upload: got %d %s, want 403", a.status, a.body)
	}
}

func TestLinksToFiles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	link := f.ok(200, f.ann, "GET", "/media/"+f.file, nil).text("url")[len(publicURL):]
	other := f.ok(200, f.bob, "GET", "/media/"+f.bobFile, nil).text("url")[len(publicURL):]
	change := func(name, value string) string {
		u, err := url.Parse(link)
		must(t, err)
		q := u.Query()
		q.Set(name, value)
		if value == "" {
			q.Del(name)
		}
		return u.Path + "?" + q.Encode()
	}
	otherQuery := other[strings.Index(other, "?"):]
	for name, path := range map[string]string{
		"another signature":    change("signature", "AAAA"),
		"no signature":         change("signature", ""),
		"padded signature":     link + "%3D",
		"longer":               change("expires", "99999999999"),
		"no end":               change("expires", ""),
		"odd end":              change("expires", "1e9"),
		"another tenant":       change("organization", "x"),
		"another file's link":  "/media/" + f.file + "/file" + otherQuery,
		"another file's place": "/media/" + f.bobFile + "/file" + link[strings.Index(link, "?"):],
	} {
		a := f.call("", "GET", path, nil)
		checkError(t, name, a)
		if a.status != 403 {
			t.Errorf("%s: got %d %s, want 403", name, a.status, a.body)
		}
	}
	part := f.call("", "GET", link, nil, "Range", "bytes=1-3")
	if part.status != 206 || string(part.body) != "PNG" || part.header.Get("Content-Range") == "" {
		t.Errorf("got %d %q %v, want the part PNG", part.status, part.body, part.header)
	}
	head := f.call("", "HEAD", link, nil)
	if head.status != 200 || len(head.body) != 0 || head.header.Get("Content-Length") == "" {
		t.Errorf("HEAD: got %d %q %v, want the length alone", head.status, head.body, head.header)
	}
	own := f.call(f.ann, "GET", "/media/"+f.file+"/file", nil)
	if own.status != 200 || string(own.body) != png {
		t.Errorf("with a token: got %d %q, want the file", own.status, own.body)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Disposition": `inline; filename="a b.png"`,
		"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'", "Content-Type": "image/png",
	} {
		if got := own.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	f.clock.Add(25 * time.Hour)
	if a := f.call("", "GET", link, nil); a.status != 403 {
		t.Errorf("after a day: got %d, want 403", a.status)
	}
}

// TestMediaURLIsWhatTheAPIServes: the engine's links and the API's agree.
func TestMediaURLIsWhatTheAPIServes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	file := w.media(ann)
	sign := httpapi.MediaURL([]byte(secret), publicURL+"/", w.clock.Now)
	link, err := sign(t.Context(), domain.Media{ID: domain.MediaID(file), Organization: domain.OrganizationID(claimsOf(t, ann)["orgId"].(string))})
	must(t, err)
	w.ok(200, "", "GET", link[len(publicURL):], nil)
}

func TestConnectingThroughAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	begin := func() (state string) {
		a := w.ok(200, ann, "POST", "/integrations/connect", `{"provider":"redirect.one-two_3"}`)
		if !strings.Contains(a.text("url"), publicURL+"/integrations/callback/redirect.one-two_3") || a.text("expiresAt") == "" {
			t.Fatalf("got %s, want an address that leads back", a.body)
		}
		return a.text("state")
	}
	state := begin()
	back := "/integrations/callback/redirect.one-two_3?code=good&state="
	page := w.call("", "GET", back+state, nil, "Accept", "text/html,*/*")
	if page.status != 200 || !strings.Contains(string(page.body), "Connected: &lt;b&gt;Ann&lt;/b&gt;. You can close this window.") {
		t.Errorf("got %d %s, want a page that names the account", page.status, page.body)
	}
	if got := page.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("got Content-Type %q, want a page", got)
	}
	again := w.call("", "GET", back+state, nil)
	if again.status != 400 || !strings.Contains(string(again.body), "Not connected") {
		t.Errorf("a second time: got %d %s, want a page with 400", again.status, again.body)
	}
	forJSON := w.call("", "GET", back+state, nil, "Accept", "application/json")
	checkError(t, "a second time, for a program", forJSON)
	ok := w.call("", "GET", back+begin(), nil, "Accept", "application/json")
	if ok.status != 200 || ok.text("integration.name") != "<b>Ann</b>" {
		t.Errorf("got %d %s, want the integration", ok.status, ok.body)
	}
	refused := w.call("", "GET", "/integrations/callback/redirect.one-two_3?error=access_denied&state="+begin(), nil)
	if refused.status != 400 || !strings.Contains(string(refused.body), "You did not allow it.") {
		t.Errorf("got %d %s, want what the platform said", refused.status, refused.body)
	}
	for _, path := range []string{"/integrations/callback/form?state=" + begin(), "/integrations/callback/redirect.one-two_3", "/integrations/callback/nope?state=x"} {
		if a := w.call("", "GET", path, nil, "Accept", "application/json"); a.status != 400 {
			t.Errorf("%s: got %d %s, want 400", path, a.status, a.body)
		}
	}
	list := w.ok(200, ann, "GET", "/integrations", nil)
	if got := list.json("data.1"); got != nil {
		t.Errorf("got %s, want one integration: the account was connected twice", list.body)
	}
}

// TestSecretsStayOutOfTheLog looks for what people sent.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.register("ann@example.org")
	w.call(token, "GET", "/posts?cursor=sekrit", nil)
	w.call("", "GET", "/integrations/callback/form?state=sekrit&code=sekrit", nil)
	w.call("", "POST", "/auth/login", map[string]string{"email": "sekrit@example.org", "password": "sekrit"})
	w.call("sekrit", "GET", "/sekrit", nil)
	if log := w.log.String(); strings.Contains(log, "sekrit") || strings.Contains(log, token) || strings.Count(log, `"msg":"request"`) != 5 {
		t.Errorf("got the log %s, want five lines without secrets", log)
	}
	if log := w.log.String(); !strings.Contains(log, `"route":"/posts","status":400`) || !strings.Contains(log, `"user":"`) {
		t.Errorf("got the log %s, want the route, the status and the user", log)
	}
}

func TestPanicsTellNothing(t *testing.T) {
	t.Parallel()
	log := &buffer{}
	h := httpapi.Middleware(httpapi.MiddlewareConfig{Log: textLog(log)})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.WriteHeader(200)
		}
		panic("sekrit")
	}))
	rec := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	req.Header.Set("X-Request-Id", "my-own.id_1")
	h.ServeHTTP(rec, req)
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "sekrit") || !strings.Contains(rec.Body.String(), `"requestId":"my-own.id_1"`) {
		t.Errorf("got %d %s, want an error body of status 500", rec.Code, rec.Body)
	}
	if !strings.Contains(log.String(), "sekrit") || !strings.Contains(log.String(), "stack=") {
		t.Errorf("got the log %s, want the panic and the stack", log)
	}
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // it is that very value
			t.Error("half an answer was left standing; the connection has to be cut")
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/half", nil))
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for given, kept := range map[string]bool{"abc-1": true, "": false, "a b": false, "a\nb": false, "ä": false, strings.Repeat("x", 200): false} {
		a := w.call("", "GET", "/livez", nil, "X-Request-Id", given)
		if got := a.header.Get("X-Request-Id"); (got == given) != kept || got == "" {
			t.Errorf("%q: got %q", given, got)
		}
	}
}
