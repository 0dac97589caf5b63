package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as phones do
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
)

// credentials are those of world.register.
func credentials() map[string]any {
	return map[string]any{"email": "ann@example.org", "password": "long enough"}
}

// signIn signs Ann in.
func (w *world) signIn() answer {
	w.t.Helper()
	return w.ok(200, "", "POST", "/auth/login", credentials())
}

func TestSignInsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.register("bob@example.org")
	one := w.register("ann@example.org")
	w.clock.Add(time.Minute)
	two := w.call("", "POST", "/auth/login", credentials(), "User-Agent", "Phone/1")
	list := w.ok(200, one, "GET", "/users/me/sessions", nil)
	if list.json("data.2") != nil || list.text("data.0.userAgent") != "Phone/1" || list.text("data.0.network") != "192.0.2.0/24" ||
		list.json("data.0.current") != false || list.json("data.1.current") != true || list.text("data.0.createdAt") != "2026-03-01T12:01:00.000Z" {
		t.Errorf("got %s, want two, the newest first and the second current", list.body)
	}
	phone := list.text("data.0.id")
	if a := w.call(bob, "DELETE", "/users/me/sessions/"+phone, nil); a.status != 404 {
		t.Errorf("somebody else's sign-in: got %d %s, want 404", a.status, a.body)
	}
	w.ok(200, two.text("accessToken"), "GET", "/posts", nil)
	w.ok(204, one, "DELETE", "/users/me/sessions/"+phone, nil)
	if a := w.call(two.text("accessToken"), "GET", "/posts", nil); a.status != 401 || a.text("code") != "signed_out" {
		t.Errorf("a sign-in that was ended: got %d %s, want 401 signed_out", a.status, a.body)
	}
	if a := w.call("", "POST", "/auth/refresh", map[string]any{"refreshToken": two.text("refreshToken")}); a.status != 401 {
		t.Errorf("its refresh token: got %d %s, want 401", a.status, a.body)
	}
	three := w.signIn().text("accessToken")
	w.ok(204, three, "POST", "/auth/logout", nil)
	if a := w.call(three, "GET", "/posts", nil); a.status != 401 {
		t.Errorf("after signing out: got %d, want 401", a.status)
	}
	four := w.signIn().text("accessToken")
	w.ok(204, one, "POST", "/auth/logout-all", nil)
	for _, token := range []string{one, four} {
		if a := w.call(token, "GET", "/posts", nil); a.status != 401 {
			t.Errorf("after signing out everywhere: got %d, want 401", a.status)
		}
	}
	w.ok(200, bob, "GET", "/posts", nil)
}

func TestANewPasswordEndsTheOtherSignIns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.register("ann@example.org")
	there := w.signIn().text("accessToken")
	change := func(current, fresh string) answer {
		return w.call(here, "PUT", "/users/me/password", map[string]string{"currentPassword": current, "newPassword": fresh})
	}
	if a := change("wrong", "longer than that"); a.status != 400 || a.text("errors.0.field") != "currentPassword" {
		t.Errorf("a wrong password: got %d %s, want 400 at currentPassword", a.status, a.body)
	}
	if a := change("long enough", "short"); a.status != 400 || a.text("errors.0.field") != "newPassword" {
		t.Errorf("a short password: got %d %s, want 400 at newPassword", a.status, a.body)
	}
	w.ok(200, there, "GET", "/posts", nil)
	if a := change("long enough", "longer than that"); a.status != 204 {
		t.Fatalf("got %d %s, want 204", a.status, a.body)
	}
	w.ok(200, here, "GET", "/posts", nil)
	if a := w.call(there, "GET", "/posts", nil); a.status != 401 {
		t.Errorf("the other sign-in: got %d, want 401 at once", a.status)
	}
	if a := w.call("", "POST", "/auth/login", credentials()); a.status != 401 {
		t.Errorf("the old password: got %d, want 401", a.status)
	}
}

func TestGuessingIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ann@example.org")
	var answers [2]strings.Builder
	for i, email := range []string{"ann@example.org", "eve@example.org"} {
		for range 7 {
			a := w.call("", "POST", "/auth/login", map[string]string{"email": email, "password": "wrong"})
			fmt.Fprintln(&answers[i], a.status, a.text("code"), a.text("message"), a.header.Get("Retry-After"))
		}
	}
	if answers[0].String() != answers[1].String() || !strings.Contains(answers[0].String(), "429 too_many_guesses") || !strings.Contains(answers[0].String(), " 30\n") {
		t.Errorf("got\n%sand\n%swant the same, and 429 in the end", answers[0].String(), answers[1].String())
	}
}

// cookieIn is the refresh cookie that an answer sets, or nil.
func cookieIn(a answer) *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "crier_refresh" {
			return c
		}
	}
	return nil
}

