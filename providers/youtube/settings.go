package youtube

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Settings are the choices an author has for one video. The text of the post is
// the description.
type Settings struct {
	Title       string   `json:"title" required:"true" minLength:"1" maxLength:"100" doc:"The title of the video."`
	Privacy     string   `json:"privacy" required:"true" enum:"public,unlisted,private" doc:"Who may see the video. Google keeps videos of apps that it has not audited private."`
	MadeForKids bool     `json:"madeForKids,omitempty" doc:"Say that the video is made for children."`
	Tags        []string `json:"tags,omitempty" doc:"Words that help people find the video, up to 500 characters in all."`
	Category    string   `json:"category,omitempty" lookup:"true" pattern:"[0-9]{1,4}" doc:"The category of the video, as its id. Empty: People and Blogs."`
	Playlist    string   `json:"playlist,omitempty" lookup:"true" doc:"A playlist of the channel that the video is added to, as its id."`
	Silent      bool     `json:"silent,omitempty" doc:"Do not tell the subscribers of the channel."`
	MadeWithAI  bool     `json:"madeWithAI,omitempty" doc:"Say that the video shows altered or made-up things that look real."`
}

const (
	// defaultCategory is People and Blogs.
	defaultCategory = "22"
	maxTags         = 500
)

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
	if it.Parent != nil {
		add(strings.TrimSpace(it.Text) == "", "text", "required", "A comment needs a text.")
		add(len(it.Media) > 0, "media", "too_many", "A comment on YouTube has no files.")
		return out
	}
	film := func(m social.Media) bool { return m.Kind == domain.MediaVideo }
	add(len(it.Media) > 0 && !slices.ContainsFunc(it.Media, film), "media", "no_video", "A post on YouTube needs a video; a picture is its thumbnail.")
	add(strings.ContainsAny(it.Text, "<>"), "text", "invalid", "YouTube takes no < and > in a description.")
	add(strings.ContainsAny(set.Title, "<>"), "settings.title", "invalid", "YouTube takes no < and > in a title.")
	add(strings.TrimSpace(set.Title) == "", "settings.title", "required", "A video needs a title.")
	unfit := func(tag string) bool { return strings.TrimSpace(tag) == "" || strings.ContainsAny(tag, "<>,") }
	add(slices.ContainsFunc(set.Tags, unfit), "settings.tags", "invalid", "A tag is not empty, and has no comma, < or > in it.")
	n := tagLength(set.Tags)
	add(n > maxTags, "settings.tags", "too_long", "The tags have %d characters together; %d are allowed.", n, maxTags)
	return out
}

// tagLength counts as YouTube does: with commas between the tags, and quotation
// marks around one with a space.
// https://developers.google.com/youtube/v3/docs/videos#snippet.tags[]
func tagLength(tags []string) int {
	n := max(0, len(tags)-1)
	for _, t := range tags {
		n += len([]rune(t))
		if strings.Contains(t, " ") {
			n += 2
		}
	}
	return n
}

// videoOf is what YouTube is asked to make of an item.
func videoOf(it social.Item) (video, Settings, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return video{}, set, err
	}
	category := set.Category
	if category == "" {
		category = defaultCategory
	}
	return video{
		Snippet: &snippet{Title: set.Title, Description: it.Text, Tags: set.Tags, CategoryID: category},
		Status:  &status{Privacy: set.Privacy, MadeForKids: set.MadeForKids, Synthetic: set.MadeWithAI},
	}, set, nil
}
