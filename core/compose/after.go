package compose

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// The bounds of the rules of a post.
const (
	maxAfter = 10
	maxLikes = 1_000_000_000
	minWatch = time.Hour
	maxWatch = 30 * 24 * time.Hour
)

// after reports what is wrong with the rules whatever the platforms are.
func (c *checklist) after(pl plan) {
	if len(pl.in.After) > maxAfter {
		c.add("after", "too_many", "There are %d rules; %d are allowed.", len(pl.in.After), maxAfter)
		return
	}
	for i, f := range pl.in.After {
		at := fmt.Sprintf("after[%d]", i)
		c.afterText(at, f)
		c.format(at, f.Format)
		if ch, ok := pl.channels[f.Channel]; f.Channel != "" && (!ok || ch.State == domain.ChannelDisconnected) {
			c.add(at+".channel", "not_found", "There is no such channel.")
		}
		c.afterBounds(at, f)
	}
}

// afterBounds checks the numbers of a rule.
func (c *checklist) afterBounds(at string, f domain.After) {
	if f.Delay < 0 || f.Delay > maxDelay {
		c.add(at+".delay", "range", "This is from 0 to %d days.", maxDelay/(24*time.Hour))
	}
	if f.Likes < 0 || f.Likes > maxLikes {
		c.add(at+".likes", "range", "This is from 0 to %d.", maxLikes)
	}
	switch {
	case f.Watch != 0 && f.Likes == 0:
		c.add(at+".watch", "not_together", "Only likes are watched. Say how many, or leave this out.")
	case f.Watch != 0 && (f.Watch < minWatch || f.Watch > maxWatch):
		c.add(at+".watch", "range", "Likes are watched for 1 hour to %d days.", maxWatch/(24*time.Hour))
	}
}

func (c *checklist) afterText(at string, f domain.After) {
	switch f.Do {
	case domain.ActionComment:
		switch {
		case strings.TrimSpace(f.Text) == "":
			c.add(at+".text", "required", "Say what the comment is to say.")
		case utf8.RuneCountInString(f.Text) > maxText || !storable(f.Text):
			c.add(at+".text", "too_long", "A text is valid text of at most %d characters.", maxText)
		}
	case domain.ActionRepost:
		if f.Text != "" {
			c.add(at+".text", "not_allowed", "A repost says nothing of its own. Leave the text out, or comment instead.")
		}
	default:
		c.add(at+".do", "enum", "This must be one of: comment, repost.")
	}
}

// checkFollowing reports which rules the platforms of the post cannot carry out.
func (s *Service) checkFollowing(pl plan) []fault.Problem {
	var c checklist
	if len(pl.in.After) > maxAfter {
		return nil // said already
	}
	for i, f := range pl.in.After {
		at := fmt.Sprintf("after[%d]", i)
		named, known := pl.channels[f.Channel]
		if f.Channel != "" && !known {
			continue
		}
		met := f.Channel == "" || len(pl.in.Targets) == 0
		for _, t := range pl.in.Targets {
			on, ok := pl.channels[t.Channel]
			by := on
			if f.Channel != "" {
				by = named
			}
			if !ok || on.Provider != by.Provider {
				continue
			}
			met = true
			pf, err := s.cfg.Catalog.Get(by.Provider)
			if err != nil {
				continue // said already, or of no use
			}
			s.checkRule(&c, pl, f, t, by, pf, at)
		}
		if !met {
			c.add(at+".channel", "other_platform", "The post goes to no channel of the platform of %s, so there is nothing that it could act on.", named.Name)
		}
	}
	return c
}

// checkRule reports what keeps by from acting on what t publishes.
func (s *Service) checkRule(c *checklist, pl plan, f domain.After, t domain.Target, by domain.Channel, pf channel.Platform, at string) {
	if by.State == domain.ChannelReconnect && by.ID != t.Channel {
		c.add(at+".channel", "reconnect_needed", "%s has to be connected again first.", by.Name)
	}
	if f.Likes > 0 && pf.Can.Meter == nil {
		c.add(at+".likes", "unsupported", "%s does not tell how many likes a post has.", pf.Descriptor.Name)
	}
	if by.ID != t.Channel && pf.Can.Resolve == nil {
		c.add(at+".channel", "unsupported", "On %s another account cannot act on a post.", pf.Descriptor.Name)
	}
	if f.Do == domain.ActionRepost && pf.Can.Repost == nil {
		c.add(at+".do", "unsupported", "%s cannot repost.", pf.Descriptor.Name)
	}
	if f.Do == domain.ActionComment && len(f.Text) <= 4*maxText {
		s.checkComment(c, pl, f, t, by, pf, at)
	}
}

// checkComment holds the text of a rule against what its platform takes.
func (s *Service) checkComment(c *checklist, pl plan, f domain.After, t domain.Target, by domain.Channel, pf channel.Platform, at string) {
	lim := pf.Limits(by.Traits)
	if lim.Replies == 0 {
		c.add(at+".do", "unsupported", "%s cannot publish comments on %s.", by.Name, pf.Descriptor.Name)
		return
	}
	settings := t.Settings
	if by.ID != t.Channel {
		own, _ := domain.Post{Targets: pl.in.Targets}.Target(by.ID)
		settings = own.Settings
	}
	v := view{c: c, at: at, platform: pf.Descriptor.Name}
	it := s.socialItem(pl, pf, domain.Item{Text: f.Text, Format: f.Format}, settings, true)
	v.text(lim.Text, it)
	v.media(lim.Media, it)
	if len(pf.Descriptor.Settings.Check(settings, at)) == 0 {
		v.own(pf.Provider.Validate(it, by.Traits), at)
	}
}
