// Package reddit plays Reddit.
package reddit

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "reddit"
	api      = "oauth.reddit.com"
	www      = "www.reddit.com"
	store    = "reddit-uploaded-media.s3-accelerate.amazonaws.com"
)

// What an app may ask for.
const (
	calls = 1000
	per   = 10 * time.Minute
)

// object is a JSON object.
type object map[string]any

// StandIn plays it.
type StandIn struct {
	m *simulator.Mount
	// leases are the files that were announced, by their keys in the store.
	leases map[string]*lease
}

// New returns a stand-in without posts.
func New() *StandIn { return &StandIn{leases: map[string]*lease{}} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"REDDIT_CLIENT_ID": "simulator", "REDDIT_CLIENT_SECRET": "simulator-secret",
		"REDDIT_AUTH_URL": at(www), "REDDIT_API_URL": at(api),
	}
}

// Mount implements simulator.StandIn. Carl is new here: he must wait between two
// posts. In r/recipes every post needs a flair, and r/club is closed to all.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	m.AddAccount(simulator.Account{Platform: platform, ID: "1ann01", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "2bob02", Handle: "bob", Name: "Bob Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "3carl3", Handle: "carl", Name: "Carl Example", Extra: map[string]string{"new": "true"}})
	for _, c := range []simulator.Account{
		{ID: "boats", Name: "All about boats"},
		{ID: "recipes", Name: "What to cook", Extra: map[string]string{"flair": "required"}},
		{ID: "club", Name: "The club", Extra: map[string]string{"type": "restricted"}},
	} {
		c.Platform, c.Kind, c.Handle = platform, "community", "r/"+c.ID
		m.AddAccount(c)
	}
	m.AddAccount(simulator.Account{Platform: platform, ID: "f-sail", Handle: "f-sail", Name: "Sailing", Kind: "flair", Owner: "boats"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "f-soup", Handle: "f-soup", Name: "Soup", Kind: "flair", Owner: "recipes"})
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: www + "/api/v1/authorize", Token: www + "/api/v1/access_token", Revoke: www + "/api/v1/revoke_token",
		Basic: true, Access: 24 * time.Hour, Fail: refuseSignIn,
	})
	for pattern, h := range map[string]answer{
		"GET /api/v1/me":                     s.me,
		"GET /api/v1/{sr}/post_requirements": s.requirements,
		"GET /subreddits/mine/subscriber":    s.communities,
		"GET /subreddits/search":             s.communities,
		"GET /users/search":                  s.people,
		"GET /r/{sr}/api/link_flair_v2":      s.flairs,
		"GET /user/{name}/submitted":         s.listed("t3_"),
		"GET /user/{name}/comments":          s.listed("t1_"),
		"GET /api/info":                      s.info,
		"POST /api/media/asset.json":         s.announce,
		"POST /api/submit":                   s.submit,
		"POST /api/submit_gallery_post.json": s.gallery,
		"POST /api/submit_poll_post.json":    s.poll,
		"POST /api/comment":                  s.comment,
		"POST /api/editusertext":             s.edit,
		"POST /api/del":                      s.remove,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		m.Handle(method+" "+api+path, s.as(h))
	}
	m.Handle("POST "+store+"/{$}", s.bytes)
}

// refuseSignIn says no in Reddit's two ways: of a code under the status of success.
func refuseSignIn(w http.ResponseWriter, status int, code, description string) {
	switch {
	case status == http.StatusUnauthorized:
		fail(w, status)
	case code == "invalid_grant" && !strings.Contains(description, "refresh token"):
		simulator.JSON(w, http.StatusOK, object{"error": code})
	default:
		fail(w, http.StatusBadRequest)
	}
}

// fail answers with a status that says all.
func fail(w http.ResponseWriter, status int) {
	simulator.JSON(w, status, object{"message": http.StatusText(status), "error": status})
}

// refuse answers a change with an error, under the status of success.
func refuse(w http.ResponseWriter, code, words, field string) {
	simulator.JSON(w, http.StatusOK, object{"json": object{"errors": [][]any{{code, words, field}}}})
}

type answer func(w http.ResponseWriter, r *http.Request, t *simulator.Token)

// as lets only those in whose token is good, and who have a name.
func (s *StandIn) as(h answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if agent := r.UserAgent(); agent == "" || strings.HasPrefix(agent, "Go-http-client") {
			fail(w, http.StatusTooManyRequests)
			return
		}
		t, why := s.m.Bearer(r, platform)
		if why != simulator.Fine {
			fail(w, http.StatusUnauthorized)
			return
		}
		left := s.m.Take("reddit/"+t.App, calls, per)
		s.limits(w, left)
		if left.Over() {
			fail(w, http.StatusTooManyRequests)
			return
		}
		h(w, r, t)
	}
}

