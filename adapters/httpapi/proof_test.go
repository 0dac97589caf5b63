package httpapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/mail"
)

// withMail gives an engine mail, and says what arrives.
func withMail(sender *memmail.Sender) func(*core.Config) {
	return func(c *core.Config) {
		c.Mail = core.MailConfig{Sender: sender, From: mail.Address{Email: "crier@example.org"}, URL: publicURL}
	}
}

var tokenIn = regexp.MustCompile(`token=(\S+)`)

// lastToken runs what is due and returns the token in the newest mail.
func (w *world) lastToken(sender *memmail.Sender) string {
	w.t.Helper()
	if _, _, err := w.eng.Tick(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	sent := sender.Sent()
	if len(sent) == 0 {
		w.t.Fatal("no mail arrived")
	}
	return tokenIn.FindStringSubmatch(sent[len(sent)-1].Text)[1]
}

func TestPeopleProveTheirAddress(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	w := newWorld(t, withMail(sender), func(c *core.Config) { c.RequireVerification = true })
	credentials := map[string]string{"email": "ann@example.org", "password": "long enough"}
	refused := func(what string, a answer) {
		t.Helper()
		checkError(t, what, a)
		if a.status != http.StatusForbidden || a.text("code") != "email_unverified" || strings.Contains(string(a.body), "accessToken") {
			t.Errorf("%s: got %d %s, want email_unverified", what, a.status, a.body)
		}
	}
	refused("register", w.call("", "POST", "/auth/register", credentials))
	refused("login", w.call("", "POST", "/auth/login", credentials))
	first := w.lastToken(sender)
	w.ok(http.StatusAccepted, "", "POST", "/auth/resend-verification", map[string]string{"email": "ann@example.org"})
	second := w.lastToken(sender)
	w.ok(http.StatusNoContent, "", "POST", "/auth/verify-email", map[string]string{"token": first})
	for what, token := range map[string]string{"the same again": first, "another": second, "none": "x"} {
		a := w.call("", "POST", "/auth/verify-email", map[string]string{"token": token})
		checkError(t, what, a)
		if a.status != http.StatusBadRequest || a.text("code") != "link_refused" {
			t.Errorf("%s: got %d %s, want link_refused", what, a.status, a.body)
		}
	}
	w.ok(http.StatusOK, "", "POST", "/auth/login", credentials)
}

func TestPeopleResetTheirPassword(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	w := newWorld(t, withMail(sender))
	w.register("ann@example.org")
	w.lastToken(sender)
	w.ok(http.StatusAccepted, "", "POST", "/auth/forgot-password", map[string]string{"email": "ann@example.org"})
	token := w.lastToken(sender)
	a := w.call("", "POST", "/auth/reset-password", map[string]string{"token": token, "password": "short"})
	checkError(t, "a short password", a)
	if a.status != http.StatusBadRequest || a.text("errors.0.field") != "password" {
		t.Errorf("a short password: got %d %s, want what is wrong with it", a.status, a.body)
	}
	w.ok(http.StatusNoContent, "", "POST", "/auth/reset-password", map[string]string{"token": token, "password": "another one"})
	w.ok(http.StatusOK, "", "POST", "/auth/login", map[string]string{"email": "ann@example.org", "password": "another one"})
	a = w.call("", "POST", "/auth/reset-password", map[string]string{"token": token, "password": "a third one"})
	checkError(t, "the link again", a)
	if a.status != http.StatusBadRequest || a.text("code") != "link_refused" {
		t.Errorf("the link again: got %d %s, want link_refused", a.status, a.body)
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// TestAResetEndsSignInsAndKeepsTheSecondFactor: whoever reads somebody's mail
// neither stays in nor comes in.
func TestAResetEndsSignInsAndKeepsTheSecondFactor(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	w := newWorld(t, withMail(sender))
	ann := w.register("ann@example.org")
	phone := w.ok(200, ann, "POST", "/users/me/second-factor", map[string]string{"password": "long enough"}).text("secret")
	w.ok(200, ann, "POST", "/users/me/second-factor/confirm", map[string]string{"code": w.code(phone)})
	w.ok(http.StatusAccepted, "", "POST", "/auth/forgot-password", map[string]string{"email": "ann@example.org"})
	done := w.ok(http.StatusNoContent, "", "POST", "/auth/reset-password", map[string]string{"token": w.lastToken(sender), "password": "another one"})
	if len(done.body) != 0 || cookieIn(done) != nil {
		t.Errorf("got %s %v, want nobody signed in by a reset", done.body, done.header)
	}
	if a := w.call(ann, "GET", "/posts", nil); a.status != 401 || a.text("code") != "signed_out" {
		t.Errorf("the sign-in from before: got %d %s, want 401 signed_out", a.status, a.body)
	}
	w.clock.Add(time.Minute)
	a := w.call("", "POST", "/auth/login", map[string]string{"email": "ann@example.org", "password": "another one"})
	if a.status != 401 || a.text("code") != "second_factor_required" {
		t.Fatalf("got %d %s, want to be asked for the code", a.status, a.body)
	}
	w.ok(200, "", "POST", "/auth/login/totp", map[string]string{"challenge": a.text("challenge.token"), "code": w.code(phone)})
}

func TestPeopleChangeTheirAddress(t *testing.T) {
	t.Parallel()
	sender := memmail.New()
	w := newWorld(t, withMail(sender))
	ann := w.register("ann@example.org")
	w.lastToken(sender)
	body := map[string]string{"email": "new@example.org", "password": "wrong"}
	a := w.call(ann, "POST", "/users/me/email", body)
	checkError(t, "a wrong password", a)
	if a.status != http.StatusBadRequest || a.text("errors.0.field") != "password" {
		t.Errorf("a wrong password: got %d %s, want 400 at password", a.status, a.body)
	}
	body["password"] = "long enough"
	w.ok(http.StatusAccepted, ann, "POST", "/users/me/email", body)
	token := map[string]string{"token": w.lastToken(sender)}
	if me := w.ok(200, ann, "GET", "/users/me", nil); me.text("email") != "ann@example.org" {
		t.Errorf("got %s, want the old address before the proof", me.body)
	}
	w.ok(http.StatusNoContent, "", "POST", "/auth/verify-email", token)
	if me := w.ok(200, ann, "GET", "/users/me", nil); me.text("email") != "new@example.org" || me.json("emailVerified") != true {
		t.Errorf("got %s, want the new address, proven", me.body)
	}
	if a := w.call("", "POST", "/auth/login", credentials()); a.status != http.StatusUnauthorized {
		t.Errorf("the old address: got %d %s, want 401", a.status, a.body)
	}
	without := newWorld(t)
	a = without.call(without.register("ann@example.org"), "POST", "/users/me/email", body)
	if a.status != http.StatusServiceUnavailable || a.text("code") != "no_mail" {
		t.Errorf("without mail: got %d %s, want 503 no_mail", a.status, a.body)
	}
}

// The answers to strangers must be the same to the byte, whoever they ask for.
func TestAskingForMailsTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withMail(memmail.New()))
	w.register("ann@example.org")
	for _, path := range []string{"/auth/forgot-password", "/auth/resend-verification"} {
		w.clock.Add(time.Hour)
		known := w.call("", "POST", path, map[string]string{"email": "ann@example.org"})
		unknown := w.call("", "POST", path, map[string]string{"email": "nobody@example.org"})
		if known.status != http.StatusAccepted || known.status != unknown.status || string(known.body) != string(unknown.body) {
			t.Errorf("%s: got %d %q and %d %q, want the same", path, known.status, known.body, unknown.status, unknown.body)
		}
	}
}

// The pages that links lead to are told by their own policy what they may do;
// nobody else's script runs in them.
func TestPagesOfLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for page, action := range map[string]string{"/verify-email": "/auth/verify-email", "/reset-password": "/auth/reset-password"} {
		a := w.ok(http.StatusOK, "", "GET", page, nil)
		html := string(a.body)
		_, script, _ := strings.Cut(html, "<script>")
		script, _, _ = strings.Cut(script, "</script>")
		sum := sha256.Sum256([]byte(script))
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("%s: the policy %q does not allow its script", page, policy)
		}
		if !strings.Contains(html, `action="`+action+`"`) || strings.Contains(html, "password\"") != (page == "/reset-password") {
			t.Errorf("%s: got the page %s", page, html)
		}
		if item := httpapi.OpenAPI("x", "1").Paths[action]; item == nil || item.Post == nil {
			t.Errorf("%s sends to %s, and there is no such operation", page, action)
		}
		if got := a.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("%s: got the type %s, want a page", page, got)
		}
	}
}
