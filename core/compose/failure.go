package compose

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const (
	// retryBatch is how many failures one transaction of RetryCause takes up.
	retryBatch = 100
	// maxRetries bounds what one call of RetryCause takes up.
	maxRetries = 1000
)

// retryable are the states that a bulk retry takes up. What is unknown needs a
// person's answer one by one, and what is blocked goes on by itself.
func retryable() []domain.DeliveryState {
	return []domain.DeliveryState{domain.DeliveryFailed, domain.DeliveryMissed}
}

// Failures is the failures of one cause, and what is to be done about them.
type Failures struct {
	store.FailureGroup
	Remedy Remedy
	// Advice is Remedy in a sentence for people.
	Advice string
}

// Causes groups the failures that match f by their cause, the most frequent
// first.
func (s *Service) Causes(ctx context.Context, a domain.Actor, f store.FailureFilter) ([]Failures, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Read); err != nil {
		return nil, err
	}
	narrow(a, &f)
	groups, err := s.cfg.Store.Deliveries().FailureGroups(ctx, a.Organization, f)
	if err != nil {
		return nil, fmt.Errorf("group failures: %w", err)
	}
	slices.SortFunc(groups, func(x, y store.FailureGroup) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.State, y.State), cmp.Compare(x.Code, y.Code), cmp.Compare(x.Provider, y.Provider))
	})
	out := make([]Failures, len(groups))
	for i, g := range groups {
		out[i].FailureGroup = g
		out[i].Remedy, out[i].Advice = remedy(g.State, g.Code)
	}
	return out, nil
}

// ListFailures returns the failures that match f, the newest first.
func (s *Service) ListFailures(ctx context.Context, a domain.Actor, f store.FailureFilter, p store.Page) ([]domain.Delivery, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Read); err != nil {
		return nil, err
	}
	narrow(a, &f)
	ds, err := s.cfg.Store.Deliveries().ListFailures(ctx, a.Organization, f, p)
	if err != nil {
		return nil, fmt.Errorf("list failures: %w", err)
	}
	return ds, nil
}

// narrow keeps the failures within the reach of a.
func narrow(a domain.Actor, f *store.FailureFilter) {
	if a.Reach != nil {
		f.Among = a.Reach.Channels()
	}
}

// Skip is why a bulk retry left a failure as it is.
type Skip string

// The reasons.
const (
	// SkipChannel: its channel has to be connected again first.
	SkipChannel Skip = "channel_not_active"
	// SkipChanged: it no longer stands still for this cause.
	SkipChanged Skip = "changed_meanwhile"
)

// Retried is what a bulk retry came to.
type Retried struct {
	// Retried counts the deliveries that go out again.
	Retried int
	// Skipped counts those that were left as they are.
	Skipped map[Skip]int
	// More says that there are more than one call takes up: call again.
	More bool
}

// RetryCause takes up the failed and missed deliveries that match f, which must
// name a Code, like TryAgain does for one post. They are due now, so each channel sends
// them one after the other at its own pace. Actors who may not manage the posts
// of others take up their own only.
//
// With dry it changes nothing and says what it would do. It works in bounded
// transactions: what was taken up stays so when a later one fails. It may be
// repeated; a second call finds nothing. Errors: Invalid.
func (s *Service) RetryCause(ctx context.Context, a domain.Actor, f store.FailureFilter, dry bool) (Retried, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Update); err != nil {
		return Retried{}, err
	}
	if err := fault.Check(retryProblems(f)); err != nil {
		return Retried{}, err
	}
	if len(f.States) == 0 {
		f.States = retryable()
	}
	if s.cfg.Access.Check(a, permit.PostsOfOthers, permit.Update) != nil {
		f.Author = a.User
	}
	narrow(a, &f)
	run := &retry{Service: s, actor: a, filter: f, dry: dry, now: domain.Instant(s.cfg.Now()), active: map[domain.ChannelID]bool{}}
	run.out.Skipped = map[Skip]int{}
	err := run.all(ctx)
	if run.out.Retried > 0 && !dry {
		s.cfg.Wake()
	}
	if err != nil {
		return run.out, fmt.Errorf("retry failures: %w", err)
	}
	return run.out, nil
}

