// Package google is what the APIs of Google share: the sign-in, and how they say
// that something failed.
//
// https://developers.google.com/identity/protocols/oauth2/web-server
package google

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Login signs people in. All fields are required.
type Login struct {
	HTTP *http.Client
	// Name is what people call the platform, and Settings what an operator sets
	// the app with, for messages.
	Name, Settings string
	// AuthURL is the root of the pages that people see, such as
	// https://accounts.google.com, and TokenURL of what gives tokens, such as
	// https://oauth2.googleapis.com.
	AuthURL, TokenURL string
	// ID and Secret are the operator's.
	ID, Secret string
	NewID      func() string
	Now        func() time.Time
}

func (l Login) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: l.HTTP, Now: l.Now}, Name: l.Name, Settings: l.Settings,
		AuthURL: l.AuthURL + "/o/oauth2/v2/auth", TokenURL: l.TokenURL + "/token", RevokeURL: l.TokenURL + "/revoke",
		ID: l.ID, Secret: l.Secret, PKCE: true, NewID: l.NewID, Now: l.Now,
	}
}

// Begin returns where to send the person. Google gives a refresh token only with
// offline access, and only when the person is asked anew.
func (l Login) Begin(in social.ConnectRequest, scopes []string) social.Redirect {
	return l.app().Begin(in, scopes, url.Values{"access_type": {"offline"}, "prompt": {"consent"}})
}

// Finish turns what came back into a credential. need is what the person must
// have allowed.
func (l Login) Finish(ctx context.Context, in social.Callback, need ...string) (social.Credential, error) {
	app := l.app()
	token, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Credential{}, err
	}
	if err := app.Demand(token, need...); err != nil {
		return social.Credential{}, err
	}
	return app.Credential(token, social.Credential{}), nil
}

// Refresh renews c, whose refresh token stays.
func (l Login) Refresh(ctx context.Context, c social.Credential) (social.Credential, error) {
	app := l.app()
	token, err := app.Refresh(ctx, c, nil)
	if err != nil {
		return social.Credential{}, err
	}
	return app.Credential(token, c), nil
}

// Revoke takes back all that the person allowed the app, whichever token of
// theirs c has.
func (l Login) Revoke(ctx context.Context, c social.Credential) error {
	token := c.Refresh
	if token == "" {
		token = c.Access
	}
	return l.app().Revoke(ctx, token, nil)
}

// Failure is how an API says that something failed. Older APIs name a reason in
// a list of errors, newer ones a status and details.
// https://google.aip.dev/193
type Failure struct {
	// Status is a code of google.rpc.Code, such as NOT_FOUND.
	Status  string   `json:"status"`
	Message string   `json:"message"`
	Errors  []Cause  `json:"errors"`
	Details []Detail `json:"details"`
}

// Cause is what older APIs say.
type Cause struct {
	Reason string `json:"reason"`
}

// Detail is what newer APIs add. Which fields it has depends on its type.
type Detail struct {
	// Reason and Metadata are those of google.rpc.ErrorInfo.
	Reason   string            `json:"reason"`
	Metadata map[string]string `json:"metadata"`
	// Errors are what is wrong with a request, each in the API's own words.
	Errors []Wrong `json:"errorDetails"`
}

// Wrong is something that is wrong with a request.
type Wrong struct {
	// Code is a name or a number.
	Code    any    `json:"code"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// FailureOf reads the answer to a call that failed. One that is none of Google
// has nothing in it.
func FailureOf(body []byte) Failure {
	var in struct {
		Error Failure `json:"error"`
	}
	_ = json.Unmarshal(body, &in) // What can be read of it counts.
	return in.Error
}

// Reason is the first reason of the list of errors; empty: there is none.
func (f Failure) Reason() string {
	if len(f.Errors) == 0 {
		return ""
	}
	return f.Errors[0].Reason
}
