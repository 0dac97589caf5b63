package linkedin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/testkit/simulator"
)

func number(id string) json.Number { return json.Number(id) }

// draft is the body of a new post.
type draft struct {
	Author     string `json:"author"`
	Commentary string `json:"commentary"`
	Visibility string `json:"visibility"`
	State      string `json:"lifecycleState"`
	Content    struct {
		Media *struct {
			ID    string `json:"id"`
			Title string `json:"title"`
			Alt   string `json:"altText"`
		} `json:"media"`
		MultiImage *struct {
			Images []struct {
				ID  string `json:"id"`
				Alt string `json:"altText"`
			} `json:"images"`
		} `json:"multiImage"`
		Article *struct {
			Source    string `json:"source"`
			Title     string `json:"title"`
			Thumbnail string `json:"thumbnail"`
		} `json:"article"`
		Poll *struct {
			Question string `json:"question"`
			Options  []struct {
				Text string `json:"text"`
			} `json:"options"`
			Settings struct {
				Duration string `json:"duration"`
			} `json:"settings"`
		} `json:"poll"`
	} `json:"content"`
}

// files finds the uploads of a draft, or says which is of no use.
func (s *StandIn) files(in draft, owner string) (files []*simulator.Upload, problem string) {
	problem = in.wrong()
	for _, want := range in.wants() {
		u := s.m.Upload(members, want.ID)
		if u == nil || u.Account != owner || !s.m.Ready(u) {
			return nil, "The file " + want.ID + " is not available"
		}
		u.Alt = want.Alt
		files = append(files, u)
	}
	return files, problem
}

// wanted is a file of a draft.
type wanted struct{ ID, Alt string }

func (in draft) wants() []wanted {
	var out []wanted
	c := in.Content
	if c.Media != nil {
		out = append(out, wanted{c.Media.ID, c.Media.Alt})
	}
	if c.MultiImage != nil {
		for _, i := range c.MultiImage.Images {
			out = append(out, wanted{i.ID, i.Alt})
		}
	}
	if c.Article != nil && c.Article.Thumbnail != "" {
		out = append(out, wanted{ID: c.Article.Thumbnail})
	}
	return out
}

// wrong says what is wrong with a draft itself.
func (in draft) wrong() string {
	c := in.Content
	switch {
	case utf8.RuneCountInString(in.Commentary) > maxText:
		return fmt.Sprintf("The commentary is longer than %d characters", maxText)
	case c.Media != nil && strings.Contains(c.Media.ID, ":document:") && c.Media.Title == "":
		return "A document needs a title"
	case c.MultiImage != nil && (len(c.MultiImage.Images) < 2 || len(c.MultiImage.Images) > 20):
		return "There must be 2 to 20 images"
	case c.Article != nil && c.Article.Title == "":
		return "An article needs a title"
	}
	return ""
}

var (
	hashtag = regexp.MustCompile(`\{hashtag\|\\#\|((?:\\.|[^}\\])+)\}`)
	mention = regexp.MustCompile(`@\[([^\]]*)\]\(urn:li:[^)]*\)`)
)

