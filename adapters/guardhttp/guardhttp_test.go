package guardhttp_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/guardhttp"
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func client(t *testing.T, cfg guardhttp.Config) *http.Client {
	t.Helper()
	c, err := guardhttp.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// open is a client that may talk to the servers of these tests.
func open(t *testing.T, cfg guardhttp.Config) *http.Client {
	t.Helper()
	cfg.AllowPrivate = append(cfg.AllowPrivate, loopback)
	return client(t, cfg)
}

func get(t *testing.T, c *http.Client, target string) (string, error) {
	t.Helper()
	resp, err := c.Get(target)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return string(raw), err
}

func wantBlocked(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*guardhttp.BlockedError](err)
	if !ok {
		t.Errorf("got %v, want a BlockedError", err)
		return
	}
	if !strings.HasSuffix(e.Message, ".") {
		t.Errorf("the message is not a sentence: %q", e.Message)
	}
}

// counted is a server that counts its requests.
func counted(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv, &n
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func portOf(t *testing.T, srv *httptest.Server) string {
	t.Helper()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	srv, hits := counted(t, hello)
	c := client(t, guardhttp.Config{})
	for _, host := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]",
		"[ff02::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[2001:db8::1]", "[100::1]",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			_, err := get(t, c, "http://"+host+":"+portOf(t, srv)+"/")
			wantBlocked(t, err)
			if n := hits.Load(); n != 0 {
				t.Errorf("the server was reached %d times", n)
			}
		})
	}
}

// TestOtherSpellingsOfLoopback plays a resolver that reads numbers as old
// programs did. Either the spelling is no name at all, or its address is closed.
func TestOtherSpellingsOfLoopback(t *testing.T) {
	t.Parallel()
	srv, hits := counted(t, hello)
	c := client(t, guardhttp.Config{Resolver: resolver(func(string) string { return "127.0.0.1" })})
	for host, isName := range map[string]bool{
		"2130706433": false, "017700000001": false, "127.1": false, "127.0.1": false, "0177.0.0.1": false,
		"0x7f000001": true, "0x7f.1": true, "localhost": true, "LOCALHOST.": true,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			_, err := get(t, c, "http://"+host+":"+portOf(t, srv)+"/")
			if isName {
				wantBlocked(t, err)
			} else if _, ok := errors.AsType[*net.DNSError](err); !ok {
				t.Errorf("got %v, want no such host", err)
			}
			if n := hits.Load(); n != 0 {
				t.Errorf("the server was reached %d times", n)
			}
		})
	}
}

func TestANameOfAPrivateAddressIsRefused(t *testing.T) {
	t.Parallel()
	srv, hits := counted(t, hello)
	c := client(t, guardhttp.Config{Resolver: resolver(func(string) string { return "127.0.0.1" })})
	_, err := get(t, c, "http://innocent.example:"+portOf(t, srv)+"/")
	wantBlocked(t, err)
	if n := hits.Load(); n != 0 {
		t.Errorf("the server was reached %d times", n)
	}
}

// TestRegression19Rebinding has a name that changes to a closed address between two
// connections.
func TestRegression19Rebinding(t *testing.T) {
	t.Parallel()
	srv, hits := counted(t, hello)
	var asked atomic.Int64
	c := client(t, guardhttp.Config{
		AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Resolver: resolver(func(string) string {
			if asked.Add(1) == 1 {
				return "127.0.0.1"
			}
			return "127.0.0.2"
		}),
	})
	target := "http://rebind.example:" + portOf(t, srv) + "/"
	if body, err := get(t, c, target); body != "hello" || err != nil {
		t.Fatalf("the open address: got %q, %v", body, err)
	}
	c.CloseIdleConnections()
	_, err := get(t, c, target)
	wantBlocked(t, err)
	if n := hits.Load(); n != 1 {
		t.Errorf("the server was reached %d times, want once", n)
	}
}

