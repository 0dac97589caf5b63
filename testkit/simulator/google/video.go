package google

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	working  = 2 * time.Second // how long a new video is worked on
	grain    = 256 << 10       // every part but the last is a multiple of it
	maxTitle = 100
	maxText  = 5000
	maxImage = 2 << 20
)

// draft is a video as a client describes it.
type draft struct {
	ID      string `json:"id"`
	Snippet *struct {
		Title       string   `json:"title"`
		Description string   `json:"description"`
		Tags        []string `json:"tags"`
		Category    string   `json:"categoryId"`
	} `json:"snippet"`
	Status *struct {
		Privacy string `json:"privacyStatus"`
		Kids    bool   `json:"selfDeclaredMadeForKids"`
		AI      bool   `json:"containsSyntheticMedia"`
	} `json:"status"`
}

// wrong is the reason that a draft is refused for; empty: none.
func (in draft) wrong() string {
	switch {
	case in.Snippet == nil || in.Status == nil:
		return "invalidVideoMetadata"
	case in.Snippet.Title == "" || len([]rune(in.Snippet.Title)) > maxTitle || strings.ContainsAny(in.Snippet.Title, "<>"):
		return "invalidTitle"
	case len(in.Snippet.Description) > maxText || strings.ContainsAny(in.Snippet.Description, "<>"):
		return "invalidDescription"
	case len(strings.Join(in.Snippet.Tags, ",")) > 500:
		return "invalidTags"
	case !slices.Contains([]string{"2", "22"}, in.Snippet.Category):
		return "invalidCategoryId"
	case !slices.Contains([]string{"public", "unlisted", "private"}, in.Status.Privacy):
		return "invalidVideoMetadata"
	}
	return ""
}

// set writes what a draft says of a video.
func (in draft) set(p *simulator.Post) {
	p.Text = in.Snippet.Description
	for name, value := range map[string]string{
		"title": in.Snippet.Title, "tags": strings.Join(in.Snippet.Tags, ","), "category": in.Snippet.Category,
		"privacy": in.Status.Privacy, "kids": strconv.FormatBool(in.Status.Kids), "ai": strconv.FormatBool(in.Status.AI),
	} {
		p.Extra[name] = value
	}
}

// read reads a draft; false: it was refused.
func read(w http.ResponseWriter, r *http.Request) (in draft, ok bool) {
	reason := "parseError"
	if simulator.Read(r, &in) {
		reason = in.wrong()
	}
	if reason != "" {
		fail(w, http.StatusBadRequest, "youtube.video", reason, "The request metadata is invalid: "+reason+".")
	}
	return in, reason == ""
}

// begin opens the address that the bytes of a video go to.
func (s *StandIn) begin(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	size, err := strconv.ParseInt(r.Header.Get("X-Upload-Content-Length"), 10, 64)
	kind := r.Header.Get("X-Upload-Content-Type")
	if r.URL.Query().Get("uploadType") != "resumable" || err != nil || size <= 0 || !strings.HasPrefix(kind, "video/") && kind != "application/octet-stream" {
		fail(w, http.StatusBadRequest, "youtube.video", "mediaBodyRequired", "The request does not include the video content.")
		return
	}
	in, ok := read(w, r)
	if !ok {
		return
	}
	if s.m.Take("youtube/uploads/"+t.App, uploads, day).Over() {
		s.Refuse(w, r, simulator.QuotaGone)
		return
	}
	raw, _ := json.Marshal(in) // It was read a moment ago.
	u := s.m.NewUpload(simulator.Upload{
		Platform: youtube, Account: t.Account.ID, Type: kind, Want: size, Extra: map[string]string{"draft": string(raw), "app": t.App},
	})
	w.Header().Set("Location", s.m.URL(api, "/upload/youtube/v3/videos?uploadType=resumable&upload_id="+u.ID))
	w.WriteHeader(http.StatusOK)
}

// bytes takes a part of a video, or says how far the upload is.
// https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol
func (s *StandIn) bytes(w http.ResponseWriter, r *http.Request) {
	u := s.m.Upload(youtube, r.URL.Query().Get("upload_id"))
	if u == nil || u.Want == 0 {
		fail(w, http.StatusNotFound, "global", "notFound", "The upload is not known.")
		return
	}
	said := r.Header.Get("Content-Range")
	if said != fmt.Sprintf("bytes */%d", u.Want) && u.Extra["video"] == "" {
		offset, ok := begins(said, u)
		if !ok {
			fail(w, http.StatusBadRequest, "global", "badRequest", "The Content-Range is invalid.")
			return
		}
		// What is there already is not written again.
		if _, err := io.CopyN(io.Discard, r.Body, u.Size-offset); err != nil || u.Append(r.Body) != nil {
			fail(w, http.StatusServiceUnavailable, "global", "backendError", "Backend Error")
			return
		}
	}
	s.reached(w, r, u)
}

