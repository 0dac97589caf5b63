// Package bluesky plays a personal data server of Bluesky, its application and
// its video service, as the lexicons of https://github.com/bluesky-social/atproto
// describe them.
package bluesky

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	platform = "bluesky"
	// AppPassword is that of every account.
	AppPassword = "simu-lato-rapp-word"

	accessLife, refreshLife = 2 * time.Hour, 60 * 24 * time.Hour
)

// StandIn plays the network.
type StandIn struct {
	m       *simulator.Mount
	records map[string]*record // by their at:// address
	jobs    map[string]*simulator.Upload
}

// New returns a network without posts.
func New() *StandIn {
	return &StandIn{records: map[string]*record{}, jobs: map[string]*simulator.Upload{}}
}

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: platform, Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{"BLUESKY_SERVICE": at(simulator.Self), "BLUESKY_VIDEO_SERVICE": at(simulator.Self)}
}

// Types implements simulator.Typist.
func (*StandIn) Types(a simulator.Account) map[string]string {
	return map[string]string{"identifier": a.Handle, "password": AppPassword}
}

// Mount implements simulator.StandIn. One server plays all parts, and answers
// under the names of the public ones too.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.AddAccount(simulator.Account{Platform: platform, ID: "did:plc:annsimulated22222222222a", Handle: "ann.bsky.social", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: platform, ID: "did:plc:bobsimulated22222222222b", Handle: "bob.bsky.social", Name: "Bob Example"})
	for _, host := range []string{simulator.Self, "bsky.social", "video.bsky.app"} {
		for name, h := range map[string]http.HandlerFunc{
			"POST com.atproto.server.createSession":    s.createSession,
			"POST com.atproto.server.refreshSession":   s.refreshSession,
			"POST com.atproto.server.deleteSession":    s.deleteSession,
			"GET com.atproto.server.getServiceAuth":    s.signed(s.serviceAuth),
			"GET com.atproto.identity.resolveHandle":   s.resolveHandle,
			"POST com.atproto.repo.uploadBlob":         s.signed(s.uploadBlob),
			"POST com.atproto.repo.putRecord":          s.signed(s.putRecord),
			"GET com.atproto.repo.getRecord":           s.getRecord,
			"POST com.atproto.repo.deleteRecord":       s.signed(s.deleteRecord),
			"GET app.bsky.actor.getProfile":            s.signed(s.getProfile),
			"GET app.bsky.actor.searchActorsTypeahead": s.signed(s.searchActors),
			"GET app.bsky.feed.getPosts":               s.signed(s.getPosts),
			"POST app.bsky.video.uploadVideo":          s.signed(s.uploadVideo),
			"GET app.bsky.video.getJobStatus":          s.getJobStatus,
		} {
			method, nsid, _ := strings.Cut(name, " ")
			handle := m.Handle
			if strings.HasSuffix(nsid, "Session") {
				handle = m.HandleSignIn
			}
			handle(method+" "+host+"/xrpc/"+nsid, h)
		}
	}
}

type object = map[string]any

// fail answers as https://atproto.com/specs/xrpc#error-responses says.
func fail(w http.ResponseWriter, status int, name, message string) {
	simulator.JSON(w, status, object{"error": name, "message": message})
}

// Refuse implements simulator.Refuser.
func (s *StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		limits(w, simulator.Window{Limit: writes, Reset: s.m.Now().Add(time.Minute)})
		fail(w, http.StatusTooManyRequests, "RateLimitExceeded", "Rate Limit Exceeded")
	case simulator.TokenExpired:
		fail(w, http.StatusBadRequest, "ExpiredToken", "Token has expired")
	case simulator.TokenRevoked:
		fail(w, http.StatusBadRequest, "InvalidToken", "Token could not be verified")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, "UpstreamFailure", "Service Unavailable")
	case simulator.Rejected:
		fail(w, http.StatusBadRequest, "InvalidRequest", "Invalid app.bsky.feed.post record: Record/text is not allowed here")
	case simulator.QuotaGone, simulator.Duplicate:
		return false
	}
	return true
}

// writes may be made in an hour: https://docs.bsky.app/docs/advanced-guides/rate-limits.
// A new record counts as three of 5000.
const writes = 1666

// limits writes the headers that servers send.
func limits(w http.ResponseWriter, left simulator.Window) {
	w.Header().Set("RateLimit-Limit", strconv.Itoa(left.Limit))
	w.Header().Set("RateLimit-Remaining", strconv.Itoa(max(0, left.Remaining)))
	w.Header().Set("RateLimit-Reset", strconv.FormatInt(left.Reset.Unix(), 10))
	w.Header().Set("RateLimit-Policy", strconv.Itoa(left.Limit)+";w=3600")
}