func TestRegression19Redirects(t *testing.T) {
	t.Parallel()
	closed, closedHits := counted(t, hello)
	mux := http.NewServeMux()
	mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.2:"+portOf(t, closed)+"/", http.StatusFound)
	})
	mux.HandleFunc("/n/{n}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.PathValue("n"), &n)
		if n == 0 {
			hello(w, r)
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/n/%d", n-1), http.StatusFound)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/post", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/n/0", http.StatusTemporaryRedirect)
	})
	srv, hits := counted(t, mux.ServeHTTP)
	c := client(t, guardhttp.Config{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})

	_, err := get(t, c, srv.URL+"/private")
	wantBlocked(t, err)
	if n := closedHits.Load(); n != 0 {
		t.Errorf("a redirect reached a closed address %d times", n)
	}
	if body, err := get(t, c, srv.URL+"/n/5"); body != "hello" || err != nil {
		t.Errorf("five redirects: got %q, %v", body, err)
	}
	_, err = get(t, c, srv.URL+"/n/6")
	wantBlocked(t, err)
	_, err = get(t, c, srv.URL+"/file")
	wantBlocked(t, err)

	before := hits.Load()
	resp, err := c.Post(srv.URL+"/post", "text/plain", strings.NewReader("once"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if n := hits.Load() - before; resp.StatusCode != http.StatusTemporaryRedirect || n != 1 {
		t.Errorf("redirect of a change: got status %d after %d requests, want 307 after one", resp.StatusCode, n)
	}
}

// TestSecretsStayWithTheirHost redirects with a token in a header of its own
// and in the address.
func TestSecretsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	srv, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			_, port, _ := net.SplitHostPort(r.Host)
			http.Redirect(w, r, "http://"+to+":"+port+"/", http.StatusFound)
			return
		}
		_ = r.Header.Write(w)
	})
	c := open(t, guardhttp.Config{Resolver: resolver(func(string) string { return "127.0.0.1" })})
	for to, kept := range map[string]bool{"other.example": false, "same.example": true} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			"http://same.example:"+portOf(t, srv)+"/?token=canary&to="+to, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Token", "canary")
		req.Header.Set("Accept", "text/plain")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		got := string(raw)
		if err != nil || strings.Contains(got, "X-Token") != kept || strings.Contains(got, "Referer") || !strings.Contains(got, "Accept: text/plain") {
			t.Errorf("%s got %q, %v; want the token there: %t", to, got, err, kept)
		}
	}
}

func TestNeverFromEncryptedToPlain(t *testing.T) {
	t.Parallel()
	plain, hits := counted(t, hello)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ok" {
			hello(w, r)
			return
		}
		http.Redirect(w, r, plain.URL, http.StatusFound)
	}))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	c := open(t, guardhttp.Config{RootCAs: roots})
	if body, err := get(t, c, secure.URL+"/ok"); body != "hello" || err != nil {
		t.Fatalf("over TLS: got %q, %v", body, err)
	}
	_, err := get(t, c, secure.URL)
	wantBlocked(t, err)
	if n := hits.Load(); n != 0 {
		t.Errorf("the plain server was reached %d times", n)
	}
	if _, err := get(t, open(t, guardhttp.Config{}), secure.URL+"/ok"); err == nil {
		t.Error("an unknown certificate was trusted")
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	srv, _ := counted(t, hello)
	for _, port := range []string{"22", "25", "81", "1023"} {
		_, err := get(t, open(t, guardhttp.Config{}), "http://127.0.0.1:"+port+"/")
		wantBlocked(t, err)
	}
	// 443 and 80 are open; nobody listens there, or not for us.
	if _, err := get(t, open(t, guardhttp.Config{Timeout: time.Second}), "http://127.0.0.1:443/"); err != nil {
		if _, blocked := errors.AsType[*guardhttp.BlockedError](err); blocked {
			t.Errorf("port 443 is closed: %v", err)
		}
	}
	_, err := get(t, open(t, guardhttp.Config{Ports: []uint16{443}}), srv.URL)
	wantBlocked(t, err)
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	const bound = 1000
	mux := http.NewServeMux()
	mux.HandleFunc("/exact", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, bound)) })
	mux.HandleFunc("/declared", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, bound+1)) })
	mux.HandleFunc("/streamed", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			_, _ = w.Write(make([]byte, 1000))
			_ = http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(make([]byte, 100*bound))
		_ = z.Close()
	})
	srv, _ := counted(t, mux.ServeHTTP)
	c := open(t, guardhttp.Config{MaxBody: bound})
	if body, err := get(t, c, srv.URL+"/exact"); len(body) != bound || err != nil {
		t.Errorf("a body at the bound: got %d bytes, %v", len(body), err)
	}
	for _, path := range []string{"/declared", "/streamed", "/bomb"} {
		body, err := get(t, c, srv.URL+path)
		if !errors.Is(err, guardhttp.ErrBodyTooLong) || len(body) > bound {
			t.Errorf("%s: got %d bytes, %v, want ErrBodyTooLong", path, len(body), err)
		}
	}
	resp, err := c.Head(srv.URL + "/declared")
	if err != nil {
		t.Fatalf("HEAD of a long body: %v", err)
	}
	_ = resp.Body.Close()
}

