// Package discord plays Discord, as documented on
// https://discord.com/developers/docs/reference.
package discord

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "discord"
	webhooks = "discord-webhook"
	host     = "discord.com"
	api      = host + "/api/v10"
)

// What Discord allows.
const (
	maxText    = 2000
	maxFiles   = 10
	maxFile    = 10 << 20
	maxRequest = 25 << 20
	// posts may be made in a channel within window.
	posts  = 5
	window = 5 * time.Second
	// remembered is for how long a nonce gives the same message again. Discord
	// says "the past few minutes".
	remembered = 5 * time.Minute
)

// StandIn plays one Discord with a server of Ann's and one of Bob's.
type StandIn struct {
	m *simulator.Mount
	// last is the part of an id that tells those of one moment apart.
	last int64
	// added are the servers that the bot of an app is in: "app/server".
	added map[string]bool
	// nonces are the messages of a bot by "bot/nonce".
	nonces map[string]*simulator.Post
	// threads are those that were opened, by their ids.
	threads map[string]*channel
}

// New returns a Discord without messages.
func New() *StandIn {
	return &StandIn{added: map[string]bool{}, nonces: map[string]*simulator.Post{}, threads: map[string]*channel{}}
}

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform, webhooks}}
}

// Settings implements simulator.StandIn. The token of a bot is the secret of its
// app.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"DISCORD_CLIENT_ID": "simulator", "DISCORD_CLIENT_SECRET": "simulator-secret", "DISCORD_BOT_TOKEN": "simulator-secret",
		"DISCORD_API_URL": at(host) + "/api/v10", "DISCORD_WEB_URL": at(host), "DISCORD_WEBHOOK_API_URL": at(host) + "/api/v10",
	}
}

// Types implements simulator.Typist: what people copy for the webhook that they
// made. One whose token was taken back is made anew.
func (s *StandIn) Types(a simulator.Account) map[string]string {
	if a.Platform != webhooks {
		return nil
	}
	for _, t := range s.m.Tokens(webhooks, a.ID) {
		if _, why := s.m.Token(t.Access, webhooks); why == simulator.Fine {
			return address(t)
		}
	}
	return address(s.m.Issue(simulator.Token{Platform: webhooks, Account: s.m.Account(webhooks, a.ID)}))
}

func address(t *simulator.Token) map[string]string {
	return map[string]string{"url": "https://discord.com/api/webhooks/" + t.Account.ID + "/" + t.Access}
}

// Mount implements simulator.StandIn. Ann and Bob have a server each, of which
// both are members, and a webhook in its first channel.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	for i, name := range []string{"ann", "bob"} {
		n, title := strconv.Itoa(i+1), strings.ToUpper(name[:1])+name[1:]
		owner := "60000000000000000" + n
		m.AddAccount(simulator.Account{Platform: platform, ID: owner, Handle: name, Name: title + " Example"})
		m.AddAccount(simulator.Account{Platform: platform, ID: "70000000000000000" + n, Handle: name + "s-server", Name: title + "'s server", Kind: "server", Owner: owner})
		m.AddAccount(simulator.Account{
			Platform: webhooks, ID: "80000000000000000" + n, Handle: name, Name: title + "'s webhook",
			Extra: map[string]string{"server": "70000000000000000" + n},
		})
	}
	m.OAuth2(simulator.OAuth2{
		Platform: platform, Authorize: host + "/oauth2/authorize", Token: api + "/oauth2/token", Revoke: api + "/oauth2/token/revoke",
		Basic: true, Rotate: true, Access: 7 * 24 * time.Hour, Reply: s.reply,
	})
	m.Handle("GET "+api+"/users/@me", s.me)
	m.Handle("GET "+api+"/users/@me/guilds", s.guilds)
	s.inServer("GET /guilds/{guild}", s.server)
	s.inServer("GET /guilds/{guild}/channels", s.channels)
	s.inServer("GET /guilds/{guild}/roles", s.roles)
	s.inServer("GET /guilds/{guild}/members/search", s.members)
	s.inServer("GET /guilds/{guild}/threads/active", s.active)
	s.inChannel("GET /channels/{channel}", s.read)
	s.inChannel("DELETE /channels/{channel}", s.close)
	s.inChannel("POST /channels/{channel}/threads", s.open)
	s.inChannel("GET /channels/{channel}/messages", s.list)
	s.inChannel("POST /channels/{channel}/messages", s.create)
	s.onMessage("GET /channels/{channel}/messages/{message}", s.show)
	s.onMessage("PATCH /channels/{channel}/messages/{message}", s.change)
	s.onMessage("DELETE /channels/{channel}/messages/{message}", s.remove)
	s.onMessage("POST /channels/{channel}/messages/{message}/crosspost", s.crosspost)
	s.onMessage("POST /channels/{channel}/messages/{message}/threads", s.openOn)
	s.mountWebhooks()
}

