package linkedin

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

// failure is an error of LinkedIn.
// https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling
type failure struct {
	Code        string `json:"code"`
	ServiceCode int    `json:"serviceErrorCode"`
	Message     string `json:"message"`
	Details     struct {
		Inputs []struct {
			Code        string `json:"code"`
			Description string `json:"description"`
		} `json:"inputErrors"`
	} `json:"errorDetails"`
}

// rule reads one refusal by its status and its code: the name in code, that of an
// input error, or the number. What is empty stands for all.
type rule struct {
	status  int
	name    string
	number  int
	code    social.Code
	message string
}

// rules is read from the top; the first that fits applies. What fits none is
// read by its status alone, in package rest.
func rules() []rule {
	return []rule{
		{http.StatusUnauthorized, "REVOKED_ACCESS_TOKEN", 0, social.CodeAuthRevoked, "The permission to post on this account was taken back."},
		{http.StatusUnauthorized, "", 65601, social.CodeAuthRevoked, "The permission to post on this account was taken back."},
		{http.StatusUnauthorized, "", 65600, social.CodeAuthRevoked, "LinkedIn does not know our permission to post on this account any more."},
		{http.StatusUnauthorized, "", 0, social.CodeAuthExpired, "The permission to post on this account has run out."},
		{http.StatusForbidden, "", 0, social.CodeScopeMissing, "LinkedIn does not let this account do this: the app was not granted it, or the person no longer manages the page."},
		{http.StatusUnprocessableEntity, "DUPLICATE_POST", 0, social.CodeDuplicate, "This account has posted the same before."},
		{http.StatusNotFound, "", 0, social.CodeRejected, "The post is not there any more, or this account may not see it."},
		{http.StatusUpgradeRequired, "", 0, social.CodeRejected, "This version of LinkedIn's API is over. The operator of this server must set LINKEDIN_VERSION."},
	}
}

var duplicateOf = regexp.MustCompile(`duplicate of (urn:li:(?:share|ugcPost):[0-9]+)`)

func (c common) classify(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What cannot be read says nothing more than its status.
	if status == http.StatusTooManyRequests {
		return throttled(f)
	}
	if found := duplicateOf.FindStringSubmatch(f.Message); found != nil {
		e := social.Errorf(social.CodeDuplicate, "This account has posted the same before.")
		e.Existing = &social.Ref{ID: found[1], URL: link(found[1])}
		return e
	}
	for _, r := range rules() {
		if r.status == status && r.fits(f) {
			return social.Errorf(r.code, "%s", r.message)
		}
	}
	if said := sentence(f); said != "" && (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity) {
		return social.Errorf(social.CodeRejected, "LinkedIn refused this: %s", said)
	}
	return nil
}

func (r rule) fits(f failure) bool {
	input := ""
	if len(f.Details.Inputs) > 0 {
		input = f.Details.Inputs[0].Code
	}
	return (r.name == "" || r.name == f.Code || r.name == input) && (r.number == 0 || r.number == f.ServiceCode)
}

// throttled reads whose limit of a day is reached: "Resource level throttle
// APPLICATION DAY limit for calls to this resource is reached."
// https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/rate-limits
func throttled(f failure) *social.Error {
	if !strings.Contains(f.Message, "DAY") {
		return nil
	}
	e := social.Errorf(social.CodeQuota, "LinkedIn takes no more from this account today.")
	if strings.Contains(f.Message, "APPLICATION") {
		e.Scope, e.Message = social.ScopeApp, "LinkedIn takes no more from this server today."
	}
	return e
}

// sentence is what LinkedIn says, fit to be shown.
func sentence(f failure) string {
	s := f.Message
	if len(f.Details.Inputs) > 0 && f.Details.Inputs[0].Description != "" {
		s = f.Details.Inputs[0].Description
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	if s != "" && !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
