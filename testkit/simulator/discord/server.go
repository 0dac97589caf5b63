package discord

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/testkit/simulator"
)

// The types of channels.
const (
	text         = 0
	category     = 4
	announcement = 5
	thread       = 11
	forum        = 15
)

type channel struct {
	ID, Server, Name, Parent string
	Type                     int
	Owner                    string // of a thread
	Closed                   bool
}

// reply gives out a token. Discord asks which server the bot is to be added to;
// here it is added to those of the person.
func (s *StandIn) reply(w http.ResponseWriter, t *simulator.Token) {
	out := s.m.TokenBody(t, " ")
	if t.Has("bot") {
		for i, a := range s.m.Accounts(platform, "server", t.Account.ID) {
			s.added[t.App+"/"+a.ID] = true
			if i == 0 {
				out["guild"] = s.guild(a)
			}
		}
	}
	simulator.JSON(w, http.StatusOK, out)
}

// person lets in who has a token.
func (s *StandIn) person(w http.ResponseWriter, r *http.Request) *simulator.Token {
	t, why := s.m.Bearer(r, platform)
	if why != simulator.Fine {
		unauthorized(w)
		return nil
	}
	return t
}

// me answers both people and bots.
func (s *StandIn) me(w http.ResponseWriter, r *http.Request) {
	var a *simulator.Account
	if strings.HasPrefix(r.Header.Get("Authorization"), "Bot ") {
		app := s.bot(w, r)
		if app == "" {
			return
		}
		a = botUser(app)
	} else {
		t := s.person(w, r)
		if t == nil {
			return
		}
		a = t.Account
	}
	out := userOf(a)
	out["mfa_enabled"], out["locale"] = true, "en-US"
	simulator.JSON(w, http.StatusOK, out)
}

func userOf(a *simulator.Account) object {
	return object{
		"id": a.ID, "username": a.Handle, "global_name": a.Name, "avatar": nil, "discriminator": "0", "public_flags": 0, "flags": 0, "primary_guild": nil,
		"bot": a.Name == "Crier",
	}
}

// guilds are the servers that a person is in: both are in each other's.
func (s *StandIn) guilds(w http.ResponseWriter, r *http.Request) {
	t := s.person(w, r)
	if t == nil {
		return
	}
	out := []object{}
	for _, a := range s.m.Accounts(platform, "server", "") {
		permissions := "2251799813685248"
		if a.Owner == t.Account.ID {
			permissions = "2251799813685247"
		}
		out = append(out, object{
			"id": a.ID, "name": a.Name, "icon": nil, "banner": nil, "owner": a.Owner == t.Account.ID, "permissions": permissions, "features": []string{},
		})
	}
	simulator.JSON(w, http.StatusOK, out)
}

// inServer handles what a bot asks of a server that it is in.
func (s *StandIn) inServer(pattern string, h func(http.ResponseWriter, *http.Request, *simulator.Account)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.m.Handle(method+" "+api+path, func(w http.ResponseWriter, r *http.Request) {
		app := s.bot(w, r)
		if app == "" {
			return
		}
		a := s.m.Account(platform, r.PathValue("guild"))
		if a == nil || !s.added[app+"/"+a.ID] {
			fail(w, http.StatusNotFound, 10004, "Unknown Guild")
			return
		}
		h(w, r, a)
	})
}

func (s *StandIn) server(w http.ResponseWriter, r *http.Request, a *simulator.Account) {
	out := s.guild(a)
	if r.URL.Query().Get("with_counts") == "true" {
		out["approximate_member_count"], out["approximate_presence_count"] = 420, 42
	}
	simulator.JSON(w, http.StatusOK, out)
}

func (s *StandIn) guild(a *simulator.Account) object {
	return object{
		"id": a.ID, "name": a.Name, "owner_id": a.Owner, "icon": nil, "description": nil, "home_header": nil, "splash": nil, "discovery_splash": nil,
		"features": []string{}, "banner": nil, "application_id": nil, "region": "us-east", "afk_channel_id": nil, "afk_timeout": 300,
		"system_channel_id": nil, "system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": nil, "verification_level": 0,
		"roles": s.rolesOf(a), "default_message_notifications": 0, "mfa_level": 0, "explicit_content_filter": 0, "max_presences": nil,
		"max_members": 500_000, "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "vanity_url_code": nil, "premium_tier": 0,
		"premium_subscription_count": 0, "preferred_locale": "en-US", "rules_channel_id": nil, "safety_alerts_channel_id": nil,
		"public_updates_channel_id": nil, "premium_progress_bar_enabled": false, "nsfw": false, "nsfw_level": 0, "emojis": []object{},
		"stickers": []object{}, "incidents_data": nil,
	}
}

func (s *StandIn) rolesOf(a *simulator.Account) []object {
	out := []object{}
	for i, name := range []string{"@everyone", "Sailors"} {
		id := a.ID
		if i > 0 {
			id += "91"
		}
		out = append(out, object{
			"id": id, "name": name, "permissions": "0", "position": i, "color": 0, "hoist": false, "managed": false, "mentionable": false, "icon": nil,
			"unicode_emoji": nil, "flags": 0, "colors": object{"primary_color": 0, "secondary_color": nil, "tertiary_color": nil},
		})
	}
	return out
}

func (s *StandIn) roles(w http.ResponseWriter, _ *http.Request, a *simulator.Account) {
	simulator.JSON(w, http.StatusOK, s.rolesOf(a))
}

