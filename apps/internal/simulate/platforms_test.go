package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/providers/all"
	"github.com/crierhq/crier/testkit/simulator"
)

// platform is what the table must know of a platform beyond what its provider
// says of itself. The zero platform is one that needs nothing.
type platform struct {
	// settings are those that every post must have, as JSON. {account} in it is
	// the platform's own id of the account.
	settings string
	// lookUps are those that values of others are looked up with; empty: the same.
	lookUps string
	// signIn is the platform of the simulator whose people sign in; empty: its own.
	signIn string
	// kind is the kind of those accounts; empty: people.
	kind string
	// shows is the platform of the simulator whose timeline shows the posts;
	// empty: its own.
	shows string
	// flat platforms put all answers of a thread on its first post.
	flat bool
	// ahead platforms renew only tokens that are still good.
	ahead bool
	// films platforms take nothing without a video; a picture is its cover.
	films bool
	// unseen says why nothing that is out can be found after a lost answer, and
	// unseenPictures why pictures cannot.
	unseen, unseenPictures string
	// without says which scenarios it is left out of, and why.
	without map[string]string
}

// platforms has those that need something.
var platforms = map[domain.ProviderID]platform{
	// The numbers of channels begin with that of their server. The third is a forum.
	"discord":              {settings: `{"channel":"{account}01"}`, lookUps: `{"channel":"{account}03"}`},
	"facebook":             {flat: true},
	"instagram":            {flat: true, signIn: "facebook"},
	"instagram-standalone": {flat: true, ahead: true},
	"discord-webhook":      {unseen: "a webhook reads nothing but what it has the number of"},
	"linkedin":             {flat: true, unseen: "posts of members cannot be read by apps"},
	// Whoever signs in has pages, and posts are theirs.
	"linkedin-page": {flat: true, signIn: "linkedin"},
	"pinterest":     {settings: `{"board":"700001"}`},
	"reddit":        {settings: `{"subreddit":"boats","title":"A red boat"}`},
	"slack":         {flat: true, settings: `{"channel":"C0000000BOATS"}`},
	"threads":       {ahead: true},
	"telegram":      {unseen: "a bot cannot read what is in a chat"},
	"tiktok": {
		settings: `{"privacy":"PUBLIC_TO_EVERYONE","musicUsageConfirmed":true}`, unseenPictures: "the lost answer has the number to ask with",
	},
	"youtube": {
		settings: `{"title":"A film","privacy":"public"}`, flat: true, films: true,
		without: map[string]string{"image": "a picture is the thumbnail of a video", "several images": "a picture is the thumbnail of a video"},
	},
}

// scenario is something that people do.
type scenario struct {
	name string
	run  func(w *world, ann domain.Channel)
}

// scenarios are played one after the other, an hour apart.
func scenarios() []scenario {
	return []scenario{
		{"text", func(w *world, ann domain.Channel) { w.publishes(ann, w.item("Hello from Crier.")) }},
		{"image", func(w *world, ann domain.Channel) { w.publishes(ann, w.item("One picture.", domain.MediaImage)) }},
		{"several images", (*world).severalImages},
		{"video", func(w *world, ann domain.Channel) { w.publishes(ann, w.item("A film.", domain.MediaVideo)) }},
		{"thread", (*world).thread},
		{"slow processing", (*world).slow},
		{"refused", (*world).refused},
		{"too many requests", (*world).tooMany},
		{"down for a while", (*world).down},
		{"lost answer", func(w *world, ann domain.Channel) { w.lostAnswer(ann, w.first("Said once.")) }},
		{"lost answer to a video", func(w *world, ann domain.Channel) { w.lostAnswer(ann, w.item("Shown once.", domain.MediaVideo)) }},
		{"lost answer in a thread", (*world).lostInThread},
		{"lost request", (*world).lostRequest},
		{"lost request of twins", (*world).lostTwin},
		{"expired token", (*world).expired},
		{"revoked token", (*world).revoked},
		{"two accounts", (*world).twoAccounts},
		{"comment", (*world).comment},
		{"repost", (*world).repost},
		{"edit and delete", (*world).editAndDelete},
		{"numbers", (*world).numbers},
		{"numbers of the account", (*world).accountNumbers},
		{"look-ups", (*world).lookUps},
	}
}

