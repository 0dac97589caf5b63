package simulation_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/simulation"
)

// TestWrongPortsAreFound puts stores and providers that are wrong on purpose
// under the right engine. Each must break a promise of the kind that it breaks.
func TestWrongPortsAreFound(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		store    func(*wrong)
		provider func(social.Provider) social.Provider
		rules    []simulation.Rule
	}{
		"the store drops the intent":        {store: func(w *wrong) { w.dropIntent = true }, rules: []simulation.Rule{simulation.RuleLedger, simulation.RuleEnds}},
		"the store drops a result":          {store: func(w *wrong) { w.dropResult = true }, rules: []simulation.Rule{simulation.RuleLedger}},
		"the store hands a claim out twice": {store: func(w *wrong) { w.claimTwice = true }, rules: []simulation.Rule{simulation.RuleLedger, simulation.RuleOnce}},
		"the store claims before the time":  {store: func(w *wrong) { w.claimEarly = true }, rules: []simulation.Rule{simulation.RuleTime}},
		"the store forgets to claim":        {store: func(w *wrong) { w.claimNever = true }, rules: []simulation.Rule{simulation.RuleEnds, simulation.RulePace}},
		"the store loses an event":          {store: func(w *wrong) { w.loseEvent = true }, rules: []simulation.Rule{simulation.RuleEvents}},
		"the store has no fencing token":    {store: func(w *wrong) { w.noFence = true }, rules: []simulation.Rule{simulation.RuleLedger, simulation.RuleOnce, simulation.RuleEnds}},
		"the store keeps no pace":           {store: func(w *wrong) { w.noPace = true }, rules: []simulation.Rule{simulation.RulePace}},
		"the store does not roll back":      {store: func(w *wrong) { w.noRollback = true }, rules: []simulation.Rule{simulation.RuleLedger, simulation.RuleEvents, simulation.RulePace}},
		"the provider retries by itself":    {provider: func(p social.Provider) social.Provider { return retrying{p.(plain)} }, rules: []simulation.Rule{simulation.RuleLedger, simulation.RuleOnce}},
		"the provider plays lost answers down": {
			provider: func(p social.Provider) social.Provider { return harmless{p.(plain)} }, rules: []simulation.Rule{simulation.RuleLedger, simulation.RuleOnce},
		},
		"the provider forgets what a reply hangs on": {
			provider: func(p social.Provider) social.Provider { return flat{p.(plain)} }, rules: []simulation.Rule{simulation.RuleOrder, simulation.RuleFollows},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := simulation.Options{WrapProvider: tc.provider}
			if tc.store != nil {
				o.Store = func() store.Store {
					w := &wrong{Store: memstore.New()}
					tc.store(w)
					return w
				}
			}
			for seed := range uint64(2000) {
				r := simulation.Run(seed, o)
				if len(r.Violations) == 0 {
					continue
				}
				t.Logf("seed %d: %s", seed, r.Violations[0])
				if !slices.Contains(tc.rules, r.Violations[0].Rule) {
					t.Errorf("it broke %q, want one of %q", r.Violations[0].Rule, tc.rules)
				}
				return
			}
			t.Error("nothing was noticed")
		})
	}
}

// wrong is a store that breaks one thing of its contract.
type wrong struct {
	store.Store
	dropIntent, dropResult, claimTwice, claimEarly, claimNever, loseEvent, noFence, noRollback, noPace bool

	n    int
	last domain.Delivery // that was claimed
}

// sometimes is true now and then, so that what is wrong does not stop all.
func (w *wrong) sometimes() bool { w.n++; return w.n%7 == 0 }

func (w *wrong) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	var failed error
	err := w.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		failed = fn(ctx, wrongTx{r, w})
		if w.noRollback {
			return nil
		}
		return failed
	})
	if err == nil {
		err = failed
	}
	return err
}

func (w *wrong) Deliveries() store.Deliveries { return wrongClaims{w.Store.Deliveries(), w} }

