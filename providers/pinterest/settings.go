package pinterest

import (
	"math"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Settings are the choices an author has for one pin. Its description is the
// text of the post.
type Settings struct {
	Board         string `json:"board" required:"true" lookup:"true" pattern:"[0-9]+" doc:"The board that it is put on."`
	Section       string `json:"section,omitempty" lookup:"true" pattern:"[0-9]+" doc:"The section of that board."`
	Title         string `json:"title,omitempty" maxLength:"100" doc:"Title of the pin."`
	Link          string `json:"link,omitempty" maxLength:"2048" pattern:"https?://\\S+" doc:"Where the pin leads to."`
	DominantColor string `json:"dominantColor,omitempty" pattern:"#[0-9A-Fa-f]{6}" doc:"Colour that is shown until the picture is there, such as #6E7874."`
	CoverSeconds  int    `json:"coverSeconds,omitempty" minimum:"0" maximum:"900" doc:"Moment of a video that is its cover, in seconds. A picture beside the video wins over it."`
}

// maxImages is how many pictures one pin has.
const maxImages = 5

// Validate implements social.Provider.
func (p *Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	var out []social.Problem
	add := func(bad bool, field, rule, message string) {
		if bad {
			out = append(out, social.Problem{Field: field, Rule: rule, Message: message})
		}
	}
	video, images := split(it)
	add(video != nil && len(images) > 1, "media", "too_many", "Beside a video there is at most one picture: its cover.")
	add(video == nil && set.CoverSeconds > 0, "settings.coverSeconds", "needs_video", "Only a video has a cover.")
	add(video == nil && !sameShape(images), "media", "ratio", "The pictures of one pin must all have the same shape.")
	return out
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

// sameShape reports whether all pictures have the same shape, as far as it is
// known, and rounded as people cut them.
func sameShape(images []social.Media) bool {
	var first float64
	for _, m := range images {
		if m.Width == 0 || m.Height == 0 {
			continue
		}
		ratio := float64(m.Width) / float64(m.Height)
		if first == 0 {
			first = ratio
		}
		if math.Abs(ratio-first) > 0.02*first {
			return false
		}
	}
	return true
}
