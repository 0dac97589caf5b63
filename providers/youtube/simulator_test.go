package youtube_test

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
	"github.com/crierhq/crier/providers/youtube"
	"github.com/crierhq/crier/testkit/simulator"
	"github.com/crierhq/crier/testkit/simulator/google"
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

func (f file) sum() string {
	sum := sha256.Sum256(f)
	return hex.EncodeToString(sum[:])
}

// channel connects Ann's channel on a YouTube of its own.
func channel(t *testing.T) (*simulator.Sim, *youtube.Provider, social.Target) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC) }
	sim, err := simulator.New(simulator.Config{StandIns: []simulator.StandIn{google.New()}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	set := google.New().Settings(func(host string) string { return "https://" + host })
	p, err := youtube.New(youtube.Config{
		ClientID: set["YOUTUBE_CLIENT_ID"], ClientSecret: set["YOUTUBE_CLIENT_SECRET"], AuthURL: set["YOUTUBE_AUTH_URL"], TokenURL: set["YOUTUBE_TOKEN_URL"],
	}, social.Deps{HTTP: &http.Client{Transport: sim.Transport()}, Now: now, NewID: func() string { return "an-id" }})
	if err != nil {
		t.Fatal(err)
	}
	to, err := p.BeginConnect(t.Context(), social.ConnectRequest{Callback: "https://crier.example/cb", State: "state"})
	if err != nil {
		t.Fatal(err)
	}
	back, err := sim.Approve(t.Context(), to.URL, "ann")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := p.FinishConnect(t.Context(), social.Callback{
		Callback: "https://crier.example/cb", Keep: to.Keep, Query: map[string]string{"code": u.Query().Get("code")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sim, p, social.Target{Account: conn.Account, Credential: conn.Credential, Key: "key", FirstTry: now()}
}

func film(bytes file, more ...social.Media) social.Item {
	return social.Item{
		Text: "Red.", Settings: []byte(`{"title":"A boat","privacy":"public","playlist":"PLann1"}`),
		Media: append([]social.Media{{Kind: domain.MediaVideo, MIME: "video/mp4", Bytes: int64(len(bytes)), Source: bytes}}, more...),
	}
}

func TestUploadGoesOnAfterTrouble(t *testing.T) {
	t.Parallel()
	const put = "www.googleapis.com/upload/youtube/v3/videos"
	for name, troubles := range map[string][]simulator.Trouble{
		"nothing happens":                    nil,
		"the answer to a part is lost":       {{Do: simulator.DropAfter, Method: "PUT", Path: put}},
		"a part is not heard":                {{Do: simulator.DropBefore, Method: "PUT", Path: put, Skip: 1}},
		"YouTube is down for a part":         {{Do: simulator.Refuse, Kind: simulator.Unavailable, Method: "PUT", Path: put, Skip: 1}},
		"a part breaks off, and another":     {{Do: simulator.DropAfter, Method: "PUT", Path: put}, {Do: simulator.DropBefore, Method: "PUT", Path: put, Skip: 1}},
		"the same part breaks off two times": {{Do: simulator.DropBefore, Method: "PUT", Path: put}, {Do: simulator.DropBefore, Method: "PUT", Path: put, Skip: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, p, to := channel(t)
			for _, trouble := range troubles {
				if err := sim.Trouble(trouble); err != nil {
					t.Fatal(err)
				}
			}
			video, picture := bytesOf(17<<20+3), bytesOf(1000)
			it := film(video, social.Media{Kind: domain.MediaImage, MIME: "image/png", Bytes: 1000, Source: picture})
			at, err := p.Prepare(t.Context(), to, it)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(sim.Timeline("youtube", "ann")); n != 0 {
				t.Fatalf("got %d videos before the last part", n)
			}
			out, err := p.Publish(t.Context(), to, it, at)
			if err != nil {
				t.Fatal(err)
			}
			posts := sim.Timeline("youtube", "ann")
			if len(posts) != 1 || posts[0].ID != out.Ref.ID || len(posts[0].Media) != 2 || posts[0].Extra["playlist"] != "PLann1" {
				t.Fatalf("got %+v, want one video with a thumbnail in the playlist", posts)
			}
			if got, want := posts[0].Media[0].SHA256, video.sum(); got != want {
				t.Errorf("got a video with the sum %s, want %s", got, want)
			}
			if got, want := posts[0].Media[1].SHA256, picture.sum(); got != want {
				t.Errorf("got a thumbnail with the sum %s, want %s", got, want)
			}
		})
	}
}

func TestUploadTellsWhatBecameOfALostAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trouble simulator.Act
		there   bool
	}{
		"the video is there": {simulator.DropAfter, true},
		"the video is not":   {simulator.DropBefore, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, p, to := channel(t)
			it := film(bytesOf(9 << 20))
			at, err := p.Prepare(t.Context(), to, it)
			if err != nil {
				t.Fatal(err)
			}
			if err := sim.Trouble(simulator.Trouble{Do: c.trouble, Method: "PUT"}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Publish(t.Context(), to, it, at); social.CodeOf(err) != social.CodeOutcomeUnknown {
				t.Fatalf("got %v, want %s", err, social.CodeOutcomeUnknown)
			}
			out, err := p.Check(t.Context(), to, at)
			if err != nil || (out.Ref != nil) != c.there {
				t.Fatalf("got %+v, %v; want a video: %t", out, err, c.there)
			}
			if c.there {
				return
			}
			if out, err = p.Publish(t.Context(), to, it, *out.Cursor); err != nil || out.Ref == nil {
				t.Fatalf("got %+v, %v; want the video", out, err)
			}
			if n := len(sim.Timeline("youtube", "ann")); n != 1 {
				t.Errorf("got %d videos, want 1", n)
			}
		})
	}
}