// limits writes what is left of an app's calls. Reddit counts them in fractions.
func (s *StandIn) limits(w http.ResponseWriter, left simulator.Window) {
	w.Header().Set("X-Ratelimit-Used", strconv.Itoa(left.Limit-max(0, left.Remaining)))
	w.Header().Set("X-Ratelimit-Remaining", strconv.FormatFloat(float64(max(0, left.Remaining)), 'f', 1, 64))
	w.Header().Set("X-Ratelimit-Reset", strconv.Itoa(int(left.Reset.Sub(s.m.Now()).Seconds())))
}

// Refuse implements simulator.Refuser.
func (s *StandIn) Refuse(w http.ResponseWriter, r *http.Request, kind simulator.Refusal) bool {
	if strings.HasPrefix(r.Host, store) {
		http.Error(w, "<Error><Code>SlowDown</Code></Error>", http.StatusServiceUnavailable)
		return true
	}
	switch kind {
	case simulator.RateLimited:
		refuse(w, "RATELIMIT", "Looks like you've been doing that a lot. Take a break for 2 minutes before trying again.", "ratelimit")
	case simulator.QuotaGone:
		refuse(w, "QUOTA_FILLED", "You've submitted too many links recently. Please try again in an hour.", "")
	case simulator.TokenExpired, simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized)
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable)
	case simulator.Duplicate:
		refuse(w, "ALREADY_SUB", "This community doesn't allow links to be posted more than once, and this link has already been shared", "url")
	case simulator.Rejected:
		refuse(w, "SUBMIT_VALIDATION_TITLE_BLACKLISTED_STRING", "This goes against the rules of the community", "title")
	}
	return true
}

// listing is a page of a list.
func listing(children []object) object {
	return object{"kind": "Listing", "data": object{"after": nil, "dist": len(children), "children": children}}
}

func (s *StandIn) user(a *simulator.Account) object {
	return object{
		"id": a.ID, "name": a.Handle, "icon_img": s.m.Avatar(a) + "?width=256", "total_karma": 512, "is_suspended": false,
		"subreddit": object{"display_name": "u_" + a.Handle, "title": a.Name, "subscribers": 42},
	}
}

func (s *StandIn) me(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	simulator.JSON(w, http.StatusOK, s.user(t.Account))
}

func (s *StandIn) people(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for _, a := range s.m.Accounts(platform, "", "") {
		if contains(a.Handle+" "+a.Name, r.URL.Query().Get("q")) {
			found = append(found, object{"kind": "t2", "data": s.user(a)})
		}
	}
	simulator.JSON(w, http.StatusOK, listing(found))
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// communities are those that match; everybody is in all of them.
func (s *StandIn) communities(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for _, c := range s.m.Accounts(platform, "community", "") {
		if contains(c.ID+" "+c.Name, r.URL.Query().Get("q")) {
			kind := "public"
			if c.Extra["type"] != "" {
				kind = c.Extra["type"]
			}
			found = append(found, object{"kind": "t5", "data": object{
				"display_name": c.ID, "title": c.Name, "subreddit_type": kind, "user_is_banned": false, "user_is_contributor": false,
			}})
		}
	}
	simulator.JSON(w, http.StatusOK, listing(found))
}

// community finds a community; nil: there is none.
func (s *StandIn) community(name string) *simulator.Account {
	for _, c := range s.m.Accounts(platform, "community", "") {
		if strings.EqualFold(c.ID, name) {
			return c
		}
	}
	return nil
}

func (s *StandIn) requirements(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	c := s.community(r.PathValue("sr"))
	if c == nil {
		fail(w, http.StatusNotFound)
		return
	}
	simulator.JSON(w, http.StatusOK, object{
		"is_flair_required": c.Extra["flair"] == "required", "title_text_min_length": nil, "title_text_max_length": nil,
		"body_restriction_policy": "none", "body_text_min_length": nil, "body_text_max_length": nil,
		"domain_whitelist": []string{}, "domain_blacklist": []string{}, "gallery_min_items": nil, "gallery_max_items": nil,
	})
}

func (s *StandIn) flairs(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for _, f := range s.m.Accounts(platform, "flair", strings.ToLower(r.PathValue("sr"))) {
		found = append(found, object{"id": f.ID, "text": f.Name, "type": "text", "text_editable": false, "mod_only": false})
	}
	if len(found) == 0 {
		fail(w, http.StatusForbidden)
		return
	}
	simulator.JSON(w, http.StatusOK, found)
}
