// Package tiktok plays TikTok, as documented on
// https://developers.tiktok.com/doc/content-posting-api-get-started.
package tiktok

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "tiktok"
	api      = "open.tiktokapis.com"
	site     = "www.tiktok.com"
	uploads  = "open-upload.tiktokapis.com"
)

// What TikTok allows an account.
const (
	perMinute = 6
	perDay    = 15
	unsettled = 5 // posts in the inbox
	day       = 24 * time.Hour
)

// public is the only privacy with which a post gets a number.
const public = "PUBLIC_TO_EVERYONE"

// StandIn plays TikTok.
type StandIn struct {
	m     *simulator.Mount
	posts map[string]*draft
}

// New returns TikTok without posts.
func New() *StandIn { return &StandIn{posts: map[string]*draft{}} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"TIKTOK_CLIENT_ID": "simulator", "TIKTOK_CLIENT_SECRET": "simulator-secret",
		"TIKTOK_AUTH_URL": at(site), "TIKTOK_API_URL": at(api),
	}
}

// Mount implements simulator.StandIn. Bob has comments switched off.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	m.AddAccount(simulator.Account{Platform: platform, ID: "open-ann", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "open-bob", Handle: "bob", Name: "Bob Example"})
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: site + "/v2/auth/authorize/{$}", Token: api + "/v2/oauth/token/{$}", Revoke: api + "/v2/oauth/revoke/{$}",
		ClientID: "client_key", Separator: ",", Access: day, Refresh: 365 * day, Rotate: true, Reply: s.reply,
		// Some refusals come with a good status.
		Fail: func(w http.ResponseWriter, _ int, code, description string) {
			simulator.JSON(w, http.StatusOK, object{"error": code, "error_description": description, "log_id": "simulated"})
		},
	})
	for pattern, h := range map[string]answer{
		"GET " + api + "/v2/user/info/{$}":                        s.user,
		"POST " + api + "/v2/post/publish/creator_info/query/{$}": s.creator,
		"POST " + api + "/v2/post/publish/video/init/{$}":         s.begin,
		"POST " + api + "/v2/post/publish/inbox/video/init/{$}":   s.begin,
		"POST " + api + "/v2/post/publish/content/init/{$}":       s.photos,
		"POST " + api + "/v2/post/publish/status/fetch/{$}":       s.status,
		"POST " + api + "/v2/video/query/{$}":                     s.query,
	} {
		m.Handle(pattern, s.as(h))
	}
	m.Handle("PUT "+uploads+"/video/{$}", s.part)
}

type object = map[string]any

func (s *StandIn) reply(w http.ResponseWriter, t *simulator.Token) {
	out := s.m.TokenBody(t, ",")
	out["open_id"], out["refresh_expires_in"] = t.Account.ID, int(t.RefreshBy.Sub(s.m.Now()).Seconds())
	simulator.JSON(w, http.StatusOK, out)
}

// fine answers with data.
func fine(w http.ResponseWriter, data object) {
	simulator.JSON(w, http.StatusOK, object{"data": data, "error": object{"code": "ok", "message": "", "log_id": "simulated"}})
}

// fail answers with an error of TikTok.
// https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
func fail(w http.ResponseWriter, status int, code, message string) {
	simulator.JSON(w, status, object{"data": object{}, "error": object{"code": code, "message": message, "log_id": "simulated"}})
}

func invalid(w http.ResponseWriter, message string) {
	fail(w, http.StatusBadRequest, "invalid_params", message)
}

type answer func(w http.ResponseWriter, r *http.Request, t *simulator.Token)

// as lets only those in whose token is good.
func (s *StandIn) as(h answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, why := s.m.Bearer(r, platform)
		if why != simulator.Fine {
			s.Refuse(w, r, simulator.TokenExpired)
			return
		}
		h(w, r, t)
	}
}

// Refuse implements simulator.Refuser.
func (*StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		fail(w, http.StatusTooManyRequests, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.")
	case simulator.QuotaGone:
		fail(w, http.StatusForbidden, "spam_risk_too_many_posts", "Daily post cap from the API is reached for the current user.")
	case simulator.TokenExpired, simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, "access_token_invalid", "The access token is invalid or not found in the request.")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, "internal_error", "Something is wrong with the server.")
	case simulator.Rejected:
		fail(w, http.StatusForbidden, "spam_risk", "The publish request is rejected by our risk system.")
	case simulator.Duplicate:
		return false
	}
	return true
}

func (s *StandIn) user(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if r.URL.Query().Get("fields") == "follower_count" && !t.Has("user.info.stats") {
		fail(w, http.StatusUnauthorized, "scope_not_authorized", "The user did not authorize the scope required for completing this request.")
		return
	}
	fine(w, object{"user": object{
		"open_id": t.Account.ID, "display_name": t.Account.Name, "username": t.Account.Handle, "avatar_url": s.m.Avatar(t.Account), "follower_count": 321,
	}})
}

// levels are whom an account may post for.
func levels() []string { return []string{public, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"} }

// full reports whether an account has posted enough, and answers if so.
func (s *StandIn) full(w http.ResponseWriter, r *http.Request, account string) bool {
	n := 0
	for _, p := range s.m.Posts(platform, account) {
		if s.m.Now().Sub(p.At) < day {
			n++
		}
	}
	if n >= perDay {
		s.Refuse(w, r, simulator.QuotaGone)
	}
	return n >= perDay
}

func (s *StandIn) creator(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if s.full(w, r, t.Account.ID) {
		return
	}
	fine(w, object{
		"creator_avatar_url": s.m.Avatar(t.Account), "creator_username": t.Account.Handle, "creator_nickname": t.Account.Name,
		"privacy_level_options": levels(), "comment_disabled": t.Account.Handle == "bob", "duet_disabled": false, "stitch_disabled": false,
		"max_video_post_duration_sec": 300,
	})
}

// query answers with the numbers of public posts.
func (s *StandIn) query(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Filters struct {
			IDs []string `json:"video_ids"`
		} `json:"filters"`
	}
	if !simulator.Read(r, &in) || len(in.Filters.IDs) == 0 || len(in.Filters.IDs) > 20 {
		invalid(w, "The parameter video_ids is invalid")
		return
	}
	videos := []object{}
	for _, p := range s.m.Posts(platform, t.Account.ID) {
		if slices.Contains(in.Filters.IDs, p.ID) {
			videos = append(videos, object{
				"id": p.ID, "like_count": s.m.Count(p, "likes", 40), "comment_count": s.m.Count(p, "comments", 6),
				"share_count": s.m.Count(p, "shares", 9), "view_count": s.m.Count(p, "views", 900),
			})
		}
	}
	fine(w, object{"videos": videos})
}

// number is an id as TikTok writes those of posts: no text.
func number(id string) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
