// Package meta plays Facebook and Instagram: pages, accounts that are linked to
// them, and accounts that sign in on Instagram itself.
package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// The platforms, as providers call them.
const (
	facebook   = "facebook"
	instagram  = "instagram"
	standalone = "instagram-standalone"
)

// object is a JSON object.
type object map[string]any

// StandIn plays them.
type StandIn struct{ m *simulator.Mount }

// New returns a stand-in with nothing said.
func New() *StandIn { return &StandIn{} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: "meta", Providers: []string{facebook, instagram, standalone}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"FACEBOOK_APP_ID": "simulator", "FACEBOOK_APP_SECRET": "simulator-secret",
		"FACEBOOK_AUTH_URL": at("www.facebook.com"), "FACEBOOK_API_URL": at("graph.facebook.com"),
		"FACEBOOK_VIDEO_URL": at("graph-video.facebook.com"), "FACEBOOK_UPLOAD_URL": at("rupload.facebook.com"),
		"INSTAGRAM_APP_ID": "simulator", "INSTAGRAM_APP_SECRET": "simulator-secret", "INSTAGRAM_MANAGE_CONTENTS": "true",
		"INSTAGRAM_AUTH_URL": at("www.facebook.com"), "INSTAGRAM_API_URL": at("graph.facebook.com"),
		"INSTAGRAM_STANDALONE_APP_ID": "simulator", "INSTAGRAM_STANDALONE_APP_SECRET": "simulator-secret",
		"INSTAGRAM_STANDALONE_AUTH_URL": at("www.instagram.com"), "INSTAGRAM_STANDALONE_TOKEN_URL": at("api.instagram.com"),
		"INSTAGRAM_STANDALONE_API_URL": at("graph.instagram.com"),
	}
}

// Mount implements simulator.StandIn.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	for i, name := range []string{"ann", "bob"} {
		n, title := string(rune('1'+i)), strings.ToUpper(name[:1])+name[1:]+" Example"
		m.AddAccount(simulator.Account{Platform: facebook, ID: "50000" + n, Handle: name, Name: title})
		m.AddAccount(simulator.Account{Platform: facebook, ID: "10000" + n, Handle: name + ".page", Name: title + "'s page", Kind: "page", Owner: "50000" + n})
		m.AddAccount(simulator.Account{Platform: instagram, ID: "1784140000" + n, Handle: name, Name: title, Kind: "account", Owner: "10000" + n})
		m.AddAccount(simulator.Account{Platform: standalone, ID: "1784150000" + n, Handle: name, Name: title})
	}
	m.TwoApps(facebook)
	m.TwoApps(standalone)
	m.OAuth2(simulator.OAuth2{
		Platform: facebook, Authorize: "www.facebook.com/{v}/dialog/oauth", Token: "graph.facebook.com/{v}/oauth/access_token",
		Separator: ",", Access: time.Hour, Refresh: -1, Fail: refuseCode, Reply: s.reply,
	})
	m.Handle("GET graph.facebook.com/{v}/oauth/access_token", func(w http.ResponseWriter, r *http.Request) {
		s.extend(w, r, facebook, r.URL.Query().Get("fb_exchange_token"))
	})
	m.OAuth2(simulator.OAuth2{
		Platform: standalone, Authorize: "www.instagram.com/oauth/authorize", Token: "api.instagram.com/oauth/access_token",
		Separator: ",", Access: time.Hour, Refresh: -1,
		Fail: func(w http.ResponseWriter, status int, _, description string) {
			simulator.JSON(w, status, object{"error_type": "OAuthException", "code": status, "error_message": description})
		},
		Reply: func(w http.ResponseWriter, t *simulator.Token) {
			simulator.JSON(w, http.StatusOK, object{"access_token": t.Access, "user_id": t.Account.ID, "permissions": t.Scopes})
		},
	})
	for _, path := range []string{"/access_token", "/refresh_access_token"} {
		m.Handle("GET graph.instagram.com"+path, func(w http.ResponseWriter, r *http.Request) {
			s.extend(w, r, standalone, r.URL.Query().Get("access_token"))
		})
	}
	for _, host := range []string{"graph.facebook.com", "graph-video.facebook.com", "graph.instagram.com"} {
		platform := facebook
		if host == "graph.instagram.com" {
			platform = standalone
		}
		m.Handle("GET "+host+"/{v}/{id}", s.as(platform, s.node))
		m.Handle("POST "+host+"/{v}/{id}", s.as(platform, s.edit))
		m.Handle("DELETE "+host+"/{v}/{id}", s.as(platform, s.remove))
		m.Handle("GET "+host+"/{v}/{id}/{edge}", s.as(platform, s.list))
		m.Handle("POST "+host+"/{v}/{id}/{edge}", s.as(platform, s.create))
	}
	m.Handle("POST rupload.facebook.com/video-upload/{v}/{id}", s.as(facebook, s.bytes))
}

