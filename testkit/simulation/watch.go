package simulation

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// watch is a store that remembers every commit, so that each can be held
// against the promises when it is made and against the store at the end.
type watch struct {
	store.Store
	w *world

	posts     map[domain.PostID]domain.Post
	postOrder []domain.PostID
	lives     map[domain.DeliveryID]*life
	order     []domain.DeliveryID
	attempts  map[domain.AttemptID]domain.Attempt
	sends     map[domain.AttemptID]int
	changed   map[domain.ChannelID]change
}

// change is the last intent on a channel.
type change struct {
	of domain.DeliveryID
	at time.Time
}

// life is what was seen of one delivery.
type life struct {
	now     domain.Delivery
	states  []domain.DeliveryState // one for each event that must have come
	claimed time.Time
	wished  int // how often a person had an unknown one sent again
	intents map[string]domain.Delivery
	// after are the rules of its post when it was published.
	after []domain.After
}

func newWatch(w *world, st store.Store) *watch {
	return &watch{
		Store: st, w: w, posts: map[domain.PostID]domain.Post{}, lives: map[domain.DeliveryID]*life{},
		attempts: map[domain.AttemptID]domain.Attempt{}, sends: map[domain.AttemptID]int{}, changed: map[domain.ChannelID]change{},
	}
}

// InTx implements store.Store.
func (s *watch) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	var tx *watchedTx
	err := s.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		tx = &watchedTx{Repos: r} // a second run starts over
		return fn(ctx, tx)
	})
	if err != nil {
		return err
	}
	for _, p := range tx.posts {
		if _, known := s.posts[p.ID]; !known {
			s.postOrder = append(s.postOrder, p.ID)
		}
		s.posts[p.ID] = p
	}
	for _, a := range tx.attempts {
		s.attempts[a.ID] = a
	}
	for _, d := range tx.deliveries {
		s.seen(d)
	}
	return nil
}

// Deliveries implements store.Repos.
func (s *watch) Deliveries() store.Deliveries { return claims{s.Store.Deliveries(), s} }

// claims notes when a delivery was claimed.
type claims struct {
	store.Deliveries
	s *watch
}

func (c claims) Claim(ctx context.Context, q store.Claim) ([]domain.Delivery, error) {
	ds, err := c.Deliveries.Claim(ctx, q)
	for _, d := range ds {
		c.s.inTurn(d)
		if l := c.s.lives[d.ID]; l != nil {
			l.claimed = c.s.w.now
			l.now.Lease, l.now.Version = d.Lease, d.Version
		}
		c.s.w.tracef("%s takes %s (%s)", q.Owner, d.ID, d.State)
	}
	return ds, err
}

// watchedTx collects what a transaction wrote.
type watchedTx struct {
	store.Repos
	posts      []domain.Post
	deliveries []domain.Delivery
	attempts   []domain.Attempt
}

func (t *watchedTx) Posts() store.Posts           { return watchedPosts{t.Repos.Posts(), t} }
func (t *watchedTx) Deliveries() store.Deliveries { return watchedDeliveries{t.Repos.Deliveries(), t} }
func (t *watchedTx) Attempts() store.Attempts     { return watchedAttempts{t.Repos.Attempts(), t} }

type watchedPosts struct {
	store.Posts
	t *watchedTx
}

func (r watchedPosts) Insert(ctx context.Context, org domain.OrganizationID, p domain.Post) error {
	err := r.Posts.Insert(ctx, org, p)
	if err == nil {
		r.t.posts = append(r.t.posts, p)
	}
	return err
}

func (r watchedPosts) Update(ctx context.Context, org domain.OrganizationID, id domain.PostID, change func(*domain.Post) error) (domain.Post, error) {
	p, err := r.Posts.Update(ctx, org, id, change)
	if err == nil {
		r.t.posts = append(r.t.posts, p)
	}
	return p, err
}

type watchedDeliveries struct {
	store.Deliveries
	t *watchedTx
}

func (r watchedDeliveries) Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error {
	err := r.Deliveries.Insert(ctx, org, ds...)
	if err == nil {
		r.t.deliveries = append(r.t.deliveries, ds...)
	}
	return err
}

func (r watchedDeliveries) Update(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID, change func(*domain.Delivery) error) (domain.Delivery, error) {
	d, err := r.Deliveries.Update(ctx, org, id, change)
	if err == nil {
		r.t.deliveries = append(r.t.deliveries, d)
	}
	return d, err
}

func (r watchedDeliveries) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.DeliveryID, change func(*domain.Delivery) error) ([]domain.Delivery, error) {
	ds, err := r.Deliveries.UpdateMany(ctx, org, ids, change)
	r.t.deliveries = append(r.t.deliveries, ds...)
	return ds, err
}

type watchedAttempts struct {
	store.Attempts
	t *watchedTx
}

func (r watchedAttempts) Insert(ctx context.Context, org domain.OrganizationID, as ...domain.Attempt) error {
	err := r.Attempts.Insert(ctx, org, as...)
	if err == nil {
		r.t.attempts = append(r.t.attempts, as...)
	}
	return err
}

func (r watchedAttempts) Update(ctx context.Context, org domain.OrganizationID, id domain.AttemptID, change func(*domain.Attempt) error) (domain.Attempt, error) {
	a, err := r.Attempts.Update(ctx, org, id, change)
	if err == nil {
		r.t.attempts = append(r.t.attempts, a)
	}
	return a, err
}

