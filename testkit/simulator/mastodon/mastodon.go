// Package mastodon plays a Mastodon server, as documented on
// https://docs.joinmastodon.org.
package mastodon

import (
	"cmp"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/testkit/simulator"
)

const platform = "mastodon"

// What the server allows, as Mastodon does as it comes.
const (
	maxText  = 500
	maxFiles = 4
	linkSize = 23
	// posts may be made within window: https://docs.joinmastodon.org/api/rate-limits/.
	posts  = 300
	window = 3 * time.Hour
	// remembered is for how long an Idempotency-Key gives the same post again.
	remembered = time.Hour
)

// StandIn plays one server.
type StandIn struct {
	m *simulator.Mount
	// keys are the posts that an account made with an Idempotency-Key.
	keys map[string]*simulator.Post
}

// New returns a server without posts.
func New() *StandIn { return &StandIn{keys: map[string]*simulator.Post{}} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{"MASTODON_INSTANCE": at(simulator.Self)}
}

// Types implements simulator.Typist.
func (s *StandIn) Types(simulator.Account) map[string]string {
	return map[string]string{"instance": s.m.URL(simulator.Self, "")}
}

// Mount implements simulator.StandIn. The server answers under the name of the
// largest one too.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.AddAccount(simulator.Account{Platform: platform, ID: "109000000000000001", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "109000000000000002", Handle: "bob", Name: "Bob Example"})
	for _, host := range []string{simulator.Self, "mastodon.social"} {
		m.OAuth2(simulator.OAuth2{
			Platform: platform, Authorize: host + "/oauth/authorize", Token: host + "/oauth/token", Revoke: host + "/oauth/revoke",
			Refresh: -1, Apps: true,
			Reply: func(w http.ResponseWriter, t *simulator.Token) {
				simulator.JSON(w, http.StatusOK, object{
					"access_token": t.Access, "token_type": "Bearer", "scope": strings.Join(t.Scopes, " "), "created_at": m.Now().Unix(),
				})
			},
		})
		m.Handle("GET "+host+"/{handle}/{id}", s.page)
		m.Handle("GET "+host+"/.well-known/oauth-authorization-server", s.metadata)
		m.Handle("POST "+host+"/api/v1/apps", s.register)
		m.Handle("GET "+host+"/api/v2/instance", s.instance)
		m.Handle("GET "+host+"/api/v1/accounts/verify_credentials", s.signed(s.me))
		m.Handle("GET "+host+"/api/v1/accounts/{id}/statuses", s.signed(s.list))
		m.Handle("POST "+host+"/api/v2/media", s.signed(s.upload))
		m.Handle("GET "+host+"/api/v1/media/{id}", s.signed(s.file))
		m.Handle("POST "+host+"/api/v1/statuses", s.signed(s.create))
		m.Handle("GET "+host+"/api/v1/statuses/{id}", s.signed(s.read))
		m.Handle("PUT "+host+"/api/v1/statuses/{id}", s.signed(s.change))
		m.Handle("DELETE "+host+"/api/v1/statuses/{id}", s.signed(s.remove))
		m.Handle("POST "+host+"/api/v1/statuses/{id}/reblog", s.signed(s.boost))
		m.Handle("GET "+host+"/api/v2/search", s.signed(s.search))
	}
}

// page is where the link of a post leads people to.
func (s *StandIn) page(w http.ResponseWriter, r *http.Request) {
	if s.m.Post(platform, r.PathValue("id")) == nil {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, s.m.URL(simulator.Self, "/#"+platform+"-"+r.PathValue("id")), http.StatusSeeOther)
}

type object = map[string]any

// fail answers as every refusal looks: https://docs.joinmastodon.org/entities/Error/.
func fail(w http.ResponseWriter, status int, message string) {
	simulator.JSON(w, status, object{"error": message})
}

// Refuse implements simulator.Refuser.
func (s *StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		limits(w, simulator.Window{Limit: posts, Reset: s.m.Now().Add(time.Minute)})
		fail(w, http.StatusTooManyRequests, "Too many requests")
	case simulator.TokenExpired:
		fail(w, http.StatusUnauthorized, "The access token expired")
	case simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, "The access token was revoked")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, "Service unavailable")
	case simulator.Rejected:
		fail(w, http.StatusUnprocessableEntity, "Validation failed: Text contains a word that is not allowed here")
	case simulator.QuotaGone, simulator.Duplicate:
		return false
	}
	return true
}