// TestEveryPlatformThroughTheEngine has every platform of the simulator published to by
// the whole engine, and compares what is out there with what the engine says.
func TestEveryPlatformThroughTheEngine(t *testing.T) {
	t.Parallel()
	empty := emptyDatabase(t)
	for _, name := range newScene(t).Providers() {
		id := domain.ProviderID(name)
		if !slices.Contains(all.IDs(), id) {
			t.Errorf("there is a stand-in for %q, which is no provider", id)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newScene(t), empty, id)
			ann := w.connect(w.people()[0])
			for _, s := range scenarios() {
				t.Run(s.name, func(t *testing.T) {
					if why := w.facts.without[s.name]; why != "" {
						t.Skip(why)
					}
					w.in(t, func() { s.run(w, w.active(ann)) })
				})
				w.Clock.Advance(time.Hour)
			}
		})
	}
}

// TestTwoAppsSideBySide connects the same person at two apps of a platform.
func TestTwoAppsSideBySide(t *testing.T) {
	t.Parallel()
	empty := emptyDatabase(t)
	for _, name := range newScene(t).Providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newScene(t), empty, domain.ProviderID(name))
			ann := w.connect(w.people()[0])
			w.app = all.App{Platform: w.id, Name: another}.ID()
			again := w.connect(w.people()[0])
			if again.ID == ann.ID || again.Provider != w.app {
				t.Fatalf("got the channel %s of %s, want one of %s beside %s", again.ID, again.Provider, w.app, ann.ID)
			}
			for _, by := range []domain.Channel{ann, again, ann} {
				w.publishes(by, w.first("By an app of "+string(by.Provider)+"."))
				w.Clock.Advance(time.Hour)
			}
			out := w.timeline()
			if len(out) != 3 {
				t.Fatalf("got %d posts, want 3", len(out))
			}
			if out[0].App == "simulator" && (out[1].App != "simulator-2" || out[2].App != out[0].App) {
				t.Errorf("got posts by %q, %q and %q, want those of two apps", out[0].App, out[1].App, out[2].App)
			}
		})
	}
}

// in plays a scenario with the t of its own test.
func (w *world) in(t *testing.T, run func()) {
	t.Helper()
	was := w.t
	w.t = t
	defer func() {
		w.t = was
		w.scene.Calm()
	}()
	run()
}

