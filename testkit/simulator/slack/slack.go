// Package slack plays Slack.
package slack

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "slack"
	api      = "slack.com/api"
	store    = "files.slack.com"
)

// object is a JSON object.
type object map[string]any

// StandIn plays it. Those who sign in are workspaces; all of them have the
// same channels.
type StandIn struct {
	m *simulator.Mount
	// in are the channels that the bot of each workspace is in.
	in map[string][]string
	// said counts messages, whose times tell them apart.
	said int
}

// New returns a stand-in without messages.
func New() *StandIn { return &StandIn{in: map[string][]string{}} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"SLACK_CLIENT_ID": "simulator", "SLACK_CLIENT_SECRET": "simulator-secret",
		"SLACK_AUTH_URL": at("slack.com"), "SLACK_API_URL": at("slack.com") + "/api",
	}
}

// Mount implements simulator.StandIn.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	m.AddAccount(simulator.Account{Platform: platform, ID: "T0000000ANN", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "T0000000BOB", Handle: "bob", Name: "Bob Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "C00000GENERAL", Handle: "general", Name: "general", Kind: "channel"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "C0000000BOATS", Handle: "boats", Name: "boats", Kind: "channel"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "C000000SECRET", Handle: "secret", Name: "secret", Kind: "private"})
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: "slack.com/oauth/v2/authorize", Token: api + "/oauth.v2.access",
		Separator: ",", Access: 12 * time.Hour, Rotate: true, Reply: s.reply, Fail: refuseSignIn,
	})
	for pattern, h := range map[string]answer{
		"GET auth.test":                     s.test,
		"GET auth.revoke":                   s.revoke,
		"GET users.info":                    s.user,
		"GET users.list":                    s.users,
		"GET conversations.list":            s.channels,
		"GET conversations.info":            s.channel,
		"POST conversations.join":           s.join,
		"GET conversations.history":         s.history,
		"GET conversations.replies":         s.replies,
		"POST chat.postMessage":             s.say,
		"POST chat.update":                  s.edit,
		"POST chat.delete":                  s.remove,
		"GET chat.getPermalink":             s.permalink,
		"GET reactions.get":                 s.reactions,
		"POST files.getUploadURLExternal":   s.register,
		"POST files.completeUploadExternal": s.share,
		"GET files.info":                    s.file,
		"POST files.delete":                 s.removeFile,
	} {
		method, name, _ := strings.Cut(pattern, " ")
		m.Handle(method+" "+api+"/"+name, s.as(h))
	}
	m.Handle("POST "+store+"/upload/v1/{key}", s.bytes)
}

func (s *StandIn) reply(w http.ResponseWriter, t *simulator.Token) {
	out := s.m.TokenBody(t, ",")
	out["token_type"], out["bot_user_id"], out["app_id"] = "bot", botOf(t), "A0000000001"
	out["team"], out["enterprise"], out["is_enterprise_install"] = object{"id": t.Account.ID, "name": t.Account.Name}, nil, false
	out["authed_user"] = object{"id": personOf(t.Account)}
	fine(w, out)
}

func refuseSignIn(w http.ResponseWriter, _ int, code, description string) {
	switch {
	case code == "invalid_client":
		fail(w, "bad_client_secret")
	case code == "invalid_grant" && strings.Contains(description, "refresh"):
		fail(w, "invalid_refresh_token")
	case code == "invalid_grant":
		fail(w, "invalid_code")
	default:
		fail(w, "invalid_grant_type")
	}
}

// fine answers with what was asked for.
func fine(w http.ResponseWriter, out object) {
	out["ok"] = true
	simulator.JSON(w, http.StatusOK, out)
}

// fail refuses, with the status of what is fine.
func fail(w http.ResponseWriter, code string) {
	simulator.JSON(w, http.StatusOK, object{"ok": false, "error": code})
}

type answer func(w http.ResponseWriter, r *http.Request, t *simulator.Token)

// as lets only those in whose token is good.
func (s *StandIn) as(h answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, why := s.m.Bearer(r, platform)
		switch why {
		case simulator.Fine:
			h(w, r, t)
		case simulator.Missing:
			fail(w, "not_authed")
		case simulator.Expired:
			fail(w, "token_expired")
		case simulator.Revoked:
			fail(w, "token_revoked")
		case simulator.Unknown:
			fail(w, "invalid_auth")
		}
	}
}

// Refuse implements simulator.Refuser.
func (*StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		slowDown(w)
	case simulator.QuotaGone:
		fail(w, "message_limit_exceeded")
	case simulator.TokenExpired:
		fail(w, "token_expired")
	case simulator.TokenRevoked:
		fail(w, "token_revoked")
	case simulator.Unavailable:
		simulator.JSON(w, http.StatusServiceUnavailable, object{"ok": false, "error": "service_unavailable"})
	case simulator.Rejected:
		fail(w, "restricted_action")
	case simulator.Duplicate:
		return false
	}
	return true
}

