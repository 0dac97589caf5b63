// Package threads plays Threads, as documented on
// https://developers.facebook.com/docs/threads.
package threads

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "threads"
	api      = "graph.threads.net"
)

// What Threads allows. https://developers.facebook.com/docs/threads/overview#limitations
const (
	maxText = 500
	posts   = 250 // a day
	replies = 1000
	day     = 24 * time.Hour
	working = 2 * time.Second // for a file
)

// container is a post before it is out.
type container struct {
	account  string
	form     url.Values
	files    []*simulator.Upload
	failed   string // why a file cannot be used
	at       time.Time
	released bool
}

// StandIn plays Threads.
type StandIn struct {
	m          *simulator.Mount
	containers map[string]*container
}

// New returns Threads without posts.
func New() *StandIn { return &StandIn{containers: map[string]*container{}} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"THREADS_APP_ID": "simulator", "THREADS_APP_SECRET": "simulator-secret",
		"THREADS_API_URL": at(api), "THREADS_WEB_URL": at("threads.net"),
	}
}

// Mount implements simulator.StandIn.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	m.AddAccount(simulator.Account{Platform: platform, ID: "1001", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "1002", Handle: "bob", Name: "Bob Example"})
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: "threads.net/oauth/authorize", Token: api + "/oauth/access_token", Separator: ",",
		Access: time.Hour, Refresh: -1,
		Reply: func(w http.ResponseWriter, t *simulator.Token) {
			simulator.JSON(w, http.StatusOK, object{"access_token": t.Access, "user_id": t.Account.ID})
		},
		Fail: func(w http.ResponseWriter, status int, _, description string) {
			simulator.JSON(w, status, object{"error_type": "OAuthException", "code": status, "error_message": description})
		},
	})
	m.Handle("GET "+api+"/access_token", s.signed(s.exchange))
	m.Handle("GET "+api+"/refresh_access_token", s.signed(s.renew))
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request, *simulator.Token)) {
		method, path, _ := strings.Cut(pattern, " ")
		m.Handle(method+" "+api+"/v1.0"+path, s.signed(h))
	}
	handle("GET /me", s.me)
	handle("GET /{id}", s.read)
	handle("DELETE /{id}", s.remove)
	handle("GET /{id}/threads_publishing_limit", s.limit)
	handle("POST /{id}/threads", s.create)
	handle("POST /{id}/threads_publish", s.publish)
	handle("GET /{id}/threads", s.list)
	handle("GET /{id}/replies", s.list)
	handle("GET /{id}/insights", s.numbers)
	handle("GET /{id}/threads_insights", s.accountNumbers)
}

type object = map[string]any

// fail answers as all of Meta's APIs do.
func fail(w http.ResponseWriter, status, code, subcode int, message string) {
	e := object{"message": message, "type": "THApiException", "code": code, "fbtrace_id": "simulated"}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	simulator.JSON(w, status, object{"error": e})
}

func gone(w http.ResponseWriter) {
	fail(w, http.StatusBadRequest, 100, 33, "Unsupported request. The object does not exist, or cannot be loaded due to missing permissions.")
}

// Refuse implements simulator.Refuser.
func (*StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		fail(w, http.StatusTooManyRequests, 4, 0, "Application request limit reached")
	case simulator.QuotaGone:
		fail(w, http.StatusBadRequest, 9, 2207042, "You reached maximum number of posts that is allowed to be published by Content Publishing API")
	case simulator.TokenExpired:
		fail(w, http.StatusUnauthorized, 190, 463, "Error validating access token: Session has expired")
	case simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, 190, 458, "Error validating access token: The user has not authorized application")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, 2, 0, "Service temporarily unavailable")
	case simulator.Rejected:
		fail(w, http.StatusBadRequest, 100, 0, "Invalid parameter: this is against the community guidelines")
	case simulator.Duplicate:
		return false
	default:
		return false
	}
	return true
}

// signed lets in who has a token, in the query or in the form.
func (s *StandIn) signed(h func(http.ResponseWriter, *http.Request, *simulator.Token)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil {
			fail(w, http.StatusBadRequest, 100, 0, "Invalid parameter")
			return
		}
		token, why := s.m.Bearer(r, platform)
		switch why {
		case simulator.Fine:
			h(w, r, token)
		case simulator.Expired:
			s.Refuse(w, r, simulator.TokenExpired)
		case simulator.Revoked, simulator.Missing, simulator.Unknown:
			s.Refuse(w, r, simulator.TokenRevoked)
		}
	}
}

// longLived gives out a token of 60 days.
func (s *StandIn) longLived(w http.ResponseWriter, t *simulator.Token) {
	out := s.m.Issue(simulator.Token{
		Platform: platform, App: t.App, Account: t.Account, Scopes: t.Scopes, Expires: s.m.Now().Add(60 * day),
		Extra: map[string]string{"since": strconv.FormatInt(s.m.Now().Unix(), 10)},
	})
	simulator.JSON(w, http.StatusOK, object{"access_token": out.Access, "token_type": "bearer", "expires_in": int((60 * day).Seconds())})
}

