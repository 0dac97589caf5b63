//go:build peers

package mastodon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/mastodon"
	"github.com/crierhq/crier/testkit/peers/snac"
)

// TestRealServer runs the provider against snac. Where that cannot be had the
// test is skipped, except in CI, where it fails. What snac cannot show is in
// the cases: see the package comment of testkit/peers/snac.
func TestRealServer(t *testing.T) {
	t.Parallel()
	server, err := snac.Start(t.Context(), t.TempDir())
	if errors.Is(err, snac.ErrUnavailable) && os.Getenv("CI") != "true" {
		t.Skipf("THE REAL SERVER WAS NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Stop()
		if t.Failed() {
			t.Logf("the server's log ends with:\n%s", server.Log())
		}
	})
	// snac closes connections that it did not say it would close.
	w := &realWorld{server: server, vault: &vault{kept: map[string][]byte{}}, net: &http.Transport{DisableKeepAlives: true}}
	w.p = w.provider(t, w.net)
	w.connect(t)
	// The steps build on one another, so they run in order.
	for _, step := range []struct { //nolint:paralleltest // See above.
		name string
		run  func(*testing.T)
	}{
		{"app is registered once", w.sameApp},
		{"thread with a picture", w.thread},
		{"edit", w.edit},
		{"lost answer is found", w.lostAnswer},
		{"lost answer with a picture is checked", w.lostPicture},
		{"sent again but not published again", w.again},
		{"boost", w.boost},
		{"numbers", w.numbers},
		{"found by its link", w.byLink},
		{"delete is not there", w.deletion},
		{"wrong token", w.wrongToken},
		{"revoke", w.revoke}, // The last: nothing works after it.
	} {
		t.Run(step.name, step.run)
	}
}

const callback = "http://127.0.0.1:1/callback"

// realWorld is an account on a real server.
type realWorld struct {
	server *snac.Server
	vault  *vault
	net    http.RoundTripper
	p      *mastodon.Provider
	conn   social.Connection
}