// begins is where a part begins, if it may come next.
func begins(said string, u *simulator.Upload) (offset int64, ok bool) {
	var first, last, size int64
	if _, err := fmt.Sscanf(said, "bytes %d-%d/%d", &first, &last, &size); err != nil {
		return 0, false
	}
	n := last - first + 1
	return first, size == u.Want && first >= 0 && first <= u.Size && n > 0 && last < size && (last == size-1 || n%grain == 0)
}

// reached answers with how far an upload is. The last byte makes the video.
func (s *StandIn) reached(w http.ResponseWriter, r *http.Request, u *simulator.Upload) {
	switch {
	case u.Size > u.Want:
		fail(w, http.StatusBadRequest, "global", "badRequest", "There are more bytes than were announced.")
		return
	case u.Size < u.Want:
		if u.Size > 0 {
			w.Header().Set("Range", "bytes=0-"+strconv.FormatInt(u.Size-1, 10))
		}
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	case u.Extra["video"] == "":
		u.Extra["video"] = s.publish(u).ID
	}
	p := s.m.Post(youtube, u.Extra["video"])
	if p == nil {
		fail(w, http.StatusNotFound, "global", "notFound", "The upload is not known.")
		return
	}
	r.URL.RawQuery = "part=snippet,status"
	simulator.JSON(w, http.StatusOK, parts(r, s.resource(p)))
}

// publish makes a video of an upload. It has its page at once; what takes time
// is that it can be seen in every size.
func (s *StandIn) publish(u *simulator.Upload) *simulator.Post {
	var in draft
	_ = json.Unmarshal([]byte(u.Extra["draft"]), &in) // It was written by begin.
	s.m.Process(u, working)
	processed := u.Done
	u.Done = s.m.Now()
	p := simulator.Post{
		Platform: youtube, Account: u.Account, App: u.Extra["app"], ID: s.newID(8), Media: []*simulator.Upload{u},
		Extra: map[string]string{"processed": processed.Format(time.RFC3339Nano)},
	}
	p.URL = watch(p.ID)
	in.set(&p)
	return s.m.Publish(p)
}

func watch(id string) string { return "https://www.youtube.com/watch?v=" + id }

// newID is an id of letters, made of n bytes.
func (s *StandIn) newID(n int) string {
	sum := sha256.Sum256([]byte(s.m.NewID()))
	return base64.RawURLEncoding.EncodeToString(sum[:n])
}

// videos are those of a channel, newest first.
func (s *StandIn) videos(channel string) []*simulator.Post {
	return slices.DeleteFunc(s.m.Posts(youtube, channel), func(p *simulator.Post) bool { return p.Parent != "" })
}

// resource is a video with all its parts.
func (s *StandIn) resource(p *simulator.Post) object {
	state := "uploaded"
	if at, err := time.Parse(time.RFC3339Nano, p.Extra["processed"]); err == nil && !s.m.Now().Before(at) {
		state = "processed"
	}
	snippet := object{
		"title": p.Extra["title"], "description": p.Text, "channelId": p.Account, "categoryId": p.Extra["category"], "publishedAt": p.At.UTC().Format(time.RFC3339),
	}
	if p.Extra["tags"] != "" {
		snippet["tags"] = strings.Split(p.Extra["tags"], ",")
	}
	return object{
		"kind": "youtube#video", "id": p.ID, "snippet": snippet,
		"status": object{
			"uploadStatus": state, "privacyStatus": p.Extra["privacy"], "selfDeclaredMadeForKids": p.Extra["kids"] == "true",
			"containsSyntheticMedia": p.Extra["ai"] == "true", "embeddable": true, "license": "youtube", "publicStatsViewable": true,
		},
		"statistics": object{
			"viewCount": strconv.Itoa(s.m.Count(p, "views", 900)), "likeCount": strconv.Itoa(s.m.Count(p, "likes", 40)),
			"commentCount": strconv.Itoa(len(s.m.Answers(youtube, p.ID))),
		},
	}
}

