package x

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// working is how long X takes for a video.
const working = 2 * time.Second

// key is what X calls a file once it is on a post.
func key(u *simulator.Upload) string {
	switch u.Extra["category"] {
	case "tweet_video":
		return "13_" + u.ID
	case "tweet_gif":
		return "16_" + u.ID
	}
	return "3_" + u.ID
}

// file answers with how far X is with an upload.
func (s *StandIn) file(w http.ResponseWriter, u *simulator.Upload) {
	out := object{"id": u.ID, "media_key": key(u), "size": u.Size, "expires_after_secs": 86400}
	if u.Extra["category"] == "tweet_video" && !u.Done.IsZero() {
		info := object{"state": "in_progress", "check_after_secs": 1, "progress_percent": 50}
		switch {
		case s.m.Ready(u) && u.Failed != "":
			info = object{"state": "failed", "error": object{"code": 1, "name": "InvalidMedia", "message": u.Failed}}
		case s.m.Ready(u):
			info = object{"state": "succeeded", "progress_percent": 100}
		}
		out["processing_info"] = info
	}
	simulator.JSON(w, http.StatusOK, object{"data": out})
}

// upload takes a picture in one call.
func (s *StandIn) upload(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: t.Account.ID})
	found := simulator.Parts(r, u, "media", func(name, value string) {
		if name == "media_category" {
			u.Extra["category"] = value
		}
	})
	if !found || u.Extra["category"] != "tweet_image" || !strings.HasPrefix(u.Type, "image/") || u.Size > 5<<20 {
		invalid(w, "The media is no picture of up to 5 MB.")
		return
	}
	s.m.Process(u, 0)
	s.file(w, u)
}

func (s *StandIn) initialize(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Type     string `json:"media_type"`
		Bytes    int64  `json:"total_bytes"`
		Category string `json:"media_category"`
	}
	if !simulator.Read(r, &in) || in.Bytes <= 0 || in.Category != "tweet_video" && in.Category != "tweet_gif" && in.Category != "tweet_image" {
		invalid(w, "The upload is invalid.")
		return
	}
	s.file(w, s.m.NewUpload(simulator.Upload{
		Platform: platform, Account: t.Account.ID, Type: in.Type, Want: in.Bytes, Extra: map[string]string{"category": in.Category},
	}))
}

// own finds the upload in the path; nil: it answered that there is none.
func (s *StandIn) own(w http.ResponseWriter, id string, t *simulator.Token) *simulator.Upload {
	u := s.m.Upload(platform, id)
	if u == nil || u.Account != t.Account.ID {
		invalid(w, "There is no upload "+id+".")
		return nil
	}
	return u
}

func (s *StandIn) add(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.own(w, r.PathValue("id"), t)
	if u == nil {
		return
	}
	next := u.Extra["segments"]
	if next == "" {
		next = "0"
	}
	right := false
	found := simulator.Parts(r, u, "media", func(name, value string) { right = right || name == "segment_index" && value == next })
	n, err := strconv.Atoi(next)
	if !found || !right || err != nil || u.Size > u.Want {
		invalid(w, "The segment is invalid.")
		return
	}
	u.Extra["segments"] = strconv.Itoa(n + 1)
	simulator.JSON(w, http.StatusOK, object{"data": object{"expires_at": s.m.Now().Add(24 * time.Hour).Unix()}})
}

func (s *StandIn) finalize(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.own(w, r.PathValue("id"), t)
	switch {
	case u == nil:
	case u.Size != u.Want:
		invalid(w, "Segments do not add up to provided total file size.")
	case u.Extra["category"] == "tweet_video":
		s.m.Process(u, working)
		s.file(w, u)
	default:
		s.m.Process(u, 0)
		s.file(w, u)
	}
}

func (s *StandIn) status(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if u := s.own(w, r.URL.Query().Get("media_id"), t); u != nil {
		s.file(w, u)
	}
}

func (s *StandIn) describe(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		ID       string `json:"id"`
		Metadata struct {
			Alt struct {
				Text string `json:"text"`
			} `json:"alt_text"`
		} `json:"metadata"`
	}
	if !simulator.Read(r, &in) {
		invalid(w, "The body is no JSON.")
		return
	}
	if u := s.own(w, in.ID, t); u != nil {
		u.Alt = in.Metadata.Alt.Text
		simulator.JSON(w, http.StatusOK, object{"data": object{"id": in.ID, "associated_metadata": object{"alt_text": object{"text": u.Alt}}}})
	}
}
