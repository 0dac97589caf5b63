package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// Rule reads one error. A Code or Subcode of 0 stands for any.
type Rule struct {
	Code, Subcode int
	Means         social.Code
	// Message is for the author; empty: what the platform says.
	Message string
	// Wait is how long to wait at least, and Scope whose limit it is.
	Wait  time.Duration
	Scope social.RateScope
	// Restart says that what was prepared is worthless.
	Restart bool
}

// family is read from the top, after the rules of an API; the first that fits
// applies. Meta does not say of 1 and 2 whether it acted before it failed.
// https://developers.facebook.com/docs/graph-api/guides/error-handling
func family() []Rule {
	const again = "The permission to use this account has ended. Connect it again."
	return []Rule{
		{Code: 190, Subcode: 463, Means: social.CodeAuthExpired, Message: "The permission to use this account has run out."},
		{Code: 190, Subcode: 460, Means: social.CodeAuthRevoked, Message: "The password of the account was changed, which ends all permissions. Connect it again."},
		{Code: 190, Subcode: 458, Means: social.CodeAuthRevoked, Message: "The app was removed from the account. Connect it again."},
		{Code: 190, Subcode: 459, Means: social.CodeAuthRevoked, Message: "The account needs to be confirmed: log in to its website, then connect it again."},
		{Code: 190, Subcode: 464, Means: social.CodeAuthRevoked, Message: "The account needs to be confirmed: log in to its website, then connect it again."},
		{Code: 190, Subcode: 490, Means: social.CodeAuthRevoked, Message: "The account needs to be confirmed: log in to its website, then connect it again."},
		{Code: 190, Means: social.CodeAuthRevoked, Message: again},
		{Code: 102, Means: social.CodeAuthRevoked, Message: again},
		{Code: 4, Means: social.CodeRateLimited, Message: "The app of this server makes too many calls at the moment.", Scope: social.ScopeApp},
		{Code: 17, Means: social.CodeRateLimited, Message: "This account makes too many calls at the moment."},
		{Code: 32, Means: social.CodeRateLimited, Message: "This page makes too many calls at the moment."},
		{Code: 613, Means: social.CodeRateLimited, Message: "This account makes too many calls at the moment."},
		{Code: 368, Means: social.CodeAccountBlocked, Message: "The platform has blocked this account for a while, for what it takes for abuse."},
		{Code: 506, Means: social.CodeDuplicate, Message: "The same was posted just before."},
		{Code: 1, Means: social.CodeOutcomeUnknown, Message: "The platform failed, and did not say what became of it."},
		{Code: 2, Means: social.CodeOutcomeUnknown, Message: "The platform is not available at the moment."},
		{Code: 3, Means: social.CodeScopeMissing, Message: "The app may not do this for this account. Connect it again and allow all that is asked for."},
		{Code: 10, Means: social.CodeScopeMissing, Message: "The app may not do this for this account. Connect it again and allow all that is asked for."},
		{Code: 100, Subcode: goneSubcode, Means: social.CodeRejected, Message: "This is not there any more, or the account may not see it."},
		{Code: 803, Means: social.CodeRejected, Message: "This is not there any more, or the account may not see it."},
		{Code: 100, Means: social.CodeRejected},
	}
}

// goneSubcode comes with code 100 for what does not exist, or is hidden.
const goneSubcode = 33

// Cause is what the platform itself says of an error.
type Cause struct {
	Code, Subcode int
	// Trace is what the platform's support asks for.
	Trace string
}

// Error implements error.
func (c *Cause) Error() string {
	return fmt.Sprintf("code %d, subcode %d, trace %q", c.Code, c.Subcode, c.Trace)
}

// CauseOf is what the platform said; the zero Cause where it said nothing.
func CauseOf(err error) Cause {
	if c, ok := errors.AsType[*Cause](err); ok {
		return *c
	}
	return Cause{}
}

// Gone reports whether the platform says that a thing is not there.
func Gone(err error) bool {
	c := CauseOf(err)
	return c.Code == 100 && c.Subcode == goneSubcode || c.Code == 803
}

