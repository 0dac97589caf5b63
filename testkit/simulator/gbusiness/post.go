package gbusiness

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	reading  = 20 * time.Second // how long a new post is read before it is shown
	maxText  = 1500
	maxTitle = 58
	minPhoto = 10 << 10
	maxPhoto = 5 << 20
)

// draft is a post as a client writes it.
type draft struct {
	Language string          `json:"languageCode"`
	Summary  string          `json:"summary"`
	Topic    string          `json:"topicType"`
	Action   *callToAction   `json:"callToAction"`
	Event    *event          `json:"event"`
	Offer    json.RawMessage `json:"offer"`
	Media    []struct {
		Format string `json:"mediaFormat"`
		Source string `json:"sourceUrl"`
	} `json:"media"`
}

type callToAction struct {
	Type string `json:"actionType"`
	URL  string `json:"url,omitempty"`
}

type event struct {
	Title    string `json:"title"`
	Schedule struct {
		StartDate map[string]int `json:"startDate"`
		StartTime map[string]int `json:"startTime"`
		EndDate   map[string]int `json:"endDate"`
		EndTime   map[string]int `json:"endTime"`
	} `json:"schedule"`
}

// whole reports whether it says when it begins and ends, to the minute.
func (e *event) whole() bool {
	s := e.Schedule
	for _, day := range []map[string]int{s.StartDate, s.EndDate} {
		if day["year"] == 0 || day["month"] == 0 || day["day"] == 0 {
			return false
		}
	}
	return s.StartTime != nil && s.EndTime != nil
}

// wrong is the field that a draft is refused for, and why; empty: none.
func (in draft) wrong() (field, why string) {
	switch a := in.Action; {
	case !slices.Contains([]string{"STANDARD", "EVENT", "OFFER"}, in.Topic):
		return "topic_type", "Topic type is required for post creation."
	case len([]rune(in.Summary)) > maxText:
		return "summary", "The summary is too long."
	case len(in.Media) > 1:
		return "media", "Too many media items."
	case a != nil && !slices.Contains([]string{"BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "CALL"}, a.Type):
		return "call_to_action.action_type", "The action type is not supported."
	case a != nil && (a.Type == "CALL") != (a.URL == ""):
		return "call_to_action.url", "The URL does not go with the action type."
	case in.Topic != "STANDARD":
		return in.Event.wrong()
	}
	return "", ""
}

// wrong is what is wrong with the event of a post that must have one.
func (e *event) wrong() (field, why string) {
	switch {
	case e == nil || e.Title == "":
		return "event.title", "Event title is required."
	case len([]rune(e.Title)) > maxTitle:
		return "event.title", "Event title is too long."
	case !e.whole():
		return "event.schedule", "Event schedule is not complete."
	}
	return "", ""
}

// set writes what a draft says of a post.
func (in draft) set(p *simulator.Post) {
	p.Text = in.Summary
	for name, value := range map[string]any{"callToAction": in.Action, "event": in.Event, "offer": in.Offer} {
		delete(p.Extra, name)
		if raw, err := json.Marshal(value); err == nil && string(raw) != "null" {
			p.Extra[name] = string(raw)
		}
	}
	p.Extra["topicType"], p.Extra["languageCode"] = in.Topic, in.Language
}

// phone is what Google takes for a phone number.
var phone = regexp.MustCompile(`\+?\d[\d ()-]{7,}\d`)

func (s *StandIn) create(w http.ResponseWriter, r *http.Request, t *simulator.Token, at *simulator.Account) {
	var in draft
	if !simulator.Read(r, &in) {
		fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid JSON payload received.", nil)
		return
	}
	if field, why := in.wrong(); field != "" {
		invalid(w, 2, field, why)
		return
	}
	if at.Extra["closed"] != "" {
		invalid(w, "LOCATION_DISABLED_FOR_LOCAL_POST_API", "", "Posts are disabled for this location.")
		return
	}
	id := s.m.NewID()
	_, location, _ := strings.Cut(at.ID, "/locations/")
	p := simulator.Post{
		Platform: platform, Account: at.ID, App: t.App, ID: at.ID + "/localPosts/" + id, Extra: map[string]string{"created": s.m.Now().UTC().Format(time.RFC3339Nano)},
		URL: "https://local.google.com/place?id=" + url.QueryEscape(location) + "&use=posts&lpsid=" + id,
	}
	for _, m := range in.Media {
		u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: at.ID})
		if !s.fetched(w, r, u, m.Format, m.Source) {
			return
		}
		u.Done = s.m.Now()
		p.Media = append(p.Media, u)
	}
	in.set(&p)
	s.review(&p)
	simulator.JSON(w, http.StatusOK, s.resource(s.m.Publish(p)))
}

