package publish_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// platform is a made-up social network that keeps count of what it accepted.
// Its behaviour is set by fields before it is used.
type platform struct {
	dedupe     time.Duration // takes a repeated key for the same post
	findable   bool          // posts can be looked up
	byWords    bool          // by their words alone, as most platforms have it
	confirms   bool          // posts can be read back
	staged     bool          // needs Prepare, and one Check before Publish
	delay      time.Duration // how long a visible call takes
	gap        time.Duration
	limits     []social.RateLimit
	blind      func() bool // whether looking something up fails
	processing int         // checks until a published item is out; 0: at once

	caveat string // what does not work of an item that is out

	network *network // what can be done with what is out; nil: nothing

	// answer decides what the nth visible call (from 1) comes to: whether it is
	// accepted, and the error that the caller gets. nil: accepted.
	answer func(n int) (accept bool, err error)
	// instead, if set, gives the post that the nth visible call is answered with
	// where nothing is sent; nil: it is sent.
	instead func(n int) *domain.Ref
	// refresh, if set, answers renewals of the credential.
	refresh func(c social.Credential) (social.Credential, error)
	// step is called before and after every call, for crashes.
	step func(ctx context.Context, what string) error

	mu       sync.Mutex
	calls    int
	posts    []accepted
	byKey    map[string]int
	checks   map[string]int
	tokens   []string
	hidden   bool // nothing can be seen on read-back
	prepares int
}

type accepted struct {
	Account, ID, Key, Text, Parent, Root string
	At                                   time.Time
}

func (p *platform) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: "made-up", Name: "Made Up", DocsURL: "https://example.org", Markup: social.MarkupPlain,
		Limits: social.Limits{Text: social.TextLimit{Max: 100, Count: social.CountRunes}, Replies: 10},
		Dedupe: p.dedupe, AppLimits: p.limits, MinGap: p.gap,
	}
}

func (*platform) Validate(social.Item, social.Traits) []social.Problem { return nil }

func (*platform) ConnectForm() social.Schema {
	return social.SchemaOf[struct {
		Account string `json:"account,omitempty"`
	}]()
}

func (*platform) ConnectWith(_ context.Context, v social.Values) (social.Connection, error) {
	return social.Connection{Account: cmp.Or(v["account"], "acct"), Name: "Account", Credential: social.Credential{Access: "a0", Refresh: "r0"}}, nil
}

func (p *platform) at(ctx context.Context, what string) error {
	if p.step == nil {
		return nil
	}
	return p.step(ctx, what)
}

func (p *platform) Publish(ctx context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	if err := p.at(ctx, "publish:before"); err != nil {
		return social.Outcome{}, err
	}
	time.Sleep(p.delay) // time passes by itself here
	out, err := p.publish(t, it)
	if cerr := p.at(ctx, "publish:after"); cerr != nil {
		return social.Outcome{}, cerr
	}
	return out, err
}

func (p *platform) publish(t social.Target, it social.Item) (social.Outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	p.tokens = append(p.tokens, t.Credential.Access)
	if p.instead != nil {
		if r := p.instead(p.calls); r != nil {
			return social.Published(*r), nil
		}
	}
	accept, err := true, error(nil)
	if p.answer != nil {
		accept, err = p.answer(p.calls)
	}
	if !accept {
		return social.Outcome{}, err
	}
	i, known := p.byKey[t.Key]
	if !known || p.dedupe == 0 {
		a := accepted{Account: t.Account, ID: fmt.Sprintf("post-%d", len(p.posts)+1), Key: t.Key, Text: it.Text, At: time.Now()}
		if it.Parent != nil {
			a.Parent, a.Root = it.Parent.ID, it.Root.ID
		}
		i = len(p.posts)
		p.posts = append(p.posts, a)
		if p.byKey == nil {
			p.byKey = map[string]int{}
		}
		p.byKey[t.Key] = i
	}
	if err != nil {
		return social.Outcome{}, err
	}
	if p.processing > 0 {
		raw, _ := json.Marshal(p.posts[i].ID)
		return social.Pending(social.Cursor{Next: social.StepCheck, State: raw, After: 2 * time.Second}), nil
	}
	return social.Published(ref(p.posts[i].ID)).But(p.caveat), nil
}

