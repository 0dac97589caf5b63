package reddit

import "time"

// user is an account. https://www.reddit.com/dev/api/#GET_api_v1_me
type user struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Icon    string `json:"icon_img"`
	Profile struct {
		Title     string `json:"title"`
		Followers *int64 `json:"subscribers"`
	} `json:"subreddit"`
	Suspended bool `json:"is_suspended"`
}

// listing is a page of things.
type listing[T any] struct {
	Data struct {
		Children []struct {
			Data T `json:"data"`
		} `json:"children"`
	} `json:"data"`
}

func (l listing[T]) things() []T {
	var out []T
	for _, c := range l.Data.Children {
		out = append(out, c.Data)
	}
	return out
}

// thing is a post or a comment.
type thing struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Author    string  `json:"author"`
	Subreddit string  `json:"subreddit"`
	Title     string  `json:"title"`
	Selftext  string  `json:"selftext"`
	IsSelf    bool    `json:"is_self"`
	Body      string  `json:"body"`
	URL       string  `json:"url"`
	Parent    string  `json:"parent_id"`
	Permalink string  `json:"permalink"`
	Created   float64 `json:"created_utc"`
	// RemovedBy says who hides it, such as "automod_filtered"; nil: nobody.
	RemovedBy *string `json:"removed_by_category"`
	Score     *int64  `json:"score"`
	Comments  *int64  `json:"num_comments"`
	Crosspost *int64  `json:"num_crossposts"`
	Views     *int64  `json:"view_count"`
	// HideScore and ScoreHidden say that the score is not the true one yet.
	HideScore   bool `json:"hide_score"`
	ScoreHidden bool `json:"score_hidden"`
}

// since reports whether the thing is from then or later.
func (s thing) since(then time.Time) bool { return !time.Unix(int64(s.Created), 0).Before(then) }

// community is a subreddit.
type community struct {
	Name        string `json:"display_name"`
	Title       string `json:"title"`
	Banned      bool   `json:"user_is_banned"`
	Contributor bool   `json:"user_is_contributor"`
	Moderator   bool   `json:"user_is_moderator"`
	Type        string `json:"subreddit_type"`
}

// flair is a template. https://www.reddit.com/dev/api/#GET_api_link_flair_v2
type flair struct {
	ID       string `json:"id"`
	Text     string `json:"text"`
	Editable bool   `json:"text_editable"`
	ModOnly  bool   `json:"mod_only"`
}

// requirements are what the moderators of a community demand.
// https://www.reddit.com/dev/api/#GET_api_v1_{subreddit}_post_requirements
type requirements struct {
	FlairRequired bool     `json:"is_flair_required"`
	TitleMin      *int     `json:"title_text_min_length"`
	TitleMax      *int     `json:"title_text_max_length"`
	BodyPolicy    string   `json:"body_restriction_policy"`
	BodyMin       *int     `json:"body_text_min_length"`
	BodyMax       *int     `json:"body_text_max_length"`
	OnlyDomains   []string `json:"domain_whitelist"`
	NoDomains     []string `json:"domain_blacklist"`
	GalleryMin    *int     `json:"gallery_min_items"`
	GalleryMax    *int     `json:"gallery_max_items"`
}

// lease lets us put one file into the store.
type lease struct {
	answer
	Args struct {
		Action string  `json:"action"`
		Fields []field `json:"fields"`
	} `json:"args"`
	Asset struct {
		ID string `json:"asset_id"`
	} `json:"asset"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// answer is what a change is answered with.
type answer struct {
	JSON struct {
		// Errors are a code, words and the name of a field each.
		Errors [][]any `json:"errors"`
		// Wait comes with the error RATELIMIT, in seconds.
		Wait float64 `json:"ratelimit"`
		Data struct {
			ID   string `json:"id"`
			Name string `json:"name"`
			URL  string `json:"url"`
			// Socket is where the id is told of a post whose files are worked on.
			Socket string `json:"websocket_url"`
			Page   string `json:"user_submitted_page"`
			Things []struct {
				Data thing `json:"data"`
			} `json:"things"`
		} `json:"data"`
	} `json:"json"`
}

// draft is the body of a gallery or a poll.
type draft struct {
	APIType     string   `json:"api_type"`
	Subreddit   string   `json:"sr"`
	Title       string   `json:"title"`
	Text        string   `json:"text,omitempty"`
	FlairID     string   `json:"flair_id,omitempty"`
	FlairText   string   `json:"flair_text,omitempty"`
	NSFW        bool     `json:"nsfw"`
	Spoiler     bool     `json:"spoiler"`
	SendReplies bool     `json:"sendreplies"`
	Resubmit    bool     `json:"resubmit"`
	Validate    bool     `json:"validate_on_submit"`
	AllErrors   bool     `json:"show_error_list"`
	Items       []slide  `json:"items,omitempty"`
	Options     []string `json:"options,omitempty"`
	Duration    int      `json:"duration,omitempty"`
}

// slide is a picture of a gallery.
type slide struct {
	Media   string `json:"media_id"`
	Caption string `json:"caption"`
	Link    string `json:"outbound_url"`
}
