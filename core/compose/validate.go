package compose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
)

// The bounds that hold for every post, whatever its channels allow.
const (
	maxItems    = 100
	maxTargets  = 100
	maxMedia    = 50
	maxText     = 100_000
	maxTags     = 50
	maxTag      = 100
	maxSettings = 64 << 10
	maxDelay    = 30 * 24 * time.Hour
	maxAlt      = 5000
)

// checklist collects problems.
type checklist []fault.Problem

func (c *checklist) add(field, rule, format string, args ...any) {
	*c = append(*c, fault.Problem{Field: field, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// once leaves out what was said before: channels of one platform find the same
// in the items they share.
func once(problems []fault.Problem) []fault.Problem {
	seen := make(map[fault.Problem]bool, len(problems))
	return slices.DeleteFunc(problems, func(p fault.Problem) bool {
		said := seen[p]
		seen[p] = true
		return said
	})
}

// checkShape reports what is wrong with a post whatever its channels are.
func (s *Service) checkShape(pl plan) []fault.Problem {
	var c checklist
	in := pl.in
	if len(in.Items) == 0 {
		c.add("items", "required", "A post needs a text or a file.")
	}
	c.items("items", in.Items, pl)
	if in.When != Draft && len(in.Targets) == 0 {
		c.add("channels", "required", "Choose at least one channel to publish on.")
	}
	if len(in.Targets) > maxTargets {
		c.add("channels", "too_many", "There are %d channels; %d are allowed.", len(in.Targets), maxTargets)
		return c
	}
	c.targets(pl)
	c.tags(in.Tags)
	c.after(pl)
	return c
}

func (c *checklist) targets(pl plan) {
	seen := map[domain.ChannelID]bool{}
	for i, t := range pl.in.Targets {
		at := fmt.Sprintf("channels[%d]", i)
		ch, ok := pl.channels[t.Channel]
		switch {
		case !ok || ch.State == domain.ChannelDisconnected:
			c.add(at+".id", "not_found", "There is no such channel.")
		case seen[t.Channel]:
			c.add(at+".id", "duplicate", "This channel is named twice.")
		}
		seen[t.Channel] = true
		switch raw := t.Settings; {
		case len(raw) > maxSettings:
			c.add(at+".settings", "too_long", "These settings have %d bytes; %d are allowed.", len(raw), maxSettings)
		case len(raw) > 0 && (!json.Valid(raw) || !storable(string(raw))):
			c.add(at+".settings", "malformed", "This is not valid JSON.")
		}
		c.items(at+".items", t.Items, pl)
	}
}

func (c *checklist) tags(tags []string) {
	if len(tags) > maxTags {
		c.add("tags", "too_many", "There are %d tags; %d are allowed.", len(tags), maxTags)
	}
	for i, tag := range tags {
		if n := utf8.RuneCountInString(tag); n == 0 || n > maxTag || !storable(tag) {
			c.add(fmt.Sprintf("tags[%d]", i), "length", "A tag is a text of 1 to %d characters.", maxTag)
		}
	}
}

// storable reports whether every database can keep s.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func (c *checklist) items(at string, items []domain.Item, pl plan) {
	if len(items) > maxItems {
		c.add(at, "too_many", "There are %d items; %d are allowed.", len(items), maxItems)
		return
	}
	for i, it := range items {
		field := fmt.Sprintf("%s[%d]", at, i)
		if n := utf8.RuneCountInString(it.Text); n > maxText {
			c.add(field+".text", "too_long", "The text has %d characters; %d are allowed.", n, maxText)
		}
		if !storable(it.Text) {
			c.add(field+".text", "characters", "The text holds characters that cannot be stored.")
		}
		c.format(field, it.Format)
		if strings.TrimSpace(it.Text) == "" && len(it.Media) == 0 && (pl.in.When != Draft || len(items) > 1) {
			c.add(field, "empty", "This item has neither a text nor a file.")
		}
		c.delay(field+".delay", i, it.Delay)
		c.attachments(field, it.Media, pl)
	}
}

func (c *checklist) format(at string, f domain.Format) {
	if !slices.Contains(domain.AllFormats(), f) {
		c.add(at+".format", "enum", "A text is plain, markdown or html, or native where nothing is said.")
	}
}

func (c *checklist) delay(field string, i int, d time.Duration) {
	switch {
	case i == 0 && d != 0:
		c.add(field, "not_allowed", "The first item goes out at the time of the post; it has no delay.")
	case d < 0 || d > maxDelay:
		c.add(field, "range", "A delay is between 0 and %d days.", int(maxDelay.Hours()/24))
	}
}

func (c *checklist) attachments(at string, list []domain.Attachment, pl plan) {
	if len(list) > maxMedia {
		c.add(at+".media", "too_many", "There are %d files; %d are allowed.", len(list), maxMedia)
		return
	}
	for k, m := range list {
		field := fmt.Sprintf("%s.media[%d]", at, k)
		if _, ok := pl.media[m.Media]; !ok {
			c.add(field, "not_found", "There is no such file.")
		}
		if utf8.RuneCountInString(m.Alt) > maxAlt || !storable(m.Alt) {
			c.add(field+".alt", "too_long", "A description is valid text of at most %d characters.", maxAlt)
		}
	}
}

// checkPlatforms reports what each channel's platform would refuse. It is the
// only place that applies limits, for every provider alike.
func (s *Service) checkPlatforms(pl plan) []fault.Problem {
	var c checklist
	for i, t := range pl.in.Targets {
		ch, ok := pl.channels[t.Channel]
		if !ok || ch.State == domain.ChannelDisconnected {
			continue // said already
		}
		at := fmt.Sprintf("channels[%d]", i)
		pf, err := s.cfg.Catalog.Get(ch.Provider)
		if err != nil {
			c.add(at+".id", "provider_missing", "%s cannot publish: its platform is not set up in this installation.", ch.Name)
			continue
		}
		if ch.State == domain.ChannelReconnect {
			c.add(at+".id", "reconnect_needed", "%s has to be connected again first.", ch.Name)
		}
		s.checkTarget(&c, pl, t, ch, pf, at)
	}
	return c
}

func (s *Service) checkTarget(c *checklist, pl plan, t domain.Target, ch domain.Channel, pf channel.Platform, at string) {
	bad := pf.Descriptor.Settings.Check(t.Settings, at+".settings")
	*c = append(*c, bad...)
	items, itemsAt := pl.in.Items, "items"
	if len(t.Items) > 0 {
		items, itemsAt = t.Items, at+".items"
	}
	lim := pf.Limits(ch.Traits)
	if len(items) > 1+lim.Replies {
		if lim.Replies == 0 {
			c.add(itemsAt, "no_threads", "%s cannot publish threads on %s.", ch.Name, pf.Descriptor.Name)
		} else {
			c.add(itemsAt, "too_many", "A thread on %s has at most %d items; this one has %d.", pf.Descriptor.Name, 1+lim.Replies, len(items))
		}
	}
	if len(items) > maxItems {
		return // said already; nobody needs to hear of each
	}
	for j, it := range items {
		v := view{c: c, at: fmt.Sprintf("%s[%d]", itemsAt, j), platform: pf.Descriptor.Name}
		si := s.socialItem(pl, pf, it, t.Settings, j > 0)
		v.text(lim.Text, si)
		v.media(lim.Media, si)
		pulled := func(m social.Media) bool { return slices.Contains(lim.Media.Pulls, m.Kind) }
		if slices.ContainsFunc(si.Media, pulled) && !s.cfg.Media.Public() {
			c.add(v.at+".media", "no_public_address", "%s fetches files by their address, and this installation has no public address.", pf.Descriptor.Name)
		}
		if len(bad) == 0 {
			v.own(pf.Provider.Validate(si, ch.Traits), at)
		}
	}
}

// socialItem is it as a provider sees it before it is published.
func (s *Service) socialItem(pl plan, pf channel.Platform, it domain.Item, settings []byte, reply bool) social.Item {
	out := social.Item{Text: markup.Convert(it.Text, it.Format, pf.Descriptor.Markup), Settings: settings}
	if reply {
		out.Root, out.Parent = &social.Ref{ID: "root"}, &social.Ref{ID: "parent"}
	}
	for _, at := range it.Media {
		m := s.cfg.Media.ForProvider(pl.media[at.Media], at.Alt)
		m.Source = nil
		out.Media = append(out.Media, m)
	}
	return out
}

// view checks one item for one platform.
type view struct {
	c        *checklist
	at       string
	platform string
}

func (v view) text(l social.TextLimit, it social.Item) {
	field := v.at + ".text"
	if l.Required && strings.TrimSpace(it.Text) == "" {
		v.c.add(field, "required", "%s needs a text.", v.platform)
	}
	switch n := l.Measure(it.Text); {
	case l.Max == 0 && n > 0:
		v.c.add(field, "no_text", "%s takes no text.", v.platform)
	case n > l.Max:
		v.c.add(field, "too_long", "On %s the text has %d characters; %d are allowed.", v.platform, n, l.Max)
	}
	if l.MaxBytes > 0 && len(it.Text) > l.MaxBytes {
		v.c.add(field, "too_long", "On %s the text has %d bytes; %d are allowed.", v.platform, len(it.Text), l.MaxBytes)
	}
}

func (v view) media(l social.MediaLimit, it social.Item) {
	field, media := v.at+".media", it.Media
	if l.Required && len(media) == 0 && it.Parent == nil {
		v.c.add(field, "required", "%s needs an image or a video.", v.platform)
	}
	n := map[domain.MediaKind]int{}
	for k, m := range media {
		if m.MIME == "" {
			continue // no such file, said already
		}
		n[m.Kind]++
		v.file(fmt.Sprintf("%s[%d]", field, k), l, m)
	}
	if len(n) > 1 && !l.Mixed {
		v.c.add(field, "mixed", "%s takes one kind of file in a post: images, or a video, or a document.", v.platform)
	}
	for _, k := range []struct {
		kind domain.MediaKind
		name string
		most int
	}{{domain.MediaImage, "images", l.Images}, {domain.MediaVideo, "videos", l.Videos}, {domain.MediaDocument, "documents", l.Documents}} {
		if n[k.kind] > k.most {
			v.c.add(field, "too_many", "%s takes at most %d %s in a post; there are %d.", v.platform, k.most, k.name, n[k.kind])
		}
	}
	if l.Max > 0 && len(media) > l.Max {
		v.c.add(field, "too_many", "%s takes at most %d files in a post; there are %d.", v.platform, l.Max, len(media))
	}
}

func (v view) file(field string, l social.MediaLimit, m social.Media) {
	i := slices.IndexFunc(l.Types, func(t social.MediaType) bool { return t.MIME == m.MIME })
	if i < 0 {
		v.c.add(field, "type", "%s does not take files of type %s.", v.platform, m.MIME)
		return
	}
	t := l.Types[i]
	if t.MaxBytes > 0 && m.Bytes > t.MaxBytes {
		v.c.add(field, "too_large", "On %s a file of this type has at most %s; this one has %s.", v.platform, size(t.MaxBytes), size(m.Bytes))
	}
	if px := int64(m.Width) * int64(m.Height); t.MaxPixels > 0 && px > t.MaxPixels {
		v.c.add(field, "too_many_pixels", "On %s an image has at most %d pixels; this one has %d.", v.platform, t.MaxPixels, px)
	}
	if n := utf8.RuneCountInString(m.Alt); l.Alt > 0 && n > l.Alt {
		v.c.add(field+".alt", "too_long", "On %s a description has at most %d characters; this one has %d.", v.platform, l.Alt, n)
	}
}

// own adds what the provider itself found, under the paths of the post.
func (v view) own(problems []fault.Problem, target string) {
	for _, p := range problems {
		switch {
		case p.Field == "settings" || strings.HasPrefix(p.Field, "settings."):
			p.Field = target + "." + p.Field
		case p.Field == "":
			p.Field = v.at
		default:
			p.Field = v.at + "." + p.Field
		}
		*v.c = append(*v.c, p)
	}
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
