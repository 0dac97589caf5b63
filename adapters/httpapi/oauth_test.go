package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/identity"
)

func atService() identity.Identity {
	return identity.Identity{Subject: "1001", Email: "ann@example.org", EmailVerified: true, Name: "Ann"}
}

// begun is a sign-in at the service: the cookie that the browser keeps, and the
// path that the person comes back to once they are who.
func (w *world) begun(token, path string, body any, who identity.Identity) (cookie, back string) {
	w.t.Helper()
	a := w.ok(200, token, "POST", path, body)
	address, err := w.service.Approve(a.text("url"), who)
	must(w.t, err)
	back, ok := strings.CutPrefix(address, publicURL)
	if !ok || !strings.HasPrefix(back, "/auth/callback/memory?") {
		w.t.Fatalf("came back to %s", address)
	}
	cookie, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
	return cookie, back
}

const (
	oauthPath = "/auth/oauth/memory"
	linkPath  = "/users/me/identities/memory"
)

func page(path string) map[string]string { return map[string]string{"returnTo": path} }

func TestSignInWithAService(t *testing.T) {
	t.Parallel()
	for name, mount := range map[string]router{"ServeMux": onServeMux, "echo": onEcho} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, mount)
			if a := w.ok(200, "", "GET", "/auth/providers", nil); a.text("data.0.id") != "memory" || a.text("data.0.name") != "Memory" {
				t.Errorf("got %s, want the service", a.body)
			}
			cookie, back := w.begun("", oauthPath, page("/signed-in?from=login"), atService())
			a := w.call("", "GET", back, nil, "Cookie", "a=b; "+cookie, "Accept", "text/html")
			to, code, ok := strings.Cut(a.header.Get("Location"), "#code=")
			if a.status != 303 || to != publicURL+"/signed-in?from=login" || !ok || len(a.body) > 0 {
				t.Fatalf("got %d to %s, want the page that was asked for", a.status, a.header.Get("Location"))
			}
			body := map[string]string{"code": code}
			s := w.call("", "POST", "/auth/oauth/exchange", body, "Cookie", cookie)
			if s.status != 200 || s.text("user.email") != "ann@example.org" || s.text("organization.role") != "owner" || s.text("refreshToken") == "" {
				t.Fatalf("got %d %s, want a sign-in", s.status, s.body)
			}
			w.ok(200, s.text("accessToken"), "GET", "/posts", nil)
			if again := w.call("", "POST", "/auth/oauth/exchange", body, "Cookie", cookie); again.status != 400 || again.text("code") != "sign_in_ended" {
				t.Errorf("got %d %s, want the code to be spent", again.status, again.body)
			}
			list := w.ok(200, s.text("accessToken"), "GET", "/users/me/identities", nil)
			if list.text("data.0.provider") != "memory" || list.text("data.0.email") != "ann@example.org" || strings.Contains(string(list.body), "1001") {
				t.Errorf("got %s", list.body)
			}
			gone := w.call(s.text("accessToken"), "DELETE", "/users/me/identities/"+list.text("data.0.id"), nil)
			if gone.status != 409 || gone.text("code") != "last_way_in" {
				t.Errorf("got %d %s, want the last way in to stay", gone.status, gone.body)
			}
		})
	}
}

// TestAServiceAndTheSecondFactor: who comes in through a service is asked for
// the code, too.
func TestAServiceAndTheSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	phone := w.ok(200, ann, "POST", "/users/me/second-factor", map[string]string{"password": "long enough"}).text("secret")
	w.ok(200, ann, "POST", "/users/me/second-factor/confirm", map[string]string{"code": w.code(phone)})
	cookie, back := w.begun(ann, linkPath, map[string]string{}, atService())
	if a := w.call("", "GET", back, nil, "Cookie", cookie); a.status != 200 || a.text("linked.provider") != "memory" {
		t.Fatalf("got %d %s, want it linked", a.status, a.body)
	}
	w.clock.Add(time.Minute)
	cookie, back = w.begun("", oauthPath, map[string]string{}, atService())
	code := w.call("", "GET", back, nil, "Cookie", cookie).text("code")
	first := w.call("", "POST", "/auth/oauth/exchange", map[string]any{"code": code, "cookie": true}, "Cookie", cookie)
	challenge := first.text("challenge.token")
	if first.status != 401 || first.text("code") != "second_factor_required" || challenge == "" || cookieIn(first) != nil || strings.Contains(string(first.body), "accessToken") {
		t.Fatalf("got %d %s, want 401 with a challenge and no sign-in", first.status, first.body)
	}
	if list := w.ok(200, ann, "GET", "/users/me/sessions", nil); list.json("data.1") != nil {
		t.Errorf("got %s, want no sign-in before the code", list.body)
	}
	if a := w.call("", "POST", "/auth/login/totp", map[string]string{"challenge": challenge, "code": "000000"}); a.status != 401 || a.text("code") != "wrong_code" {
		t.Errorf("a wrong code: got %d %s, want 401 wrong_code", a.status, a.body)
	}
	in := w.ok(200, "", "POST", "/auth/login/totp", map[string]string{"challenge": challenge, "code": w.code(phone)})
	if in.text("user.email") != "ann@example.org" {
		t.Errorf("got %s, want Ann", in.body)
	}
	w.ok(200, in.text("accessToken"), "GET", "/posts", nil)
}

func TestTheCookieOfASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.ok(200, "", "POST", oauthPath, page("/")).header.Get("Set-Cookie")
	c, err := http.ParseSetCookie(got)
	must(t, err)
	if c.Name != "__Host-crier-sign-in" || len(c.Value) != 43 || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 600 {
		t.Errorf("got %s", got)
	}
}

// TestNobodyFinishesForAnother is login CSRF: somebody has a victim come back
// with what they themselves have begun, so that the victim works in their
// account, or links theirs.
func TestNobodyFinishesForAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim := w.register("victim@example.org")
	theirs, _ := w.begun("", oauthPath, page("/"), atService())
	for name, begin := range map[string]struct{ token, path string }{
		"sign in": {"", oauthPath}, "link": {victim, linkPath},
	} {
		for kind, cookie := range map[string]string{"no cookie": "", "the cookie of another sign-in": theirs, "a made-up one": "__Host-crier-sign-in=x", "broken": "=;=,\"x"} {
			_, back := w.begun(begin.token, begin.path, page("/home"), atService())
			for _, accept := range []string{"text/html", "application/json"} {
				a := w.call(victim, "GET", back, nil, "Cookie", cookie, "Accept", accept)
				if a.status != 400 || a.header.Get("Location") != "" || strings.Contains(string(a.body), `"code":"`) && a.text("code") != "sign_in_ended" {
					t.Errorf("%s with %s: got %d %s, want it refused without a way on", name, kind, a.status, a.body)
				}
			}
		}
	}
	if a := w.ok(200, victim, "GET", "/users/me/identities", nil); a.json("data.0") != nil {
		t.Errorf("got %s, want nothing linked", a.body)
	}
	cookie, back := w.begun("", oauthPath, map[string]string{}, atService())
	done := w.call("", "GET", back, nil, "Cookie", cookie)
	if done.status != 200 || done.text("code") == "" {
		t.Fatalf("got %d %s", done.status, done.body)
	}
	if a := w.call("", "POST", "/auth/oauth/exchange", map[string]string{"code": done.text("code")}, "Cookie", theirs); a.status != 400 {
		t.Errorf("got %d %s, want the code to be worthless in another browser", a.status, a.body)
	}
}

func TestWhatPeopleSeeWhoDoNotGetIn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		path   func(*world, string) string
		who    func(*identity.Identity)
		code   string
		status int
		says   string
	}{
		"they said no": {
			func(_ *world, back string) string {
				return back + "&error=access_denied&error_description=%3Cscript%3E"
			},
			nil, "identity_denied", 403, "You did not allow Memory",
		},
		"the service is away": {
			func(w *world, back string) string { w.service.Break(errors.New("secret cause")); return back },
			nil, "identity_unavailable", 503, "Memory cannot be reached",
		},
		"no address": {
			nil, func(i *identity.Identity) { i.Email, i.EmailVerified = "", false }, "email_missing", 403, "Memory does not tell your e-mail address",
		},
		"an unproven address": {nil, func(i *identity.Identity) { i.EmailVerified = false }, "email_unverified", 403, "Confirm it there"},
		"an account that exists": {
			nil, func(i *identity.Identity) { i.Email = "bob@example.org" }, "link_required", 409, "link your Memory account",
		},
		"a forged code": {
			func(_ *world, back string) string { return strings.Replace(back, "code=", "code=x", 1) }, nil, "identity_invalid", 401, "does not prove who you are",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, accept := range []string{"text/html,application/xhtml+xml", "application/json", "text/html"} {
				w := newWorld(t)
				w.register("bob@example.org")
				who := atService()
				if tc.who != nil {
					tc.who(&who)
				}
				returnTo := []string{"", "", "/login"}[i]
				cookie, back := w.begun("", oauthPath, page(returnTo), who)
				if tc.path != nil {
					back = tc.path(w, back)
				}
				a := w.call("", "GET", back, nil, "Cookie", cookie, "Accept", accept)
				if strings.Contains(string(a.body), "secret cause") || strings.Contains(string(a.body), "script>") {
					t.Errorf("got %s, want nothing that strangers wrote", a.body)
				}
				switch {
				case returnTo != "":
					if want := publicURL + "/login#error=" + tc.code; a.status != 303 || a.header.Get("Location") != want {
						t.Errorf("got %d to %s, want %s", a.status, a.header.Get("Location"), want)
					}
				case accept == "application/json":
					if a.status != tc.status || a.text("code") != tc.code || !strings.Contains(a.text("message"), tc.says) {
						t.Errorf("got %d %s, want %d %s", a.status, a.body, tc.status, tc.code)
					}
				default:
					if a.status != tc.status || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(string(a.body), tc.says) {
						t.Errorf("got %d %s, want a page that says %q", a.status, a.body, tc.says)
					}
				}
			}
		})
	}
}

func TestOnlyPagesOfThisServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []string{
		"https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil", "evil", "/x#code=y", "/ x", "/\t/evil.example", "/\n", "javascript:alert(1)", "/ü", "/%",
	} {
		for _, path := range []string{oauthPath, linkPath} {
			a := w.call(w.register(url.QueryEscape(bad)+path[1:5]+"@example.org"), "POST", path, page(bad))
			if a.status != 400 || a.text("errors.0.field") != "returnTo" {
				t.Errorf("%q: got %d %s, want it refused", bad, a.status, a.body)
			}
		}
	}
	for _, good := range []string{"/", "/a/b?c=d&e=%20", "/@evil.example"} {
		cookie, back := w.begun("", oauthPath, page(good), atService())
		a := w.call("", "GET", back, nil, "Cookie", cookie)
		if got := a.header.Get("Location"); a.status != 303 || !strings.HasPrefix(got, publicURL+good+"#code=") {
			t.Errorf("%q: got %d to %s", good, a.status, got)
		}
	}
}

func TestLinkAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	cookie, back := w.begun(ann, linkPath, page("/profile"), atService())
	a := w.call("", "GET", back, nil, "Cookie", cookie)
	list := w.ok(200, ann, "GET", "/users/me/identities", nil)
	if want := publicURL + "/profile#linked=" + list.text("data.0.id"); a.status != 303 || a.header.Get("Location") != want {
		t.Errorf("got %d to %s, want %s", a.status, a.header.Get("Location"), want)
	}
	cookie, back = w.begun(ann, linkPath, map[string]string{}, atService())
	a = w.call("", "GET", back, nil, "Cookie", cookie)
	if a.status != 200 || a.text("linked.provider") != "memory" || a.text("code") != "" {
		t.Errorf("got %d %s, want what is linked", a.status, a.body)
	}
	bob := w.register("bob@example.org")
	cookie, back = w.begun(bob, linkPath, map[string]string{}, atService())
	if a = w.call("", "GET", back, nil, "Cookie", cookie, "Accept", "application/json"); a.status != 409 || a.text("code") != "identity_taken" {
		t.Errorf("got %d %s, want identity_taken", a.status, a.body)
	}
	if a = w.call(bob, "DELETE", "/users/me/identities/"+list.text("data.0.id"), nil); a.status != 404 {
		t.Errorf("got %d %s, want an account of somebody else not found", a.status, a.body)
	}
	w.ok(204, ann, "DELETE", "/users/me/identities/"+list.text("data.0.id"), nil)
}

func TestNoTokenOfASignInIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, back := w.begun("", oauthPath, page("/x"), atService())
	a := w.call("", "GET", back, nil, "Cookie", cookie)
	_, code, _ := strings.Cut(a.header.Get("Location"), "#code=")
	u, err := url.Parse(back)
	must(t, err)
	_, secret, _ := strings.Cut(cookie, "=")
	for _, s := range []string{code, secret, u.Query().Get("state"), u.Query().Get("code")} {
		if s == "" || strings.Contains(w.log.String(), s) {
			t.Errorf("the log holds %q", s)
		}
	}
	w.clock.Add(10 * time.Minute)
	if a := w.call("", "POST", "/auth/oauth/exchange", map[string]string{"code": code}, "Cookie", cookie); a.status != 400 {
		t.Errorf("got %d, want the code to have ended", a.status)
	}
}

func TestWithoutServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *core.Config) { c.Identities = nil })
	var body struct{ Data []any }
	must(t, json.Unmarshal(w.ok(200, "", "GET", "/auth/providers", nil).body, &body))
	if body.Data == nil || len(body.Data) != 0 {
		t.Errorf("got %v, want an empty list", body.Data)
	}
	if a := w.call("", "POST", oauthPath, map[string]string{}); a.status != 404 || a.text("code") != "identity_provider_not_found" {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
