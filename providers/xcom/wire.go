package xcom

import "time"

// data is the envelope of most answers. What went wrong in a part of a call
// stands beside it.
type data[T any] struct {
	Data   T         `json:"data"`
	Errors []problem `json:"errors"`
}

// problem is an error of version 2, and one of OAuth 1.0a and version 1.1 in
// Message and Code.
type problem struct {
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Type    string `json:"type"`
	Message string `json:"message"`
	Code    int    `json:"code"`
}

type user struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Username      string `json:"username"`
	Image         string `json:"profile_image_url"`
	Verified      bool   `json:"verified"`
	PublicMetrics struct {
		Followers *int64 `json:"followers_count"`
	} `json:"public_metrics"`
}

// createPost is the body of POST /2/tweets. X refuses fields it does not know.
type createPost struct {
	Text               string     `json:"text"`
	Media              *postMedia `json:"media,omitempty"`
	Reply              *postReply `json:"reply,omitempty"`
	Poll               *postPoll  `json:"poll,omitempty"`
	QuoteTweetID       string     `json:"quote_tweet_id,omitempty"`
	ReplySettings      string     `json:"reply_settings,omitempty"`
	CommunityID        string     `json:"community_id,omitempty"`
	ShareWithFollowers bool       `json:"share_with_followers,omitempty"`
	SubscribersOnly    bool       `json:"for_super_followers_only,omitempty"`
	MadeWithAI         bool       `json:"made_with_ai,omitempty"`
	PaidPartnership    bool       `json:"paid_partnership,omitempty"`
}

type postMedia struct {
	MediaIDs []string `json:"media_ids"`
}

type postReply struct {
	InReplyTo string `json:"in_reply_to_tweet_id"`
}

type postPoll struct {
	Options         []string `json:"options"`
	DurationMinutes int      `json:"duration_minutes"`
}

// post is a post that is out. X calls some of its fields by two names, of
// tweets and of posts.
type post struct {
	ID         string    `json:"id"`
	Text       string    `json:"text"`
	CreatedAt  time.Time `json:"created_at"`
	Note       longText  `json:"note_tweet"`
	NotePost   longText  `json:"note_post"`
	Entities   entities  `json:"entities"`
	References []related `json:"referenced_tweets"`
	Referenced []related `json:"referenced_posts"`
	Attached   struct {
		MediaKeys []string `json:"media_keys"`
		PollIDs   []string `json:"poll_ids"`
	} `json:"attachments"`
	PublicMetrics struct {
		Impressions *int64 `json:"impression_count"`
		Likes       *int64 `json:"like_count"`
		Replies     *int64 `json:"reply_count"`
		Retweets    *int64 `json:"retweet_count"`
		Reposts     *int64 `json:"repost_count"`
		Quotes      *int64 `json:"quote_count"`
		Bookmarks   *int64 `json:"bookmark_count"`
	} `json:"public_metrics"`
}

type longText struct {
	Text     string   `json:"text"`
	Entities entities `json:"entities"`
}

type entities struct {
	URLs []struct {
		URL      string `json:"url"`
		Expanded string `json:"expanded_url"`
	} `json:"urls"`
}

type related struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// media is an answer of the calls that upload.
type media struct {
	ID         string `json:"id"`
	Key        string `json:"media_key"`
	Processing *struct {
		State      string `json:"state"`
		CheckAfter int    `json:"check_after_secs"`
		Error      struct {
			Message string `json:"message"`
		} `json:"error"`
	} `json:"processing_info"`
}

type initMedia struct {
	Type     string `json:"media_type"`
	Bytes    int64  `json:"total_bytes"`
	Category string `json:"media_category"`
}

type metadata struct {
	ID       string `json:"id"`
	Metadata struct {
		Alt struct {
			Text string `json:"text"`
		} `json:"alt_text"`
	} `json:"metadata"`
}

// analytics is a post's numbers by day.
type analytics struct {
	ID   string `json:"id"`
	Days []struct {
		At      time.Time         `json:"timestamp"`
		Metrics map[string]*int64 `json:"metrics"`
	} `json:"timestamped_metrics"`
}

type community struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}
