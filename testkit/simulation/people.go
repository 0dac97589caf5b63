package simulation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// people are all who use the system: they write, edit, withdraw, mend. What
// they do goes through a process of its own, one thing after the other.
type people struct {
	w       *world
	teams   []*team
	todo    []task
	seq     int
	written int
	done    bool
}

// team is an organization with its channels.
type team struct {
	actor    domain.Actor
	channels []domain.Channel
	posts    []domain.PostID
	// byWriter are those of the posts that were written by the writer.
	byWriter map[domain.PostID]bool
}

// task is something that somebody does at its time.
type task struct {
	at  time.Time
	seq int
	do  func(ctx context.Context)
}

// newPeople makes the organizations and connects their channels.
func newPeople(w *world) (*people, error) {
	p := &people{w: w}
	ctx := context.Background()
	for i := range 1 + w.rng.IntN(2) {
		name := fmt.Sprintf("team%d", i+1)
		org, err := w.api.eng.Accounts.CreateOrganization(ctx, name, "")
		if err != nil {
			return nil, err
		}
		t := &team{actor: domain.System(org.ID), byWriter: map[domain.PostID]bool{}}
		for _, pl := range w.platforms {
			for k := range 1 + w.rng.IntN(2) {
				account := fmt.Sprintf("%s-%d", name, k+1)
				ch, err := w.api.eng.Channels.ConnectForm(ctx, t.actor, pl.id, map[string]string{"account": account})
				if err != nil {
					return nil, err
				}
				t.channels = append(t.channels, ch)
			}
		}
		p.teams = append(p.teams, t)
	}
	return p, nil
}

func (p *people) later(d time.Duration, do func(ctx context.Context)) {
	p.seq++
	p.todo = append(p.todo, task{at: p.w.now.Add(d), seq: p.seq, do: do})
}

// plan makes up what people will do.
func (p *people) plan() {
	w := p.w
	for range 4 + w.rng.IntN(9) {
		t := p.teams[w.rng.IntN(len(p.teams))]
		p.later(w.between(0, 6*time.Hour), func(ctx context.Context) { p.write(ctx, t) })
	}
	for _, t := range p.teams {
		p.planHolds(t)
		for range w.rng.IntN(4) {
			p.later(w.between(time.Hour, 14*time.Hour), func(ctx context.Context) { p.mend(ctx, t) })
		}
		if w.roll(w.odds.mistake) {
			p.later(w.between(0, 8*time.Hour), func(ctx context.Context) { p.fiddle(ctx, t) })
		}
	}
}

// act does everything in order of its time.
func (p *people) act() {
	w, api := p.w, p.w.api
	<-api.baton
	for len(p.todo) > 0 && !w.stop {
		i := 0
		for k, t := range p.todo {
			if c := t.at.Compare(p.todo[i].at); c < 0 || c == 0 && t.seq < p.todo[i].seq {
				i = k
			}
		}
		t := p.todo[i]
		p.todo = slices.Delete(p.todo, i, i+1)
		w.sleep(&api.actor, t.at.Sub(w.now))
		if api.dead {
			if err := api.boot(); err != nil {
				w.violate(RuleEnds, "the people's process does not start: %v", err)
			}
		}
		if !w.stop {
			t.do(context.Background())
			w.wakeWorkers()
		}
	}
	p.done = true
	w.yield(nil)
}

// did notes what somebody did and what came of it.
func (p *people) did(what string, id domain.PostID, err error) {
	outcome := "ok"
	if err != nil {
		outcome = string(fault.KindOf(err))
	}
	p.w.happen("people: "+what+": "+outcome, "somebody: %s %s: %v", what, id, err)
}

// input makes up a post of t.
func (p *people) input(t *team) core.PostInput {
	w := p.w
	in := core.PostInput{When: core.At}
	switch w.rng.IntN(8) {
	case 0:
		in.When = core.Draft
	case 1, 2:
		in.When = core.Now
	}
	if in.When != core.Now {
		in.Time = w.now.Add(w.between(0, 6*time.Hour)).Format(time.RFC3339Nano)
	}
	delays := []time.Duration{0, 0, 5 * time.Second, 2 * time.Minute, 40 * time.Minute}
	for i := range []int{1, 1, 1, 2, 3}[w.rng.IntN(5)] {
		it := domain.Item{Text: "item " + strconv.Itoa(i)}
		if i > 0 {
			it.Delay = delays[w.rng.IntN(len(delays))]
		}
		in.Items = append(in.Items, it)
	}
	n := min([]int{1, 1, 1, 2, 3}[w.rng.IntN(5)], len(t.channels))
	for _, i := range w.rng.Perm(len(t.channels))[:n] {
		in.Targets = append(in.Targets, domain.Target{Channel: t.channels[i].ID})
	}
	if w.roll(0.25) {
		in.After = p.following(t, in.Targets)
	}
	return in
}

