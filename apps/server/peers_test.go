//go:build peers

package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/crierhq/crier/testkit/peers/pds"
	"github.com/crierhq/crier/testkit/peers/snac"
)

// TestRealServersTogether is the main job on software that others wrote: the
// server binary connects accounts on a real Bluesky server and on a real server
// that speaks Mastodon's API, publishes one thread with a picture on both, and
// both show it.
func TestRealServersTogether(t *testing.T) {
	t.Parallel()
	sky, err := pds.Start(t.Context(), t.TempDir())
	missing(t, err, pds.ErrUnavailable)
	t.Cleanup(sky.Stop)
	masto, err := snac.Start(t.Context(), t.TempDir())
	missing(t, err, snac.ErrUnavailable)
	t.Cleanup(masto.Stop)

	p := serve(t, "DATA_DIR="+t.TempDir(), "ALLOW_PRIVATE_NETWORKS=127.0.0.0/8,::1/128")
	p.ready()
	_, who := p.call("POST", "/auth/register", "", ann)
	token, _ := who["accessToken"].(string)

	integrations := []any{connectBluesky(t, p, token, sky), connectMastodon(t, p, token, masto)}
	picture := p.upload(token, onePixel(t))
	status, post := p.call("POST", "/posts", token, map[string]any{
		"items": []any{
			map[string]any{"content": "One thread on two networks", "media": []any{map[string]any{"id": picture, "alt": "a dot"}}},
			map[string]any{"content": "and its reply"},
		},
		"integrations": integrations, "type": "now",
	})
	if status != http.StatusCreated {
		t.Fatalf("got %d %v, want 201", status, post)
	}
	p.published(token, post["id"].(string))
	_, post = p.call("GET", "/posts/"+post["id"].(string), token, nil)
	for _, d := range post["deliveries"].([]any) {
		d := d.(map[string]any)
		provider := d["integration"].(map[string]any)["provider"]
		items := d["items"].([]any)
		if d["state"] != "published" || len(items) != 2 {
			t.Fatalf("%v: got %v", provider, d)
		}
		root, reply := items[0].(map[string]any), items[1].(map[string]any)
		switch provider {
		case "bluesky":
			checkRecord(t, sky.URL, root["id"].(string), "One thread on two networks", "")
			checkRecord(t, sky.URL, reply["id"].(string), "and its reply", root["id"].(string))
		case "mastodon":
			if page := fetch(t, root["url"].(string)); !strings.Contains(page, "One thread on two networks") {
				t.Errorf("the page of the post does not show it: %s", page)
			}
		}
	}
}

func missing(t *testing.T, err, unavailable error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, unavailable) && os.Getenv("CI") != "true":
		t.Skip("SKIPPED: ", err)
	default:
		t.Fatal(err)
	}
}

func connectBluesky(t *testing.T, p *process, token string, sky *pds.Server) string {
	t.Helper()
	var session struct{ AccessJwt string }
	xrpc(t, sky.URL, "com.atproto.server.createAccount", "", map[string]string{
		"email": "ann@example.com", "handle": "ann.test", "password": "the main password",
	}, &session)
	var app struct{ Password string }
	xrpc(t, sky.URL, "com.atproto.server.createAppPassword", session.AccessJwt, map[string]string{"name": "crier"}, &app)
	status, got := p.call("POST", "/integrations/connect", token, map[string]any{
		"provider": "bluesky", "fields": map[string]string{"service": sky.URL, "identifier": "ann.test", "password": app.Password},
	})
	if status != http.StatusCreated {
		t.Fatalf("connect: got %d %v, want 201", status, got)
	}
	return got["integration"].(map[string]any)["id"].(string)
}

func xrpc(t *testing.T, base, method, token string, in, out any) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/xrpc/"+method, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	decode(t, req, out)
}

func decode(t *testing.T, req *http.Request, out any) {
	t.Helper()
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s: %s %s (%v)", req.URL, res.Status, raw, err)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatal(err)
	}
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// checkRecord reads a post of a Bluesky account back, as anybody can.
func checkRecord(t *testing.T, base, uri, text, parent string) {
	t.Helper()
	part := strings.Split(strings.TrimPrefix(uri, "at://"), "/")
	var got struct {
		Value struct {
			Text  string
			Reply *struct{ Parent struct{ URI string } }
		}
	}
	query := url.Values{"repo": {part[0]}, "collection": {part[1]}, "rkey": {part[2]}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/xrpc/com.atproto.repo.getRecord?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, req, &got)
	if got.Value.Text != text {
		t.Errorf("the record reads %q, want %q", got.Value.Text, text)
	}
	if parent != "" && (got.Value.Reply == nil || got.Value.Reply.Parent.URI != parent) {
		t.Errorf("the reply hangs on %+v, want %s", got.Value.Reply, parent)
	}
}

// connectMastodon does what a person does in a browser: is sent to the account's
// server, signs in there, and comes back.
func connectMastodon(t *testing.T, p *process, token string, masto *snac.Server) string {
	t.Helper()
	status, got := p.call("POST", "/integrations/connect", token, map[string]any{
		"provider": "mastodon", "fields": map[string]string{"instance": masto.URL},
	})
	if status != http.StatusOK {
		t.Fatalf("connect: got %d %v, want 200", status, got)
	}
	page := fetch(t, got["url"].(string))
	form := url.Values{"login": {masto.User}, "passwd": {masto.Password}}
	for _, m := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("got no login form: %s", page)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, action[1], strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	// The server under test listens on a port that its public address does not
	// name, so the browser's last step is taken by hand.
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || back.Path == "" {
		t.Fatalf("got sent to %q (%v), want back to the server", back, err)
	}
	if page := fetch(t, p.url+back.Path+"?"+back.RawQuery); !strings.Contains(page, "Connected") {
		t.Fatalf("the last page says: %s", page)
	}
	_, list := p.call("GET", "/integrations", token, nil)
	for _, c := range list["data"].([]any) {
		if c := c.(map[string]any); c["provider"] == "mastodon" {
			return c["id"].(string)
		}
	}
	t.Fatal("the account is not in the list")
	return ""
}

func onePixel(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (p *process) upload(token string, file []byte) string {
	p.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="dot.png"`}, "Content-Type": {"image/png"},
	})
	if err == nil {
		_, err = part.Write(file)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/media/upload", &b)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	var out struct{ ID string }
	decode(p.t, req, &out)
	if out.ID == "" {
		p.t.Fatal(fmt.Errorf("the upload has no id"))
	}
	return out.ID
}
