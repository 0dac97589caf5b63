package compose

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// pastGrace is how far back a time may lie and still mean "now": clocks differ,
// and people take a moment to press the button.
const pastGrace = time.Minute

// plan is an Input that was looked at: what it names, and when it is due.
type plan struct {
	in       Input
	now      time.Time
	due      time.Time
	zone     string
	wall     string
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
	pl := plan{in: in, now: domain.Instant(s.cfg.Now())}
	org, err := r.Organizations().Get(ctx, a.Organization)
	if err != nil {
		return pl, nil, err
	}
	if err := pl.load(ctx, r, a.Organization); err != nil {
		return pl, nil, err
	}
	problems := pl.setTime(org)
	problems = append(problems, s.checkShape(pl)...)
	if in.When != Draft {
		problems = append(problems, s.checkPlatforms(pl)...)
	}
	return pl, once(problems), nil
}

func (pl *plan) load(ctx context.Context, r store.Repos, org domain.OrganizationID) error {
	pl.channels, pl.media = map[domain.ChannelID]domain.Channel{}, map[domain.MediaID]domain.Media{}
	chIDs, mIDs := pl.named()
	if len(chIDs) > 0 && len(chIDs) <= maxTargets {
		found, err := r.Channels().GetMany(ctx, org, chIDs)
		if err != nil {
			return err
		}
		for _, c := range found {
			pl.channels[c.ID] = c
		}
	}
	if len(mIDs) > 0 && len(mIDs) <= maxItems*maxMedia {
		found, err := r.Media().GetMany(ctx, org, mIDs)
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
	return slices.Sorted(maps.Keys(channels)), slices.Sorted(maps.Keys(files))
}

// setTime reads the time the author wishes.
func (pl *plan) setTime(org domain.Organization) []fault.Problem {
	loc := org.Location()
	pl.zone = org.Zone
	if pl.in.Zone != "" {
		l, err := time.LoadLocation(pl.in.Zone)
		if err != nil || pl.in.Zone == "Local" {
			return []fault.Problem{{Field: "timezone", Rule: "zone", Message: "This is not a time zone. Use a name such as Europe/Berlin."}}
		}
		loc, pl.zone = l, pl.in.Zone
	}
	return pl.setDue(loc)
}

func (pl *plan) setDue(loc *time.Location) []fault.Problem {
	switch pl.in.When {
	case Now:
		pl.due = pl.now
		return nil
	case Draft, At:
	default:
		return []fault.Problem{{Field: "when", Rule: "enum", Message: "This must be one of: draft, now, at."}}
	}
	if pl.in.Time == "" {
		if pl.in.When == At {
			return []fault.Problem{{Field: "scheduledAt", Rule: "required", Message: "Say when to publish, or publish now, or save a draft."}}
		}
		return nil
	}
	t, err := domain.ParseTime(pl.in.Time, loc)
	if err != nil {
		return []fault.Problem{{Field: "scheduledAt", Rule: "format", Message: "This is not a time. Write it like 2026-03-29T09:00:00+02:00, or without the offset for local time."}}
	}
	if y := t.Year(); y < 2000 || y > 2200 {
		return []fault.Problem{{Field: "scheduledAt", Rule: "range", Message: "This year is out of range."}}
	}
	if pl.in.When == At && t.Before(pl.now.Add(-pastGrace)) {
		return []fault.Problem{{Field: "scheduledAt", Rule: "in_the_past", Message: "This time has passed. Choose one in the future, or publish now."}}
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
	p.Items, p.Targets, p.Tags = pl.in.Items, pl.in.Targets, pl.in.Tags
	p.DueAt, p.Zone, p.Wall, p.UpdatedAt = pl.due, pl.zone, pl.wall, pl.now
}
