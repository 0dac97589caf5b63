package slack

// grant is what oauth.v2.access says beside the token.
type grant struct {
	Team struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"team"`
	WholeOrganization bool `json:"is_enterprise_install"`
}

// identity is an answer of auth.test.
type identity struct {
	URL    string `json:"url"`
	User   string `json:"user"`
	UserID string `json:"user_id"`
}

// user is a user object.
type user struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Deleted bool   `json:"deleted"`
	Bot     bool   `json:"is_bot"`
	Profile struct {
		RealName    string `json:"real_name"`
		DisplayName string `json:"display_name"`
		Image72     string `json:"image_72"`
		Image192    string `json:"image_192"`
	} `json:"profile"`
}

// paging is a part of every list.
type paging struct {
	Metadata struct {
		Next string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// conversation is a conversation object of a channel.
type conversation struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	General  bool   `json:"is_general"`
	Private  bool   `json:"is_private"`
	Archived bool   `json:"is_archived"`
	Member   bool   `json:"is_member"`
	Members  *int64 `json:"num_members"`
}

// messageRequest is the body of chat.postMessage.
type messageRequest struct {
	Channel     string    `json:"channel"`
	Text        string    `json:"text"`
	Thread      string    `json:"thread_ts,omitempty"`
	Broadcast   bool      `json:"reply_broadcast,omitempty"`
	UnfurlLinks *bool     `json:"unfurl_links,omitempty"`
	UnfurlMedia *bool     `json:"unfurl_media,omitempty"`
	Username    string    `json:"username,omitempty"`
	Icon        string    `json:"icon_emoji,omitempty"`
	Metadata    *metadata `json:"metadata,omitempty"`
}

// metadata is what a message tells apps and not people.
// https://docs.slack.dev/messaging/message-metadata
type metadata struct {
	Type    string `json:"event_type"`
	Payload struct {
		Key string `json:"key"`
	} `json:"event_payload"`
}

// shareRequest is the body of files.completeUploadExternal.
type shareRequest struct {
	Files    []file `json:"files"`
	Channel  string `json:"channel_id"`
	Comment  string `json:"initial_comment,omitempty"`
	Thread   string `json:"thread_ts,omitempty"`
	Username string `json:"username,omitempty"`
	Icon     string `json:"icon_emoji,omitempty"`
}

// file is an uploaded file, in requests and in cursors.
type file struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
}

// updateRequest is the body of chat.update. How addresses become links has
// another default there than in chat.postMessage.
type updateRequest struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Text    string `json:"text"`
	Parse   string `json:"parse"`
}

// message is a message object.
type message struct {
	TS         string    `json:"ts"`
	Metadata   *metadata `json:"metadata"`
	ReplyCount int64     `json:"reply_count"`
	Reactions  []struct {
		Count int64 `json:"count"`
	} `json:"reactions"`
}

// share is where a file is seen.
type share struct {
	TS string `json:"ts"`
}
