package bluesky

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// Settings are the choices an author has for one post.
type Settings struct {
	Langs    []string `json:"langs,omitempty" maxLength:"3" doc:"Languages of the text, such as en or pt-BR."`
	Labels   []string `json:"labels,omitempty" maxLength:"5" doc:"Content warnings: porn, sexual, nudity, graphic-media or !no-unauthenticated."`
	LinkCard string   `json:"linkCard,omitempty" default:"auto" maxLength:"2000" doc:"auto makes a card of the first link, none makes no card, and an address makes a card of that page on the first post of a thread."`
	Replies  string   `json:"replies,omitempty" enum:"everybody,nobody,mentioned,following,followers" default:"everybody" doc:"Who may reply. It applies to the first post of a thread."`
	Tags     []string `json:"tags,omitempty" maxLength:"8" doc:"Hashtags beside those in the text, without the # sign."`
}

const (
	cardAuto = "auto"
	cardNone = "none"

	repliesEverybody = "everybody"

	maxTagRunes = 64
	maxTagBytes = 640
)

// selfLabels are the labels an author may give, from com.atproto.label.defs.
var selfLabels = []string{"porn", "sexual", "nudity", "graphic-media", "!no-unauthenticated"}

// language is a BCP 47 tag without its rarer forms.
var language = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)

// gated reports whether it needs a record that limits who may reply. Only the
// first post of a thread has one.
func (s Settings) gated(it social.Item) bool {
	return it.Parent == nil && s.Replies != "" && s.Replies != repliesEverybody
}

// Validate implements social.Provider.
func (*Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	s, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: "The settings of this channel cannot be read."}}
	}
	return slices.Concat(s.checkLangs(), s.checkLabels(), s.checkTags(), s.checkCard(it))
}

func (s Settings) checkLangs() []social.Problem {
	return each("settings.langs", s.Langs, func(v string) (string, string) {
		if !language.MatchString(v) {
			return "pattern", "This is not a language tag such as en or pt-BR."
		}
		return "", ""
	})
}

func (s Settings) checkLabels() []social.Problem {
	return each("settings.labels", s.Labels, func(v string) (string, string) {
		if !slices.Contains(selfLabels, v) {
			return "enum", "This must be one of: " + strings.Join(selfLabels, ", ") + "."
		}
		return "", ""
	})
}

func (s Settings) checkTags() []social.Problem {
	return each("settings.tags", s.Tags, func(v string) (string, string) {
		switch {
		case utf8.RuneCountInString(v) > maxTagRunes || len(v) > maxTagBytes:
			return "too_long", fmt.Sprintf("A hashtag has at most %d characters.", maxTagRunes)
		case v == "" || strings.ContainsFunc(v, unicode.IsSpace) || strings.HasPrefix(v, "#"):
			return "pattern", "A hashtag is one word, written here without the # sign."
		}
		return "", ""
	})
}

func (s Settings) checkCard(it social.Item) []social.Problem {
	const field = "settings.linkCard"
	switch s.LinkCard {
	case "", cardAuto, cardNone:
		return nil
	}
	if !isWebURL(s.LinkCard) {
		return []social.Problem{{Field: field, Rule: "pattern", Message: "This must be auto, none, or an address that starts with https://."}}
	}
	if len(it.Media) > 0 && it.Parent == nil {
		return []social.Problem{{Field: field, Rule: "conflict", Message: "A post has either media or a link card, not both."}}
	}
	return nil
}

// each reports what check says of the elements of list, and elements that come
// twice.
func each(field string, list []string, check func(string) (rule, message string)) []social.Problem {
	var out []social.Problem
	for i, v := range list {
		rule, message := check(v)
		if rule == "" && slices.Contains(list[:i], v) {
			rule, message = "duplicate", "This is in the list already."
		}
		if rule != "" {
			out = append(out, social.Problem{Field: fmt.Sprintf("%s[%d]", field, i), Rule: rule, Message: message})
		}
	}
	return out
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil &&
		!strings.ContainsFunc(s, unicode.IsSpace)
}
