package bluesky

import (
	"encoding/json"
)

// The names of methods and records, as the lexicons spell them. The shapes
// below are those of https://github.com/bluesky-social/atproto/tree/main/lexicons.
const (
	createSession  = "com.atproto.server.createSession"
	refreshSession = "com.atproto.server.refreshSession"
	deleteSession  = "com.atproto.server.deleteSession"
	getServiceAuth = "com.atproto.server.getServiceAuth"
	resolveHandle  = "com.atproto.identity.resolveHandle"
	uploadBlob     = "com.atproto.repo.uploadBlob"
	putRecord      = "com.atproto.repo.putRecord"
	getRecord      = "com.atproto.repo.getRecord"
	deleteRecord   = "com.atproto.repo.deleteRecord"
	getPosts       = "app.bsky.feed.getPosts"
	getProfile     = "app.bsky.actor.getProfile"
	searchActors   = "app.bsky.actor.searchActorsTypeahead"
	uploadVideo    = "app.bsky.video.uploadVideo"
	getJobStatus   = "app.bsky.video.getJobStatus"

	feedPost       = "app.bsky.feed.post"
	feedRepost     = "app.bsky.feed.repost"
	feedThreadgate = "app.bsky.feed.threadgate"
)

type sessionInput struct {
	Identifier string `json:"identifier"`
	Password   string `json:"password"`
}

type session struct {
	AccessJwt  string          `json:"accessJwt"`
	RefreshJwt string          `json:"refreshJwt"`
	Did        string          `json:"did"`
	Handle     string          `json:"handle"`
	DidDoc     json.RawMessage `json:"didDoc"`
	Active     *bool           `json:"active"`
	Status     string          `json:"status"`
}

type profile struct {
	Handle      string `json:"handle"`
	DisplayName string `json:"displayName"`
	Avatar      string `json:"avatar"`
	Followers   *int64 `json:"followersCount"`
}

// blob is the reference to an uploaded file, as a record holds it.
type blob struct {
	Type     string   `json:"$type"`
	Ref      blobLink `json:"ref"`
	MimeType string   `json:"mimeType"`
	Size     int64    `json:"size"`
}

type blobLink struct {
	Link string `json:"$link"`
}

type putRecordInput struct {
	Repo       string `json:"repo"`
	Collection string `json:"collection"`
	Rkey       string `json:"rkey"`
	Record     any    `json:"record"`
}

type deleteRecordInput struct {
	Repo       string `json:"repo"`
	Collection string `json:"collection"`
	Rkey       string `json:"rkey"`
}

// strongRef is com.atproto.repo.strongRef, and what putRecord and getRecord
// answer.
type strongRef struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

// post is app.bsky.feed.post.
type post struct {
	Type      string   `json:"$type"`
	Text      string   `json:"text"`
	Facets    []facet  `json:"facets,omitempty"`
	Reply     *reply   `json:"reply,omitempty"`
	Embed     any      `json:"embed,omitempty"`
	Langs     []string `json:"langs,omitempty"`
	Labels    *labels  `json:"labels,omitempty"`
	Tags      []string `json:"tags,omitempty"`
	CreatedAt string   `json:"createdAt"`
}

type reply struct {
	Root   strongRef `json:"root"`
	Parent strongRef `json:"parent"`
}

// labels is com.atproto.label.defs#selfLabels.
type labels struct {
	Type   string  `json:"$type"`
	Values []label `json:"values"`
}

type label struct {
	Val string `json:"val"`
}

type facet struct {
	Index    byteSlice `json:"index"`
	Features []feature `json:"features"`
}

type byteSlice struct {
	ByteStart int `json:"byteStart"`
	ByteEnd   int `json:"byteEnd"`
}

// feature is one of app.bsky.richtext.facet#mention, #link and #tag.
type feature struct {
	Type string `json:"$type"`
	Did  string `json:"did,omitempty"`
	URI  string `json:"uri,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

type embedImages struct {
	Type   string       `json:"$type"`
	Images []embedImage `json:"images"`
}

type embedImage struct {
	Image       blob         `json:"image"`
	Alt         string       `json:"alt"`
	AspectRatio *aspectRatio `json:"aspectRatio,omitempty"`
}

type aspectRatio struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

type embedVideo struct {
	Type        string       `json:"$type"`
	Video       blob         `json:"video"`
	Alt         string       `json:"alt,omitempty"`
	AspectRatio *aspectRatio `json:"aspectRatio,omitempty"`
}

type embedExternal struct {
	Type     string   `json:"$type"`
	External external `json:"external"`
}

type external struct {
	URI         string `json:"uri"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Thumb       *blob  `json:"thumb,omitempty"`
}

// threadgate is app.bsky.feed.threadgate. An empty Allow lets nobody reply.
type threadgate struct {
	Type      string     `json:"$type"`
	Post      string     `json:"post"`
	Allow     []gateRule `json:"allow"`
	CreatedAt string     `json:"createdAt"`
}

type gateRule struct {
	Type string `json:"$type"`
}

// repost is app.bsky.feed.repost.
type repost struct {
	Type      string    `json:"$type"`
	Subject   strongRef `json:"subject"`
	CreatedAt string    `json:"createdAt"`
}

// postView is what app.bsky.feed.defs#postView counts.
type postView struct {
	Likes     *int64 `json:"likeCount"`
	Reposts   *int64 `json:"repostCount"`
	Replies   *int64 `json:"replyCount"`
	Quotes    *int64 `json:"quoteCount"`
	Bookmarks *int64 `json:"bookmarkCount"`
}

// jobStatus is app.bsky.video.defs#jobStatus.
type jobStatus struct {
	JobID       string `json:"jobId"`
	State       string `json:"state"`
	Blob        *blob  `json:"blob"`
	Error       string `json:"error"`
	FailureCode string `json:"failureCode"`
	Message     string `json:"message"`
}

// jobAnswer reads a job in both shapes that are in use: the lexicon nests it
// under jobStatus, the documentation's example has it at the top.
type jobAnswer struct {
	jobStatus
	Nested *jobStatus `json:"jobStatus"`
}

func (a jobAnswer) job() jobStatus {
	if a.Nested != nil {
		return *a.Nested
	}
	return a.jobStatus
}