// active connects a channel again where a scenario before ended badly.
func (w *world) active(ch domain.Channel) domain.Channel {
	w.t.Helper()
	now, err := w.Channels.Get(w.t.Context(), w.Owner, ch.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if now.State != domain.ChannelActive {
		return w.connect(w.people()[0])
	}
	return now
}

// item is a message, skipping the scenario where the platform has none like it.
func (w *world) item(text string, media ...domain.MediaKind) domain.Item {
	w.t.Helper()
	limits := w.can.Descriptor.Limits
	if len(media) == 0 && limits.Media.Required {
		w.t.Skip("the platform takes nothing without a picture or video")
	}
	it := domain.Item{Text: w.say(text)}
	for _, kind := range media {
		n := map[domain.MediaKind]int{domain.MediaImage: limits.Media.Images, domain.MediaVideo: limits.Media.Videos}[kind]
		if n < len(media) || w.file(kind, 0) == nil {
			w.t.Skipf("the platform does not take %d of %s", len(media), kind)
		}
		it.Media = append(it.Media, domain.Attachment{Media: w.upload(kind, len(it.Media)+len(text)).ID})
	}
	return it
}

// first is a message of the simplest kind that the platform has.
func (w *world) first(text string) domain.Item {
	w.t.Helper()
	switch media := w.can.Descriptor.Limits.Media; {
	case !media.Required:
		return w.item(text)
	case !w.facts.films && media.Images > 0 && w.file(domain.MediaImage, 0) != nil:
		return w.item(text, domain.MediaImage)
	default:
		return w.item(text, domain.MediaVideo)
	}
}

// publishes has items go out and looks whether they did.
func (w *world) publishes(to domain.Channel, items ...domain.Item) {
	w.t.Helper()
	before := len(w.timeline())
	v := w.settle(w.create(items, to).Post.ID)
	w.same(v, items, before)
}

// same holds what the engine says of a post of one channel to what is out since
// before.
func (w *world) same(v core.PostView, items []domain.Item, before int) {
	w.t.Helper()
	d := v.Deliveries[0]
	if d.State != domain.DeliveryPublished {
		w.t.Fatalf("got %s (%s: %s) %s, want published", d.State, d.Reason.Code, d.Reason.Message, d.Reason.Evidence)
	}
	out := w.timeline()[before:]
	if len(out) != len(items) {
		w.t.Fatalf("got %d posts out there, want %d: %+v", len(out), len(items), out)
	}
	for i, p := range out {
		ref := d.Parts[i].Ref
		if ref.ID != p.ID || ref.URL != p.URL {
			w.t.Errorf("item %d: the engine says %s %s, out is %s %s", i, ref.ID, ref.URL, p.ID, p.URL)
		}
		if !strings.Contains(p.Text, items[i].Text) {
			w.t.Errorf("item %d: out is %q, want %q", i, p.Text, items[i].Text)
		}
		above := max(0, i-1)
		if w.facts.flat {
			above = 0
		}
		if i > 0 && p.Parent != out[above].ID {
			w.t.Errorf("item %d answers %q, want %q", i, p.Parent, out[above].ID)
		}
		w.sameMedia(items[i], p)
	}
}

func (w *world) sameMedia(it domain.Item, p simulator.Post) {
	w.t.Helper()
	var want, got []string
	for _, a := range it.Media {
		m, err := w.Media.Get(w.t.Context(), w.Owner, a.Media)
		if err != nil {
			w.t.Fatal(err)
		}
		want = append(want, m.SHA256)
	}
	for _, u := range p.Media {
		got = append(got, u.SHA256)
		if p.At.Before(u.Done) {
			w.t.Errorf("it was out at %s, before its file was worked off at %s", p.At, u.Done)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("out are the files %v, want %v", got, want)
	}
}

func (w *world) severalImages(ann domain.Channel) {
	w.publishes(ann, w.item("Two pictures.", domain.MediaImage, domain.MediaImage))
}

func (w *world) thread(ann domain.Channel) { w.publishes(ann, w.three()...) }

// three is a thread of three.
func (w *world) three() []domain.Item {
	w.t.Helper()
	if w.can.Descriptor.Limits.Replies < 2 {
		w.t.Skip("the platform has no threads of three")
	}
	return []domain.Item{w.first("One."), {Text: w.say("And two.")}, {Text: w.say("And three.")}}
}

// slow has the platform take its time for a file.
func (w *world) slow(ann domain.Channel) {
	kind := domain.MediaVideo
	if w.can.Descriptor.Limits.Media.Videos == 0 {
		kind = domain.MediaImage
	}
	it := w.item("Worth the wait.", kind)
	w.trouble(simulator.Trouble{Do: simulator.Slow, Takes: simulator.Duration(90 * time.Second)})
	w.publishes(ann, it)
}

func (w *world) trouble(t simulator.Trouble) {
	w.t.Helper()
	if t.Platform = string(w.id); w.facts.signIn != "" && (t.Do == simulator.Expire || t.Do == simulator.Revoke) {
		t.Platform = w.facts.signIn
	}
	if err := w.scene.Trouble(t); err != nil {
		w.t.Fatal(err)
	}
}

// refused is an error of the author's making: it is told, and not tried again.
func (w *world) refused(ann domain.Channel) {
	items := []domain.Item{w.first("Against the rules.")}
	before := len(w.timeline())
	w.trouble(simulator.Trouble{Do: simulator.Refuse, Kind: simulator.Rejected, Method: "POST", Times: -1})
	v := w.settle(w.create(items, ann).Post.ID)
	d := v.Deliveries[0]
	if d.State != domain.DeliveryFailed || d.Reason.Message == "" || len(w.timeline()) != before {
		w.t.Fatalf("got %s (%s: %s) and %d posts, want failed, a reason, and none", d.State, d.Reason.Code, d.Reason.Message, len(w.timeline())-before)
	}
	w.scene.Calm()
	if _, err := w.Posts.TryAgain(w.t.Context(), w.Owner, v.Post.ID); err != nil {
		w.t.Fatal(err)
	}
	w.same(w.settle(v.Post.ID), items, before)
}

// tooMany has to wait.
func (w *world) tooMany(ann domain.Channel) {
	items := []domain.Item{w.first("Not so fast.")}
	w.trouble(simulator.Trouble{Do: simulator.Refuse, Kind: simulator.RateLimited, Method: "POST"})
	w.publishes(ann, items...)
}

func (w *world) down(ann domain.Channel) {
	items := []domain.Item{w.first("After the outage.")}
	before := len(w.timeline())
	w.trouble(simulator.Trouble{Do: simulator.Refuse, Kind: simulator.Unavailable, Method: "POST"})
	v := w.settle(w.create(items, ann).Post.ID)
	w.once(v, items, before)
}

func (w *world) lostAnswer(ann domain.Channel, it domain.Item) {
	items := []domain.Item{it}
	before := len(w.timeline())
	w.trouble(simulator.Trouble{Do: simulator.DropAfter, Publishing: true})
	v := w.settle(w.create(items, ann).Post.ID)
	w.once(v, items, before)
	if n := len(w.timeline()) - before; n != 1 {
		w.t.Errorf("got %d posts out there, want 1", n)
	}
}

func (w *world) lostInThread(ann domain.Channel) {
	items := w.three()
	before := len(w.timeline())
	w.trouble(simulator.Trouble{Do: simulator.DropAfter, Publishing: true, Skip: 1})
	w.once(w.settle(w.create(items, ann).Post.ID), items, before)
}

func (w *world) lostRequest(ann domain.Channel) {
	items := []domain.Item{w.first("Perhaps unheard.")}
	before := len(w.timeline())
	w.trouble(simulator.Trouble{Do: simulator.DropBefore, Method: "POST"})
	w.once(w.settle(w.create(items, ann).Post.ID), items, before)
}

// lostTwin: a post says the same as the one just before it, and the request for it
// is lost. What the engine takes to be out is out, and no post stands for both.
func (w *world) lostTwin(ann domain.Channel) {
	items := []domain.Item{w.first("Said by twins.")}
	before := len(w.timeline())
	first := w.settle(w.create(items, ann).Post.ID)
	w.trouble(simulator.Trouble{Do: simulator.DropBefore, Method: "POST"})
	var known, out []string
	for _, v := range []core.PostView{first, w.settle(w.create(items, ann).Post.ID)} {
		if ref := v.Deliveries[0].Parts[0].Ref; ref != nil {
			known = append(known, ref.ID)
		}
	}
	for _, p := range w.timeline()[before:] {
		out = append(out, p.ID)
	}
	if !slices.Equal(known, out) {
		w.t.Errorf("the engine knows of %v, and %v are out", known, out)
	}
}

// once demands that nothing is out twice, and that the engine knows what is out.
// It may be in doubt where the platform neither takes a post once nor has it, and
// where it does not let it be found.
func (w *world) once(v core.PostView, items []domain.Item, before int) {
	w.t.Helper()
	if v.Deliveries[0].State != domain.DeliveryUnknown || w.can.Descriptor.Dedupe != 0 {
		w.same(v, items, before)
		return
	}
	out := w.timeline()[before:]
	if len(out) > len(items) {
		w.t.Errorf("got %d posts out there, want at most %d", len(out), len(items))
	}
	known := slices.IndexFunc(v.Deliveries[0].Parts, func(p domain.Part) bool { return p.Ref == nil })
	if known < len(out) && !w.unseen(items[known]) {
		w.t.Errorf("got %d posts known to be out, and %d that are: %s", known, len(out), v.Deliveries[0].Reason.Message)
	}
}

// unseen reports whether the platform does not let an item be found that is out.
func (w *world) unseen(it domain.Item) bool {
	film := slices.ContainsFunc(it.Media, func(a domain.Attachment) bool {
		m, err := w.Media.Get(w.t.Context(), w.Owner, a.Media)
		return err == nil && m.Kind == domain.MediaVideo
	})
	return w.facts.unseen != "" || w.facts.unseenPictures != "" && !film
}

// expired is cured by the engine where tokens can be renewed, else by a person.
func (w *world) expired(ann domain.Channel) {
	w.trouble(simulator.Trouble{Do: simulator.Expire})
	w.cured(ann, w.can.Can.Refresh != nil && !w.facts.ahead)
}

func (w *world) revoked(ann domain.Channel) {
	w.trouble(simulator.Trouble{Do: simulator.Revoke})
	w.cured(ann, false)
}

// cured publishes on an account whose tokens are of no use any more.
func (w *world) cured(ann domain.Channel, alone bool) {
	w.t.Helper()
	items := []domain.Item{w.first("In spite of it.")}
	before := len(w.timeline())
	v := w.settle(w.create(items, ann).Post.ID)
	if v.Deliveries[0].State == domain.DeliveryBlocked && !alone {
		if again := w.connect(w.people()[0]); again.ID != ann.ID {
			w.t.Errorf("got another channel when it was connected again: %s, want %s", again.ID, ann.ID)
		}
		v = w.settle(v.Post.ID)
	}
	w.same(v, items, before)
}

func (w *world) twoAccounts(ann domain.Channel) {
	people := w.people()
	if len(people) < 2 {
		w.t.Fatal("the stand-in has no second account")
	}
	bob := w.connect(people[1])
	if bob.ID == ann.ID || bob.Account == ann.Account {
		w.t.Fatalf("got the same channel for both: %s", bob.Account)
	}
	before := len(w.timeline())
	v := w.settle(w.create([]domain.Item{w.first("From both.")}, ann, bob).Post.ID)
	out := w.timeline()[before:]
	if len(out) != 2 || out[0].Account == out[1].Account {
		w.t.Fatalf("got %+v out there, want one post of each", out)
	}
	for _, d := range v.Deliveries {
		if d.State != domain.DeliveryPublished || !slices.ContainsFunc(out, func(p simulator.Post) bool { return p.ID == d.Parts[0].Ref.ID }) {
			w.t.Errorf("got %s (%s), want it published as one of %+v", d.State, d.Reason.Message, out)
		}
	}
}
