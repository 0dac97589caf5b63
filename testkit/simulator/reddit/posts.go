package reddit

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	maxTitle   = 300
	maxText    = 40_000
	maxComment = 10_000
	// rest is how long those must wait who are new.
	rest = 10 * time.Minute
	// work is how long Reddit takes for a file.
	work = 4 * time.Second
)

// draft is what a post is made of.
type draft struct {
	Subreddit string   `json:"sr"`
	Title     string   `json:"title"`
	Text      string   `json:"text"`
	Flair     string   `json:"flair_id"`
	NSFW      bool     `json:"nsfw"`
	Resubmit  bool     `json:"resubmit"`
	Options   []string `json:"options"`
	Duration  int      `json:"duration"`
	Items     []struct {
		Media string `json:"media_id"`
	} `json:"items"`

	kind, link string
}

// wrong says what is wrong with a draft, whatever its kind is; empty: nothing.
func (s *StandIn) wrong(in draft, a *simulator.Account) (code, words, field string) {
	profile, own := strings.CutPrefix(in.Subreddit, "u_")
	c := s.community(in.Subreddit)
	switch {
	case strings.TrimSpace(in.Title) == "":
		return "NO_TEXT", "we need something here", "title"
	case utf8.RuneCountInString(in.Title) > maxTitle:
		return "TOO_LONG", "This field must be under 300 characters", "title"
	case utf8.RuneCountInString(in.Text) > maxText:
		return "TOO_LONG", "This field must be under 40000 characters", "text"
	case own && profile == a.Handle:
	case c == nil:
		return "SUBREDDIT_NOEXIST", "Hmm, that community doesn't exist. Try checking the spelling.", "sr"
	case c.Extra["type"] == "restricted":
		return "SUBREDDIT_NOTALLOWED", "This community only allows trusted members to post here", "sr"
	case in.Flair != "" && !slices.ContainsFunc(s.m.Accounts(platform, "flair", c.ID), func(f *simulator.Account) bool { return f.ID == in.Flair }):
		return "BAD_FLAIR_TEMPLATE_ID", "Flair template not found", "flair"
	case in.Flair == "" && c.Extra["flair"] == "required":
		return "SUBMIT_VALIDATION_FLAIR_REQUIRED", "Your post must contain post flair.", "flair"
	}
	return s.again(in, a)
}

// again says that something was posted a short while ago.
func (s *StandIn) again(in draft, a *simulator.Account) (code, words, field string) {
	for _, p := range s.m.Posts(platform, "") {
		if in.kind == "link" && !in.Resubmit && p.Link == in.link && strings.EqualFold(p.Extra["sr"], in.Subreddit) {
			return "ALREADY_SUB", "This community doesn't allow links to be posted more than once, and this link has already been shared", "url"
		}
		if wait := p.At.Add(rest).Sub(s.m.Now()); a.Extra["new"] != "" && p.Account == a.ID && wait > 0 {
			return "RATELIMIT", "Looks like you've been doing that a lot. Take a break for " + strconv.Itoa(int(wait.Minutes())) + " minutes before trying again.", "ratelimit"
		}
	}
	return "", "", ""
}

// submit makes all posts but galleries and polls.
func (s *StandIn) submit(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	f := func(name string) string { return r.PostFormValue(name) }
	in := draft{
		Subreddit: f("sr"), Title: f("title"), Text: f("text"), Flair: f("flair_id"), NSFW: f("nsfw") == "true", Resubmit: f("resubmit") == "true",
		kind: f("kind"), link: f("url"),
	}
	if code, words, field := s.wrong(in, t.Account); code != "" {
		refuse(w, code, words, field)
		return
	}
	p := s.post(in, t)
	switch in.kind {
	case "self":
	case "link":
		if u, err := url.Parse(in.link); err != nil || u.Host == "" {
			refuse(w, "NO_URL", "a url is required", "url")
			return
		}
		p.Link = in.link
	case "crosspost":
		first := s.m.Post(platform, f("crosspost_fullname"))
		if first == nil {
			refuse(w, "INVALID_CROSSPOST_THING", "that isn't a valid crosspost url", "crosspost_fullname")
			return
		}
		p.Repost = first.ID
	case "image", "video", "videogif":
		s.submitFile(w, r, p, t)
		return
	default:
		refuse(w, "INVALID_OPTION", "that option is not valid", "sr")
		return
	}
	out := s.m.Publish(p)
	id := strings.TrimPrefix(out.ID, "t3_")
	simulator.JSON(w, http.StatusOK, object{"json": object{"errors": []any{}, "data": object{"url": out.URL, "drafts_count": 0, "id": id, "name": out.ID}}})
}

