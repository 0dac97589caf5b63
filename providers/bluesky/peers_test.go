//go:build peers

package bluesky_test

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
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/bluesky"
	"github.com/crierhq/crier/testkit/peers/pds"
)

// TestRealServer runs the provider against the PDS of the protocol's authors.
// Where that cannot be had the test is skipped, except in CI, where it fails.
func TestRealServer(t *testing.T) {
	t.Parallel()
	server, err := pds.Start(t.Context(), t.TempDir())
	if errors.Is(err, pds.ErrUnavailable) && os.Getenv("CI") != "true" {
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
	w := &realWorld{url: server.URL}
	w.p = w.provider(t, http.DefaultTransport)
	w.connect(t)
	//nolint:paralleltest // the steps share one account and count its records
	for name, step := range map[string]func(*testing.T){
		"wrong password":   w.wrongPassword,
		"images, facets":   w.imagesAndFacets,
		"thread":           w.thread,
		"repeated publish": w.repeatedPublish,
		"lost answer":      w.lostAnswer,
		"reply control":    w.replyControl,
		"lost gate":        w.lostGate,
		"link card":        w.linkCard,
		"video":            w.video,
		"blob dropped":     w.blobDropped,
		"settings":         w.settings,
		"too long":         w.tooLong,
		"wrong token":      w.wrongToken,
		"delete":           w.deletion,
		"repost":           w.repost,
		"resolve":          w.resolve,
		"metrics":          w.metrics,
		"international":    w.international,
	} {
		t.Run(name, step)
	}
	t.Run("refresh and revoke", w.refreshAndRevoke)
}

// realWorld is an account on a real server.
type realWorld struct {
	url    string
	p      *bluesky.Provider
	conn   social.Connection
	values social.Values
}

func (w *realWorld) provider(t *testing.T, net http.RoundTripper) *bluesky.Provider {
	t.Helper()
	p, err := bluesky.New(bluesky.Config{Service: w.url, VideoDirect: true}, social.Deps{
		HTTP: &http.Client{Transport: net},
		Now:  func() time.Time { return time.Now().UTC() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// connect makes an account with an app password and connects it.
func (w *realWorld) connect(t *testing.T) {
	t.Helper()
	var session struct {
		AccessJwt string `json:"accessJwt"`
		Did       string `json:"did"`
	}
	w.xrpc(t, "com.atproto.server.createAccount", "", map[string]string{
		"email": "ann@example.com", "handle": "ann.test", "password": "the main password",
	}, &session)
	var app struct {
		Password string `json:"password"`
	}
	w.xrpc(t, "com.atproto.server.createAppPassword", session.AccessJwt, map[string]string{"name": "crier"}, &app)
	w.values = social.Values{"identifier": "@ann.test", "password": app.Password}
	conn, err := w.p.ConnectWith(t.Context(), w.values)
	if err != nil {
		t.Fatal(err)
	}
	if conn.Account != session.Did || conn.Handle != "@ann.test" || conn.Name != "ann.test" {
		t.Fatalf("got %+v, want the account %s", conn, session.Did)
	}
	if conn.Traits["pds"] != w.url {
		t.Errorf("got server %s, want %s of the DID document", conn.Traits["pds"], w.url)
	}
	if d := time.Until(conn.Credential.Expiry); d < time.Hour || d > 3*time.Hour {
		t.Errorf("got a token that ends in %s, want about two hours", d)
	}
	w.conn = conn
}

func (w *realWorld) target(t *testing.T) social.Target {
	t.Helper()
	return social.Target{
		Account: w.conn.Account, Traits: w.conn.Traits, Credential: w.conn.Credential,
		Key: t.Name(), FirstTry: time.Now().UTC(),
	}
}

// publish goes the whole way of an item and checks that the server has it.
func (w *realWorld) publish(t *testing.T, target social.Target, it social.Item) social.Ref {
	t.Helper()
	if problems := w.p.Validate(it, target.Traits); len(problems) > 0 {
		t.Fatalf("got problems %+v", problems)
	}
	at, err := w.p.Prepare(t.Context(), target, it)
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	out, err := w.p.Publish(t.Context(), target, it, at)
	if err != nil {
		t.Fatalf("Publish: %v: %s", err, social.AsError(err).Evidence)
	}
	if out.Ref == nil {
		t.Fatalf("got %+v, want a Ref", out)
	}
	if ok, err := w.p.Confirm(t.Context(), target, *out.Ref); !ok || err != nil {
		t.Errorf("Confirm: got %t, %v, want true", ok, err)
	}
	return *out.Ref
}

func (w *realWorld) wrongPassword(t *testing.T) {
	_, err := w.p.ConnectWith(t.Context(), social.Values{"identifier": "ann.test", "password": "wrong"})
	wantCode(t, err, social.CodeRejected)
}

func (w *realWorld) imagesAndFacets(t *testing.T) {
	target := w.target(t)
	text := "日本語 👩‍👩‍👧 @ann.test and @nobody.test: https://crier.example/a_(b). #花見"
	file := picture(t)
	ref := w.publish(t, target, social.Item{
		Text:     text,
		Settings: json.RawMessage(`{"linkCard":"none"}`),
		Media: []social.Media{
			{Kind: domain.MediaImage, MIME: "image/png", Bytes: int64(len(file)), Width: 8, Height: 4, Alt: "A field", Source: file},
			{Kind: domain.MediaImage, MIME: "image/png", Bytes: int64(len(file)), Source: file},
		},
	})
	var got struct {
		Text   string `json:"text"`
		Facets []struct {
			Index struct {
				Start int `json:"byteStart"`
				End   int `json:"byteEnd"`
			} `json:"index"`
			Features []map[string]string `json:"features"`
		} `json:"facets"`
		Embed struct {
			Images []struct {
				Alt string `json:"alt"`
			} `json:"images"`
		} `json:"embed"`
	}
	w.record(t, ref, &got)
	var marked []string
	for _, f := range got.Facets {
		marked = append(marked, got.Text[f.Index.Start:f.Index.End])
	}
	if want := []string{"@ann.test", "https://crier.example/a_(b)", "#花見"}; !slices.Equal(marked, want) {
		t.Errorf("got %q marked, want %q", marked, want)
	}
	if got.Text != text || len(got.Embed.Images) != 2 || got.Embed.Images[0].Alt != "A field" {
		t.Errorf("got %+v, want the text and two images", got)
	}
}

func (w *realWorld) thread(t *testing.T) {
	var refs []social.Ref
	for i := range 3 {
		target := w.target(t)
		target.Key = fmt.Sprintf("%s.%d", t.Name(), i)
		it := social.Item{Text: fmt.Sprintf("Part %d", i+1)}
		if i > 0 {
			it.Root, it.Parent = &refs[0], &refs[i-1]
		}
		if i == 2 {
			// As after a person told us where the posts are.
			it.Root = &social.Ref{URL: "https://bsky.app/profile/ann.test/post/" + rkey(refs[0])}
		}
		refs = append(refs, w.publish(t, target, it))
	}
	var last struct {
		Reply struct{ Root, Parent struct{ URI, CID string } } `json:"reply"`
	}
	w.record(t, refs[2], &last)
	if last.Reply.Root.URI != refs[0].ID || last.Reply.Root.CID != refs[0].Extra["cid"] || last.Reply.Parent.URI != refs[1].ID {
		t.Errorf("got reply %+v, want root %s and parent %s", last.Reply, refs[0].ID, refs[1].ID)
	}
}

func (w *realWorld) repeatedPublish(t *testing.T) {
	target, it := w.target(t), social.Item{Text: "Once only #once"}
	before := len(w.records(t, "app.bsky.feed.post"))
	first := w.publish(t, target, it)
	for range 3 {
		if again := w.publish(t, target, it); again.ID != first.ID || again.Extra["cid"] != first.Extra["cid"] {
			t.Errorf("got %+v, want %+v again", again, first)
		}
	}
	if got := len(w.records(t, "app.bsky.feed.post")) - before; got != 1 {
		t.Errorf("got %d new records, want 1", got)
	}
}

func (w *realWorld) lostAnswer(t *testing.T) {
	target, it := w.target(t), social.Item{Text: "Lost and found"}
	if ref, err := w.p.Find(t.Context(), target, it); ref != nil || err != nil {
		t.Fatalf("Find before: got %+v, %v, want nothing", ref, err)
	}
	lossy := w.provider(t, losing("com.atproto.repo.putRecord", 1))
	_, err := lossy.Publish(t.Context(), target, it, social.Cursor{Next: social.StepPublish})
	wantCode(t, err, social.CodeOutcomeUnknown)
	ref, err := w.p.Find(t.Context(), target, it)
	if err != nil || ref == nil {
		t.Fatalf("Find after: got %+v, %v, want the item", ref, err)
	}
	out, err := w.p.Check(t.Context(), target, social.Cursor{Next: social.StepPublish})
	if err != nil || out.Ref == nil || out.Ref.ID != ref.ID {
		t.Errorf("Check: got %+v, %v, want %s", out, err, ref.ID)
	}
	if again := w.publish(t, target, it); again.ID != ref.ID || again.Extra["cid"] != ref.Extra["cid"] {
		t.Errorf("got %+v, want %+v", again, *ref)
	}
}

func (w *realWorld) replyControl(t *testing.T) {
	for _, who := range []string{"nobody", "mentioned", "following", "followers"} {
		target := w.target(t)
		target.Key += who
		ref := w.publish(t, target, social.Item{Text: "For " + who, Settings: json.RawMessage(`{"replies":"` + who + `"}`)})
		if uris := w.records(t, "app.bsky.feed.threadgate"); !slices.ContainsFunc(uris, func(u string) bool { return strings.HasSuffix(u, rkey(ref)) }) {
			t.Errorf("%s: got threadgates %q, want one of %s", who, uris, ref.ID)
		}
	}
}

func (w *realWorld) lostGate(t *testing.T) {
	target := w.target(t)
	it := social.Item{Text: "Gate lost", Settings: json.RawMessage(`{"replies":"nobody"}`)}
	at, err := w.p.Prepare(t.Context(), target, it)
	if err != nil {
		t.Fatal(err)
	}
	refusing := w.provider(t, refusingAfter("com.atproto.repo.putRecord", 1))
	_, err = refusing.Publish(t.Context(), target, it, at)
	wantCode(t, err, social.CodeOutcomeUnknown)
	if ref, err := w.p.Find(t.Context(), target, it); ref != nil || err != nil {
		t.Errorf("Find: got %+v, %v, want nothing while the reply control is missing", ref, err)
	}
	w.publish(t, target, it)
	if ref, err := w.p.Find(t.Context(), target, it); ref == nil || err != nil {
		t.Errorf("Find: got %+v, %v, want the item", ref, err)
	}
}

func (w *realWorld) linkCard(t *testing.T) {
	file := picture(t)
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/old":
			http.Redirect(rw, r, "/news/", http.StatusFound)
		case "/news/":
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(rw, `<head><title>News &amp; more</title><meta property="og:image" content="pic.png"><meta name="description" content="Füße">`)
		default:
			_, _ = rw.Write(file)
		}
	}))
	defer site.Close()
	ref := w.publish(t, w.target(t), social.Item{Text: "See " + site.URL + "/old"})
	var got struct {
		Embed struct {
			External struct {
				URI, Title, Description string
				Thumb                   struct{ Size int } `json:"thumb"`
			} `json:"external"`
		} `json:"embed"`
	}
	w.record(t, ref, &got)
	x := got.Embed.External
	if x.URI != site.URL+"/old" || x.Title != "News & more" || x.Description != "Füße" || x.Thumb.Size != len(file) {
		t.Errorf("got %+v, want the card of the page", x)
	}
}

func (w *realWorld) video(t *testing.T) {
	// The server looks at the first bytes only.
	file := content(append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), make([]byte, 4096)...))
	w.publish(t, w.target(t), social.Item{Text: "Watch", Media: []social.Media{
		{Kind: domain.MediaVideo, MIME: "video/mp4", Bytes: int64(len(file)), Width: 16, Height: 9, Alt: "Waves", Source: file},
	}})
}