func retryProblems(f store.FailureFilter) []fault.Problem {
	var out []fault.Problem
	if f.Code == "" {
		out = append(out, fault.Problem{Field: "code", Rule: "required", Message: "Say which failures to try again: name the code of their cause."})
	}
	for _, s := range f.States {
		switch {
		case slices.Contains(retryable(), s):
		case s == domain.DeliveryUnknown:
			out = append(out, fault.Problem{Field: "state", Rule: "not_retryable", Message: "What may be out is never sent again in bulk. Look at each one and say whether it is there."})
		case s == domain.DeliveryBlocked:
			out = append(out, fault.Problem{Field: "state", Rule: "not_retryable", Message: "What is blocked goes on by itself once its cause is gone, such as after its account was connected again."})
		default:
			out = append(out, fault.Problem{Field: "state", Rule: "enum", Message: "This must be one of: failed, missed."})
		}
	}
	return out
}

// retry is one run of RetryCause.
type retry struct {
	*Service
	actor  domain.Actor
	filter store.FailureFilter
	dry    bool
	now    time.Time
	// active remembers which channels can publish.
	active map[domain.ChannelID]bool
	out    Retried
}

// all walks from the newest failure to the oldest, so that what fails again
// meanwhile is not met a second time.
func (t *retry) all(ctx context.Context) error {
	var page store.Page
	for {
		page.Limit = min(retryBatch, max(1, maxRetries-t.out.Retried))
		ds, err := t.cfg.Store.Deliveries().ListFailures(ctx, t.actor.Organization, t.filter, page)
		if err != nil || len(ds) == 0 {
			return err
		}
		if t.out.Retried >= maxRetries {
			t.out.More = true
			return nil
		}
		last := ds[len(ds)-1]
		page.After = store.Position{At: last.UpdatedAt, ID: string(last.ID)}
		if ds, err = t.onActive(ctx, ds); err != nil {
			return err
		}
		if err := t.batch(ctx, ds); err != nil {
			return err
		}
	}
}

// onActive leaves out, and counts, what is on channels that cannot publish.
func (t *retry) onActive(ctx context.Context, ds []domain.Delivery) ([]domain.Delivery, error) {
	var ask []domain.ChannelID
	for _, d := range ds {
		if _, known := t.active[d.Channel]; !known {
			t.active[d.Channel] = false
			ask = append(ask, d.Channel)
		}
	}
	if len(ask) > 0 {
		found, err := t.cfg.Store.Channels().GetMany(ctx, t.actor.Organization, ask)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			t.active[c.ID] = c.State == domain.ChannelActive
		}
	}
	var out []domain.Delivery
	for _, d := range ds {
		if !t.active[d.Channel] {
			t.out.Skipped[SkipChannel]++
			continue
		}
		out = append(out, d)
	}
	return out, nil
}

// batch takes up ds in one transaction.
func (t *retry) batch(ctx context.Context, ds []domain.Delivery) error {
	n := len(ds)
	if !t.dry && n > 0 {
		err := t.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
			n, err = t.take(ctx, r, ds)
			return err
		})
		if err != nil {
			return err
		}
	}
	t.out.Retried += n
	if changed := len(ds) - n; changed > 0 {
		t.out.Skipped[SkipChanged] += changed
	}
	return nil
}

// take takes up those of ds that are as they were when they were listed, and
// returns how many that are.
func (t *retry) take(ctx context.Context, r store.Repos, ds []domain.Delivery) (n int, err error) {
	posts, err := t.lockAll(ctx, r, ds)
	if err != nil {
		return 0, err
	}
	for _, listed := range ds {
		p, there := posts[listed.Post]
		if !there {
			continue
		}
		d, err := r.Deliveries().Get(ctx, t.actor.Organization, listed.ID)
		if err != nil {
			return 0, err
		}
		if d.Version != listed.Version {
			continue
		}
		if err := t.again(ctx, r, p, d, t.now); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// lockAll locks the posts of ds, in the order of their ids, so that two runs
// cannot wait for each other. It returns those that are still there.
func (t *retry) lockAll(ctx context.Context, r store.Repos, ds []domain.Delivery) (map[domain.PostID]domain.Post, error) {
	named, there := map[domain.PostID]bool{}, map[domain.PostID]domain.Post{}
	for _, d := range ds {
		named[d.Post] = true
	}
	for _, id := range slices.Sorted(maps.Keys(named)) {
		p, err := t.lock(ctx, r, t.actor, permit.Update, id, 0)
		switch {
		case err == nil:
			there[id] = p
		case fault.KindOf(err) != fault.NotFound:
			return nil, err
		}
	}
	return there, nil
}