func TestBrowsersKeepTheRefreshTokenInACookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ann@example.org")
	in := credentials()
	in["cookie"] = true
	a := w.call("", "POST", "/auth/login", in, "Sec-Fetch-Site", "same-origin")
	c := cookieIn(a)
	if a.status != 200 || c == nil || a.json("refreshToken") != nil || strings.Contains(string(a.body), c.Value) {
		t.Fatalf("got %d %s, want the refresh token in a cookie alone", a.status, a.body)
	}
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/auth" || !c.Expires.After(w.clock.Now().Add(29*24*time.Hour)) {
		t.Errorf("got %+v, want it kept from scripts, other sites and other paths", c)
	}
	for name, h := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a neighbour": {"Sec-Fetch-Site", "same-site"}, "an old browser elsewhere": {"Origin", "https://evil.example"},
	} {
		headers := append([]string{"Cookie", "crier_refresh=" + c.Value}, h...)
		if a := w.call("", "POST", "/auth/refresh", "{}", headers...); a.status != 403 || a.text("code") != "cross_origin" || cookieIn(a) != nil {
			t.Errorf("refresh from %s: got %d %s, want 403", name, a.status, a.body)
		}
		if a := w.call("", "POST", "/auth/login", in, h...); a.status != 403 {
			t.Errorf("login from %s: got %d %s, want 403", name, a.status, a.body)
		}
	}
	a = w.call("", "POST", "/auth/refresh", "{}", "Cookie", "x=y; crier_refresh="+c.Value, "Origin", publicURL)
	next := cookieIn(a)
	if a.status != 200 || next == nil || next.Value == c.Value || a.json("refreshToken") != nil {
		t.Fatalf("got %d %s, want a new cookie", a.status, a.body)
	}
	if a := w.call("", "POST", "/auth/refresh", "{}"); a.status != 401 {
		t.Errorf("without a cookie: got %d %s, want 401", a.status, a.body)
	}
	out := w.call(a.text("accessToken"), "POST", "/auth/logout", nil, "Cookie", "crier_refresh="+next.Value)
	if gone := cookieIn(out); out.status != 204 || gone == nil || gone.MaxAge >= 0 || gone.Path != "/auth" {
		t.Errorf("got %d %v, want the cookie taken away", out.status, out.header)
	}
	if a := w.call("", "POST", "/auth/refresh", "{}", "Cookie", "crier_refresh="+next.Value); a.status != 401 {
		t.Errorf("after signing out: got %d %s, want 401", a.status, a.body)
	}
}

// code is what a phone shows.
func (w *world) code(secret string) string {
	w.t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	must(w.t, err)
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, uint64(w.clock.Now().Unix()/30))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

func TestTwoSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	secret := w.ok(200, ann, "POST", "/users/me/second-factor", map[string]string{"password": "long enough"}).text("secret")
	on := w.ok(200, ann, "POST", "/users/me/second-factor/confirm", map[string]string{"code": w.code(secret)})
	if st := w.ok(200, ann, "GET", "/users/me/second-factor", nil); st.json("active") != true || st.json("recoveryCodesLeft") != 10.0 {
		t.Errorf("got %s, want it active with ten recovery codes", st.body)
	}
	w.clock.Add(time.Minute)
	first := w.call("", "POST", "/auth/login", credentials())
	challenge := first.text("challenge.token")
	if first.status != 401 || first.text("code") != "second_factor_required" || challenge == "" || first.json("accessToken") != nil {
		t.Fatalf("got %d %s, want 401 with a challenge", first.status, first.body)
	}
	if wrong := w.call("", "POST", "/auth/login", map[string]string{"email": "ann@example.org", "password": "wrong"}); wrong.json("challenge") != nil || wrong.text("code") != "wrong_credentials" {
		t.Errorf("got %s, want a wrong password to be told nothing", wrong.body)
	}
	for _, use := range []func() answer{
		func() answer { return w.call(challenge, "GET", "/posts", nil) },
		func() answer {
			return w.call("", "POST", "/auth/refresh", map[string]string{"refreshToken": challenge})
		},
	} {
		if a := use(); a.status != 401 {
			t.Errorf("a challenge for something else: got %d %s, want 401", a.status, a.body)
		}
	}
	code := w.code(secret)
	second := map[string]any{"challenge": challenge, "code": code}
	in := w.ok(200, "", "POST", "/auth/login/totp", second)
	w.ok(200, in.text("accessToken"), "GET", "/posts", nil)
	if a := w.call("", "POST", "/auth/login/totp", second); a.status != 401 {
		t.Errorf("a second time: got %d %s, want 401", a.status, a.body)
	}
	again := w.call("", "POST", "/auth/login", credentials()).text("challenge.token")
	if a := w.call("", "POST", "/auth/login/totp", map[string]any{"challenge": again, "code": code}); a.status != 401 || a.text("code") != "wrong_code" {
		t.Errorf("a code a second time: got %d %s, want 401 wrong_code", a.status, a.body)
	}
	lost := w.ok(200, "", "POST", "/auth/login/totp", map[string]any{"challenge": again, "code": on.text("recoveryCodes.0"), "cookie": true})
	if cookieIn(lost) == nil {
		t.Error("the second step sets no cookie")
	}
	w.clock.Add(time.Minute)
	w.ok(204, ann, "POST", "/users/me/second-factor/disable", map[string]string{"password": "long enough", "code": w.code(secret)})
	w.signIn()
	if log := w.log.String(); strings.Contains(log, secret) || strings.Contains(log, challenge) {
		t.Error("a secret is in the log")
	}
}

// TestALostAnswer asks twice with one refresh token.
func TestALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register("ann@example.org")
	old := map[string]string{"refreshToken": w.signIn().text("refreshToken")}
	one, two := w.ok(200, "", "POST", "/auth/refresh", old), w.ok(200, "", "POST", "/auth/refresh", old)
	if one.text("refreshToken") != two.text("refreshToken") {
		t.Errorf("got %s and %s, want the same refresh token", one.body, two.body)
	}
	w.clock.Add(core.RefreshGrace)
	if a := w.call("", "POST", "/auth/refresh", old); a.status != 401 {
		t.Errorf("later: got %d %s, want 401", a.status, a.body)
	}
	if a := w.call(one.text("accessToken"), "GET", "/posts", nil); a.status != 401 || a.text("code") != "signed_out" {
		t.Errorf("the access token of a stolen sign-in: got %d %s, want 401 at once", a.status, a.body)
	}
}