// reply is what a code is traded for.
func (s *StandIn) reply(w http.ResponseWriter, t *simulator.Token) {
	simulator.JSON(w, http.StatusOK, object{"access_token": t.Access, "token_type": "bearer", "expires_in": int(t.Expires.Sub(s.m.Now()).Seconds())})
}

// refuseCode is what is said of a code that is of no use.
func refuseCode(w http.ResponseWriter, _ int, code, description string) {
	if code == "invalid_client" {
		fail(w, http.StatusBadRequest, 101, 0, description)
		return
	}
	fail(w, http.StatusBadRequest, 100, 36009, description)
}

// long is for how long a token lives that was traded for.
const long = 60 * 24 * time.Hour

// extend gives a token that lives longer.
func (s *StandIn) extend(w http.ResponseWriter, r *http.Request, platform, access string) {
	t, why := s.m.Token(access, platform)
	if why != simulator.Fine {
		s.refuseToken(w, why)
		return
	}
	app := s.m.App(platform, t.App)
	if !strings.HasPrefix(r.URL.Path, "/refresh") && r.URL.Query().Get("client_secret") != app.Secret {
		fail(w, http.StatusBadRequest, 101, 0, "Error validating client secret.")
		return
	}
	s.reply(w, s.m.Issue(simulator.Token{Platform: platform, App: t.App, Account: t.Account, Scopes: t.Scopes, Expires: s.m.Now().Add(long)}))
}

type answer func(w http.ResponseWriter, r *http.Request, t *simulator.Token)

// as lets only those in whose token is good.
func (s *StandIn) as(platform string, h answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, why := s.m.Bearer(r, platform)
		if why != simulator.Fine {
			s.refuseToken(w, why)
			return
		}
		if proof := r.URL.Query().Get("appsecret_proof"); proof != "" && !proves(proof, t.Access, s.m.App(platform, t.App).Secret) {
			fail(w, http.StatusBadRequest, 100, 0, "Invalid appsecret_proof provided in the API argument")
			return
		}
		w.Header().Set("X-App-Usage", `{"call_count":1,"total_time":1,"total_cputime":1}`)
		h(w, r, t)
	}
}

func proves(proof, token, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(token))
	return hmac.Equal([]byte(proof), []byte(hex.EncodeToString(mac.Sum(nil))))
}

func (s *StandIn) refuseToken(w http.ResponseWriter, why simulator.Why) {
	sub := 467
	switch why {
	case simulator.Expired:
		sub = 463
	case simulator.Revoked:
		sub = 458
	case simulator.Fine, simulator.Missing, simulator.Unknown:
	}
	fail(w, http.StatusUnauthorized, 190, sub, "Error validating access token.")
}

// fail answers with an error of the Graph API.
func fail(w http.ResponseWriter, status, code, subcode int, message string) {
	e := object{"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Simulated"}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	simulator.JSON(w, status, object{"error": e})
}

func gone(w http.ResponseWriter) {
	fail(w, http.StatusBadRequest, 100, 33, "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation.")
}

// Refuse implements simulator.Refuser.
func (s *StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		fail(w, http.StatusBadRequest, 32, 0, "(#32) Page request limit reached")
	case simulator.QuotaGone:
		fail(w, http.StatusForbidden, 9, 2207042, "Application request limit reached")
	case simulator.TokenExpired:
		s.refuseToken(w, simulator.Expired)
	case simulator.TokenRevoked:
		s.refuseToken(w, simulator.Revoked)
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, 2, 0, "Service temporarily unavailable")
	case simulator.Duplicate:
		fail(w, http.StatusBadRequest, 506, 1455006, "Duplicate status message")
	case simulator.Rejected:
		fail(w, http.StatusBadRequest, 100, 0, "(#100) This goes against the rules")
	}
	return true
}

// date writes a moment as the Graph API does.
func date(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-0700") }
