//go:build peers

package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/crierhq/crier/testkit/peers/openid"
)

// TestRealSignIn goes the whole way through the server as people run
// it: a stranger registers by signing in, comes again, and is the same person.
func TestRealSignIn(t *testing.T) {
	t.Parallel()
	const public = "http://localhost:3000"
	op, err := openid.Start(t.Context(), t.TempDir(), public+"/auth/callback/oidc")
	if errors.Is(err, openid.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(op.Stop)
	app := build(t, "DATA_DIR="+t.TempDir(), "PUBLIC_URL="+public, "ALLOW_PRIVATE_NETWORKS=127.0.0.0/8,::1/128",
		"AUTH_OIDC_ISSUER="+op.Issuer, "AUTH_OIDC_CLIENT_ID="+openid.ClientID, "AUTH_OIDC_CLIENT_SECRET="+openid.ClientSecret)
	cookie := ""
	call := func(method, path, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, req)
		return w
	}
	var first string
	for range 2 {
		begun := call(http.MethodPost, "/auth/oauth/oidc", `{"returnTo":"/signed-in"}`)
		var started struct{ URL string }
		if err := json.Unmarshal(begun.Body.Bytes(), &started); err != nil || begun.Code != http.StatusOK {
			t.Fatalf("got %d %s", begun.Code, begun.Body)
		}
		cookie, _, _ = strings.Cut(begun.Header().Get("Set-Cookie"), ";")
		address, err := op.Approve(t.Context(), started.URL)
		if err != nil {
			t.Fatal(err)
		}
		back := strings.TrimPrefix(address, public)
		done := call(http.MethodGet, back, "")
		page, code, ok := strings.Cut(done.Header().Get("Location"), "#code=")
		if done.Code != http.StatusSeeOther || page != public+"/signed-in" || !ok {
			t.Fatalf("got %d to %q %s", done.Code, done.Header().Get("Location"), done.Body)
		}
		var session struct {
			AccessToken string
			User        struct{ ID, Email, Name string }
		}
		got := call(http.MethodPost, "/auth/oauth/exchange", `{"code":"`+code+`"}`)
		if err := json.Unmarshal(got.Body.Bytes(), &session); err != nil || session.AccessToken == "" || session.User.Email != openid.Email || session.User.Name != "Test User" {
			t.Fatalf("got %d %s", got.Code, got.Body)
		}
		if first != "" && session.User.ID != first {
			t.Errorf("got the person %s, want %s again", session.User.ID, first)
		}
		first = session.User.ID
		if again := call(http.MethodGet, back, ""); again.Code != http.StatusBadRequest {
			t.Errorf("came back twice: got %d, want it refused", again.Code)
		}
	}
}
