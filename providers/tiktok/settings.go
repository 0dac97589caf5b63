package tiktok

import (
	"cmp"
	"fmt"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/text"
)

const (
	modeDirect = "direct"
	modeInbox  = "inbox"
	everyone   = "PUBLIC_TO_EVERYONE"
	onlyMe     = "SELF_ONLY"
)

// Settings are the choices an author has for one post. Nothing of what others
// may do or what is for sale is chosen beforehand, as TikTok demands it.
// https://developers.tiktok.com/doc/content-sharing-guidelines
type Settings struct {
	Mode           string `json:"mode,omitempty" enum:"direct,inbox" default:"direct" doc:"Post it (direct), or hand it to the owner of the account, who is told in the inbox of TikTok and finishes the post there (inbox)."`
	Privacy        string `json:"privacy,omitempty" enum:"PUBLIC_TO_EVERYONE,MUTUAL_FOLLOW_FRIENDS,FOLLOWER_OF_CREATOR,SELF_ONLY" lookup:"true" doc:"Who may see the post. A direct post needs it; which of them an account may use, TikTok decides."`
	AllowComments  bool   `json:"allowComments,omitempty" doc:"Let people comment."`
	AllowDuet      bool   `json:"allowDuet,omitempty" doc:"Let people make duets with the video."`
	AllowStitch    bool   `json:"allowStitch,omitempty" doc:"Let people use parts of the video in theirs."`
	YourBrand      bool   `json:"yourBrand,omitempty" doc:"The post advertises the author or their own business. TikTok labels it as promotional content."`
	BrandedContent bool   `json:"brandedContent,omitempty" doc:"The post advertises somebody else, for pay or favours. TikTok labels it as a paid partnership. It cannot be for the author alone."`
	AIGenerated    bool   `json:"aiGenerated,omitempty" doc:"Label the video as made with AI."`
	MusicConfirmed bool   `json:"musicUsageConfirmed,omitempty" doc:"The author agrees to TikTok's Music Usage Confirmation, https://www.tiktok.com/legal/page/global/music-usage-confirmation/en. A direct post needs it."`
	BrandConfirmed bool   `json:"brandedContentPolicyConfirmed,omitempty" doc:"The author agrees to TikTok's Branded Content Policy, https://www.tiktok.com/legal/page/global/bc-policy/en. Branded content needs it."`
	Title          string `json:"title,omitempty" maxLength:"90" doc:"Title of photos; the text is their description."`
	AutoAddMusic   bool   `json:"autoAddMusic,omitempty" doc:"Have TikTok add music to photos."`
	CoverPhoto     int    `json:"coverPhoto,omitempty" minimum:"1" maximum:"35" doc:"Number of the photo that is the cover, from 1. Default: the first."`
	CoverMS        int    `json:"coverMs,omitempty" minimum:"0" maximum:"600000" doc:"Moment of the video that is its cover, in milliseconds."`
}

func (s Settings) hidden() bool { return s.Privacy != everyone }

func (s Settings) inbox() bool { return cmp.Or(s.Mode, modeDirect) == modeInbox }

// isPhotos tells a post of photos from one of a video.
func isPhotos(it social.Item) bool { return len(it.Media) > 0 && it.Media[0].Kind == domain.MediaImage }

// problems collects what is wrong.
type problems struct{ social.Problems }

// Validate implements social.Provider.
func (*Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	var ps problems
	if isPhotos(it) {
		ps.photos(it, set)
	} else {
		ps.video(it, set)
	}
	if set.inbox() {
		ps.inbox(it, set)
	} else {
		ps.direct(set)
	}
	return ps.Problems
}

func (ps *problems) photos(it social.Item, set Settings) {
	ps.Add(text.Count(set.Title, social.CountUTF16, 0) > maxTitle, "settings.title", "too_long", "The title of photos has at most %d characters.", maxTitle)
	ps.Add(set.CoverPhoto > len(it.Media), "settings.coverPhoto", "too_large", "There is no photo %d.", set.CoverPhoto)
	const only = "Only a video has this."
	ps.Add(set.AllowDuet, "settings.allowDuet", "needs_video", only)
	ps.Add(set.AllowStitch, "settings.allowStitch", "needs_video", only)
	ps.Add(set.AIGenerated, "settings.aiGenerated", "needs_video", only)
	ps.Add(set.CoverMS > 0, "settings.coverMs", "needs_video", only)
	for i, m := range it.Media {
		short, long := min(m.Width, m.Height), max(m.Width, m.Height)
		ps.Add(short > 1080 || long > 1920, fmt.Sprintf("media[%d]", i), "too_large",
			"A photo on TikTok has at most 1080 by 1920 pixels; this one has %d by %d.", m.Width, m.Height)
	}
}

func (ps *problems) video(it social.Item, set Settings) {
	n := text.Count(it.Text, social.CountUTF16, 0)
	ps.Add(n > maxCaption, "text", "too_long", "The text of a video on TikTok has at most %d characters; this one has %d.", maxCaption, n)
	const only = "Only photos have this."
	ps.Add(set.Title != "", "settings.title", "needs_photos", only)
	ps.Add(set.AutoAddMusic, "settings.autoAddMusic", "needs_photos", only)
	ps.Add(set.CoverPhoto > 0, "settings.coverPhoto", "needs_photos", only)
}

// inbox refuses what TikTok would not hear of: the owner chooses it in the app.
func (ps *problems) inbox(it social.Item, set Settings) {
	const later = "The owner of the account chooses this in the app, because the post goes to the inbox."
	ps.Add(!isPhotos(it) && it.Text != "", "text", "no_text", "TikTok takes no text with a video for the inbox: the owner of the account writes it in the app.")
	ps.Add(set.Privacy != "", "settings.privacy", "needs_direct", later)
	for _, c := range []struct {
		field string
		set   bool
	}{
		{"allowComments", set.AllowComments},
		{"allowDuet", set.AllowDuet},
		{"allowStitch", set.AllowStitch},
		{"yourBrand", set.YourBrand},
		{"brandedContent", set.BrandedContent},
		{"aiGenerated", set.AIGenerated},
		{"autoAddMusic", set.AutoAddMusic},
		{"coverMs", set.CoverMS > 0},
	} {
		ps.Add(c.set, "settings."+c.field, "needs_direct", later)
	}
}

func (ps *problems) direct(set Settings) {
	ps.Add(set.Privacy == "", "settings.privacy", "required", "Please choose who may see the post.")
	ps.Add(!set.MusicConfirmed, "settings.musicUsageConfirmed", "required", "Please agree to TikTok's Music Usage Confirmation.")
	ps.Add(set.BrandedContent && !set.BrandConfirmed, "settings.brandedContentPolicyConfirmed", "required", "Please agree to TikTok's Branded Content Policy.")
	ps.Add(set.BrandedContent && set.Privacy == onlyMe, "settings.privacy", "conflict", "Branded content cannot be for the author alone.")
}
