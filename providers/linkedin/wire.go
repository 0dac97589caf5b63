package linkedin

// newPost is the body of POST /rest/posts.
type newPost struct {
	Author       string `json:"author"`
	Commentary   string `json:"commentary"`
	Visibility   string `json:"visibility"`
	Distribution struct {
		FeedDistribution               string   `json:"feedDistribution"`
		TargetEntities                 []string `json:"targetEntities"`
		ThirdPartyDistributionChannels []string `json:"thirdPartyDistributionChannels"`
	} `json:"distribution"`
	Content                   *content `json:"content,omitempty"`
	LifecycleState            string   `json:"lifecycleState"`
	IsReshareDisabledByAuthor bool     `json:"isReshareDisabledByAuthor"`
}

// content holds one of its members.
type content struct {
	Media      *media      `json:"media,omitempty"`
	MultiImage *multiImage `json:"multiImage,omitempty"`
	Article    *article    `json:"article,omitempty"`
	Poll       *poll       `json:"poll,omitempty"`
}

type media struct {
	ID      string `json:"id"`
	Title   string `json:"title,omitempty"`
	AltText string `json:"altText,omitempty"`
}

type multiImage struct {
	Images []media `json:"images"`
}

type article struct {
	Source      string `json:"source"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Thumbnail   string `json:"thumbnail,omitempty"`
}

type poll struct {
	Question string       `json:"question"`
	Options  []pollOption `json:"options"`
	Settings struct {
		Duration string `json:"duration"`
	} `json:"settings"`
}

type pollOption struct {
	Text string `json:"text"`
}

// newComment is the body of POST /rest/socialActions/{urn}/comments.
type newComment struct {
	Actor   string `json:"actor"`
	Object  string `json:"object"`
	Message struct {
		Text string `json:"text"`
	} `json:"message"`
	Content []commentContent `json:"content,omitempty"`
}

type commentContent struct {
	Entity commentEntity `json:"entity"`
}

type commentEntity struct {
	Image string `json:"image"`
}

// comment is a comment that is out.
type comment struct {
	ID      string `json:"id"`
	URN     string `json:"commentUrn"`
	Actor   string `json:"actor"`
	Message struct {
		Text string `json:"text"`
	} `json:"message"`
	Created struct {
		Time int64 `json:"time"` // milliseconds
	} `json:"created"`
}

// post is a post that is out.
type post struct {
	ID             string `json:"id"`
	Commentary     string `json:"commentary"`
	CreatedAt      int64  `json:"createdAt"` // milliseconds
	LifecycleState string `json:"lifecycleState"`
	Content        struct {
		Media *struct {
			ID string `json:"id"`
		} `json:"media"`
		MultiImage *multiImage `json:"multiImage"`
	} `json:"content"`
}

// files counts those of a post.
func (p post) files() int {
	switch {
	case p.Content.MultiImage != nil:
		return len(p.Content.MultiImage.Images)
	case p.Content.Media != nil:
		return 1
	}
	return 0
}
