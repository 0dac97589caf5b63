package simulator

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.New("").ParseFS(pageFiles, "pages/*.html"))

// show writes a page for people. It shows what others wrote, so it runs nothing.
func show(w http.ResponseWriter, name string, v any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; frame-ancestors 'none'")
	_ = pages.ExecuteTemplate(w, name, v)
}

// question is whether an app may come in.
type question struct {
	Platform, App string
	Scopes        []string
	Accounts      []*Account
	Action        string
}

// question asks the person who they are, and whether they allow it.
func (m *Mount) question(w http.ResponseWriter, r *http.Request, q question) {
	q.Accounts = m.Accounts(q.Platform, "", "")
	q.Action = m.Asked(r) + "?" + r.URL.RawQuery
	show(w, "allow.html", q)
}

// answered is who allows it; nil: it is not allowed.
func (w *World) answered(r *http.Request, platform string) *Account {
	if r.PostFormValue("answer") != "approve" {
		return nil
	}
	return w.Account(platform, r.PostFormValue("account"))
}

// Approve does what a person does on the page at address: pick an account by id
// or handle, and allow. It returns where the person is sent then.
func (s *Sim) Approve(ctx context.Context, address, account string) (string, error) {
	return s.decide(ctx, address, url.Values{"account": {account}, "answer": {"approve"}})
}

// Deny does what a person does who does not allow it.
func (s *Sim) Deny(ctx context.Context, address string) (string, error) {
	return s.decide(ctx, address, url.Values{"answer": {"deny"}})
}

func (s *Sim) decide(ctx context.Context, address string, answer url.Values) (string, error) {
	if u, err := url.Parse(address); err != nil || !s.plays(u) {
		return "", fmt.Errorf("simulator: %q is no address of a platform here", address)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(answer.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := s.answer(r)
	if err != nil {
		return "", err
	}
	if got.Code != http.StatusFound {
		return "", errors.New("simulator: " + strings.TrimSpace(got.Body.String()))
	}
	return got.Header().Get("Location"), nil
}
