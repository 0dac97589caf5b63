package instagram

import (
	"time"
)

// page is a Page with the account that is linked to it.
type page struct {
	AccessToken string   `json:"access_token"`
	Account     *profile `json:"instagram_business_account"`
}

// profile is an IGUser.
type profile struct {
	ID        string `json:"id"`
	Username  string `json:"username"`
	Name      string `json:"name"`
	Picture   string `json:"profile_picture_url"`
	Followers *int64 `json:"followers_count"`
}

// mediaRequest is the body of POST /{ig-user}/media.
type mediaRequest struct {
	MediaType      string    `json:"media_type,omitempty"`
	ImageURL       string    `json:"image_url,omitempty"`
	VideoURL       string    `json:"video_url,omitempty"`
	Caption        string    `json:"caption,omitempty"`
	AltText        string    `json:"alt_text,omitempty"`
	IsCarouselItem bool      `json:"is_carousel_item,omitempty"`
	Children       string    `json:"children,omitempty"`
	Collaborators  []string  `json:"collaborators,omitempty"`
	UserTags       []userTag `json:"user_tags,omitempty"`
	LocationID     string    `json:"location_id,omitempty"`
	ThumbOffset    int       `json:"thumb_offset,omitempty"`
	CoverURL       string    `json:"cover_url,omitempty"`
	AudioName      string    `json:"audio_name,omitempty"`
	ShareToFeed    *bool     `json:"share_to_feed,omitempty"`
	TrialParams    *trial    `json:"trial_params,omitempty"`
	IsAIGenerated  bool      `json:"is_ai_generated,omitempty"`
}

type userTag struct {
	Username string   `json:"username"`
	X        *float64 `json:"x,omitempty"`
	Y        *float64 `json:"y,omitempty"`
}

type trial struct {
	GraduationStrategy string `json:"graduation_strategy"`
}

// created is what POST answers.
type created struct {
	ID string `json:"id"`
}

// container is how far a container has come.
type container struct {
	StatusCode string `json:"status_code"`
	Status     string `json:"status"`
}

// quota is an answer of content_publishing_limit.
type quota struct {
	Data []struct {
		Usage  int64 `json:"quota_usage"`
		Config struct {
			Total int64 `json:"quota_total"`
		} `json:"config"`
	} `json:"data"`
}

// media is an IGMedia or an IGComment.
type media struct {
	ID        string `json:"id"`
	Caption   string `json:"caption"`
	Text      string `json:"text"`
	Username  string `json:"username"`
	Permalink string `json:"permalink"`
	Timestamp string `json:"timestamp"`
}

// since reports whether the media is from then or later. One without a date we
// can read is not.
func (m media) since(then time.Time) bool {
	at, err := time.Parse("2006-01-02T15:04:05-0700", m.Timestamp)
	return err == nil && !at.Before(then)
}
