package pinterest

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// rule reads one refusal. A code of 0 and an empty text, which is in lower
// case, stand for any.
type rule struct {
	status, code int
	text         string
	means        social.Code
	message      string
}

// rules is read from the top; the first that fits applies. What fits none is
// read by its status alone, in package rest.
// https://developers.pinterest.com/docs/reference/error-codes/
func rules() []rule {
	return []rule{
		{http.StatusBadRequest, 0, "unable to reach the url", social.CodeUnavailable, "Pinterest could not fetch a file from this server. Is its public address right?"},
		{http.StatusNotFound, 40, "", social.CodeRejected, "The board is not there any more, or this account may not see it."},
		{http.StatusNotFound, 50, "", social.CodeRejected, gonePin},
		{http.StatusForbidden, 7, "", social.CodeRejected, "This account may not put pins on this board, or change this pin."},
		{http.StatusForbidden, 29, "", social.CodeRejected, "This account may not do this."},
		{http.StatusForbidden, 0, "spam", social.CodeRejected, "Pinterest takes the link for spam, and refused it."},
		{http.StatusUnauthorized, 0, "", social.CodeAuthExpired, "The permission to use this account has run out."},
	}
}

const gonePin = "The pin is not there any more, or this account may not see it."

// failure is an Error.
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func classify(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What is no JSON is no error of Pinterest.
	text := strings.ToLower(f.Message)
	for _, r := range rules() {
		if r.status == status && (r.code == 0 || r.code == f.Code) && strings.Contains(text, r.text) {
			return social.Errorf(r.means, "%s", r.message)
		}
	}
	if status == http.StatusBadRequest && f.Message != "" {
		return social.Errorf(social.CodeRejected, "Pinterest refused this: %s", sentence(f.Message))
	}
	return nil
}

// classifySignIn reads what tokens are refused with: not in the words of OAuth.
func classifySignIn(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f)
	if status != http.StatusBadRequest || f.Message == "" {
		return nil
	}
	if text := strings.ToLower(f.Message); strings.Contains(text, "refresh token") || strings.Contains(text, "grant") {
		return social.Errorf(social.CodeAuthRevoked, "Pinterest has ended this sign-in. Please connect the account again.")
	}
	return social.Errorf(social.CodeRejected, "Pinterest did not allow the connection: %s", sentence(f.Message))
}

// sentence makes what a platform says fit to be shown.
func sentence(s string) string {
	const most = 200
	s = words(s)
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "…") && !strings.HasSuffix(s, "!") {
		s += "."
	}
	return s
}

// missing reports whether a pin is not there.
func missing(err error) bool {
	return err != nil && social.AsError(err).Status == http.StatusNotFound
}
