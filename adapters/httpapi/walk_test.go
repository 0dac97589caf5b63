package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memmail"
)

// checkError reports what is wrong with the body of a failure.
func checkError(t *testing.T, what string, a answer) {
	t.Helper()
	if a.status < 400 || a.status >= 500 {
		t.Errorf("%s: got status %d %s, want 4xx", what, a.status, a.body)
		return
	}
	var body struct {
		StatusCode int
		Message    string
		Code       string
		RequestID  string `json:"requestId"`
		Docs       string
		Errors     []struct{ Field, Message, Code string }
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		t.Errorf("%s: got %q, want an error body: %v", what, a.body, err)
		return
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s: got Content-Type %q, want application/json", what, got)
	}
	if body.StatusCode != a.status || body.Message == "" || body.Code == "" || body.RequestID == "" || body.Errors == nil {
		t.Errorf("%s: got %s, want statusCode %d, message, code, errors and requestId", what, a.body, a.status)
	}
	if page, anchor, _ := strings.Cut(body.Docs, "/docs/errors.md#"); page == "" || anchor != body.Code || !documented(t, body.Code) {
		t.Errorf("%s: got docs %q for the code %q, want its line in docs/errors.md; run make gen", what, body.Docs, body.Code)
	}
	for _, e := range body.Errors {
		if e.Field == "" || e.Message == "" || e.Code == "" || strings.HasPrefix(e.Field, "body.") {
			t.Errorf("%s: got the error %+v, want a field, a message and a code", what, e)
		}
	}
	for _, inner := range []string{"json:", "Go struct", "core/", " expected ", "unmarshal", "goroutine", "*huma"} {
		if strings.Contains(string(a.body), inner) {
			t.Errorf("%s: got %s, which tells %q", what, a.body, inner)
		}
	}
}

// fixture is a world with two tenants that have one thing of each kind.
type fixture struct {
	*world
	ann, bob                     string // access tokens
	channel, file, draft, theirs string // theirs: a draft of Bob's
	bobChannel, bobFile          string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{world: newWorld(t, withMail(memmail.New()))}
	f.ann = f.register("ann@example.org")
	f.clock.Add(time.Second) // so that Ann is the first and owns the installation
	f.bob = f.register("bob@example.org")
	f.channel, f.bobChannel = f.connect(f.ann, "ann"), f.connect(f.bob, "bob")
	f.file, f.bobFile = f.media(f.ann), f.media(f.bob)
	f.draft = f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": "mine"}).text("id")
	f.theirs = f.ok(201, f.bob, "POST", "/posts", map[string]any{"content": "theirs"}).text("id")
	return f
}

// state is everything that both tenants can see.
func (f *fixture) state() string {
	f.t.Helper()
	var out strings.Builder
	for _, token := range []string{f.ann, f.bob} {
		for _, path := range []string{"/posts?limit=200", "/integrations?limit=200", "/media?limit=200"} {
			out.Write(f.ok(200, token, "GET", path, nil).body)
		}
	}
	return out.String()
}

