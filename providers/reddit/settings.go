package reddit

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
)

// Settings are the choices an author has for one post. Its body is the text.
// Pictures, a video, a link, a poll or a cross-post make it one of those;
// without them it is a text post. Comments need none of this.
type Settings struct {
	Subreddit   string   `json:"subreddit" required:"true" lookup:"true" pattern:"u_[A-Za-z0-9_-]{3,20}|[A-Za-z0-9][A-Za-z0-9_]{1,20}" doc:"The community that it is posted to, without r/; your profile is u_ and your name."`
	Title       string   `json:"title" required:"true" minLength:"1" maxLength:"300" doc:"Title of the post."`
	Flair       string   `json:"flair,omitempty" lookup:"true" maxLength:"36" doc:"The flair of the post. Some communities demand one."`
	FlairText   string   `json:"flairText,omitempty" maxLength:"64" doc:"Words on the flair instead of its own, where it lets you write some."`
	Link        string   `json:"link,omitempty" maxLength:"2048" pattern:"https?://\\S+" doc:"Where a link post leads to."`
	Resubmit    bool     `json:"resubmit,omitempty" doc:"Post the link even where the community has it already."`
	Poll        *Poll    `json:"poll,omitempty" doc:"A poll."`
	Crosspost   string   `json:"crosspost,omitempty" maxLength:"500" doc:"Link of a post on Reddit that this one brings to the community. Not every community shows the text of it."`
	Captions    []string `json:"captions,omitempty" maxLength:"20" doc:"What is written under each picture of a gallery, in order; up to 180 characters each."`
	GIF         bool     `json:"gif,omitempty" doc:"Show the video without sound, over and over again."`
	NSFW        bool     `json:"nsfw,omitempty" doc:"It is not safe for work."`
	Spoiler     bool     `json:"spoiler,omitempty" doc:"It gives something away."`
	MuteReplies bool     `json:"muteReplies,omitempty" doc:"Do not send comments on it to the inbox of the account."`
}

// Poll is what readers choose from.
type Poll struct {
	Options []string `json:"options" required:"true" minLength:"2" maxLength:"6" doc:"The answers to choose from, up to 120 characters each."`
	Days    int      `json:"days,omitempty" minimum:"1" maximum:"7" doc:"For how many days people can vote. Empty: 3."`
}

// What Reddit allows, in code points but for the number of pictures.
const (
	maxText    = 40_000
	maxComment = 10_000
	maxGallery = 20
	maxCaption = 180
	maxOption  = 120
	pollDays   = 3
)

// body is the text of it as Reddit writes Markdown.
func body(it social.Item) string { return markup.Markdown(it.Text).Reddit() }

// postID finds the id in the link of a post; empty: it is none.
func postID(link string) string {
	found := regexp.MustCompile(`^(?:t3_|https?://redd\.it/|https?://(?:[a-z]+\.)?reddit\.com/(?:(?:r|user)/[\w-]+/)?comments/)([0-9a-z]{1,13})(?:[/?#].*)?$`).FindStringSubmatch(link)
	if found == nil {
		return ""
	}
	return "t3_" + found[1]
}

// Validate implements social.Provider.
func (p *Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	var out problems
	n := utf8.RuneCountInString(body(it))
	if it.Parent != nil {
		out.Add(len(it.Media) > 0, "media", "not_in_comments", "A comment on Reddit has no files.")
		out.Add(n == 0, "text", "required", "A comment needs a text.")
		out.Add(n > maxComment, "text", "too_long", "The text has %d characters with its marks; a comment has at most %d.", n, maxComment)
		return out.Problems
	}
	out.Add(n > maxText, "text", "too_long", "The text has %d characters with its marks; %d are allowed.", n, maxText)
	out.Add(strings.TrimSpace(set.Title) == "", "settings.title", "required", "A post needs a title.")
	out.Add(set.FlairText != "" && set.Flair == "", "settings.flairText", "needs_flair", "Choose a flair to write on.")
	out.kinds(it, set)
	out.files(it, set)
	if set.Poll != nil {
		for i, o := range set.Poll.Options {
			at, n := fmt.Sprintf("settings.poll.options[%d]", i), utf8.RuneCountInString(strings.TrimSpace(o))
			out.Add(n == 0, at, "required", "An answer cannot be empty.")
			out.Add(n > maxOption, at, "too_long", "This answer has %d characters; %d are allowed.", n, maxOption)
		}
	}
	return out.Problems
}

// problems are what an author must change.
type problems struct{ social.Problems }

// kinds looks whether it is one kind of post.
func (p *problems) kinds(it social.Item, set Settings) {
	other := len(it.Media) > 0
	for _, k := range []struct {
		there bool
		field string
	}{{set.Link != "", "settings.link"}, {set.Poll != nil, "settings.poll"}, {set.Crosspost != "", "settings.crosspost"}} {
		p.Add(k.there && other, k.field, "conflict", "A post has either files, or a link, or a poll, or is a cross-post.")
		other = other || k.there
	}
	p.Add(set.Crosspost != "" && postID(set.Crosspost) == "", "settings.crosspost", "not_a_post", "This is not the link of a post on Reddit.")
	p.Add(set.Resubmit && set.Link == "", "settings.resubmit", "needs_link", "Only a link can be there already.")
}

// files looks at the files of one post.
func (p *problems) files(it social.Item, set Settings) {
	video, images := split(it)
	p.Add(video != nil && len(images) > 1, "media", "too_many", "Beside a video there is at most one picture: the one that is shown before it plays.")
	p.Add(video == nil && set.GIF, "settings.gif", "needs_video", "Only a video can be shown over and over again.")
	gallery := video == nil && len(images) > 1
	p.Add(len(set.Captions) > 0 && !gallery, "settings.captions", "needs_gallery", "Only the pictures of a gallery have captions: add another picture.")
	p.Add(gallery && len(set.Captions) > len(images), "settings.captions", "too_many", "There are more captions than pictures.")
	for i, c := range set.Captions {
		n := utf8.RuneCountInString(c)
		p.Add(n > maxCaption, fmt.Sprintf("settings.captions[%d]", i), "too_long", "This caption has %d characters; %d are allowed.", n, maxCaption)
	}
}

// split tells the video of an item from its pictures.
func split(it social.Item) (video *social.Media, images []social.Media) {
	for _, m := range it.Media {
		if m.Kind == domain.MediaVideo {
			video = &m
			continue
		}
		images = append(images, m)
	}
	return video, images
}
