// Package simulator stands in for the platforms: one HTTP server that answers
// under the paths of the real ones, with people who can sign in, posts that can
// be looked at, and trouble that can be asked for. It needs no account and no
// network.
//
// The first segment of a path is the real host: http://127.0.0.1:8090/api.x.com/2/tweets
// is what https://api.x.com/2/tweets is on the internet. How a platform is
// added is told in README.md.
package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Self is the host of what is asked of the simulator itself: by paths whose
// first segment is no host. A platform whose servers are named by people, such
// as Mastodon, answers there.
const Self = "simulator.example"

// Config says what is simulated. StandIns is required.
type Config struct {
	// StandIns are the platforms.
	StandIns []StandIn
	// Base is the address that the simulator is reached at, without a slash at
	// its end, such as "http://127.0.0.1:8090". Empty: the addresses of the real
	// hosts, which Transport leads to the simulator.
	Base string
	// Now is the clock; nil: that of the machine.
	Now func() time.Time
	// Fetch gets what platforms fetch by themselves, such as the media of a post;
	// nil: nothing can be fetched.
	Fetch *http.Client
	// Watch sees every answer before it is sent, also one that is dropped then. It
	// must not call the simulator. It may be nil.
	Watch func(Exchange)
	// Quick makes platforms work uploads off at once, unless trouble says how long
	// it takes.
	Quick bool
	// KeepBytes bounds a picture or video that is kept to be shown; 0: 8 MiB.
	// Of larger ones only size and hash are known.
	KeepBytes int64
}

// Exchange is a request with what a platform answers.
type Exchange struct {
	Method, Host, Path string
	Status             int
	Header             http.Header
	Body               []byte
	// Troubled says that the answer is not the platform's, but one that somebody
	// wrote as trouble.
	Troubled bool
}

// Sim is the simulator. It is safe for concurrent use.
type Sim struct {
	mu       sync.Mutex // held while a stand-in answers, except while it reads what was sent
	world    *World
	mux      *http.ServeMux
	hosts    map[string]bool
	standIns []StandIn
	watch    func(Exchange)
}

// New returns a simulator with the people of every stand-in and no posts.
func New(cfg Config) (*Sim, error) {
	if len(cfg.StandIns) == 0 {
		return nil, errors.New("simulator: StandIns is required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.KeepBytes == 0 {
		cfg.KeepBytes = 8 << 20
	}
	s := &Sim{mux: http.NewServeMux(), hosts: map[string]bool{Self: true}, standIns: cfg.StandIns, watch: cfg.Watch}
	s.world = newWorld(cfg)
	for _, in := range cfg.StandIns {
		if err := s.mount(in); err != nil {
			return nil, err
		}
	}
	s.own()
	return s, nil
}

// mount gives a stand-in its routes; http.ServeMux panics at a bad pattern.
func (s *Sim) mount(in StandIn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("simulator: the stand-in %q: %v", in.About().Name, p)
		}
	}()
	in.Mount(&Mount{World: s.world, about: in.About(), in: in, sim: s})
	return nil
}

// Settings says with what settings a server uses the simulator for every
// platform.
func (s *Sim) Settings() map[string]string {
	out := map[string]string{}
	for _, in := range s.standIns {
		maps.Copy(out, in.Settings(s.world.at))
	}
	return out
}

// Providers lists the ids of the providers that have a stand-in, sorted.
func (s *Sim) Providers() []string {
	var out []string
	for _, in := range s.standIns {
		out = append(out, in.About().Providers...)
	}
	slices.Sort(out)
	return out
}

// URL is the address of a path of a host in the simulator.
func (s *Sim) URL(host, path string) string { return s.world.URL(host, path) }

// errDropped is what a request of Transport ends with when the connection is
// dropped.
var errDropped = fmt.Errorf("simulator: the connection was dropped: %w", io.ErrUnexpectedEOF)

// ServeHTTP implements http.Handler.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got, err := s.answer(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), got.Header())
	w.WriteHeader(got.Code)
	_, _ = w.Write(got.Body.Bytes())
}

// Transport leads requests to real hosts to the simulator, without a socket.
// Hosts that nothing stands in for give an error.
func (s *Sim) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sim *Sim }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if !t.sim.plays(r.URL) {
		return nil, fmt.Errorf("simulator: nothing stands in for %q", r.URL.Host)
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders() // Whatever comes now, it was sent.
	}
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	got, err := t.sim.answer(in)
	if err != nil {
		return nil, err
	}
	resp := got.Result()
	resp.Request = r
	return resp, nil
}

// plays reports whether there is a stand-in for the host of an address.
func (s *Sim) plays(u *url.URL) bool {
	return s.hosts[u.Hostname()] || u.Scheme+"://"+u.Host == s.world.base
}

// answer lets the stand-in of a request answer, or the trouble that was asked
// for. An error means that the connection is dropped.
func (s *Sim) answer(r *http.Request) (*httptest.ResponseRecorder, error) {
	r, host := s.aim(r)
	c := &call{sim: s, asked: s.world.URL(host, r.URL.EscapedPath())}
	c.resume()
	defer c.release()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.Body = &unlocked{ReadCloser: r.Body, call: c}
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	rec := httptest.NewRecorder()
	s.mux.ServeHTTP(rec, r)
	if s.watch != nil && !c.unheard {
		s.watch(Exchange{
			Method: r.Method, Host: host, Path: r.URL.Path, Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes(), Troubled: c.written,
		})
	}
	if c.drop {
		return nil, errDropped
	}
	return rec, nil
}

// aim finds the real host of a request and takes it out of the path.
func (s *Sim) aim(r *http.Request) (*http.Request, string) {
	r = r.Clone(r.Context())
	host, _, _ := strings.Cut(r.Host, ":")
	if !s.hosts[host] || host == Self {
		host = Self
		first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
		if first != Self && s.hosts[first] {
			host = first
			r.URL.RawPath = "/" + rest
			r.URL.Path, _ = url.PathUnescape(r.URL.RawPath)
		}
	}
	r.Host, r.URL.Host = host, ""
	return r, host
}

// unlocked lets others be answered while a body is read.
type unlocked struct {
	io.ReadCloser
	call *call
}

func (u *unlocked) Read(p []byte) (int, error) {
	u.call.release()
	defer u.call.resume()
	return u.ReadCloser.Read(p)
}

type callKey struct{}

// call is what is known of a request.
type call struct {
	sim       *Sim
	asked     string // the address without its query, as the client wrote it
	drop      bool
	unheard   bool // it was dropped before anybody answered
	written   bool // somebody wrote the answer as trouble
	published bool // it put a post out
}

// release lets others be answered, and resume goes on with this one.
func (c *call) release() { c.sim.mu.Unlock() }

func (c *call) resume() {
	c.sim.mu.Lock()
	c.sim.world.current = c
}

func callOf(r *http.Request) *call {
	c, _ := r.Context().Value(callKey{}).(*call)
	return c
}

// discard forgets what a stand-in said.
func discard(w http.ResponseWriter) {
	if rec, ok := w.(*httptest.ResponseRecorder); ok {
		clear(rec.Header())
		rec.Code, rec.Body = http.StatusOK, &bytes.Buffer{}
	}
}
