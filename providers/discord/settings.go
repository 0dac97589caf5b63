package discord

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
)

// Settings are the choices an author has for one post through the bot.
type Settings struct {
	Channel      string   `json:"channel" required:"true" lookup:"true" pattern:"[0-9]{5,20}" doc:"The channel, forum or thread of the server."`
	Title        string   `json:"title,omitempty" maxLength:"100" doc:"Title of the post in a forum, or of the thread that is opened. Empty: the first line of the text."`
	Tags         []string `json:"tags,omitempty" lookup:"true" maxLength:"5" doc:"Tags of the post in a forum."`
	Answers      string   `json:"answers,omitempty" enum:"replies,thread" doc:"How further messages and comments follow the first: as replies (the default), or in a thread that is opened on it. In a forum they are in its thread anyway."`
	Notify       string   `json:"notify,omitempty" enum:"nobody,people,roles,everyone" doc:"Who may be told that the text mentions them: nobody, people (the default), people and roles, or also @everyone and @here."`
	Crosspost    bool     `json:"crosspost,omitempty" doc:"In an announcement channel: pass the message on to the servers that follow it. Where that fails the message is out, and you are told."`
	Silent       bool     `json:"silent,omitempty" doc:"Send it without a sound."`
	HidePreviews bool     `json:"hidePreviews,omitempty" doc:"Show no previews of the pages that links lead to."`
	Spoiler      bool     `json:"spoiler,omitempty" doc:"Hide pictures, videos and documents until somebody clicks on them."`
	Poll         *Poll    `json:"poll,omitempty" doc:"A poll. The text of the message is its question, up to 300 characters without marks."`
}

// WebhookSettings are the choices an author has for one message of a webhook.
type WebhookSettings struct {
	Username     string   `json:"username,omitempty" maxLength:"80" doc:"Name that the message is from. Empty: that of the webhook."`
	AvatarURL    string   `json:"avatarUrl,omitempty" maxLength:"2048" pattern:"https?://[^/\\s]+\\S*" doc:"Address of the picture beside the message. Empty: that of the webhook."`
	Thread       string   `json:"thread,omitempty" pattern:"[0-9]{5,20}" doc:"Number of the thread in the channel to send it to. Empty: the channel itself."`
	Title        string   `json:"title,omitempty" maxLength:"100" doc:"Title of a new post, where the webhook is one of a forum. It is needed there unless thread is set, and must be empty elsewhere."`
	Tags         []string `json:"tags,omitempty" maxLength:"5" doc:"Numbers of the tags of a new post in a forum."`
	Notify       string   `json:"notify,omitempty" enum:"nobody,people,roles,everyone" doc:"Who may be told that the text mentions them: nobody, people (the default), people and roles, or also @everyone and @here."`
	Silent       bool     `json:"silent,omitempty" doc:"Send it without a sound."`
	HidePreviews bool     `json:"hidePreviews,omitempty" doc:"Show no previews of the pages that links lead to."`
	Spoiler      bool     `json:"spoiler,omitempty" doc:"Hide pictures, videos and documents until somebody clicks on them."`
	Poll         *Poll    `json:"poll,omitempty" doc:"A poll. The text of the message is its question, up to 300 characters without marks."`
}

// Poll is what readers choose from.
type Poll struct {
	Options  []string `json:"options" required:"true" minLength:"2" maxLength:"10" doc:"The answers to choose from, up to 55 characters each."`
	Hours    int      `json:"hours,omitempty" minimum:"1" maximum:"768" doc:"For how many hours it is open. Empty: 24."`
	Multiple bool     `json:"multiple,omitempty" doc:"Let people choose several answers."`
}

// threaded is the value of Settings.Answers for a thread.
const threaded = "thread"

// What Discord allows.
const (
	maxText       = 2000
	maxTitle      = 100
	maxFiles      = 10
	maxAlt        = 1024
	maxQuestion   = 300
	maxPollOption = 55
	standardFile  = 10 << 20
	// maxRequest bounds all files of a message together, unless one alone may be larger.
	maxRequest = 25 << 20
)

