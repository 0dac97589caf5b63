// Package google plays YouTube, as documented on
// https://developers.google.com/youtube/v3.
package google

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	youtube   = "youtube"
	api       = "www.googleapis.com"
	analytics = "youtubeanalytics.googleapis.com"
	accounts  = "accounts.google.com"
	tokens    = "oauth2.googleapis.com"
	// own is before the paths of the pages that Google has for all that it does:
	// each stand-in has pages of its own.
	own = "/youtube"
)

// What YouTube allows. https://developers.google.com/youtube/v3/determine_quota_cost
const (
	uploads = 100 // a day and app
	day     = 24 * time.Hour
)

// The scopes that matter.
const (
	scopeManage  = "https://www.googleapis.com/auth/youtube.force-ssl"
	scopeNumbers = "https://www.googleapis.com/auth/yt-analytics.readonly"
)

// StandIn plays it.
type StandIn struct{ m *simulator.Mount }

// New returns YouTube without videos.
func New() *StandIn { return &StandIn{} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: "google", Providers: []string{youtube}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"YOUTUBE_CLIENT_ID": "simulator", "YOUTUBE_CLIENT_SECRET": "simulator-secret",
		"YOUTUBE_AUTH_URL": at(accounts) + own, "YOUTUBE_TOKEN_URL": at(tokens) + own,
		"YOUTUBE_API_URL": at(api), "YOUTUBE_ANALYTICS_URL": at(analytics),
	}
}

// Mount implements simulator.StandIn. Each channel has a playlist.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(youtube)
	m.AddAccount(simulator.Account{Platform: youtube, ID: "UCann0000000000000000001", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: youtube, ID: "UCbob0000000000000000002", Handle: "bob", Name: "Bob Example"})
	m.AddAccount(simulator.Account{Platform: youtube, ID: "PLann1", Handle: "PLann1", Name: "Boats and a few other things", Kind: "playlist", Owner: "UCann0000000000000000001"})
	m.AddAccount(simulator.Account{Platform: youtube, ID: "PLbob1", Handle: "PLbob1", Name: "Bikes and a few other things", Kind: "playlist", Owner: "UCbob0000000000000000002"})
	SignIn(m, youtube, own)
	for pattern, h := range map[string]answer{
		"GET /youtube/v3/channels":               s.channel,
		"GET /youtube/v3/playlists":              s.playlists,
		"GET /youtube/v3/playlistItems":          s.inPlaylist,
		"POST /youtube/v3/playlistItems":         s.enlist,
		"GET /youtube/v3/videoCategories":        s.categories,
		"POST /upload/youtube/v3/videos":         s.begin,
		"POST /upload/youtube/v3/thumbnails/set": s.thumbnail,
		"GET /youtube/v3/videos":                 s.video,
		"PUT /youtube/v3/videos":                 s.change,
		"DELETE /youtube/v3/videos":              s.remove,
		"POST /youtube/v3/commentThreads":        s.comment,
		"GET /youtube/v3/commentThreads":         s.comments,
		"GET /youtube/v3/comments":               s.readComment,
		"PUT /youtube/v3/comments":               s.changeComment,
		"DELETE /youtube/v3/comments":            s.remove,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		m.Handle(method+" "+api+path, s.as(scopeManage, h))
	}
	m.Handle("PUT "+api+"/upload/youtube/v3/videos", s.bytes) // Its address is good without a token.
	m.Handle("GET "+analytics+"/v2/reports", s.as(scopeNumbers, s.report))
}

// SignIn adds the pages of Google's sign-in for a platform. own is before their
// paths, for all platforms have the same.
func SignIn(m *simulator.Mount, platform, own string) {
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: accounts + own + "/o/oauth2/v2/auth", Token: tokens + own + "/token", Revoke: tokens + own + "/revoke", Access: time.Hour,
	})
}

type object = map[string]any

type answer func(w http.ResponseWriter, r *http.Request, t *simulator.Token)

// as lets in whose token is good for a scope.
func (s *StandIn) as(scope string, h answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, why := s.m.Bearer(r, youtube)
		switch {
		case why != simulator.Fine:
			s.Refuse(w, r, simulator.TokenExpired)
		case !t.Has(scope):
			fail(w, http.StatusForbidden, "global", "insufficientPermissions", "Request had insufficient authentication scopes.")
		default:
			h(w, r, t)
		}
	}
}