// plain is what people read of little text. As LinkedIn does, it ends at the
// first reserved character that is not escaped.
func plain(s string) string {
	s = mention.ReplaceAllString(hashtag.ReplaceAllString(s, `\#$1`), "$1")
	var b strings.Builder
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case strings.ContainsRune(`|{}@[]()<>#*_~`, r):
			return b.String()
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (s *StandIn) create(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	if !simulator.Read(r, &in) || in.State != "PUBLISHED" || in.Visibility == "" {
		invalid(w, "The post is incomplete")
		return
	}
	a := s.acts(w, t, in.Author)
	if a == nil {
		return
	}
	files, problem := s.files(in, in.Author)
	same := s.same(a, in.Commentary, files)
	switch {
	case s.m.Take("linkedin/posts/"+in.Author, posts, day).Over():
		s.Refuse(w, r, simulator.QuotaGone)
	case problem != "":
		invalid(w, problem)
	case same != nil:
		duplicate(w, same.ID)
	default:
		s.publish(w, in, t, a, files)
	}
}

// same is a post of a short while ago with the same content; nil: none.
func (s *StandIn) same(a *simulator.Account, commentary string, files []*simulator.Upload) *simulator.Post {
	for _, p := range s.m.Posts(a.Platform, a.ID) {
		if p.Parent == "" && p.Extra["commentary"] == commentary && len(p.Media) == len(files) && (len(files) == 0 || p.Media[0] == files[0]) &&
			s.m.Now().Sub(p.At) < remembered {
			return p
		}
	}
	return nil
}

func (s *StandIn) publish(w http.ResponseWriter, in draft, t *simulator.Token, a *simulator.Account, files []*simulator.Upload) {
	kind := "share"
	if c := in.Content; c.Media != nil && strings.Contains(c.Media.ID, ":video:") {
		kind = "ugcPost"
	}
	p := simulator.Post{
		Platform: a.Platform, Account: a.ID, App: t.App, ID: "urn:li:" + kind + ":" + s.m.NewID(), Text: plain(in.Commentary), Media: files,
		Extra: map[string]string{"commentary": in.Commentary, "visibility": in.Visibility},
	}
	if c := in.Content; c.Article != nil {
		p.Link, p.Extra["title"] = c.Article.Source, c.Article.Title
	}
	if c := in.Content.Poll; c != nil {
		span := map[string]time.Duration{"ONE_DAY": day, "THREE_DAYS": 3 * day, "SEVEN_DAYS": 7 * day, "FOURTEEN_DAYS": 14 * day}[c.Settings.Duration]
		p.Poll = &simulator.Poll{Ends: s.m.Now().Add(span)}
		for _, o := range c.Options {
			p.Poll.Options = append(p.Poll.Options, o.Text)
		}
	}
	p.URL = "https://www.linkedin.com/feed/update/" + p.ID
	w.Header().Set("X-Restli-Id", s.m.Publish(p).ID)
	w.WriteHeader(http.StatusCreated)
}

// find finds a post or comment of members or pages; nil: there is none.
func (s *StandIn) find(id string) *simulator.Post {
	if p := s.m.Post(members, id); p != nil {
		return p
	}
	return s.m.Post(pages, id)
}

// own finds what the bearer may change; nil: it answered why not.
func (s *StandIn) own(w http.ResponseWriter, id string, t *simulator.Token) *simulator.Post {
	p := s.find(id)
	if p == nil {
		missing(w)
		return nil
	}
	if s.acts(w, t, urnOf(s.m.Account(p.Platform, p.Account))) == nil {
		return nil
	}
	return p
}

// mayRead reports whether the bearer may read posts: those of a page it manages.
func (s *StandIn) mayRead(w http.ResponseWriter, t *simulator.Token, author string) bool {
	if !strings.HasPrefix(author, "urn:li:organization:") || !t.Has("r_organization_social") {
		fail(w, http.StatusForbidden, 100, "ACCESS_DENIED", "Not enough permissions to read posts of "+author)
		return false
	}
	return s.acts(w, t, author) != nil
}

func (s *StandIn) post(p *simulator.Post) object {
	out := object{
		"id": p.ID, "author": urnOf(s.m.Account(p.Platform, p.Account)), "commentary": p.Extra["commentary"], "visibility": p.Extra["visibility"],
		"createdAt": p.At.UnixMilli(), "publishedAt": p.At.UnixMilli(), "lifecycleState": "PUBLISHED",
	}
	switch {
	case p.Link != "":
		out["content"] = object{"article": object{"source": p.Link, "title": p.Extra["title"]}}
	case len(p.Media) == 1:
		out["content"] = object{"media": object{"id": p.Media[0].ID}}
	case len(p.Media) > 1:
		images := []object{}
		for _, u := range p.Media {
			images = append(images, object{"id": u.ID})
		}
		out["content"] = object{"multiImage": object{"images": images}}
	}
	return out
}

func (s *StandIn) list(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	author := r.URL.Query().Get("author")
	if !s.mayRead(w, t, author) {
		return
	}
	found := []object{}
	for _, p := range s.m.Posts(pages, strings.TrimPrefix(author, "urn:li:organization:")) {
		if p.Parent == "" && len(found) < 50 {
			found = append(found, s.post(p))
		}
	}
	simulator.JSON(w, http.StatusOK, object{"elements": found})
}

func (s *StandIn) read(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.find(r.PathValue("urn"))
	if p == nil {
		missing(w)
		return
	}
	if s.mayRead(w, t, urnOf(s.m.Account(p.Platform, p.Account))) {
		simulator.JSON(w, http.StatusOK, s.post(p))
	}
}

func (s *StandIn) change(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Patch struct {
			Set struct {
				Commentary *string `json:"commentary"`
			} `json:"$set"`
		} `json:"patch"`
	}
	if r.Header.Get("X-Restli-Method") != "PARTIAL_UPDATE" || !simulator.Read(r, &in) || in.Patch.Set.Commentary == nil {
		invalid(w, "Only the commentary can be changed")
		return
	}
	if p := s.own(w, r.PathValue("urn"), t); p != nil {
		p.Extra["commentary"], p.Text, p.Edited = *in.Patch.Set.Commentary, plain(*in.Patch.Set.Commentary), s.m.Now()
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if p := s.own(w, r.PathValue("urn"), t); p != nil {
		p.Deleted = true
		w.WriteHeader(http.StatusNoContent)
	}
}

// commentURN names a comment of a post.
func commentURN(post, id string) string { return "urn:li:comment:(" + post + "," + id + ")" }

func (s *StandIn) said(p *simulator.Post) object {
	id := strings.TrimSuffix(p.ID[strings.LastIndex(p.ID, ",")+1:], ")")
	actor := urnOf(s.m.Account(p.Platform, p.Account))
	return object{
		"id": id, "commentUrn": p.ID, "actor": actor, "object": p.Root, "message": object{"text": p.Text},
		"created": object{"actor": actor, "time": p.At.UnixMilli()},
	}
}

func (s *StandIn) comment(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Actor   string `json:"actor"`
		Object  string `json:"object"`
		Message struct {
			Text string `json:"text"`
		} `json:"message"`
		Content []struct {
			Entity struct {
				Image string `json:"image"`
			} `json:"entity"`
		} `json:"content"`
	}
	root := r.PathValue("urn")
	if !simulator.Read(r, &in) || in.Object != root || in.Message.Text == "" || utf8.RuneCountInString(in.Message.Text) > maxComment {
		invalid(w, "The comment is invalid")
		return
	}
	a := s.acts(w, t, in.Actor)
	if a == nil {
		return
	}
	if s.find(root) == nil {
		missing(w)
		return
	}
	id := s.m.NewID()
	p := simulator.Post{
		Platform: a.Platform, Account: a.ID, App: t.App, ID: commentURN(root, id), Text: in.Message.Text, Parent: root, Root: root,
	}
	for _, c := range in.Content {
		if u := s.m.Upload(members, c.Entity.Image); u != nil && u.Account == in.Actor {
			p.Media = append(p.Media, u)
		}
	}
	p.URL = "https://www.linkedin.com/feed/update/" + root + "?" + url.Values{"commentUrn": {p.ID}}.Encode()
	out := s.m.Publish(p)
	w.Header().Set("X-Restli-Id", id)
	simulator.JSON(w, http.StatusCreated, s.said(out))
}

