package mastodon

import (
	"fmt"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

// Settings are the choices an author has for one post. They hold for every
// item of its thread, except the poll, which only the first one has.
type Settings struct {
	Visibility  string `json:"visibility,omitempty" enum:"public,unlisted,private,direct" doc:"Who can see the post: public, unlisted (public, but not in the timelines), private (followers only) or direct (only who is mentioned). Empty: what the account's preferences say."`
	SpoilerText string `json:"spoilerText,omitempty" maxLength:"500" doc:"Content warning that is shown instead of the text until somebody opens it. It counts together with the text."`
	Sensitive   bool   `json:"sensitive,omitempty" doc:"Hide the pictures until somebody opens them. Off: what the account's preferences say."`
	Language    string `json:"language,omitempty" pattern:"[a-z]{2,3}(-[A-Za-z]{2,4})?" doc:"Language of the text as an ISO 639 code, such as en. Empty: what the account's preferences say."`
	QuotePolicy string `json:"quotePolicy,omitempty" enum:"public,followers,nobody" doc:"Who may quote the post, on servers that know quotes (Mastodon 4.5). Empty: what the account's preferences say."`
	Poll        *Poll  `json:"poll,omitempty" doc:"A poll on the first item. It needs a text and excludes pictures and videos."`
}

// Poll is a question that readers answer.
type Poll struct {
	Options          []string `json:"options" required:"true" minLength:"2" maxLength:"50" doc:"The answers to choose from."`
	ExpiresInSeconds int      `json:"expiresInSeconds" required:"true" minimum:"1" doc:"How long the poll is open, in seconds after the post is out."`
	Multiple         bool     `json:"multiple,omitempty" doc:"Let people choose several answers."`
	HideTotals       bool     `json:"hideTotals,omitempty" doc:"Hide the counts until the poll ends."`
}

// Validate implements social.Provider.
func (p *Provider) Validate(it social.Item, tr social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	out := checkWarning(it, set, p.LimitsFor(tr).Text)
	if set.Poll != nil && it.Parent == nil {
		out = append(out, checkPoll(it, *set.Poll, tr)...)
	}
	return out
}

// checkWarning counts the content warning with the text, as the server does.
// An address in the warning is not shortened.
func checkWarning(it social.Item, set Settings, limit social.TextLimit) []social.Problem {
	if set.SpoilerText == "" {
		return nil
	}
	text := limit.Measure(it.Text)
	limit.URLLength = 0
	if n := text + limit.Measure(set.SpoilerText); text <= limit.Max && n > limit.Max {
		return []social.Problem{{
			Field: "settings.spoilerText", Rule: "too_long",
			Message: fmt.Sprintf("The content warning and the text have %d characters together; %d are allowed.", n, limit.Max),
		}}
	}
	return nil
}

func checkPoll(it social.Item, poll Poll, tr social.Traits) []social.Problem {
	var out []social.Problem
	add := func(bad bool, field, rule, format string, args ...any) {
		if bad {
			out = append(out, social.Problem{Field: "settings.poll" + field, Rule: rule, Message: fmt.Sprintf(format, args...)})
		}
	}
	add(len(it.Media) > 0, "", "conflict", "A post with a poll cannot have pictures or videos.")
	add(strings.TrimSpace(it.Text) == "", "", "needs_text", "A poll needs a text: the question.")
	most := number(tr, traitPollOptions)
	add(len(poll.Options) < 2, ".options", "too_few", "A poll needs at least 2 answers.")
	add(len(poll.Options) > most, ".options", "too_many", "There are %d answers; %d are allowed.", len(poll.Options), most)
	longest, seen := number(tr, traitPollOptionLength), map[string]bool{}
	for i, o := range poll.Options {
		o, at := strings.TrimSpace(o), fmt.Sprintf(".options[%d]", i)
		n := social.TextLimit{Count: social.CountGraphemes}.Measure(o)
		add(n == 0, at, "required", "An answer cannot be empty.")
		add(n > longest, at, "too_long", "This answer has %d characters; %d are allowed.", n, longest)
		add(n > 0 && seen[o], at, "duplicate", "This answer is there already.")
		seen[o] = true
	}
	shortest, end := number(tr, traitPollMinSeconds), number(tr, traitPollMaxSeconds)
	add(poll.ExpiresInSeconds < shortest, ".expiresInSeconds", "too_small", "A poll must be open for at least %d seconds.", shortest)
	add(poll.ExpiresInSeconds > end, ".expiresInSeconds", "too_large", "A poll can be open for at most %d seconds.", end)
	return out
}

// request is the poll as the server wants it; nil where there is none.
func (s Settings) request(it social.Item) *pollRequest {
	if s.Poll == nil || it.Parent != nil {
		return nil
	}
	return &pollRequest{
		Options: s.Poll.Options, ExpiresIn: s.Poll.ExpiresInSeconds,
		Multiple: s.Poll.Multiple, HideTotals: s.Poll.HideTotals,
	}
}
