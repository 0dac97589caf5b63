package tiktok

import "encoding/json"

// failure is how an answer says whether it refuses the call.
type failure struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// user is a User object.
type user struct {
	OpenID      string `json:"open_id"`
	DisplayName string `json:"display_name"`
	Username    string `json:"username"`
	AvatarURL   string `json:"avatar_url"`
	Followers   *int64 `json:"follower_count"`
}

// creator is what an account may do at the moment.
type creator struct {
	Privacy         []string `json:"privacy_level_options"`
	CommentDisabled bool     `json:"comment_disabled"`
	DuetDisabled    bool     `json:"duet_disabled"`
	StitchDisabled  bool     `json:"stitch_disabled"`
}

// request begins a post.
type request struct {
	PostInfo   *postInfo  `json:"post_info,omitempty"`
	SourceInfo sourceInfo `json:"source_info"`
	MediaType  string     `json:"media_type,omitempty"` // of photos
	PostMode   string     `json:"post_mode,omitempty"`  // of photos
}

type postInfo struct {
	Title        string `json:"title,omitempty"`
	Description  string `json:"description,omitempty"`
	PrivacyLevel string `json:"privacy_level,omitempty"`
	// What is not said is allowed, so it is always said.
	DisableComment *bool `json:"disable_comment,omitempty"`
	DisableDuet    *bool `json:"disable_duet,omitempty"`
	DisableStitch  *bool `json:"disable_stitch,omitempty"`
	CoverMS        int   `json:"video_cover_timestamp_ms,omitempty"`
	AIGenerated    bool  `json:"is_aigc,omitempty"`
	AutoAddMusic   *bool `json:"auto_add_music,omitempty"`
	BrandedContent *bool `json:"brand_content_toggle,omitempty"`
	YourBrand      *bool `json:"brand_organic_toggle,omitempty"`
}

type sourceInfo struct {
	Source     string   `json:"source"`
	VideoSize  int64    `json:"video_size,omitempty"`
	ChunkSize  int64    `json:"chunk_size,omitempty"`
	ChunkCount int64    `json:"total_chunk_count,omitempty"`
	CoverIndex *int     `json:"photo_cover_index,omitempty"`
	Photos     []string `json:"photo_images,omitempty"`
}

// begun is the answer to a request.
type begun struct {
	PublishID string `json:"publish_id"`
	UploadURL string `json:"upload_url"`
}

// status is how far a post is.
type status struct {
	Status     string `json:"status"`
	FailReason string `json:"fail_reason"`
	// Posts are numbers that are too large for a float.
	Posts         []json.Number `json:"publicaly_available_post_id"` //nolint:misspell // It is TikTok's.
	UploadedBytes *int64        `json:"uploaded_bytes"`
}

// video is a Video object.
type video struct {
	ID       string `json:"id"`
	Likes    *int64 `json:"like_count"`
	Comments *int64 `json:"comment_count"`
	Shares   *int64 `json:"share_count"`
	Views    *int64 `json:"view_count"`
}
