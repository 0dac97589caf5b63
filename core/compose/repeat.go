package compose

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/store"
)

const (
	// ahead is how many occurrences that are still to come are booked.
	ahead = 2
	// maxMissed bounds how many occurrences that have passed are booked in one
	// transaction.
	maxMissed = 100
)

// setRecurrence reads how the post is to be repeated. The due time is the next
// occurrence.
func (s *Service) setRecurrence(pl *plan) ([]fault.Problem, error) {
	if pl.in.Recurrence == nil {
		return nil, nil
	}
	if problems := s.mayRepeat(pl); len(problems) > 0 || pl.wall == "" {
		return problems, nil // what is wrong with the time was said already
	}
	if local, ok := domain.LocalTime(pl.in.Time); ok {
		pl.wall = local // an hour that the clocks skip on that day may exist on others
	}
	if pl.zone == "" {
		pl.zone = time.UTC.String()
	}
	rec := *pl.in.Recurrence
	rec.Zone, rec.Anchor = pl.zone, pl.wall
	problems, err := rec.ValidateWith(s.cfg.Expand)
	if err != nil || len(problems) > 0 {
		return recurrencePaths(problems), err
	}
	next, err := domain.Occurrences(rec, s.cfg.Expand, pl.now, 1)
	if err != nil {
		return nil, err
	}
	if len(next) > 0 {
		pl.due = next[0].At
	} else if pl.in.When != Draft {
		return about("recurrence", "ended", "Nothing of it is still to come. Look at its end, or publish the post once."), nil
	}
	pl.repeat, err = rec.Text()
	return nil, err
}

// mayRepeat reports what keeps the post from recurring, whatever the rule.
func (s *Service) mayRepeat(pl *plan) []fault.Problem {
	switch {
	case s.cfg.Expand == nil:
		return about("recurrence", "not_supported", "This installation cannot repeat posts.")
	case pl.in.When == Now || pl.in.When == Queue:
		return about("recurrence", "not_together", "A post that repeats needs the time of its first occurrence. Schedule it for a time.")
	case pl.in.Time == "" && pl.in.When == Draft:
		return about("scheduledAt", "required", "A post that repeats needs the time of its first occurrence.")
	default:
		return nil
	}
}

// recurrencePaths names the fields of a recurrence as the author knows them.
func recurrencePaths(problems []fault.Problem) []fault.Problem {
	for i, p := range problems {
		switch p.Field {
		case "anchor":
			problems[i].Field = "scheduledAt"
		case "zone":
			problems[i].Field = "timezone"
		default:
			problems[i].Field = "recurrence." + p.Field
		}
	}
	return problems
}

// series is the occurrences of a post that are being brought in line with its
// recurrence.
type series struct {
	s   *Service
	r   store.Repos
	p   domain.Post
	now time.Time
	// was is the post before the edit, if there is one.
	was      domain.Post
	channels map[domain.ChannelID]domain.Channel
	// all are the deliveries of the post as they are now.
	all     []domain.Delivery
	entries []journal.Entry
}

// wanted lists the occurrences after the given instant that are to be booked:
// all that have passed, up to a bound, and the next few. It reports whether the
// bound cut it.
func (s *Service) wanted(p domain.Post, after, now time.Time) (list []domain.Occurrence, cut bool, err error) {
	if s.cfg.Expand == nil {
		return nil, false, fault.New(fault.Internal, "not_supported", "This installation cannot repeat posts.")
	}
	rec, err := p.Repeats()
	if err != nil {
		return nil, false, err
	}
	most := ahead + maxMissed
	list, err = domain.Occurrences(rec, s.cfg.Expand, after, most)
	if err != nil {
		return nil, false, err
	}
	passed := 0
	for passed < len(list) && !list[passed].At.After(now) {
		passed++
	}
	return list[:min(len(list), passed+ahead)], passed == most, nil
}

