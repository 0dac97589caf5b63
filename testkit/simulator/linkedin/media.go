package linkedin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	part    = 4 << 20 // of a video
	working = 2 * time.Second
)

// upload begins and ends uploads, by the action in the query.
func (s *StandIn) upload(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	switch kind := strings.TrimPrefix(r.URL.Path, "/rest/"); r.URL.Query().Get("action") {
	case "initializeUpload":
		s.initialize(w, r, t, strings.TrimSuffix(kind, "s"))
	case "finalizeUpload":
		s.finalize(w, r)
	default:
		invalid(w, "The action is unknown")
	}
}

func (s *StandIn) initialize(w http.ResponseWriter, r *http.Request, t *simulator.Token, kind string) {
	var in struct {
		Request struct {
			Owner string `json:"owner"`
			Size  int64  `json:"fileSizeBytes"`
		} `json:"initializeUploadRequest"`
	}
	if !simulator.Read(r, &in) || kind == "video" && in.Request.Size <= 0 {
		invalid(w, "The upload is invalid")
		return
	}
	if s.acts(w, t, in.Request.Owner) == nil {
		return
	}
	id := s.m.NewID()
	u := s.m.NewUpload(simulator.Upload{Platform: members, Account: in.Request.Owner, ID: "urn:li:" + kind + ":C" + id, Want: in.Request.Size})
	at := func(n int) string { return s.m.URL(web, "/dms-uploads/"+u.ID+"/"+strconv.Itoa(n)) }
	value := object{kind: u.ID, "uploadUrlExpiresAt": s.m.Now().Add(day).UnixMilli()}
	if kind != "video" {
		value["uploadUrl"] = at(0)
		simulator.JSON(w, http.StatusOK, object{"value": value})
		return
	}
	var parts []object
	for first := int64(0); first < u.Want; first += part {
		parts = append(parts, object{"uploadUrl": at(len(parts)), "firstByte": first, "lastByte": min(first+part, u.Want) - 1})
	}
	value["uploadInstructions"], value["uploadToken"] = parts, ""
	simulator.JSON(w, http.StatusOK, object{"value": value})
}

// bytes takes a file, or a part of a video, at an address that needs no token.
func (s *StandIn) bytes(w http.ResponseWriter, r *http.Request) {
	u := s.m.Upload(members, r.PathValue("id"))
	n, err := strconv.ParseInt(r.PathValue("part"), 10, 64)
	if u == nil || err != nil || u.AppendAt(n*part, r.Body) != nil {
		invalid(w, "The part is not the next one")
		return
	}
	w.Header().Set("ETag", `"`+u.ID+"/"+r.PathValue("part")+`"`)
	if u.Want == 0 {
		s.m.Process(u, 0)
	}
	w.WriteHeader(http.StatusCreated)
}

func (s *StandIn) finalize(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Request struct {
			Video string   `json:"video"`
			Parts []string `json:"uploadedPartIds"`
		} `json:"finalizeUploadRequest"`
	}
	if !simulator.Read(r, &in) {
		invalid(w, "The upload is invalid")
		return
	}
	u := s.m.Upload(members, in.Request.Video)
	if u == nil || u.Size != u.Want || int64(len(in.Request.Parts)) != (u.Want+part-1)/part {
		invalid(w, "Not all parts are there")
		return
	}
	for n, tag := range in.Request.Parts {
		if tag != u.ID+"/"+strconv.Itoa(n) {
			invalid(w, "The part "+tag+" is unknown")
			return
		}
	}
	s.m.Process(u, working)
	w.WriteHeader(http.StatusOK)
}

// file says how far LinkedIn is. A member's token reads nothing but videos.
func (s *StandIn) file(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.m.Upload(members, r.PathValue("urn"))
	if u == nil {
		missing(w)
		return
	}
	if s.acts(w, t, u.Account) == nil {
		return
	}
	if strings.HasPrefix(u.Account, "urn:li:person:") && !strings.Contains(u.ID, ":video:") {
		fail(w, http.StatusForbidden, 100, "ACCESS_DENIED", "Not enough permissions to access: images.GET")
		return
	}
	out := object{"id": u.ID, "owner": u.Account, "status": "PROCESSING"}
	switch {
	case u.Size == 0 || u.Size < u.Want:
		out["status"] = "WAITING_UPLOAD"
	case s.m.Ready(u) && u.Failed != "":
		out["status"], out["processingFailureReason"] = "PROCESSING_FAILED", u.Failed
	case s.m.Ready(u):
		out["status"] = "AVAILABLE"
	}
	simulator.JSON(w, http.StatusOK, out)
}