func slowDown(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "30")
	simulator.JSON(w, http.StatusTooManyRequests, object{"ok": false, "error": "ratelimited"})
}

// botOf and personOf are users of a workspace: the bot of an app, and who let
// it in.
func botOf(t *simulator.Token) string { return "UBOT" + strings.TrimPrefix(t.Account.ID, "T") }

func personOf(team *simulator.Account) string { return "U" + strings.TrimPrefix(team.ID, "T") }

func (s *StandIn) test(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	fine(w, object{
		"url": address(t.Account) + "/", "team": t.Account.Name, "user": "crier", "team_id": t.Account.ID, "user_id": botOf(t),
		"bot_id": "B" + strings.TrimPrefix(t.Account.ID, "T"), "is_enterprise_install": false,
	})
}

// address is where people see a workspace.
func address(team *simulator.Account) string { return "https://" + team.Handle + "-example.slack.com" }

func (s *StandIn) revoke(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	t.Revoked = true
	fine(w, object{"revoked": true})
}

func (s *StandIn) user(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	for _, u := range s.everybody(t) {
		if u["id"] == r.URL.Query().Get("user") {
			fine(w, object{"user": u})
			return
		}
	}
	fail(w, "user_not_found")
}

func (s *StandIn) users(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	fine(w, object{"members": s.everybody(t), "cache_ts": s.m.Now().Unix(), "response_metadata": object{"next_cursor": ""}})
}

// everybody is who is in a workspace.
func (s *StandIn) everybody(t *simulator.Token) []object {
	one := func(id, name, shown string, bot bool, picture string) object {
		return object{
			"id": id, "name": name, "team_id": t.Account.ID, "deleted": false, "is_bot": bot, "is_app_user": bot, "updated": s.m.Now().Unix(),
			"profile": object{
				"real_name": shown, "real_name_normalized": shown, "display_name": shown, "display_name_normalized": shown, "avatar_hash": "g1",
				"image_24": picture, "image_32": picture, "image_48": picture, "image_72": picture, "image_192": picture, "image_512": picture,
				"fields": object{}, "phone": "", "skype": "", "status_emoji": "", "status_text": "", "title": "",
			},
		}
	}
	out := []object{one(botOf(t), "crier", "Crier", true, s.m.Avatar(t.Account))}
	for _, a := range s.m.Accounts(platform, "", "") {
		out = append(out, one(personOf(a), a.Handle, a.Name, false, s.m.Avatar(a)))
	}
	return out
}

// known finds a channel that the bot may see; nil: there is none.
func (s *StandIn) known(t *simulator.Token, id string) *simulator.Account {
	c := s.m.Account(platform, id)
	if c == nil || c.ID != id || c.Kind != "channel" && (c.Kind != "private" || !s.member(t, id)) {
		return nil
	}
	return c
}

func (s *StandIn) member(t *simulator.Token, channel string) bool {
	return slices.Contains(s.in[t.App+"/"+t.Account.ID], channel)
}

// conversation is a conversation object.
func (s *StandIn) conversation(t *simulator.Token, c *simulator.Account) object {
	return object{
		"id": c.ID, "name": c.Name, "name_normalized": c.Name, "created": 1700000000, "creator": personOf(t.Account),
		"is_channel": true, "is_group": false, "is_im": false, "is_mpim": false, "is_private": c.Kind == "private",
		"is_archived": false, "is_general": c.Name == "general", "is_shared": false, "is_org_shared": false, "is_ext_shared": false,
		"is_member": s.member(t, c.ID), "num_members": len(c.Name) + 20, "unlinked": 0, "pending_shared": []string{}, "previous_names": []string{},
		"topic":   object{"value": "", "creator": "", "last_set": 0},
		"purpose": object{"value": "", "creator": "", "last_set": 0},
	}
}

func (s *StandIn) channels(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	list := []object{}
	for _, a := range s.m.Accounts(platform, "channel", "") {
		list = append(list, s.conversation(t, a))
	}
	if strings.Contains(r.URL.Query().Get("types"), "private_channel") {
		for _, a := range s.m.Accounts(platform, "private", "") {
			if s.member(t, a.ID) {
				list = append(list, s.conversation(t, a))
			}
		}
	}
	fine(w, object{"channels": list, "response_metadata": object{"next_cursor": ""}})
}

func (s *StandIn) channel(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	c := s.known(t, r.URL.Query().Get("channel"))
	if c == nil {
		fail(w, "channel_not_found")
		return
	}
	fine(w, object{"channel": s.conversation(t, c)})
}

func (s *StandIn) join(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Channel string `json:"channel"`
	}
	_ = simulator.Read(r, &in)
	c := s.known(t, in.Channel)
	if c == nil {
		fail(w, "channel_not_found")
		return
	}
	if !s.member(t, c.ID) {
		who := t.App + "/" + t.Account.ID
		s.in[who] = append(s.in[who], c.ID)
	}
	fine(w, object{"channel": s.conversation(t, c)})
}
