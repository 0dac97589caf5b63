package telegram

import (
	"fmt"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
)

// Settings are the choices an author has for one message.
type Settings struct {
	Silent      bool   `json:"silent,omitempty" doc:"Send it without a sound."`
	Protect     bool   `json:"protect,omitempty" doc:"Do not let people forward or save it."`
	Pin         bool   `json:"pin,omitempty" doc:"Pin it, where the bot may. Where that fails the message is out, and you are told."`
	LinkPreview string `json:"linkPreview,omitempty" enum:"none,small,large,above" doc:"How the page that the first link leads to is shown: not at all, small, large, or above the text. Empty: as Telegram sees fit."`
	Spoiler     bool   `json:"spoiler,omitempty" doc:"Hide pictures and videos until somebody taps on them."`
	Topic       int    `json:"topic,omitempty" minimum:"1" doc:"Number of the topic in a group that has topics: the last number in a link to one of its messages, before that of the message."`
	Poll        *Poll  `json:"poll,omitempty" doc:"A poll. The text of the message is its question, up to 300 characters without marks."`
}

// Poll is what readers choose from.
type Poll struct {
	Options  []string `json:"options" required:"true" minLength:"2" maxLength:"12" doc:"The answers to choose from, up to 100 characters each."`
	Public   bool     `json:"public,omitempty" doc:"Show who chose what. Channels take only polls without names."`
	Multiple bool     `json:"multiple,omitempty" doc:"Let people choose several answers."`
}

// What the Bot API allows, in UTF-16 units but for the number of files.
const (
	maxText       = 4096
	maxCaption    = 1024
	maxQuestion   = 300
	maxPollOption = 100
	maxAlbum      = 10
)

// Pictures may have this many pixels on both sides together, and be this many
// times longer on one side than on the other.
const (
	maxSides = 10_000
	maxRatio = 20
)

func length(s string) int { return social.TextLimit{Count: social.CountUTF16}.Measure(s) }

// Validate implements social.Provider.
func (*Provider) Validate(it social.Item, tr social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	var out problems
	shown := markup.Markdown(it.Text).Visible()
	n := length(shown)
	out.Add(len(it.Media) > 0 && n > maxCaption, "text", "too_long", "The text has %d characters; with pictures, videos or documents Telegram allows %d.", n, maxCaption)
	out.Add(len(it.Media) == 0 && strings.TrimSpace(shown) == "", "text", "required", "A message without files needs a text.")
	out.files(it.Media)
	if set.Poll != nil {
		out.Add(len(it.Media) > 0, "settings.poll", "conflict", "A poll cannot have files.")
		out.Add(n > maxQuestion, "text", "too_long", "The question has %d characters; Telegram allows %d.", n, maxQuestion)
		out.Add(set.Poll.Public && tr[traitType] == "channel", "settings.poll.public", "conflict", "In a channel a poll never shows who chose what.")
		out.options(set.Poll.Options)
	}
	return out.Problems
}

// problems are what an author must change.
type problems struct{ social.Problems }

// files looks at the files of one message.
func (p *problems) files(media []social.Media) {
	documents, gifs := 0, 0
	for i, m := range media {
		method, _ := methodOf(m)
		switch method {
		case "sendDocument":
			documents++
		case "sendAnimation":
			gifs++
		case "sendPhoto":
			at := fmt.Sprintf("media[%d]", i)
			p.Add(m.Width+m.Height > maxSides, at, "too_large", "Width and height of a picture may be %d pixels together; this one has %d.", maxSides, m.Width+m.Height)
			p.Add(max(m.Width, m.Height) > maxRatio*min(m.Width, m.Height), at, "ratio", "One side of a picture may be %d times as long as the other; in this one it is longer.", maxRatio)
		}
	}
	p.Add(documents > 0 && documents < len(media), "media", "conflict", "Documents cannot be in one message with pictures or videos.")
	p.Add(gifs > 0 && len(media) > 1, "media", "conflict", "An animated picture (GIF) must be alone in its message.")
}

// options looks at the answers of a poll.
func (p *problems) options(options []string) {
	for i, o := range options {
		at, n := fmt.Sprintf("settings.poll.options[%d]", i), length(strings.TrimSpace(o))
		p.Add(n == 0, at, "required", "An answer cannot be empty.")
		p.Add(n > maxPollOption, at, "too_long", "This answer has %d characters; %d are allowed.", n, maxPollOption)
	}
}