type object = map[string]any

// fail answers as every refusal looks.
// https://discord.com/developers/docs/reference#error-messages
func fail(w http.ResponseWriter, status, code int, message string) {
	simulator.JSON(w, status, object{"message": message, "code": code})
}

// invalid says what is wrong with a field.
func invalid(w http.ResponseWriter, field, message string) {
	simulator.JSON(w, http.StatusBadRequest, object{
		"message": "Invalid Form Body", "code": 50035,
		"errors": object{field: object{"_errors": []object{{"code": "BASE_TYPE_BAD", "message": message}}}},
	})
}

func slowDown(w http.ResponseWriter, left simulator.Window, wait time.Duration) {
	limits(w, left, wait)
	w.Header().Set("X-RateLimit-Scope", "user")
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	simulator.JSON(w, http.StatusTooManyRequests, object{"message": "You are being rate limited.", "retry_after": wait.Seconds(), "global": false})
}

// limits writes https://discord.com/developers/docs/topics/rate-limits#header-format.
func limits(w http.ResponseWriter, left simulator.Window, wait time.Duration) {
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(left.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, left.Remaining)))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(left.Reset.Unix(), 10))
	h.Set("X-RateLimit-Reset-After", strconv.FormatFloat(wait.Seconds(), 'f', 3, 64))
	h.Set("X-RateLimit-Bucket", "0123456789abcdef")
}

// allowed takes one of the messages that a channel takes for now.
func (s *StandIn) allowed(w http.ResponseWriter, in *channel) bool {
	left := s.m.Take("discord/"+in.ID, posts, window)
	wait := left.Reset.Sub(s.m.Now())
	if left.Over() {
		slowDown(w, left, wait)
		return false
	}
	limits(w, left, wait)
	return true
}

// Refuse implements simulator.Refuser.
func (s *StandIn) Refuse(w http.ResponseWriter, r *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		wait := time.Minute
		slowDown(w, simulator.Window{Limit: posts, Reset: s.m.Now().Add(wait)}, wait)
	case simulator.TokenExpired, simulator.TokenRevoked:
		if strings.Contains(r.URL.Path, "/webhooks/") {
			fail(w, http.StatusUnauthorized, 50027, "Invalid Webhook Token")
		} else {
			unauthorized(w)
		}
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, 0, "503: Service Unavailable")
	case simulator.Rejected:
		fail(w, http.StatusBadRequest, 200000, "Message was blocked by automatic moderation")
	case simulator.QuotaGone, simulator.Duplicate:
		return false
	}
	return true
}

func unauthorized(w http.ResponseWriter) {
	fail(w, http.StatusUnauthorized, 0, "401: Unauthorized")
}

// epoch is what the time in an id begins at.
const epoch = 1_420_070_400_000

// newID is an id with the time in it, as Discord's are.
func (s *StandIn) newID() string {
	s.last = (s.last + 1) % (1 << 22)
	return strconv.FormatInt((s.m.Now().UnixMilli()-epoch)<<22|s.last, 10)
}

// later reports whether an id is of a later moment than another; every id is
// later than none.
func later(id, than string) bool {
	a, _ := strconv.ParseInt(id, 10, 64)
	b, _ := strconv.ParseInt(than, 10, 64) // What is no number is the first.
	return a > b
}

// bot finds whose bot makes a request; empty: it is none, which was answered.
func (s *StandIn) bot(w http.ResponseWriter, r *http.Request) string {
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bot "); ok {
		for _, id := range []string{"simulator", "simulator-2"} {
			if s.m.App(platform, id).Secret == secret {
				return id
			}
		}
	}
	unauthorized(w)
	return ""
}

// botUser is the bot of an app, which is a user like others.
func botUser(app string) *simulator.Account {
	id := map[string]string{"simulator": "500000000000000001", "simulator-2": "500000000000000002"}[app]
	return &simulator.Account{ID: id, Handle: app, Name: "Crier"}
}
