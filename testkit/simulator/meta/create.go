package meta

import (
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// create answers POST /{id}/{edge}.
func (s *StandIn) create(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	id, edge := r.PathValue("id"), r.PathValue("edge")
	if edge == "comments" {
		if p := s.post(t, id); p != nil {
			s.comment(w, r, t, p)
			return
		}
	}
	a := s.who(t, id)
	if a == nil {
		gone(w)
		return
	}
	makes := map[string]func(http.ResponseWriter, *http.Request, *simulator.Token, *simulator.Account){
		"feed": s.feed, "photos": s.photo, "photo_stories": s.photoStory, "videos": s.video, "video_reels": s.reel, "video_stories": s.reel,
	}
	if a.Platform != facebook {
		makes = map[string]func(http.ResponseWriter, *http.Request, *simulator.Token, *simulator.Account){"media": s.container, "media_publish": s.publish}
	}
	h := makes[edge]
	if h == nil || a.Platform == facebook && a.Kind != "page" {
		fail(w, http.StatusForbidden, 200, 0, "(#200) Permissions error")
		return
	}
	h(w, r, t, a)
}

func unread(w http.ResponseWriter) {
	fail(w, http.StatusBadRequest, 100, 0, "(#100) Invalid parameter")
}

// feed publishes a text, a link or photos on a page.
func (s *StandIn) feed(w http.ResponseWriter, r *http.Request, t *simulator.Token, a *simulator.Account) {
	var in struct {
		Message, Link string
		AttachedMedia []struct {
			ID string `json:"media_fbid"`
		} `json:"attached_media"`
	}
	if !simulator.Read(r, &in) || in.Message == "" && in.Link == "" && len(in.AttachedMedia) == 0 {
		unread(w)
		return
	}
	if len(in.AttachedMedia) == 0 && s.m.Said(facebook, a.ID, in.Message, s.m.Now().Add(-10*time.Minute)) {
		s.Refuse(w, r, simulator.Duplicate)
		return
	}
	p := simulator.Post{Platform: facebook, Account: a.ID, App: t.App, Text: in.Message, Link: in.Link, Extra: map[string]string{"edge": "published_posts"}}
	for _, m := range in.AttachedMedia {
		u := s.m.Upload(facebook, m.ID)
		if u == nil || u.Account != a.ID || u.Extra["sent"] != "" {
			unread(w)
			return
		}
		p.Media = append(p.Media, u)
	}
	for _, u := range p.Media {
		u.Extra["sent"] = "yes"
	}
	n := s.m.NewID()
	p.ID, p.URL = a.ID+"_"+n, "https://www.facebook.com/"+a.ID+"/posts/"+n
	s.m.Publish(p)
	simulator.JSON(w, http.StatusOK, object{"id": p.ID, "permalink_url": p.URL})
}

// photo takes a picture that nobody sees.
func (s *StandIn) photo(w http.ResponseWriter, r *http.Request, _ *simulator.Token, a *simulator.Account) {
	u := s.m.NewUpload(simulator.Upload{Platform: facebook, Account: a.ID})
	if !simulator.Parts(r, u, "source", func(name, value string) {
		if name == "alt_text_custom" {
			u.Alt = value
		}
	}) || !strings.HasPrefix(u.Type, "image/") {
		fail(w, http.StatusBadRequest, 324, 1366046, "(#324) Requires upload file")
		return
	}
	s.m.Process(u, 0)
	simulator.JSON(w, http.StatusOK, object{"id": u.ID})
}

// photoStory shows a photo as a story.
func (s *StandIn) photoStory(w http.ResponseWriter, r *http.Request, t *simulator.Token, a *simulator.Account) {
	var in struct {
		ID string `json:"photo_id"`
	}
	u := (*simulator.Upload)(nil)
	if simulator.Read(r, &in) {
		u = s.m.Upload(facebook, in.ID)
	}
	if u == nil || u.Account != a.ID {
		unread(w)
		return
	}
	p := s.story(t, a, u)
	simulator.JSON(w, http.StatusOK, object{"success": true, "post_id": p.ID})
}

func (s *StandIn) story(t *simulator.Token, a *simulator.Account, u *simulator.Upload) *simulator.Post {
	p := s.m.Publish(simulator.Post{
		Platform: facebook, Account: a.ID, App: t.App, Media: []*simulator.Upload{u}, At: u.Done, Extra: map[string]string{"edge": "stories"},
	})
	p.URL = "https://www.facebook.com/stories/" + p.ID
	return p
}

// session is the body of the calls that begin and end an upload.
type session struct {
	Phase       string `json:"upload_phase"`
	Size        string `json:"file_size"`
	Session     string `json:"upload_session_id"`
	Video       string `json:"video_id"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// part is how much of a video is asked for at a time.
const part = 60_000

// video takes a video in parts. The session has the id of the video.
func (s *StandIn) video(w http.ResponseWriter, r *http.Request, t *simulator.Token, a *simulator.Account) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		s.transfer(w, r)
		return
	}
	var in session
	if !simulator.Read(r, &in) {
		unread(w)
		return
	}
	if in.Phase == "start" {
		size, _ := strconv.ParseInt(in.Size, 10, 64)
		u := s.m.NewUpload(simulator.Upload{Platform: facebook, Account: a.ID, Type: "video/mp4", Want: size})
		simulator.JSON(w, http.StatusOK, object{
			"upload_session_id": u.ID, "video_id": u.ID, "start_offset": "0", "end_offset": strconv.FormatInt(min(part, size), 10),
		})
		return
	}
	s.finish(w, t, a, s.m.Upload(facebook, in.Session), in, "videos")
}

// transfer takes one part, whose bytes come last.
func (s *StandIn) transfer(w http.ResponseWriter, r *http.Request) {
	reader, err := r.MultipartReader()
	if err != nil {
		unread(w)
		return
	}
	fields := map[string]string{}
	for {
		p, err := reader.NextPart()
		if err != nil {
			unread(w)
			return
		}
		if p.FormName() != "video_file_chunk" {
			raw, _ := io.ReadAll(io.LimitReader(p, 1<<10))
			fields[p.FormName()] = string(raw)
			continue
		}
		u := s.m.Upload(facebook, fields["upload_session_id"])
		if u == nil || appended(u, fields["start_offset"], p) != nil {
			unread(w)
			return
		}
		simulator.JSON(w, http.StatusOK, object{
			"start_offset": strconv.FormatInt(u.Size, 10), "end_offset": strconv.FormatInt(min(u.Size+part, u.Want), 10),
		})
		return
	}
}

func appended(u *simulator.Upload, start string, p *multipart.Part) error {
	at, err := strconv.ParseInt(start, 10, 64)
	if err != nil {
		return err
	}
	return u.AppendAt(at, p)
}

// reel begins or ends an upload of a reel or of a story.
func (s *StandIn) reel(w http.ResponseWriter, r *http.Request, t *simulator.Token, a *simulator.Account) {
	var in session
	if !simulator.Read(r, &in) {
		unread(w)
		return
	}
	if in.Phase == "start" {
		u := s.m.NewUpload(simulator.Upload{Platform: facebook, Account: a.ID, Type: "video/mp4"})
		simulator.JSON(w, http.StatusOK, object{"video_id": u.ID, "upload_url": s.m.URL("rupload.facebook.com", "/video-upload/"+r.PathValue("v")+"/"+u.ID)})
		return
	}
	edge := "videos"
	if r.PathValue("edge") == "video_stories" {
		edge = "stories"
	}
	s.finish(w, t, a, s.m.Upload(facebook, in.Video), in, edge)
}

// bytes takes all of a reel or story.
func (s *StandIn) bytes(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.m.Upload(facebook, r.PathValue("id"))
	size, err := strconv.ParseInt(r.Header.Get("file_size"), 10, 64)
	if u != nil && err == nil {
		err = u.Append(r.Body)
	}
	if u == nil || err != nil || u.Account != t.Account.ID || u.Size != size {
		simulator.JSON(w, http.StatusBadRequest, object{"debug_info": object{"retriable": false, "type": "ProcessingFailedError", "message": "Request processing failed"}})
		return
	}
	simulator.JSON(w, http.StatusOK, object{"success": true})
}

// finish publishes a video, which people see once it is worked off.
func (s *StandIn) finish(w http.ResponseWriter, t *simulator.Token, a *simulator.Account, u *simulator.Upload, in session, edge string) {
	if u == nil || u.Account != a.ID || u.Size == 0 || u.Size < u.Want || u.Extra["sent"] != "" {
		unread(w)
		return
	}
	u.Extra["sent"] = "yes"
	s.m.Process(u, 4*time.Second)
	out := object{"success": true}
	if edge == "stories" {
		out["post_id"] = s.story(t, a, u).ID
	} else {
		s.m.Publish(simulator.Post{
			Platform: facebook, Account: a.ID, ID: u.ID, App: t.App, Text: in.Description, Media: []*simulator.Upload{u}, At: u.Done,
			URL: "https://www.facebook.com/reel/" + u.ID + "/", Extra: map[string]string{"edge": edge, "title": in.Title},
		})
	}
	simulator.JSON(w, http.StatusOK, out)
}

// comment answers a post.
func (s *StandIn) comment(w http.ResponseWriter, r *http.Request, t *simulator.Token, on *simulator.Post) {
	var in struct {
		Message    string `json:"message"`
		Attachment string `json:"attachment_id"`
	}
	if !simulator.Read(r, &in) || in.Message == "" && in.Attachment == "" {
		unread(w)
		return
	}
	p := simulator.Post{Platform: on.Platform, Account: on.Account, ID: s.m.NewID(), App: t.App, Text: in.Message, Parent: on.ID, Root: on.ID, URL: on.URL}
	if on.Platform == facebook {
		p.URL = on.URL + "?comment_id=" + p.ID
	}
	if u := s.m.Upload(facebook, in.Attachment); u != nil {
		p.Media = append(p.Media, u)
	}
	s.m.Publish(p)
	simulator.JSON(w, http.StatusOK, object{"id": p.ID, "permalink_url": p.URL})
}

// container takes a file of Instagram by its address, or holds several.
func (s *StandIn) container(w http.ResponseWriter, r *http.Request, _ *simulator.Token, a *simulator.Account) {
	var in struct {
		MediaType string `json:"media_type"`
		ImageURL  string `json:"image_url"`
		VideoURL  string `json:"video_url"`
		Caption   string `json:"caption"`
		AltText   string `json:"alt_text"`
		Children  string `json:"children"`
	}
	if !simulator.Read(r, &in) {
		unread(w)
		return
	}
	u := s.m.NewUpload(simulator.Upload{
		Platform: a.Platform, Account: a.ID, Alt: in.AltText,
		Extra: map[string]string{"container": in.MediaType + " ", "caption": in.Caption, "children": in.Children},
	})
	usual := time.Duration(0)
	switch {
	case in.Children != "":
		for id := range strings.SplitSeq(in.Children, ",") {
			if c := s.m.Upload(a.Platform, id); c == nil || c.Account != a.ID {
				fail(w, http.StatusBadRequest, 100, 2207028, "(#100) Carousel children")
				return
			}
		}
	case s.m.Get(r, u, in.ImageURL+in.VideoURL) != nil:
		fail(w, http.StatusBadRequest, 9004, 2207052, "The media could not be fetched from this URI.")
		return
	case in.ImageURL != "" && u.Type != "image/jpeg":
		fail(w, http.StatusBadRequest, 36001, 2207005, "The image format is not supported.")
		return
	case in.VideoURL != "":
		usual = 4 * time.Second
	}
	s.m.Process(u, usual)
	simulator.JSON(w, http.StatusOK, object{"id": u.ID})
}

// publish puts a container out, once.
func (s *StandIn) publish(w http.ResponseWriter, r *http.Request, t *simulator.Token, a *simulator.Account) {
	var in struct {
		ID string `json:"creation_id"`
	}
	u := (*simulator.Upload)(nil)
	if simulator.Read(r, &in) {
		u = s.m.Upload(a.Platform, in.ID)
	}
	switch {
	case u == nil || u.Account != a.ID || s.containerState(u) == "EXPIRED":
		fail(w, http.StatusBadRequest, 24, 2207008, "The media could not be found")
		return
	case s.containerState(u) != "FINISHED":
		fail(w, http.StatusBadRequest, 9007, 2207027, "The media is not ready for publishing")
		return
	}
	u.Extra["published"] = "yes"
	p := simulator.Post{Platform: a.Platform, Account: a.ID, App: t.App, Text: u.Extra["caption"], Media: []*simulator.Upload{u}, Extra: map[string]string{"edge": "media"}}
	if u.Extra["children"] != "" {
		p.Media = nil
		for id := range strings.SplitSeq(u.Extra["children"], ",") {
			p.Media = append(p.Media, s.m.Upload(a.Platform, id))
		}
	}
	p.ID = s.m.NewID()
	p.URL = "https://www.instagram.com/p/" + p.ID + "/"
	if u.Extra["container"] == "STORIES " {
		p.Extra["edge"], p.URL = "stories", "https://www.instagram.com/stories/"+a.Handle+"/"+p.ID
	}
	s.m.Publish(p)
	simulator.JSON(w, http.StatusOK, object{"id": p.ID})
}

// edit changes the text of a post of a page.
func (s *StandIn) edit(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.post(t, r.PathValue("id"))
	var in struct{ Message, Description string }
	switch {
	case p == nil:
		gone(w)
	case p.Platform != facebook || !simulator.Read(r, &in):
		unread(w)
	default:
		p.Text, p.Edited = in.Message+in.Description, s.m.Now()
		simulator.JSON(w, http.StatusOK, object{"success": true})
	}
}

// remove deletes a post.
func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.post(t, r.PathValue("id"))
	switch {
	case p == nil:
		gone(w)
	case p.Platform == standalone:
		fail(w, http.StatusForbidden, 10, 0, "(#10) Application does not have permission for this action")
	default:
		p.Deleted = true
		simulator.JSON(w, http.StatusOK, object{"success": true})
	}
}
