package pinterest

import (
	"strings"
	"time"
)

// user is an Account.
type user struct {
	ID           string `json:"id"`
	Username     string `json:"username"`
	BusinessName string `json:"business_name"`
	ProfileImage string `json:"profile_image"`
	Followers    *int64 `json:"follower_count"`
}

// board is a Board or a BoardSection.
type board struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Privacy string `json:"privacy"`
}

// list is a page of a list.
type list[T any] struct {
	Items    []T    `json:"items"`
	Bookmark string `json:"bookmark"`
}

// pinRequest is the body of POST /pins.
type pinRequest struct {
	BoardID        string      `json:"board_id"`
	BoardSectionID string      `json:"board_section_id,omitempty"`
	Title          string      `json:"title,omitempty"`
	Description    string      `json:"description,omitempty"`
	Link           string      `json:"link,omitempty"`
	AltText        string      `json:"alt_text,omitempty"`
	DominantColor  string      `json:"dominant_color,omitempty"`
	MediaSource    mediaSource `json:"media_source"`
}

// editRequest is the body of PATCH /pins/{id}.
type editRequest struct {
	BoardID        string  `json:"board_id"`
	BoardSectionID *string `json:"board_section_id"`
	Title          string  `json:"title"`
	Description    string  `json:"description"`
	Link           *string `json:"link"`
	AltText        *string `json:"alt_text"`
}

// mediaSource is what a pin shows.
type mediaSource struct {
	SourceType string `json:"source_type"`
	URL        string `json:"url,omitempty"`
	Items      []item `json:"items,omitempty"`
	MediaID    string `json:"media_id,omitempty"`
	CoverURL   string `json:"cover_image_url,omitempty"`
	// CoverTime is set where there is no CoverURL: one of them is needed.
	CoverTime *int `json:"cover_image_key_frame_time,omitempty"`
}

type item struct {
	URL string `json:"url"`
}

// media is a media upload.
type media struct {
	MediaID    string            `json:"media_id"`
	UploadURL  string            `json:"upload_url"`
	Parameters map[string]string `json:"upload_parameters"`
	Status     string            `json:"status"`
}

// pin is a Pin.
type pin struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Link        string `json:"link"`
	CreatedAt   string `json:"created_at"`
	Metrics     struct {
		Lifetime struct {
			Clickthrough *int64 `json:"clickthrough"`
			Comment      *int64 `json:"comment"`
			Impression   *int64 `json:"impression"`
			Reaction     *int64 `json:"reaction"`
			Save         *int64 `json:"save"`
		} `json:"lifetime_metrics"`
	} `json:"pin_metrics"`
}

// leadsTo reports whether the pin leads to the address, whatever the platform
// writes in capitals or ends it with.
func (p pin) leadsTo(address string) bool {
	bare := func(s string) string { return strings.TrimRight(s, "/") }
	return strings.EqualFold(bare(p.Link), bare(address))
}

// since reports whether the pin is from then or later. One without a date we
// can read is not. The documentation's dates have no zone, and are in UTC.
func (p pin) since(then time.Time) bool {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, p.CreatedAt); err == nil {
			return !at.Before(then)
		}
	}
	return false
}

// analytics is an answer of /user_account/analytics.
type analytics struct {
	All struct {
		Daily []struct {
			Date    string             `json:"date"`
			Status  string             `json:"data_status"`
			Metrics map[string]float64 `json:"metrics"`
		} `json:"daily_metrics"`
	} `json:"all"`
}
