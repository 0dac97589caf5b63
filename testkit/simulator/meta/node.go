package meta

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// who is the account that an id in a path means to the bearer of a token: the
// account itself, or one on Instagram that belongs to the page; nil: none that
// is theirs.
func (s *StandIn) who(t *simulator.Token, id string) *simulator.Account {
	if id == "me" || id == t.Account.ID {
		return t.Account
	}
	a := s.m.Account(instagram, id)
	if t.Platform != facebook || a == nil || a.Owner != t.Account.ID {
		return nil
	}
	return a
}

// post finds what is out and belongs to the bearer of a token.
func (s *StandIn) post(t *simulator.Token, id string) *simulator.Post {
	for _, platform := range []string{facebook, instagram, standalone} {
		if p := s.m.Post(platform, id); p != nil && s.who(t, p.Account) != nil {
			return p
		}
	}
	return nil
}

// upload finds a file or container.
func (s *StandIn) upload(id string) *simulator.Upload {
	for _, platform := range []string{facebook, instagram, standalone} {
		if u := s.m.Upload(platform, id); u != nil {
			return u
		}
	}
	return nil
}

// node answers GET /{id}.
func (s *StandIn) node(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	id := r.PathValue("id")
	if a := s.who(t, id); a != nil {
		simulator.JSON(w, http.StatusOK, s.account(a))
		return
	}
	// A video is a file before it is a post, and keeps its id.
	if u := s.upload(id); u != nil {
		simulator.JSON(w, http.StatusOK, s.file(u))
		return
	}
	if p := s.post(t, id); p != nil {
		simulator.JSON(w, http.StatusOK, s.shown(p))
		return
	}
	gone(w)
}

func (s *StandIn) account(a *simulator.Account) object {
	return object{
		"id": a.ID, "user_id": a.ID, "name": a.Name, "username": a.Handle, "followers_count": 321,
		"profile_picture_url": s.m.Avatar(a), "picture": object{"data": object{"url": s.m.Avatar(a)}},
	}
}

// file is how far a video or a container has come.
func (s *StandIn) file(u *simulator.Upload) object {
	if u.Extra["container"] != "" {
		return object{"id": u.ID, "status_code": s.containerState(u), "status": s.containerState(u)}
	}
	status := object{"video_status": "upload_complete", "publishing_phase": object{"status": "not_started"}}
	switch {
	case u.Extra["sent"] != "" && s.m.Ready(u):
		status = object{"video_status": "ready", "processing_phase": object{"status": "complete"}, "publishing_phase": object{"status": "complete", "publish_status": "published"}}
	case u.Extra["sent"] != "":
		status = object{"video_status": "processing", "processing_phase": object{"status": "in_progress"}, "publishing_phase": object{"status": "not_started"}}
	}
	out := object{"id": u.ID, "status": status, "permalink_url": "/reel/" + u.ID + "/"}
	if p := s.m.Post(facebook, u.ID); p != nil {
		for k, v := range s.shown(p) {
			if k != "permalink_url" {
				out[k] = v
			}
		}
	}
	return out
}

func (s *StandIn) containerState(u *simulator.Upload) string {
	switch {
	case u.Extra["published"] != "":
		return "PUBLISHED"
	case u.Failed != "":
		return "ERROR"
	case s.m.Now().After(u.Done.Add(24 * time.Hour)):
		return "EXPIRED"
	case s.m.Ready(u):
		return "FINISHED"
	}
	return "IN_PROGRESS"
}

// shown is a post in the words of both platforms.
func (s *StandIn) shown(p *simulator.Post) object {
	counted := func(what string, most uint64) object {
		return object{"data": []object{}, "summary": object{"total_count": s.m.Count(p, what, most)}}
	}
	targets := []object{}
	for _, u := range p.Media {
		targets = append(targets, object{"target": object{"id": u.ID}})
	}
	owner := s.m.Account(p.Platform, p.Account)
	return object{
		"id": p.ID, "message": p.Text, "description": p.Text, "caption": p.Text, "text": p.Text, "created_time": date(p.At),
		"timestamp": date(p.At), "permalink_url": p.URL, "permalink": p.URL, "from": object{"id": p.Account}, "username": owner.Handle,
		"attachments": object{"data": []object{{"subattachments": object{"data": targets}}}},
		"reactions":   counted("likes", 50), "likes": counted("likes", 50), "comments": counted("comments", 9),
		"shares": object{"count": s.m.Count(p, "shares", 5)}, "views": s.m.Count(p, "views", 900), "like_count": s.m.Count(p, "likes", 50),
	}
}

