package discord

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/testkit/simulator"
)

// draft is the body of a new message.
type draft struct {
	Content     string `json:"content"`
	Nonce       string `json:"nonce"`
	Enforce     bool   `json:"enforce_nonce"`
	Flags       int    `json:"flags"`
	Attachments []struct {
		ID          string `json:"id"`
		Filename    string `json:"filename"`
		Description string `json:"description"`
	} `json:"attachments"`
	Reference *struct {
		Message string `json:"message_id"`
	} `json:"message_reference"`
	Poll *struct {
		Question pollText `json:"question"`
		Answers  []struct {
			Text pollText `json:"poll_media"`
		} `json:"answers"`
		Hours    int  `json:"duration"`
		Multiple bool `json:"allow_multiselect"`
	} `json:"poll"`
	// Those of webhooks.
	Username string `json:"username"`
	Title    string `json:"thread_name"`

	files []*simulator.Upload
}

type pollText struct {
	Text string `json:"text"`
}

// parts reads a message and its files, or answers what is wrong with them. into
// reads what the body says beside the files.
func (s *StandIn) parts(w http.ResponseWriter, r *http.Request, account string, into func(raw []byte) (*draft, bool)) *draft {
	kind, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // Nothing is read as JSON then.
	if kind != "multipart/form-data" {
		raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if in, ok := into(raw); err == nil && ok {
			return in
		}
		fail(w, http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
		return nil
	}
	var in *draft
	files := map[string]*simulator.Upload{}
	form := multipart.NewReader(r.Body, options["boundary"])
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fail(w, http.StatusBadRequest, 0, "400: Bad Request")
			return nil
		}
		if part.FormName() == "payload_json" {
			raw, err := io.ReadAll(io.LimitReader(part, 1<<20))
			var ok bool
			if in, ok = into(raw); err != nil || !ok {
				fail(w, http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
				return nil
			}
			continue
		}
		u := s.m.NewUpload(simulator.Upload{
			ID: s.newID(), Platform: platform, Account: account, Type: part.Header.Get("Content-Type"), Extra: map[string]string{"name": part.FileName()},
		})
		if u.Append(part) != nil {
			fail(w, http.StatusBadRequest, 0, "400: Bad Request")
			return nil
		}
		files[part.FormName()] = u
	}
	return s.attached(w, in, files)
}

