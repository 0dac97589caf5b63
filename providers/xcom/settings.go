package xcom

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

const mimeGIF = "image/gif"

// Settings are the choices an author has for one post. Those who may reply, the
// community, the quoted post and the poll are of the first item of a thread, the
// labels of every item.
type Settings struct {
	ReplySettings      string `json:"replySettings,omitempty" enum:"following,mentionedUsers,subscribers,verified" doc:"Who may reply: whom the account follows, who is mentioned, subscribers or verified accounts. Empty: everybody."`
	Community          string `json:"community,omitempty" lookup:"true" pattern:"[0-9]{1,19}|https://(x|twitter)\\.com/i/communities/[0-9]{1,19}/?" doc:"The community to post to, as its id or its link."`
	ShareWithFollowers bool   `json:"shareWithFollowers,omitempty" doc:"Show a post in a community to the followers as well."`
	SubscribersOnly    bool   `json:"subscribersOnly,omitempty" doc:"Show the post to paying subscribers of the account alone."`
	Quote              string `json:"quote,omitempty" pattern:"[0-9]{1,19}|https://(www\\.)?(x|twitter)\\.com/[A-Za-z0-9_/]+/status/[0-9]{1,19}([/?#].*)?" doc:"The post to quote, as its link. X lets most apps quote only the account's own posts."`
	MadeWithAI         bool   `json:"madeWithAI,omitempty" doc:"Say that the pictures or the video were made by AI."`
	PaidPartnership    bool   `json:"paidPartnership,omitempty" doc:"Say that the post is a paid partnership."`
	Poll               *Poll  `json:"poll,omitempty" doc:"A poll on the first item. It excludes pictures, videos and a quoted post."`
}

// Poll is a question that readers answer.
type Poll struct {
	Options         []string `json:"options" required:"true" minLength:"2" maxLength:"4" doc:"The answers to choose from, up to 25 characters each."`
	DurationMinutes int      `json:"durationMinutes" required:"true" minimum:"5" maximum:"10080" doc:"How long the poll is open, in minutes."`
}

const maxPollOption = 25

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
	for i, m := range it.Media {
		add(m.MIME == mimeGIF && len(it.Media) > 1, fmt.Sprintf("media[%d]", i), "conflict", "A GIF must be alone on its post.")
	}
	add(set.ShareWithFollowers && set.Community == "", "settings.shareWithFollowers", "conflict", "This is only for posts in a community.")
	if it.Parent != nil {
		return out
	}
	add(set.Quote != "" && len(it.Media) > 0, "settings.quote", "conflict", "A post that quotes another cannot have pictures or a video.")
	if set.Poll == nil {
		return out
	}
	add(len(it.Media) > 0, "settings.poll", "conflict", "A post with a poll cannot have pictures or a video.")
	add(set.Quote != "", "settings.poll", "conflict", "A post with a poll cannot quote another.")
	add(strings.TrimSpace(it.Text) == "", "settings.poll", "needs_text", "A poll needs a text: the question.")
	for i, o := range set.Poll.Options {
		at, n := fmt.Sprintf("settings.poll.options[%d]", i), len([]rune(strings.TrimSpace(o)))
		add(n == 0, at, "required", "An answer cannot be empty.")
		add(n > maxPollOption, at, "too_long", "This answer has %d characters; %d are allowed.", n, maxPollOption)
	}
	return out
}

var (
	digits = regexp.MustCompile(`[0-9]{1,19}`)
	status = regexp.MustCompile(`/status/([0-9]{1,19})`)
)

// quoted is the id of the post to quote; empty: none.
func (s Settings) quoted() string {
	if m := status.FindStringSubmatch(s.Quote); m != nil {
		return m[1]
	}
	return s.Quote
}

// request is what X is asked to publish.
func requestOf(it social.Item, media []string) (createPost, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return createPost{}, err
	}
	in := createPost{Text: it.Text, MadeWithAI: set.MadeWithAI, PaidPartnership: set.PaidPartnership}
	if len(media) > 0 {
		in.Media = &postMedia{MediaIDs: media}
	}
	if it.Parent != nil {
		in.Reply = &postReply{InReplyTo: it.Parent.ID}
		return in, nil
	}
	in.ReplySettings, in.QuoteTweetID = set.ReplySettings, set.quoted()
	in.SubscribersOnly = set.SubscribersOnly
	if set.Community != "" {
		in.CommunityID = digits.FindString(strings.TrimPrefix(set.Community, "https://"))
		in.ShareWithFollowers = set.ShareWithFollowers
	}
	if set.Poll != nil {
		in.Poll = &postPoll{Options: set.Poll.Options, DurationMinutes: set.Poll.DurationMinutes}
	}
	return in, nil
}
