package main

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"time"
)

// serveMastodon speaks as much of Mastodon's API as connecting an account and
// publishing takes, and honours the Idempotency-Key as it does.
// https://docs.joinmastodon.org/methods/statuses/#create
func (p *platform) serveMastodon(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/apps", func(w http.ResponseWriter, _ *http.Request) {
		write(w, map[string]string{"client_id": "app", "client_secret": "the-secret-of-the-app"})
	})
	mux.HandleFunc("GET /oauth/authorize", authorize)
	mux.HandleFunc("POST /oauth/token", token)
	mux.HandleFunc("GET /api/v2/instance", func(w http.ResponseWriter, r *http.Request) {
		write(w, map[string]string{"domain": r.Host, "version": "4.4.0"})
	})
	mux.HandleFunc("GET /api/v1/accounts/verify_credentials", func(w http.ResponseWriter, r *http.Request) {
		account, _ := accountOf(r)
		write(w, map[string]any{"id": account, "username": "u" + account, "url": "http://" + r.Host + "/@" + account})
	})
	mux.HandleFunc("POST /api/v1/statuses", func(w http.ResponseWriter, r *http.Request) {
		p.publish(w, r, publishing{
			key: r.Header.Get("Idempotency-Key"), dedupe: true,
			read: func() (string, error) {
				var in struct{ Status string }
				err := json.NewDecoder(r.Body).Decode(&in)
				return in.Status, err
			},
			answer: func(s status) { write(w, statusBody(s)) },
		})
	})
	mux.HandleFunc("GET /api/v1/statuses/{id}", func(w http.ResponseWriter, r *http.Request) {
		if p.lookUpFails(w) {
			return
		}
		s, ok := p.find(r.PathValue("id"))
		if !ok {
			http.Error(w, `{"error":"Record not found"}`, http.StatusNotFound)
			return
		}
		write(w, statusBody(s))
	})
	mux.HandleFunc("GET /api/v1/accounts/{id}/statuses", func(w http.ResponseWriter, r *http.Request) {
		if p.lookUpFails(w) {
			return
		}
		out := []map[string]string{}
		for _, s := range p.newest(r.PathValue("id"), 40) {
			out = append(out, statusBody(s))
		}
		write(w, out)
	})
}

// authorize lets in whoever asks, as the account that login names.
func authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back := url.Values{"code": {q.Get("login")}, "state": {q.Get("state")}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// token gives a token for the account that a code names, and none to an app.
func token(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("grant_type") != "authorization_code" {
		http.Error(w, `{"error":"unsupported_grant_type"}`, http.StatusBadRequest)
		return
	}
	write(w, map[string]string{"access_token": "access-" + r.FormValue("code")})
}

func statusBody(s status) map[string]string {
	return map[string]string{
		"id": s.ID, "uri": s.URL, "url": s.URL, "created_at": s.At.UTC().Format(time.RFC3339Nano),
		"content": "<p>" + html.EscapeString(s.Text) + "</p>",
	}
}

// servePlain speaks the API of the platforms that take every request for a new
// post.
func (p *platform) servePlain(mux *http.ServeMux) {
	mux.HandleFunc("POST /plain/posts", func(w http.ResponseWriter, r *http.Request) {
		p.publish(w, r, publishing{
			key: r.Header.Get("Request-Key"),
			read: func() (string, error) {
				var in struct{ Text string }
				err := json.NewDecoder(r.Body).Decode(&in)
				return in.Text, err
			},
			answer: func(s status) { write(w, plainBody(s)) },
		})
	})
	mux.HandleFunc("GET /plain/posts", func(w http.ResponseWriter, r *http.Request) {
		if p.lookUpFails(w) {
			return
		}
		account, _ := accountOf(r)
		out := []map[string]string{}
		for _, s := range p.newest(account, 1000) {
			out = append(out, plainBody(s))
		}
		write(w, out)
	})
}

func plainBody(s status) map[string]string {
	return map[string]string{"id": s.ID, "url": s.URL, "text": s.Text}
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be dead by now
}
