package tiktok

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/crierhq/crier/testkit/simulator"
)

// working is how long TikTok works on a post.
const working = 5 * time.Second

// draft is what TikTok was told to make a post of.
type draft struct {
	id      string
	account *simulator.Account
	app     string
	inbox   bool
	info    postInfo
	source  sourceInfo
	photos  bool
	files   []*simulator.Upload
	at      time.Time
	failed  string
	post    *simulator.Post // nil: nobody sees anything of it
}

type postInfo struct {
	Title          string `json:"title"`
	Description    string `json:"description"`
	Privacy        string `json:"privacy_level"`
	CommentOff     bool   `json:"disable_comment"`
	BrandedContent bool   `json:"brand_content_toggle"`
}

type sourceInfo struct {
	Source     string   `json:"source"`
	Size       int64    `json:"video_size"`
	Chunk      int64    `json:"chunk_size"`
	Chunks     int64    `json:"total_chunk_count"`
	CoverIndex int      `json:"photo_cover_index"`
	Photos     []string `json:"photo_images"`
}

type request struct {
	Info   *postInfo  `json:"post_info"`
	Source sourceInfo `json:"source_info"`
	Type   string     `json:"media_type"`
	Mode   string     `json:"post_mode"`
}

// draw makes a draft, or answers why it is none.
func (s *StandIn) draw(w http.ResponseWriter, r *http.Request, t *simulator.Token, in request, inbox bool) *draft {
	d := &draft{id: s.m.NewSecret(), account: t.Account, app: t.App, inbox: inbox, source: in.Source, at: s.m.Now()}
	if in.Info != nil {
		d.info = *in.Info
	}
	switch {
	case s.m.Take("tiktok/init/"+t.Account.ID, perMinute, time.Minute).Over():
		s.Refuse(w, r, simulator.RateLimited)
	case inbox && s.unsettled(t.Account.ID) >= unsettled:
		fail(w, http.StatusForbidden, "spam_risk_too_many_pending_share", "There may be at most 5 pending shares within any 24-hour period.")
	case inbox:
		return d
	case s.full(w, r, t.Account.ID):
	case in.Info == nil, !slices.Contains(levels(), d.info.Privacy):
		fail(w, http.StatusForbidden, "privacy_level_option_mismatch", "The privacy_level is not among the options of the creator.")
	case d.info.BrandedContent && d.info.Privacy == "SELF_ONLY":
		invalid(w, "Branded content cannot be private")
	default:
		return d
	}
	return nil
}

// unsettled counts the posts in the inbox of an account.
func (s *StandIn) unsettled(account string) int {
	n := 0
	for _, d := range s.posts {
		if d.inbox && d.account.ID == account && s.m.Now().Sub(d.at) < day {
			n++
		}
	}
	return n
}

// begin takes a video that will be uploaded.
// https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
func (s *StandIn) begin(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	const least, most, last = 5_000_000, 64 << 20, 128 << 20
	var in request
	if !simulator.Read(r, &in) {
		invalid(w, "The body is no JSON")
		return
	}
	src := in.Source
	switch {
	case src.Source != "FILE_UPLOAD":
		fail(w, http.StatusForbidden, "url_ownership_unverified", "Please review our URL ownership verification rules.")
		return
	case src.Size <= 0, src.Chunk <= 0, src.Chunk > most, src.Chunks != max(1, src.Size/src.Chunk),
		src.Chunk < least && src.Chunk != src.Size, src.Size-src.Chunk*(src.Chunks-1) > last:
		invalid(w, "The chunk size or the total chunk count is invalid")
		return
	case in.Info != nil && len(utf16.Encode([]rune(in.Info.Title))) > 2200:
		invalid(w, "The title is too long")
		return
	}
	d := s.draw(w, r, t, in, strings.Contains(r.URL.Path, "/inbox/"))
	if d == nil {
		return
	}
	d.id = "v_pub_file~" + d.id
	d.files = []*simulator.Upload{s.m.NewUpload(simulator.Upload{Platform: platform, Account: t.Account.ID, Want: src.Size})}
	s.posts[d.id] = d
	fine(w, object{"publish_id": d.id, "upload_url": s.m.URL(uploads, "/video/?upload_id="+url.QueryEscape(d.id)+"&upload_token="+s.m.NewSecret())})
}