// limits writes https://docs.joinmastodon.org/api/rate-limits/#headers.
func limits(w http.ResponseWriter, left simulator.Window) {
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(left.Limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(0, left.Remaining)))
	w.Header().Set("X-RateLimit-Reset", left.Reset.UTC().Format("2006-01-02T15:04:05.000000Z"))
}

// signed lets in who has a token.
func (s *StandIn) signed(h func(http.ResponseWriter, *http.Request, *simulator.Token)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, why := s.m.Bearer(r, platform)
		switch why {
		case simulator.Fine:
			h(w, r, token)
		case simulator.Expired:
			s.Refuse(w, r, simulator.TokenExpired)
		case simulator.Revoked:
			s.Refuse(w, r, simulator.TokenRevoked)
		case simulator.Missing, simulator.Unknown:
			fail(w, http.StatusUnauthorized, "The access token is invalid")
		}
	}
}

// scopes are those that a server of today knows.
var scopes = []string{"read", "write", "profile", "read:accounts", "read:search", "read:statuses", "write:media", "write:statuses"}

func (s *StandIn) metadata(w http.ResponseWriter, r *http.Request) {
	at := func(path string) string { return s.m.URL(r.Host, path) }
	simulator.JSON(w, http.StatusOK, object{
		"issuer": at("/"), "authorization_endpoint": at("/oauth/authorize"), "token_endpoint": at("/oauth/token"),
		"revocation_endpoint": at("/oauth/revoke"), "app_registration_endpoint": at("/api/v1/apps"), "scopes_supported": scopes,
		"response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code", "client_credentials"},
		"code_challenge_methods_supported": []string{"S256"}, "token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	})
}

func (s *StandIn) register(w http.ResponseWriter, r *http.Request) {
	back := strings.Fields(r.PostFormValue("redirect_uris"))
	if r.PostFormValue("client_name") == "" || len(back) == 0 {
		fail(w, http.StatusUnprocessableEntity, "Validation failed: Application name can't be blank, Redirect URI can't be blank")
		return
	}
	app := s.m.AddApp(simulator.App{Platform: platform, Redirects: back})
	simulator.JSON(w, http.StatusOK, object{
		"id": s.m.NewID(), "name": r.PostFormValue("client_name"), "client_id": app.ID, "client_secret": app.Secret,
		"redirect_uri": back[0], "redirect_uris": back, "scopes": strings.Fields(r.PostFormValue("scopes")), "client_secret_expires_at": 0,
		"vapid_key": "",
	})
}

func (s *StandIn) instance(w http.ResponseWriter, r *http.Request) {
	simulator.JSON(w, http.StatusOK, object{
		"domain": s.domain(r), "title": "The simulator", "version": "4.5.0", "source_url": "https://github.com/mastodon/mastodon",
		"description": "Nobody lives here.", "languages": []string{"en"}, "rules": []string{}, "icon": []string{},
		"api_versions": object{"mastodon": 7}, "usage": object{"users": object{"active_month": 2}}, "contact": object{"email": "", "account": nil},
		"thumbnail":     object{"url": s.m.URL(simulator.Self, "/")},
		"registrations": object{"enabled": false, "approval_required": false, "message": nil, "url": nil, "min_age": nil, "reason_required": nil},
		"configuration": object{
			"urls": object{"streaming": s.m.URL(r.Host, "")}, "accounts": object{"max_featured_tags": 10, "max_pinned_statuses": 5},
			"translation": object{"enabled": false},
			"statuses":    object{"max_characters": maxText, "max_media_attachments": maxFiles, "characters_reserved_per_url": linkSize},
			"media_attachments": object{
				"supported_mime_types": []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm", "video/quicktime"},
				"image_size_limit":     16 << 20, "image_matrix_limit": 33_177_600, "video_size_limit": 103_809_024,
				"video_matrix_limit": 8_294_400, "video_frame_rate_limit": 120, "description_limit": 1500,
			},
			"polls": object{"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746},
		},
	})
}

// domain is the name that the server has in handles.
func (s *StandIn) domain(r *http.Request) string {
	_, host, _ := strings.Cut(s.m.URL(r.Host, ""), "://")
	return host
}

// account is https://docs.joinmastodon.org/entities/Account/.
func (s *StandIn) account(r *http.Request, a *simulator.Account) object {
	avatar, page := s.m.Avatar(a), s.m.URL(r.Host, "/@"+a.Handle)
	return object{
		"id": a.ID, "username": a.Handle, "acct": a.Handle, "display_name": a.Name, "note": "", "url": page, "uri": page,
		"avatar": avatar, "avatar_static": avatar, "header": avatar, "header_static": avatar, "created_at": "2024-01-01T00:00:00.000Z",
		"bot": false, "group": false, "locked": false, "indexable": true, "followers_count": 42, "following_count": 7,
		"statuses_count": len(s.m.Posts(platform, a.ID)), "fields": []string{}, "emojis": []string{},
	}
}

func (s *StandIn) me(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	out := s.account(r, t.Account)
	out["source"] = object{
		"privacy": "public", "sensitive": false, "language": "en", "note": "", "fields": []string{}, "follow_requests_count": 0, "indexable": true,
	}
	out["role"] = object{"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": false}
	simulator.JSON(w, http.StatusOK, out)
}

func (s *StandIn) list(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		limit = 20
	}
	out := []object{}
	for _, p := range s.m.Posts(platform, r.PathValue("id")) {
		if len(out) < min(limit, 40) && (p.Repost == "" || r.URL.Query().Get("exclude_reblogs") != "true") {
			out = append(out, s.status(r, p))
		}
	}
	simulator.JSON(w, http.StatusOK, out)
}

// status is https://docs.joinmastodon.org/entities/Status/.
func (s *StandIn) status(r *http.Request, p *simulator.Post) object {
	a := s.m.Account(platform, p.Account)
	count := func(what string, most uint64) int { return s.m.Count(p, what, most) }
	out := object{
		"id": p.ID, "uri": s.m.URL(r.Host, "/users/"+a.Handle+"/statuses/"+p.ID), "url": p.URL, "account": s.account(r, a),
		"created_at": p.At.UTC().Format("2006-01-02T15:04:05.000Z"), "content": markup(p.Text), "visibility": cmp.Or(p.Extra["visibility"], "public"),
		"spoiler_text": p.Extra["spoiler_text"], "sensitive": p.Extra["sensitive"] == "true", "language": p.Extra["language"],
		"favourites_count": count("likes", 40), "reblogs_count": count("boosts", 12), "quotes_count": count("quotes", 3),
		"replies_count": len(s.m.Answers(platform, p.ID)), "in_reply_to_id": nil, "media_attachments": s.attachments(p),
		"mentions": []string{}, "tags": []string{}, "emojis": []string{}, "reblog": nil, "card": nil, "poll": nil,
	}
	if p.Parent != "" {
		out["in_reply_to_id"] = p.Parent
	}
	if !p.Edited.IsZero() {
		out["edited_at"] = p.Edited.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	if p.Poll != nil {
		out["poll"] = object{"id": p.ID, "expires_at": p.Poll.Ends.UTC().Format("2006-01-02T15:04:05.000Z"), "multiple": p.Poll.Multiple}
	}
	return out
}

func (*StandIn) attachments(p *simulator.Post) []object {
	out := []object{}
	for _, u := range p.Media {
		out = append(out, attachment(u))
	}
	return out
}

// attachment is https://docs.joinmastodon.org/entities/MediaAttachment/.
func attachment(u *simulator.Upload) object {
	kind, _, _ := strings.Cut(u.Type, "/")
	return object{"id": u.ID, "type": kind, "url": u.URL, "preview_url": u.URL, "description": u.Alt, "meta": object{}}
}

// markup is the text as a server shows it.
func markup(text string) string {
	text = strings.ReplaceAll(html.EscapeString(text), "\n\n", "</p><p>")
	return "<p>" + strings.ReplaceAll(text, "\n", "<br />") + "</p>"
}

var link = regexp.MustCompile(`https?://\S+`)

// size counts as Mastodon does: every link as long.
func size(text string) int {
	return utf8.RuneCountInString(link.ReplaceAllString(text, strings.Repeat("x", linkSize)))
}

// draft is the body of a new or a changed post.
type draft struct {
	Status    string   `json:"status"`
	MediaIDs  []string `json:"media_ids"`
	Parent    string   `json:"in_reply_to_id"`
	Sensitive bool     `json:"sensitive"`
	Spoiler   string   `json:"spoiler_text"`
	Visible   string   `json:"visibility"`
	Language  string   `json:"language"`
	Quotes    string   `json:"quote_approval_policy"`
	Poll      *struct {
		Options   []string `json:"options"`
		ExpiresIn int      `json:"expires_in"`
		Multiple  bool     `json:"multiple"`
	} `json:"poll"`
	Attributes []struct {
		ID          string `json:"id"`
		Description string `json:"description"`
	} `json:"media_attributes"`
}

// wrong says what is wrong with a draft itself.
func (in draft) wrong() string {
	switch {
	case strings.TrimSpace(in.Status) == "" && len(in.MediaIDs) == 0:
		return "Validation failed: Text can't be blank"
	case size(in.Status+in.Spoiler) > maxText:
		return fmt.Sprintf("Validation failed: Text character limit of %d exceeded", maxText)
	case len(in.MediaIDs) > maxFiles:
		return fmt.Sprintf("Validation failed: Cannot attach more than %d files", maxFiles)
	case in.Poll != nil && len(in.MediaIDs) > 0:
		return "Validation failed: Cannot attach media and a poll"
	}
	return ""
}

// files finds the uploads for a post, or says which is of no use.
func (s *StandIn) files(in draft, p *simulator.Post) (files []*simulator.Upload, problem string) {
	for _, id := range in.MediaIDs {
		u := s.m.Upload(platform, id)
		switch {
		case u == nil || u.Account != p.Account:
			return nil, "Validation failed: Media attachment " + id + " not found"
		case !s.m.Ready(u):
			return nil, "Cannot attach files that have not finished processing. Try again in a moment!"
		case u.Extra["post"] != "" && u.Extra["post"] != p.ID:
			return nil, "Validation failed: Media attachment is already attached to another post"
		}
		files = append(files, u)
	}
	return files, ""
}

// apply writes a draft onto a post, or says what is wrong with it.
func (s *StandIn) apply(in draft, p *simulator.Post) (problem string) {
	if problem := in.wrong(); problem != "" {
		return problem
	}
	files, problem := s.files(in, p)
	if problem != "" {
		return problem
	}
	p.Text, p.Media, p.Poll = in.Status, files, nil
	for _, u := range files {
		u.Extra["post"] = p.ID
	}
	for _, change := range in.Attributes {
		if u := s.m.Upload(platform, change.ID); u != nil && slices.Contains(files, u) {
			u.Alt = change.Description
		}
	}
	if in.Poll != nil {
		ends := s.m.Now().Add(time.Duration(in.Poll.ExpiresIn) * time.Second)
		p.Poll = &simulator.Poll{Options: in.Poll.Options, Ends: ends, Multiple: in.Poll.Multiple}
	}
	p.Extra["spoiler_text"], p.Extra["language"] = in.Spoiler, in.Language
	p.Extra["sensitive"] = strconv.FormatBool(in.Sensitive)
	return ""
}

// said is the post that was made before with the same key; nil: none.
func (s *StandIn) said(key string) *simulator.Post {
	p := s.keys[key]
	if p == nil || s.m.Now().Sub(p.At) >= remembered {
		return nil
	}
	return p
}

func (s *StandIn) create(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	if !simulator.Read(r, &in) {
		fail(w, http.StatusBadRequest, "Error parsing the body")
		return
	}
	key := t.Account.ID + " " + r.Header.Get("Idempotency-Key")
	if p := s.said(key); p != nil {
		simulator.JSON(w, http.StatusOK, s.status(r, p))
		return
	}
	left := s.m.Take("mastodon/posts/"+t.Account.ID, posts, window)
	limits(w, left)
	if left.Over() {
		fail(w, http.StatusTooManyRequests, "Too many requests")
		return
	}
	if in.Visible == "" {
		in.Visible = "public"
	}
	p := simulator.Post{
		Platform: platform, Account: t.Account.ID, ID: s.m.NewID(), App: t.App,
		Parent: in.Parent, Root: in.Parent, Extra: map[string]string{"visibility": in.Visible},
	}
	parent := s.m.Post(platform, in.Parent)
	if in.Parent != "" && parent == nil {
		fail(w, http.StatusNotFound, "Record not found")
		return
	}
	if parent != nil && parent.Root != "" {
		p.Root = parent.Root
	}
	if problem := s.apply(in, &p); problem != "" {
		fail(w, http.StatusUnprocessableEntity, problem)
		return
	}
	p.URL = s.m.URL(r.Host, "/@"+t.Account.Handle+"/"+p.ID)
	out := s.m.Publish(p)
	if r.Header.Get("Idempotency-Key") != "" {
		s.keys[key] = out
	}
	simulator.JSON(w, http.StatusOK, s.status(r, out))
}

func (s *StandIn) read(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	if p := s.m.Post(platform, r.PathValue("id")); p != nil {
		simulator.JSON(w, http.StatusOK, s.status(r, p))
		return
	}
	fail(w, http.StatusNotFound, "Record not found")
}

// own finds a post of the account that asks.
func (s *StandIn) own(w http.ResponseWriter, r *http.Request, t *simulator.Token) *simulator.Post {
	p := s.m.Post(platform, r.PathValue("id"))
	if p == nil || p.Account != t.Account.ID {
		fail(w, http.StatusNotFound, "Record not found")
		return nil
	}
	return p
}

func (s *StandIn) change(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in draft
	if !simulator.Read(r, &in) {
		fail(w, http.StatusBadRequest, "Error parsing the body")
		return
	}
	p := s.own(w, r, t)
	if p == nil {
		return
	}
	if problem := s.apply(in, p); problem != "" {
		fail(w, http.StatusUnprocessableEntity, problem)
		return
	}
	p.Edited = s.m.Now()
	simulator.JSON(w, http.StatusOK, s.status(r, p))
}

func (s *StandIn) remove(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.own(w, r, t)
	if p == nil {
		return
	}
	p.Deleted = true
	for _, u := range p.Media {
		u.Extra["post"] = ""
	}
	out := s.status(r, p)
	out["text"] = p.Text
	simulator.JSON(w, http.StatusOK, out)
}

// boost gives the boost that there is: an account can boost a post only once.
func (s *StandIn) boost(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	p := s.m.Post(platform, r.PathValue("id"))
	if p == nil {
		fail(w, http.StatusNotFound, "Record not found")
		return
	}
	var boost *simulator.Post
	for _, o := range s.m.Posts(platform, t.Account.ID) {
		if o.Repost == p.ID {
			boost = o
		}
	}
	if boost == nil {
		boost = s.m.Publish(simulator.Post{Platform: platform, Account: t.Account.ID, Repost: p.ID, App: t.App, Extra: map[string]string{"visibility": "public"}})
	}
	out := s.status(r, boost)
	out["reblog"], out["reblogged"] = s.status(r, p), true
	simulator.JSON(w, http.StatusOK, out)
}

func (s *StandIn) search(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	people, found, q := []object{}, []object{}, r.URL.Query()
	switch q.Get("type") {
	case "accounts":
		for _, a := range s.m.People(platform, q.Get("q")) {
			people = append(people, s.account(r, a))
		}
	case "statuses":
		for _, p := range s.m.Posts(platform, "") {
			if p.URL == q.Get("q") {
				found = append(found, s.status(r, p))
			}
		}
	}
	simulator.JSON(w, http.StatusOK, object{"accounts": people, "statuses": found, "hashtags": []object{}})
}

func (s *StandIn) upload(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: t.Account.ID})
	if !simulator.Parts(r, u, "file", func(name, value string) {
		if name == "description" {
			u.Alt = value
		}
	}) {
		fail(w, http.StatusUnprocessableEntity, "Validation failed: File can't be blank")
		return
	}
	var usual time.Duration
	if strings.HasPrefix(u.Type, "video/") {
		usual = 4 * time.Second
	}
	s.m.Process(u, usual)
	s.show(w, u, http.StatusAccepted)
}

// show answers with a file, and with the status pending while it is worked on.
func (s *StandIn) show(w http.ResponseWriter, u *simulator.Upload, pending int) {
	out, status := attachment(u), http.StatusOK
	if !s.m.Ready(u) {
		out["url"], status = nil, pending
	}
	simulator.JSON(w, status, out)
}

func (s *StandIn) file(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.m.Upload(platform, r.PathValue("id"))
	switch {
	case u == nil || u.Account != t.Account.ID:
		fail(w, http.StatusNotFound, "Record not found")
	case u.Failed != "":
		fail(w, http.StatusUnprocessableEntity, u.Failed)
	default:
		s.show(w, u, http.StatusPartialContent)
	}
}