func (s *StandIn) exchange(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	app := s.m.App(platform, t.App)
	if r.URL.Query().Get("grant_type") != "th_exchange_token" || app == nil || r.URL.Query().Get("client_secret") != app.Secret {
		fail(w, http.StatusBadRequest, 100, 0, "Invalid parameter")
		return
	}
	s.longLived(w, t)
}

// renew takes a token that is a day old.
func (s *StandIn) renew(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	since, err := strconv.ParseInt(t.Extra["since"], 10, 64)
	if r.URL.Query().Get("grant_type") != "th_refresh_token" || err != nil || s.m.Now().Sub(time.Unix(since, 0)) < day {
		fail(w, http.StatusBadRequest, 100, 0, "The token cannot be refreshed")
		return
	}
	s.longLived(w, t)
}

func (s *StandIn) me(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	simulator.JSON(w, http.StatusOK, object{
		"id": t.Account.ID, "username": t.Account.Handle, "name": t.Account.Name, "threads_profile_picture_url": s.m.Avatar(t.Account),
	})
}

// own reports whether the path names the bearer's account, and answers if not.
func (*StandIn) own(w http.ResponseWriter, r *http.Request, t *simulator.Token) bool {
	if r.PathValue("id") != t.Account.ID {
		gone(w)
		return false
	}
	return true
}

// used counts the posts, or replies, of an account in 24 hours.
func (s *StandIn) used(account string, answers bool) int {
	n := 0
	for _, p := range s.m.Posts(platform, account) {
		if (p.Parent != "") == answers && s.m.Now().Sub(p.At) < day {
			n++
		}
	}
	return n
}

func (s *StandIn) limit(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if !s.own(w, r, t) {
		return
	}
	simulator.JSON(w, http.StatusOK, object{"data": []object{{
		"quota_usage": s.used(t.Account.ID, false), "config": object{"quota_total": posts, "quota_duration": 86400},
		"reply_quota_usage": s.used(t.Account.ID, true), "reply_config": object{"quota_total": replies, "quota_duration": 86400},
	}}})
}

// create makes a container.
func (s *StandIn) create(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if !s.own(w, r, t) {
		return
	}
	c := &container{account: t.Account.ID, form: r.PostForm, at: s.m.Now()}
	parent := r.PostForm.Get("reply_to_id")
	switch kind := r.PostForm.Get("media_type"); {
	case utf8.RuneCountInString(r.PostForm.Get("text")) > maxText:
		fail(w, http.StatusBadRequest, 100, 0, "Param text must be at most 500 characters long.")
		return
	case parent != "" && s.m.Post(platform, parent) == nil:
		gone(w)
		return
	case kind == "TEXT" && r.PostForm.Get("text") == "", !slices.Contains([]string{"TEXT", "IMAGE", "VIDEO", "CAROUSEL"}, kind):
		fail(w, http.StatusBadRequest, 100, 0, "Invalid parameter: media_type")
		return
	case kind == "CAROUSEL":
		if !s.gather(c) {
			fail(w, http.StatusBadRequest, 100, 2207028, "The carousel needs 2 to 20 finished items.")
			return
		}
	case kind != "TEXT":
		s.fetch(r, c)
	}
	id := s.m.NewID()
	s.containers[id] = c
	simulator.JSON(w, http.StatusOK, object{"id": id})
}

// gather takes the files of a carousel from their containers.
func (s *StandIn) gather(c *container) bool {
	ids := strings.Split(c.form.Get("children"), ",")
	for _, id := range ids {
		child := s.containers[id]
		if child == nil || child.account != c.account || child.form.Get("is_carousel_item") != "true" || s.status(child) != "FINISHED" {
			return false
		}
		c.files = append(c.files, child.files...)
	}
	return len(ids) >= 2 && len(ids) <= 20
}

// fetch gets the file of a container.
func (s *StandIn) fetch(r *http.Request, c *container) {
	u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: c.account, Alt: c.form.Get("alt_text")})
	address := c.form.Get("image_url")
	if c.form.Get("media_type") == "VIDEO" {
		address = c.form.Get("video_url")
	}
	if err := s.m.Get(r, u, address); err != nil {
		c.failed = "FAILED_DOWNLOADING_VIDEO"
	}
	s.m.Process(u, working)
	c.files = []*simulator.Upload{u}
}

// status is how far a container is.
func (s *StandIn) status(c *container) string {
	switch {
	case c.released:
		return "PUBLISHED"
	case s.m.Now().Sub(c.at) >= day:
		return "EXPIRED"
	case slices.ContainsFunc(c.files, func(u *simulator.Upload) bool { return !s.m.Ready(u) }):
		return "IN_PROGRESS"
	case c.failed != "":
		return "ERROR"
	}
	return "FINISHED"
}