// signed lets in who has an access token.
func (s *StandIn) signed(h func(http.ResponseWriter, *http.Request, *simulator.Token)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, why := s.m.Bearer(r, platform)
		switch why {
		case simulator.Fine:
			h(w, r, token)
		case simulator.Missing:
			fail(w, http.StatusUnauthorized, "AuthMissing", "Authentication Required")
		case simulator.Expired:
			s.Refuse(w, r, simulator.TokenExpired)
		case simulator.Revoked, simulator.Unknown:
			s.Refuse(w, r, simulator.TokenRevoked)
		}
	}
}

// jwt is a token of which clients may read when it ends, and nothing else.
func (s *StandIn) jwt(scope, did string, expires time.Time) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v) //nolint:errchkjson // It is made of texts and numbers.
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return part(object{"typ": "at+jwt", "alg": "HS256"}) + "." +
		part(object{"scope": scope, "sub": did, "exp": expires.Unix(), "iat": s.m.Now().Unix()}) + "." + s.m.NewSecret()
}

// session answers with new tokens of an account.
func (s *StandIn) session(w http.ResponseWriter, r *http.Request, a *simulator.Account) {
	ends, by := s.m.Now().Add(accessLife), s.m.Now().Add(refreshLife)
	t := s.m.Issue(simulator.Token{
		Platform: platform, App: "app password", Account: a, Expires: ends, RefreshBy: by,
		Access: s.jwt("com.atproto.appPass", a.ID, ends), Refresh: s.jwt("com.atproto.refresh", a.ID, by),
	})
	simulator.JSON(w, http.StatusOK, object{
		"accessJwt": t.Access, "refreshJwt": t.Refresh, "did": a.ID, "handle": a.Handle, "active": true,
		"didDoc": object{
			"@context": []string{"https://www.w3.org/ns/did/v1"}, "id": a.ID, "alsoKnownAs": []string{"at://" + a.Handle},
			"service": []object{{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": s.m.URL(r.Host, "")}},
		},
	})
}

func (s *StandIn) createSession(w http.ResponseWriter, r *http.Request) {
	var in struct{ Identifier, Password string }
	if !simulator.Read(r, &in) {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Input must have the property \"identifier\"")
		return
	}
	a := s.m.Account(platform, in.Identifier)
	if a == nil || in.Password != AppPassword {
		fail(w, http.StatusUnauthorized, "AuthenticationRequired", "Invalid identifier or password")
		return
	}
	s.session(w, r, a)
}

// refreshing finds the session that a refresh token belongs to.
func (s *StandIn) refreshing(w http.ResponseWriter, r *http.Request) *simulator.Token {
	_, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	t, why := s.m.ByRefresh(platform, secret)
	switch why {
	case simulator.Fine:
		return t
	case simulator.Revoked, simulator.Expired:
		fail(w, http.StatusBadRequest, "ExpiredToken", "Token has been revoked")
	case simulator.Missing, simulator.Unknown:
		fail(w, http.StatusBadRequest, "InvalidToken", "Token could not be verified")
	}
	return nil
}

// refreshSession leaves the old refresh token good for two more hours.
func (s *StandIn) refreshSession(w http.ResponseWriter, r *http.Request) {
	t := s.refreshing(w, r)
	if t == nil {
		return
	}
	if grace := s.m.Now().Add(2 * time.Hour); grace.Before(t.RefreshBy) {
		t.RefreshBy = grace
	}
	s.session(w, r, t.Account)
}

func (s *StandIn) deleteSession(w http.ResponseWriter, r *http.Request) {
	if t := s.refreshing(w, r); t != nil {
		t.Revoked = true
	}
}

func (s *StandIn) serviceAuth(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	service := s.m.Issue(simulator.Token{
		Platform: platform, App: t.App, Account: t.Account, Expires: s.m.Now().Add(30 * time.Minute),
		Access: s.jwt("service", t.Account.ID, s.m.Now().Add(30*time.Minute)),
	})
	simulator.JSON(w, http.StatusOK, object{"token": service.Access})
}

func (s *StandIn) resolveHandle(w http.ResponseWriter, r *http.Request) {
	a := s.m.Account(platform, r.URL.Query().Get("handle"))
	if a == nil {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Unable to resolve handle")
		return
	}
	simulator.JSON(w, http.StatusOK, object{"did": a.ID})
}

func (s *StandIn) profile(a *simulator.Account) object {
	return object{
		"did": a.ID, "handle": a.Handle, "displayName": a.Name, "avatar": s.m.Avatar(a), "followersCount": 42,
		"followsCount": 7, "postsCount": len(s.m.Posts(platform, a.ID)),
	}
}

func (s *StandIn) getProfile(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	a := s.m.Account(platform, r.URL.Query().Get("actor"))
	if a == nil {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Profile not found")
		return
	}
	simulator.JSON(w, http.StatusOK, s.profile(a))
}

func (s *StandIn) searchActors(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := []object{}
	for _, a := range s.m.People(platform, r.URL.Query().Get("q")) {
		found = append(found, object{"did": a.ID, "handle": a.Handle, "displayName": a.Name, "avatar": s.m.Avatar(a)})
	}
	simulator.JSON(w, http.StatusOK, object{"actors": found})
}

// getPosts leaves out what is not there, as the application does.
func (s *StandIn) getPosts(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	out := []object{}
	for _, uri := range r.URL.Query()["uris"] {
		rec := s.records[uri]
		if rec == nil || rec.post == nil || !strings.Contains(uri, "/"+feedPost+"/") {
			continue
		}
		count := func(what string, most uint64) int { return s.m.Count(rec.post, what, most) }
		out = append(out, object{
			"uri": uri, "cid": rec.cid, "author": s.profile(s.m.Account(platform, rec.post.Account)), "record": rec.raw,
			"indexedAt": rec.post.At.UTC().Format(time.RFC3339Nano), "replyCount": len(s.m.Answers(platform, uri)),
			"likeCount": count("likes", 40), "repostCount": count("reposts", 12), "quoteCount": count("quotes", 3), "bookmarkCount": count("bookmarks", 5),
		})
	}
	simulator.JSON(w, http.StatusOK, object{"posts": out})
}

// cid is the content id of raw bytes or, with codec 0x71, of a record.
func cid(codec byte, sum []byte) string {
	enc := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	return "b" + enc.EncodeToString(slices.Concat([]byte{1, codec, 0x12, 0x20}, sum))
}

// blob takes the body of a request.
func (s *StandIn) blob(r *http.Request, t *simulator.Token) (*simulator.Upload, error) {
	u := s.m.NewUpload(simulator.Upload{Platform: platform, Account: t.Account.ID, Type: r.Header.Get("Content-Type")})
	if err := u.Append(r.Body); err != nil {
		return nil, err
	}
	return u, nil
}

func blobOf(u *simulator.Upload) object {
	return object{"$type": "blob", "ref": object{"$link": cid(0x55, u.Sum())}, "mimeType": u.Type, "size": u.Size}
}

func (s *StandIn) uploadBlob(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u, err := s.blob(r, t)
	if err != nil {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Request stream was aborted")
		return
	}
	s.jobs[cid(0x55, u.Sum())] = u
	simulator.JSON(w, http.StatusOK, object{"blob": blobOf(u)})
}

func (s *StandIn) uploadVideo(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u, err := s.blob(r, t)
	if err != nil {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Request stream was aborted")
		return
	}
	s.m.Process(u, 4*time.Second)
	s.jobs[u.ID], s.jobs[cid(0x55, u.Sum())] = u, u
	simulator.JSON(w, http.StatusOK, object{"jobStatus": s.job(u)})
}

// job is app.bsky.video.defs#jobStatus.
func (s *StandIn) job(u *simulator.Upload) object {
	out := object{"jobId": u.ID, "did": u.Account, "state": "JOB_STATE_ENCODING", "progress": 50}
	switch {
	case u.Failed != "":
		out["state"], out["error"], out["message"] = "JOB_STATE_FAILED", "encoding", u.Failed
	case s.m.Ready(u):
		out["state"], out["progress"], out["blob"] = "JOB_STATE_COMPLETED", 100, blobOf(u)
	}
	return out
}

func (s *StandIn) getJobStatus(w http.ResponseWriter, r *http.Request) {
	u := s.jobs[r.URL.Query().Get("jobId")]
	if u == nil || u.Done.IsZero() {
		fail(w, http.StatusBadRequest, "InvalidRequest", "Job not found")
		return
	}
	simulator.JSON(w, http.StatusOK, object{"jobStatus": s.job(u)})
}

// sum is the hash of a record.
func sum(raw []byte) []byte {
	out := sha256.Sum256(raw)
	return out[:]
}
