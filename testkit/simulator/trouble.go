package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Act is what happens to a request in trouble.
type Act string

// The troubles there are.
const (
	// Refuse answers as the platform does for Trouble.Kind.
	Refuse Act = "refuse"
	// Answer answers with Status, Header and Body.
	Answer Act = "answer"
	// DropAfter lets the platform do what it is asked, then drops the connection.
	DropAfter Act = "drop_after"
	// DropBefore drops the connection at once.
	DropBefore Act = "drop_before"
	// Delay waits Takes before it lets the platform answer.
	Delay Act = "delay"
	// Slow makes the next processing of an upload take Takes.
	Slow Act = "slow"
	// Expire makes the tokens of the account too old, at once.
	Expire Act = "expire"
	// Revoke takes the tokens of the account back, at once.
	Revoke Act = "revoke"
)

// Trouble says which requests go wrong, and how. An empty condition is met by
// every request, but for an empty Path those that give out tokens.
type Trouble struct {
	Platform string `json:"platform,omitempty"` // the id of a provider, or the name of a stand-in
	Account  string `json:"account,omitempty"`  // the id or handle of who asks
	Method   string `json:"method,omitempty"`
	Path     string `json:"path,omitempty"` // is part of host and path
	Skip     int    `json:"skip,omitempty"` // requests that go well before
	// Publishing is for DropAfter: only requests that put a post out.
	Publishing bool `json:"publishing,omitempty"`
	Times      int  `json:"times,omitempty"` // 0: 1; -1: for ever

	Do     Act               `json:"do"`
	Kind   Refusal           `json:"kind,omitempty"`
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
	Takes  Duration          `json:"takes,omitempty"`
}

// Duration is a time.Duration that is written as "9m".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	got, err := time.ParseDuration(string(text))
	*d = Duration(got)
	return err
}

func (t Trouble) check() error {
	var errs []error
	if !slices.Contains([]Act{Refuse, Answer, DropAfter, DropBefore, Delay, Slow, Expire, Revoke}, t.Do) {
		errs = append(errs, fmt.Errorf("simulator: there is no trouble %q", t.Do))
	}
	if t.Do == Answer && (t.Status < 200 || t.Status > 599) {
		errs = append(errs, fmt.Errorf("simulator: %d is no status to answer with", t.Status))
	}
	if t.Publishing && t.Do != DropAfter {
		errs = append(errs, errors.New("simulator: only drop_after knows whether a request published"))
	}
	if t.Do == Refuse && t.Kind == "" {
		errs = append(errs, errors.New("simulator: a refusal needs a kind, such as rate_limited"))
	}
	if t.Times < -1 || t.Skip < 0 || t.Takes < 0 {
		errs = append(errs, errors.New("simulator: times, skip or takes is negative"))
	}
	return errors.Join(errs...)
}

// Trouble asks for trouble, or says why it cannot be had.
func (s *Sim) Trouble(t Trouble) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.addTrouble(t)
}

func (w *World) addTrouble(t Trouble) error {
	if err := t.check(); err != nil {
		return err
	}
	if t.Times == 0 {
		t.Times = 1
	}
	if t.Do != Expire && t.Do != Revoke {
		w.troubles = append(w.troubles, &t)
		return nil
	}
	for _, token := range w.Tokens(t.Platform, t.Account) {
		if t.Do == Expire {
			token.Expires = w.Now()
		} else {
			token.Revoked = true
		}
	}
	return nil
}

// Calm ends all trouble that is still to come.
func (s *Sim) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.troubles = nil
}

// trouble takes the first trouble that waits for a request.
func (w *World) trouble(meets func(*Trouble) bool) *Trouble {
	for i, t := range w.troubles {
		if !meets(t) {
			continue
		}
		if t.Skip > 0 {
			t.Skip--
			continue
		}
		if t.Times > 0 {
			t.Times--
		}
		if t.Times == 0 {
			w.troubles = slices.Delete(w.troubles, i, i+1)
		}
		return t
	}
	return nil
}

// takes is how long processing takes.
func (w *World) takes(platform, account string, usual time.Duration) time.Duration {
	t := w.trouble(func(t *Trouble) bool {
		return t.Do == Slow && (t.Platform == "" || t.Platform == platform) && w.is(t.Account, platform, account)
	})
	if t == nil {
		return usual
	}
	return time.Duration(t.Takes)
}

// is reports whether name is the id or handle of an account; an empty name is
// that of all.
func (w *World) is(name, platform, account string) bool {
	if name == "" || name == account {
		return true
	}
	a := w.Account(platform, account)
	return a != nil && a.Handle == name
}

// troubled lets h answer, unless there is trouble. signIn says that it is no
// request that people mean when they name none.
func (m *Mount) troubled(w http.ResponseWriter, r *http.Request, h http.HandlerFunc, signIn bool) {
	c := callOf(r)
	t := m.trouble(func(t *Trouble) bool { return !t.Publishing && t.at(signIn) && m.meets(t, r) })
	if t == nil {
		h(w, r)
		c.drop = c.published && m.trouble(func(t *Trouble) bool { return t.Publishing && m.meets(t, r) }) != nil
		return
	}
	switch t.Do { //nolint:exhaustive // The others are none of a request.
	case DropBefore:
		c.drop, c.unheard = true, true
	case DropAfter:
		h(w, r)
		c.drop = true
	case Delay:
		m.wait(r, time.Duration(t.Takes))
		h(w, r)
	case Refuse:
		m.refuse(w, r, t.Kind)
	case Answer:
		c.written = true
		for name, value := range t.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(t.Status)
		_, _ = w.Write([]byte(t.Body))
	}
}

// at reports whether a request of this kind can be meant.
func (t *Trouble) at(signIn bool) bool { return t.Do != Slow && (t.Path != "" || !signIn) }

func (m *Mount) refuse(w http.ResponseWriter, r *http.Request, kind Refusal) {
	if refuser, ok := m.in.(Refuser); ok && refuser.Refuse(w, r, kind) {
		return
	}
	discard(w)
	JSON(w, http.StatusNotImplemented, map[string]string{
		"error": fmt.Sprintf("The stand-in %s does not know how to refuse with %q.", m.about.Name, kind),
	})
}

// wait lets others be answered meanwhile.
func (m *Mount) wait(r *http.Request, d time.Duration) {
	c := callOf(r)
	c.release()
	defer c.resume()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

func (m *Mount) meets(t *Trouble, r *http.Request) bool {
	if t.Platform != "" && t.Platform != m.about.Name && !slices.Contains(m.about.Providers, t.Platform) {
		return false
	}
	if t.Method != "" && !strings.EqualFold(t.Method, r.Method) {
		return false
	}
	if !strings.Contains(r.Host+r.URL.Path, t.Path) {
		return false
	}
	if t.Account == "" {
		return true
	}
	name := bearer(r)
	if p := protocol(r); p != nil {
		name = p["oauth_token"]
	}
	token := m.tokens[name]
	return token != nil && token.Account != nil && (token.Account.ID == t.Account || token.Account.Handle == t.Account)
}
