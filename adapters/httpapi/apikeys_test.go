package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// key makes an API key and returns the answer, which holds it.
func (w *world) key(token string, body map[string]any) answer {
	w.t.Helper()
	return w.ok(201, token, "POST", "/settings/api-keys", body)
}

// secretOf makes an API key and returns it.
func (w *world) secretOf(token, scope string, integrations ...string) string {
	w.t.Helper()
	return w.key(token, map[string]any{"name": scope, "scope": scope, "integrations": append([]string{}, integrations...)}).text("key")
}

// customer makes a customer and returns their id.
func (w *world) customer(token string) string {
	w.t.Helper()
	n := len(w.ok(200, token, "GET", "/integrations/customers?limit=200", nil).json("data").([]any))
	return w.ok(201, token, "POST", "/integrations/customers", map[string]any{"name": fmt.Sprintf("Customer %d", n)}).text("id")
}

// want fails unless a is this refusal.
func want(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	checkError(t, what, a)
	if a.status != status || code != "" && a.text("code") != code {
		t.Errorf("%s: got %d %s, want %d %s", what, a.status, a.body, status, code)
	}
}

func TestAKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	made := f.key(f.ann, map[string]any{"name": " Shop ", "scope": "write", "expiresAt": "2026-06-01T12:00"})
	secret := made.text("key")
	if made.text("name") != "Shop" || made.text("scope") != "write" || made.text("expiresAt") != "2026-06-01T10:00:00.000Z" ||
		!strings.HasPrefix(secret, "crier_") || !strings.HasPrefix(secret, made.text("hint")) || len(made.text("hint")) > 12 {
		t.Fatalf("got %s", made.body)
	}
	f.ok(200, secret, "GET", "/posts", nil)
	list := f.ok(200, f.ann, "GET", "/settings/api-keys", nil)
	if strings.Contains(string(list.body), secret) || list.text("data.0.id") != made.text("id") || list.text("data.0.lastUsedAt") != "2026-03-01T12:00:00.000Z" {
		t.Errorf("got %s, want the key without its secret, and when it was used", list.body)
	}
	if got := f.ok(200, f.bob, "GET", "/settings/api-keys", nil); got.json("data.0") != nil {
		t.Errorf("another organization sees %s", got.body)
	}
	if strings.Contains(f.log.String(), secret) || !strings.Contains(f.log.String(), `"key":"`+made.text("id")+`"`) {
		t.Error("want the log to name the key, and not to hold it")
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	made := f.key(f.ann, map[string]any{"name": "x", "scope": "admin", "expiresAt": "2026-03-02T00:00:00Z"})
	good := made.text("key")
	typo := good[:20] + map[bool]string{true: "B", false: "A"}[good[20] == 'A'] + good[21:]
	for what, key := range map[string]string{"a typo": typo, "a part": good[:30], "lower case": strings.ToLower(good), "more": good + "A", "nothing": "crier_"} {
		want(t, what, f.call(key, "GET", "/posts", nil), 401, "key_malformed")
	}
	revoked := f.key(f.ann, map[string]any{"name": "y", "scope": "read"})
	f.ok(204, f.ann, "DELETE", "/settings/api-keys/"+revoked.text("id"), nil)
	want(t, "revoked", f.call(revoked.text("key"), "GET", "/posts", nil), 401, "key_revoked")
	want(t, "revoked twice", f.call(f.ann, "DELETE", "/settings/api-keys/"+revoked.text("id"), nil), 404, "")

	rotated := f.ok(200, f.ann, "POST", "/settings/api-keys/"+made.text("id")+"/rotate", nil).text("key")
	want(t, "rotated away", f.call(good, "GET", "/posts", nil), 401, "key_unknown")
	f.ok(200, rotated, "GET", "/posts", nil)
	f.clock.Add(12 * time.Hour)
	want(t, "expired", f.call(rotated, "GET", "/posts", nil), 401, "key_expired")
	again := f.ok(200, "", "POST", "/auth/login", map[string]string{"email": "ann@example.org", "password": "long enough"}).text("accessToken")
	want(t, "rotated after its end", f.call(again, "POST", "/settings/api-keys/"+made.text("id")+"/rotate", nil), 409, "key_expired")
	for _, secret := range []string{good, rotated, revoked.text("key")} {
		if strings.Contains(f.log.String(), secret) {
			t.Error("the log holds a key")
		}
	}
}