// align books what of list is not booked yet on the channels of the post, moves
// what is booked for another instant and removes what is not in list. old are
// the deliveries of the post that are occurrences; the ones that are neither
// moved nor removed are returned.
func (b *series) align(ctx context.Context, list []domain.Occurrence, after time.Time, old []domain.Delivery) ([]domain.Delivery, error) {
	by := map[domain.ChannelID]map[string]domain.Delivery{}
	bookings := map[domain.ChannelID][]domain.Booking{}
	for _, d := range old {
		if by[d.Channel] == nil {
			by[d.Channel] = map[string]domain.Delivery{}
		}
		by[d.Channel][d.Occurrence] = d
		bookings[d.Channel] = append(bookings[d.Channel], d.Booking(b.now))
	}
	var fresh, left []domain.Delivery
	for _, t := range b.p.Targets {
		c := domain.Align(list, bookings[t.Channel], after)
		for _, o := range c.Add {
			fresh = append(fresh, b.fresh(t.Channel, o))
		}
		for _, o := range c.Move {
			if err := b.refresh(ctx, by[t.Channel][o.Key], o.At); err != nil {
				return nil, err
			}
			delete(by[t.Channel], o.Key)
		}
		for _, key := range c.Drop {
			if err := b.remove(ctx, by[t.Channel][key]); err != nil {
				return nil, err
			}
			delete(by[t.Channel], key)
		}
	}
	for _, d := range old {
		if _, ok := by[d.Channel][d.Occurrence]; ok {
			left = append(left, d)
		}
	}
	return left, b.insert(ctx, fresh)
}

func (b *series) insert(ctx context.Context, fresh []domain.Delivery) error {
	if err := b.r.Deliveries().Insert(ctx, b.p.Organization, fresh...); err != nil {
		return err
	}
	b.all = append(b.all, fresh...)
	for _, d := range fresh {
		b.entries = append(b.entries, journal.Delivery(d, b.now))
	}
	return nil
}

func (b *series) fresh(ch domain.ChannelID, o domain.Occurrence) domain.Delivery {
	d := b.s.delivery(b.p, ch, b.channels[ch].Provider, o.At, b.now)
	d.Occurrence = o.Key
	return d
}

// remove takes away a booking that is not wanted any more, as if it had never
// been: its occurrence may be booked again.
func (b *series) remove(ctx context.Context, d domain.Delivery) error {
	out, err := b.r.Deliveries().Update(ctx, d.Organization, d.ID, func(d *domain.Delivery) error { return d.Cancel(b.now) })
	if err != nil {
		return err
	}
	b.entries = append(b.entries, journal.Delivery(out, b.now))
	return b.r.Deliveries().Remove(ctx, d.Organization, d.ID)
}

// withdraw cancels what has not begun.
func (b *series) withdraw(ctx context.Context, d domain.Delivery) error {
	return b.change(ctx, d, func(d *domain.Delivery) error { return d.Cancel(b.now) })
}

// refresh gives a delivery the content of the post as it is now, and another
// due time unless due is zero. What is under way keeps the content it had.
func (b *series) refresh(ctx context.Context, d domain.Delivery, due time.Time) error {
	return b.change(ctx, d, func(d *domain.Delivery) error {
		items := len(b.p.ItemsFor(d.Channel))
		switch {
		case waits(*d):
			if due.IsZero() {
				due = d.DueAt
			}
			d.Kept = nil
			return d.Reschedule(due, b.p.Revision, items, b.now)
		case d.Editable():
			return d.Amend(b.p.Revision, items, b.now)
		case d.State != domain.DeliveryPublished && d.State != domain.DeliveryCanceled:
			d.Keep(b.was)
		}
		return nil
	})
}

func (b *series) change(ctx context.Context, d domain.Delivery, change func(*domain.Delivery) error) error {
	was := d.State
	out, err := b.r.Deliveries().Update(ctx, d.Organization, d.ID, func(d *domain.Delivery) error {
		was = d.State
		return change(d)
	})
	if err != nil {
		return err
	}
	b.all = append(b.all, out)
	if out.State != was {
		b.entries = append(b.entries, journal.Delivery(out, b.now))
	}
	return nil
}

// waits reports whether d goes out without anybody's doing, and may still be
// changed.
func waits(d domain.Delivery) bool {
	switch d.State {
	case domain.DeliveryScheduled, domain.DeliveryPreparing, domain.DeliveryBlocked:
		return d.Editable()
	default:
		return false
	}
}

