// Package pinterest plays Pinterest.
package pinterest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "pinterest"
	api      = "api.pinterest.com/v5"
	store    = "pinterest-media-upload.s3-accelerate.amazonaws.com"
)

// object is a JSON object.
type object map[string]any

// StandIn plays it.
type StandIn struct{ m *simulator.Mount }

// New returns a stand-in without pins.
func New() *StandIn { return &StandIn{} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"PINTEREST_CLIENT_ID": "simulator", "PINTEREST_CLIENT_SECRET": "simulator-secret",
		"PINTEREST_AUTH_URL": at("www.pinterest.com"), "PINTEREST_API_URL": at("api.pinterest.com"),
	}
}

// Mount implements simulator.StandIn. One board is kept by Ann and Bob together.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	m.AddAccount(simulator.Account{Platform: platform, ID: "900000000000000001", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "900000000000000002", Handle: "bob", Name: "Bob Example"})
	for id, name := range map[string]string{"700001": "Boats", "700002": "Recipes"} {
		m.AddAccount(simulator.Account{Platform: platform, ID: id, Handle: "board-" + id, Name: name, Kind: "board"})
	}
	m.AddAccount(simulator.Account{Platform: platform, ID: "710001", Handle: "section-710001", Name: "Sailing", Kind: "section", Owner: "700001"})
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: "www.pinterest.com/oauth/{$}", Token: api + "/oauth/token", Revoke: api + "/oauth/token/revoke",
		Basic: true, Separator: ",", Access: 30 * 24 * time.Hour, Refresh: 60 * 24 * time.Hour, Rotate: true, Fail: refuseSignIn, Reply: s.reply,
	})
	for pattern, h := range map[string]answer{
		"GET " + api + "/user_account":                           s.me,
		"GET " + api + "/user_account/analytics":                 s.analytics,
		"GET " + api + "/boards":                                 s.boards,
		"GET " + api + "/boards/{board}/sections":                s.sections,
		"GET " + api + "/boards/{board}/pins":                    s.pins,
		"GET " + api + "/boards/{board}/sections/{section}/pins": s.pins,
		"POST " + api + "/media":                                 s.register,
		"GET " + api + "/media/{id}":                             s.media,
		"POST " + api + "/pins":                                  s.create,
		"GET " + api + "/pins/{id}":                              s.show,
		"PATCH " + api + "/pins/{id}":                            s.edit,
		"DELETE " + api + "/pins/{id}":                           s.remove,
	} {
		m.Handle(pattern, s.as(h))
	}
	m.Handle("POST "+store+"/{id}", s.bytes)
}

func (s *StandIn) reply(w http.ResponseWriter, t *simulator.Token) {
	out := s.m.TokenBody(t, " ")
	out["response_type"], out["refresh_token_expires_in"] = "authorization_code", int(t.RefreshBy.Sub(s.m.Now()).Seconds())
	out["refresh_token_expires_at"] = t.RefreshBy.Unix()
	simulator.JSON(w, http.StatusOK, out)
}

func refuseSignIn(w http.ResponseWriter, status int, code, description string) {
	if code == "invalid_client" {
		fail(w, status, 2, "Authentication failed.")
		return
	}
	fail(w, status, 283, "The provided authorization grant or refresh token is invalid, expired or revoked: "+description)
}

// fail answers with an error of Pinterest.
func fail(w http.ResponseWriter, status, code int, message string) {
	simulator.JSON(w, status, object{"code": code, "message": message})
}

type answer func(w http.ResponseWriter, r *http.Request, t *simulator.Token)

// as lets only those in whose token is good.
func (s *StandIn) as(h answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, why := s.m.Bearer(r, platform)
		if why != simulator.Fine {
			fail(w, http.StatusUnauthorized, 2, "Authentication failed.")
			return
		}
		left := s.m.Take("pinterest/"+r.Method+"/"+t.Account.ID, 100, time.Minute)
		s.limits(w, left)
		if left.Over() {
			fail(w, http.StatusTooManyRequests, 8, "You have exceeded your rate limit. Try again later.")
			return
		}
		h(w, r, t)
	}
}

// limits writes https://developers.pinterest.com/docs/reference/ratelimits/.
func (s *StandIn) limits(w http.ResponseWriter, left simulator.Window) {
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(left.Limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(0, left.Remaining)))
	w.Header().Set("X-RateLimit-Reset", strconv.Itoa(int(left.Reset.Sub(s.m.Now()).Seconds())))
}

// Refuse implements simulator.Refuser.
func (s *StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		s.limits(w, simulator.Window{Limit: 100, Reset: s.m.Now().Add(time.Minute)})
		fail(w, http.StatusTooManyRequests, 8, "You have exceeded your rate limit. Try again later.")
	case simulator.TokenExpired, simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, 2, "Authentication failed.")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, 0, "Service unavailable")
	case simulator.Rejected:
		fail(w, http.StatusBadRequest, 1, "Invalid request: this goes against the rules")
	case simulator.QuotaGone, simulator.Duplicate:
		return false
	}
	return true
}