type wrongClaims struct {
	store.Deliveries
	w *wrong
}

func (c wrongClaims) Claim(ctx context.Context, q store.Claim) ([]domain.Delivery, error) {
	if c.w.claimTwice {
		d := c.w.last
		c.w.last = domain.Delivery{}
		if now, err := c.Get(ctx, d.Organization, d.ID); err == nil && d.Lease.Owner != q.Owner && now.Lease == d.Lease {
			return []domain.Delivery{d}, nil
		}
	}
	if c.w.claimEarly && c.w.sometimes() {
		q.Now = q.Now.Add(time.Minute)
	}
	ds, err := c.Deliveries.Claim(ctx, q)
	if err != nil {
		return nil, err
	}
	for i, d := range ds {
		c.w.last = d
		if c.w.noFence {
			ds[i], err = c.Update(ctx, d.Organization, d.ID, func(d *domain.Delivery) error { d.Lease.Token--; return nil })
		}
	}
	if c.w.claimNever && len(ds) > 0 && c.w.sometimes() {
		_, err = c.Update(ctx, ds[0].Organization, ds[0].ID, func(d *domain.Delivery) error { d.WakeAt = time.Time{}; return nil })
		return nil, err
	}
	return ds, err
}

type wrongTx struct {
	store.Repos
	w *wrong
}

func (t wrongTx) Deliveries() store.Deliveries { return wrongPace{t.Repos.Deliveries(), t.w} }

type wrongPace struct {
	store.Deliveries
	w *wrong
}

func (p wrongPace) Pace(ctx context.Context, org domain.OrganizationID, free map[domain.ChannelID]time.Time) error {
	if p.w.noPace {
		return nil
	}
	return p.Deliveries.Pace(ctx, org, free)
}

func (t wrongTx) Attempts() store.Attempts { return wrongAttempts{t.Repos.Attempts(), t.w} }
func (t wrongTx) Outbox() store.Outbox     { return wrongOutbox{t.Repos.Outbox(), t.w} }

type wrongAttempts struct {
	store.Attempts
	w *wrong
}

func (a wrongAttempts) Insert(ctx context.Context, org domain.OrganizationID, as ...domain.Attempt) error {
	if a.w.dropIntent && a.w.sometimes() {
		return nil
	}
	return a.Attempts.Insert(ctx, org, as...)
}

func (a wrongAttempts) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.AttemptID, change func(*domain.Attempt) error) ([]domain.Attempt, error) {
	if a.w.dropResult && a.w.sometimes() {
		return make([]domain.Attempt, len(ids)), nil
	}
	return a.Attempts.UpdateMany(ctx, org, ids, change)
}

type wrongOutbox struct {
	store.Outbox
	w *wrong
}

func (o wrongOutbox) Append(ctx context.Context, evs ...domain.Event) error {
	if o.w.loseEvent && o.w.sometimes() {
		return nil
	}
	return o.Outbox.Append(ctx, evs...)
}

// plain is a provider with nothing but what it must have.
type plain interface {
	social.Provider
	social.FormConnector
}

// retrying sends again after an answer was lost.
type retrying struct{ plain }

func (p retrying) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	out, err := p.plain.Publish(ctx, t, it, at)
	if social.CodeOf(err) == social.CodeOutcomeUnknown {
		return p.plain.Publish(ctx, t, it, at)
	}
	return out, err
}

// harmless says that nothing happened when nobody knows.
type harmless struct{ plain }

func (p harmless) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	out, err := p.plain.Publish(ctx, t, it, at)
	if social.CodeOf(err) == social.CodeOutcomeUnknown {
		err = social.Errorf(social.CodeUnavailable, "Try again.")
	}
	return out, err
}

// flat publishes replies as if they were posts of their own.
type flat struct{ plain }

func (p flat) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	it.Parent, it.Root = nil, nil
	return p.plain.Publish(ctx, t, it, at)
}