func (w *realWorld) provider(t *testing.T, net http.RoundTripper) *mastodon.Provider {
	t.Helper()
	n := 0
	p, err := mastodon.New(mastodon.Config{Website: "https://crier.example"}, social.Deps{
		HTTP: &http.Client{Transport: net, CheckRedirect: stay}, Vault: w.vault,
		Now:   func() time.Time { return time.Now().UTC() },
		NewID: func() string { n++; return fmt.Sprint(t.Name(), n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// connect does what a person does: names the server, types the password into
// the server's page, and comes back.
func (w *realWorld) connect(t *testing.T) {
	t.Helper()
	r := w.begin(t)
	page := w.page(t, http.MethodGet, r.URL, nil)
	form := url.Values{"login": {w.server.User}, "passwd": {w.server.Password}}
	for _, m := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		form.Set(m[1], m[2])
	}
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page.body)
	if action == nil {
		t.Fatalf("got no login form, want one: %s", page.body)
	}
	back, err := url.Parse(w.page(t, http.MethodPost, action[1], form).location)
	if err != nil || !strings.HasPrefix(back.String(), callback) || back.Query().Get("state") != "state-1" {
		t.Fatalf("got sent to %q (%v), want back to us with our state", back, err)
	}
	w.conn, err = w.p.FinishConnect(t.Context(), social.Callback{
		Callback: callback, Query: map[string]string{"code": back.Query().Get("code")}, Keep: r.Keep,
	})
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(w.server.URL, "http://")
	if !strings.HasPrefix(w.conn.Account, host+"/") || w.conn.Handle != "@alice@"+host {
		t.Errorf("got account %q and handle %q, want those of alice on %s", w.conn.Account, w.conn.Handle, host)
	}
	if tr := w.conn.Traits; tr["software"] != "snac" || tr["max_characters"] == "" || tr["instance"] != w.server.URL {
		t.Errorf("got traits %v, want what the server says of itself", tr)
	}
}

func (w *realWorld) begin(t *testing.T) social.Redirect {
	t.Helper()
	r, err := w.p.BeginConnect(t.Context(), social.ConnectRequest{
		Callback: callback, State: "state-1", Values: social.Values{"instance": w.server.URL + "/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type answer struct{ body, location string }

// page is what a browser does.
func (w *realWorld) page(t *testing.T, method, address string, form url.Values) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := (&http.Client{Transport: w.net, CheckRedirect: stay}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{string(raw), resp.Header.Get("Location")}
}

func (w *realWorld) sameApp(t *testing.T) {
	first, second := w.begin(t), w.begin(t)
	if a, b := first.Keep["client_id"], second.Keep["client_id"]; a != b || a == "" || a != w.conn.Credential.Extra["client_id"] {
		t.Errorf("got apps %q and %q, want the one the account was connected with", a, b)
	}
}

func (w *realWorld) target(key string) social.Target {
	return social.Target{
		Account: w.conn.Account, Traits: w.conn.Traits, Credential: w.conn.Credential,
		Key: key, FirstTry: time.Now().UTC(),
	}
}

// send goes all the way of one item.
func (w *realWorld) send(t *testing.T, tg social.Target, it social.Item) social.Ref {
	t.Helper()
	out, err := w.p.Publish(t.Context(), tg, it, w.prepare(t, tg, it))
	if err != nil || out.Ref == nil {
		t.Fatalf("got %+v and %v, want a Ref", out, err)
	}
	return *out.Ref
}

func (w *realWorld) prepare(t *testing.T, tg social.Target, it social.Item) social.Cursor {
	t.Helper()
	at, err := w.p.Prepare(t.Context(), tg, it)
	if err != nil || at.Next != social.StepPublish {
		t.Fatalf("got %+v and %v, want to publish next", at, err)
	}
	return at
}

// read is the post as the server has it.
func (w *realWorld) read(t *testing.T, ref social.Ref) map[string]any {
	t.Helper()
	var out map[string]any
	w.get(t, "/api/v1/statuses/"+ref.ID, &out)
	return out
}

// count is how many posts hold the text.
func (w *realWorld) count(t *testing.T, text string) int {
	t.Helper()
	_, id, _ := strings.Cut(w.conn.Account, "/")
	var all []struct {
		Content string `json:"content"`
	}
	w.get(t, "/api/v1/accounts/"+id+"/statuses?limit=40", &all)
	n := 0
	for _, s := range all {
		if strings.Contains(s.Content, text) {
			n++
		}
	}
	return n
}

func (w *realWorld) get(t *testing.T, path string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.conn.Credential.Access)
	resp, err := w.net.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatalf("GET %s: status %d: %v", path, resp.StatusCode, err)
	}
}

func (w *realWorld) thread(t *testing.T) {
	root := w.send(t, w.target("t.0.1"), social.Item{Text: "A thread for @alice, see https://example.com/a?b=c&d=e", Media: []social.Media{picture(t, 1)}})
	reply := w.send(t, w.target("t.1.1"), social.Item{Text: "And its *second* part", Root: &root, Parent: &root})
	for name, ref := range map[string]social.Ref{"root": root, "reply": reply} {
		if there, err := w.p.Confirm(t.Context(), w.target("c"), ref); !there || err != nil {
			t.Errorf("%s: got visible %t and %v, want it to be there", name, there, err)
		}
		if !strings.HasPrefix(ref.URL, w.server.URL) {
			t.Errorf("%s: got address %q, want one of the server", name, ref.URL)
		}
	}
	if got := w.read(t, reply)["in_reply_to_id"]; got != root.ID {
		t.Errorf("got a reply to %v, want one to %s", got, root.ID)
	}
	media, _ := w.read(t, root)["media_attachments"].([]any)
	if len(media) != 1 {
		t.Fatalf("got %d attachments, want 1", len(media))
	}
	m, _ := media[0].(map[string]any)
	if m["description"] != "A blue square." || m["type"] != "image" {
		t.Errorf("got attachment %v, want an image with its description", m)
	}
	address, _ := m["url"].(string)
	if got := w.page(t, http.MethodGet, address, nil).body; got != string(pixels(t, 1)) {
		t.Errorf("got %d bytes back, want the %d that were sent", len(got), len(pixels(t, 1)))
	}
	if there, err := w.p.Confirm(t.Context(), w.target("c"), social.Ref{ID: "000000"}); there || err != nil {
		t.Errorf("got visible %t and %v for a post that never was, want neither", there, err)
	}
}

func (w *realWorld) edit(t *testing.T) {
	ref := w.send(t, w.target("e.0.1"), social.Item{Text: "Before the change", Media: []social.Media{picture(t, 2)}})
	it := social.Item{Text: "After the change", Media: []social.Media{picture(t, 2)}}
	for range 2 {
		next, err := w.p.Edit(t.Context(), w.target("e.0.2"), ref, it)
		if err != nil || next.ID != ref.ID {
			t.Fatalf("got %+v and %v, want the same post", next, err)
		}
	}
	got := w.read(t, ref)
	if text, _ := got["content"].(string); !strings.Contains(text, "After the change") {
		t.Errorf("got %q, want the new text", text)
	}
	if media, _ := got["media_attachments"].([]any); len(media) != 1 {
		t.Errorf("got %d attachments, want the one that was there", len(media))
	}
}

// boost is made twice with one key: snac is not known to take it once, so it is
// asked before the second time.
func (w *realWorld) boost(t *testing.T) {
	tg := w.target("b.0.1")
	ref := w.send(t, tg, social.Item{Text: "Worth repeating"})
	for range 2 {
		got, err := w.p.Repost(t.Context(), tg, ref)
		if err != nil || got.ID == "" {
			t.Fatalf("got %+v and %v, want a Ref", got, err)
		}
		tg.FirstTry = tg.FirstTry.Add(-time.Minute)
	}
	if got := w.read(t, ref)["reblogs_count"]; got != 1.0 {
		t.Errorf("got %v boosts, want 1", got)
	}
}

func (w *realWorld) numbers(t *testing.T) {
	ref := w.send(t, w.target("n.0.1"), social.Item{Text: "To be counted"})
	got, err := w.p.Metrics(t.Context(), w.target("n.0.1"), ref)
	if likes, ok := got[social.MetricLikes]; err != nil || !ok || likes != 0 {
		t.Errorf("got %v and %v, want no likes", got, err)
	}
}

func (w *realWorld) byLink(t *testing.T) {
	ref := w.send(t, w.target("f.0.1"), social.Item{Text: "To be found"})
	for name, from := range map[string]social.Ref{"as it was published": ref, "by its link": {ID: ref.URL, URL: ref.URL}} {
		got, err := w.p.Resolve(t.Context(), w.target("f.0.1"), from)
		if err != nil || got.ID != ref.ID {
			t.Errorf("%s: got %+v and %v, want %s", name, got, err, ref.ID)
		}
	}
}

func (w *realWorld) lostAnswer(t *testing.T) {
	tg, it := w.target("l.0.1"), social.Item{Text: "Lost, *but* not <gone>: @alice https://example.com/x?y=z&a=b #tag\n\nNew paragraph"}
	w.lose(t, tg, it)
	ref, err := w.p.Find(t.Context(), tg, it)
	if err != nil || ref == nil {
		t.Fatalf("got %v and %v, want the post", ref, err)
	}
	if text, _ := w.read(t, *ref)["text"].(string); !strings.HasPrefix(text, "Lost,") {
		t.Errorf("got %q, want the post that was lost", text)
	}
	it.Text = "Something that was never sent"
	if ref, err := w.p.Find(t.Context(), tg, it); ref != nil || err != nil {
		t.Errorf("got %v and %v for a text that was never sent, want nothing", ref, err)
	}
}

func (w *realWorld) lostPicture(t *testing.T) {
	tg, it := w.target("p.0.1"), social.Item{Text: "Lost with a picture", Media: []social.Media{picture(t, 3)}}
	at := w.lose(t, tg, it)
	out, err := w.p.Check(t.Context(), tg, at)
	if err != nil {
		t.Fatal(err)
	}
	found, err := w.p.Find(t.Context(), tg, it)
	if err != nil || found == nil {
		t.Fatalf("got %v and %v, want the post", found, err)
	}
	if out.Ref != nil && out.Ref.ID != found.ID {
		t.Errorf("Check says %s and Find %s, want the same", out.Ref.ID, found.ID)
	}
	// snac names uploads anew when they are attached, so Check may not see them.
	t.Logf("Check saw the post: %t", out.Ref != nil)
}

func (w *realWorld) again(t *testing.T) {
	tg, it := w.target("a.0.1"), social.Item{Text: "Sent again, out once"}
	tg.FirstTry = tg.FirstTry.Add(-5 * time.Second)
	at := w.lose(t, tg, it)
	out, err := w.p.Publish(t.Context(), tg, it, at)
	if err != nil || out.Ref == nil {
		t.Fatalf("got %+v and %v, want the post that is out", out, err)
	}
	if n := w.count(t, it.Text); n != 1 {
		t.Errorf("got %d posts, want 1", n)
	}
}

// lose publishes, and drops the server's answer.
func (w *realWorld) lose(t *testing.T, tg social.Target, it social.Item) social.Cursor {
	t.Helper()
	at := w.prepare(t, tg, it)
	_, err := w.provider(t, deaf{w.net}).Publish(t.Context(), tg, it, at)
	if e := social.AsError(err); e == nil || e.Code != social.CodeOutcomeUnknown {
		t.Fatalf("got %v, want outcome_unknown", err)
	}
	return at
}

// deaf loses the answers to what is not a GET.
type deaf struct{ net http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (d deaf) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.net.RoundTrip(req)
	if err == nil && req.Method != http.MethodGet {
		_ = resp.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return resp, err
}

func (w *realWorld) deletion(t *testing.T) {
	ref := w.send(t, w.target("d.0.1"), social.Item{Text: "Here to stay"})
	err := w.p.Delete(t.Context(), w.target("d.0.1"), ref)
	if e := social.AsError(err); e == nil || e.Code != social.CodeUnsupported {
		t.Errorf("got %v, want unsupported: snac has no such call, and the post is there", err)
	}
	if err := w.p.Delete(t.Context(), w.target("d.0.1"), social.Ref{ID: "000000"}); err != nil {
		t.Errorf("got %v for a post that is not there, want nothing", err)
	}
}

func (w *realWorld) wrongToken(t *testing.T) {
	tg := w.target("w.0.1")
	tg.Credential.Access = "wrong"
	_, err := w.p.Publish(t.Context(), tg, social.Item{Text: "Nobody's"}, social.Cursor{Next: social.StepPublish})
	if e := social.AsError(err); e == nil || e.Code == social.CodeOutcomeUnknown {
		t.Errorf("got %v, want a refusal", err)
	}
	if n := w.count(t, "Nobody's"); n != 0 {
		t.Errorf("got %d posts, want none", n)
	}
}

func (w *realWorld) revoke(t *testing.T) {
	if err := w.p.Revoke(t.Context(), w.target("r")); err != nil {
		t.Fatal(err)
	}
	_, err := w.p.Publish(t.Context(), w.target("r.0.1"), social.Item{Text: "Too late"}, social.Cursor{Next: social.StepPublish})
	if err == nil {
		t.Error("got no error, want one: the permission was given back")
	}
}

// pixels is a PNG that differs from others by its side.
func pixels(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	img.Set(0, 0, color.RGBA{B: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func picture(t *testing.T, side int) social.Media {
	t.Helper()
	raw := pixels(t, side)
	return social.Media{
		Kind: domain.MediaImage, MIME: "image/png", Bytes: int64(len(raw)), Name: "square.png",
		Width: side, Height: side, Alt: "A blue square.", Source: file(raw),
	}
}

type file []byte

// Open implements social.Source.
func (f file) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f)), nil
}

// PublicURL implements social.Source.
func (file) PublicURL(context.Context) (string, error) {
	return "", social.Errorf(social.CodeUnsupported, "There is no public address.")
}