// attached puts the files to what is said of them.
func (s *StandIn) attached(w http.ResponseWriter, in *draft, files map[string]*simulator.Upload) *draft {
	if in == nil {
		fail(w, http.StatusBadRequest, 50006, "Cannot send an empty message")
		return nil
	}
	var all int64
	for _, a := range in.Attachments {
		u := files["files["+a.ID+"]"]
		if u == nil {
			invalid(w, "attachments", "The file with this id is missing")
			return nil
		}
		u.Alt = a.Description
		u.Extra["name"] = cmp.Or(a.Filename, u.Extra["name"])
		in.files = append(in.files, u)
		if all += u.Size; u.Size > maxFile || all > maxRequest {
			fail(w, http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
			return nil
		}
	}
	if len(in.files) != len(files) || len(files) > maxFiles {
		invalid(w, "attachments", "Must be 10 or fewer in length.")
		return nil
	}
	return in
}

// draft reads a plain message.
func (s *StandIn) draft(w http.ResponseWriter, r *http.Request, account string) *draft {
	return s.parts(w, r, account, func(raw []byte) (*draft, bool) {
		var in draft
		err := json.Unmarshal(raw, &in)
		return &in, err == nil
	})
}

// wrong answers what is wrong with a message.
func (in *draft) wrong(w http.ResponseWriter) bool {
	switch {
	case strings.TrimSpace(in.Content) == "" && len(in.files) == 0 && in.Poll == nil:
		fail(w, http.StatusBadRequest, 50006, "Cannot send an empty message")
	case utf8.RuneCountInString(in.Content) > maxText:
		invalid(w, "content", "Must be 2000 or fewer in length.")
	case len(in.Nonce) > 25:
		invalid(w, "nonce", "Must be 25 or fewer in length.")
	case in.Poll != nil && (in.Poll.Question.Text == "" || len(in.Poll.Question.Text) > 300 || len(in.Poll.Answers) == 0 || len(in.Poll.Answers) > 10):
		invalid(w, "poll", "The poll is not valid")
	default:
		return false
	}
	return true
}

// post is what becomes of a draft in a channel.
func (s *StandIn) post(in *draft, c *channel, app string) simulator.Post {
	id := s.newID()
	p := simulator.Post{
		Platform: platform, Account: c.Server, App: app, ID: id, Text: strings.TrimSpace(in.Content), Media: in.files,
		URL: "https://discord.com/channels/" + c.Server + "/" + c.ID + "/" + id, Extra: map[string]string{"channel": c.ID, "flags": strconv.Itoa(in.Flags)},
	}
	if in.Poll != nil {
		p.Text, p.Poll = in.Poll.Question.Text, &simulator.Poll{Multiple: in.Poll.Multiple, Ends: s.m.Now().Add(time.Duration(cmp.Or(in.Poll.Hours, 24)) * time.Hour)}
		for _, a := range in.Poll.Answers {
			p.Poll.Options = append(p.Poll.Options, a.Text.Text)
		}
	}
	return p
}

func (s *StandIn) create(w http.ResponseWriter, r *http.Request, c *channel, app string) {
	in := s.draft(w, r, c.Server)
	if in == nil {
		return
	}
	old := s.nonces[app+"/"+in.Nonce]
	switch {
	case in.Enforce && old != nil && s.m.Now().Sub(old.At) < remembered:
		s.again(w, old)
	case c.Type == forum || c.Type == category:
		fail(w, http.StatusBadRequest, 50008, "Cannot send messages in a non-text channel")
	case in.wrong(w) || !s.allowed(w, c):
	default:
		s.publish(w, in, s.post(in, c, app))
	}
}

func (s *StandIn) publish(w http.ResponseWriter, in *draft, p simulator.Post) {
	if in.Reference != nil {
		above := s.m.Post(platform, in.Reference.Message)
		if above == nil || above.Extra["channel"] != p.Extra["channel"] {
			invalid(w, "message_reference", "Unknown message")
			return
		}
		p.Parent, p.Root = above.ID, cmp.Or(above.Root, above.ID)
	}
	out := s.m.Publish(p)
	shown := s.message(out)
	if in.Nonce != "" {
		s.nonces[p.App+"/"+in.Nonce] = out
		shown["nonce"] = in.Nonce
	}
	simulator.JSON(w, http.StatusOK, shown)
}

// again answers with the message that has the nonce already.
func (s *StandIn) again(w http.ResponseWriter, p *simulator.Post) {
	if p.Deleted {
		fail(w, http.StatusNotFound, 10008, "Unknown Message")
		return
	}
	simulator.JSON(w, http.StatusOK, s.message(p))
}

// open opens a post in a forum.
func (s *StandIn) open(w http.ResponseWriter, r *http.Request, c *channel, app string) {
	var name string
	in := s.parts(w, r, c.Server, func(raw []byte) (*draft, bool) {
		var body struct {
			Name    string `json:"name"`
			Message *draft `json:"message"`
		}
		err := json.Unmarshal(raw, &body)
		name = body.Name
		return body.Message, err == nil && body.Message != nil
	})
	switch {
	case in == nil:
	case c.Type != forum:
		fail(w, http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
	case name == "" || utf8.RuneCountInString(name) > 100:
		invalid(w, "name", "Must be between 1 and 100 in length.")
	case in.wrong(w) || !s.allowed(w, c):
	default:
		p := s.post(in, c, app)
		t := s.thread(&p, c, name, botUser(app).ID)
		shown := s.shown(t)
		shown["message"] = s.message(s.m.Publish(p))
		simulator.JSON(w, http.StatusCreated, shown)
	}
}

// thread opens a thread for a post in a forum, which has its id.
func (s *StandIn) thread(p *simulator.Post, c *channel, name, owner string) *channel {
	t := &channel{ID: p.ID, Server: c.Server, Name: name, Parent: c.ID, Type: thread, Owner: owner}
	s.threads[t.ID] = t
	p.Extra["channel"], p.Extra["title"] = t.ID, name
	p.URL = "https://discord.com/channels/" + c.Server + "/" + t.ID + "/" + p.ID
	return t
}

// openOn opens a thread on a message, whose id it has.
func (s *StandIn) openOn(w http.ResponseWriter, r *http.Request, p *simulator.Post, app string) {
	var in struct {
		Name string `json:"name"`
	}
	c := s.channel(p.Extra["channel"])
	switch {
	case !simulator.Read(r, &in) || in.Name == "":
		invalid(w, "name", "This field is required")
	case s.threads[p.ID] != nil:
		fail(w, http.StatusBadRequest, 160004, "A thread has already been created for this message")
	case c.Type == thread:
		fail(w, http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
	default:
		t := &channel{ID: p.ID, Server: c.Server, Name: in.Name, Parent: c.ID, Type: thread, Owner: botUser(app).ID}
		s.threads[t.ID] = t
		simulator.JSON(w, http.StatusCreated, s.shown(t))
	}
}

func (s *StandIn) show(w http.ResponseWriter, _ *http.Request, p *simulator.Post, _ string) {
	simulator.JSON(w, http.StatusOK, s.message(p))
}

func (s *StandIn) change(w http.ResponseWriter, r *http.Request, p *simulator.Post, app string) {
	if p.App != app {
		fail(w, http.StatusForbidden, 50005, "Cannot edit a message authored by another user")
		return
	}
	s.edit(w, r, p)
}

// edit changes the text of a message. Files that are not listed are taken away.
func (s *StandIn) edit(w http.ResponseWriter, r *http.Request, p *simulator.Post) {
	var in struct {
		Content     *string `json:"content"`
		Attachments *[]struct {
			ID string `json:"id"`
		} `json:"attachments"`
	}
	switch {
	case !simulator.Read(r, &in):
		fail(w, http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
		return
	case p.Poll != nil:
		fail(w, http.StatusBadRequest, 520003, "Cannot edit a poll message")
		return
	}
	if in.Attachments != nil {
		p.Media = slices.DeleteFunc(slices.Clone(p.Media), func(u *simulator.Upload) bool {
			for _, keep := range *in.Attachments {
				if keep.ID == u.ID {
					return false
				}
			}
			return true
		})
	}
	if in.Content != nil {
		p.Text = strings.TrimSpace(*in.Content)
	}
	p.Edited = s.m.Now()
	simulator.JSON(w, http.StatusOK, s.message(p))
}

func (s *StandIn) remove(w http.ResponseWriter, _ *http.Request, p *simulator.Post, _ string) {
	p.Deleted = true
	w.WriteHeader(http.StatusNoContent)
}

func (s *StandIn) crosspost(w http.ResponseWriter, _ *http.Request, p *simulator.Post, _ string) {
	if s.channel(p.Extra["channel"]).Type != announcement {
		fail(w, http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
		return
	}
	p.Extra["crossposted"] = "true"
	simulator.JSON(w, http.StatusOK, s.message(p))
}

const stamp = "2006-01-02T15:04:05.000000+00:00"

// message is a message as Discord shows it.
func (s *StandIn) message(p *simulator.Post) object {
	files := []object{}
	for _, u := range p.Media {
		files = append(files, object{
			"id": u.ID, "filename": u.Extra["name"], "size": u.Size, "url": u.URL, "proxy_url": u.URL, "content_type": u.Type, "description": u.Alt,
		})
	}
	flags, _ := strconv.Atoi(p.Extra["flags"]) // Those of a webhook are not kept.
	out := object{
		"id": p.ID, "type": 0, "channel_id": p.Extra["channel"], "content": p.Text, "author": s.author(p), "attachments": files, "embeds": []object{},
		"mentions": []object{}, "mention_roles": []string{}, "mention_everyone": false, "timestamp": p.At.UTC().Format(stamp), "edited_timestamp": nil,
		"flags": flags, "components": []object{}, "pinned": false, "tts": false,
	}
	if !p.Edited.IsZero() {
		out["edited_timestamp"] = p.Edited.UTC().Format(stamp)
	}
	if p.Parent != "" {
		out["type"] = 19
		out["message_reference"] = object{"type": 0, "channel_id": p.Extra["channel"], "message_id": p.Parent, "guild_id": p.Account}
	}
	if n := s.m.Count(p, "likes", 40); n > 0 {
		out["reactions"] = []object{{
			"emoji": object{"id": nil, "name": "⛵"}, "count": n, "count_details": object{"burst": 0, "normal": n}, "burst_colors": []string{},
			"me_burst": false, "me": false,
		}}
	}
	if t := s.threads[p.ID]; t != nil && !t.Closed && t.ID != p.Extra["channel"] {
		out["thread"] = s.shown(t)
	}
	if p.Poll != nil {
		out["content"], out["poll"] = "", pollOf(p)
	}
	return out
}

func (s *StandIn) author(p *simulator.Post) object {
	if a := s.m.Account(webhooks, p.Extra["webhook"]); a != nil {
		return userOf(&simulator.Account{ID: a.ID, Handle: cmp.Or(p.Extra["username"], a.Name)})
	}
	return userOf(botUser(p.App))
}

func pollOf(p *simulator.Post) object {
	answers := []object{}
	for i, o := range p.Poll.Options {
		answers = append(answers, object{"answer_id": i + 1, "poll_media": object{"text": o}})
	}
	return object{
		"question": object{"text": p.Text}, "answers": answers, "expiry": p.Poll.Ends.UTC().Format(stamp), "allow_multiselect": p.Poll.Multiple,
		"layout_type": 1, "results": object{"is_finalized": false, "answer_counts": []object{}},
	}
}
