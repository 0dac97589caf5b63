package guardhttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/crierhq/crier/adapters/guardhttp"
)

// TestAChangeGetsAConnectionOfItsOwn makes sure that a change never goes out on
// a connection that was used before.
func TestAChangeGetsAConnectionOfItsOwn(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var from []string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		from = append(from, r.RemoteAddr)
	}))
	t.Cleanup(srv.Close)
	client, err := guardhttp.New(guardhttp.Config{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{http.MethodGet, http.MethodGet, http.MethodPost, http.MethodPost, http.MethodDelete} {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	seen := map[string]bool{}
	for i, addr := range from {
		if i >= 2 && seen[addr] {
			t.Errorf("change %d came on a connection that was used before", i-1)
		}
		seen[addr] = true
	}
	if from[0] != from[1] {
		t.Errorf("the second read came from %s, want the connection of the first, %s", from[1], from[0])
	}
}