// part takes the next part of a video. Who sends it does not matter.
func (s *StandIn) part(w http.ResponseWriter, r *http.Request) {
	d := s.posts[r.URL.Query().Get("upload_id")]
	if d == nil || s.m.Now().Sub(d.at) > time.Hour || r.Header.Get("Authorization") != "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	u := d.files[0]
	if !d.next(r) {
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	}
	u.Type = r.Header.Get("Content-Type")
	if u.Append(r.Body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if u.Size < u.Want {
		w.WriteHeader(http.StatusPartialContent)
		return
	}
	s.m.Process(u, working)
	s.release(d, d.info.Title)
	w.WriteHeader(http.StatusCreated)
}

// next reports whether a request brings the part that is next.
func (d *draft) next(r *http.Request) bool {
	var from, to, size int64
	_, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size)
	want := d.source.Chunk
	if left := d.source.Size - from; left < 2*want {
		want = left // The last part takes what is left.
	}
	return err == nil && size == d.source.Size && from == d.files[0].Size && to-from+1 == want && r.ContentLength == want
}

// photos takes photos that TikTok fetches.
// https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
func (s *StandIn) photos(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in request
	if !simulator.Read(r, &in) || in.Type != "PHOTO" || in.Source.Source != "PULL_FROM_URL" {
		invalid(w, "The media_type or the source is invalid")
		return
	}
	src := in.Source
	if n := len(src.Photos); n == 0 || n > 35 || src.CoverIndex < 0 || src.CoverIndex >= n || in.Mode != "DIRECT_POST" && in.Mode != "MEDIA_UPLOAD" {
		invalid(w, "The photos or the post_mode are invalid")
		return
	}
	d := s.draw(w, r, t, in, in.Mode == "MEDIA_UPLOAD")
	if d == nil {
		return
	}
	d.id, d.photos = "p_pub_url~"+d.id, true
	s.posts[d.id] = d
	if s.fetch(r, d) {
		s.release(d, d.info.Description)
	}
	fine(w, object{"publish_id": d.id})
}

// fetch gets the photos of a draft, and reports whether all could be had.
func (s *StandIn) fetch(r *http.Request, d *draft) bool {
	for _, address := range d.source.Photos {
		u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: d.account.ID})
		if s.m.Get(r, u, address) != nil || u.Type == "image/png" {
			d.failed = "photo_pull_failed"
			return false
		}
		s.m.Process(u, working)
		d.files = append(d.files, u)
	}
	return true
}

// release puts a post out once its files are worked off. Of one for the inbox
// only its owner hears.
func (s *StandIn) release(d *draft, text string) {
	p := simulator.Post{
		Platform: platform, Account: d.account.ID, App: d.app, Text: text, Media: d.files,
		Extra: map[string]string{"privacy": d.info.Privacy, "title": d.info.Title},
	}
	for _, u := range d.files {
		if p.At.Before(u.Done) {
			p.At = u.Done
		}
	}
	kind := "/video/"
	if d.photos {
		kind = "/photo/"
	}
	if d.inbox {
		p.State = "inbox"
	}
	d.post = s.m.Publish(p)
	page := "https://www.tiktok.com/@" + d.account.Handle
	d.post.URL = page + kind + d.post.ID
	if d.inbox || d.info.Privacy != public {
		d.post.ID, d.post.URL = d.id, page
	}
}

// status says how far a post is.
// https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
func (s *StandIn) status(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		ID string `json:"publish_id"`
	}
	if !simulator.Read(r, &in) {
		invalid(w, "The body is no JSON")
		return
	}
	d := s.posts[in.ID]
	if d == nil || d.account != t.Account {
		fail(w, http.StatusBadRequest, "invalid_publish_id", "The publish_id does not exist.")
		return
	}
	waiting := slices.ContainsFunc(d.files, func(u *simulator.Upload) bool { return !s.m.Ready(u) })
	switch {
	case d.failed != "":
		fine(w, object{"status": "FAILED", "fail_reason": d.failed})
	case waiting && d.photos:
		fine(w, object{"status": "PROCESSING_DOWNLOAD"})
	case waiting:
		fine(w, object{"status": "PROCESSING_UPLOAD", "uploaded_bytes": d.files[0].Size})
	case d.inbox:
		fine(w, object{"status": "SEND_TO_USER_INBOX"})
	case d.info.Privacy != public:
		fine(w, object{"status": "PUBLISH_COMPLETE"})
	default:
		fine(w, object{"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": []uint64{number(d.post.ID)}}) //nolint:misspell // It is TikTok's.
	}
}
