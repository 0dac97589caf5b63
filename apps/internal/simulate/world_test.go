package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/all"
	"github.com/crierhq/crier/testkit/enginetest"
	"github.com/crierhq/crier/testkit/simulator"
	standins "github.com/crierhq/crier/testkit/simulator/all"
)

const files = "https://crier.example/media/"

// scene is a simulator and the time that everybody in it goes by.
type scene struct {
	*simulator.Sim
	now func() time.Time
	// open gives the bytes that are behind an address of an engine.
	open map[string]func(context.Context) (io.ReadCloser, error)
}

// newScene makes a simulator on the clock that now points to by then.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{now: func() time.Time { return enginetest.Start }, open: map[string]func(context.Context) (io.ReadCloser, error){}}
	var err error
	s.Sim, err = simulator.New(simulator.Config{
		StandIns: standins.StandIns(), Now: func() time.Time { return s.now() }, Quick: true, Fetch: &http.Client{Transport: s},
		Watch: judged(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// RoundTrip implements http.RoundTripper: it is how platforms fetch files.
func (s *scene) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: http.StatusNotFound, Status: "404 Not Found", Header: http.Header{}, Body: http.NoBody, Request: r}
	open := s.open[r.URL.String()]
	if open == nil {
		return resp, nil
	}
	body, err := open(r.Context())
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(body)
	resp.StatusCode, resp.Status = http.StatusOK, "200 OK"
	resp.Header.Set("Content-Type", http.DetectContentType(raw))
	resp.ContentLength, resp.Body = int64(len(raw)), io.NopCloser(bytes.NewReader(raw))
	return resp, err
}

// world is an engine on SQLite that offers one platform of a scene.
type world struct {
	*enginetest.Engine
	t     *testing.T
	scene *scene
	id    domain.ProviderID
	// app is where accounts are connected: id, or another app of the platform.
	app   domain.ProviderID
	facts platform
	can   channel.Platform
	said  int
}

// another is the second app of a platform.
const another = "second"

// emptyDatabase is an SQLite file with its tables. Copying it is quicker than
// making another.
func emptyDatabase(t *testing.T) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "empty.db")
	st, err := bunstore.Open(t.Context(), bunstore.Config{URL: name})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.Migrate(t.Context()), st.Close()); err != nil {
		t.Fatal(err)
	}
	empty, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return empty
}

