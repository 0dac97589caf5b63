package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

// StandIn plays one family of platforms. Its handlers are called one at a time,
// so it needs no locks.
type StandIn interface {
	// About says whom it plays.
	About() About
	// Settings are the settings that point a server at it: ids and secrets of
	// apps, and addresses. at gives the base address of a real host, without a
	// slash at its end.
	Settings(at func(host string) string) map[string]string
	// Mount makes its people and its routes. It is called once.
	Mount(m *Mount)
}

// Typist is a stand-in of a platform that people type something in for, when
// they connect an account: the name of a server, a password, a webhook.
type Typist interface {
	// Types is what a person types in for an account, by the names of the form's
	// fields. The page shows it, and tests type it in.
	Types(a Account) map[string]string
}

// Refuser is a stand-in that knows how its platform says no.
type Refuser interface {
	// Refuse answers r as the platform does for kind, and reports false for a
	// kind that the platform does not have.
	Refuse(w http.ResponseWriter, r *http.Request, kind Refusal) bool
}

// Refusal is a way to say no.
type Refusal string

// The refusals that people may ask for.
const (
	RateLimited  Refusal = "rate_limited"  // too many requests for now
	QuotaGone    Refusal = "quota_gone"    // no more posts today
	TokenExpired Refusal = "token_expired" // the token is too old
	TokenRevoked Refusal = "token_revoked" // the person took the permission back
	Unavailable  Refusal = "unavailable"   // the platform is down
	Duplicate    Refusal = "duplicate"     // this was said already
	Rejected     Refusal = "rejected"      // the post breaks a rule
)

// About describes a stand-in.
type About struct {
	// Name is that of the family, such as "meta".
	Name string
	// Providers are the ids of the providers that it serves.
	Providers []string
}

// Mount is where a stand-in puts its people and its routes.
type Mount struct {
	*World
	about About
	in    StandIn
	sim   *Sim
}

// Handle gives the requests of a pattern such as "POST api.x.com/2/tweets" to h.
// The pattern is one of http.ServeMux with a host; Self is the host of a
// platform whose servers people name themselves.
func (m *Mount) Handle(pattern string, h http.HandlerFunc) {
	m.handle(pattern, func(w http.ResponseWriter, r *http.Request) { m.troubled(w, r, h, false) })
}

// HandleSignIn is Handle for what gives out tokens and renews them. Trouble
// meets it only if it names a Path, so that it does not end the sign-in of
// somebody whose post was to be refused.
func (m *Mount) HandleSignIn(pattern string, h http.HandlerFunc) {
	m.handle(pattern, func(w http.ResponseWriter, r *http.Request) { m.troubled(w, r, h, true) })
}

func (m *Mount) handle(pattern string, h http.HandlerFunc) {
	host := pattern
	if _, after, ok := strings.Cut(pattern, " "); ok {
		host = strings.TrimSpace(after)
	}
	host, _, _ = strings.Cut(host, "/")
	if host == "" {
		panic("the pattern " + pattern + " has no host")
	}
	m.sim.hosts[host] = true
	m.sim.mux.HandleFunc(pattern, h)
}

// JSON answers with a status and v as JSON.
func JSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Read reads the JSON body of a request into v, and reports whether it could.
func Read(r *http.Request, v any) bool {
	return json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody)).Decode(v) == nil
}

// maxBody bounds a request that is no upload.
const maxBody = 4 << 20