func (w *realWorld) blobDropped(t *testing.T) {
	file := picture(t)
	it := social.Item{Text: "x", Media: []social.Media{{Kind: domain.MediaImage, MIME: "image/png", Bytes: int64(len(file)), Source: file}}}
	gone := social.Cursor{Next: social.StepPublish, State: json.RawMessage(
		`{"blobs":[{"c":"bafkreibjfgx2gprinfvicegelk5kosd6y2frmqpqzwqkg7usac74l3t2v4","m":"image/png","s":90}]}`)}
	_, err := w.p.Publish(t.Context(), w.target(t), it, gone)
	wantCode(t, err, social.CodeUnavailable)
	if e := social.AsError(err); e != nil && !e.Restart {
		t.Errorf("got %v, want it to ask to prepare again", err)
	}
}

func (w *realWorld) settings(t *testing.T) {
	w.publish(t, w.target(t), social.Item{Text: "Everything", Settings: json.RawMessage(
		`{"langs":["en","pt-BR","zh-Hant"],"labels":["porn","sexual","nudity","graphic-media","!no-unauthenticated"],"tags":["a","b","c","d","e","f","g","h"]}`)})
}

func (w *realWorld) tooLong(t *testing.T) {
	family := "👩‍👩‍👧"
	target := w.target(t)
	w.publish(t, target, social.Item{Text: strings.Repeat("e\u0301", 300)})
	for _, text := range []string{strings.Repeat("x", 301), strings.Repeat(family, 170)} {
		_, err := w.p.Publish(t.Context(), w.target(t), social.Item{Text: text}, social.Cursor{})
		wantCode(t, err, social.CodeRejected)
		t.Logf("the author reads: %s", social.AsError(err).Message)
	}
}

