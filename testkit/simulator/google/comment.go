package google

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// maxComment is how long a comment may be, in code points.
const maxComment = 10_000

// remark is a comment as a client writes it.
type remark struct {
	ID      string `json:"id"`
	Snippet struct {
		Text string `json:"textOriginal"`
	} `json:"snippet"`
}

// fits reports whether a comment can be made; false: it was refused.
func (in remark) fits(w http.ResponseWriter) bool {
	switch text := in.Snippet.Text; {
	case strings.TrimSpace(text) == "":
		fail(w, http.StatusBadRequest, "youtube.comment", "commentTextRequired", "The comment text is required.")
	case len([]rune(text)) > maxComment:
		fail(w, http.StatusBadRequest, "youtube.comment", "commentTextTooLong", "The comment text is too long.")
	default:
		return true
	}
	return false
}

func (s *StandIn) comment(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Snippet struct {
			Channel string `json:"channelId"`
			Video   string `json:"videoId"`
			Top     remark `json:"topLevelComment"`
		} `json:"snippet"`
	}
	if !simulator.Read(r, &in) || !in.Snippet.Top.fits(w) {
		return
	}
	v := s.m.Post(youtube, in.Snippet.Video)
	switch {
	case v == nil || v.Parent != "" || v.Account != in.Snippet.Channel:
		fail(w, http.StatusNotFound, "youtube.commentThread", "videoNotFound", "The video cannot be found.")
		return
	case v.Extra["kids"] == "true" || v.Extra["privacy"] == "private":
		fail(w, http.StatusForbidden, "youtube.commentThread", "commentsDisabled", "The video has disabled comments.")
		return
	}
	p := simulator.Post{
		Platform: youtube, Account: t.Account.ID, App: t.App, ID: "Ugx" + s.newID(17), Text: in.Snippet.Top.Snippet.Text, Parent: v.ID, Root: v.ID,
	}
	p.URL = watch(v.ID) + "&lc=" + p.ID
	simulator.JSON(w, http.StatusOK, parts(r, s.thread(s.m.Publish(p))))
}

func (s *StandIn) thread(p *simulator.Post) object {
	return object{"kind": "youtube#commentThread", "id": p.ID, "snippet": object{
		"channelId": s.m.Post(youtube, p.Parent).Account, "videoId": p.Parent, "topLevelComment": s.remark(p), "canReply": true, "totalReplyCount": 0, "isPublic": true,
	}}
}

// remark is a comment with all its parts.
func (s *StandIn) remark(p *simulator.Post) object {
	at := p.At.UTC().Format(time.RFC3339)
	changed := at
	if !p.Edited.IsZero() {
		changed = p.Edited.UTC().Format(time.RFC3339)
	}
	return object{"kind": "youtube#comment", "id": p.ID, "snippet": object{
		"authorDisplayName": "@" + s.m.Account(youtube, p.Account).Handle, "authorChannelId": object{"value": p.Account}, "videoId": p.Parent,
		"textDisplay": p.Text, "textOriginal": p.Text, "likeCount": s.m.Count(p, "likes", 9), "publishedAt": at, "updatedAt": changed,
	}}
}

func (s *StandIn) comments(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	v := s.m.Post(youtube, r.URL.Query().Get("videoId"))
	if v == nil {
		fail(w, http.StatusNotFound, "youtube.commentThread", "videoNotFound", "The video cannot be found.")
		return
	}
	found := []object{}
	for _, p := range slices.Backward(s.m.Answers(youtube, v.ID)) {
		found = append(found, parts(r, s.thread(p)))
	}
	page(w, "commentThread", found)
}

func (s *StandIn) readComment(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	if p := s.m.Post(youtube, r.URL.Query().Get("id")); p != nil && p.Parent != "" {
		found = append(found, parts(r, s.remark(p)))
	}
	page(w, "comment", found)
}

func (s *StandIn) changeComment(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in remark
	if !simulator.Read(r, &in) || !in.fits(w) {
		return
	}
	if p := s.find(w, in.ID, t); p != nil {
		p.Text, p.Edited = in.Snippet.Text, s.m.Now()
		simulator.JSON(w, http.StatusOK, parts(r, s.remark(p)))
	}
}