// submitFile makes a post that nobody sees before its file is worked off. Its id
// is told on a web socket, which is not played.
func (s *StandIn) submitFile(w http.ResponseWriter, r *http.Request, p simulator.Post, t *simulator.Token) {
	u := s.uploaded(r.PostFormValue("url"), t)
	if u == nil {
		refuse(w, "BAD_URL", "you should check that url", "url")
		return
	}
	if strings.HasPrefix(r.PostFormValue("kind"), "video") && s.uploaded(r.PostFormValue("video_poster_url"), t) == nil {
		refuse(w, "MISSING_VIDEO_URLS", "This community requires a video link and a post link", "url")
		return
	}
	s.m.Process(u, work)
	p.Media, p.At = []*simulator.Upload{u}, u.Done
	s.m.Publish(p)
	simulator.JSON(w, http.StatusOK, object{"json": object{"errors": []any{}, "data": object{
		"user_submitted_page": "https://www.reddit.com/user/" + t.Account.Handle + "/submitted/", "websocket_url": "wss://ws.wss.redditmedia.com/" + u.ID,
	}}})
}

// post begins a post.
func (s *StandIn) post(in draft, t *simulator.Token) simulator.Post {
	id := s.newID()
	place := "/r/" + in.Subreddit
	if name, own := strings.CutPrefix(in.Subreddit, "u_"); own {
		place = "/user/" + name
	}
	return simulator.Post{
		Platform: platform, Account: t.Account.ID, App: t.App, ID: "t3_" + id, Text: in.Text,
		URL:   "https://www.reddit.com" + place + "/comments/" + id + "/" + slug(in.Title) + "/",
		Extra: map[string]string{"sr": in.Subreddit, "title": in.Title, "flair": in.Flair, "kind": in.kind},
	}
}

// newID is an id as Reddit writes them: in letters and digits.
func (s *StandIn) newID() string {
	n, _ := strconv.ParseUint(s.m.NewID(), 10, 64) // It has digits alone.
	return strconv.FormatUint(n, 36)
}

// slug is a title in an address.
func slug(title string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(title)), "_")
}

func (s *StandIn) gallery(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	if !simulator.Read(r, &in) {
		fail(w, http.StatusInternalServerError)
		return
	}
	in.kind = "gallery"
	if code, words, field := s.wrong(in, t.Account); code != "" {
		refuse(w, code, words, field)
		return
	}
	p := s.post(in, t)
	for _, i := range in.Items {
		u := s.asset(i.Media, t)
		if u == nil || slices.Contains(p.Media, u) {
			fail(w, http.StatusInternalServerError)
			return
		}
		s.m.Process(u, 0)
		p.Media = append(p.Media, u)
	}
	if len(p.Media) < 2 {
		refuse(w, "placeholder", "List is too short.", "items")
		return
	}
	s.done(w, p)
}

func (s *StandIn) poll(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	if !simulator.Read(r, &in) {
		fail(w, http.StatusInternalServerError)
		return
	}
	in.kind = "poll"
	code, words, field := s.wrong(in, t.Account)
	switch {
	case code != "":
		refuse(w, code, words, field)
	case len(in.Options) < 2:
		refuse(w, "TOO_FEW_OPTIONS", "you need at least 2 poll options", "options")
	case in.Duration == 0:
		refuse(w, "placeholder", "Missing value", "duration")
	default:
		p := s.post(in, t)
		p.Poll = &simulator.Poll{Options: in.Options, Ends: s.m.Now().AddDate(0, 0, in.Duration)}
		s.done(w, p)
	}
}

// done publishes a gallery or a poll.
func (s *StandIn) done(w http.ResponseWriter, p simulator.Post) {
	out := s.m.Publish(p)
	simulator.JSON(w, http.StatusOK, object{"json": object{"errors": []any{}, "data": object{"url": out.URL, "id": out.ID}}})
}