func TestAKeyInAnAddressIsRefusedAndNotLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	secret := f.secretOf(f.ann, "read")
	for _, path := range []string{"/posts?token=" + secret, "/posts?" + secret, "/livez?x=" + secret, "/api/v1/public/posts?api_key=" + secret} {
		for _, token := range []string{"", secret} {
			a := f.call(token, "GET", path, nil)
			want(t, path, a, 400, "key_in_address")
			if strings.Contains(string(a.body), secret) {
				t.Errorf("%s: the answer repeats the key", path)
			}
		}
	}
	f.call("", "GET", "/nowhere/"+secret, nil)
	f.call("", "GET", "/posts/"+secret, nil)
	if strings.Contains(f.log.String(), secret) {
		t.Error("the log holds the key")
	}
}

func TestWhatAKeyMayDo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	keys := map[string]string{}
	for _, scope := range []string{"read", "write", "admin"} {
		keys[scope] = f.secretOf(f.ann, scope)
	}
	post := map[string]any{"content": "x"}
	for _, c := range []struct {
		method, path string
		body         any
		may          string // the scopes that may
	}{
		{"GET", "/posts/" + f.draft, nil, "read write admin"},
		{"GET", "/api/v1/public/posts/" + f.draft, nil, "read write admin"},
		{"GET", "/integrations", nil, "read write admin"},
		{"POST", "/posts", post, "write admin"},
		{"POST", "/api/v1/public/integrations/post", post, "write admin"},
		{"PUT", "/posts/" + f.draft, post, "write admin"},
		{"POST", "/integrations/" + f.channel + "/pause", map[string]any{}, "admin"},
		{"PUT", "/integrations/" + f.channel + "/pace", map[string]any{"gapSeconds": 5}, "admin"},
		{"GET", "/settings/audit", nil, "admin"},
		{"GET", "/dead-letters", nil, "admin"},
		{"GET", "/settings/api-keys", nil, ""},
		{"POST", "/settings/api-keys", map[string]any{"name": "x", "scope": "read"}, ""},
		{"POST", "/settings/pause", map[string]any{}, ""}, // Ann owns the installation; her key does not
	} {
		for scope, key := range keys {
			a := f.call(key, c.method, c.path, c.body)
			if may := strings.Contains(c.may, scope); may != (a.status < 300) || !may && a.status != 403 {
				t.Errorf("%s %s with %s: got %d %s, want it to be allowed: %t", c.method, c.path, scope, a.status, a.body, may)
			}
		}
	}
	for _, key := range keys {
		want(t, "another tenant's post", f.call(key, "GET", "/posts/"+f.theirs, nil), 404, "")
		want(t, "another tenant's account", f.call(key, "GET", "/api/v1/public/integrations/"+f.bobChannel+"/posts", nil), 404, "")
	}
	want(t, "another tenant's key", f.call(f.bob, "DELETE", "/settings/api-keys/"+f.key(f.ann, map[string]any{"name": "x", "scope": "read"}).text("id"), nil), 404, "")
}

func TestAKeyMayNoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	f := newTeam(t)
	admin := f.secretOf(f.tokens[domain.RoleAdmin], "admin")
	want(t, "the maker's rank", f.call(f.tokens[domain.RoleUser], "POST", "/settings/api-keys", map[string]any{"name": "x", "scope": "read"}), 403, "not_allowed")
	f.ok(201, admin, "POST", "/posts", map[string]any{"content": "by an admin"})
	if a := f.call(admin, "PUT", "/posts/"+f.draft, map[string]any{"content": "of Ann"}); a.status != 200 {
		t.Errorf("an admin's key on a post of another person: got %d %s, want 200", a.status, a.body)
	}
	write := f.secretOf(f.tokens[domain.RoleAdmin], "write")
	want(t, "a post of another person", f.call(write, "PUT", "/posts/"+f.draft, map[string]any{"content": "x"}), 403, "not_allowed")
}