// edit brings the occurrences of an edited post in line with what its author
// wants. Only what is still to come is added, moved or taken away.
func (b *series) edit(ctx context.Context, old []domain.Delivery) error {
	scheduled := b.p.State == domain.PostScheduled
	var here, elsewhere []domain.Delivery
	for _, d := range old {
		if _, on := b.p.Target(d.Channel); on && scheduled {
			here = append(here, d)
		} else {
			elsewhere = append(elsewhere, d)
		}
	}
	if err := b.editHere(ctx, here); err != nil {
		return err
	}
	for _, d := range elsewhere {
		var err error
		switch {
		case !waits(d):
			err = b.keep(ctx, d)
		case d.DueAt.After(b.now):
			err = b.remove(ctx, d)
		default:
			err = b.withdraw(ctx, d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// editHere is edit for the channels that the post goes to. If it does not recur
// any more, no occurrence is wanted.
func (b *series) editHere(ctx context.Context, old []domain.Delivery) error {
	var list []domain.Occurrence
	var err error
	if b.p.Recurs() && b.p.State == domain.PostScheduled {
		if list, _, err = b.s.wanted(b.p, b.now, b.now); err != nil {
			return err
		}
	}
	left, err := b.align(ctx, list, b.now, old)
	if err != nil {
		return err
	}
	for _, d := range left {
		if err := b.keep(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// keep leaves a delivery where it is.
func (b *series) keep(ctx context.Context, d domain.Delivery) error {
	if d.State == domain.DeliveryPublished || d.State == domain.DeliveryCanceled {
		b.all = append(b.all, d)
		return nil
	}
	return b.refresh(ctx, d, time.Time{})
}

// occurrencesOf splits the deliveries of a post into those that are occurrences
// and the others, with the ones from now on that OfPosts left out, if the post
// recurs or did.
func (s *Service) occurrencesOf(ctx context.Context, r store.Repos, was, p domain.Post, all []domain.Delivery, now time.Time) (occurrences, once []domain.Delivery, err error) {
	seen := map[domain.DeliveryID]bool{}
	for _, d := range all {
		if d.Occurrence == "" {
			once = append(once, d)
			continue
		}
		seen[d.ID] = true
		occurrences = append(occurrences, d)
	}
	if !was.Recurs() && !p.Recurs() {
		return occurrences, once, nil
	}
	since, err := r.Deliveries().Since(ctx, p.Organization, p.ID, domain.EarliestKey(now))
	for _, d := range since {
		if !seen[d.ID] {
			occurrences = append(occurrences, d)
		}
	}
	return occurrences, once, err
}

// Skip takes one occurrence of a post that recurs out on one channel, or one
// delivery that follows another: it does not go out, and is never booked again. While its change is on its way it is a
// Conflict fault.
func (s *Service) Skip(ctx context.Context, a domain.Actor, post domain.PostID, id domain.DeliveryID) (View, error) {
	return s.onDelivery(ctx, a, post, id, "skip", func(ctx context.Context, r store.Repos, _ domain.Post, d domain.Delivery, now time.Time) (domain.Delivery, error) {
		if d.Occurrence == "" && d.Follows == "" {
			return d, fault.New(fault.Conflict, "not_recurring", "This post does not repeat. Take the channel out of the post, or delete the post, instead.")
		}
		return r.Deliveries().Update(ctx, a.Organization, id, func(d *domain.Delivery) error { return d.Cancel(now) })
	})
}

// bookMissed books the occurrences of a post, which is locked, that have passed
// without the engine's noticing: an edit must not lose them.
func (s *Service) bookMissed(ctx context.Context, r store.Repos, p domain.Post, now time.Time) (domain.Post, error) {
	for toBook(p, now) {
		if _, _, err := s.wanted(p, p.ExpandedTo, now); err != nil {
			// The edit mends it; that it was broken was told already.
			return p, nil //nolint:nilerr // see above
		}
		var err error
		if p, err = s.catchUp(ctx, r, p, now); err != nil {
			return p, err
		}
	}
	return p, nil
}
