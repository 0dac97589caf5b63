package mastodon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/mastodon"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return mastodon.New(mastodon.Config{Website: "https://crier.example"}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := mastodon.New(mastodon.Config{Website: "crier", Instance: "no server"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"Website", "Instance", "Deps.HTTP", "Deps.Now", "Deps.NewID", "Deps.Vault"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}

func TestConfiguredInstanceIsForThoseWhoNameNone(t *testing.T) {
	t.Parallel()
	p, asked := alone(t, mastodon.Config{Instance: "@ann@Mastodon.example"}, &vault{kept: map[string][]byte{}})
	if f := p.RedirectForm().Fields(); len(f) != 1 || f[0].Required {
		t.Errorf("got form %+v, want one field that may be left out", f)
	}
	for typed, want := range map[string]string{"": "mastodon.example", "other.example": "other.example"} {
		r, err := p.BeginConnect(t.Context(), social.ConnectRequest{Callback: "https://crier.example/cb", State: "s", Values: social.Values{"instance": typed}})
		if err != nil || !strings.HasPrefix(r.URL, "https://"+want+"/oauth/authorize?") {
			t.Errorf("%q: got %q and %v, want the page of %s", typed, r.URL, err, want)
		}
	}
	if n := asked(); n == 0 {
		t.Error("got no request, want some")
	}
}

func TestVaultThatFailsStopsTheConnection(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]*vault{
		"load": {loadErr: errors.New("no disk")},
		"save": {saveErr: errors.New("no disk"), kept: map[string][]byte{}},
		"both": {loadErr: errors.New("no disk"), saveErr: errors.New("no disk")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := alone(t, mastodon.Config{}, v)
			_, err := p.BeginConnect(t.Context(), social.ConnectRequest{Callback: "https://crier.example/cb", State: "s", Values: social.Values{"instance": "mastodon.example"}})
			if e := social.AsError(err); e == nil || e.Code != social.CodeUnavailable {
				t.Errorf("got %v, want unavailable: an app that is not kept is registered again and again", err)
			}
		})
	}
}

// alone is a provider whose servers know nothing but apps.
func alone(t *testing.T, cfg mastodon.Config, v social.Vault) (p *mastodon.Provider, asked func() int) {
	t.Helper()
	var n atomic.Int32
	p, err := mastodon.New(cfg, social.Deps{
		HTTP: &http.Client{Transport: answers(func(req *http.Request) (int, string) {
			n.Add(1)
			if req.URL.Path == "/api/v1/apps" {
				return http.StatusOK, `{"client_id":"cid","client_secret":"s"}`
			}
			return http.StatusNotFound, ""
		})},
		Now: time.Now, NewID: func() string { return "id" }, Vault: v,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, func() int { return int(n.Load()) }
}

type answers func(*http.Request) (status int, body string)

// RoundTrip implements http.RoundTripper.
func (a answers) RoundTrip(req *http.Request) (*http.Response, error) {
	status, body := a(req)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

// vault is a social.Vault in memory.
type vault struct {
	mu               sync.Mutex
	kept             map[string][]byte
	loadErr, saveErr error
}

// Load implements social.Vault.
func (v *vault) Load(_ context.Context, name string) ([]byte, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	raw, ok := v.kept[name]
	return raw, ok, v.loadErr
}

// Save implements social.Vault.
func (v *vault) Save(_ context.Context, name string, value []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.saveErr != nil {
		return v.saveErr
	}
	v.kept[name] = bytes.Clone(value)
	return nil
}