// bodies are valid bodies of every operation that takes one.
func (f *fixture) bodies() map[string]string {
	post := `{"items":[{"content":"a","media":[{"id":"` + f.file + `","alt":"b"},"` + f.file + `"]},{"content":"c","delaySeconds":5}],` +
		`"integrations":[{"id":"` + f.channel + `","settings":{"visibility":"public"},"items":[{"content":"d","media":["` + f.file + `"]}]}],` +
		`"scheduledAt":"2026-05-01T10:00:00Z","timezone":"Europe/Berlin","type":"schedule","tags":["x"],` +
		`"recurrence":{"rule":"FREQ=WEEKLY","until":"2026-12-31","except":["2026-05-08"]}}`
	return map[string]string{
		"POST /auth/register":                           `{"email":"new@example.org","password":"long enough","name":"New","organization":"Org","timezone":"UTC"}`,
		"POST /auth/login":                              `{"email":"ann@example.org","password":"long enough"}`,
		"POST /auth/join":                               `{"token":"x","email":"new@example.org","password":"long enough","name":"New"}`,
		"POST /agencies":                                `{"name":"New","timezone":"Europe/Berlin"}`,
		"PUT /agencies/{id}":                            `{"name":"New","timezone":"Europe/Berlin"}`,
		"POST /agencies/join":                           `{"token":"x"}`,
		"PUT /agencies/{id}/members/{user}":             `{"role":"viewer"}`,
		"POST /agencies/{id}/transfer":                  `{"userId":"user-viewer"}`,
		"POST /agencies/{id}/invitations":               `{"email":"bob@example.org","role":"viewer"}`,
		"POST /auth/refresh":                            `{"refreshToken":"x.y"}`,
		"POST /auth/verify-email":                       `{"token":"x"}`,
		"POST /auth/resend-verification":                `{"email":"ann@example.org"}`,
		"POST /auth/forgot-password":                    `{"email":"ann@example.org"}`,
		"POST /auth/reset-password":                     `{"token":"x","password":"long enough"}`,
		"POST /auth/oauth/{provider}":                   `{"returnTo":"/signed-in"}`,
		"POST /auth/oauth/exchange":                     `{"code":"x"}`,
		"POST /users/me/identities/{id}":                `{"returnTo":"/profile?tab=2"}`,
		"POST /auth/login/totp":                         `{"challenge":"x","code":"123456"}`,
		"DELETE /users/me":                              `{"password":"long enough"}`,
		"PUT /users/me":                                 `{"name":"Ann","timezone":"Europe/Berlin","language":"de","weekStart":"monday","timeFormat":"24h"}`,
		"PUT /users/me/notifications":                   `{"posts":true,"channels":false}`,
		"PUT /users/me/avatar":                          `{"mediaId":"` + f.file + `"}`,
		"PUT /users/me/password":                        `{"currentPassword":"long enough","newPassword":"long enough"}`,
		"POST /users/me/email":                          `{"email":"new@example.org","password":"long enough"}`,
		"POST /users/me/second-factor":                  `{"password":"long enough"}`,
		"POST /users/me/second-factor/confirm":          `{"code":"123456"}`,
		"POST /users/me/second-factor/recovery-codes":   `{"password":"long enough","code":"123456"}`,
		"POST /users/me/second-factor/disable":          `{"password":"long enough","code":"123456"}`,
		"POST /integrations/connect":                    `{"provider":"form","fields":{"account":"new","port":1},"method":"form"}`,
		"POST /integrations/connect/choose":             `{"provider":"form","state":"x","accounts":["a"]}`,
		"POST /posts":                                   post,
		"POST /api/v1/public/integrations/post":         post,
		"POST /api/v1/public/posts/validate":            post,
		"POST /settings/api-keys":                       `{"name":"Shop","scope":"read","integrations":["` + f.channel + `"],"expiresAt":"2030-01-01T00:00:00Z"}`,
		"POST /integrations/customers":                  `{"name":"Blue Bakery"}`,
		"PATCH /integrations/customers/{id}":            `{"name":"Red Bakery"}`,
		"PUT /integrations/{id}/group":                  `{"group":""}`,
		"POST /posts/{id}/approve":                      `{"contentHash":"` + f.hash(f.draft) + `"}`,
		"POST /posts/{id}/reject":                       `{"contentHash":"` + f.hash(f.draft) + `","note":"No."}`,
		"POST /posts/{id}/request-approval":             `{"note":"Please."}`,
		"POST /integrations/{id}/pause":                 `{"reason":"Storm."}`,
		"POST /agencies/{id}/pause":                     `{"reason":"Storm."}`,
		"PUT /agencies/{id}/settings":                   `{"requireApproval":true,"lateWindowSeconds":60}`,
		"POST /settings/pause":                          `{"reason":"Storm."}`,
		"POST /posts/validate":                          post,
		"PUT /posts/{id}":                               post,
		"POST /posts/preview":                           `{"scheduledAt":"2026-05-01T10:00","timezone":"Europe/Berlin","recurrence":{"everyDays":3,"count":9},"post":"` + f.draft + `","count":5}`,
		"PUT /integrations/{id}/slots":                  `{"slots":[{"weekday":"tuesday","time":"09:00"},{"weekday":"friday","time":"18:30"}]}`,
		"PUT /integrations/{id}/pace":                   `{"gapSeconds":600}`,
		"POST /posts/failures/retry":                    `{"code":"rejected","state":"failed","provider":"form","integrationId":"` + f.channel + `","dryRun":true}`,
		"POST /posts/{id}/deliveries/{delivery}/settle": `{"there":true,"link":"https://example.org/1"}`,
	}
}

// hash names the content of one of Ann's posts.
func (f *fixture) hash(post string) string {
	return f.ok(200, f.ann, "GET", "/posts/"+post, nil).text("approval.contentHash")
}

// path fills in the id of Ann's draft, which has no delivery.
func (f *fixture) path(pattern string) string {
	return strings.NewReplacer("{id}", f.draft, "{delivery}", f.draft, "{provider}", "memory", "{user}", f.draft, "{invitation}", f.draft).Replace(pattern)
}

