package reddit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/reddit"
	"github.com/crierhq/crier/testkit/simulator"
	standin "github.com/crierhq/crier/testkit/simulator/reddit"
)

// scene is the provider and a Reddit to talk to, with a time of their own.
type scene struct {
	t        *testing.T
	now      time.Time
	sim      *simulator.Sim
	provider *reddit.Provider
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	var err error
	if s.sim, err = simulator.New(simulator.Config{StandIns: []simulator.StandIn{standin.New()}, Now: clock}); err != nil {
		t.Fatal(err)
	}
	s.provider, err = reddit.New(reddit.Config{ClientID: "simulator", ClientSecret: "simulator-secret"},
		social.Deps{HTTP: &http.Client{Transport: s.sim.Transport()}, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// connect signs somebody in.
func (s *scene) connect(who string) social.Target {
	s.t.Helper()
	const callback = "https://crier.example/integrations/callback/reddit"
	to, err := s.provider.BeginConnect(s.t.Context(), social.ConnectRequest{Callback: callback, State: "st"})
	if err != nil {
		s.t.Fatal(err)
	}
	back, err := s.sim.Approve(s.t.Context(), to.URL, who)
	if err != nil {
		s.t.Fatal(err)
	}
	at, err := url.Parse(back)
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := s.provider.FinishConnect(s.t.Context(), social.Callback{Callback: callback, Query: map[string]string{"code": at.Query().Get("code")}})
	if err != nil {
		s.t.Fatal(err)
	}
	return social.Target{Account: got.Account, Traits: got.Traits, Credential: got.Credential}
}

// publish does what the engine does.
func (s *scene) publish(t social.Target, it social.Item) (*social.Ref, error) {
	s.t.Helper()
	t.Key, t.FirstTry = "k", s.now
	at, err := s.provider.Prepare(s.t.Context(), t, it)
	if err != nil {
		return nil, err
	}
	out, err := s.provider.Publish(s.t.Context(), t, it, at)
	for range 20 {
		if err != nil || out.Ref != nil {
			return out.Ref, err
		}
		s.now = s.now.Add(out.Cursor.After)
		out, err = s.provider.Check(s.t.Context(), t, *out.Cursor)
	}
	s.t.Fatal("Reddit does not come to an end")
	return nil, nil
}

type source []byte

func (b source) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (source) PublicURL(context.Context) (string, error) {
	return "", social.Errorf(social.CodeUnsupported, "It has no address.")
}

func media(kind domain.MediaKind, mime string, n byte) social.Media {
	raw := bytes.Repeat([]byte{n}, 5000)
	return social.Media{Kind: kind, MIME: mime, Bytes: int64(len(raw)), Name: "file", Width: 64, Height: 64, Source: source(raw)}
}

func TestEveryKindOfPost(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ann := s.connect("ann")
	picture := media(domain.MediaImage, "image/png", 1)
	first, err := s.publish(ann, social.Item{Text: "One.", Settings: settings(t, reddit.Settings{Subreddit: "boats", Title: "One"})})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		media []social.Media
		set   reddit.Settings
		kind  string
	}{
		"profile":           {nil, reddit.Settings{Subreddit: "u_ann"}, "self"},
		"flair":             {nil, reddit.Settings{Subreddit: "recipes", Flair: "f-soup"}, "self"},
		"link":              {nil, reddit.Settings{Subreddit: "boats", Link: "https://crier.example/"}, "link"},
		"poll":              {nil, reddit.Settings{Subreddit: "boats", Poll: &reddit.Poll{Options: []string{"a", "b"}}}, "poll"},
		"cross-post":        {nil, reddit.Settings{Subreddit: "boats", Crosspost: first.URL}, "crosspost"},
		"picture":           {[]social.Media{picture}, reddit.Settings{Subreddit: "boats"}, "image"},
		"gallery":           {[]social.Media{picture, media(domain.MediaImage, "image/gif", 2)}, reddit.Settings{Subreddit: "boats"}, "gallery"},
		"video":             {[]social.Media{media(domain.MediaVideo, "video/mp4", 3)}, reddit.Settings{Subreddit: "boats"}, "video"},
		"video and picture": {[]social.Media{picture, media(domain.MediaVideo, "video/mp4", 4)}, reddit.Settings{Subreddit: "boats"}, "video"},
		"video as GIF":      {[]social.Media{media(domain.MediaVideo, "video/quicktime", 5)}, reddit.Settings{Subreddit: "boats", GIF: true}, "videogif"},
	} {
		c.set.Title = "This is " + name
		it := social.Item{Text: "About " + name + ".", Media: c.media, Settings: settings(t, c.set)}
		if problems := s.provider.Validate(it, ann.Traits); len(problems) > 0 {
			t.Errorf("%s: got %v, want no problems", name, problems)
		}
		ref, err := s.publish(ann, it)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out := s.sim.Timeline("reddit", "ann")
		p := out[len(out)-1]
		if p.ID != ref.ID || p.URL != ref.URL || p.Extra["kind"] != c.kind || p.Extra["title"] != c.set.Title || !strings.Contains(p.Text, "About") {
			t.Errorf("%s: got %+v for %+v, want it of kind %s", name, p, ref, c.kind)
		}
		if there, err := s.provider.Confirm(t.Context(), ann, *ref); err != nil || !there {
			t.Errorf("%s: got %t, %v; want it to be there", name, there, err)
		}
	}
}

func settings(t *testing.T, set reddit.Settings) []byte {
	t.Helper()
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestWhatCommunitiesRefuse(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ann, carl := s.connect("ann"), s.connect("carl")
	link := reddit.Settings{Subreddit: "boats", Title: "A link", Link: "https://crier.example/"}
	for _, c := range []struct {
		name string
		who  social.Target
		set  reddit.Settings
		want social.Code
	}{
		{"no such community", ann, reddit.Settings{Subreddit: "nowhere", Title: "x"}, social.CodeRejected},
		{"closed", ann, reddit.Settings{Subreddit: "club", Title: "x"}, social.CodeRejected},
		{"no flair", ann, reddit.Settings{Subreddit: "recipes", Title: "x"}, social.CodeRejected},
		{"another's flair", ann, reddit.Settings{Subreddit: "recipes", Title: "x", Flair: "f-sail"}, social.CodeRejected},
		{"another's profile", ann, reddit.Settings{Subreddit: "u_bob", Title: "x"}, social.CodeRejected},
		{"a link", ann, link, ""},
		{"the link again", ann, link, social.CodeDuplicate},
		{"a first post", carl, reddit.Settings{Subreddit: "boats", Title: "x"}, ""},
		{"too soon", carl, reddit.Settings{Subreddit: "boats", Title: "y"}, social.CodeRateLimited},
	} {
		_, err := s.publish(c.who, social.Item{Text: "Words.", Settings: settings(t, c.set)})
		if got := social.CodeOf(err); got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.want)
		}
		if c.want == social.CodeRateLimited && social.AsError(err).RetryAfter < 10*time.Minute {
			t.Errorf("%s: got %s, want what Carl has to wait", c.name, social.AsError(err).RetryAfter)
		}
	}
	link.Resubmit = true
	if _, err := s.publish(ann, social.Item{Text: "Words.", Settings: settings(t, link)}); err != nil {
		t.Errorf("got %v, want the link to be posted again", err)
	}
}

func TestFlairsAreThoseOfTheCommunity(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ann := s.connect("ann")
	for community, want := range map[string][]social.Option{
		"boats": {{Value: "f-sail", Label: "Sailing"}}, "recipes": {{Value: "f-soup", Label: "Soup"}}, "club": nil,
	} {
		got, err := s.provider.Options(t.Context(), ann, social.OptionQuery{Field: "flair", Settings: settings(t, reddit.Settings{Subreddit: community, Title: "x"})})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", community, got, err, want)
		}
	}
}