func TestAKeyForSomeIntegrations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	second := f.connect(f.ann, "second")
	key := f.secretOf(f.ann, "admin", f.channel)
	create := func(token string, integrations ...string) answer {
		return f.call(token, "POST", "/posts", map[string]any{"content": "x", "type": "schedule", "scheduledAt": "2026-05-01T10:00:00Z", "integrations": integrations})
	}
	inside, outside, across := create(f.ann, f.channel).text("id"), create(f.ann, second).text("id"), create(f.ann, f.channel, second).text("id")
	if own := create(key, f.channel); own.status != 201 {
		t.Fatalf("a post on its integration: got %d %s, want 201", own.status, own.body)
	}

	// What belongs to others is not there, whatever is asked.
	for _, id := range []string{outside, across, f.draft} {
		for _, op := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"POST", "/retry"}} {
			want(t, op[0]+op[1], f.call(key, op[0], "/posts/"+id+op[1], nil), 404, "")
			want(t, "public "+op[0]+op[1], f.call(key, op[0], "/api/v1/public/posts/"+id+op[1], nil), 404, "")
		}
		want(t, "an edit", f.call(key, "PUT", "/posts/"+id, map[string]any{"content": "x", "integrations": []string{f.channel}}), 404, "")
	}
	for _, op := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/integrations/" + second, nil},
		{"DELETE", "/integrations/" + second, nil},
		{"POST", "/integrations/" + second + "/refresh", nil},
		{"POST", "/integrations/" + second + "/pause", map[string]any{}},
		{"POST", "/integrations/" + second + "/resume", nil},
		{"PUT", "/integrations/" + second + "/pace", map[string]any{"gapSeconds": 5}},
		{"PUT", "/integrations/" + second + "/slots", map[string]any{"slots": []any{}}},
		{"GET", "/integrations/" + second + "/slots/next", nil},
		{"GET", "/api/v1/public/integrations/" + second + "/posts", nil},
		{"GET", "/api/v1/public/integrations/" + second + "/slots", nil},
	} {
		want(t, op.method+" "+op.path, f.call(key, op.method, op.path, op.body), 404, "")
	}
	for _, path := range []string{"/integrations", "/api/v1/public/integrations", "/posts?limit=200", "/api/v1/public/posts", "/posts?integration=" + second} {
		a := f.ok(200, key, "GET", path, nil)
		for _, hidden := range []string{second, outside, across, f.draft} {
			if strings.Contains(string(a.body), hidden) {
				t.Errorf("%s shows %s", path, a.body)
			}
		}
		if wanted := path != "/posts?integration="+second; wanted != (a.json("data.0") != nil) {
			t.Errorf("%s: got %s", path, a.body)
		}
	}
	f.ok(200, key, "GET", "/posts/"+inside, nil)

	// Nor can it get there by writing.
	for what, a := range map[string]answer{
		"a new post":     create(key, second),
		"one on both":    create(key, f.channel, second),
		"an edit":        f.call(key, "PUT", "/posts/"+inside, map[string]any{"content": "x", "integrations": []string{second}}),
		"a repost by it": f.call(key, "POST", "/posts", map[string]any{"content": "x", "type": "draft", "integrations": []string{f.channel}, "after": []any{map[string]any{"do": "repost", "integration": second}}}),
		"a post nowhere": f.call(key, "POST", "/posts", map[string]any{"content": "x"}),
	} {
		checkError(t, what, a)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: got %d %s, want 400", what, a.status, a.body)
		}
	}
	want(t, "a new integration", f.call(key, "POST", "/integrations/connect", map[string]any{"provider": "form", "fields": map[string]any{"account": "z", "port": 1}}), 403, "beyond_reach")
	for _, path := range []string{"/media", "/settings/audit", "/dead-letters", "/integrations/customers"} {
		want(t, path, f.call(key, "GET", path, nil), 403, "beyond_reach")
	}
	f.ok(204, key, "DELETE", "/posts/"+inside, nil)
}

func TestKeysAreCheckedBeforeTheyAreMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.call(f.ann, "POST", "/settings/api-keys", map[string]any{"name": "x", "scope": "read", "integrations": []string{f.channel, f.bobChannel}})
	want(t, "another tenant's integration", a, 400, "validation_failed")
	if a.text("errors.0.field") != "integrations[1]" {
		t.Errorf("got %s, want integrations[1]", a.body)
	}
	want(t, "a time that is over", f.call(f.ann, "POST", "/settings/api-keys", map[string]any{"name": "x", "scope": "read", "expiresAt": "2026-01-01T00:00:00Z"}), 400, "validation_failed")
	want(t, "blanks", f.call(f.ann, "POST", "/settings/api-keys", map[string]any{"name": "  ", "scope": "read"}), 400, "validation_failed")
}
