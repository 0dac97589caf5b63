package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/apps/internal/freeport"
	"github.com/crierhq/crier/apps/internal/process"
	"github.com/crierhq/crier/testkit/simulator"
)

// output is what the program says.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// person uses the program as people do.
type person struct {
	t     *testing.T
	url   string
	token string
}

func (p person) call(method, path string, in, out any) (int, string) {
	p.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(raw, out); err != nil {
			p.t.Fatal(err)
		}
	}
	return resp.StatusCode, string(raw)
}

// eventually waits for what another process or program does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("%s did not come about in time", what)
}

// TestConnectPublishAndLook does over the network what a person does who runs
// the program.
func TestConnectPublishAndLook(t *testing.T) {
	t.Parallel()
	port, err := freeport.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var said output
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	// MASTODON_INSTANCE is one of an operator: nothing may reach it.
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-data", t.TempDir()},
			[]string{"BIND_ADDRESS=127.0.0.1", "PORT=" + strconv.Itoa(port), "MASTODON_INSTANCE=https://mastodon.invalid"}, &said, &said)
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != process.ExitOK {
			t.Errorf("got exit code %d, want %d; it said:\n%s", code, process.ExitOK, said.String())
		}
	})
	p := person{t: t, url: "http://localhost:" + strconv.Itoa(port)}
	eventually(t, "the welcome", func() bool { return strings.Contains(said.String(), "The simulator plays") })
	page := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(said.String())

	var who struct{ AccessToken string }
	if status, body := p.call(http.MethodPost, "/auth/register", map[string]string{"email": "ann@example.com", "password": "correct horse battery", "name": "Ann", "organization": "Ours"}, &who); status != http.StatusCreated {
		t.Fatalf("got %d %s, want an account", status, body)
	}
	p.token = who.AccessToken
	var begun struct{ URL string }
	if status, body := p.call(http.MethodPost, "/integrations/connect", map[string]string{"provider": "mastodon"}, &begun); status != http.StatusOK {
		t.Fatalf("got %d %s, want an address to go to", status, body)
	}
	resp, err := http.PostForm(begun.URL, url.Values{"account": {"ann"}, "answer": {"approve"}}) // and back by redirect
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	var list struct {
		Data []struct{ ID, Provider string }
	}
	p.call(http.MethodGet, "/integrations", nil, &list)
	if resp.StatusCode != http.StatusOK || len(list.Data) != 1 || list.Data[0].Provider != "mastodon" {
		t.Fatalf("got %s and %+v, want Ann's account", resp.Status, list.Data)
	}
	if status, body := p.call(http.MethodPost, "/posts", map[string]any{"content": "Nothing of this is real.", "integrations": []string{list.Data[0].ID}, "type": "now"}, nil); status != http.StatusCreated {
		t.Fatalf("got %d %s, want a post", status, body)
	}
	look := person{t: t, url: strings.TrimSuffix(page, "/")}
	eventually(t, "the post", func() bool {
		var out []simulator.Post
		look.call(http.MethodGet, "/_/timeline?platform=mastodon&account=ann", nil, &out)
		return slices.ContainsFunc(out, func(p simulator.Post) bool { return p.Text == "Nothing of this is real." })
	})
	if _, body := look.call(http.MethodGet, "/", nil, nil); !strings.Contains(body, "Nothing of this is real.") {
		t.Error("the page of the simulator does not show the post")
	}
}

// Everybody who reaches the simulator could act for everybody on it.
func TestSimulatorListensOnThisMachineAlone(t *testing.T) {
	t.Parallel()
	var said output
	if code := run(t.Context(), []string{"-listen", "0.0.0.0:0"}, nil, &said, &said); code != process.ExitSetup {
		t.Errorf("got exit code %d, want %d", code, process.ExitSetup)
	}
}
