package facebook

import (
	"strconv"
	"time"

	"github.com/crierhq/crier/providers/kit/graph"
)

// page is a Page.
type page struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Username    string        `json:"username"`
	Link        string        `json:"link"`
	AccessToken string        `json:"access_token"`
	Tasks       []string      `json:"tasks"`
	Picture     graph.Picture `json:"picture"`
}

// feedRequest is the body of POST /{page}/feed.
type feedRequest struct {
	Message       string     `json:"message,omitempty"`
	Link          string     `json:"link,omitempty"`
	Published     bool       `json:"published"`
	AttachedMedia []attached `json:"attached_media,omitempty"`
	Preset        string     `json:"text_format_preset_id,omitempty"`
}

type attached struct {
	MediaFBID string `json:"media_fbid"`
}

// commentRequest is the body of POST /{post}/comments.
type commentRequest struct {
	Message      string `json:"message,omitempty"`
	AttachmentID string `json:"attachment_id,omitempty"`
}

// videoRequest is the body of the calls that begin and end an upload.
type videoRequest struct {
	UploadPhase     string `json:"upload_phase"`
	FileSize        string `json:"file_size,omitempty"`
	UploadSessionID string `json:"upload_session_id,omitempty"`
	VideoID         string `json:"video_id,omitempty"`
	VideoState      string `json:"video_state,omitempty"`
	Title           string `json:"title,omitempty"`
	Description     string `json:"description,omitempty"`
}

// videoAnswer is what those calls answer.
type videoAnswer struct {
	Success         bool   `json:"success"`
	VideoID         string `json:"video_id"`
	UploadSessionID string `json:"upload_session_id"`
	StartOffset     string `json:"start_offset"`
	EndOffset       string `json:"end_offset"`
	PostID          string `json:"post_id"`
}

// part is which bytes the platform wants next; false: it did not say.
func (v videoAnswer) part() (start, end int64, ok bool) {
	start, err := strconv.ParseInt(v.StartOffset, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	end, err = strconv.ParseInt(v.EndOffset, 10, 64)
	return start, end, err == nil && start >= 0 && end >= start
}

// post is a PagePost, a Comment, or a Video.
type post struct {
	ID           string `json:"id"`
	Message      string `json:"message"`
	Description  string `json:"description"`
	CreatedTime  string `json:"created_time"`
	PermalinkURL string `json:"permalink_url"`
	From         struct {
		ID string `json:"id"`
	} `json:"from"`
	Attachments struct {
		Data []attachment `json:"data"`
	} `json:"attachments"`
}

type attachment struct {
	Target struct {
		ID string `json:"id"`
	} `json:"target"`
	Subattachments struct {
		Data []attachment `json:"data"`
	} `json:"subattachments"`
}

// targets are the ids of the photos on a post.
func (p post) targets() []string {
	var out []string
	for _, a := range p.Attachments.Data {
		if len(a.Subattachments.Data) == 0 {
			out = append(out, a.Target.ID)
		}
		for _, s := range a.Subattachments.Data {
			out = append(out, s.Target.ID)
		}
	}
	return out
}

// since reports whether the post is from then or later. One without a date we
// can read is not.
func (p post) since(then time.Time) bool {
	at, err := time.Parse("2006-01-02T15:04:05-0700", p.CreatedTime)
	return err == nil && !at.Before(then)
}

// video is the state of a Video.
type video struct {
	ID           string `json:"id"`
	PermalinkURL string `json:"permalink_url"`
	Status       struct {
		VideoStatus string `json:"video_status"`
		Processing  phase  `json:"processing_phase"`
		Publishing  phase  `json:"publishing_phase"`
	} `json:"status"`
}

type phase struct {
	Status string `json:"status"`
}

// story is an entry of GET /{page}/stories.
type story struct {
	PostID  string `json:"post_id"`
	MediaID string `json:"media_id"`
	URL     string `json:"url"`
}
