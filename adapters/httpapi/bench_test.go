package httpapi_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// The cost of a request beside that of the database and the network.

func BenchmarkListIntegrations(b *testing.B) {
	w := newWorld(b)
	token := w.register("ann@example.org")
	for i := range 10 {
		w.connect(token, fmt.Sprint("account", i))
	}
	repeat(b, w, token, "GET", "/integrations", "", 200)
}

func BenchmarkListPosts(b *testing.B) {
	w := newWorld(b)
	token := w.register("ann@example.org")
	ch := w.connect(token, "ann")
	for range 100 {
		w.ok(201, token, "POST", "/posts", map[string]any{"content": "hello", "integrations": []string{ch}, "scheduledAt": "2026-05-01T10:00:00Z"})
	}
	repeat(b, w, token, "GET", "/posts?limit=100", "", 200)
}

func BenchmarkCreatePost(b *testing.B) {
	w := newWorld(b)
	token := w.register("ann@example.org")
	body := `{"content":"hello","integrations":["` + w.connect(token, "ann") + `"],"scheduledAt":"2026-05-01T10:00:00Z"}`
	repeat(b, w, token, "POST", "/posts", body, 201)
}

func repeat(b *testing.B, w *world, token, method, path, body string, want int) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequestWithContext(b.Context(), method, path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		if a := w.send(req); a.status != want {
			b.Fatalf("got %d %s, want %d", a.status, a.body, want)
		}
	}
}
