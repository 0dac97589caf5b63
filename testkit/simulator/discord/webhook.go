package discord

import (
	"net/http"
	"strings"

	"github.com/crierhq/crier/testkit/simulator"
)

func (s *StandIn) mountWebhooks() {
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request, *simulator.Account)) {
		method, path, _ := strings.Cut(pattern, " ")
		s.m.Handle(method+" "+api+"/webhooks/{webhook}/{token}"+path, func(w http.ResponseWriter, r *http.Request) {
			t, why := s.m.Token(r.PathValue("token"), webhooks)
			switch {
			case s.m.Account(webhooks, r.PathValue("webhook")) == nil:
				fail(w, http.StatusNotFound, 10015, "Unknown Webhook")
			case why != simulator.Fine || t.Account.ID != r.PathValue("webhook"):
				fail(w, http.StatusUnauthorized, 50027, "Invalid Webhook Token")
			default:
				h(w, r, t.Account)
			}
		})
	}
	message := func(method string, h func(http.ResponseWriter, *http.Request, *simulator.Post)) {
		handle(method+" /messages/{message}", func(w http.ResponseWriter, r *http.Request, a *simulator.Account) {
			p, in := s.m.Post(webhooks, r.PathValue("message")), s.target(r, a)
			if p == nil || p.Account != a.ID || in == nil || p.Extra["channel"] != in.ID {
				fail(w, http.StatusNotFound, 10008, "Unknown Message")
				return
			}
			h(w, r, p)
		})
	}
	handle("GET ", s.about)
	handle("POST ", s.execute)
	message("GET", func(w http.ResponseWriter, _ *http.Request, p *simulator.Post) {
		simulator.JSON(w, http.StatusOK, s.message(p))
	})
	message("PATCH", s.edit)
	message("DELETE", func(w http.ResponseWriter, r *http.Request, p *simulator.Post) { s.remove(w, r, p, "") })
}

// target is the channel of a webhook, or the thread in it that is asked for.
func (s *StandIn) target(r *http.Request, a *simulator.Account) *channel {
	own := s.channel(a.Extra["server"] + "01")
	id := r.URL.Query().Get("thread_id")
	if id == "" {
		return own
	}
	if t := s.channel(id); t != nil && t.Type == thread && t.Parent == own.ID {
		return t
	}
	return nil
}

func (s *StandIn) about(w http.ResponseWriter, r *http.Request, a *simulator.Account) {
	simulator.JSON(w, http.StatusOK, object{
		"id": a.ID, "type": 1, "name": a.Name, "avatar": nil, "guild_id": a.Extra["server"], "channel_id": a.Extra["server"] + "01",
		"application_id": nil, "token": r.PathValue("token"), "url": "https://discord.com/api/webhooks/" + a.ID + "/" + r.PathValue("token"),
	})
}

func (s *StandIn) execute(w http.ResponseWriter, r *http.Request, a *simulator.Account) {
	in := s.draft(w, r, a.ID)
	if in == nil {
		return
	}
	c := s.target(r, a)
	switch {
	case c == nil:
		fail(w, http.StatusNotFound, 10003, "Unknown Channel")
	case in.Title != "":
		fail(w, http.StatusBadRequest, 220003, "Webhooks can only create threads in forum channels")
	case in.wrong(w) || !s.allowed(w, c):
	default:
		p := s.post(in, c, "")
		p.Platform, p.Account = webhooks, a.ID
		p.Extra["webhook"], p.Extra["username"] = a.ID, in.Username
		out := s.m.Publish(p)
		if r.URL.Query().Get("wait") != "true" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		simulator.JSON(w, http.StatusOK, s.message(out))
	}
}
