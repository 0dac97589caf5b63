package simulation

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/after"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// following makes up what is to follow a post on the first of its channels.
func (p *people) following(t *team, targets []domain.Target) []domain.After {
	w := p.w
	var out []domain.After
	for range 1 + w.rng.IntN(2) {
		a := domain.After{Do: domain.ActionRepost, Delay: []time.Duration{0, time.Minute, 2 * time.Hour}[w.rng.IntN(3)]}
		if w.roll(0.6) {
			a.Do, a.Text = domain.ActionComment, "and one more thing"
		}
		if w.roll(0.4) {
			a.Likes, a.Watch = 1+w.rng.IntN(50), w.between(time.Hour, 10*time.Hour)
		}
		if w.roll(0.3) {
			a.Channel = p.beside(t, targets[0].Channel)
		}
		out = append(out, a)
	}
	return out
}

// beside is a channel of t on the platform of the given one, which it may be
// itself.
func (p *people) beside(t *team, id domain.ChannelID) domain.ChannelID {
	var on domain.ProviderID
	for _, ch := range t.channels {
		if ch.ID == id {
			on = ch.Provider
		}
	}
	var all []domain.ChannelID
	for _, ch := range t.channels {
		if ch.Provider == on {
			all = append(all, ch.ID)
		}
	}
	return all[p.w.rng.IntN(len(all))]
}

// Metrics implements social.Meter: likes come with time.
func (f facade) Metrics(ctx context.Context, t social.Target, r social.Ref) (social.Metrics, error) {
	if err := f.ask(ctx, t, "counting likes"); err != nil {
		return nil, err
	}
	a := f.at(r)
	if a == nil {
		return nil, social.Errorf(social.CodeRejected, "It is gone.")
	}
	return social.Metrics{social.MetricLikes: int64(f.w.now.Sub(a.at) / a.perLike)}, nil
}

// Resolve implements social.Resolver.
func (f facade) Resolve(ctx context.Context, t social.Target, r social.Ref) (social.Ref, error) {
	if err := f.ask(ctx, t, "resolving"); err != nil {
		return social.Ref{}, err
	}
	a := f.at(r)
	if a == nil {
		return social.Ref{}, social.Errorf(social.CodeRejected, "There is no such item.")
	}
	return ref(a), nil
}

// Repost implements social.Reposter: an account reposts an item once.
func (f facade) Repost(ctx context.Context, t social.Target, of social.Ref) (social.Ref, error) {
	out, err := f.change(ctx, t, func(attempt domain.AttemptID) (social.Outcome, error) { return f.reposted(t, of, attempt) })
	switch {
	case err != nil:
		return social.Ref{}, err
	case out.Ref == nil: // nonsense
		return social.Ref{}, social.Errorf(social.CodeOutcomeUnknown, "Nobody understands the answer.")
	default:
		return *out.Ref, nil
	}
}

// reposted is what the platform makes of a repost that reached it.
func (f facade) reposted(t social.Target, of social.Ref, attempt domain.AttemptID) (social.Outcome, error) {
	if err := f.authorize(t); err != nil {
		return social.Outcome{}, err
	}
	if err := f.refusal(); err != nil {
		return social.Outcome{}, err
	}
	if f.at(of) == nil {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "It is gone.")
	}
	id := t.Account + " reposts " + of.ID
	a := f.byID[id]
	if a == nil {
		a = &accepted{id: id, key: t.Key, account: t.Account, attempt: attempt, at: f.w.now, done: f.w.now, shows: f.w.now, perLike: time.Hour, repost: true}
		a.delivery, a.item = split(t.Key)
		f.posts = append(f.posts, a)
		f.byID[id] = a
		f.w.happen("reposted", "%s REPOSTS %s for %s", f.id, of.ID, t.Key)
		f.w.accepted(f.platform, a)
	}
	f.byKey[t.Key] = append(f.byKey[t.Key], a)
	return social.Published(ref(a)), nil
}

// sameTask reports whether two deliveries are to make the same change: publish
// the same post on the same channel, or carry out the same rule on the same
// delivery.
func sameTask(a, b domain.Delivery) bool {
	return a.Post == b.Post && a.Channel == b.Channel && a.Follows == b.Follows && a.Rule == b.Rule
}

// hangs holds what follows a post against what it is to act on. A comment that
// hangs on nothing would be a post of its own.
func (w *world) hangs(a *accepted, d domain.Delivery) {
	first := w.watch.lives[d.Follows]
	switch {
	case a.repost != (d.Action == domain.ActionRepost):
		w.violate(RuleFollows, "%s is to %s, and is out as %s", d.ID, d.Action, a.id)
	case first == nil || first.now.Out().IsZero():
		w.violate(RuleFollows, "%s follows %s, which is not out", d.ID, d.Follows)
	case d.Action == domain.ActionComment && (a.parent == "" || a.parent != a.root || a.parent != onPlatform(first.now)):
		w.violate(RuleFollows, "%s comments on %q below %q, and follows %s", d.ID, a.parent, a.root, d.Follows)
	}
}

// onPlatform is the id of the first item of d. Where a person gave it, there is
// only the link.
func onPlatform(d domain.Delivery) string { return bareID(*d.Parts[0].Ref) }

// checkFollowing: what was to follow was booked, once for each rule.
func (w *world) checkFollowing(l *life) {
	made := map[int]int{}
	for _, id := range w.watch.order {
		if o := w.watch.lives[id].now; o.Follows == l.now.ID {
			made[o.Rule]++
		}
	}
	for rule, n := range made {
		if n > 1 || rule >= len(l.after) {
			w.violate(RuleFollows, "%d deliveries carry out rule %d on %s, which has %d rules", n, rule, l.now.ID, len(l.after))
		}
	}
	for i, a := range l.after {
		if a.Likes == 0 && a.Channel == "" && made[i] == 0 {
			w.violate(RuleFollows, "nothing carries out rule %d on %s, which is out", i, l.now.ID)
		}
	}
}

// watching reports whether likes are still counted.
func (w *world) watching() bool {
	next, err := w.watch.Store.Jobs().NextWake(context.Background(), after.KindLikes)
	return err != nil || !next.IsZero()
}
