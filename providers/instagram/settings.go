package instagram

import (
	"fmt"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/text"
)

// What an item can be. A single video of a post is a reel.
const (
	typePost    = "post"
	typeStory   = "story"
	kindReel    = "reel"
	kindComment = "comment"
)

// Settings are the choices an author has for one post. They do not hold for
// its comments.
type Settings struct {
	PostType      string    `json:"postType,omitempty" enum:"post,story" default:"post" doc:"A post (one picture, a video as a reel, or 2 to 10 files to swipe through), or a story (one file, without its text) that is gone after a day."`
	Collaborators []string  `json:"collaborators,omitempty" maxLength:"3" doc:"Names of up to 3 accounts that are asked to have the post as their own."`
	UserTags      []UserTag `json:"userTags,omitempty" maxLength:"20" doc:"Accounts that are seen on the files."`
	LocationID    string    `json:"locationId,omitempty" pattern:"[0-9]+" doc:"Number of the Facebook page of a place."`
	ThumbOffset   int       `json:"thumbOffsetMs,omitempty" minimum:"0" maximum:"900000" doc:"Moment of a reel that is its cover, in milliseconds."`
	CoverURL      string    `json:"coverUrl,omitempty" pattern:"https://\\S+" maxLength:"2000" doc:"Address of a JPEG that is the cover of a reel. It wins over the moment."`
	AudioName     string    `json:"audioName,omitempty" maxLength:"100" doc:"What the sound of a reel is called."`
	OnlyReels     bool      `json:"onlyReels,omitempty" doc:"Show a reel among the reels alone, and not in the feed."`
	Trial         string    `json:"trial,omitempty" enum:"manual,performance" doc:"Show a reel first to people who do not follow: to all once you say so (manual), or once it does well (performance)."`
	AIGenerated   bool      `json:"aiGenerated,omitempty" doc:"Label the post as made with AI."`
}

// UserTag is an account that is seen on a file.
type UserTag struct {
	Username string `json:"username" required:"true" maxLength:"30" doc:"Name of a public account."`
	X        int    `json:"x,omitempty" minimum:"0" maximum:"100" doc:"Where on a picture, in percent from the left."`
	Y        int    `json:"y,omitempty" minimum:"0" maximum:"100" doc:"Where on a picture, in percent from the top."`
	File     int    `json:"file,omitempty" minimum:"1" maximum:"10" doc:"On which file, from 1. Default: the first."`
}

// kindOf is what it becomes.
func kindOf(it social.Item, set Settings) string {
	switch {
	case it.Parent != nil:
		return kindComment
	case set.PostType == typeStory:
		return typeStory
	case len(it.Media) == 1 && it.Media[0].Kind == domain.MediaVideo:
		return kindReel
	}
	return typePost
}

// The limits of a caption, of a picture's shape, and of a story's video.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media
const (
	maxTags, maxMentions = 30, 20
	tallest, widest      = 0.8, 1.91
	maxStory             = 100 << 20
)

// problems collects what is wrong.
type problems struct{ social.Problems }

// Validate implements social.Provider.
func (a *account) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	var ps problems
	switch kind := kindOf(it, set); kind {
	case kindComment:
		ps.Add(set.PostType == typeStory, "text", "no_comments", "A story has no comments.")
		ps.Add(len(it.Media) > 0, "media", "no_files", "A comment on Instagram is a text alone.")
		ps.Add(strings.TrimSpace(it.Text) == "", "text", "required", "A comment needs a text.")
		return ps.Problems
	case typeStory:
		ps.Add(len(it.Media) != 1, "media", "one_file", "A story on Instagram is one picture or one video.")
		ps.Add(len(set.Collaborators) > 0, "settings.collaborators", "conflict", "A story cannot have collaborators.")
		ps.Add(set.LocationID != "", "settings.locationId", "conflict", "A story cannot name a place.")
		ps.Add(len(it.Media) == 1 && it.Media[0].Kind == domain.MediaVideo && it.Media[0].Bytes > maxStory, "media[0]", "too_large", "The video of a story has at most 100 MiB.")
	default:
		ps.caption(it.Text)
		ps.shapes(it.Media)
	}
	ps.reel(set, kindOf(it, set))
	for i, u := range set.UserTags {
		ps.Add(max(u.File, 1) > len(it.Media), fmt.Sprintf("settings.userTags[%d].file", i), "too_large", "There is no file %d.", max(u.File, 1))
	}
	return ps.Problems
}

func (ps *problems) caption(s string) {
	ps.Add(len(text.Tags(s)) > maxTags, "text", "too_many_tags", "Instagram takes at most %d tags; there are %d.", maxTags, len(text.Tags(s)))
	ps.Add(len(text.Mentions(s)) > maxMentions, "text", "too_many_mentions", "Instagram takes at most %d mentions; there are %d.", maxMentions, len(text.Mentions(s)))
}

func (ps *problems) shapes(media []social.Media) {
	for i, m := range media {
		if m.Kind != domain.MediaImage || m.Width == 0 || m.Height == 0 {
			continue
		}
		// Rounding to whole pixels must not refuse what was cut to 4:5.
		ratio := float64(m.Width) / float64(m.Height)
		ps.Add(ratio < tallest-0.005 || ratio > widest+0.005, fmt.Sprintf("media[%d]", i), "ratio", "A picture on Instagram is between 4:5 and 1.91:1; this one is %d by %d.", m.Width, m.Height)
	}
}

func (ps *problems) reel(set Settings, kind string) {
	const alone = "Only a reel has this: a single video."
	ps.Add(set.ThumbOffset > 0 && kind != kindReel, "settings.thumbOffsetMs", "needs_reel", alone)
	ps.Add(set.CoverURL != "" && kind != kindReel, "settings.coverUrl", "needs_reel", alone)
	ps.Add(set.AudioName != "" && kind != kindReel, "settings.audioName", "needs_reel", alone)
	ps.Add(set.OnlyReels && kind != kindReel, "settings.onlyReels", "needs_reel", alone)
	ps.Add(set.Trial != "" && kind != kindReel, "settings.trial", "needs_reel", alone)
	ps.Add(set.Trial != "" && len(set.Collaborators) > 0, "settings.trial", "conflict", "A reel on trial cannot have collaborators.")
}