func TestSlowServersAreLeft(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/head", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/body", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	plain, _ := counted(t, mux.ServeHTTP)
	second := httptest.NewUnstartedServer(mux)
	second.EnableHTTP2 = true
	second.StartTLS()
	t.Cleanup(second.Close)
	roots := x509.NewCertPool()
	roots.AddCert(second.Certificate())
	for name, srv := range map[string]*httptest.Server{"HTTP/1.1": plain, "HTTP/2.0": second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, guardhttp.Config{Timeout: 500 * time.Millisecond, RootCAs: roots})
			if _, err := get(t, c, srv.URL+"/head"); err == nil {
				t.Error("an answer that never begins: got no error")
			}
			if body, err := get(t, c, srv.URL+"/body"); !errors.Is(err, guardhttp.ErrSilent) || body != name {
				t.Errorf("an answer that stops: got %q, %v, want ErrSilent", body, err)
			}
		})
	}
}

func TestTheContextEndsARequest(t *testing.T) {
	t.Parallel()
	srv, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "some")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := open(t, guardhttp.Config{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	cancel()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestProxySettingsAreIgnored(t *testing.T) {
	proxy, hits := counted(t, hello)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	_, err := get(t, client(t, guardhttp.Config{}), "http://127.0.0.1:"+portOf(t, proxy)+"/")
	wantBlocked(t, err)
	if n := hits.Load(); n != 0 {
		t.Errorf("the proxy was reached %d times", n)
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	srv, _ := counted(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.UserAgent()) })
	if got, err := get(t, open(t, guardhttp.Config{}), srv.URL); got != "Crier" || err != nil {
		t.Errorf("the default: got %q, %v", got, err)
	}
	c := open(t, guardhttp.Config{UserAgent: "Mine/1"})
	if got, err := get(t, c, srv.URL); got != "Mine/1" || err != nil {
		t.Errorf("the configured one: got %q, %v", got, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Own/2")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if raw, err := io.ReadAll(resp.Body); string(raw) != "Own/2" || err != nil {
		t.Errorf("the request's own: got %q, %v", raw, err)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	srv, _ := counted(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) })
	c := open(t, guardhttp.Config{})
	first, err := get(t, c, srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, err := get(t, c, srv.URL); again != first || err != nil {
			t.Errorf("got %q, %v, want the same connection %q", again, err, first)
		}
	}
}

func TestNewReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := guardhttp.New(guardhttp.Config{Timeout: -1, MaxBody: -1, Ports: []uint16{0}, AllowPrivate: []netip.Prefix{{}}})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"timeout", "bound", "port 0", "range 1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not speak of %q: %v", want, err)
		}
	}
}

// TestSingleAddressIsOpen opens one address with its port, and nothing beside it.
func TestSingleAddressIsOpen(t *testing.T) {
	t.Parallel()
	srv, _ := counted(t, hello)
	other, hits := counted(t, hello)
	c := client(t, guardhttp.Config{AllowAddresses: []netip.AddrPort{netip.MustParseAddrPort(srv.Listener.Addr().String())}})
	if body, err := get(t, c, srv.URL); err != nil || body != "hello" {
		t.Errorf("got %q, %v; want hello", body, err)
	}
	_, err := get(t, c, other.URL)
	wantBlocked(t, err)
	if n := hits.Load(); n != 0 {
		t.Errorf("the other port was reached %d times", n)
	}
}
