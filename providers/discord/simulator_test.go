package discord_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/discord"
	"github.com/crierhq/crier/testkit/simulator"
	standin "github.com/crierhq/crier/testkit/simulator/discord"
)

// world is Ann's server, to which she added the bot.
type world struct {
	*discord.Provider
	sim    *simulator.Sim
	now    time.Time
	server social.Connection
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	now := func() time.Time { return w.now }
	var err error
	w.sim, err = simulator.New(simulator.Config{StandIns: []simulator.StandIn{standin.New()}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	w.Provider, err = discord.New(
		discord.Config{ClientID: "simulator", ClientSecret: "simulator-secret", BotToken: "simulator-secret"},
		social.Deps{HTTP: &http.Client{Transport: w.sim.Transport()}, Now: now},
	)
	if err != nil {
		t.Fatal(err)
	}
	w.server = w.connect(t, "ann")
	return w
}

// connect adds the bot to the server of somebody.
func (w *world) connect(t *testing.T, who string) social.Connection {
	t.Helper()
	to, err := w.BeginConnect(t.Context(), social.ConnectRequest{Callback: "https://crier.example/cb", State: "s"})
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.sim.Approve(t.Context(), to.URL, who)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := w.FinishConnect(t.Context(), social.Callback{Callback: "https://crier.example/cb", Query: map[string]string{"code": at.Query().Get("code")}})
	if err != nil {
		t.Fatal(err)
	}
	choices, err := w.Choices(t.Context(), signedIn)
	if err != nil || len(choices) != 1 {
		t.Fatalf("got %+v, %v; want the one server of %s", choices, err, who)
	}
	return choices[0]
}

// target is Ann's server, for the item with a key.
func (w *world) target(key string) social.Target {
	return social.Target{Account: w.server.Account, Traits: w.server.Traits, Key: key, FirstTry: w.now}
}

// item is a message for a channel of the server, whose number ends so.
func (w *world) item(text, channel, answers string, parent *social.Ref) social.Item {
	set, _ := json.Marshal(map[string]string{"channel": w.server.Account + channel, "answers": answers}) // Texts can always be written.
	return social.Item{Text: text, Settings: set, Root: parent, Parent: parent}
}

func (w *world) publish(t *testing.T, key string, it social.Item) social.Ref {
	t.Helper()
	out, err := w.Publish(t.Context(), w.target(key), it, social.Cursor{})
	if err != nil || out.Ref == nil {
		t.Fatalf("got %+v, %v; want it published", out, err)
	}
	return *out.Ref
}

// TestTheSameKeyIsTheSameMessage sends again what was sent, as the engine does
// after a lost answer.
func TestTheSameKeyIsTheSameMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	it := w.item("Once.", "01", "", nil)
	one := w.publish(t, "a", it)
	w.now = w.now.Add(time.Minute)
	if again := w.publish(t, "a", it); again.ID != one.ID {
		t.Errorf("got the message %s, want %s again", again.ID, one.ID)
	}
	if other := w.publish(t, "b", it); other.ID == one.ID {
		t.Errorf("got the message %s for another key too", one.ID)
	}
	if n := len(w.sim.Timeline("discord", "")); n != 2 {
		t.Errorf("got %d messages out there, want 2", n)
	}
}

// TestAnswersInAThread opens one thread for all that follows a message.
func TestAnswersInAThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.publish(t, "1", w.item("One.", "01", "thread", nil))
	second := w.publish(t, "2", w.item("Two.", "01", "thread", &first))
	third := w.publish(t, "3", w.item("Three.", "01", "thread", &second))
	again := w.publish(t, "4", w.item("A comment on the first.", "01", "thread", &first))
	for name, ref := range map[string]social.Ref{"second": second, "third": third, "comment": again} {
		if got := ref.Extra["channel"]; got != first.ID {
			t.Errorf("got the %s in %s, want it in the thread %s", name, got, first.ID)
		}
	}
	m, err := w.Metrics(t.Context(), w.target(""), first)
	if err != nil || m[social.MetricReplies] != 3 {
		t.Errorf("got %v, %v; want 3 replies", m, err)
	}
}

// TestForum publishes a post with an answer, finds it and takes it away.
func TestForum(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	it := w.item("All about boats\n\nThey float.", "03", "", nil)
	if _, err := w.Find(t.Context(), w.target("1"), it); social.CodeOf(err) != social.CodeUnavailable {
		t.Errorf("got %v, want that it is not seen yet", err)
	}
	post := w.publish(t, "1", it)
	w.publish(t, "2", w.item("And sink.", "03", "", &post))
	found, err := w.Find(t.Context(), w.target("1"), it)
	if err != nil || found == nil || found.ID != post.ID {
		t.Errorf("got %+v, %v; want %s", found, err, post.ID)
	}
	if got := w.sim.Timeline("discord", "")[0].Extra["title"]; got != "All about boats" {
		t.Errorf("got the title %q", got)
	}
	for range 2 {
		if err := w.Delete(t.Context(), w.target(""), post); err != nil {
			t.Fatal(err)
		}
	}
	if there, err := w.Confirm(t.Context(), w.target(""), post); err != nil || there {
		t.Errorf("got %t, %v; want it gone", there, err)
	}
}

// TestOtherPeoplesServers is about one bot in the servers of many people.
func TestOtherPeoplesServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bobs := w.connect(t, "bob")
	it := w.item("Not yours.", "01", "", nil)
	it.Settings = json.RawMessage(`{"channel":"` + bobs.Account + `01"}`)
	_, err := w.Publish(t.Context(), w.target("1"), it, social.Cursor{})
	if err == nil || !strings.Contains(err.Error(), "not one of this server") || len(w.sim.Timeline("discord", "")) != 0 {
		t.Errorf("got %v, want that it is not one of this server", err)
	}
}