func (s *StandIn) comment(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	text := r.PostFormValue("text")
	above := s.m.Post(platform, r.PostFormValue("thing_id"))
	switch {
	case above == nil:
		refuse(w, "NO_THING_ID", "ID not specified", "thing_id")
		return
	case strings.TrimSpace(text) == "":
		refuse(w, "NO_TEXT", "we need something here", "text")
		return
	case utf8.RuneCountInString(text) > maxComment:
		refuse(w, "TOO_LONG", "this is too long (max: 10000)", "text")
		return
	}
	root := above
	if above.Root != "" {
		root = s.m.Post(platform, above.Root)
	}
	if root == nil {
		refuse(w, "DELETED_LINK", "the link you are commenting on has been deleted", "parent")
		return
	}
	id := s.newID()
	p := s.m.Publish(simulator.Post{
		Platform: platform, Account: t.Account.ID, App: t.App, ID: "t1_" + id, Text: text, Parent: above.ID, Root: root.ID,
		URL: root.URL + id + "/", Extra: map[string]string{"sr": root.Extra["sr"]},
	})
	simulator.JSON(w, http.StatusOK, object{"json": object{"errors": []any{}, "data": object{"things": []object{s.thing(p)}}}})
}

// thing is a post or a comment as others read it.
func (s *StandIn) thing(p *simulator.Post) object {
	author := ""
	if a := s.m.Account(platform, p.Account); a != nil {
		author = a.Handle
	}
	kind, id, _ := strings.Cut(p.ID, "_")
	out := object{
		"id": id, "name": p.ID, "author": author, "subreddit": p.Extra["sr"], "permalink": strings.TrimPrefix(p.URL, "https://www.reddit.com"),
		"created_utc": float64(p.At.Unix()), "score": s.m.Count(p, "score", 300), "removed_by_category": nil,
	}
	if kind == "t1" {
		out["body"], out["parent_id"], out["link_id"] = p.Text, p.Parent, p.Root
		return object{"kind": kind, "data": out}
	}
	out["title"], out["selftext"], out["is_self"] = p.Extra["title"], p.Text, p.Extra["kind"] == "self" || p.Extra["kind"] == "poll"
	out["num_comments"], out["num_crossposts"], out["upvote_ratio"] = len(s.m.Answers(platform, p.ID)), s.m.Count(p, "crossposts", 3), 0.97
	return object{"kind": kind, "data": out}
}

// seen reports whether people see a post: its file is worked off.
func (s *StandIn) seen(p *simulator.Post) bool { return !p.At.After(s.m.Now()) }

// listed lists what an account posted, newest first.
func (s *StandIn) listed(kind string) answer {
	return func(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
		a := s.m.Account(platform, r.PathValue("name"))
		if a == nil {
			fail(w, http.StatusNotFound)
			return
		}
		found := []object{}
		for _, p := range s.m.Posts(platform, a.ID) {
			if s.seen(p) && strings.HasPrefix(p.ID, kind) && len(found) < 100 {
				found = append(found, s.thing(p))
			}
		}
		simulator.JSON(w, http.StatusOK, listing(found))
	}
}

func (s *StandIn) info(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for id := range strings.SplitSeq(r.URL.Query().Get("id"), ",") {
		if p := s.m.Post(platform, id); p != nil && s.seen(p) {
			found = append(found, s.thing(p))
		}
	}
	simulator.JSON(w, http.StatusOK, listing(found))
}

func (s *StandIn) edit(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.m.Post(platform, r.PostFormValue("thing_id"))
	switch {
	case p == nil || p.Account != t.Account.ID:
		refuse(w, "NO_THING_ID", "ID not specified", "thing_id")
	case strings.HasPrefix(p.ID, "t3_") && p.Extra["kind"] != "self":
		fail(w, http.StatusInternalServerError)
	default:
		p.Text, p.Edited = r.PostFormValue("text"), s.m.Now()
		simulator.JSON(w, http.StatusOK, object{"json": object{"errors": []any{}, "data": object{"things": []object{s.thing(p)}}}})
	}
}

// remove deletes, and says nothing about what is not there.
func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if p := s.m.Post(platform, r.PostFormValue("id")); p != nil && p.Account == t.Account.ID {
		p.Deleted = true
	}
	simulator.JSON(w, http.StatusOK, object{})
}
