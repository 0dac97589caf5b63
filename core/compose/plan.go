package compose

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/ports/permit"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// pastGrace is how far back a time may lie and still mean "now": clocks differ,
// and people take a moment to press the button.
const pastGrace = time.Minute

// plan is an Input that was looked at: what it names, and when it is due.
type plan struct {
	in Input
	// mayApprove says whether the actor may approve what they write.
	mayApprove bool

	org  domain.Organization
	now  time.Time
	due  time.Time
	zone string
	wall string
	// repeat is the recurrence as text, and slots is when it is due on each
	// channel, if it was queued.
	repeat   string
	slots    map[domain.ChannelID]time.Time
	channels map[domain.ChannelID]domain.Channel
	media    map[domain.MediaID]domain.Media
}

// plan looks up all that in names and checks it, in a fixed number of queries.
func (s *Service) plan(ctx context.Context, r store.Repos, a domain.Actor, in Input) (plan, []fault.Problem, error) {
	if in.When == "" {
		in.When = Draft
		if in.Time != "" {
			in.When = At
		}
	}
	pl := plan{
		in: in, now: domain.Instant(s.cfg.Now()),
		mayApprove: s.cfg.Access.Check(a, permit.Approvals, permit.Update) == nil,
	}
	org, err := r.Organizations().Get(ctx, a.Organization)
	if err != nil {
		return pl, nil, err
	}
	if err := pl.load(ctx, r, a); err != nil {
		return pl, nil, err
	}
	problems, err := s.setTime(&pl, org)
	if err != nil {
		return pl, nil, err
	}
	problems = append(problems, s.checkShape(pl)...)
	if a.Reach != nil && in.When == Draft && len(in.Targets) == 0 {
		// Nobody could tell whose post it is, and the actor would never see it again.
		problems = append(problems, about("channels", "required", "Name at least one integration: this API key is limited to some.")...)
	}
	if in.When != Draft {
		problems = append(problems, s.checkPlatforms(pl)...)
		problems = append(problems, s.checkFollowing(pl)...)
	}
	if in.When == Queue {
		problems = append(problems, pl.checkSlots()...)
	}
	return pl, once(problems), nil
}

func (pl *plan) load(ctx context.Context, r store.Repos, a domain.Actor) error {
	pl.channels, pl.media = map[domain.ChannelID]domain.Channel{}, map[domain.MediaID]domain.Media{}
	chIDs, mIDs := pl.named()
	if len(chIDs) > 0 && len(chIDs) <= maxTargets+maxAfter {
		found, err := r.Channels().GetMany(ctx, a.Organization, chIDs)
		if err != nil {
			return err
		}
		for _, c := range found {
			if a.Reach.Covers(c.ID) {
				pl.channels[c.ID] = c
			}
		}
	}
	if len(mIDs) > 0 && len(mIDs) <= maxItems*maxMedia {
		found, err := r.Media().GetMany(ctx, a.Organization, mIDs)
		if err != nil {
			return err
		}
		for _, m := range found {
			pl.media[m.ID] = m
		}
	}
	return nil
}

// named lists the channels and files that the post names, each once.
func (pl *plan) named() ([]domain.ChannelID, []domain.MediaID) {
	channels, files := map[domain.ChannelID]bool{}, map[domain.MediaID]bool{}
	collect := func(items []domain.Item) {
		for _, it := range items {
			for _, m := range it.Media {
				files[m.Media] = true
			}
		}
	}
	collect(pl.in.Items)
	for _, t := range pl.in.Targets {
		channels[t.Channel] = true
		collect(t.Items)
	}
	for _, f := range pl.in.After {
		if f.Channel != "" {
			channels[f.Channel] = true
		}
	}
	return slices.Sorted(maps.Keys(channels)), slices.Sorted(maps.Keys(files))
}

// setTime reads the time the author wishes.
func (s *Service) setTime(pl *plan, org domain.Organization) ([]fault.Problem, error) {
	pl.org = org
	loc := org.Location()
	pl.zone = org.Zone
	if pl.in.Zone != "" {
		var ok bool
		if loc, ok = zone(pl.in.Zone); !ok {
			return about("timezone", "zone", "This is not a time zone. Use a name such as Europe/Berlin."), nil
		}
		pl.zone = pl.in.Zone
	}
	problems := pl.setDue(loc)
	more, err := s.setRecurrence(pl)
	return append(problems, more...), err
}

// dueOn is when the post is due on a channel.
func (pl *plan) dueOn(ch domain.ChannelID) time.Time {
	if at, ok := pl.slots[ch]; ok {
		return at
	}
	return pl.due
}

// zone loads a zone by its name.
func zone(name string) (*time.Location, bool) {
	loc, err := time.LoadLocation(name)
	return loc, err == nil && name != "Local"
}

// about is one problem.
func about(field, rule, message string) []fault.Problem {
	return []fault.Problem{{Field: field, Rule: rule, Message: message}}
}

func (pl *plan) setDue(loc *time.Location) []fault.Problem {
	switch pl.in.When {
	case Now:
		pl.due = pl.now
		return nil
	case Queue:
		if pl.in.Time != "" {
			return about("scheduledAt", "not_together", "What is queued takes the next free posting time of each channel. Leave the time out, or schedule the post for it.")
		}
		return nil
	case Draft, At:
		return pl.setWish(loc)
	default:
		return about("when", "enum", "This must be one of: draft, now, at, queue.")
	}
}

// setWish reads Input.Time.
func (pl *plan) setWish(loc *time.Location) []fault.Problem {
	if pl.in.Time == "" {
		if pl.in.When == At {
			return about("scheduledAt", "required", "Say when to publish, or publish now, or save a draft.")
		}
		return nil
	}
	t, err := domain.ParseTime(pl.in.Time, loc)
	if err != nil {
		return about("scheduledAt", "format", "This is not a time. Write it like 2026-03-29T09:00:00+02:00, or without the offset for local time.")
	}
	if y := t.Year(); y < 2000 || y > 2200 {
		return about("scheduledAt", "range", "This year is out of range.")
	}
	// What recurs may have begun long ago.
	if pl.in.When == At && pl.in.Recurrence == nil && t.Before(pl.now.Add(-pastGrace)) {
		return about("scheduledAt", "in_the_past", "This time has passed. Choose one in the future, or publish now.")
	}
	pl.due, pl.wall = t, t.In(loc).Format("2006-01-02T15:04:05")
	return nil
}

// fill puts what the author wrote into p.
func (pl *plan) fill(p *domain.Post) {
	p.State = domain.PostScheduled
	if pl.in.When == Draft {
		p.State = domain.PostDraft
	}
	p.Items, p.Targets, p.Tags, p.After = pl.in.Items, pl.in.Targets, pl.in.Tags, pl.in.After
	p.DueAt, p.Zone, p.Wall, p.UpdatedAt = pl.due, pl.zone, pl.wall, pl.now
	p.Recurrence, p.Queued = pl.repeat, pl.in.When == Queue
	p.ExpandAt, p.ExpandedTo = time.Time{}, time.Time{}
	if p.Recurs() && p.State == domain.PostScheduled {
		p.ExpandAt, p.ExpandedTo = pl.due, pl.now
	}
}