// newWorld makes an engine of its own on a copy of empty, with two apps of the
// platform.
func newWorld(t *testing.T, s *scene, empty []byte, id domain.ProviderID) *world {
	t.Helper()
	name := filepath.Join(t.TempDir(), "crier.db")
	if err := os.WriteFile(name, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := bunstore.Open(t.Context(), bunstore.Config{URL: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	w := &world{t: t, scene: s, id: id, app: id, facts: platforms[id]}
	w.Engine = enginetest.New(t, enginetest.WithStore(st), func(c *core.Config) {
		c.Providers = apps(t, s, id, c)
		c.MediaURL = func(_ context.Context, m domain.Media) (string, error) {
			address := files + string(m.ID)
			s.open[address] = func(ctx context.Context) (io.ReadCloser, error) { return w.Blobs.Open(ctx, m.Key) }
			return address, nil
		}
		s.now = c.Now
	})
	if w.can, err = w.Channels.Catalog().Get(id); err != nil {
		t.Fatal(err)
	}
	return w
}

// apps are made as the server makes them, from settings.
func apps(t *testing.T, s *scene, id domain.ProviderID, c *core.Config) []social.Provider {
	t.Helper()
	more := all.App{Platform: id, Name: another}
	var environ []string
	for k, v := range s.Settings() {
		environ = append(environ, k+"="+v, more.Setting(k)+"="+second(v))
	}
	sealer, err := memseal.New()
	if err != nil {
		t.Fatal(err)
	}
	load := func(app all.App, into any) ([]string, error) {
		return config.LoadInto(environ, nil, into, app.Suffix())
	}
	list, missing, err := all.Build(load, func(offered domain.ProviderID) (social.Deps, bool) {
		return social.Deps{
			HTTP: &http.Client{Transport: s.Transport()}, Now: c.Now, Log: slog.New(slog.DiscardHandler),
			NewID: func() string { return core.NewID(c.Now()) }, Vault: core.NewVault(c.Store, sealer, offered),
		}, offered == id || offered == more.ID()
	}, more)
	if err != nil || len(list) != 2 {
		t.Fatalf("got %d providers, %v, missing %v; want two of %s", len(list), err, missing, id)
	}
	return list
}

// people are the accounts of the platform that sign in, in the order of the
// stand-in: Ann and Bob.
func (w *world) people() []simulator.Account {
	w.t.Helper()
	platform := string(w.id)
	if w.facts.signIn != "" {
		platform = w.facts.signIn
	}
	return slices.DeleteFunc(w.scene.Accounts(platform), func(a simulator.Account) bool { return a.Kind != w.facts.kind })
}

// connect connects an account the way a person does. Of several places it takes
// the first.
func (w *world) connect(a simulator.Account) domain.Channel {
	w.t.Helper()
	typed := w.scene.Types(string(w.id), a)
	if w.can.Can.Redirect == nil {
		ch, err := w.Channels.ConnectForm(w.t.Context(), w.Owner, w.app, typed)
		if err != nil {
			w.t.Fatalf("connect %s: %v", a.Name, err)
		}
		return ch
	}
	started, err := w.Channels.Begin(w.t.Context(), w.Owner, w.app, "https://crier.example/integrations/callback/"+string(w.app), typed)
	if err != nil {
		w.t.Fatalf("connect %s: %v", a.Name, err)
	}
	back, err := w.scene.Approve(w.t.Context(), started.URL, a.ID)
	if err != nil {
		w.t.Fatalf("approve %s: %v", a.Name, err)
	}
	return w.finish(started.State, back)
}

func (w *world) finish(state, back string) domain.Channel {
	w.t.Helper()
	at, err := url.Parse(back)
	if err != nil {
		w.t.Fatal(err)
	}
	query := map[string]string{}
	for k := range at.Query() {
		query[k] = at.Query().Get(k)
	}
	if came := query["state"]; came != "" && came != state {
		w.t.Errorf("got the state %q back, want %q", came, state)
	}
	delete(query, "state")
	done, err := w.Channels.Finish(w.t.Context(), w.app, state, query)
	if err != nil {
		w.t.Fatalf("finish: %v", err)
	}
	if done.Channel != nil {
		return *done.Channel
	}
	chosen, err := w.Channels.Choose(w.t.Context(), w.app, done.Choice.State, []string{done.Choice.Places[0].Account})
	if err != nil {
		w.t.Fatalf("choose: %v", err)
	}
	return chosen[0]
}

// input is a post to go out now.
func (w *world) input(items []domain.Item, to ...domain.Channel) core.PostInput {
	in := core.PostInput{Items: items, When: core.Now}
	for _, ch := range to {
		in.Targets = append(in.Targets, domain.Target{Channel: ch.ID, Settings: w.settings(ch.Account)})
	}
	return in
}

// settings are those that every post of an account must have.
func (w *world) settings(account string) []byte { return filled(w.facts.settings, account) }

func filled(settings, account string) []byte {
	return []byte(strings.ReplaceAll(settings, "{account}", account))
}

// create books a post to go out now.
func (w *world) create(items []domain.Item, to ...domain.Channel) core.PostView {
	w.t.Helper()
	v, err := w.Posts.Create(w.t.Context(), w.Owner, w.input(items, to...))
	if err != nil {
		w.t.Fatalf("create: %v", err)
	}
	return v
}

// say makes a text that was not said before: many platforms refuse one that was.
func (w *world) say(text string) string {
	w.said++
	return fmt.Sprintf("%s No. %d", text, w.said)
}

func atRest(ds []domain.Delivery) bool {
	return !slices.ContainsFunc(ds, func(d domain.Delivery) bool { return d.State != domain.DeliveryPublished && !d.State.NeedsAttention() })
}

// settle lets time pass until nothing of a post moves any more.
func (w *world) settle(id domain.PostID) core.PostView {
	w.t.Helper()
	return w.until(id, func(v core.PostView) bool { return atRest(v.Deliveries) })
}

// until lets time pass until a post is as it is to be.
func (w *world) until(id domain.PostID, is func(core.PostView) bool) core.PostView {
	w.t.Helper()
	for range 500 {
		_, next, err := w.Tick(w.t.Context())
		if err != nil {
			w.t.Fatalf("tick: %v", err)
		}
		v, err := w.Posts.Get(w.t.Context(), w.Owner, id)
		if err != nil {
			w.t.Fatal(err)
		}
		if is(v) {
			return v
		}
		w.Clock.Advance(max(time.Second, next.Sub(w.Clock.Now())))
	}
	w.t.Fatal("the post is still under way after 500 rounds")
	return core.PostView{}
}

// timeline is what is out of this platform.
func (w *world) timeline() []simulator.Post {
	platform := string(w.id)
	if w.facts.shows != "" {
		platform = w.facts.shows
	}
	return slices.DeleteFunc(w.scene.Timeline(platform, ""), func(p simulator.Post) bool { return p.Deleted })
}

// upload puts a file into the library.
func (w *world) upload(kind domain.MediaKind, n int) domain.Media {
	w.t.Helper()
	m, err := w.Media.Upload(w.t.Context(), w.Owner, "file", "", "What it shows", bytes.NewReader(w.file(kind, n)))
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// file makes a file that the platform takes, one of its own for each n; nil:
// there is none.
func (w *world) file(kind domain.MediaKind, n int) []byte {
	w.t.Helper()
	accepts := func(mime string) bool {
		return slices.ContainsFunc(w.can.Descriptor.Limits.Media.Types, func(t social.MediaType) bool { return t.MIME == mime })
	}
	var b bytes.Buffer
	img := image.NewRGBA(image.Rect(0, 0, 640, 640))
	img.Set(n, n, color.RGBA{R: 255, A: 255})
	switch {
	case kind == domain.MediaImage && accepts("image/png"):
		if err := png.Encode(&b, img); err != nil {
			w.t.Fatal(err)
		}
		b.Write(make([]byte, 10<<10)) // Some platforms take no photo that is smaller.
	case kind == domain.MediaImage && accepts("image/jpeg"):
		if err := jpeg.Encode(&b, img, nil); err != nil {
			w.t.Fatal(err)
		}
		b.Write([]byte{byte(n)}) // What is behind the end of a picture makes it another file.
	case kind == domain.MediaVideo && accepts("video/mp4"):
		b.WriteString("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2")
		b.Write(bytes.Repeat([]byte{byte(n)}, 100_000))
	default:
		return nil
	}
	return b.Bytes()
}

// second is a setting of the other app that every platform has.
func second(value string) string {
	if value == "simulator" || value == "simulator-secret" {
		return strings.Replace(value, "simulator", "simulator-2", 1)
	}
	return value
}
