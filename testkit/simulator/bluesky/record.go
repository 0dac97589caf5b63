package bluesky

import (
	"encoding/json"
	"net/http"
	"time"
	"unicode"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	feedPost   = "app.bsky.feed.post"
	feedRepost = "app.bsky.feed.repost"
)

// record is what is written in an account's repository.
type record struct {
	cid  string
	raw  json.RawMessage
	post *simulator.Post // what people see of it; nil: nothing
}

// strongRef is com.atproto.repo.strongRef.
type strongRef struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

// post is what is read of app.bsky.feed.post and app.bsky.feed.repost.
type post struct {
	Type      string    `json:"$type"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"createdAt"`
	Subject   strongRef `json:"subject"`
	Reply     *struct {
		Root   strongRef `json:"root"`
		Parent strongRef `json:"parent"`
	} `json:"reply"`
	Embed struct {
		Images []struct {
			Image blob   `json:"image"`
			Alt   string `json:"alt"`
		} `json:"images"`
		Video    *blob  `json:"video"`
		Alt      string `json:"alt"`
		External struct {
			URI string `json:"uri"`
		} `json:"external"`
	} `json:"embed"`
}

type blob struct {
	Ref struct {
		Link string `json:"$link"`
	} `json:"ref"`
}

// length counts what people see, nearly: marks that join the letter before
// them count nothing.
func length(text string) int {
	n := 0
	for _, c := range text {
		if !unicode.Is(unicode.M, c) && !unicode.Is(unicode.Cf, c) {
			n++
		}
	}
	return n
}

func (s *StandIn) putRecord(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Repo, Collection, Rkey string
		Record                 json.RawMessage
	}
	var p post
	if !simulator.Read(r, &in) || json.Unmarshal(in.Record, &p) != nil {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Input must be an object")
		return
	}
	left := s.m.Take("bluesky/writes/"+t.Account.ID, writes, time.Hour)
	limits(w, left)
	switch {
	case left.Over():
		fail(w, http.StatusTooManyRequests, "RateLimitExceeded", "Rate Limit Exceeded")
		return
	case s.m.Account(platform, in.Repo) != t.Account:
		fail(w, http.StatusUnauthorized, "AuthenticationRequired", "Authentication Required")
		return
	case p.Type != in.Collection || in.Rkey == "":
		fail(w, http.StatusBadRequest, "InvalidRequest", "Invalid $type: expected "+in.Collection+", got "+p.Type)
		return
	case p.CreatedAt.IsZero():
		fail(w, http.StatusBadRequest, "InvalidRequest", "Invalid "+in.Collection+" record: Record must have the property \"createdAt\"")
		return
	case length(p.Text) > 300 || len(p.Text) > 3000:
		fail(w, http.StatusBadRequest, "InvalidRequest", "Invalid "+in.Collection+" record: Record/text must not be longer than 300 graphemes")
		return
	}
	media, missing := s.media(p)
	if missing != "" {
		fail(w, http.StatusBadRequest, "BlobNotFound", "Could not find blob: "+missing)
		return
	}
	uri := "at://" + t.Account.ID + "/" + in.Collection + "/" + in.Rkey
	rec := s.records[uri]
	if rec == nil {
		rec = &record{}
		s.records[uri] = rec
	}
	rec.raw, rec.cid = in.Record, cid(0x71, sum(in.Record))
	s.publish(rec, uri, in.Rkey, t, p, media)
	simulator.JSON(w, http.StatusOK, object{"uri": uri, "cid": rec.cid, "validationStatus": "valid"})
}

// media finds the files of a record, or says which is not there.
func (s *StandIn) media(p post) (found []*simulator.Upload, missing string) {
	take := func(b blob, alt string) {
		u := s.jobs[b.Ref.Link]
		if u == nil {
			missing = b.Ref.Link
			return
		}
		u.Alt = alt
		found = append(found, u)
	}
	for _, i := range p.Embed.Images {
		take(i.Image, i.Alt)
	}
	if p.Embed.Video != nil {
		take(*p.Embed.Video, p.Embed.Alt)
	}
	return found, missing
}

// publish shows people a record, or a changed one.
func (s *StandIn) publish(rec *record, uri, rkey string, t *simulator.Token, p post, media []*simulator.Upload) {
	if p.Type != feedPost && p.Type != feedRepost {
		return
	}
	if rec.post == nil {
		rec.post = s.m.Publish(simulator.Post{
			Platform: platform, Account: t.Account.ID, ID: uri, App: t.App,
			URL: "https://bsky.app/profile/" + t.Account.ID + "/post/" + rkey,
		})
	} else if rec.post.Text != p.Text {
		rec.post.Edited = s.m.Now()
	}
	rec.post.Text, rec.post.Media, rec.post.Link, rec.post.Repost = p.Text, media, p.Embed.External.URI, p.Subject.URI
	if p.Reply != nil {
		rec.post.Parent, rec.post.Root = p.Reply.Parent.URI, p.Reply.Root.URI
	}
}

func (s *StandIn) getRecord(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	repo := q.Get("repo")
	if a := s.m.Account(platform, repo); a != nil {
		repo = a.ID
	}
	uri := "at://" + repo + "/" + q.Get("collection") + "/" + q.Get("rkey")
	rec := s.records[uri]
	if rec == nil {
		fail(w, http.StatusBadRequest, "RecordNotFound", "Could not locate record: "+uri)
		return
	}
	simulator.JSON(w, http.StatusOK, object{"uri": uri, "cid": rec.cid, "value": rec.raw})
}

// deleteRecord says the same of what is not there.
func (s *StandIn) deleteRecord(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct{ Repo, Collection, Rkey string }
	if !simulator.Read(r, &in) {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Input must be an object")
		return
	}
	if s.m.Account(platform, in.Repo) != t.Account {
		fail(w, http.StatusUnauthorized, "AuthenticationRequired", "Authentication Required")
		return
	}
	uri := "at://" + t.Account.ID + "/" + in.Collection + "/" + in.Rkey
	if rec := s.records[uri]; rec != nil && rec.post != nil {
		rec.post.Deleted = true
	}
	delete(s.records, uri)
	simulator.JSON(w, http.StatusOK, object{})
}
