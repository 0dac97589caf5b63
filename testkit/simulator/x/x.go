// Package x plays X, as documented on https://docs.x.com/x-api.
package x

import (
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "x"
	api      = "api.x.com"
)

// What X allows. https://docs.x.com/x-api/fundamentals/rate-limits
const (
	maxText    = 280
	maxLong    = 25_000
	posts      = 100
	window     = 15 * time.Minute
	dayOfApp   = 10_000
	remembered = 30 * time.Minute // how long the same text is refused; X does not say
)

// StandIn plays X.
type StandIn struct{ m *simulator.Mount }

// New returns X without posts.
func New() *StandIn { return &StandIn{} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"X_CLIENT_ID": "simulator", "X_CLIENT_SECRET": "simulator-secret",
		"X_API_KEY": "simulator", "X_API_SECRET": "simulator-secret",
		"X_API_URL": at(api), "X_WEB_URL": at("x.com"),
	}
}

// Mount implements simulator.StandIn. Bob has Premium.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	m.AddAccount(simulator.Account{Platform: platform, ID: "1001", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "1002", Handle: "bob", Name: "Bob Example", Extra: map[string]string{"premium": "true"}})
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: "x.com/i/oauth2/authorize", Token: api + "/2/oauth2/token", Revoke: api + "/2/oauth2/revoke",
		PKCE: true, Basic: true, Rotate: true, Access: 2 * time.Hour, Refresh: 180 * 24 * time.Hour,
	})
	m.OAuth1(simulator.OAuth1{
		Platform: platform, RequestToken: api + "/oauth/request_token", Authorize: api + "/oauth/authorize", AccessToken: api + "/oauth/access_token",
		Extra: func(t *simulator.Token) map[string]string {
			return map[string]string{"user_id": t.Account.ID, "screen_name": t.Account.Handle}
		},
	})
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request, *simulator.Token)) {
		method, path, _ := strings.Cut(pattern, " ")
		m.Handle(method+" "+api+path, s.signed(h))
	}
	handle("POST /1.1/oauth/invalidate_token", s.invalidate)
	handle("GET /2/users/me", s.me)
	handle("GET /2/users/search", s.people)
	handle("GET /2/communities/search", s.communities)
	handle("GET /2/users/{id}/tweets", s.list)
	handle("POST /2/users/{id}/retweets", s.repost)
	handle("POST /2/tweets", s.create)
	handle("GET /2/tweets/analytics", s.analytics)
	handle("GET /2/tweets/{id}", s.read)
	handle("DELETE /2/tweets/{id}", s.remove)
	handle("POST /2/media/upload", s.upload)
	handle("GET /2/media/upload", s.status)
	handle("POST /2/media/upload/initialize", s.initialize)
	handle("POST /2/media/upload/{id}/append", s.add)
	handle("POST /2/media/upload/{id}/finalize", s.finalize)
	handle("POST /2/media/metadata", s.describe)
}

type object = map[string]any

// fail answers with a problem. Most of X's have no type of their own.
func fail(w http.ResponseWriter, status int, detail string) {
	simulator.JSON(w, status, object{"title": http.StatusText(status), "detail": detail, "type": "about:blank", "status": status})
}

// invalid says what is wrong with a request.
func invalid(w http.ResponseWriter, message string) {
	simulator.JSON(w, http.StatusBadRequest, object{
		"errors": []object{{"message": message}}, "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.",
		"type": "https://api.x.com/2/problems/invalid-request",
	})
}

// Refuse implements simulator.Refuser.
func (s *StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		limits(w, simulator.Window{Limit: posts, Reset: s.m.Now().Add(time.Minute)})
		fail(w, http.StatusTooManyRequests, "Too Many Requests")
	case simulator.QuotaGone:
		simulator.JSON(w, http.StatusPaymentRequired, object{
			"title": "CreditsDepleted", "detail": "Your enrolled account does not have any credits to fulfill this request.",
			"type": "https://api.x.com/2/problems/credits", "account_id": 1,
		})
	case simulator.TokenExpired, simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, "Unauthorized")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, "Service Unavailable")
	case simulator.Duplicate:
		fail(w, http.StatusForbidden, "You are not allowed to create a Tweet with duplicate content.")
	case simulator.Rejected:
		fail(w, http.StatusForbidden, "You are not permitted to perform this action.")
	default:
		return false
	}
	return true
}

