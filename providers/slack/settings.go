package slack

import (
	"fmt"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
)

// Settings are the choices an author has for one message.
type Settings struct {
	Channel     string `json:"channel" required:"true" lookup:"true" pattern:"[CG][A-Z0-9]{2,}" doc:"The channel that it is sent to. Private channels are offered once the bot was invited to them."`
	LinkPreview string `json:"linkPreview,omitempty" enum:"none,all" doc:"Whether the pages that links lead to are shown below the text: never, or always. Empty, and with files: as Slack sees fit."`
	Broadcast   bool   `json:"broadcast,omitempty" doc:"Show the replies of a thread in the channel as well. Replies with files stay in the thread."`
	Username    string `json:"username,omitempty" maxLength:"80" doc:"Name that is shown in place of the bot's."`
	Icon        string `json:"icon,omitempty" maxLength:"100" pattern:":\\S+:" doc:"Emoji that is shown in place of the bot's picture, such as :mega:."`
}

const (
	// maxText is what a message has, as Slack counts it; more is cut off. For
	// best results Slack advises no more than 4,000.
	maxText = 40_000
	// maxFiles is what one message has.
	maxFiles = 10
)

// Validate implements social.Provider.
func (p *Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	if n := utf8.RuneCountInString(textOf(it)); n > maxText {
		return []social.Problem{{
			Field: "text", Rule: "too_long",
			Message: fmt.Sprintf("With its links and signs as Slack wants them the text has %d characters, and at most %d are allowed.", n, maxText),
		}}
	}
	return nil
}

// textOf is the text as Slack wants it written.
func textOf(it social.Item) string { return markup.Markdown(it.Text).Slack() }
