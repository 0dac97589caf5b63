package threads

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

const (
	maxText       = 500
	maxLinks      = 5
	maxPollOption = 25
)

// Settings are the choices an author has for one post. Only replyControl and
// spoiler hold for the later items of its thread.
type Settings struct {
	ReplyControl string `json:"replyControl,omitempty" enum:"everyone,accounts_you_follow,mentioned_only,parent_post_author_only,followers_only" doc:"Who may reply. Empty: everyone."`
	Topic        string `json:"topic,omitempty" pattern:"[^.&#]{1,50}" doc:"The topic of the post, up to 50 characters without a sign in front, a point or an ampersand."`
	Link         string `json:"link,omitempty" pattern:"https?://.+" doc:"The page that a card leads to, for posts of text alone. Empty: the first link in the text."`
	Quote        string `json:"quote,omitempty" pattern:"[0-9]{1,30}" doc:"The id of the post to quote."`
	Spoiler      bool   `json:"spoiler,omitempty" doc:"Hide the pictures and videos until somebody opens them."`
	Poll         *Poll  `json:"poll,omitempty" doc:"A poll, for posts of text alone. It is open for a day."`
}

// Poll is a question that readers answer.
type Poll struct {
	Options []string `json:"options" required:"true" minLength:"2" maxLength:"4" doc:"The answers to choose from, up to 25 characters each."`
}

// Validate implements social.Provider.
func (*Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	var out []social.Problem
	add := func(bad bool, field, rule, format string, args ...any) {
		if bad {
			out = append(out, social.Problem{Field: field, Rule: rule, Message: fmt.Sprintf(format, args...)})
		}
	}
	n := length(it.Text)
	add(n > maxText && utf8.RuneCountInString(it.Text) <= maxText, "text", "too_long", "The text counts as %d characters, because Threads counts pictures such as emoji by their bytes; %d are allowed.", n, maxText)
	links := linksOf(it, set)
	add(links > maxLinks, "text", "too_many_links", "There are %d links; Threads allows %d.", links, maxLinks)
	if it.Parent != nil {
		return out
	}
	add(set.Link != "" && len(it.Media) > 0, "settings.link", "conflict", "A post with pictures or videos has no card.")
	if set.Poll == nil {
		return out
	}
	add(len(it.Media) > 0 || set.Link != "", "settings.poll", "conflict", "A post with a poll cannot have pictures, videos or a card.")
	for i, o := range set.Poll.Options {
		at, n := fmt.Sprintf("settings.poll.options[%d]", i), utf8.RuneCountInString(strings.TrimSpace(o))
		add(n == 0, at, "required", "An answer cannot be empty.")
		add(n > maxPollOption, at, "too_long", "This answer has %d characters; %d are allowed.", n, maxPollOption)
	}
	return out
}

// length counts as Threads does: characters, and emoji by their bytes in UTF-8.
// https://developers.facebook.com/docs/threads/overview#limitations
func length(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r >= 0x1F000 && r <= 0x1FAFF, r >= 0x2600 && r <= 0x27BF, r >= 0x2B00 && r <= 0x2BFF, r == 0xFE0F, r == 0x200D, r == 0x20E3:
			n += utf8.RuneLen(r)
		default:
			n++
		}
	}
	return n
}

// linksOf counts the links of it, each once.
func linksOf(it social.Item, set Settings) int {
	seen := map[string]bool{}
	for _, l := range social.Links(it.Text) {
		seen[it.Text[l.Start:l.End]] = true
	}
	if set.Link != "" {
		seen[set.Link] = true
	}
	return len(seen)
}

// containerOf is the form of what will be the post: everything but its files.
func containerOf(it social.Item) (url.Values, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	form := url.Values{}
	put := func(name, value string) {
		if value != "" {
			form.Set(name, value)
		}
	}
	put("text", it.Text)
	put("reply_control", set.ReplyControl)
	if set.Spoiler && len(it.Media) > 0 {
		put("is_spoiler_media", "true")
	}
	if it.Parent != nil {
		put("reply_to_id", it.Parent.ID)
		return form, nil
	}
	put("topic_tag", set.Topic)
	put("link_attachment", set.Link)
	put("quote_post_id", set.Quote)
	if set.Poll != nil {
		poll := map[string]string{}
		for i, o := range set.Poll.Options {
			poll["option_"+string(rune('a'+i))] = o
		}
		raw, err := json.Marshal(poll)
		if err != nil {
			return nil, &social.Error{Code: social.CodeRejected, Message: "The poll cannot be written.", Err: err}
		}
		put("poll_attachment", string(raw))
	}
	return form, nil
}

// fileOf adds a file to the form of its container.
func fileOf(form url.Values, m social.Media, address string) {
	form.Set("media_type", "IMAGE")
	name := "image_url"
	if m.Kind == domain.MediaVideo {
		form.Set("media_type", "VIDEO")
		name = "video_url"
	}
	form.Set(name, address)
	if m.Alt != "" {
		form.Set("alt_text", m.Alt)
	}
}