// find finds the video or comment that the query names, of the channel; nil: it
// was refused.
func (s *StandIn) find(w http.ResponseWriter, id string, t *simulator.Token) *simulator.Post {
	p := s.m.Post(youtube, id)
	switch {
	case p == nil:
		fail(w, http.StatusNotFound, "youtube.video", "videoNotFound", "The video cannot be found.")
		return nil
	case p.Account != t.Account.ID:
		fail(w, http.StatusForbidden, "youtube.video", "forbidden", "The request is not properly authorized.")
		return nil
	}
	return p
}

func (s *StandIn) video(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	found := []object{}
	for id := range strings.SplitSeq(r.URL.Query().Get("id"), ",") {
		if p := s.m.Post(youtube, id); p != nil && p.Parent == "" && (p.Extra["privacy"] != "private" || p.Account == t.Account.ID) {
			found = append(found, parts(r, s.resource(p)))
		}
	}
	page(w, "video", found)
}

func (s *StandIn) change(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	if p := s.find(w, in.ID, t); p != nil {
		in.set(p)
		p.Edited = s.m.Now()
		simulator.JSON(w, http.StatusOK, parts(r, s.resource(p)))
	}
}

// remove takes a video or a comment away.
func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if p := s.find(w, r.URL.Query().Get("id"), t); p != nil {
		p.Deleted = true
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *StandIn) thumbnail(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.find(w, r.URL.Query().Get("videoId"), t)
	if p == nil {
		return
	}
	u := s.m.NewUpload(simulator.Upload{Platform: youtube, Account: t.Account.ID, Type: r.Header.Get("Content-Type")})
	if err := u.Append(io.LimitReader(r.Body, maxImage+1)); err != nil || u.Size == 0 || u.Size > maxImage || u.Type != "image/jpeg" && u.Type != "image/png" {
		fail(w, http.StatusBadRequest, "youtube.thumbnail", "invalidImage", "The provided image content is invalid.")
		return
	}
	s.m.Process(u, 0)
	p.Media = append(p.Media[:1:1], u)
	simulator.JSON(w, http.StatusOK, object{
		"kind": "youtube#thumbnailSetResponse", "items": []object{{"default": object{"url": u.URL, "width": 120, "height": 90}}},
	})
}

// inPlaylist lists a playlist: that of all videos of a channel, or one of its own.
func (s *StandIn) inPlaylist(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	id := r.URL.Query().Get("playlistId")
	most, err := strconv.Atoi(r.URL.Query().Get("maxResults"))
	if err != nil || most < 0 || most > 50 {
		most = 5
	}
	all := "UU" + strings.TrimPrefix(t.Account.ID, "UC")
	found := []object{}
	for _, p := range s.videos(t.Account.ID) {
		if len(found) < most && (id == all || p.Extra["playlist"] == id) {
			found = append(found, parts(r, s.entry(p, id)))
		}
	}
	if len(found) == 0 && id != all && s.m.Account(youtube, id) == nil {
		fail(w, http.StatusNotFound, "youtube.playlistItem", "playlistNotFound", "The playlist cannot be found.")
		return
	}
	page(w, "playlistItem", found)
}

func (*StandIn) entry(p *simulator.Post, playlist string) object {
	return object{"kind": "youtube#playlistItem", "id": playlist + "." + p.ID, "snippet": object{
		"publishedAt": p.At.UTC().Format(time.RFC3339), "channelId": p.Account, "title": p.Extra["title"], "description": p.Text, "playlistId": playlist,
		"resourceId": object{"kind": "youtube#video", "videoId": p.ID},
	}}
}

func (s *StandIn) enlist(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Snippet struct {
			Playlist string `json:"playlistId"`
			Resource struct {
				Kind  string `json:"kind"`
				Video string `json:"videoId"`
			} `json:"resourceId"`
		} `json:"snippet"`
	}
	if !simulator.Read(r, &in) || in.Snippet.Resource.Kind != "youtube#video" {
		fail(w, http.StatusBadRequest, "youtube.playlistItem", "invalidResourceType", "The type specified for the resource ID is not supported.")
		return
	}
	list := s.m.Account(youtube, in.Snippet.Playlist)
	if list == nil || list.Kind != "playlist" || list.Owner != t.Account.ID {
		fail(w, http.StatusNotFound, "youtube.playlistItem", "playlistNotFound", "The playlist cannot be found.")
		return
	}
	if p := s.find(w, in.Snippet.Resource.Video, t); p != nil {
		p.Extra["playlist"] = list.ID
		simulator.JSON(w, http.StatusOK, parts(r, s.entry(p, list.ID)))
	}
}