func (s *StandIn) members(w http.ResponseWriter, r *http.Request, _ *simulator.Account) {
	search, out := strings.ToLower(r.URL.Query().Get("query")), []object{}
	if search == "" {
		invalid(w, "query", "This field is required")
		return
	}
	for _, a := range s.m.Accounts(platform, "", "") {
		if strings.HasPrefix(a.Handle, search) || strings.HasPrefix(strings.ToLower(a.Name), search) {
			out = append(out, object{
				"user": userOf(a), "avatar": nil, "banner": nil, "communication_disabled_until": nil, "flags": 0, "joined_at": "2025-01-01T00:00:00.000000+00:00",
				"nick": nil, "pending": false, "premium_since": nil, "roles": []string{}, "mute": false, "deaf": false,
			})
		}
	}
	simulator.JSON(w, http.StatusOK, out)
}

// standing are the channels that every server has. Their ids begin with its own.
func standing(server string) []*channel {
	return []*channel{
		{ID: server + "00", Server: server, Name: "Public", Type: category},
		{ID: server + "01", Server: server, Name: "news", Type: text, Parent: server + "00"},
		{ID: server + "02", Server: server, Name: "announcements", Type: announcement, Parent: server + "00"},
		{ID: server + "03", Server: server, Name: "boats", Type: forum, Parent: server + "00"},
	}
}

// channel finds a channel or thread that is open; nil: there is none.
func (s *StandIn) channel(id string) *channel {
	if c := s.threads[id]; c != nil && !c.Closed {
		return c
	}
	for _, a := range s.m.Accounts(platform, "server", "") {
		for _, c := range standing(a.ID) {
			if c.ID == id {
				return c
			}
		}
	}
	return nil
}

func (s *StandIn) channels(w http.ResponseWriter, _ *http.Request, a *simulator.Account) {
	out := []object{}
	for _, c := range standing(a.ID) {
		out = append(out, s.shown(c))
	}
	simulator.JSON(w, http.StatusOK, out)
}

func (s *StandIn) active(w http.ResponseWriter, _ *http.Request, a *simulator.Account) {
	out := []object{}
	for _, c := range s.threads {
		if c.Server == a.ID && !c.Closed {
			out = append(out, s.shown(c))
		}
	}
	simulator.JSON(w, http.StatusOK, object{"threads": out, "members": []object{}, "has_more": false})
}

func (s *StandIn) shown(c *channel) object {
	out := object{"id": c.ID, "type": c.Type, "flags": 0, "guild_id": c.Server, "name": c.Name}
	if c.Parent != "" {
		out["parent_id"] = c.Parent
	}
	switch c.Type {
	case thread:
		n := len(s.inside(c))
		out["owner_id"], out["message_count"], out["total_message_sent"], out["member_count"] = c.Owner, n, n, 1
		out["thread_metadata"] = object{"archived": false, "archive_timestamp": nil, "auto_archive_duration": 4320, "locked": false}
		return out
	case forum:
		out["available_tags"] = []object{{"id": c.ID + "1", "name": "Sails", "moderated": false, "emoji_id": nil, "emoji_name": nil}}
	}
	out["position"] = int(c.ID[len(c.ID)-1] - '0')
	return out
}

// inChannel handles what a bot asks of a channel of a server that it is in.
func (s *StandIn) inChannel(pattern string, h func(http.ResponseWriter, *http.Request, *channel, string)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.m.Handle(method+" "+api+path, func(w http.ResponseWriter, r *http.Request) {
		app := s.bot(w, r)
		if app == "" {
			return
		}
		c := s.channel(r.PathValue("channel"))
		switch {
		case c == nil:
			fail(w, http.StatusNotFound, 10003, "Unknown Channel")
		case !s.added[app+"/"+c.Server]:
			fail(w, http.StatusForbidden, 50001, "Missing Access")
		default:
			h(w, r, c, app)
		}
	})
}

// onMessage handles what a bot asks of a message.
func (s *StandIn) onMessage(pattern string, h func(http.ResponseWriter, *http.Request, *simulator.Post, string)) {
	s.inChannel(pattern, func(w http.ResponseWriter, r *http.Request, c *channel, app string) {
		p := s.m.Post(platform, r.PathValue("message"))
		if p == nil || p.Extra["channel"] != c.ID {
			fail(w, http.StatusNotFound, 10008, "Unknown Message")
			return
		}
		h(w, r, p, app)
	})
}

func (s *StandIn) read(w http.ResponseWriter, _ *http.Request, c *channel, _ string) {
	simulator.JSON(w, http.StatusOK, s.shown(c))
}

// close deletes a thread with all that is in it.
func (s *StandIn) close(w http.ResponseWriter, _ *http.Request, c *channel, _ string) {
	if c.Type != thread {
		fail(w, http.StatusForbidden, 50013, "Missing Permissions")
		return
	}
	shown := s.shown(c)
	for _, p := range s.inside(c) {
		p.Deleted = true
	}
	c.Closed = true
	simulator.JSON(w, http.StatusOK, shown)
}

// inside are the messages in a channel, newest first.
func (s *StandIn) inside(c *channel) []*simulator.Post {
	var out []*simulator.Post
	for _, p := range s.m.Posts(platform, c.Server) {
		if p.Extra["channel"] == c.ID {
			out = append(out, p)
		}
	}
	return out
}

func (s *StandIn) list(w http.ResponseWriter, r *http.Request, c *channel, _ string) {
	out := []object{}
	for _, p := range s.inside(c) {
		if len(out) < most(r.URL.Query()) && later(p.ID, r.URL.Query().Get("after")) {
			out = append(out, s.message(p))
		}
	}
	simulator.JSON(w, http.StatusOK, out)
}

// most is how many messages are listed.
func most(q url.Values) int {
	if q.Get("limit") == "100" {
		return 100
	}
	return 50
}
