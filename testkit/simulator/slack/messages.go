package slack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// draft is what a message is made of.
type draft struct {
	Channel  string          `json:"channel"`
	TS       string          `json:"ts"`
	Text     string          `json:"text"`
	Thread   string          `json:"thread_ts"`
	Metadata json.RawMessage `json:"metadata"`
}

func (s *StandIn) say(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	switch {
	case !simulator.Read(r, &in):
		fail(w, "invalid_json")
	case strings.TrimSpace(in.Text) == "":
		fail(w, "no_text")
	case s.out(w, t, in.Channel, in.Text, in.Thread):
		p := s.publish(t, in, nil, s.m.Now())
		fine(w, object{"channel": in.Channel, "ts": p.ID, "message": s.message(p, t, true)})
	}
}

// out reports whether a message may go to a channel, or says why not.
func (s *StandIn) out(w http.ResponseWriter, t *simulator.Token, channel, text, thread string) bool {
	problem := ""
	switch root := s.m.Post(platform, thread); {
	case s.known(t, channel) == nil:
		problem = "channel_not_found"
	case !s.member(t, channel):
		problem = "not_in_channel"
	case len([]rune(text)) > 40_000:
		problem = "msg_too_long"
	case thread != "" && (root == nil || root.Extra["channel"] != channel || root.Parent != ""):
		problem = "thread_not_found"
	case s.m.Take("slack/chat/"+t.Account.ID+"/"+channel, 60, time.Minute).Over():
		slowDown(w)
		return false
	}
	if problem != "" {
		fail(w, problem)
		return false
	}
	return true
}

// publish puts a message out, whose id is its time.
func (s *StandIn) publish(t *simulator.Token, in draft, files []*simulator.Upload, at time.Time) *simulator.Post {
	s.said++
	ts := fmt.Sprintf("%d.%06d", at.Unix(), s.said%1_000_000)
	p := s.m.Publish(simulator.Post{
		Platform: platform, Account: t.Account.ID, App: t.App, ID: ts, Text: in.Text, Media: files, Parent: in.Thread, Root: in.Thread, At: at,
		URL:   address(t.Account) + "/archives/" + in.Channel + "/p" + strings.Replace(ts, ".", "", 1),
		Extra: map[string]string{"channel": in.Channel, "metadata": string(in.Metadata), "team": t.Account.ID},
	})
	if in.Thread != "" {
		p.URL += "?thread_ts=" + in.Thread + "&cid=" + in.Channel
	}
	return p
}

// message is a message object.
func (s *StandIn) message(p *simulator.Post, t *simulator.Token, marks bool) object {
	out := object{
		"type": "message", "ts": p.ID, "text": p.Text, "user": botOf(t), "team": p.Account,
		"bot_id": "B" + strings.TrimPrefix(p.Account, "T"),
	}
	if p.Parent != "" {
		out["thread_ts"] = p.Parent
	}
	if n := len(s.m.Answers(platform, p.ID)); n > 0 {
		out["thread_ts"], out["reply_count"] = p.ID, n
	}
	if n := s.m.Count(p, "reactions", 20); n > 0 {
		out["reactions"] = []object{{"name": "tada", "count": n, "users": []string{personOf(t.Account)}}}
	}
	if marks && p.Extra["metadata"] != "" {
		out["metadata"] = json.RawMessage(p.Extra["metadata"])
	}
	return out
}

// seen finds a message that a bot may see, or says that there is none.
func (s *StandIn) seen(w http.ResponseWriter, t *simulator.Token, channel, ts string) *simulator.Post {
	p := s.m.Post(platform, ts)
	switch {
	case s.known(t, channel) == nil:
		fail(w, "channel_not_found")
	case p == nil || p.Account != t.Account.ID || p.Extra["channel"] != channel || p.At.After(s.m.Now()):
		fail(w, "message_not_found")
	default:
		return p
	}
	return nil
}

func (s *StandIn) permalink(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	q := r.URL.Query()
	if p := s.seen(w, t, q.Get("channel"), q.Get("message_ts")); p != nil {
		fine(w, object{"channel": p.Extra["channel"], "permalink": p.URL})
	}
}

func (s *StandIn) reactions(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	q := r.URL.Query()
	if p := s.seen(w, t, q.Get("channel"), q.Get("timestamp")); p != nil {
		fine(w, object{"type": "message", "channel": p.Extra["channel"], "message": s.message(p, t, false)})
	}
}

// list answers with messages, the newest first; those of a thread the other way
// round, with what they answer before them.
func (s *StandIn) list(w http.ResponseWriter, r *http.Request, t *simulator.Token, channel string, match func(*simulator.Post) bool) {
	if c := s.known(t, channel); c == nil || !s.member(t, channel) {
		fail(w, "channel_not_found")
		return
	}
	q := r.URL.Query()
	oldest, _ := strconv.ParseFloat(q.Get("oldest"), 64)
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit > 999 {
		limit = 100
	}
	list := []object{}
	for _, p := range s.m.Posts(platform, t.Account.ID) {
		if p.Extra["channel"] == channel && match(p) && !p.At.After(s.m.Now()) && float64(p.At.Unix()) >= oldest {
			list = append(list, s.message(p, t, q.Get("include_all_metadata") == "true"))
		}
	}
	more := len(list) > limit
	list = list[:min(limit, len(list))]
	fine(w, object{"messages": list, "has_more": more, "pin_count": 0, "channel_actions_ts": nil, "channel_actions_count": 0})
}

func (s *StandIn) history(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	s.list(w, r, t, r.URL.Query().Get("channel"), func(p *simulator.Post) bool { return p.Parent == "" })
}

func (s *StandIn) replies(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	root := s.seen(w, t, r.URL.Query().Get("channel"), r.URL.Query().Get("ts"))
	if root == nil {
		return
	}
	if r.URL.Query().Get("limit") == "1" {
		fine(w, object{"messages": []object{s.message(root, t, false)}, "has_more": len(s.m.Answers(platform, root.ID)) > 0})
		return
	}
	s.list(w, r, t, root.Extra["channel"], func(p *simulator.Post) bool { return p.Parent == root.ID })
}

func (s *StandIn) edit(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	_ = simulator.Read(r, &in)
	p := s.seen(w, t, in.Channel, in.TS)
	if p == nil {
		return
	}
	if len([]rune(in.Text)) > 4000 {
		fail(w, "msg_too_long")
		return
	}
	p.Text, p.Edited = in.Text, s.m.Now()
	fine(w, object{"channel": in.Channel, "ts": p.ID, "text": p.Text, "message": s.message(p, t, false)})
}

func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	_ = simulator.Read(r, &in)
	if p := s.seen(w, t, in.Channel, in.TS); p != nil {
		p.Deleted = true
		fine(w, object{"channel": in.Channel, "ts": p.ID})
	}
}