func (s *StandIn) me(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	simulator.JSON(w, http.StatusOK, object{
		"id": t.Account.ID, "username": t.Account.Handle, "business_name": t.Account.Name, "account_type": "BUSINESS",
		"profile_image": s.m.Avatar(t.Account), "follower_count": 87,
	})
}

func (s *StandIn) analytics(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	from, err := time.Parse(time.DateOnly, r.URL.Query().Get("start_date"))
	to, wrong := time.Parse(time.DateOnly, r.URL.Query().Get("end_date"))
	if err != nil || wrong != nil || from.Before(s.m.Now().Add(-90*24*time.Hour)) {
		fail(w, http.StatusBadRequest, 1, "Invalid start_date or end_date")
		return
	}
	days := []object{}
	for d := from; !d.After(to); d = d.Add(24 * time.Hour) {
		days = append(days, object{
			"date": d.Format(time.DateOnly), "data_status": "READY", "metrics": object{"IMPRESSION": 10 + d.Day(), "OUTBOUND_CLICK": 2, "SAVE": 1},
		})
	}
	simulator.JSON(w, http.StatusOK, object{"all": object{"daily_metrics": days, "summary_metrics": object{}}})
}

func (s *StandIn) boards(w http.ResponseWriter, _ *http.Request, _ *simulator.Token) {
	items := []object{}
	for _, b := range s.m.Accounts(platform, "board", "") {
		items = append(items, object{"id": b.ID, "name": b.Name, "privacy": "PUBLIC"})
	}
	simulator.JSON(w, http.StatusOK, object{"items": items})
}

func (s *StandIn) sections(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	items := []object{}
	for _, b := range s.m.Accounts(platform, "section", r.PathValue("board")) {
		items = append(items, object{"id": b.ID, "name": b.Name})
	}
	simulator.JSON(w, http.StatusOK, object{"items": items})
}

func (s *StandIn) pins(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	items := []object{}
	for _, p := range s.m.Posts(platform, "") {
		if p.Extra["board"] == r.PathValue("board") && (r.PathValue("section") == "" || p.Extra["section"] == r.PathValue("section")) {
			items = append(items, s.pin(p, t))
		}
	}
	simulator.JSON(w, http.StatusOK, object{"items": items})
}

// pin is a Pin.
func (s *StandIn) pin(p *simulator.Post, t *simulator.Token) object {
	out := object{
		"id": p.ID, "board_id": p.Extra["board"], "title": p.Extra["title"], "description": p.Text, "link": p.Link,
		"created_at": p.At.UTC().Format(time.RFC3339), "is_owner": p.Account == t.Account.ID,
		"pin_metrics": object{"lifetime_metrics": object{
			"impression": s.m.Count(p, "impression", 900), "clickthrough": s.m.Count(p, "clickthrough", 40),
			"pin_click": s.m.Count(p, "click", 90), "reaction": s.m.Count(p, "reaction", 20), "comment": s.m.Count(p, "comment", 5),
		}},
	}
	if p.Extra["section"] != "" {
		out["board_section_id"] = p.Extra["section"]
	}
	return out
}

// register says where the bytes of a video go.
func (s *StandIn) register(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Type string `json:"media_type"`
	}
	if !simulator.Read(r, &in) || in.Type != "video" {
		fail(w, http.StatusBadRequest, 1, "Invalid media_type")
		return
	}
	u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: t.Account.ID, Type: "video/mp4"})
	u.Extra["key"] = "uploads/" + s.m.NewSecret()
	simulator.JSON(w, http.StatusCreated, object{
		"media_id": u.ID, "media_type": "video", "upload_url": s.m.URL(store, "/"+u.ID),
		"upload_parameters": object{"key": u.Extra["key"], "Content-Type": "multipart/form-data"},
	})
}

// bytes takes a video. Who sends it does not matter: the key does.
func (s *StandIn) bytes(w http.ResponseWriter, r *http.Request) {
	u, key := s.m.Upload(platform, r.PathValue("id")), ""
	if u == nil || !simulator.Parts(r, u, "file", func(name, value string) {
		if name == "key" {
			key = value
		}
	}) || key != u.Extra["key"] || r.Header.Get("Authorization") != "" {
		http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
		return
	}
	s.m.Process(u, 4*time.Second)
	w.WriteHeader(http.StatusNoContent)
}

func (s *StandIn) media(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.m.Upload(platform, r.PathValue("id"))
	if u == nil || u.Account != t.Account.ID {
		fail(w, http.StatusNotFound, 4188, "Media not found.")
		return
	}
	status := "registered"
	switch {
	case u.Failed != "":
		status = "failed"
	case s.m.Ready(u):
		status = "succeeded"
	case !u.Done.IsZero():
		status = "processing"
	}
	simulator.JSON(w, http.StatusOK, object{"media_id": u.ID, "media_type": "video", "status": status})
}

