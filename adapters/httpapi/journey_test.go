package httpapi_test

import (
	"net/http"
	"testing"
)

func routers() map[string]router { return map[string]router{"ServeMux": onServeMux, "echo": onEcho} }

// TestAPersonCanPublish walks the main job on both routers.
func TestAPersonCanPublish(t *testing.T) {
	t.Parallel()
	for name, mount := range routers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, mount)
			token := w.register("ann@example.org")
			ch, file := w.connect(token, "ann"), w.media(token)
			post := w.ok(201, token, "POST", "/posts", map[string]any{
				"content": "hello", "media": []any{file, map[string]any{"id": file, "alt": "another"}},
				"integrations": []any{map[string]any{"id": ch, "settings": map[string]any{"visibility": "public"}}},
				"type":         "now", "tags": []string{"x"},
			})
			if got := post.text("state"); got != "scheduled" {
				t.Fatalf("got state %q, want scheduled: %s", got, post.body)
			}
			if _, _, err := w.eng.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := w.ok(200, token, "GET", "/posts/"+post.text("id"), nil)
			for path, want := range map[string]string{
				"state": "published", "deliveries.0.items.0.url": "https://form.example/ann", "deliveries.0.integration.name": "Account ann",
				"attempts.0.result": "accepted", "items.0.media.1.alt": "another", "content": "hello", "integrations.0.settings.visibility": "public",
				"createdAt": "2026-03-01T12:00:00.000Z",
			} {
				if got.text(path) != want {
					t.Errorf("%s: got %q, want %q", path, got.text(path), want)
				}
			}
			if got.header.Get("ETag") == "" || got.header.Get("X-Request-Id") == "" || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("got headers %v, want ETag, X-Request-Id and no-store", got.header)
			}
			list := w.ok(200, token, "GET", "/integrations", nil)
			if list.text("data.0.id") != ch || list.text("providers.0.identifier") != "form" {
				t.Errorf("got %s, want the channel and the platforms", list.body)
			}
			link := w.ok(200, token, "GET", "/media/"+file, nil).text("url")
			a := w.call("", "GET", link[len(publicURL):], nil)
			if a.status != http.StatusOK || string(a.body) != png || a.header.Get("Content-Type") != "image/png" {
				t.Errorf("got %d %q, want the file", a.status, a.body)
			}
		})
	}
}