func TestAPictureWhoseAnswerIsLostIsFound(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ann := s.connect("ann")
	ann.Key, ann.FirstTry = "k", s.now
	it := social.Item{
		Text: "The *sea*.", Media: []social.Media{media(domain.MediaImage, "image/png", 1)},
		Settings: settings(t, reddit.Settings{Subreddit: "boats", Title: "Waves"}),
	}
	at, err := s.provider.Prepare(t.Context(), ann, it)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sim.Trouble(simulator.Trouble{Platform: "reddit", Do: simulator.DropAfter, Publishing: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.provider.Publish(t.Context(), ann, it, at); social.CodeOf(err) != social.CodeOutcomeUnknown {
		t.Fatalf("got %v, want it to be unknown", err)
	}
	if ref, err := s.provider.Find(t.Context(), ann, it); ref != nil || err != nil {
		t.Errorf("got %v, %v; want nothing while Reddit works on it", ref, err)
	}
	s.now = s.now.Add(time.Minute)
	ref, err := s.provider.Find(t.Context(), ann, it)
	if err != nil || ref == nil {
		t.Fatalf("got %v, %v; want the post", ref, err)
	}
	if out := s.sim.Timeline("reddit", "ann"); len(out) != 1 || out[0].ID != ref.ID || out[0].URL != ref.URL {
		t.Errorf("got %+v, want the one among %+v", *ref, out)
	}
}
