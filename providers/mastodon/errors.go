package mastodon

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// rule reads one refusal. Mastodon tells refusals of one status apart only by
// an English sentence, so text is a part of it, in lower case; an empty text
// stands for all.
type rule struct {
	status  int
	text    string
	code    social.Code
	message string
}

// rules is read from the top; the first that fits applies. What fits none is
// read by its status alone, in package rest.
//
// A token of Mastodon does not end by itself. "Invalid" and "revoked" are
// therefore final: somebody took our permission back. "Expired" happens only
// on servers that set an end, and on a 401 that says nothing, such as one of a
// proxy, we know no more than that the token did not work this time: both are
// CodeAuthExpired.
func rules() []rule {
	return []rule{
		{http.StatusUnauthorized, "expired", social.CodeAuthExpired, "The permission to post on this account has run out."},
		{http.StatusUnauthorized, "revoked", social.CodeAuthRevoked, "The permission to post on this account was taken back."},
		{http.StatusUnauthorized, "token is invalid", social.CodeAuthRevoked, "The server does not know our permission to post on this account any more."},
		{http.StatusUnauthorized, "requires an authenticated user", social.CodeAuthRevoked, "The server does not know our permission to post on this account any more."},
		{http.StatusForbidden, "outside the authorized scopes", social.CodeScopeMissing, "The account did not grant this permission. Connect it again."},
		{http.StatusForbidden, "login is currently disabled", social.CodeAccountBlocked, "The moderators of the server have disabled this account."},
		{http.StatusForbidden, "pending approval", social.CodeAccountBlocked, "The moderators of the server have not approved this account yet."},
		{http.StatusForbidden, "confirmed e-mail", social.CodeAccountBlocked, "The e-mail address of this account is not confirmed yet."},
		{http.StatusForbidden, "action is not allowed", social.CodeRejected, "The server does not allow this account to do this."},
		{http.StatusUnprocessableEntity, "not finished processing", social.CodeUnavailable, "The server is still working on a file of this post."},
		// The only way to attach a file a second time is to send a post again
		// that is out already.
		{http.StatusUnprocessableEntity, "already attached", social.CodeOutcomeUnknown, "A file of this post is on another post already. It may be this post itself."},
		{http.StatusRequestEntityTooLarge, "", social.CodeRejected, "The file is too large for this server."},
	}
}

func classify(code int, body []byte) *social.Error {
	var f failure
	said := json.Unmarshal(body, &f) == nil && f.Error != ""
	text := strings.ToLower(f.Error + " " + f.Description)
	for _, r := range rules() {
		if r.status == code && strings.Contains(text, r.text) {
			return social.Errorf(r.code, "%s", r.message)
		}
	}
	if code == http.StatusUnprocessableEntity && said {
		return social.Errorf(social.CodeRejected, "The server refused this: %s", sentence(f.Error))
	}
	return nil
}

// oauthError is the code of a refused OAuth call; empty if there is none.
func oauthError(body []byte) string {
	var f failure
	if json.Unmarshal(body, &f) != nil {
		return ""
	}
	return f.Error
}

// sentence makes what a server says fit to be shown.
func sentence(s string) string {
	const most = 200
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "…") && !strings.HasSuffix(s, "!") {
		s += "."
	}
	return s
}