func (s *StandIn) publish(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	c := s.containers[r.PostForm.Get("creation_id")]
	if !s.own(w, r, t) {
		return
	}
	if c == nil || c.account != t.Account.ID {
		fail(w, http.StatusBadRequest, 24, 4279009, "The requested resource does not exist")
		return
	}
	parent := s.m.Post(platform, c.form.Get("reply_to_id"))
	switch status := s.status(c); {
	case status == "EXPIRED":
		fail(w, http.StatusBadRequest, 24, 2207008, "The media builder with this creation id has expired.")
	case status != "FINISHED":
		fail(w, http.StatusBadRequest, 9007, 2207027, "Media is not ready for publishing")
	case parent == nil && s.used(t.Account.ID, false) >= posts, parent != nil && s.used(t.Account.ID, true) >= replies:
		s.Refuse(w, r, simulator.QuotaGone)
	default:
		simulator.JSON(w, http.StatusOK, object{"id": s.release(c, t, parent).ID})
	}
}

// release puts a container out.
func (s *StandIn) release(c *container, t *simulator.Token, parent *simulator.Post) *simulator.Post {
	c.released = true
	p := simulator.Post{
		Platform: platform, Account: c.account, App: t.App, ID: s.m.NewID(), Text: c.form.Get("text"), Media: c.files, Link: c.form.Get("link_attachment"),
		Extra: map[string]string{"topic": c.form.Get("topic_tag"), "reply_control": c.form.Get("reply_control"), "poll": c.form.Get("poll_attachment")},
	}
	if parent != nil {
		p.Parent, p.Root = parent.ID, parent.ID
		if parent.Root != "" {
			p.Root = parent.Root
		}
	}
	p.URL = "https://www.threads.net/@" + t.Account.Handle + "/post/" + p.ID
	return s.m.Publish(p)
}

func (*StandIn) post(p *simulator.Post) object {
	out := object{"id": p.ID, "permalink": p.URL, "text": p.Text, "timestamp": p.At.UTC().Format("2006-01-02T15:04:05-0700")}
	if p.Parent != "" {
		out["replied_to"] = object{"id": p.Parent}
	}
	return out
}

// read answers for posts and containers.
func (s *StandIn) read(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	id := r.PathValue("id")
	if c := s.containers[id]; c != nil && c.account == t.Account.ID {
		out := object{"id": id, "status": s.status(c)}
		if out["status"] == "ERROR" {
			out["error_message"] = c.failed
		}
		simulator.JSON(w, http.StatusOK, out)
		return
	}
	if p := s.m.Post(platform, id); p != nil {
		simulator.JSON(w, http.StatusOK, s.post(p))
		return
	}
	gone(w)
}

// list answers with the posts of the account, or its replies.
func (s *StandIn) list(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if !s.own(w, r, t) {
		return
	}
	answers := strings.HasSuffix(r.URL.Path, "/replies")
	since, err := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	if err != nil {
		since = 0
	}
	found := []object{}
	for _, p := range s.m.Posts(platform, t.Account.ID) {
		if (p.Parent != "") == answers && p.At.Unix() >= since && len(found) < 50 {
			found = append(found, s.post(p))
		}
	}
	simulator.JSON(w, http.StatusOK, object{"data": found})
}

func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.m.Post(platform, r.PathValue("id"))
	switch {
	case p == nil || p.Account != t.Account.ID:
		gone(w)
	case !t.Has("threads_delete"):
		fail(w, http.StatusForbidden, 10, 0, "Application does not have permission for this action")
	default:
		p.Deleted = true
		simulator.JSON(w, http.StatusOK, object{"success": true, "deleted_id": p.ID})
	}
}

func (s *StandIn) numbers(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	p := s.m.Post(platform, r.PathValue("id"))
	if p == nil {
		gone(w)
		return
	}
	found := []object{}
	for _, one := range []struct {
		name string
		n    int
	}{
		{"views", s.m.Count(p, "views", 900)},
		{"likes", s.m.Count(p, "likes", 40)},
		{"replies", len(s.m.Answers(platform, p.ID))},
		{"reposts", s.m.Count(p, "reposts", 12)},
		{"quotes", s.m.Count(p, "quotes", 3)},
	} {
		found = append(found, object{"name": one.name, "period": "lifetime", "values": []object{{"value": one.n}}})
	}
	simulator.JSON(w, http.StatusOK, object{"data": found})
}

func (s *StandIn) accountNumbers(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if !s.own(w, r, t) {
		return
	}
	q := r.URL.Query()
	if q.Get("metric") == "followers_count" {
		simulator.JSON(w, http.StatusOK, object{"data": []object{{"name": "followers_count", "period": "day", "total_value": object{"value": 321}}}})
		return
	}
	since, err1 := strconv.ParseInt(q.Get("since"), 10, 64)
	until, err2 := strconv.ParseInt(q.Get("until"), 10, 64)
	if err1 != nil || err2 != nil || q.Get("metric") != "views" {
		fail(w, http.StatusBadRequest, 100, 0, "Invalid parameter")
		return
	}
	days := []object{}
	for at := time.Unix(since, 0).UTC(); at.Before(time.Unix(until, 0)); at = at.Add(day) {
		end := at.Add(day + 8*time.Hour) // Days of Meta end in California.
		days = append(days, object{"value": 50 + at.Day(), "end_time": end.Format("2006-01-02T15:04:05-0700")})
	}
	simulator.JSON(w, http.StatusOK, object{"data": []object{{"name": "views", "period": "day", "values": days}}})
}
