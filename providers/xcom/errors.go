package xcom

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

// rule reads one refusal: by the end of the problem's type, or where X writes
// about:blank, by a part of its sentence in lower case. What is empty stands for
// all.
type rule struct {
	status  int
	kind    string
	text    string
	code    social.Code
	message string
}

// rules is read from the top; the first that fits applies. What fits none is
// read by its status alone, in package rest.
// https://docs.x.com/x-api/fundamentals/response-codes-and-errors
func rules() []rule {
	return []rule{
		{http.StatusPaymentRequired, "", "", social.CodeQuota, "The app of this server has no credits left on X. Its operator must buy some on developer.x.com."},
		{http.StatusTooManyRequests, "usage-capped", "", social.CodeQuota, "The app of this server has used up what X allows it in this month."},
		{http.StatusForbidden, "", "duplicate content", social.CodeDuplicate, "This account has posted the same text before."},
		{http.StatusForbidden, "", "suspended", social.CodeAccountBlocked, "X has suspended this account."},
		{http.StatusForbidden, "", "temporarily locked", social.CodeAccountBlocked, "X has locked this account. Please sign in on x.com to unlock it."},
		{http.StatusForbidden, "", "only reply to or quote posts", social.CodeRejected, "X lets apps reply to and quote only posts of the account itself, or posts that mention it."},
		{http.StatusForbidden, "", "reply to this conversation is not allowed", social.CodeRejected, "X does not let this account reply to this post."},
		{http.StatusForbidden, "", "not permitted to perform this action", social.CodeRejected, "X does not let this account do this."},
		{http.StatusForbidden, "", "already retweeted", social.CodeDuplicate, "This account has reposted this post before."},
		{http.StatusForbidden, "unsupported-authentication", "", social.CodeAuthExpired, "X no longer accepts this sign-in."},
		{http.StatusForbidden, "oauth1-permissions", "", social.CodeScopeMissing, "The app of this server may only read. Its operator must let it read and write on developer.x.com, and the account must be connected again."},
		{http.StatusForbidden, "client-forbidden", "", social.CodeRejected, "X does not let the app of this server do this. Its operator must look at the app's project on developer.x.com."},
		{http.StatusForbidden, "not-authorized-for-resource", "", social.CodeRejected, "X does not let this account do this."},
		{http.StatusBadRequest, "", "longer than 2 minutes", social.CodeRejected, "The video is too long for this account."},
		{http.StatusNotFound, "", "", social.CodeRejected, "The post is not there any more, or this account may not see it."},
	}
}

func classify(status int, body []byte) *social.Error {
	p := problemIn(body)
	text := strings.ToLower(p.Detail + " " + p.Message + " " + p.Title)
	for _, r := range rules() {
		if r.status != status || !strings.HasSuffix(p.Type, r.kind) || !strings.Contains(text, r.text) {
			continue
		}
		e := social.Errorf(r.code, "%s", r.message)
		if r.code == social.CodeQuota {
			e.Scope = social.ScopeApp
		}
		return e
	}
	switch {
	case status == http.StatusBadRequest && strings.Contains(text, "media id"):
		return &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "X does not have the files of this post any more. They are uploaded again."}
	case status == http.StatusForbidden && p.Detail != "" && p.Detail != "Forbidden", status == http.StatusBadRequest && p.Detail+p.Message != "":
		return social.Errorf(social.CodeRejected, "X refused this: %s", sentence(p))
	}
	return nil
}

// problemIn is the first problem of an answer, which may be the answer itself.
func problemIn(body []byte) problem {
	var in struct {
		problem
		Errors []problem `json:"errors"`
	}
	if json.Unmarshal(body, &in) != nil {
		return problem{}
	}
	if len(in.Errors) > 0 {
		first := in.Errors[0]
		if first.Type == "" {
			first.Type = in.Type
		}
		return first
	}
	return in.problem
}

// sentence is what X says, fit to be shown.
func sentence(p problem) string {
	s := p.Message
	if s == "" {
		s = p.Detail
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "…") {
		s += "."
	}
	return s
}
