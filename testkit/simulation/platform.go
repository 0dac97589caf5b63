package simulation

import (
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// kind is what a platform is like.
type kind struct {
	name       string
	dedupe     time.Duration // takes a repeated key for the same post
	refresh    bool          // its tokens end, and can be renewed
	find       bool          // posts can be looked up
	words      bool          // by their words alone, as most platforms have it
	confirm    bool          // posts can be read back
	prepare    bool          // uploads come first
	processing bool          // a published item takes time to come out
	tellsEnd   bool          // says when a token ends
}

// kinds are the platforms that there are.
func kinds() []kind {
	return []kind{
		{name: "plain"},
		{name: "renewing", refresh: true, tellsEnd: true},
		{name: "deduping", refresh: true, dedupe: 20 * time.Minute},
		{name: "deduping-briefly", refresh: true, dedupe: 3 * time.Minute},
		{name: "deduping-long", refresh: true, dedupe: 24 * time.Hour},
		{name: "deduping-forever", refresh: true, confirm: true, dedupe: social.DedupeForever},
		{name: "findable", refresh: true, find: true, words: true},
		{name: "findable-confirming", refresh: true, find: true, confirm: true},
		{name: "staged", refresh: true, prepare: true},
		{name: "staged-findable", refresh: true, prepare: true, find: true, dedupe: time.Hour, tellsEnd: true},
		{name: "processing", refresh: true, prepare: true, processing: true},
		{name: "processing-findable", refresh: true, prepare: true, processing: true, find: true, dedupe: time.Hour},
	}
}

// mood is how a platform feels for a while.
type mood string

const (
	fine    mood = "fine"
	away    mood = "away"    // nothing is taken
	crowded mood = "crowded" // many calls are told to wait
)

// platform is a made-up social network. It is the truth about what is out.
type platform struct {
	w        *world
	kind     kind
	id       domain.ProviderID
	mood     mood
	accounts map[string]*account
	names    []string
	posts    []*accepted
	byKey    map[string][]*accepted
	byID     map[string]*accepted
	uploads  map[string]*upload
	calls    map[string]call               // that publish, by key
	had      map[domain.AttemptID]struct{} // answered with: we have it
}

// call is a call that publishes, while it is under way.
type call struct {
	by   *process
	ends time.Time
}

// account is somebody's account, with the tokens that are good now.
type account struct {
	name            string
	access, refresh string
	ends            time.Time
	revoked         bool
	tokens          int
}

// accepted is an item that the platform took.
type accepted struct {
	id, key, account string
	delivery         domain.DeliveryID
	item             int
	attempt          domain.AttemptID
	parent, root     string
	text             string
	at               time.Time
	done             time.Time // when it comes out
	shows            time.Time // when it can be looked up
	refused          bool      // it never comes out
	repost           bool
	perLike          time.Duration
}

type upload struct {
	ready time.Time
	out   *accepted
}

func (w *world) drawPlatforms() []*platform {
	all := kinds()
	w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var out []*platform
	for _, k := range all[:2+w.rng.IntN(2)] {
		out = append(out, &platform{
			w: w, kind: k, id: domain.ProviderID(k.name), mood: fine, accounts: map[string]*account{},
			byKey: map[string][]*accepted{}, byID: map[string]*accepted{}, uploads: map[string]*upload{},
			calls: map[string]call{}, had: map[domain.AttemptID]struct{}{},
		})
	}
	return out
}

// planMoods plans when the platform is not itself.
func (p *platform) planMoods() {
	if p.w.odds.platform == 0 || !p.w.roll(0.4) {
		return
	}
	p.w.after(p.w.between(0, 8*time.Hour), func() {
		if p.w.calm {
			return
		}
		p.mood = []mood{away, crowded}[p.w.rng.IntN(2)]
		p.w.happen("mood", "%s is %s", p.id, p.mood)
		p.w.after(p.w.between(time.Minute, 8*time.Hour), func() { p.mood = fine })
	})
}

// planTokens plans when tokens end before their time.
func (p *platform) planTokens() {
	for _, name := range p.names {
		if p.w.odds.token == 0 || !p.w.roll(0.3) {
			continue
		}
		a, revoke := p.accounts[name], p.w.roll(0.5)
		p.w.after(p.w.between(0, 10*time.Hour), func() {
			if p.w.calm {
				return
			}
			if revoke {
				a.revoked = true
				p.w.happen("revoked", "%s takes the tokens of %s back", p.id, name)
				return
			}
			a.ends = p.w.now
			p.w.happen("expired", "the token of %s ends at %s", name, p.id)
		})
	}
}

// sign gives an account new tokens.
func (p *platform) sign(a *account, refresh bool) social.Credential {
	a.tokens++
	n := strconv.Itoa(a.tokens)
	a.access, a.revoked, a.ends = "access-"+n, false, time.Time{}
	if refresh || a.refresh == "" {
		a.refresh = "refresh-" + n
	}
	c := social.Credential{Access: a.access, Refresh: a.refresh}
	if p.kind.refresh && p.w.odds.token > 0 {
		a.ends = p.w.now.Add(p.w.between(20*time.Minute, 12*time.Hour))
		if p.kind.tellsEnd {
			c.Expiry = a.ends
		}
	}
	return c
}

// authorize says whether a token is good.
func (p *platform) authorize(t social.Target) error {
	a := p.accounts[t.Account]
	switch {
	case a == nil || a.revoked:
		return social.Errorf(social.CodeAuthRevoked, "You were signed out.")
	case t.Credential.Access != a.access, !a.ends.IsZero() && !p.w.now.Before(a.ends):
		return social.Errorf(social.CodeAuthExpired, "The token has ended.")
	default:
		return nil
	}
}

// split reads what a key is made of; see domain.AttemptKey.
func split(key string) (domain.DeliveryID, int) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return "", -1
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return "", -1
	}
	return domain.DeliveryID(parts[0]), n
}

