package simulator

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"time"
)

// own adds the pages of the simulator itself.
func (s *Sim) own() {
	handle := func(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, h) }
	handle("GET "+Self+"/{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, "home.html", s.home()) })
	handle("POST "+Self+"/_/ask", s.askTrouble)
	handle("GET "+Self+"/_/avatar/{platform}/{file}", s.avatar)
	handle("GET "+Self+"/_/timeline", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		JSON(w, http.StatusOK, s.world.timeline(q.Get("platform"), q.Get("account")))
	})
	handle("POST "+Self+"/_/trouble", func(w http.ResponseWriter, r *http.Request) {
		var t Trouble
		if !Read(r, &t) {
			JSON(w, http.StatusBadRequest, map[string]string{"error": "The body is not a trouble in JSON."})
			return
		}
		if err := s.world.addTrouble(t); err != nil {
			JSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	handle("DELETE "+Self+"/_/trouble", func(w http.ResponseWriter, _ *http.Request) {
		s.world.troubles = nil
		w.WriteHeader(http.StatusNoContent)
	})
	handle("GET "+Self+"/_/media/{platform}/{id}", func(w http.ResponseWriter, r *http.Request) {
		u := s.world.Upload(r.PathValue("platform"), r.PathValue("id"))
		if u == nil || !u.Kept() {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", u.Type)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(u.kept))
	})
}

// Timeline lists all that was said, also what is deleted, oldest first. Empty
// words stand for all.
func (s *Sim) Timeline(platform, account string) []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.timeline(platform, account)
}

func (w *World) timeline(platform, account string) []Post {
	out := []Post{}
	for _, p := range w.posts {
		if (platform == "" || p.Platform == platform) && w.is(account, p.Platform, p.Account) {
			c := *p
			c.Media = nil
			for _, u := range p.Media {
				one := *u
				c.Media = append(c.Media, &one)
			}
			c.Extra = maps.Clone(p.Extra)
			out = append(out, c)
		}
	}
	return out
}

// Accounts lists the accounts of a platform; empty: of all.
func (s *Sim) Accounts(platform string) []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Account
	for _, a := range s.world.accounts {
		if platform == "" || a.Platform == platform {
			c := *a
			c.Extra = maps.Clone(a.Extra)
			out = append(out, c)
		}
	}
	return out
}

// Types is what a person types in to connect an account to a provider; empty:
// nothing.
func (s *Sim) Types(provider string, a Account) map[string]string {
	for _, in := range s.standIns {
		if typist, ok := in.(Typist); ok && slices.Contains(in.About().Providers, provider) {
			return typist.Types(a)
		}
	}
	return nil
}