func limits(w http.ResponseWriter, left simulator.Window) {
	w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(left.Limit))
	w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(max(0, left.Remaining)))
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(left.Reset.Unix(), 10))
}

// signed lets in who has a token of either sign-in.
func (s *StandIn) signed(h func(http.ResponseWriter, *http.Request, *simulator.Token)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, why := s.m.Signed(r, platform)
		if why == simulator.Missing {
			if token, why = s.m.Bearer(r, platform); why == simulator.Fine && token.Secret != "" {
				why = simulator.Unknown
			}
		}
		if why != simulator.Fine {
			fail(w, http.StatusUnauthorized, "Unauthorized")
			return
		}
		h(w, r, token)
	}
}

func (*StandIn) invalidate(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	t.Revoked = true
	simulator.JSON(w, http.StatusOK, object{"access_token": t.Access})
}

func (s *StandIn) user(a *simulator.Account) object {
	return object{
		"id": a.ID, "name": a.Name, "username": a.Handle, "profile_image_url": s.m.Avatar(a), "verified": a.Extra["premium"] == "true",
		"public_metrics": object{
			"followers_count": 420, "following_count": 7, "listed_count": 3,
			"tweet_count": len(s.m.Posts(platform, a.ID)), "post_count": len(s.m.Posts(platform, a.ID)),
		},
	}
}

func (s *StandIn) me(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	simulator.JSON(w, http.StatusOK, object{"data": s.user(t.Account)})
}

func (s *StandIn) people(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for _, a := range s.m.People(platform, r.URL.Query().Get("query")) {
		found = append(found, s.user(a))
	}
	simulator.JSON(w, http.StatusOK, object{"data": found})
}

func (*StandIn) communities(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for id, name := range map[string]string{"1493446837214187523": "Boats"} {
		if strings.Contains(strings.ToLower(name), strings.ToLower(r.URL.Query().Get("query"))) {
			found = append(found, object{"id": id, "name": name, "description": "All about " + strings.ToLower(name)})
		}
	}
	simulator.JSON(w, http.StatusOK, object{"data": found})
}

// draft is the body of a new post.
type draft struct {
	Text  string `json:"text"`
	Media *struct {
		IDs []string `json:"media_ids"`
	} `json:"media"`
	Reply *struct {
		To string `json:"in_reply_to_tweet_id"`
	} `json:"reply"`
	Poll *struct {
		Options  []string `json:"options"`
		Duration int      `json:"duration_minutes"`
	} `json:"poll"`
	Quote     string `json:"quote_tweet_id"`
	Replies   string `json:"reply_settings"`
	Community string `json:"community_id"`
}

// wrong says what is wrong with a draft; empty: nothing.
func (in draft) wrong(a *simulator.Account) string {
	limit := social.TextLimit{Max: maxText, Count: social.CountWeighted, URLLength: 23}
	if a.Extra["premium"] == "true" {
		limit.Max = maxLong
	}
	many := 0
	for _, there := range []bool{in.Media != nil, in.Poll != nil, in.Quote != ""} {
		if there {
			many++
		}
	}
	switch {
	case in.Text == "" && in.Media == nil:
		return "Your post has neither a text nor media."
	case limit.Measure(in.Text) > limit.Max:
		return "Your post is too long."
	case many > 1:
		return "media, poll and quote_tweet_id exclude each other."
	}
	return in.wrongPoll()
}

func (in draft) wrongPoll() string {
	if p := in.Poll; p != nil && (len(p.Options) < 2 || len(p.Options) > 4 || p.Duration < 5 || p.Duration > 10_080) {
		return "Your poll is invalid."
	}
	return ""
}

// files finds the uploads for a draft, or says what is wrong with them.
func (s *StandIn) files(in draft, account string) (files []*simulator.Upload, problem string) {
	if in.Media == nil {
		return nil, ""
	}
	pictures := 0
	for _, id := range in.Media.IDs {
		u := s.m.Upload(platform, id)
		if u == nil || u.Account != account || !s.m.Ready(u) {
			return nil, "Your media IDs are invalid."
		}
		if u.Extra["category"] == "tweet_image" {
			pictures++
		}
		files = append(files, u)
	}
	if len(files) == 0 || len(files) > 4 || len(files) > 1 && pictures != len(files) {
		return nil, "You may have up to 4 photos, or 1 animated GIF, or 1 video."
	}
	return files, ""
}