// fetched gets the photo of a post; false: it was refused.
func (s *StandIn) fetched(w http.ResponseWriter, r *http.Request, u *simulator.Upload, format, source string) bool {
	switch {
	case format != "PHOTO":
		fail(w, http.StatusInternalServerError, "INTERNAL", "Internal error encountered.", nil)
	case source == "" || s.m.Get(r, u, source) != nil:
		invalid(w, "PHOTO_FETCH_FAILED", "media.source_url", "The photo could not be fetched.")
	case u.Type != "image/jpeg" && u.Type != "image/png" || u.Size < minPhoto || u.Size > maxPhoto:
		invalid(w, "PHOTO_UPLOAD_FAILED", "media", "The photo could not be used.")
	default:
		return true
	}
	return false
}

// review begins to read a post. It is shown, or refused, at its end.
func (s *StandIn) review(p *simulator.Post) {
	work := s.m.NewUpload(simulator.Upload{Platform: platform, Account: p.Account})
	s.m.Process(work, reading)
	p.Extra["read"], p.State = work.ID, "processing"
}

// state is how far the reading of a post is.
func (s *StandIn) state(p *simulator.Post) string {
	work := s.m.Upload(platform, p.Extra["read"])
	switch {
	case work != nil && !s.m.Ready(work):
		return "PROCESSING"
	case phone.MatchString(p.Text):
		p.State = "rejected"
		return "REJECTED"
	}
	p.State = ""
	return "LIVE"
}

// resource is a post as clients read it.
func (s *StandIn) resource(p *simulator.Post) object {
	changed := p.Extra["created"]
	if !p.Edited.IsZero() {
		changed = p.Edited.UTC().Format(time.RFC3339Nano)
	}
	out := object{
		"name": p.ID, "summary": p.Text, "state": s.state(p), "topicType": p.Extra["topicType"],
		"createTime": p.Extra["created"], "updateTime": changed, "searchUrl": p.URL,
	}
	if lang := p.Extra["languageCode"]; lang != "" {
		out["languageCode"] = lang
	}
	for _, name := range []string{"callToAction", "event", "offer"} {
		if raw := p.Extra[name]; raw != "" {
			out[name] = json.RawMessage(raw)
		}
	}
	var media []object
	for i, u := range p.Media {
		media = append(media, object{"name": p.Account + "/media/localPosts/" + strconv.Itoa(i), "mediaFormat": "PHOTO", "googleUrl": u.URL})
	}
	if media != nil {
		out["media"] = media
	}
	return out
}

func (s *StandIn) list(w http.ResponseWriter, r *http.Request, _ *simulator.Token, at *simulator.Account) {
	most, err := strconv.Atoi(r.URL.Query().Get("pageSize"))
	if err != nil || most < 1 || most > 100 {
		most = 20
	}
	all := []object{}
	for _, p := range s.m.Posts(platform, at.ID) {
		all = append(all, s.resource(p))
	}
	page(w, r, "localPosts", all, most)
}

// find finds the post in a path; nil: there is none.
func (s *StandIn) find(w http.ResponseWriter, r *http.Request, at *simulator.Account) *simulator.Post {
	p := s.m.Post(platform, at.ID+"/localPosts/"+r.PathValue("post"))
	if p == nil {
		missing(w)
	}
	return p
}

func (s *StandIn) read(w http.ResponseWriter, r *http.Request, _ *simulator.Token, at *simulator.Account) {
	if p := s.find(w, r, at); p != nil {
		simulator.JSON(w, http.StatusOK, s.resource(p))
	}
}

// change changes what the mask names, and nothing else.
func (s *StandIn) change(w http.ResponseWriter, r *http.Request, _ *simulator.Token, at *simulator.Account) {
	p := s.find(w, r, at)
	if p == nil {
		return
	}
	var in map[string]json.RawMessage
	mask := strings.Split(r.URL.Query().Get("updateMask"), ",")
	unfit := func(field string) bool {
		return !slices.Contains([]string{"summary", "callToAction", "event", "offer", "languageCode"}, field)
	}
	if !simulator.Read(r, &in) || slices.ContainsFunc(mask, unfit) {
		fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument.", nil)
		return
	}
	raw, _ := json.Marshal(s.resource(p)) // It was made a moment ago.
	now := map[string]json.RawMessage{}
	_ = json.Unmarshal(raw, &now)
	delete(now, "media")
	maps.DeleteFunc(now, func(field string, _ json.RawMessage) bool { return slices.Contains(mask, field) })
	for _, field := range mask {
		if v, there := in[field]; there {
			now[field] = v
		}
	}
	raw, _ = json.Marshal(now)
	var next draft
	if json.Unmarshal(raw, &next) != nil {
		fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument.", nil)
		return
	}
	if field, why := next.wrong(); field != "" {
		invalid(w, 2, field, why)
		return
	}
	next.set(p)
	p.Edited = s.m.Now()
	s.review(p)
	simulator.JSON(w, http.StatusOK, s.resource(p))
}

func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, _ *simulator.Token, at *simulator.Account) {
	if p := s.find(w, r, at); p != nil {
		p.Deleted = true
		simulator.JSON(w, http.StatusOK, object{})
	}
}
