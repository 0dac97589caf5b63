package bluesky_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/bluesky"
	"github.com/crierhq/crier/testkit/httpscript"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return bluesky.New(bluesky.Config{}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

// TestVideoDirect runs the cases of an installation without a video service.
func TestVideoDirect(t *testing.T) {
	t.Parallel()
	h := providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return bluesky.New(bluesky.Config{VideoDirect: true}, d)
		},
		Cases:  os.DirFS("testdata/direct"),
		Golden: "testdata/settings.schema.json",
	}
	for _, f := range providertest.Findings(t.Context(), h) {
		if f.Check == "cases" || f.Check == "harness" {
			t.Error(f)
		}
	}
}

func TestNewTellsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := bluesky.New(bluesky.Config{Service: "http://pds.example", VideoService: "https://v.example/path"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want four problems")
	}
	for _, want := range []string{"Service must be", "VideoService must be", "Deps.HTTP", "Deps.Now"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to name %q", err, want)
		}
	}
}

// TestPrepareAgain holds every failure that leaves the cursor worthless to
// saying so: with the old cursor, a retry could never succeed.
func TestPrepareAgain(t *testing.T) {
	t.Parallel()
	picture := social.Item{Text: "x", Media: []social.Media{{Kind: "image", MIME: "image/png"}}}
	uploaded := social.Cursor{Next: social.StepPublish, State: []byte(`{"blobs":[{"c":"bafy","m":"image/png","s":1}]}`)}
	encoding := social.Cursor{Next: social.StepCheck, State: []byte(`{"job":"job-1"}`)}
	for name, tc := range map[string]struct {
		at     social.Cursor
		answer string
		check  bool
	}{
		"blob dropped":          {at: uploaded, answer: `{"error":"BlobNotFound","message":"Could not find blob: bafy"}`},
		"nothing uploaded":      {},
		"cursor of a past time": {at: social.Cursor{Next: social.StepPublish, State: []byte(`[]`)}},
		"encoding forgotten":    {at: encoding, answer: `{"error":"InvalidRequest","message":"Job not found"}`, check: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := provider(t, answering(http.StatusBadRequest, tc.answer))
			var err error
			if tc.check {
				_, err = p.Check(t.Context(), social.Target{Account: "did:plc:ann"}, tc.at)
			} else {
				_, err = p.Publish(t.Context(), social.Target{Account: "did:plc:ann"}, picture, tc.at)
			}
			e, ok := errors.AsType[*social.Error](err)
			if !ok || e.Code != social.CodeUnavailable || !e.Restart {
				t.Errorf("got %v, want %s with Restart", err, social.CodeUnavailable)
			}
		})
	}
}

// TestRepeatedPublishIsEqual holds a repeated call to the promise behind
// Descriptor.Dedupe: the same request to the byte.
func TestRepeatedPublishIsEqual(t *testing.T) {
	t.Parallel()
	const n = 3
	var script []httpscript.Exchange
	for range n {
		script = append(script, httpscript.Exchange{
			Request:  httpscript.Request{Method: http.MethodPost, URL: "https://bsky.social/xrpc/com.atproto.repo.putRecord", Body: []byte(`"*"`)},
			Response: httpscript.Response{Body: []byte(`{"uri":"at://did:plc:ann/app.bsky.feed.post/k","cid":"c"}`)},
		})
	}
	net := httpscript.New(script)
	p := provider(t, net)
	target := social.Target{Account: "did:plc:ann", Key: "k", FirstTry: providertest.Now()}
	it := social.Item{Text: "#a @b.example https://c.example", Settings: []byte(`{"langs":["en"],"labels":["porn"]}`)}
	for range n {
		if _, err := p.Publish(t.Context(), target, it, social.Cursor{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range net.Sent()[1:] {
		if string(s.Body) != string(net.Sent()[0].Body) {
			t.Errorf("got %s, want it equal to the first, %s", s.Body, net.Sent()[0].Body)
		}
	}
}

// TestUploadStreams holds an upload to reading a file as it is sent, not into
// memory.
func TestUploadStreams(t *testing.T) {
	t.Parallel()
	src := &endless{size: 64 << 20}
	var seen int64
	p := provider(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		buf := make([]byte, 4096)
		if _, err := io.ReadFull(r.Body, buf); err != nil {
			return nil, err
		}
		seen = src.read
		return nil, errors.New("enough")
	}))
	_, err := p.Prepare(t.Context(), social.Target{Account: "did:plc:ann"},
		social.Item{Media: []social.Media{{Kind: "image", MIME: "image/png", Bytes: src.size, Source: src}}})
	if e := social.AsError(err); e == nil || e.Code != social.CodeUnavailable {
		t.Errorf("got %v, want %s", err, social.CodeUnavailable)
	}
	if seen == 0 || seen > 1<<20 {
		t.Errorf("got %d bytes read for the first 4096 sent, want few", seen)
	}
}

// endless is a file of size bytes that counts what is read of it.
type endless struct{ size, read int64 }

func (e *endless) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(e, e.size)), nil
}

func (e *endless) PublicURL(context.Context) (string, error) {
	return "", social.Errorf(social.CodeUnsupported, "There is none.")
}

func (e *endless) Read(b []byte) (int, error) {
	e.read += int64(len(b))
	return len(b), nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answering(status int, body string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
}

func provider(t *testing.T, net http.RoundTripper) *bluesky.Provider {
	t.Helper()
	p, err := bluesky.New(bluesky.Config{}, social.Deps{HTTP: &http.Client{Transport: net}, Now: providertest.Now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
