package threads

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// failure is an error of Meta's APIs.
type failure struct {
	Error struct {
		Message   string `json:"message"`
		Code      int    `json:"code"`
		Subcode   int    `json:"error_subcode"`
		Transient bool   `json:"is_transient"`
		UserMsg   string `json:"error_user_msg"`
	} `json:"error"`
}

const (
	goneMessage  = "The post is not there any more, or this account may not see it."
	grantMessage = "The account did not grant this permission. Connect it again and allow all that is asked for."
)

// rule reads one error. A zero stands for any number.
type rule struct {
	number, sub int
	code        social.Code
	message     string
	wait        time.Duration
	restart     bool
}

// rules is read from the top; the first that fits applies. Of 1 and 2 Meta does
// not say whether it acted before it failed.
// https://developers.facebook.com/docs/threads/troubleshooting
func rules() []rule {
	return []rule{
		{190, 463, social.CodeAuthExpired, "The permission to post on this account has run out.", 0, false},
		{190, 0, social.CodeAuthRevoked, "The permission to post on this account has ended. Connect it again.", 0, false},
		{102, 0, social.CodeAuthRevoked, "The permission to post on this account has ended. Connect it again.", 0, false},
		{0, 4279013, social.CodeAccountBlocked, "Threads has restricted this account. Open the app to see why.", 0, false},
		{0, 2207050, social.CodeAccountBlocked, "Threads has restricted this account. Open the app to see why.", 0, false},
		{0, 2207051, social.CodeRejected, "Threads takes this post for spam.", 0, false},
		{0, 2207042, social.CodeQuota, "This account has published all that Threads allows in 24 hours.", time.Hour, false},
		{0, 2207027, social.CodeUnavailable, "Threads is still working on this post.", 30 * time.Second, false},
		{24, 4279009, social.CodeUnavailable, "Threads is still working on this post.", 30 * time.Second, false},
		{0, 2207008, social.CodeUnavailable, "Threads does not have the draft of this post any more. It is made again.", 0, true},
		{0, 2207052, social.CodeRejected, "Threads could not fetch a file of this post from this server.", 0, false},
		{100, 33, social.CodeRejected, goneMessage, 0, false},
		{803, 0, social.CodeRejected, goneMessage, 0, false},
		{24, 0, social.CodeRejected, goneMessage, 0, false},
		{4, 0, social.CodeRateLimited, "Threads asked us to slow down.", 0, false},
		{17, 0, social.CodeRateLimited, "Threads asked us to slow down.", 0, false},
		{32, 0, social.CodeRateLimited, "Threads asked us to slow down.", 0, false},
		{613, 0, social.CodeRateLimited, "Threads asked us to slow down.", 0, false},
		{368, 0, social.CodeAccountBlocked, "Threads has blocked this account for a while.", 0, false},
		{3, 0, social.CodeScopeMissing, grantMessage, 0, false},
		{10, 0, social.CodeScopeMissing, grantMessage, 0, false},
		{1, 0, social.CodeOutcomeUnknown, "Threads failed half-way.", 0, false},
		{2, 0, social.CodeOutcomeUnknown, "Threads failed half-way.", 0, false},
	}
}

func classify(_ int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What is no JSON is no error of Meta.
	in := f.Error
	for _, r := range rules() {
		if (r.number == 0 || r.number == in.Code) && (r.sub == 0 || r.sub == in.Subcode) {
			return &social.Error{Code: r.code, Message: r.message, RetryAfter: r.wait, Restart: r.restart}
		}
	}
	switch {
	case in.Code >= 200 && in.Code < 300:
		return social.Errorf(social.CodeScopeMissing, grantMessage)
	case in.Transient:
		return social.Errorf(social.CodeOutcomeUnknown, "Threads failed half-way.")
	case in.Code != 0:
		said := in.UserMsg
		if said == "" {
			said = in.Message
		}
		return social.Errorf(social.CodeRejected, "Threads refused this: %s", sentence(said))
	}
	return nil
}

// sentence is what Threads says, fit to be shown.
func sentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