// write makes a post, and plans what its author does with it later.
func (p *people) write(ctx context.Context, t *team) {
	w := p.w
	p.written++
	author, in := t.actor, p.input(t)
	if w.roll(0.4) {
		author = t.writer()
		in.Review = w.roll(0.3)
	}
	v, err := w.api.eng.Posts.Create(ctx, author, in)
	p.did("write", v.Post.ID, err)
	if err != nil {
		return
	}
	id := v.Post.ID
	t.posts = append(t.posts, id)
	t.byWriter[id] = author.User != ""
	if t.byWriter[id] {
		p.later(w.between(0, 8*time.Hour), func(ctx context.Context) { p.review(ctx, t, id) })
	}
	due := max(v.Post.DueAt.Sub(w.now), 0)
	if v.Post.State == domain.PostDraft {
		p.later(w.between(0, 2*time.Hour), func(ctx context.Context) { p.edit(ctx, t, id) })
	}
	for range w.rng.IntN(3) {
		// Many edits come close to the due time: that is where it can go wrong.
		d := w.between(0, 8*time.Hour)
		if w.roll(0.5) {
			d = max(due+w.between(-2*time.Second, 2*time.Minute), 0)
		}
		p.later(d, func(ctx context.Context) { p.meddle(ctx, t, id) })
	}
	for range 1 + w.rng.IntN(3) {
		p.later(due+w.between(time.Second, 10*time.Hour), func(ctx context.Context) { p.look(ctx, t, id) })
	}
}

func (p *people) edit(ctx context.Context, t *team, id domain.PostID) {
	_, err := p.w.api.eng.Posts.Update(ctx, t.author(id), id, 0, p.input(t))
	p.did("edit", id, err)
}

// meddle changes a post in one way or another.
func (p *people) meddle(ctx context.Context, t *team, id domain.PostID) {
	switch p.w.rng.IntN(5) {
	case 4:
		p.review(ctx, t, id)
	case 0:
		p.did("delete", id, p.w.api.eng.Posts.Delete(ctx, t.actor, id, 0))
	case 1:
		_, err := p.w.api.eng.Posts.TryAgain(ctx, t.actor, id)
		p.did("try again", id, err)
	default:
		p.edit(ctx, t, id)
	}
}

// look sees what became of a post and does something about it.
func (p *people) look(ctx context.Context, t *team, id domain.PostID) {
	v, err := p.w.api.eng.Posts.Get(ctx, t.actor, id)
	if err != nil {
		p.did("look", id, err)
		return
	}
	var failed string
	for _, d := range v.Deliveries {
		switch d.State {
		case domain.DeliveryUnknown:
			p.clearUp(ctx, t, d)
		case domain.DeliveryFailed, domain.DeliveryMissed:
			failed = d.Reason.Code
		case domain.DeliveryBlocked:
			p.mend(ctx, t)
		default:
		}
	}
	switch {
	case failed == "" || !p.w.roll(0.6):
	case p.seq%3 == 0: // the whole cause at once
		_, err := p.w.api.eng.Posts.RetryCause(ctx, t.actor, store.FailureFilter{Code: failed}, false)
		p.did("try the cause again", id, err)
	default:
		_, err := p.w.api.eng.Posts.TryAgain(ctx, t.actor, id)
		p.did("try again", id, err)
	}
}

// clearUp says whether a delivery that may be out is there. People look at the
// platform, but they do not see everything.
func (p *people) clearUp(ctx context.Context, t *team, d domain.Delivery) {
	w := p.w
	switch {
	case w.roll(0.3):
		return
	case w.roll(0.8):
		for _, pl := range w.platforms {
			if pl.id != d.Provider {
				continue
			}
			if a := pl.out(domain.AttemptKey(d.ID, d.Current(), d.Revision)); a != nil {
				p.itIsThere(ctx, t, d, a)
				return
			}
		}
	}
	p.itIsNot(ctx, t, d)
}

func (p *people) itIsThere(ctx context.Context, t *team, d domain.Delivery, a *accepted) {
	ans := compose.Answer{There: true, Link: ref(a).URL}
	if p.w.roll(p.w.odds.mistake) {
		ans.Link = "" // not everybody copies the link
	}
	_, err := p.w.api.eng.Posts.Settle(ctx, t.actor, d.Post, d.ID, ans)
	p.did("it is there", d.Post, err)
}

func (p *people) itIsNot(ctx context.Context, t *team, d domain.Delivery) {
	// What is committed counts, also where the person never hears of it.
	l := p.w.watch.lives[d.ID]
	was := len(l.states)
	l.wished++
	_, err := p.w.api.eng.Posts.Settle(ctx, t.actor, d.Post, d.ID, compose.Answer{})
	if len(l.states) == was {
		l.wished--
	}
	p.did("it is not there", d.Post, err)
}

// mend connects every channel again that needs it.
func (p *people) mend(ctx context.Context, t *team) {
	for _, ch := range t.channels {
		now, err := p.w.api.eng.Channels.Get(ctx, t.actor, ch.ID)
		if err != nil && fault.KindOf(err) != fault.NotFound || err == nil && now.State == domain.ChannelActive {
			continue
		}
		p.connect(ctx, t, ch)
	}
}

func (p *people) connect(ctx context.Context, t *team, ch domain.Channel) {
	_, err := p.w.api.eng.Channels.ConnectForm(ctx, t.actor, ch.Provider, map[string]string{"account": ch.Account})
	p.did("connect", domain.PostID(ch.ID), err)
}

// fiddle does something to a channel that nobody asked for.
func (p *people) fiddle(ctx context.Context, t *team) {
	ch := t.channels[p.w.rng.IntN(len(t.channels))]
	switch p.w.rng.IntN(3) {
	case 0:
		p.did("disconnect", domain.PostID(ch.ID), p.w.api.eng.Channels.Disconnect(ctx, t.actor, ch.ID))
		p.later(p.w.between(0, 9*time.Hour), func(ctx context.Context) { p.mend(ctx, t) })
	case 1:
		_, err := p.w.api.eng.Channels.RefreshToken(ctx, t.actor, ch.ID)
		p.did("renew", domain.PostID(ch.ID), err)
	default:
		p.connect(ctx, t, ch)
	}
}
