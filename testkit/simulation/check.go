package simulation

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/crierhq/crier/core/domain"
)

// accepted holds what a platform has just taken against the promises.
func (w *world) accepted(p *platform, a *accepted) {
	l := w.watch.lives[a.delivery]
	if l == nil {
		return // said when it was sent
	}
	if !a.refused {
		w.once(p, a, l)
	}
	if a.item > 0 {
		w.ordered(a, l)
	}
	if l.now.Follows != "" {
		w.hangs(a, l.now)
	}
}

// once looks for the same item of the same post on the same channel, under
// whatever delivery and revision it was sent before.
func (w *world) once(p *platform, a *accepted, l *life) {
	n, wished := 0, 0
	for _, id := range w.watch.order {
		if o := w.watch.lives[id]; sameTask(o.now, l.now) {
			wished += o.wished
		}
	}
	for _, o := range p.posts {
		ol := w.watch.lives[o.delivery]
		if ol != nil && !o.refused && o.item == a.item && sameTask(ol.now, l.now) {
			n++
		}
	}
	if n > 1+wished {
		w.violate(RuleOnce, "%s has item %d of %s %d times; people asked for %d more", p.id, a.item, a.delivery, n, wished)
	}
}

// ordered holds a reply against what it hangs on.
func (w *world) ordered(a *accepted, l *life) {
	d, ok := l.intents[a.key]
	if !ok || a.item > d.Current() || d.Parts[0].Ref == nil || d.Parts[a.item-1].Ref == nil {
		w.violate(RuleOrder, "item %d of %s is out before the one before it", a.item, a.delivery)
		return
	}
	if a.parent != d.Parts[a.item-1].Ref.ID || a.root != d.Parts[0].Ref.ID {
		w.violate(RuleOrder, "item %d of %s hangs on %q below %q", a.item, a.delivery, a.parent, a.root)
	}
}

// check holds the end of the run against the promises.
func (w *world) check() {
	ctx := context.Background()
	for _, id := range w.watch.order {
		l := w.watch.lives[id]
		d, err := w.watch.Store.Deliveries().Get(ctx, l.now.Organization, id)
		if err != nil {
			w.violate(RuleLedger, "%s cannot be read: %v", id, err)
			continue
		}
		as, err := w.watch.Store.Attempts().OfDeliveries(ctx, d.Organization, id)
		if err != nil {
			w.violate(RuleLedger, "the attempts of %s cannot be read: %v", id, err)
			continue
		}
		w.report.Ends[d.State]++
		w.checkRest(l, d)
		w.checkAttempts(d, as)
		w.checkParts(l, d)
		w.checkFollowing(l)
	}
	for _, p := range w.platforms {
		w.checkPlatform(ctx, p)
	}
	for _, id := range w.watch.postOrder {
		w.checkEvents(ctx, w.watch.posts[id])
	}
}

// checkRest: everything has come to an end, and the store has it.
func (w *world) checkRest(l *life, d domain.Delivery) {
	switch d.State {
	case domain.DeliveryPublished, domain.DeliveryFailed, domain.DeliveryUnknown, domain.DeliveryMissed, domain.DeliveryCanceled:
	default:
		w.violate(RuleEnds, "%s is still %s, due %s, awake at %s: %s", d.ID, d.State, d.DueAt, d.WakeAt, d.Reason.Message)
	}
	if d.State != l.now.State || d.Attempts != l.now.Attempts || d.Current() != l.now.Current() {
		w.violate(RuleLedger, "%s was left %s with %d attempts, the store has it %s with %d", d.ID, l.now.State, l.now.Attempts, d.State, d.Attempts)
	}
	if (d.State == domain.DeliveryPublished) != (d.Current() == len(d.Parts)) {
		w.violate(RuleLedger, "%s is %s, with %d of %d items out", d.ID, d.State, d.Current(), len(d.Parts))
	}
	if p := w.watch.posts[d.Post]; d.State == domain.DeliveryPublished && d.Follows == "" && d.Revision == p.Revision && len(d.Parts) != len(p.ItemsFor(d.Channel)) {
		w.violate(RuleLedger, "%s has %d parts, its post %d items", d.ID, len(d.Parts), len(p.ItemsFor(d.Channel)))
	}
	if d.Open != "" {
		w.violate(RuleLedger, "%s is %s with an open intent", d.ID, d.State)
	}
}

// checkAttempts: the ledger is whole, and each result is true.
func (w *world) checkAttempts(d domain.Delivery, as []domain.Attempt) {
	if len(as) != d.Attempts {
		w.violate(RuleLedger, "%s counts %d attempts, the ledger has %d", d.ID, d.Attempts, len(as))
	}
	for i, a := range as {
		if a.Number != i+1 {
			w.violate(RuleLedger, "attempt %d of %s is called %d", i+1, d.ID, a.Number)
		}
		if a.Key != domain.AttemptKey(d.ID, a.Item, a.Revision) {
			w.violate(RuleLedger, "attempt %d of %s has the key %s", a.Number, d.ID, a.Key)
		}
	}
	p := w.platformOf(d)
	for _, a := range as {
		switch {
		case a.Result == domain.AttemptOpen:
			w.violate(RuleLedger, "attempt %d of %s has no result although it is %s", a.Number, d.ID, d.State)
		case a.Reason.Code == "settled": // a person said so, and people err
		case a.Result == domain.AttemptRefused && p.took(a.ID):
			w.violate(RuleLedger, "attempt %d of %s counts as refused, and the platform took it", a.Number, d.ID)
		case a.Result == domain.AttemptAccepted && len(p.byKey[a.Key]) == 0:
			w.violate(RuleLedger, "attempt %d of %s counts as accepted, and the platform has nothing", a.Number, d.ID)
		}
	}
}

