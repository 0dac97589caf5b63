package facebook

import (
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// What a post can be.
const (
	typePost  = "post"
	typeReel  = "reel"
	typeStory = "story"
)

// Settings are the choices an author has for one post. They do not hold for
// its comments.
type Settings struct {
	PostType string `json:"postType,omitempty" enum:"post,reel,story" default:"post" doc:"What it becomes: a post, a reel (one upright video of 3 to 90 seconds), or a story (one picture, or one video of up to 60 seconds, without its text) that is gone after a day."`
	Link     string `json:"link,omitempty" pattern:"https?://\\S+" maxLength:"2000" doc:"Address to show as a card below the text. Only for posts without files."`
	Title    string `json:"title,omitempty" maxLength:"255" doc:"Title of the video."`
	// Preset is not documented; people find its numbers by looking.
	Preset string `json:"textFormatPresetId,omitempty" pattern:"[0-9]+" doc:"Number of a coloured background for a short text without files."`
}

// presetText is the longest text that gets a background.
const presetText = 130

func (s Settings) kind() string {
	if s.PostType == "" {
		return typePost
	}
	return s.PostType
}

// Validate implements social.Provider.
func (p *Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	if it.Parent != nil {
		return checkComment(it, set)
	}
	var out social.Problems
	video := isVideo(it)
	switch set.kind() {
	case typeStory:
		out.Add(len(it.Media) != 1, "media", "one_file", "A story on Facebook is one picture or one video.")
		out.Add(set.Title != "" && video, "settings.title", "conflict", "A story has no title.")
	case typeReel:
		out.Add(len(it.Media) != 1 || !video, "media", "one_video", "A reel is one video.")
	}
	out.Add(set.Link != "" && len(it.Media) > 0, "settings.link", "conflict", "A post with files has no card of a link. Put the address into the text.")
	out.Add(set.Title != "" && !video, "settings.title", "needs_video", "Only videos have a title.")
	return checkPreset(out, it, set)
}

func checkPreset(out social.Problems, it social.Item, set Settings) social.Problems {
	if set.Preset == "" {
		return out
	}
	out.Add(len(it.Media) > 0 || set.Link != "", "settings.textFormatPresetId", "conflict", "Only a text alone can have a background.")
	out.Add(utf8.RuneCountInString(it.Text) > presetText, "settings.textFormatPresetId", "too_long", "A text with a background has at most %d characters.", presetText)
	return out
}

func checkComment(it social.Item, set Settings) social.Problems {
	var out social.Problems
	out.Add(set.kind() == typeStory, "text", "no_comments", "A story has no comments.")
	out.Add(len(it.Media) > 1 || isVideo(it), "media", "one_image", "A comment on Facebook has at most one picture, and no video.")
	return out
}

func isVideo(it social.Item) bool { return len(it.Media) > 0 && it.Media[0].Kind == "video" }
