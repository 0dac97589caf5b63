package simulator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// World is what the platforms know: people, tokens, uploads and posts. Stand-ins
// use it from their handlers; everybody else asks the Sim.
type World struct {
	base      string
	now       func() time.Time
	fetch     *http.Client
	quick     bool
	keepBytes int64

	current  *call // the request that is answered
	serial   uint64
	accounts []*Account
	apps     []*App
	grants   []*Grant
	tokens   map[string]*Token
	uploads  map[string]*Upload
	shown    []*Upload // those whose bytes are kept, oldest first
	kept     int64     // their bytes
	posts    []*Post
	windows  map[string]*Window
	troubles []*Trouble
}

func newWorld(cfg Config) *World {
	return &World{
		base: strings.TrimSuffix(cfg.Base, "/"), now: cfg.Now, fetch: cfg.Fetch, quick: cfg.Quick, keepBytes: cfg.KeepBytes,
		tokens: map[string]*Token{}, uploads: map[string]*Upload{}, windows: map[string]*Window{},
	}
}

// Now is the time of the platforms.
func (w *World) Now() time.Time { return w.now() }

// URL is the address of a path of a real host, as clients are to use it.
func (w *World) URL(host, path string) string { return w.at(host) + path }

func (w *World) at(host string) string {
	switch {
	case w.base == "":
		return "https://" + host
	case host == Self:
		return w.base
	default:
		return w.base + "/" + host
	}
}

// Asked is the address that a request was sent to, without its query, as the
// client wrote it: what it signed.
func (w *World) Asked(r *http.Request) string { return callOf(r).asked }

// NewID is a new id of digits that grows with time, as most platforms have it.
func (w *World) NewID() string {
	w.serial++
	return strconv.FormatUint(uint64(w.now().UnixMilli())<<20|w.serial&(1<<20-1), 10) //nolint:gosec // No date of ours is before 1970.
}

// NewSecret is a new word that nobody can guess, such as a token.
func (w *World) NewSecret() string { return rand.Text() }

// Account is someone or something on a platform: a person, a page, a board.
type Account struct {
	Platform string `json:"platform"` // the id of the provider
	ID       string `json:"id"`
	Handle   string `json:"handle"`
	Name     string `json:"name"`
	// Kind is empty for those who can sign in, otherwise what it is: "page",
	// "board", "channel".
	Kind string `json:"kind,omitempty"`
	// Owner is the id of the account that may act for this one.
	Owner string `json:"owner,omitempty"`
	// Extra is for what only the platform has.
	Extra map[string]string `json:"extra,omitempty"`
}

// AddAccount makes an account, and returns it for changes.
func (w *World) AddAccount(a Account) *Account {
	if a.ID == "" {
		a.ID = w.NewID()
	}
	if a.Extra == nil {
		a.Extra = map[string]string{}
	}
	w.accounts = append(w.accounts, &a)
	return &a
}

// Account finds an account by its id or handle; nil: there is none.
func (w *World) Account(platform, id string) *Account {
	i := slices.IndexFunc(w.accounts, func(a *Account) bool {
		return a.Platform == platform && (a.ID == id || a.Handle == id)
	})
	if i < 0 {
		return nil
	}
	return w.accounts[i]
}

// Accounts lists those of a platform that match kind and owner. An empty owner
// matches all.
func (w *World) Accounts(platform, kind, owner string) []*Account {
	var out []*Account
	for _, a := range w.accounts {
		if a.Platform == platform && a.Kind == kind && (owner == "" || a.Owner == owner) {
			out = append(out, a)
		}
	}
	return out
}

// People finds those who sign in at a platform by a part of a handle or name.
func (w *World) People(platform, words string) []*Account {
	return slices.DeleteFunc(w.Accounts(platform, "", ""), func(a *Account) bool {
		return words == "" || !strings.Contains(strings.ToLower(a.Handle+" "+a.Name), strings.ToLower(words))
	})
}

// Avatar is the address of the picture of an account.
func (w *World) Avatar(a *Account) string {
	return w.URL(Self, avatarPath(a))
}

// draw is a number below n that is always the same for the same words.
func draw(n uint64, words ...string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return binary.BigEndian.Uint64(sum[:8]) % n
}