func (r watchedAttempts) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.AttemptID, change func(*domain.Attempt) error) ([]domain.Attempt, error) {
	as, err := r.Attempts.UpdateMany(ctx, org, ids, change)
	r.t.attempts = append(r.t.attempts, as...)
	return as, err
}

// seen takes in a delivery as it was committed.
func (s *watch) seen(d domain.Delivery) {
	l := s.lives[d.ID]
	if l == nil {
		l = &life{intents: map[string]domain.Delivery{}}
		s.lives[d.ID] = l
		s.order = append(s.order, d.ID)
	}
	if len(l.states) == 0 || l.now.State != d.State {
		l.states = append(l.states, d.State)
		if d.State == domain.DeliveryPublished && d.Follows == "" {
			l.after = s.posts[d.Post].After
		}
		s.w.tracef("%s is %s %s", d.ID, d.State, d.Reason.Code)
	}
	was := l.now.Open
	l.now = d
	if d.Open != "" && d.Open != was {
		s.intended(l, d, was)
	}
}

// inTurn holds a claim against what its channel has to do.
func (s *watch) inTurn(d domain.Delivery) {
	for _, id := range s.order {
		o := s.lives[id].now
		if o.Channel != d.Channel || o.ID == d.ID {
			continue
		}
		if o.Lease.Until.After(s.w.now) {
			s.w.violate(RulePace, "%s is taken while %s of the same channel is held", d.ID, o.ID)
		}
		if d.Leads() && o.Leads() && (o.DueAt.Before(d.DueAt) || o.DueAt.Equal(d.DueAt) && o.ID < d.ID) {
			s.w.violate(RulePace, "%s is taken before %s, which is due first", d.ID, o.ID)
		}
	}
}

// paced holds the first intent of a delivery against the one before it on its
// channel.
func (s *watch) paced(d domain.Delivery) {
	last, ok := s.changed[d.Channel]
	if gap := s.w.now.Sub(last.at); ok && last.of != d.ID && d.Current() == 0 && gap < s.w.gap-time.Microsecond { // stores cut times
		s.w.violate(RulePace, "%s begins %s behind %s on the same channel", d.ID, gap, last.of)
	}
	s.changed[d.Channel] = change{d.ID, s.w.now}
}

// intended holds a new intent against the promises of time and order.
func (s *watch) intended(l *life, d domain.Delivery, was domain.AttemptID) {
	i := d.Current()
	if was == "" { // a repeated call takes the place of the one whose answer was lost
		s.paced(d)
		s.letOut(d)
	}
	s.w.tracef("%s intends item %d as attempt %d", d.ID, i, d.Attempts)
	l.intents[domain.AttemptKey(d.ID, i, d.Revision)] = d
	if i == 0 && was == "" {
		if late := l.claimed.Sub(d.DueAt); late > lateWindow {
			s.w.violate(RuleTime, "%s was taken up %s after its time and is published all the same", d.ID, late)
		}
	}
	if i == 0 {
		return
	}
	if i >= len(d.Parts) {
		s.w.violate(RuleLedger, "%s intends an item that does not exist", d.ID)
		return
	}
	post := s.posts[d.Post]
	if items := post.ItemsFor(d.Channel); i < len(items) && s.w.now.Before(d.Parts[i-1].PublishedAt.Add(items[i].Delay)) {
		s.w.violate(RuleTime, "item %d of %s does not wait for its delay", i, d.ID)
	}
}

// sent holds a request that leaves for a platform against the promises. It
// returns the attempt that it belongs to.
func (s *watch) sent(id domain.DeliveryID, key string) domain.AttemptID {
	l := s.lives[id]
	if l == nil {
		s.w.violate(RuleLedger, "a request with the key %s belongs to no delivery", key)
		return ""
	}
	d := l.now
	a := s.attempts[d.Open]
	switch {
	case d.State == domain.DeliveryCanceled:
		s.w.violate(RuleCanceled, "%s is canceled and is sent", id)
	case d.Open == "":
		s.w.violate(RuleLedger, "%s is sent as it is %s, without an intent on record", id, d.State)
	case a.Key != key:
		s.w.violate(RuleLedger, "%s is sent with the key %s, the intent on record has %s", id, key, a.Key)
	}
	if s.w.now.Before(d.DueAt) {
		s.w.violate(RuleTime, "%s is sent %s before its time", id, d.DueAt.Sub(s.w.now))
	}
	if d.Open == "" {
		return ""
	}
	if s.sends[d.Open]++; s.sends[d.Open] > 1 {
		s.w.violate(RuleLedger, "attempt %d of %s is sent %d times", a.Number, id, s.sends[d.Open])
	}
	return d.Open
}

// waits reports whether a delivery waits for the engine.
func (s *watch) waits() bool {
	for _, id := range s.order {
		if d := s.lives[id].now; !d.WakeAt.IsZero() {
			return true
		}
	}
	return false
}

// lastDue is when the last delivery is due, but not before now.
func (s *watch) lastDue(now time.Time) time.Time {
	for _, id := range s.order {
		if d := s.lives[id].now; d.DueAt.After(now) {
			now = d.DueAt
		}
	}
	return now
}
