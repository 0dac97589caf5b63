package youtube

import "time"

// list is the envelope of every call that lists.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"nextPageToken"`
}

type channel struct {
	ID      string `json:"id"`
	Snippet struct {
		Title      string `json:"title"`
		CustomURL  string `json:"customUrl"`
		Thumbnails struct {
			Default struct {
				URL string `json:"url"`
			} `json:"default"`
		} `json:"thumbnails"`
	} `json:"snippet"`
	Statistics struct {
		Subscribers string `json:"subscriberCount"`
		Hidden      bool   `json:"hiddenSubscriberCount"`
	} `json:"statistics"`
}

// video is https://developers.google.com/youtube/v3/docs/videos.
type video struct {
	ID         string      `json:"id,omitempty"`
	Snippet    *snippet    `json:"snippet,omitempty"`
	Status     *status     `json:"status,omitempty"`
	Statistics *statistics `json:"statistics,omitempty"`
}

type snippet struct {
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Tags        []string `json:"tags,omitempty"`
	CategoryID  string   `json:"categoryId"`
	// What people say on YouTube itself.
	Language string `json:"defaultLanguage,omitempty"`
	Spoken   string `json:"defaultAudioLanguage,omitempty"`
}

type status struct {
	Privacy     string `json:"privacyStatus"`
	MadeForKids bool   `json:"selfDeclaredMadeForKids"`
	Synthetic   bool   `json:"containsSyntheticMedia,omitempty"`
	// What people say on YouTube itself.
	License     string `json:"license,omitempty"`
	Embeddable  *bool  `json:"embeddable,omitempty"`
	PublicStats *bool  `json:"publicStatsViewable,omitempty"`
	// Upload is only read: uploaded, processed, failed, rejected or deleted.
	Upload string `json:"uploadStatus,omitempty"`
}

// keep takes over from was what no setting is about.
func (v *video) keep(was video) {
	if s := was.Snippet; s != nil {
		v.Snippet.Language, v.Snippet.Spoken = s.Language, s.Spoken
	}
	if s := was.Status; s != nil {
		v.Status.License, v.Status.Embeddable, v.Status.PublicStats = s.License, s.Embeddable, s.PublicStats
	}
}

// statistics are numbers written as texts.
type statistics struct {
	Views    string `json:"viewCount"`
	Likes    string `json:"likeCount"`
	Comments string `json:"commentCount"`
}

type playlistItem struct {
	Snippet struct {
		PublishedAt time.Time `json:"publishedAt"`
		Title       string    `json:"title"`
		Description string    `json:"description"`
		Resource    resource  `json:"resourceId"`
	} `json:"snippet"`
}

type resource struct {
	Kind    string `json:"kind"`
	VideoID string `json:"videoId"`
}

// enlisted is a playlistItem that is to be made.
type enlisted struct {
	Snippet struct {
		PlaylistID string   `json:"playlistId"`
		Resource   resource `json:"resourceId"`
	} `json:"snippet"`
}

type playlist struct {
	ID      string `json:"id"`
	Snippet struct {
		Title string `json:"title"`
	} `json:"snippet"`
}

// thread is https://developers.google.com/youtube/v3/docs/commentThreads.
type thread struct {
	ID      string        `json:"id,omitempty"`
	Snippet threadSnippet `json:"snippet"`
}

type threadSnippet struct {
	ChannelID string  `json:"channelId"`
	VideoID   string  `json:"videoId"`
	Top       comment `json:"topLevelComment"`
}

type comment struct {
	ID      string          `json:"id,omitempty"`
	Snippet *commentSnippet `json:"snippet,omitempty"`
}

type commentSnippet struct {
	// Text is as its author wrote it. Nobody else gets to see it like this.
	Text string `json:"textOriginal"`
	// The others are only read.
	Author      *author    `json:"authorChannelId,omitempty"`
	PublishedAt *time.Time `json:"publishedAt,omitempty"`
	Likes       *int64     `json:"likeCount,omitempty"`
}

type author struct {
	Value string `json:"value"`
}

// report is https://developers.google.com/youtube/analytics/reference/reports/query.
type report struct {
	Columns []struct {
		Name string `json:"name"`
	} `json:"columnHeaders"`
	Rows [][]any `json:"rows"`
}

type category struct {
	ID      string `json:"id"`
	Snippet struct {
		Title      string `json:"title"`
		Assignable bool   `json:"assignable"`
	} `json:"snippet"`
}
