package linkedin

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Settings are the choices an author has for one post. They are of the post
// itself, and not of the comments that make a thread.
type Settings struct {
	Visibility      string `json:"visibility,omitempty" enum:"public,connections" doc:"Who can see a member's post: public or connections. Empty: public. Posts of pages are public."`
	Title           string `json:"title,omitempty" maxLength:"200" doc:"Title of a document or a video. Empty: the name of the file."`
	DisableReshares bool   `json:"disableReshares,omitempty" doc:"Do not let others repost it."`
	Link            *Link  `json:"link,omitempty" doc:"A card that leads to a page. LinkedIn reads nothing from the page; a picture on the post becomes that of the card."`
	Poll            *Poll  `json:"poll,omitempty" doc:"A poll. It excludes files and a link."`
}

// Link is a card below the text.
type Link struct {
	URL         string `json:"url" required:"true" pattern:"https?://.+" doc:"The address of the page."`
	Title       string `json:"title" required:"true" maxLength:"400" doc:"The title on the card."`
	Description string `json:"description,omitempty" maxLength:"4086" doc:"The text on the card."`
}

// Poll is a question that readers answer.
type Poll struct {
	Question string   `json:"question" required:"true" maxLength:"140" doc:"The question."`
	Options  []string `json:"options" required:"true" minLength:"2" maxLength:"4" doc:"The answers to choose from, up to 30 characters each."`
	Duration string   `json:"duration" required:"true" enum:"ONE_DAY,THREE_DAYS,SEVEN_DAYS,FOURTEEN_DAYS" doc:"How long the poll is open."`
}

const (
	maxPollOption = 30
	maxComment    = 1250
)

// Validate implements social.Provider.
func (c common) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	if it.Parent != nil {
		return checkComment(it)
	}
	return c.checkPost(it, set)
}

func checkComment(it social.Item) []social.Problem {
	var out social.Problems
	n := social.TextLimit{Count: social.CountUTF16}.Measure(it.Text)
	out.Add(n > maxComment, "text", "too_long", "The comment has %d characters; LinkedIn allows %d.", n, maxComment)
	out.Add(strings.TrimSpace(it.Text) == "", "text", "required", "A comment needs a text.")
	out.Add(manyOrOther(it), "media", "conflict", "A comment can have one picture and nothing else.")
	return out
}

// manyOrOther reports whether it has anything else than one picture, or none.
func manyOrOther(it social.Item) bool {
	return len(it.Media) > 1 || len(it.Media) == 1 && it.Media[0].Kind != domain.MediaImage
}

func (c common) checkPost(it social.Item, set Settings) []social.Problem {
	var out social.Problems
	out.Add(c.page && set.Visibility == "connections", "settings.visibility", "conflict", "A page has no connections: its posts are public.")
	titled := len(it.Media) == 1 && it.Media[0].Kind != domain.MediaImage
	out.Add(set.Title != "" && !titled, "settings.title", "needs_file", "Only a document or a video has a title.")
	out.Add(set.Link != nil && manyOrOther(it), "settings.link", "conflict",
		"A post with a link can have one picture, that of the card, and nothing else.")
	if set.Poll == nil {
		return out
	}
	out.Add(len(it.Media) > 0 || set.Link != nil, "settings.poll", "conflict", "A post with a poll cannot have files or a link.")
	for i, o := range set.Poll.Options {
		at, n := fmt.Sprintf("settings.poll.options[%d]", i), utf8.RuneCountInString(strings.TrimSpace(o))
		out.Add(n == 0, at, "required", "An answer cannot be empty.")
		out.Add(n > maxPollOption, at, "too_long", "This answer has %d characters; %d are allowed.", n, maxPollOption)
	}
	return out
}
