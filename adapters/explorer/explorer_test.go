package explorer_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/explorer"
)

func get(t *testing.T, h http.Handler, path, accept string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// loaded finds what a page or a style sheet loads by itself.
var loaded = regexp.MustCompile(`(?:\ssrc=|<link[^>]*\shref=|url\(|@import\s*)["']?([^"')\s>]+)`)

// TestThePageNeedsNothingFromElsewhere follows everything that the page loads.
func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	h, err := explorer.New(explorer.Config{Title: `A <b>"API"</b>`, DocumentURL: "/api/openapi.json", BasePath: "/api"})
	if err != nil {
		t.Fatal(err)
	}
	resp := get(t, h, "/api", "")
	page := text(t, resp.Body)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(page, `data-document="/api/openapi.json"`) {
		t.Fatalf("got %d %q", resp.StatusCode, page)
	}
	if strings.Contains(page, "<b>") || strings.Contains(page, "<script>") || strings.Contains(page, "<style") || strings.Contains(page, "style=") {
		t.Errorf("got %q, want nothing inline", page)
	}
	parts := loaded.FindAllStringSubmatch(page, -1)
	if len(parts) != 5 {
		t.Fatalf("got %q, want five parts", parts)
	}
	for _, m := range parts {
		resp := get(t, h, m[1], "")
		content := text(t, resp.Body)
		if kind := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || strings.HasPrefix(kind, "text/html") || kind == "" || content == "" {
			t.Errorf("%s: got %d, %s and %d bytes", m[1], resp.StatusCode, kind, len(content))
		}
		if strings.HasSuffix(m[1], ".css") {
			for _, more := range loaded.FindAllStringSubmatch(content, -1) {
				if !strings.HasPrefix(more[1], "data:") {
					t.Errorf("%s loads %s", m[1], more[1])
				}
			}
		}
		squeezed := get(t, h, m[1], "br, gzip")
		unzip, err := gzip.NewReader(squeezed.Body)
		if err != nil || squeezed.Header.Get("Content-Encoding") != "gzip" || text(t, unzip) != content {
			t.Errorf("%s: compressed it is not the same (%v)", m[1], err)
		}
	}
}

// TestThePolicyForbidsEverythingElse: even what is in the script of somebody
// else cannot be fetched.
func TestThePolicyForbidsEverythingElse(t *testing.T) {
	t.Parallel()
	h, err := explorer.New(explorer.Config{DocumentURL: "/openapi.json", BasePath: "/docs"})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/docs", "/docs/explorer.js", "/docs/elsewhere"} {
		policy := get(t, h, path, "").Header.Get("Content-Security-Policy")
		for directive := range strings.SplitSeq(policy, "; ") {
			name, sources, _ := strings.Cut(directive, " ")
			for source := range strings.FieldsSeq(sources) {
				if source != "'none'" && source != "'self'" && (source != "data:" || name != "img-src") {
					t.Errorf("%s: %s allows %s", path, name, source)
				}
			}
		}
		for _, must := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, must) {
				t.Errorf("%s: got %q, want %s", path, policy, must)
			}
		}
	}
}

func TestWhatIsWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	for _, cfg := range []explorer.Config{{}, {DocumentURL: "//elsewhere", BasePath: "/api/"}, {DocumentURL: "https://x", BasePath: "api"}} {
		_, err := explorer.New(cfg)
		if err == nil || !strings.Contains(err.Error(), "DocumentURL") || !strings.Contains(err.Error(), "BasePath") {
			t.Errorf("%+v: got %v, want both named", cfg, err)
		}
	}
}