// known is the item that a repeated key stands for, if the platform still
// remembers it. A key answers for what it was used for first, also where nothing
// came of that.
func (p *platform) known(key string) *accepted {
	for _, a := range p.byKey[key] {
		if (p.kind.dedupe == social.DedupeForever || p.w.now.Before(a.at.Add(p.kind.dedupe))) && p.kind.dedupe > 0 {
			return a
		}
	}
	return nil
}

// accept takes an item, or returns the one it has for the same key.
func (p *platform) accept(t social.Target, it social.Item, attempt domain.AttemptID) *accepted {
	if a := p.known(t.Key); a != nil {
		p.w.happen("deduped", "%s has %s already", p.id, t.Key)
		return a
	}
	w := p.w
	a := &accepted{
		id: string(p.id) + "-" + strconv.Itoa(len(p.posts)+1), key: t.Key, account: t.Account, attempt: attempt, text: it.Text,
		at: w.now, done: w.now, shows: w.now, perLike: w.between(time.Minute, time.Hour),
	}
	a.delivery, a.item = split(t.Key)
	if it.Parent != nil {
		a.parent, a.root = it.Parent.ID, it.Root.ID
	}
	if p.kind.processing {
		a.done = w.now.Add(p.processingTime())
		a.refused = !w.calm && w.roll(w.odds.platform/10)
	}
	if !w.calm && w.roll(w.odds.slow) {
		a.shows = w.now.Add(w.between(0, time.Minute))
	}
	p.posts = append(p.posts, a)
	p.byKey[t.Key] = append(p.byKey[t.Key], a)
	p.byID[a.id] = a
	w.tracef("%s ACCEPTS %s as %s", p.id, t.Key, a.id)
	w.accepted(p, a)
	return a
}

func (p *platform) processingTime() time.Duration {
	switch w := p.w; {
	case w.calm || !w.roll(w.odds.slow):
		return w.between(0, 20*time.Second)
	case w.roll(0.7):
		return w.between(time.Minute, 70*time.Minute)
	default:
		w.happen("endless processing", "%s will never be done with it", p.id)
		return 10_000 * time.Hour
	}
}

// out is the item that is out under a key, as a search finds it.
func (p *platform) out(key string) *accepted {
	for _, a := range p.byKey[key] {
		if p.visible(a) {
			return a
		}
	}
	return nil
}

// saying is the only item that is out and says the same, among those of the
// account since the first try.
func (p *platform) saying(t social.Target, it social.Item) *accepted {
	parent := ""
	if it.Parent != nil {
		parent = it.Parent.ID
	}
	var found []*accepted
	for _, a := range p.posts {
		if a.account == t.Account && a.text == it.Text && a.parent == parent && !a.repost && !a.at.Before(t.FirstTry.Add(-time.Minute)) && p.visible(a) {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// visible reports whether a search comes upon it.
func (p *platform) visible(a *accepted) bool {
	return !a.refused && !p.w.now.Before(a.shows) && !p.w.now.Before(a.done)
}

// pages is where people see what is out.
const pages = "https://example.org/"

func ref(a *accepted) social.Ref {
	return social.Ref{ID: a.id, URL: pages + a.id}
}