func length(s string) int { return social.TextLimit{Count: social.CountUTF16}.Measure(s) }

// Validate implements social.Provider.
func (*Provider) Validate(it social.Item, tr social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return malformed(err)
	}
	var out problems
	out.message(it, set.first(it).style(), max(maxRequest, largestFile(tr)))
	return out.Problems
}

// Validate implements social.Provider.
func (*Webhook) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[WebhookSettings](it.Settings)
	if err != nil {
		return malformed(err)
	}
	var out problems
	out.message(it, set.style(), maxRequest)
	for _, word := range []string{"clyde", "discord"} {
		out.Add(strings.Contains(strings.ToLower(set.Username), word), "settings.username", "forbidden", "Discord does not allow the word %q in a name.", word)
	}
	out.Add(set.Thread != "" && set.Title != "", "settings.title", "conflict", "A message goes to a thread that is there, or opens a new one with a title: not both.")
	out.Add(len(set.Tags) > 0 && set.Title == "", "settings.tags", "conflict", "Only a new post in a forum has tags; it needs a title.")
	return out.Problems
}

func malformed(err error) []social.Problem {
	return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
}

// problems are what an author must change.
type problems struct{ social.Problems }

// message looks at what both providers send.
func (p *problems) message(it social.Item, st style, total int64) {
	text := markup.Markdown(it.Text)
	sent := length(text.Discord())
	p.Add(st.poll == nil && sent > maxText, "text", "too_long", "The text has %d characters as it is sent to Discord; %d are allowed.", sent, maxText)
	p.Add(len(it.Media) == 0 && strings.TrimSpace(text.Visible()) == "", "text", "required", "A message without files needs a text.")
	var bytes int64
	for _, m := range it.Media {
		bytes += m.Bytes
	}
	p.Add(bytes > total, "media", "too_large", "The files have %d MB together; Discord takes %d MB in one message.", bytes>>20, total>>20)
	if st.poll == nil {
		return
	}
	question := length(strings.TrimSpace(text.Visible()))
	p.Add(len(it.Media) > 0, "settings.poll", "conflict", "A poll cannot have files.")
	p.Add(question > maxQuestion, "text", "too_long", "The question has %d characters; Discord allows %d.", question, maxQuestion)
	for i, o := range st.poll.Options {
		at, n := fmt.Sprintf("settings.poll.options[%d]", i), length(strings.TrimSpace(o))
		p.Add(n == 0, at, "required", "An answer cannot be empty.")
		p.Add(n > maxPollOption, at, "too_long", "This answer has %d characters; %d are allowed.", n, maxPollOption)
	}
}

// first are the settings for it: a poll is the first message of a post alone.
func (s Settings) first(it social.Item) Settings {
	if it.Parent != nil {
		s.Poll = nil
	}
	return s
}

// style is what is said of one message.
type style struct {
	notify                        string
	silent, hidePreviews, spoiler bool
	poll                          *Poll
}

func (s Settings) style() style {
	return style{s.Notify, s.Silent, s.HidePreviews, s.Spoiler, s.Poll}
}

func (s WebhookSettings) style() style {
	return style{s.Notify, s.Silent, s.HidePreviews, s.Spoiler, s.Poll}
}

// allowed says whom Discord may tell of a mention.
// https://discord.com/developers/docs/resources/message#allowed-mentions-object
func (s style) allowed() map[string]any {
	levels := []string{"users", "roles", "everyone"}
	names := []string{"people", "roles", "everyone"}
	n := 1 + slices.Index(names, s.notify)
	if s.notify == "" {
		n = 1
	}
	return map[string]any{"parse": levels[:n]}
}

// The flags of messages.
// https://discord.com/developers/docs/resources/message#message-object-message-flags
const (
	flagHidePreviews = 1 << 2
	flagSilent       = 1 << 12
)

func (s style) flags() int {
	out := 0
	if s.hidePreviews {
		out |= flagHidePreviews
	}
	if s.silent {
		out |= flagSilent
	}
	return out
}