// fail answers with an error of Google.
func fail(w http.ResponseWriter, status int, domain, reason, message string) {
	simulator.JSON(w, status, object{"error": object{
		"code": status, "message": message, "errors": []object{{"message": message, "domain": domain, "reason": reason}},
	}})
}

// Refuse implements simulator.Refuser.
func (*StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		fail(w, http.StatusForbidden, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded")
	case simulator.QuotaGone:
		fail(w, http.StatusForbidden, "youtube.quota", "quotaExceeded", "The request cannot be completed because you have exceeded your quota.")
	case simulator.TokenExpired, simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, "global", "authError", "Invalid Credentials")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, "global", "backendError", "Backend Error")
	case simulator.Rejected:
		fail(w, http.StatusBadRequest, "youtube.video", "invalidDescription", "The request metadata specifies an invalid video description.")
	default:
		return false
	}
	return true
}

// page answers with a list.
func page(w http.ResponseWriter, kind string, items []object) {
	simulator.JSON(w, http.StatusOK, object{
		"kind": "youtube#" + kind + "ListResponse", "items": items, "pageInfo": object{"totalResults": len(items), "resultsPerPage": max(len(items), 1)},
	})
}

// parts keeps what was asked for of a resource.
func parts(r *http.Request, all object) object {
	out := object{"kind": all["kind"], "id": all["id"]}
	for part := range strings.SplitSeq(r.URL.Query().Get("part"), ",") {
		if v, ok := all[part]; ok {
			out[part] = v
		}
	}
	return out
}

func (s *StandIn) channel(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	a := t.Account
	page(w, "channel", []object{parts(r, object{
		"kind": "youtube#channel", "id": a.ID,
		"snippet":    object{"title": a.Name, "customUrl": "@" + a.Handle, "thumbnails": object{"default": object{"url": s.m.Avatar(a), "width": 88, "height": 88}}},
		"statistics": object{"subscriberCount": "420", "hiddenSubscriberCount": false, "videoCount": strconv.Itoa(len(s.videos(a.ID))), "viewCount": "9000"},
	})})
}

func (s *StandIn) playlists(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	found := []object{}
	for _, a := range s.m.Accounts(youtube, "playlist", t.Account.ID) {
		found = append(found, parts(r, object{"kind": "youtube#playlist", "id": a.ID, "snippet": object{"title": a.Name, "channelId": a.Owner}}))
	}
	page(w, "playlist", found)
}

func (*StandIn) categories(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for _, c := range []struct {
		id, title  string
		assignable bool
	}{{"2", "Autos & Vehicles", true}, {"22", "People & Blogs", true}, {"30", "Movies", false}} {
		found = append(found, parts(r, object{"kind": "youtube#videoCategory", "id": c.id, "snippet": object{"title": c.title, "assignable": c.assignable, "channelId": "UC1"}}))
	}
	page(w, "videoCategory", found)
}

// report spreads what is counted of the videos over the days that they were made on.
func (s *StandIn) report(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	q := r.URL.Query()
	from, err1 := time.Parse(time.DateOnly, q.Get("startDate"))
	to, err2 := time.Parse(time.DateOnly, q.Get("endDate"))
	if err1 != nil || err2 != nil || q.Get("ids") != "channel==MINE" || q.Get("dimensions") != "day" {
		fail(w, http.StatusBadRequest, "global", "badRequest", "The query is not supported.")
		return
	}
	names := strings.Split(q.Get("metrics"), ",")
	columns := []object{{"name": "day", "columnType": "DIMENSION", "dataType": "STRING"}}
	for _, name := range names {
		columns = append(columns, object{"name": name, "columnType": "METRIC", "dataType": "INTEGER"})
	}
	rows := [][]any{}
	for at := from; !at.After(to); at = at.Add(day) {
		row := []any{at.Format(time.DateOnly)}
		for _, name := range names {
			n := 0
			for _, p := range s.videos(t.Account.ID) {
				if p.At.UTC().Truncate(day).Equal(at) {
					n += s.m.Count(p, name, 100)
				}
			}
			row = append(row, n)
		}
		rows = append(rows, row)
	}
	simulator.JSON(w, http.StatusOK, object{"kind": "youtubeAnalytics#resultTable", "columnHeaders": columns, "rows": rows})
}
