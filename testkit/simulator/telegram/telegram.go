// Package telegram plays Telegram's Bot API: https://core.telegram.org/bots/api.
package telegram

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/crierhq/crier/testkit/simulator"
)

const platform = "telegram"

type object = map[string]any

// StandIn plays Telegram. Ann and Bob have a channel and a bot each.
type StandIn struct {
	m *simulator.Mount
	// next is the number of the next message.
	next int64
}

// New returns a StandIn.
func New() *StandIn { return &StandIn{next: 101} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{"TELEGRAM_API_URL": at("api.telegram.org")}
}

// Types implements simulator.Typist: the name of the channel, and the token of its
// bot. For one that was taken back there is a new one.
func (s *StandIn) Types(a simulator.Account) map[string]string {
	for _, t := range s.m.Tokens(platform, a.ID) {
		if _, why := s.m.Token(t.Access, platform); why == simulator.Fine {
			return map[string]string{"chat": "@" + a.Handle, "token": t.Access}
		}
	}
	t := s.m.Issue(simulator.Token{
		Platform: platform, Account: s.m.Account(platform, a.ID), Access: strconv.FormatInt(botOf(a), 10) + ":" + s.m.NewSecret(),
	})
	return map[string]string{"chat": "@" + a.Handle, "token": t.Access}
}

// Mount implements simulator.StandIn.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.AddAccount(simulator.Account{Platform: platform, ID: "-1001000000001", Handle: "ann_example", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "-1001000000002", Handle: "bob_example", Name: "Bob Example"})
	m.Handle("api.telegram.org/{bot}/{method}", s.call)
}

// botOf is the number of the bot of a channel.
func botOf(a simulator.Account) int64 { return number(a.ID) * -7 }

// number reads what the stand-in wrote itself.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// Refuse implements simulator.StandIn.
func (*StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		simulator.JSON(w, http.StatusTooManyRequests, object{
			"ok": false, "error_code": http.StatusTooManyRequests, "description": "Too Many Requests: retry after 30",
			"parameters": object{"retry_after": 30},
		})
	case simulator.TokenExpired, simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, "Unauthorized")
	case simulator.Unavailable:
		fail(w, http.StatusBadGateway, "Bad Gateway")
	case simulator.Rejected:
		fail(w, http.StatusBadRequest, "Bad Request: message is too long")
	default:
		return false
	}
	return true
}

func fail(w http.ResponseWriter, status int, text string) {
	simulator.JSON(w, status, object{"ok": false, "error_code": status, "description": text})
}

func fine(w http.ResponseWriter, result any) {
	simulator.JSON(w, http.StatusOK, object{"ok": true, "result": result})
}

// call is one call of any method: https://core.telegram.org/bots/api#making-requests.
func (s *StandIn) call(w http.ResponseWriter, r *http.Request) {
	token, bot := strings.CutPrefix(r.PathValue("bot"), "bot")
	t, why := s.m.Token(token, platform)
	if !bot || why != simulator.Fine {
		fail(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	in, ok := s.read(r)
	if !ok {
		fail(w, http.StatusBadRequest, "Bad Request: can't parse the request")
		return
	}
	if r.PathValue("method") == "getMe" {
		fine(w, user(t.Account))
		return
	}
	// A bot knows no chat but those that it is in.
	if id := in.text("chat_id"); id != t.Account.ID && id != "@"+t.Account.Handle {
		fail(w, http.StatusBadRequest, "Bad Request: chat not found")
		return
	}
	h, ok := s.methods()[r.PathValue("method")]
	if !ok {
		fail(w, http.StatusNotFound, "Not Found")
		return
	}
	h(w, t.Account, in)
}

func user(a *simulator.Account) object {
	return object{"id": botOf(*a), "is_bot": true, "first_name": "The bot of " + a.Name, "username": a.Handle + "_bot"}
}

func (s *StandIn) methods() map[string]func(http.ResponseWriter, *simulator.Account, *input) {
	return map[string]func(http.ResponseWriter, *simulator.Account, *input){
		"getChat": func(w http.ResponseWriter, a *simulator.Account, _ *input) {
			out := chat(a)
			out["accent_color_id"], out["max_reaction_count"] = 1, 11
			out["accepted_gift_types"] = object{
				"unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false, "gifts_from_channels": false,
			}
			fine(w, out)
		},
		"getChatMember": func(w http.ResponseWriter, a *simulator.Account, _ *input) { fine(w, member(a)) },
		"getChatMemberCount": func(w http.ResponseWriter, _ *simulator.Account, _ *input) {
			fine(w, 42)
		},
		"pinChatMessage":     func(w http.ResponseWriter, _ *simulator.Account, _ *input) { fine(w, true) },
		"sendMessage":        s.send,
		"sendPhoto":          s.send,
		"sendVideo":          s.send,
		"sendAnimation":      s.send,
		"sendDocument":       s.send,
		"sendMediaGroup":     s.sendAlbum,
		"sendPoll":           s.sendPoll,
		"editMessageText":    s.edit,
		"editMessageCaption": s.edit,
		"deleteMessage":      s.remove,
		"deleteMessages":     s.remove,
	}
}

func chat(a *simulator.Account) object {
	return object{"id": number(a.ID), "type": "channel", "title": a.Name, "username": a.Handle}
}

// member is the bot as an administrator that may do everything.
func member(a *simulator.Account) object {
	out := object{"status": "administrator", "user": user(a)}
	for _, right := range []string{
		"can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
		"can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
		"can_post_messages", "can_edit_messages",
	} {
		out[right] = true
	}
	return out
}