func (w *realWorld) wrongToken(t *testing.T) {
	target := w.target(t)
	target.Credential.Access = target.Credential.Refresh // of the wrong kind
	_, err := w.p.Publish(t.Context(), target, social.Item{Text: "x"}, social.Cursor{})
	wantCode(t, err, social.CodeAuthExpired)
	target.Credential.Access = ""
	_, err = w.p.Publish(t.Context(), target, social.Item{Text: "x"}, social.Cursor{})
	wantCode(t, err, social.CodeAuthRevoked)
}

func (w *realWorld) deletion(t *testing.T) {
	target := w.target(t)
	ref := w.publish(t, target, social.Item{Text: "Soon gone", Settings: json.RawMessage(`{"replies":"nobody"}`)})
	for range 2 {
		if err := w.p.Delete(t.Context(), target, ref); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := w.p.Confirm(t.Context(), target, ref); ok || err != nil {
		t.Errorf("Confirm: got %t, %v, want false", ok, err)
	}
	if uris := w.records(t, "app.bsky.feed.threadgate"); slices.ContainsFunc(uris, func(u string) bool { return strings.HasSuffix(u, rkey(ref)) }) {
		t.Errorf("the threadgate of %s is still there", ref.ID)
	}
}

func (w *realWorld) international(t *testing.T) {
	ref := w.publish(t, w.target(t), social.Item{
		Text:     "https://de.example/Zürich https://例え.example/パス?q=ä#ö ＃タグ #🎉",
		Settings: json.RawMessage(`{"linkCard":"none"}`),
	})
	var got struct {
		Facets []json.RawMessage `json:"facets"`
	}
	if w.record(t, ref, &got); len(got.Facets) != 4 {
		t.Errorf("got %d facets, want 4", len(got.Facets))
	}
}

func (w *realWorld) refreshAndRevoke(t *testing.T) {
	target := w.target(t)
	fresh, err := w.p.Refresh(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if fresh.Refresh == target.Credential.Refresh || fresh.Access == "" || fresh.Expiry.IsZero() || fresh.Extra["pds"] != w.url {
		t.Errorf("got extra %v, expiry %s, want new tokens", fresh.Extra, fresh.Expiry)
	}
	if _, err := w.p.Refresh(t.Context(), target); err != nil {
		t.Errorf("the old refresh token within its grace: got %v, want new tokens", err)
	}
	target.Credential = fresh
	w.publish(t, target, social.Item{Text: "With the new token"})
	for range 2 {
		if err := w.p.Revoke(t.Context(), target); err != nil {
			t.Errorf("Revoke: %v", err)
		}
	}
	_, err = w.p.Refresh(t.Context(), target)
	wantCode(t, err, social.CodeAuthRevoked)
}

// xrpc makes a call outside the provider, to prepare or to judge.
func (w *realWorld) xrpc(t *testing.T, nsid, token string, in, out any) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/xrpc/"+nsid, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w.do(t, req, out)
}

func (w *realWorld) query(t *testing.T, nsid string, params url.Values, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/xrpc/"+nsid+"?"+params.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, req, out)
}

func (w *realWorld) do(t *testing.T, req *http.Request, out any) {
	t.Helper()
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d %s, %v", req.URL.Path, resp.StatusCode, raw, err)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatal(err)
	}
}

