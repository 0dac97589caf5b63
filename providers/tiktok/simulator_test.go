package tiktok_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/tiktok"
	"github.com/crierhq/crier/testkit/simulator"
	standin "github.com/crierhq/crier/testkit/simulator/tiktok"
)

// file is a source of many bytes, of which no two parts are equal.
type file []byte

func bytesOf(n int) file {
	out := make(file, n)
	for i := range out {
		out[i] = byte(i>>16 ^ i*7)
	}
	return out
}

func (f file) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewBuffer(f)), nil // It cannot be wound.
}

func (file) PublicURL(context.Context) (string, error) { return "", errors.ErrUnsupported }

// scene is Ann's account on a TikTok of its own.
type scene struct {
	*tiktok.Provider
	t   *testing.T
	sim *simulator.Sim
	now time.Time
	to  social.Target
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, now: time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.now }
	var err error
	if s.sim, err = simulator.New(simulator.Config{StandIns: []simulator.StandIn{standin.New()}, Now: now}); err != nil {
		t.Fatal(err)
	}
	cfg := tiktok.Config{ClientID: "simulator", ClientSecret: "simulator-secret"}
	if s.Provider, err = tiktok.New(cfg, social.Deps{HTTP: &http.Client{Transport: s.sim.Transport()}, Now: now}); err != nil {
		t.Fatal(err)
	}
	to, err := s.BeginConnect(t.Context(), social.ConnectRequest{Callback: "https://crier.example/cb", State: "state"})
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.sim.Approve(t.Context(), to.URL, "ann")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.FinishConnect(t.Context(), social.Callback{Callback: "https://crier.example/cb", Query: map[string]string{"code": u.Query().Get("code")}})
	if err != nil {
		t.Fatal(err)
	}
	s.to = social.Target{Account: conn.Account, Traits: conn.Traits, Credential: conn.Credential, Key: "key", FirstTry: s.now}
	return s
}

func film(n int, settings string) social.Item {
	return social.Item{Text: "Red.", Settings: []byte(settings), Media: []social.Media{{
		Kind: domain.MediaVideo, MIME: "video/mp4", Bytes: int64(n), Source: bytesOf(n),
	}}}
}

const direct = `{"privacy":"PUBLIC_TO_EVERYONE","musicUsageConfirmed":true}`

func (s *scene) prepare(it social.Item) social.Cursor {
	s.t.Helper()
	at, err := s.Prepare(s.t.Context(), s.to, it)
	if err != nil || at.Next != social.StepPublish {
		s.t.Fatalf("got %q, %v; want to publish next", at.Next, err)
	}
	return at
}

// outcome asks until there is one.
func (s *scene) outcome(at social.Cursor) social.Ref {
	s.t.Helper()
	for range 10 {
		out, err := s.Check(s.t.Context(), s.to, at)
		if err != nil {
			s.t.Fatal(err)
		}
		if out.Ref != nil {
			return *out.Ref
		}
		at = *out.Cursor
		s.now = s.now.Add(at.After)
	}
	s.t.Fatal("TikTok still works on it")
	return social.Ref{}
}

// once holds what is out to what should be.
func (s *scene) once(it social.Item, ref social.Ref) simulator.Post {
	s.t.Helper()
	out := s.sim.Timeline("tiktok", "ann")
	if len(out) != 1 {
		s.t.Fatalf("got %d posts, want 1", len(out))
	}
	sum := sha256.Sum256(it.Media[0].Source.(file))
	if p := out[0]; p.ID != ref.ID || p.URL != ref.URL || p.Media[0].SHA256 != hex.EncodeToString(sum[:]) {
		s.t.Errorf("out is %s at %s, want %s at %s with the same bytes", p.ID, p.URL, ref.ID, ref.URL)
	}
	return out[0]
}

func TestPublishOnce(t *testing.T) {
	t.Parallel()
	const put = "open-upload.tiktokapis.com/video/"
	// A video of this size has two parts, and goes up in one call for each.
	const size = 25 << 20
	for name, trouble := range map[string]*simulator.Trouble{
		"nothing happens":                   nil,
		"the answer to the end is lost":     {Do: simulator.DropAfter, Method: "PUT", Path: put},
		"the end is not heard":              {Do: simulator.DropBefore, Method: "PUT", Path: put},
		"TikTok is down for the end":        {Do: simulator.Refuse, Kind: simulator.Unavailable, Method: "PUT", Path: put},
		"TikTok wants no more calls for it": {Do: simulator.Refuse, Kind: simulator.RateLimited, Method: "PUT", Path: put},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			it := film(size, direct)
			at := s.prepare(it)
			if trouble != nil {
				if err := s.sim.Trouble(*trouble); err != nil {
					t.Fatal(err)
				}
			}
			out, err := s.Publish(t.Context(), s.to, it, at)
			if (err != nil) != (trouble != nil) {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				s.once(it, s.outcome(*out.Cursor))
				return
			}
			if len(s.sim.Timeline("tiktok", "ann")) == 0 { // Somebody who looked there tries it again.
				if social.AsError(err).Restart {
					at = s.prepare(it)
				}
				if _, err := s.Publish(t.Context(), s.to, it, at); err != nil {
					t.Fatal(err)
				}
			}
			s.once(it, s.outcome(at))
			if _, err := s.Publish(t.Context(), s.to, it, at); err != nil {
				t.Errorf("the same upload once more: got %v, want what it became", err)
			}
			s.once(it, s.outcome(at))
		})
	}
}

func TestAddressOfUploadEnds(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	it := film(1000, direct)
	at := s.prepare(it)
	s.now = s.now.Add(2 * time.Hour)
	_, err := s.Publish(t.Context(), s.to, it, at)
	if e := social.AsError(err); e == nil || e.Code != social.CodeUnavailable || !e.Restart {
		t.Fatalf("got %v, want a new start", err)
	}
	out, err := s.Publish(t.Context(), s.to, it, s.prepare(it))
	if err != nil {
		t.Fatal(err)
	}
	s.once(it, s.outcome(*out.Cursor))
}

func TestPostsWithoutNumber(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"inbox":   `{"mode":"inbox"}`,
		"friends": `{"privacy":"MUTUAL_FOLLOW_FRIENDS","musicUsageConfirmed":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			it := film(1000, settings)
			out, err := s.Publish(t.Context(), s.to, it, s.prepare(it))
			if err != nil {
				t.Fatal(err)
			}
			ref := s.outcome(*out.Cursor)
			p := s.once(it, ref)
			if (p.State == "inbox") != (name == "inbox") || (p.Text == "") != (name == "inbox") {
				t.Errorf("got %q in the state %q", p.Text, p.State)
			}
			if got, err := s.Metrics(t.Context(), s.to, ref); err != nil || len(got) > 0 {
				t.Errorf("got %v, %v; want no numbers and no error", got, err)
			}
		})
	}
}
