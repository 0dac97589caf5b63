package telegram

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/crierhq/crier/testkit/simulator"
)

// What the Bot API allows, in UTF-16 units and bytes.
const (
	maxText     = 4096
	maxCaption  = 1024
	maxQuestion = 300
	maxPhoto    = 10 << 20
	maxFile     = 50 << 20
)

// send is sendMessage, or one of those with a file.
func (s *StandIn) send(w http.ResponseWriter, a *simulator.Account, in *input) {
	field, longest := "text", maxText
	files := slices.Collect(maps.Values(in.files))
	if len(files) > 0 {
		field, longest = "caption", maxCaption
	}
	text, ok := shown(in.text(field), in.text("parse_mode"))
	if p := s.post(w, a, in, draft{text, longest, !ok, files}); p != nil {
		fine(w, s.message(s.publish(p), a))
	}
}

// sendAlbum is https://core.telegram.org/bots/api#sendmediagroup. Every file is a
// message; people see them as one, with the text of the one that has it.
func (s *StandIn) sendAlbum(w http.ResponseWriter, a *simulator.Account, in *input) {
	var media []struct {
		Type      string `json:"type"`
		Media     string `json:"media"`
		Caption   string `json:"caption"`
		ParseMode string `json:"parse_mode"`
	}
	if !in.into("media", &media) || len(media) < 2 || len(media) > 10 {
		fail(w, http.StatusBadRequest, "Bad Request: album must include 2-10 items")
		return
	}
	var files []*simulator.Upload
	text, ok := "", true
	documents := 0
	for _, m := range media {
		u := in.files[strings.TrimPrefix(m.Media, "attach://")]
		if u == nil {
			fail(w, http.StatusBadRequest, "Bad Request: wrong file identifier/HTTP URL specified")
			return
		}
		files = append(files, u)
		if m.Type == "document" {
			documents++
		}
		if m.Caption != "" {
			text, ok = shown(m.Caption, m.ParseMode)
		}
	}
	if documents > 0 && documents < len(media) {
		fail(w, http.StatusBadRequest, "Bad Request: document can't be mixed with other media types")
		return
	}
	p := s.post(w, a, in, draft{text, maxCaption, !ok, files})
	if p == nil {
		return
	}
	p = s.publish(p)
	first := number(p.ID)
	s.next += int64(len(files)) - 1
	var out []object
	for i := range files {
		m := s.message(p, a)
		m["message_id"], m["media_group_id"] = first+int64(i), p.ID
		out = append(out, m)
	}
	p.Extra["messages"] = strconv.Itoa(len(files))
	fine(w, out)
}

func (s *StandIn) sendPoll(w http.ResponseWriter, a *simulator.Account, in *input) {
	var options []struct {
		Text string `json:"text"`
	}
	var multiple bool
	if !in.into("options", &options) || !in.into("allows_multiple_answers", &multiple) || len(options) < 2 || len(options) > 12 {
		fail(w, http.StatusBadRequest, "Bad Request: poll must have at least 2 option")
		return
	}
	p := s.post(w, a, in, draft{text: in.text("question"), longest: maxQuestion})
	if p == nil {
		return
	}
	p.Poll = &simulator.Poll{Multiple: multiple}
	for _, o := range options {
		p.Poll.Options = append(p.Poll.Options, o.Text)
	}
	fine(w, s.message(s.publish(p), a))
}

// draft is what a call wants to say. Unreadable texts are not well-formed.
type draft struct {
	text       string
	longest    int
	unreadable bool
	files      []*simulator.Upload
}

// wrong says what Telegram has against it, with which status; empty: nothing.
func (d draft) wrong() (status int, why string) {
	n := len(utf16.Encode([]rune(d.text)))
	switch {
	case d.unreadable:
		return http.StatusBadRequest, "Bad Request: can't parse entities: Can't find end tag"
	case n > d.longest:
		return http.StatusBadRequest, "Bad Request: message caption is too long"
	case n == 0 && len(d.files) == 0:
		return http.StatusBadRequest, "Bad Request: message text is empty"
	}
	for _, u := range d.files {
		if u.Size > maxFile || strings.HasPrefix(u.Type, "image/") && u.Type != "image/gif" && u.Size > maxPhoto {
			return http.StatusRequestEntityTooLarge, "Request Entity Too Large"
		}
	}
	return 0, ""
}