// at is the item at ref. Where a person gave it, there is only the link.
func (p *platform) at(r domain.Ref) *accepted {
	if a := p.byID[r.ID]; a != nil {
		return a
	}
	return p.byID[bareID(r)]
}

func bareID(r domain.Ref) string { return strings.TrimPrefix(r.ID, pages) }

func (w *world) platformOf(d domain.Delivery) *platform {
	return w.platforms[slices.IndexFunc(w.platforms, func(p *platform) bool { return p.id == d.Provider })]
}

// took reports whether what an attempt sent is out, or was found to be.
func (p *platform) took(id domain.AttemptID) bool {
	_, had := p.had[id]
	return had || slices.ContainsFunc(p.posts, func(a *accepted) bool { return a.attempt == id && !a.refused })
}

// checkParts: what counts as out is out, and what counts as not out is not.
func (w *world) checkParts(l *life, d domain.Delivery) {
	p := w.platformOf(d)
	for i, part := range d.Parts {
		if part.Ref == nil {
			continue
		}
		if part.Ref.ID == "" {
			continue // a person saw it, and gave no link
		}
		switch a := p.at(*part.Ref); {
		case a == nil || a.refused:
			w.violate(RuleLedger, "item %d of %s counts as out at %s, which is not there", i, d.ID, part.Ref.ID)
		case d.Action == domain.ActionRepost: // another rule may have asked for the same one
		case a.key != domain.AttemptKey(d.ID, i, d.Revision):
			w.violate(RuleLedger, "item %d of %s counts as out at %s, which is %s", i, d.ID, part.Ref.ID, a.key)
		}
	}
	if l.wished == 0 && d.State != domain.DeliveryUnknown && d.State != domain.DeliveryPublished {
		w.checkNotOut(p, d)
	}
}

func (w *world) checkNotOut(p *platform, d domain.Delivery) {
	for _, a := range p.posts {
		if a.delivery == d.ID && a.item >= d.Current() && !a.refused {
			w.violate(RuleLedger, "%s is %s, and its item %d is out as %s", d.ID, d.State, a.item, a.id)
		}
	}
}

// checkPlatform: everything that is out has an attempt in the ledger.
func (w *world) checkPlatform(ctx context.Context, p *platform) {
	for _, a := range p.posts {
		l := w.watch.lives[a.delivery]
		if l == nil {
			continue
		}
		as, err := w.watch.Store.Attempts().OfDeliveries(ctx, l.now.Organization, a.delivery)
		if err != nil || !slices.ContainsFunc(as, func(at domain.Attempt) bool { return at.Key == a.key && at.ID == a.attempt }) {
			w.violate(RuleLedger, "%s is out as %s, and no attempt tells of it (%v)", a.key, a.id, err)
		}
	}
}

// checkEvents: every change of state has its event, in order, and nothing else.
func (w *world) checkEvents(ctx context.Context, p domain.Post) {
	evs, err := w.watch.Store.Outbox().OfPost(ctx, p.Organization, p.ID, 100_000)
	if err != nil {
		w.violate(RuleEvents, "the events of %s cannot be read: %v", p.ID, err)
		return
	}
	told := map[string][]domain.EventKind{}
	for i, e := range evs {
		if i > 0 && e.Seq <= evs[i-1].Seq {
			w.violate(RuleEvents, "event %s of %s comes out of order", e.Kind, p.ID)
		}
		told[e.Subject] = append(told[e.Subject], e.Kind)
		w.checkToldToPeople(p, evs, i)
	}
	if len(told[string(p.ID)]) == 0 {
		w.violate(RuleEvents, "no event tells of %s itself", p.ID)
	}
	for _, id := range w.watch.order {
		l := w.watch.lives[id]
		if l.now.Post != p.ID {
			continue
		}
		var want []domain.EventKind
		for _, s := range l.states {
			want = append(want, domain.DeliveryEvent(s))
		}
		if !slices.Equal(told[string(id)], want) {
			w.violate(RuleEvents, "%s went through %s, its events tell %s", id, kindsOf(want), kindsOf(told[string(id)]))
		}
	}
}

// checkToldToPeople: where a delivery comes to need a person, an event of its
// post follows, for that is what people subscribe to.
func (w *world) checkToldToPeople(p domain.Post, evs []domain.Event, i int) {
	state, found := strings.CutPrefix(string(evs[i].Kind), "delivery.")
	if !found || !domain.DeliveryState(state).NeedsAttention() {
		return
	}
	if l := w.watch.lives[domain.DeliveryID(evs[i].Subject)]; l != nil && l.now.Follows != "" {
		return // it makes nothing of the post
	}
	// Deleting a post stops what is left of it; who did that need not be told.
	next := slices.IndexFunc(evs[i:], func(e domain.Event) bool { return e.Subject == string(p.ID) })
	if next < 0 || evs[i+next].Kind != domain.PostEvent(domain.Summary(state)) && evs[i+next].Kind != domain.EventPostDeleted {
		w.violate(RuleEvents, "no event post.%s of %s follows the one that %s is %s", state, p.ID, evs[i].Subject, state)
	}
}

func kindsOf(kinds []domain.EventKind) string {
	s := ""
	for i, k := range kinds {
		s += strconv.Itoa(i+1) + ":" + string(k) + " "
	}
	return s
}