// said reports whether the account posted the same text a short while ago.
func (s *StandIn) said(in draft, account, parent string) bool {
	since := s.m.Now().Add(-remembered)
	return in.Media == nil && slices.ContainsFunc(s.m.Posts(platform, account), func(p *simulator.Post) bool {
		return p.Text == in.Text && p.Parent == parent && len(p.Media) == 0 && p.Repost == "" && !p.At.Before(since)
	})
}

func (s *StandIn) create(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	if !simulator.Read(r, &in) {
		invalid(w, "The body is no JSON.")
		return
	}
	left, ofApp := s.m.Take("x/posts/"+t.Account.ID, posts, window), s.m.Take("x/app/"+t.App, dayOfApp, 24*time.Hour)
	limits(w, left)
	w.Header().Set("X-App-Limit-24hour-Limit", strconv.Itoa(ofApp.Limit))
	w.Header().Set("X-App-Limit-24hour-Remaining", strconv.Itoa(max(0, ofApp.Remaining)))
	w.Header().Set("X-App-Limit-24hour-Reset", strconv.FormatInt(ofApp.Reset.Unix(), 10))
	p := simulator.Post{
		Platform: platform, Account: t.Account.ID, App: t.App, ID: s.m.NewID(), Text: in.Text,
		Extra: map[string]string{"reply_settings": in.Replies, "quote": in.Quote, "community": in.Community},
	}
	if in.Reply != nil {
		p.Parent = in.Reply.To
	}
	parent := s.m.Post(platform, p.Parent)
	files, problem := s.files(in, t.Account.ID)
	if problem == "" {
		problem = in.wrong(t.Account)
	}
	switch {
	case left.Over() || ofApp.Over():
		fail(w, http.StatusTooManyRequests, "Too Many Requests")
	case problem != "":
		invalid(w, problem)
	case p.Parent != "" && parent == nil:
		fail(w, http.StatusForbidden, "You attempted to reply to a Tweet that is deleted or not visible to you.")
	case parent != nil && !s.mayAnswer(t.Account, parent):
		simulator.JSON(w, http.StatusForbidden, object{
			"title": "Not Authorized", "type": "https://api.x.com/2/problems/not-authorized-for-resource", "resource_type": "post", "status": 403,
			"detail": "You can only reply to or quote posts where you are mentioned or are the author.",
		})
	case s.said(in, t.Account.ID, p.Parent):
		s.Refuse(w, r, simulator.Duplicate)
	default:
		s.publish(w, in, p, parent, files)
	}
}

// mayAnswer is the rule of February 2026.
func (*StandIn) mayAnswer(a *simulator.Account, p *simulator.Post) bool {
	return p.Account == a.ID || strings.Contains(p.Text, "@"+a.Handle)
}

func (s *StandIn) publish(w http.ResponseWriter, in draft, p simulator.Post, parent *simulator.Post, files []*simulator.Upload) {
	p.Media, p.Root = files, p.Parent
	if parent != nil && parent.Root != "" {
		p.Root = parent.Root
	}
	if in.Poll != nil {
		p.Poll = &simulator.Poll{Options: in.Poll.Options, Ends: s.m.Now().Add(time.Duration(in.Poll.Duration) * time.Minute)}
	}
	p.URL = "https://x.com/" + s.m.Account(platform, p.Account).Handle + "/status/" + p.ID
	out := s.m.Publish(p)
	text, _ := shown(out.Text)
	simulator.JSON(w, http.StatusCreated, object{"data": object{"id": out.ID, "text": text, "edit_history_tweet_ids": []string{out.ID}}})
}

// shown is a text as X gives it back: escaped, with short links.
func shown(text string) (string, []object) {
	var b strings.Builder
	urls, at := []object{}, 0
	for _, l := range social.Links(text) {
		sum := sha256.Sum256([]byte(text[l.Start:l.End]))
		short := "https://t.co/" + hex.EncodeToString(sum[:5])
		b.WriteString(html.EscapeString(text[at:l.Start]) + short)
		urls = append(urls, object{"url": short, "expanded_url": text[l.Start:l.End]})
		at = l.End
	}
	b.WriteString(html.EscapeString(text[at:]))
	return b.String(), urls
}

