package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mischief is a way in which the stand-in treats a request that publishes.
type mischief string

const (
	fine         mischief = "answered"
	acceptDrop   mischief = "accepted, answer dropped"
	acceptFail   mischief = "accepted, answered 502"
	resetUnread  mischief = "reset unread"
	tooMany      mischief = "answered 429"
	failUnheard  mischief = "answered 503, not accepted"
	lookUpFailed mischief = "look-up answered 503"
)

// odds are in percent; what is left of a hundred is fine.
var odds = []struct {
	what    mischief
	percent int
}{{acceptDrop, 9}, {acceptFail, 7}, {resetUnread, 6}, {tooMany, 6}, {failUnheard, 6}}

const (
	// lookUpOdds is how many of a hundred requests that only read fail.
	lookUpOdds = 5
	// slowest is the longest that the stand-in takes to make up its mind, and
	// quickest the shortest.
	quickest, slowest = 50 * time.Millisecond, 300 * time.Millisecond
)

// status is a post that the stand-in has accepted.
type status struct {
	ID, Account, Key, Text, URL string
	// Number is the unique number in the text; -1: there is none.
	Number int
	At     time.Time
}

// platform is a stand-in for the servers of a platform. It misbehaves by chance
// and never forgets what it accepted.
type platform struct {
	hosts []*httptest.Server
	// lies makes it accept some requests twice, to show that this is noticed.
	lies bool

	mu        sync.Mutex
	rng       *rand.Rand
	byKey     map[string]int // account and key → index of what was accepted
	byAccount map[string][]int
	statuses  []status
	requests  map[string]int // key → requests that were seen to publish
	tally     map[mischief]int
}

// hosts is on how many addresses the stand-in listens.
const hosts = 4

func newPlatform(seed uint64) *platform {
	p := &platform{
		rng: rand.New(rand.NewPCG(seed, 1)), byKey: map[string]int{}, byAccount: map[string][]int{},
		requests: map[string]int{}, tally: map[mischief]int{},
	}
	mux := http.NewServeMux()
	p.serveMastodon(mux)
	p.servePlain(mux)
	for range hosts {
		p.hosts = append(p.hosts, httptest.NewServer(mux))
	}
	return p
}

// close ends the stand-in once it has decided on all that it was asked.
func (p *platform) close() {
	for _, h := range p.hosts {
		h.Close()
	}
}

// host is the address of the server that an account lives on.
func (p *platform) host(account int) string { return p.hosts[account%len(p.hosts)].URL }

// number finds the unique number of a text.
var number = regexp.MustCompile(`#(\d+)`)

func numberOf(text string) int {
	if m := number.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n
		}
	}
	return -1
}

// accountOf reads who is asking from the token; false: nobody that we know.
func accountOf(r *http.Request) (string, bool) {
	return strings.CutPrefix(r.Header.Get("Authorization"), "Bearer access-")
}

// publishing is one request that publishes.
type publishing struct {
	key string
	// dedupe is whether the platform takes a repeated key for the same post.
	dedupe bool
	// read gives the text in the body of the request.
	read func() (string, error)
	// answer writes what was accepted.
	answer func(status)
}

// publish treats a request that publishes as chance has it. What is decided is
// decided, also when nobody waits for the answer any more.
func (p *platform) publish(w http.ResponseWriter, r *http.Request, in publishing) {
	account, ok := accountOf(r)
	if !ok {
		http.Error(w, `{"error":"The access token is invalid"}`, http.StatusUnauthorized)
		return
	}
	what, slow := p.decide(in.key)
	if what == resetUnread {
		reset(w)
		return
	}
	text, err := in.read()
	if err != nil {
		return // who asked has gone before all was said
	}
	<-time.After(slow)
	switch what { //nolint:exhaustive // the others are accepted first
	case tooMany:
		w.Header().Set("Retry-After", "1")
		w.Header().Set("X-RateLimit-Limit", "300")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano))
		http.Error(w, `{"error":"Too many requests"}`, http.StatusTooManyRequests)
		return
	case failUnheard:
		http.Error(w, `{"error":"Service unavailable"}`, http.StatusServiceUnavailable)
		return
	}
	s := p.accept(r.Host, account, in.key, text, in.dedupe)
	switch what {
	case acceptDrop:
		reset(w)
	case acceptFail:
		http.Error(w, "<html>Bad gateway</html>", http.StatusBadGateway)
	default:
		in.answer(s)
	}
}

// decide throws the dice, and counts the request.
func (p *platform) decide(key string) (mischief, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[key]++
	slow := quickest + time.Duration(p.rng.Int64N(int64(slowest-quickest)))
	dice, what := p.rng.IntN(100), fine
	for _, o := range odds {
		if dice < o.percent {
			what = o.what
			break
		}
		dice -= o.percent
	}
	p.tally[what]++
	return what, slow
}

// lookUpFails throws the dice for a request that only reads.
func (p *platform) lookUpFails(w http.ResponseWriter) bool {
	p.mu.Lock()
	failed := p.rng.IntN(100) < lookUpOdds
	if failed {
		p.tally[lookUpFailed]++
	}
	p.mu.Unlock()
	if failed {
		http.Error(w, `{"error":"Service unavailable"}`, http.StatusServiceUnavailable)
	}
	return failed
}

// accept makes a post of a text.
func (p *platform) accept(host, account, key, text string, dedupe bool) status {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, known := p.byKey[account+" "+key]; known && dedupe {
		return p.statuses[i]
	}
	s := p.keep(host, account, key, text)
	if p.lies && s.Number%7 == 0 {
		p.keep(host, account, key, text)
	}
	return s
}

func (p *platform) keep(host, account, key, text string) status {
	i := len(p.statuses)
	id := strconv.Itoa(1000 + i)
	s := status{
		ID: id, Account: account, Key: key, Text: text, Number: numberOf(text), At: time.Now(),
		URL: fmt.Sprintf("http://%s/@%s/%s", host, account, id),
	}
	p.statuses = append(p.statuses, s)
	p.byKey[account+" "+key] = i
	p.byAccount[account] = append(p.byAccount[account], i)
	return s
}

// find returns the post with an id.
func (p *platform) find(id string) (status, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := strconv.Atoi(id)
	if err != nil || n < 1000 || n-1000 >= len(p.statuses) {
		return status{}, false
	}
	return p.statuses[n-1000], true
}

// newest lists at most limit posts of an account, the newest first.
func (p *platform) newest(account string, limit int) []status {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []status
	for _, i := range slices.Backward(p.byAccount[account]) {
		if len(out) == limit {
			break
		}
		out = append(out, p.statuses[i])
	}
	return out
}

// ledger is what the stand-in has on record.
type ledger struct {
	statuses []status
	requests map[string]int
	tally    map[mischief]int
}

func (p *platform) ledger() ledger {
	p.mu.Lock()
	defer p.mu.Unlock()
	return ledger{slices.Clone(p.statuses), maps.Clone(p.requests), maps.Clone(p.tally)}
}

// reset breaks the connection off without a word.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