// list answers GET /{id}/{edge}.
func (s *StandIn) list(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	id, edge := r.PathValue("id"), r.PathValue("edge")
	if edge == "insights" || edge == "comments" {
		if p := s.post(t, id); p != nil {
			s.ofPost(w, r, p, edge)
			return
		}
	}
	a := s.who(t, id)
	if a == nil {
		gone(w)
		return
	}
	data, known := s.edge(r, t, a, edge)
	if !known {
		fail(w, http.StatusBadRequest, 100, 0, "Tried accessing nonexisting field ("+edge+")")
		return
	}
	simulator.JSON(w, http.StatusOK, object{"data": data})
}

// edge is a list of an account; false: there is none of this name.
func (s *StandIn) edge(r *http.Request, t *simulator.Token, a *simulator.Account, edge string) ([]object, bool) {
	data := []object{}
	switch edge {
	case "permissions":
		for _, scope := range t.Scopes {
			data = append(data, object{"permission": scope, "status": "granted"})
		}
	case "accounts":
		data = s.pages(t)
	case "businesses":
	case "content_publishing_limit":
		data = append(data, object{"quota_usage": len(s.m.Posts(a.Platform, a.ID)) % 100, "config": object{"quota_total": 100, "quota_duration": 86400}})
	case "insights":
		data = s.days(r)
	case "published_posts", "videos", "media", "stories":
		for _, p := range s.m.Posts(a.Platform, a.ID) {
			if p.Extra["edge"] == edge {
				data = append(data, s.listed(p))
			}
		}
	default:
		return nil, false
	}
	return data, true
}

// listed is a post in a list; stories of pages have names of their own.
func (s *StandIn) listed(p *simulator.Post) object {
	out := s.shown(p)
	if p.Platform == facebook && p.Extra["edge"] == "stories" {
		out["post_id"], out["media_id"], out["url"], out["status"] = p.ID, p.Media[0].ID, p.URL, "PUBLISHED"
	}
	return out
}

// ofPost lists the comments of a post, or its numbers.
func (s *StandIn) ofPost(w http.ResponseWriter, r *http.Request, p *simulator.Post, edge string) {
	data := []object{}
	if edge == "comments" {
		for _, c := range s.m.Answers(p.Platform, p.ID) {
			data = append(data, s.shown(c))
		}
		slices.Reverse(data)
	} else {
		for name := range strings.SplitSeq(r.URL.Query().Get("metric"), ",") {
			data = append(data, object{"name": name, "period": "lifetime", "values": []object{{"value": s.m.Count(p, name, 500)}}})
		}
	}
	simulator.JSON(w, http.StatusOK, object{"data": data})
}

// pages are those of the person, each with a token of its own that has no end.
func (s *StandIn) pages(t *simulator.Token) []object {
	data := []object{}
	for _, page := range s.m.Accounts(facebook, "page", t.Account.ID) {
		token := s.m.Issue(simulator.Token{Platform: facebook, App: t.App, Account: page, Scopes: t.Scopes})
		out := s.account(page)
		out["access_token"], out["tasks"], out["link"] = token.Access, []string{"ANALYZE", "CREATE_CONTENT"}, "https://www.facebook.com/"+page.Handle
		for _, a := range s.m.Accounts(instagram, "account", page.ID) {
			out["instagram_business_account"] = s.account(a)
		}
		data = append(data, out)
	}
	return data
}

// days are numbers of an account of the days until now.
func (s *StandIn) days(r *http.Request) []object {
	data := []object{}
	end := s.m.Now().UTC().Truncate(24 * time.Hour).Add(8 * time.Hour)
	for name := range strings.SplitSeq(r.URL.Query().Get("metric"), ",") {
		values := []object{}
		for back := 6; back >= 0; back-- {
			values = append(values, object{"value": 100 - back, "end_time": date(end.Add(-time.Duration(back) * 24 * time.Hour))})
		}
		data = append(data, object{"name": name, "period": "day", "values": values})
	}
	return data
}