func (w *realWorld) repost(t *testing.T) {
	target := w.target(t)
	ref := w.publish(t, target, social.Item{Text: "Worth repeating", Settings: json.RawMessage(`{"linkCard":"none"}`)})
	var first social.Ref
	for i := range 2 {
		got, err := w.p.Repost(t.Context(), target, ref)
		if err != nil {
			t.Fatalf("repost %d: %v: %s", i+1, err, social.AsError(err).Evidence)
		}
		if i == 0 {
			first = got
		}
		if got.ID != first.ID || got.Extra["cid"] != first.Extra["cid"] {
			t.Errorf("got %+v for a repeated repost, want %+v", got, first)
		}
	}
	if all := w.records(t, "app.bsky.feed.repost"); !slices.Equal(all, []string{first.ID}) {
		t.Errorf("got reposts %q, want the one %q", all, first.ID)
	}
}

func (w *realWorld) resolve(t *testing.T) {
	target := w.target(t)
	ref := w.publish(t, target, social.Item{Text: "To be found", Settings: json.RawMessage(`{"linkCard":"none"}`)})
	for name, from := range map[string]social.Ref{"whole": ref, "address": {ID: ref.ID}, "link": {ID: ref.URL, URL: ref.URL}} {
		got, err := w.p.Resolve(t.Context(), target, from)
		if err != nil || got.ID != ref.ID || got.URL != ref.URL || got.Extra["cid"] != ref.Extra["cid"] {
			t.Errorf("%s: got %+v and %v, want %+v", name, got, err, ref)
		}
	}
	gone := social.Ref{ID: ref.ID[:len(ref.ID)-1] + "2"}
	if _, err := w.p.Resolve(t.Context(), target, gone); social.CodeOf(err) != social.CodeRejected {
		t.Errorf("got %v for a post that is not there, want rejected", err)
	}
}

