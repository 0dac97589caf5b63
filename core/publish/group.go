package publish

import (
	"context"
	"sync"

	"github.com/crierhq/crier/core/fault"
)

// maxGroup bounds how many changes one transaction takes.
const maxGroup = 256

// group commits changes of many deliveries together. The first one that comes is
// committed at once and by itself; those that come meanwhile wait for it and
// then share the next transaction. So nobody waits for company, and the more
// there is to do the less each change costs.
type group struct {
	// commit is Publisher.commit.
	commit func(ctx context.Context, es []*entry) error

	mu      sync.Mutex
	busy    bool
	waiting []*member
}

// member is an entry that waits for its turn.
type member struct {
	*entry
	ctx  context.Context //nolint:containedctx // whoever asked may give up before its turn
	done chan struct{}
}

// store commits e and sets what came of it. It returns its error.
func (g *group) store(ctx context.Context, e *entry) error {
	g.mu.Lock()
	if g.busy {
		m := &member{entry: e, ctx: ctx, done: make(chan struct{})}
		g.waiting = append(g.waiting, m)
		g.mu.Unlock()
		<-m.done // two transactions at most, each bounded by recordFor
		return e.err
	}
	g.busy = true
	g.mu.Unlock()
	defer g.next()
	return g.run(ctx, e)
}

// next goes on with those who have come meanwhile.
func (g *group) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy = len(g.waiting) > 0
	if g.busy {
		go g.drain()
	}
}

// drain commits until nobody waits any more.
func (g *group) drain() {
	for ms := g.take(); len(ms) > 0; ms = g.take() {
		g.together(ms)
		for _, m := range ms {
			close(m.done)
		}
	}
}

// take returns who is next: each delivery once, for a worker may still hold one
// that it has lost and claimed again.
func (g *group) take() []*member {
	g.mu.Lock()
	defer g.mu.Unlock()
	var ms, later []*member
	taken := map[string]bool{}
	for _, m := range g.waiting {
		id := string(m.j.d.ID)
		if taken[id] || len(ms) == maxGroup {
			later = append(later, m)
			continue
		}
		taken[id] = true
		ms = append(ms, m)
	}
	g.waiting = later
	g.busy = len(ms) > 0
	return ms
}

// together commits all of ms in one transaction. What fails for another reason
// than the database is committed one by one, so that a bad one spoils no other.
func (g *group) together(ms []*member) {
	var es []*entry
	for _, m := range ms {
		if m.err = m.ctx.Err(); m.err == nil {
			es = append(es, m.entry)
		}
	}
	if len(es) == 0 {
		return
	}
	// Nobody's end is the end of all.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ms[0].ctx), recordFor)
	defer cancel()
	err := g.commit(ctx, es)
	if err == nil {
		return
	}
	alone := len(es) > 1 && fault.KindOf(err) != fault.Unavailable && ctx.Err() == nil
	for _, e := range es {
		if e.err = err; alone {
			_ = g.run(ctx, e)
		}
	}
}

// run commits e by itself.
func (g *group) run(ctx context.Context, e *entry) error {
	if err := g.commit(ctx, []*entry{e}); err != nil {
		e.err = err
	}
	return e.err
}