func (s *StandIn) comments(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.find(r.PathValue("urn"))
	if p == nil {
		missing(w)
		return
	}
	if !s.mayRead(w, t, urnOf(s.m.Account(p.Platform, p.Account))) {
		return
	}
	found := []object{}
	for _, platform := range []string{members, pages} {
		for _, c := range s.m.Answers(platform, p.ID) {
			found = append(found, s.said(c))
		}
	}
	simulator.JSON(w, http.StatusOK, object{"elements": found})
}

func (s *StandIn) readComment(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if p := s.own(w, commentURN(r.PathValue("urn"), r.PathValue("id")), t); p != nil {
		simulator.JSON(w, http.StatusOK, s.said(p))
	}
}

func (s *StandIn) changeComment(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Patch struct {
			Message struct {
				Set struct {
					Text string `json:"text"`
				} `json:"$set"`
			} `json:"message"`
		} `json:"patch"`
	}
	if r.Header.Get("X-Restli-Method") != "PARTIAL_UPDATE" || !simulator.Read(r, &in) || in.Patch.Message.Set.Text == "" {
		invalid(w, "Only the text can be changed")
		return
	}
	if p := s.own(w, commentURN(r.PathValue("urn"), r.PathValue("id")), t); p != nil {
		p.Text, p.Edited = in.Patch.Message.Set.Text, s.m.Now()
		simulator.JSON(w, http.StatusOK, s.said(p))
	}
}

func (s *StandIn) removeComment(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	if p := s.own(w, commentURN(r.PathValue("urn"), r.PathValue("id")), t); p != nil {
		p.Deleted = true
		w.WriteHeader(http.StatusNoContent)
	}
}