// failure is an answer that says no. The second form is that of the servers
// which trade codes for tokens, the third that of those which take files.
type failure struct {
	Error struct {
		Message     string `json:"message"`
		Code        int    `json:"code"`
		Subcode     int    `json:"error_subcode"`
		IsTransient bool   `json:"is_transient"`
		UserMsg     string `json:"error_user_msg"`
		Trace       string `json:"fbtrace_id"`
	} `json:"error"`
	ErrorType    string `json:"error_type"`
	ErrorMessage string `json:"error_message"`
	Debug        *struct {
		Retriable bool   `json:"retriable"`
		Message   string `json:"message"`
	} `json:"debug_info"`
}

// Classify is a rest.Classify, for calls that are not made with Call.
func (a API) Classify(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What is no JSON is no error of Meta.
	if f.ErrorType != "" && status < 500 && status != http.StatusTooManyRequests {
		return social.Errorf(social.CodeRejected, "%s did not allow this: %s", a.Name, sentence(f.ErrorMessage))
	}
	if f.Debug != nil {
		return a.unread(f.Debug.Retriable, f.Debug.Message)
	}
	in := f.Error
	if in.Code == 0 && in.Message == "" {
		return nil
	}
	r := a.rule(in.Code, in.Subcode, in.IsTransient, status)
	if r.Means == "" {
		return nil
	}
	msg := r.Message
	if msg == "" {
		said := in.UserMsg
		if said == "" {
			said = in.Message
		}
		msg = a.Name + " refused this: " + sentence(said)
	}
	return &social.Error{
		Code: r.Means, Message: msg, RetryAfter: r.Wait, Scope: r.Scope, Restart: r.Restart,
		Err: &Cause{Code: in.Code, Subcode: in.Subcode, Trace: in.Trace},
	}
}

// Refusal is what a subcode means that came elsewhere than in an error, such as
// in the state of an upload. said is what the platform says.
func (a API) Refusal(subcode int, said string) *social.Error {
	for _, r := range a.Rules {
		if r.Subcode == subcode && subcode != 0 {
			return &social.Error{
				Code: r.Means, Message: r.Message, RetryAfter: r.Wait, Scope: r.Scope, Restart: r.Restart, Err: &Cause{Subcode: subcode},
			}
		}
	}
	return social.Errorf(social.CodeRejected, "%s refused this: %s", a.Name, sentence(said))
}

// unread is what became of a file that was handed over.
func (a API) unread(retriable bool, said string) *social.Error {
	if retriable {
		return social.Errorf(social.CodeUnavailable, "%s could not take a file at the moment.", a.Name)
	}
	return social.Errorf(social.CodeRejected, "%s could not take a file: %s", a.Name, sentence(said))
}

// rule is what applies; one without Means leaves it to the status.
func (a API) rule(code, subcode int, transient bool, status int) Rule {
	for _, list := range [][]Rule{a.Rules, family()} {
		for _, r := range list {
			if r.fits(code, subcode) {
				return r
			}
		}
	}
	switch {
	case transient:
		return Rule{Means: social.CodeOutcomeUnknown, Message: a.Name + " is not available at the moment."}
	case code >= 200 && code <= 299:
		return Rule{Means: social.CodeScopeMissing, Message: "The app may not do this for this account. Connect it again and allow all that is asked for."}
	case code >= 80000 && code <= 80014:
		return Rule{Means: social.CodeRateLimited, Message: "This account makes too many calls at the moment."}
	case status == http.StatusBadRequest:
		return Rule{Means: social.CodeRejected}
	}
	return Rule{}
}

func (r Rule) fits(code, subcode int) bool {
	return (r.Code == 0 || r.Code == code) && (r.Subcode == 0 || r.Subcode == subcode)
}

// sentence makes what a platform says fit to be shown.
func sentence(s string) string {
	const most = 200
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "it gave no reason."
	}
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "…") && !strings.HasSuffix(s, "!") {
		s += "."
	}
	return s
}