// post is a message that is well-formed, or nil after saying what is wrong.
func (s *StandIn) post(w http.ResponseWriter, a *simulator.Account, in *input, d draft) *simulator.Post {
	var reply struct {
		Message int64 `json:"message_id"`
	}
	d.unreadable = d.unreadable || !in.into("reply_parameters", &reply)
	if status, why := d.wrong(); status != 0 {
		fail(w, status, why)
		return nil
	}
	for _, u := range d.files {
		u.Account = a.ID
	}
	p := &simulator.Post{Platform: platform, Account: a.ID, Text: d.text, Media: d.files, App: strconv.FormatInt(botOf(*a), 10), Extra: map[string]string{}}
	if reply.Message == 0 {
		return p
	}
	to := s.find(a, strconv.FormatInt(reply.Message, 10))
	if to == nil {
		fail(w, http.StatusBadRequest, "Bad Request: message to be replied not found")
		return nil
	}
	p.Parent, p.Root = to.ID, cmp.Or(to.Root, to.ID)
	return p
}

func (s *StandIn) publish(p *simulator.Post) *simulator.Post {
	p.ID = strconv.FormatInt(s.next, 10)
	s.next++
	p.URL = "https://t.me/" + s.m.Account(platform, p.Account).Handle + "/" + p.ID
	return s.m.Publish(*p)
}

// message is https://core.telegram.org/bots/api#message.
func (s *StandIn) message(p *simulator.Post, a *simulator.Account) object {
	out := object{"message_id": number(p.ID), "date": p.At.Unix(), "chat": chat(a), "sender_chat": chat(a)}
	if !p.Edited.IsZero() {
		out["edit_date"] = p.Edited.Unix()
	}
	if len(p.Media) > 0 {
		out["caption"] = p.Text
	} else {
		out["text"] = p.Text
	}
	return out
}

// edit changes the text or caption of a message.
func (s *StandIn) edit(w http.ResponseWriter, a *simulator.Account, in *input) {
	p := s.find(a, in.text("message_id"))
	if p == nil {
		fail(w, http.StatusBadRequest, "Bad Request: message to edit not found")
		return
	}
	raw := in.text("text")
	if len(p.Media) > 0 {
		raw = in.text("caption")
	}
	text, ok := shown(raw, in.text("parse_mode"))
	switch {
	case p.Poll != nil:
		fail(w, http.StatusBadRequest, "Bad Request: message can't be edited")
	case !ok:
		fail(w, http.StatusBadRequest, "Bad Request: can't parse entities: Can't find end tag")
	case text == p.Text:
		fail(w, http.StatusBadRequest, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same")
	default:
		p.Text, p.Edited = text, s.m.Now()
		fine(w, s.message(p, a))
	}
}

// find is the post that a message is of, which an album has several of.
func (s *StandIn) find(a *simulator.Account, id string) *simulator.Post {
	for _, p := range s.m.Posts(platform, a.ID) {
		more, _ := strconv.ParseInt(p.Extra["messages"], 10, 64) // a single message has none
		if first, n := number(p.ID), number(id); n == first || n > first && n < first+more {
			return p
		}
	}
	return nil
}

// remove is deleteMessage and deleteMessages. Only the single one says that there
// is no such message.
func (s *StandIn) remove(w http.ResponseWriter, a *simulator.Account, in *input) {
	var many []int64
	if !in.into("message_ids", &many) {
		fail(w, http.StatusBadRequest, "Bad Request: message identifiers are not specified")
		return
	}
	if len(many) == 0 {
		p := s.find(a, in.text("message_id"))
		if p == nil {
			fail(w, http.StatusBadRequest, "Bad Request: message to delete not found")
			return
		}
		many = []int64{number(p.ID)}
	}
	for _, id := range many {
		if p := s.find(a, strconv.FormatInt(id, 10)); p != nil {
			p.Deleted = true
		}
	}
	fine(w, true)
}