// draft is what a pin is made of.
type draft struct {
	Board       string `json:"board_id"`
	Section     string `json:"board_section_id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Link        string `json:"link"`
	AltText     string `json:"alt_text"`
	Source      struct {
		Type  string `json:"source_type"`
		URL   string `json:"url"`
		Media string `json:"media_id"`
		Items []struct {
			URL string `json:"url"`
		} `json:"items"`
		Cover     string `json:"cover_image_url"`
		CoverTime *int   `json:"cover_image_key_frame_time"`
	} `json:"media_source"`
}

// board reports whether the board and the section of a draft are there.
func (s *StandIn) board(w http.ResponseWriter, in draft) bool {
	b, sec := s.m.Account(platform, in.Board), s.m.Account(platform, in.Section)
	if b == nil || b.Kind != "board" || in.Section != "" && (sec == nil || sec.Owner != in.Board) {
		fail(w, http.StatusNotFound, 40, "Board not found.")
		return false
	}
	return true
}

func (s *StandIn) create(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	if !simulator.Read(r, &in) || len(in.Title) > 100 || len([]rune(in.Description)) > 800 {
		fail(w, http.StatusBadRequest, 1, "Invalid request")
		return
	}
	if !s.board(w, in) {
		return
	}
	files, problem := s.files(r, in, t)
	if problem != "" {
		fail(w, http.StatusBadRequest, 235, problem)
		return
	}
	p := s.m.Publish(simulator.Post{
		Platform: platform, Account: t.Account.ID, App: t.App, Text: in.Description, Link: in.Link, Media: files,
		Extra: map[string]string{"board": in.Board, "section": in.Section, "title": in.Title},
	})
	p.URL = "https://www.pinterest.com/pin/" + p.ID + "/"
	simulator.JSON(w, http.StatusCreated, s.pin(p, t))
}

// files are what a pin shows; otherwise what is wrong with them.
func (s *StandIn) files(r *http.Request, in draft, t *simulator.Token) ([]*simulator.Upload, string) {
	src := in.Source
	switch src.Type {
	case "image_url":
		return s.pictures(r, []string{src.URL}, in.AltText, t)
	case "multiple_image_urls":
		if len(src.Items) < 2 || len(src.Items) > 5 {
			return nil, "Invalid media_source: constraint: minItems=2, maxItems=5"
		}
		var addresses []string
		for _, i := range src.Items {
			addresses = append(addresses, i.URL)
		}
		return s.pictures(r, addresses, in.AltText, t)
	case "video_id":
		u := s.m.Upload(platform, src.Media)
		if u == nil || u.Account != t.Account.ID || !s.m.Ready(u) {
			return nil, "Invalid media_id"
		}
		if src.Cover == "" && src.CoverTime == nil {
			return nil, "Invalid media_source: cover_image_url or cover_image_content_type is missing"
		}
		return []*simulator.Upload{u}, ""
	}
	return nil, "Invalid source_type " + strings.TrimSpace(src.Type)
}

// pictures fetches what is at the addresses.
func (s *StandIn) pictures(r *http.Request, addresses []string, alt string, t *simulator.Token) ([]*simulator.Upload, string) {
	var out []*simulator.Upload
	for _, a := range addresses {
		u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: t.Account.ID, Alt: alt})
		if s.m.Get(r, u, a) != nil {
			return nil, "Unable to reach the URL. Please check the URL is correct and try again."
		}
		s.m.Process(u, 0)
		out = append(out, u)
	}
	return out, ""
}

// own finds a pin of the account, or says that there is none.
func (s *StandIn) own(w http.ResponseWriter, r *http.Request, t *simulator.Token) *simulator.Post {
	p := s.m.Post(platform, r.PathValue("id"))
	if p == nil || p.Account != t.Account.ID {
		fail(w, http.StatusNotFound, 50, "Pin not found.")
		return nil
	}
	return p
}

func (s *StandIn) show(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if p := s.own(w, r, t); p != nil {
		simulator.JSON(w, http.StatusOK, s.pin(p, t))
	}
}

func (s *StandIn) edit(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.own(w, r, t)
	if p == nil {
		return
	}
	var in draft
	if !simulator.Read(r, &in) {
		fail(w, http.StatusBadRequest, 1, "Invalid request")
		return
	}
	if !s.board(w, in) {
		return
	}
	p.Text, p.Link, p.Edited = in.Description, in.Link, s.m.Now()
	p.Extra["board"], p.Extra["section"], p.Extra["title"] = in.Board, in.Section, in.Title
	simulator.JSON(w, http.StatusOK, s.pin(p, t))
}

func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if p := s.own(w, r, t); p != nil {
		p.Deleted = true
		w.WriteHeader(http.StatusNoContent)
	}
}