// metrics has no application to ask on a network of its own.
func (w *realWorld) metrics(t *testing.T) {
	target := w.target(t)
	ref := w.publish(t, target, social.Item{Text: "To be counted", Settings: json.RawMessage(`{"linkCard":"none"}`)})
	if got, err := w.p.Metrics(t.Context(), target, ref); social.CodeOf(err) != social.CodeUnavailable {
		t.Errorf("got %v and %v, want unavailable", got, err)
	}
}

func (w *realWorld) record(t *testing.T, ref social.Ref, value any) {
	t.Helper()
	out := struct {
		Value any `json:"value"`
	}{value}
	w.query(t, "com.atproto.repo.getRecord", url.Values{
		"repo": {w.conn.Account}, "collection": {"app.bsky.feed.post"}, "rkey": {rkey(ref)},
	}, &out)
}

func (w *realWorld) records(t *testing.T, collection string) []string {
	t.Helper()
	var out struct {
		Records []struct {
			URI string `json:"uri"`
		} `json:"records"`
	}
	w.query(t, "com.atproto.repo.listRecords", url.Values{
		"repo": {w.conn.Account}, "collection": {collection}, "limit": {"100"},
	}, &out)
	var uris []string
	for _, r := range out.Records {
		uris = append(uris, r.URI)
	}
	return uris
}

func rkey(ref social.Ref) string { return ref.ID[strings.LastIndex(ref.ID, "/")+1:] }

func wantCode(t *testing.T, err error, want social.Code) {
	t.Helper()
	e, ok := errors.AsType[*social.Error](err)
	if !ok || e.Code != want {
		t.Errorf("got %v, want code %s", err, want)
	}
}

// losing lets the first n calls of a method through and loses their answers.
func losing(nsid string, n int) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && strings.HasSuffix(r.URL.Path, nsid) && n > 0 {
			n--
			_ = resp.Body.Close()
			return nil, errors.New("the connection broke")
		}
		return resp, err
	})
}

// refusingAfter fails calls of a method after the first n.
func refusingAfter(nsid string, n int) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, nsid) {
			if n == 0 {
				return nil, errors.New("the network is gone")
			}
			n--
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

// content is a file in memory.
type content []byte

func (c content) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(c)), nil
}

func (c content) PublicURL(context.Context) (string, error) {
	return "", social.Errorf(social.CodeUnsupported, "There is none.")
}

func picture(t *testing.T) content {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 8, 4))
	for i := range 8 {
		img.Set(i, i%4, color.RGBA{R: uint8(i * 30), G: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