// mutations are all ways to spoil one value of a JSON document.
func mutations(doc any) []string {
	deep := strings.Repeat(`[`, 20) + strings.Repeat(`]`, 20)
	spoiled := []string{
		`null`, `42`, `-1`, `1.5`, `1e400`, `1e18`, `true`, `[]`, `{}`, `""`, `"x"`, `"\u0000"`, `"\ud800"`, deep, `[null]`, `[[]]`, `[42]`, `{"x":1}`,
		`"` + strings.Repeat("x", 120_000) + `"`,
	}
	var out []string
	text := func() string {
		b, err := json.Marshal(doc)
		if err != nil {
			return ""
		}
		return string(b)
	}
	spoil := func(put func(json.RawMessage)) {
		for _, s := range spoiled {
			put(json.RawMessage(s))
			out = append(out, text())
		}
	}
	var each func(at any)
	each = func(at any) {
		switch v := at.(type) {
		case map[string]any:
			for k, old := range v {
				spoil(func(r json.RawMessage) { v[k] = r })
				delete(v, k)
				out = append(out, text())
				v[k] = old
				each(old)
			}
			v["unknown"] = 1
			out = append(out, text())
			delete(v, "unknown")
		case []any:
			for i, old := range v {
				spoil(func(r json.RawMessage) { v[i] = r })
				v[i] = old
				each(old)
			}
		}
	}
	each(doc)
	return out
}

// TestNoInputBreaksAnOperation spoils every field of every body in every way.
// What is refused must say so properly and change nothing.
func TestNoInputBreaksAnOperation(t *testing.T) {
	t.Parallel()
	for name := range newFixture(t).bodies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			method, path, _ := strings.Cut(name, " ")
			var doc any
			must(t, json.Unmarshal([]byte(f.bodies()[name]), &doc))
			before, refused := f.state(), 0
			for _, body := range mutations(doc) {
				a := f.call(f.ann, method, f.path(path), body)
				if a.status < 300 {
					before = f.state()
					continue
				}
				refused++
				checkError(t, name+" "+body[:min(len(body), 300)], a)
				if after := f.state(); after != before {
					t.Fatalf("%s: refused, but something changed", body[:min(len(body), 300)])
				}
			}
			if refused < 15 {
				t.Errorf("only %d bodies were refused; the test proves nothing", refused)
			}
		})
	}
}

// TestBodiesThatAreNoJSON are refused by every operation alike.
func TestBodiesThatAreNoJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.state()
	cases := map[string]struct {
		body, contentType string
		status            int
		code              string
	}{
		"nothing":               {"", "application/json", 400, "required"},
		"half an object":        {`{"content":"a"`, "application/json", 400, "malformed"},
		"two values":            {`{} {}`, "application/json", 400, "malformed"},
		"a list":                {`[]`, "application/json", 400, "type"},
		"null":                  {`null`, "application/json", 400, "type"},
		"40 levels":             {strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "application/json", 400, "malformed"},
		"20 levels":             {strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), "application/json", 400, ""},
		"half a million levels": {strings.Repeat(`[`, 500_000), "application/json", 400, "malformed"},
		"not UTF-8":             {"{\"content\":\"\xff\"}", "application/json", 400, "malformed"},
		"NUL":                   {`{"content":"a\u0000b"}`, "application/json", 400, "malformed"},
		"XML":                   {`<a/>`, "application/xml", 415, "content_type"},
		"a form":                {`content=a`, "application/x-www-form-urlencoded", 415, "content_type"},
		"odd type":              {`{}`, ";+", 415, "content_type"},
		"too large":             {`{"content":"` + strings.Repeat("x", 1<<20) + `"}`, "application/json", 413, "too_large"},
	}
	for op := range f.bodies() {
		method, path, _ := strings.Cut(op, " ")
		for name, c := range cases {
			a := f.call(f.ann, method, f.path(path), c.body, "Content-Type", c.contentType)
			checkError(t, op+" with "+name, a)
			if a.status != c.status || c.code != "" && a.text("errors.0.code") != c.code {
				t.Errorf("%s with %s: got %d %s, want %d %s", op, name, a.status, a.body, c.status, c.code)
			}
		}
	}
	if f.state() != before {
		t.Error("something changed")
	}
}

// TestEveryOperationNeedsAToken walks the document, so that a new operation
// cannot be forgotten.
func TestEveryOperationNeedsAToken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	n := 0
	for path, item := range httpapi.OpenAPI("x", "1").Paths {
		for method, op := range map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PUT": item.Put != nil, "DELETE": item.Delete != nil} {
			if !op || slices.Contains(publicOperations(), method+" "+path) {
				continue
			}
			n++
			for _, header := range []string{"", "Bearer", "Bearer ", "Basic x", "Bearer x.y.z", f.ann} {
				a := f.call("", method, f.path(path), nil, "Authorization", header)
				checkError(t, method+" "+path, a)
				if a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s %s with %q: got %d, want 401", method, path, header, a.status)
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("walked %d operations, want all of them", n)
	}
}

