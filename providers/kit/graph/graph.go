// Package graph is what the APIs of Meta share: a version in the path, errors
// told apart by a code and a subcode, usage in percent in the headers, pages of
// lists, tokens that are traded for longer ones, and insights.
//
//	api := graph.API{
//		HTTP: deps.HTTP, Now: deps.Now, Name: "Facebook",
//		Base: "https://graph.facebook.com", Version: "v25.0", Secret: cfg.AppSecret, Rules: rules(),
//	}
//	_, err := api.Call(ctx, token, rest.Request{Method: http.MethodGet, Path: "/me", Out: &me})
//
// https://developers.facebook.com/docs/graph-api/overview
package graph

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// API is one host of Meta at one version.
type API struct {
	HTTP *http.Client
	// Name is what people call the platform, for messages.
	Name string
	// Base is the root, such as https://graph.facebook.com, and Version what
	// comes before every path, such as v25.0.
	Base, Version string
	// Secret is the app's: with it every call proves that it comes from the app
	// and not from somebody who found a token. Empty: no proof.
	// https://developers.facebook.com/docs/graph-api/guides/secure-requests
	Secret string
	// Rules are read before those that all APIs share.
	Rules []Rule
	// Now is needed to read waiting times.
	Now func() time.Time
}

// Call makes a call once, with token in a header. A Path that is a whole
// address is taken as it is. Errors are those of rest.Client, read by Rules;
// CauseOf tells the platform's own code of one.
func (a API) Call(ctx context.Context, token string, r rest.Request) (rest.Response, error) {
	if !strings.HasPrefix(r.Path, "https://") && !strings.HasPrefix(r.Path, "http://") {
		r.Path = "/" + a.Version + r.Path
	}
	r.Bearer = token
	if a.Secret != "" && token != "" {
		r.Query = maps.Clone(r.Query)
		if r.Query == nil {
			r.Query = url.Values{}
		}
		r.Query.Set("appsecret_proof", Proof(token, a.Secret))
	}
	resp, err := a.client(r.Reads || r.Method == http.MethodGet).Do(ctx, r)
	wait := report(ctx, resp.Header)
	if e, ok := err.(*social.Error); ok && e.Code == social.CodeRateLimited && e.RetryAfter == 0 { //nolint:errorlint // rest returns nothing else
		e.RetryAfter = wait
	}
	return resp, err
}

// client is rest's, with the errors of Meta. Of a call that only reads a
// failure half-way says no more than that it did not work.
func (a API) client(reads bool) *rest.Client {
	return &rest.Client{HTTP: a.HTTP, Base: a.Base, Now: a.Now, Classify: func(status int, body []byte) *social.Error {
		e := a.Classify(status, body)
		if e != nil && reads && e.Code == social.CodeOutcomeUnknown {
			e.Code = social.CodeUnavailable
		}
		return e
	}}
}

// Proof is the appsecret_proof of token.
func Proof(token, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// Token asks for a token as q says: one that lives longer, or a renewed one. A
// path that is not a whole address is below Base, without the Version.
func (a API) Token(ctx context.Context, path string, q url.Values) (oauth.Token, error) {
	resp, err := a.client(true).Do(ctx, rest.Request{Method: http.MethodGet, Path: path, Query: q})
	if err != nil {
		return oauth.Token{}, err
	}
	out, err := oauth.ParseToken(resp.Body)
	if err != nil {
		return oauth.Token{}, social.Errorf(social.CodeUnavailable, "%s gave us no permission that we can read. Please try again.", a.Name)
	}
	return out, nil
}

// maxPages bounds how many pages of a list are read.
const maxPages = 20

// List reads a list to its end, or until there are most of it; 0: all that
// maxPages hold. The address of the next page is not followed, because it holds
// the token: its cursor says the same.
// https://developers.facebook.com/docs/graph-api/results
func List[T any](ctx context.Context, a API, token, path string, q url.Values, most int) ([]T, error) {
	var out []T
	q = maps.Clone(q)
	for range maxPages {
		var page struct {
			Data   []T `json:"data"`
			Paging struct {
				Next    string `json:"next"`
				Cursors struct {
					After string `json:"after"`
				} `json:"cursors"`
			} `json:"paging"`
		}
		if _, err := a.Call(ctx, token, rest.Request{Method: http.MethodGet, Path: path, Query: q, Out: &page}); err != nil {
			return nil, err
		}
		if page.Data == nil { // An empty list is there, and empty.
			return nil, social.Errorf(social.CodeUnavailable, "%s sent an answer that we cannot read.", a.Name)
		}
		out = append(out, page.Data...)
		if most > 0 && len(out) >= most {
			return out[:most], nil
		}
		if page.Paging.Next == "" || page.Paging.Cursors.After == "" {
			break
		}
		q.Set("after", page.Paging.Cursors.After)
	}
	return out, nil
}