func ref(id string) domain.Ref { return domain.Ref{ID: id, URL: "https://example.org/" + id} }

func (p *platform) find(key string) *domain.Ref {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.byKey[key]
	if !ok {
		return nil
	}
	r := ref(p.posts[i].ID)
	return &r
}

func (p *platform) accepted() []accepted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]accepted(nil), p.posts...)
}

// provider gives p the optional interfaces that its fields ask for.
func (p *platform) provider() social.Provider {
	switch {
	case p.network != nil && p.findable:
		return struct {
			*platform
			finder
			*network
		}{p, finder{p}, p.network}
	case p.network != nil:
		return struct {
			*platform
			*network
		}{p, p.network}
	case p.staged || p.processing > 0:
		if p.findable {
			return struct {
				*platform
				stager
				finder
			}{p, stager{p}, finder{p}}
		}
		return struct {
			*platform
			stager
		}{p, stager{p}}
	case p.findable && p.confirms:
		return struct {
			*platform
			finder
			confirmer
		}{p, finder{p}, confirmer{p}}
	case p.findable:
		return struct {
			*platform
			finder
		}{p, finder{p}}
	case p.confirms:
		return struct {
			*platform
			confirmer
		}{p, confirmer{p}}
	case p.refresh != nil:
		return struct {
			*platform
			refresher
		}{p, refresher{p}}
	default:
		return p
	}
}

type stager struct{ p *platform }

func (s stager) Prepare(ctx context.Context, _ social.Target, _ social.Item) (social.Cursor, error) {
	if err := s.p.at(ctx, "prepare:before"); err != nil {
		return social.Cursor{}, err
	}
	s.p.mu.Lock()
	s.p.prepares++
	s.p.mu.Unlock()
	raw, _ := json.Marshal("upload")
	if !s.p.staged {
		return social.Cursor{Next: social.StepPublish, State: raw}, nil
	}
	return social.Cursor{Next: social.StepCheck, State: raw, After: 3 * time.Second}, s.p.at(ctx, "prepare:after")
}

func (s stager) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := s.p.at(ctx, "check:before"); err != nil {
		return social.Outcome{}, err
	}
	var id string
	_ = json.Unmarshal(at.State, &id)
	if id == "upload" {
		// Whether a Publish has taken effect shows by the key.
		if r := s.p.find(t.Key); r != nil && s.p.findable {
			return social.Published(*r).But(s.p.caveat), nil
		}
		return social.Pending(social.Cursor{Next: social.StepPublish, State: at.State}), nil
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.p.checks == nil {
		s.p.checks = map[string]int{}
	}
	s.p.checks[id]++
	if s.p.checks[id] < s.p.processing {
		return social.Pending(social.Cursor{Next: social.StepCheck, State: at.State, After: 2 * time.Second}), nil
	}
	return social.Published(ref(id)).But(s.p.caveat), nil
}

type finder struct{ p *platform }

func (f finder) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := f.p.at(ctx, "find:before"); err != nil {
		return nil, err
	}
	if f.p.blind != nil && f.p.blind() {
		return nil, social.Errorf(social.CodeUnavailable, "The platform does not answer.")
	}
	if f.p.byWords {
		return f.p.saying(it.Text), nil
	}
	return f.p.find(t.Key), nil
}

// saying is the only post with the words.
func (p *platform) saying(words string) *domain.Ref {
	var found []domain.Ref
	for _, a := range p.accepted() {
		if strings.EqualFold(strings.TrimSpace(a.Text), strings.TrimSpace(words)) {
			found = append(found, ref(a.ID))
		}
	}
	if len(found) != 1 {
		return nil
	}
	return &found[0]
}

type confirmer struct{ p *platform }

func (c confirmer) Confirm(ctx context.Context, _ social.Target, r social.Ref) (bool, error) {
	if err := c.p.at(ctx, "confirm:before"); err != nil {
		return false, err
	}
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	for _, a := range c.p.posts {
		if a.ID == r.ID {
			return !c.p.hidden, nil
		}
	}
	return false, nil
}

type refresher struct{ p *platform }

func (r refresher) Refresh(_ context.Context, t social.Target) (social.Credential, error) {
	c := t.Credential
	c.Extra = maps.Clone(c.Extra)
	return r.p.refresh(c)
}