func (s *StandIn) post(p *simulator.Post) object {
	text, urls := shown(p.Text)
	keys := []string{}
	for _, u := range p.Media {
		keys = append(keys, key(u))
	}
	out := object{
		"id": p.ID, "text": text, "created_at": p.At.UTC().Format("2006-01-02T15:04:05.000Z"), "edit_history_tweet_ids": []string{p.ID},
		"entities": object{"urls": urls}, "attachments": object{"media_keys": keys},
		"public_metrics": object{
			"retweet_count": s.m.Count(p, "reposts", 12), "repost_count": s.m.Count(p, "reposts", 12), "like_count": s.m.Count(p, "likes", 40), "quote_count": s.m.Count(p, "quotes", 3),
			"reply_count": len(s.m.Answers(platform, p.ID)), "bookmark_count": s.m.Count(p, "bookmarks", 5), "impression_count": s.m.Count(p, "views", 900),
		},
	}
	var refs []object
	if p.Parent != "" {
		refs = append(refs, object{"type": "replied_to", "id": p.Parent})
	}
	if p.Extra["quote"] != "" {
		refs = append(refs, object{"type": "quoted", "id": p.Extra["quote"]})
	}
	if len(refs) > 0 {
		out["referenced_tweets"] = refs
	}
	return out
}

func (s *StandIn) list(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	q := r.URL.Query()
	most, err := strconv.Atoi(q.Get("max_results"))
	if err != nil || most < 5 || most > 100 {
		invalid(w, "The max_results must be between 5 and 100.")
		return
	}
	from, _ := time.Parse(time.RFC3339, q.Get("start_time")) // Zero: from the first.
	to, err := time.Parse(time.RFC3339, q.Get("end_time"))
	if err != nil {
		to = s.m.Now().Add(time.Second)
	}
	found := []object{}
	for _, p := range s.m.Posts(platform, r.PathValue("id")) {
		if len(found) < most && p.Repost == "" && !p.At.Before(from) && p.At.Before(to) {
			found = append(found, s.post(p))
		}
	}
	out := object{"meta": object{"result_count": len(found)}}
	if len(found) > 0 {
		out["data"] = found
	}
	simulator.JSON(w, http.StatusOK, out)
}

func (s *StandIn) read(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	id := r.PathValue("id")
	if p := s.m.Post(platform, id); p != nil {
		simulator.JSON(w, http.StatusOK, object{"data": s.post(p)})
		return
	}
	simulator.JSON(w, http.StatusOK, object{"errors": []object{{
		"title": "Not Found Error", "detail": "Could not find tweet with id: [" + id + "].", "resource_type": "tweet", "resource_id": id, "parameter": "id",
		"value": id, "type": "https://api.x.com/2/problems/resource-not-found",
	}}})
}

func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.m.Post(platform, r.PathValue("id"))
	if p == nil || p.Account != t.Account.ID {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	p.Deleted = true
	simulator.JSON(w, http.StatusOK, object{"data": object{"deleted": true}})
}

func (s *StandIn) repost(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		ID string `json:"tweet_id"`
	}
	if !simulator.Read(r, &in) || r.PathValue("id") != t.Account.ID {
		invalid(w, "The id must be that of the account.")
		return
	}
	if s.m.Post(platform, in.ID) == nil {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	again := func(p *simulator.Post) bool { return p.Repost == in.ID }
	if !slices.ContainsFunc(s.m.Posts(platform, t.Account.ID), again) {
		s.m.Publish(simulator.Post{Platform: platform, Account: t.Account.ID, App: t.App, Repost: in.ID})
	}
	simulator.JSON(w, http.StatusOK, object{"data": object{"retweeted": true, "rest_id": in.ID}})
}

// analytics spreads what X counts of a post over the days since.
func (s *StandIn) analytics(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	q := r.URL.Query()
	from, err1 := time.Parse(time.RFC3339, q.Get("start_time"))
	to, err2 := time.Parse(time.RFC3339, q.Get("end_time"))
	if err1 != nil || err2 != nil {
		invalid(w, "The start_time and the end_time are required.")
		return
	}
	found := []object{}
	for id := range strings.SplitSeq(q.Get("ids"), ",") {
		p := s.m.Post(platform, id)
		if p == nil || p.At.Before(from) || !p.At.Before(to) {
			continue
		}
		found = append(found, object{"id": id, "timestamped_metrics": []object{{
			"timestamp": p.At.UTC().Truncate(24 * time.Hour).Format(time.RFC3339),
			"metrics":   object{"impressions": s.m.Count(p, "views", 900), "likes": s.m.Count(p, "likes", 40), "retweets": s.m.Count(p, "reposts", 12)},
		}}})
	}
	simulator.JSON(w, http.StatusOK, object{"data": found})
}