// TestAnotherTenantsThingsDoNotExist tries every id of somebody else's, and ids
// that are none.
func TestAnotherTenantsThingsDoNotExist(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.state()
	post := map[string]any{"content": "x"}
	for _, ids := range [][3]string{
		{f.theirs, f.bobChannel, f.bobFile},
		{"01900000-0000-7000-8000-000000000000", "01900000-0000-7000-8000-000000000000", "01900000-0000-7000-8000-000000000000"},
		{"%00", "%ff", "%20"},
		{"..%2f", "a%27--", strings.Repeat("x", 300)},
	} {
		for _, op := range []struct {
			method, path string
			body         any
		}{
			{"GET", "/posts/" + ids[0], nil},
			{"PUT", "/posts/" + ids[0], post},
			{"DELETE", "/posts/" + ids[0], nil},
			{"POST", "/posts/" + ids[0] + "/retry", nil},
			{"POST", "/posts/" + ids[0] + "/deliveries/" + ids[0] + "/settle", map[string]bool{"there": true}},
			{"GET", "/integrations/" + ids[1], nil},
			{"DELETE", "/integrations/" + ids[1], nil},
			{"POST", "/integrations/" + ids[1] + "/refresh", nil},
			{"POST", "/posts/" + ids[0] + "/approve", map[string]string{"contentHash": f.hash(f.draft)}},
			{"POST", "/posts/" + ids[0] + "/reject", map[string]string{"contentHash": f.hash(f.draft)}},
			{"POST", "/posts/" + ids[0] + "/request-approval", map[string]string{}},
			{"POST", "/integrations/" + ids[1] + "/pause", map[string]string{}},
			{"POST", "/integrations/" + ids[1] + "/resume", nil},
			{"GET", "/agencies/" + ids[0] + "/settings", nil},
			{"PUT", "/agencies/" + ids[0] + "/settings", map[string]any{"requireApproval": true, "lateWindowSeconds": 0}},
			{"POST", "/agencies/" + ids[0] + "/pause", map[string]string{}},
			{"POST", "/agencies/" + ids[0] + "/resume", nil},
			{"GET", "/integrations/providers/" + ids[1], nil},
			{"DELETE", "/users/me/identities/" + ids[0], nil},
			{"POST", "/users/me/identities/" + ids[0], map[string]string{}},
			{"GET", "/media/" + ids[2], nil},
			{"DELETE", "/media/" + ids[2], nil},
			{"GET", "/media/" + ids[2] + "/file", nil},
			{"POST", "/dead-letters/" + ids[0] + "/replay", nil},
			{"DELETE", "/dead-letters/" + ids[0], nil},
		} {
			a := f.call(f.ann, op.method, op.path, op.body)
			checkError(t, op.method+" "+op.path, a)
			if a.status != http.StatusNotFound {
				t.Errorf("%s %s: got %d %s, want 404", op.method, op.path, a.status, a.body)
			}
			if odd := strings.Trim(ids[0], "0123456789abcdef-") != "" || len(ids[0]) > 200; odd && a.text("code") != "not_found" {
				t.Errorf("%s %s: got %s, want what is no id refused before anything is looked up", op.method, op.path, a.body)
			}
		}
	}
	a := f.call(f.ann, "POST", "/posts", map[string]any{
		"content": "x", "media": []string{f.bobFile}, "integrations": []any{f.bobChannel, map[string]any{"id": f.bobChannel}}, "type": "now",
	})
	checkError(t, "a post with another tenant's things", a)
	for i, field := range []string{"media[0]", "integrations[0]", "integrations[1].id"} {
		if a.text(fmt.Sprintf("errors.%d.field", i)) != field || a.text(fmt.Sprintf("errors.%d.code", i)) != "not_found" {
			t.Errorf("got %s, want not_found at %s", a.body, field)
		}
	}
	if got := f.ok(200, f.ann, "GET", "/posts?integration="+f.bobChannel, nil); strings.Contains(string(got.body), "theirs") {
		t.Errorf("got %s, want nothing of another tenant", got.body)
	}
	if f.state() != before {
		t.Error("something changed")
	}
}

// documented reports whether docs/errors.md has a line for a code.
func documented(t *testing.T, code string) bool {
	t.Helper()
	page, err := os.ReadFile("../../docs/errors.md")
	must(t, err)
	return bytes.Contains(page, []byte(`| <a id="`+code+`"></a>`))
}
