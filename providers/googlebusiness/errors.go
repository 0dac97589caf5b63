package googlebusiness

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/google"
)

// rule is what a reason or a status means.
type rule struct {
	code    social.Code
	message string
}

// rules has the reasons and codes that go before the status.
// https://developers.google.com/my-business/reference/rest/v4/ErrorCode
func rules() map[string]rule {
	return map[string]rule{
		"SERVICE_DISABLED":                     {social.CodeRejected, "One of the Business Profile APIs is not switched on. The operator must do so on console.cloud.google.com."},
		"ACCESS_TOKEN_SCOPE_INSUFFICIENT":      {social.CodeScopeMissing, "The permission to manage business profiles was not granted."},
		"LOCATION_DISABLED_FOR_LOCAL_POST_API": {social.CodeRejected, "Google takes no posts from apps for this business, such as one of a large chain."},
		"PHOTO_FETCH_FAILED":                   {social.CodeRejected, "Google could not fetch the photo. The address of this server's files must be public."},
		"PHOTO_UPLOAD_FAILED":                  {social.CodeRejected, "Google could not use the photo. It takes JPEG and PNG of at least 250 pixels on each side, and 10 KB to 5 MB."},
	}
}

// statuses are those of https://google.aip.dev/193. What is missing is told well
// enough by its HTTP status.
func statuses() map[string]rule {
	return map[string]rule{
		"UNAUTHENTICATED":     {social.CodeAuthExpired, "Google no longer accepts our token."},
		"PERMISSION_DENIED":   {social.CodeAccountBlocked, "Google does not let this person manage the business profile any more, or has not approved the app of this server for it."},
		"NOT_FOUND":           {social.CodeRejected, "The business profile or the post is not there any more."},
		"FAILED_PRECONDITION": {social.CodeRejected, "Google does not do this for this business profile in its present state."},
		"RESOURCE_EXHAUSTED":  {social.CodeRateLimited, "Google asked us to slow down."},
	}
}

// classify reads what the APIs answer to a call that failed.
func classify(status int, body []byte) *social.Error {
	f := google.FailureOf(body)
	for _, name := range names(f) {
		if r, known := rules()[name]; known {
			return social.Errorf(r.code, "%s", r.message)
		}
	}
	if f.Status == "RESOURCE_EXHAUSTED" {
		return exhausted(f)
	}
	if r, known := statuses()[f.Status]; known {
		return social.Errorf(r.code, "%s", r.message)
	}
	if f.Status == "INVALID_ARGUMENT" || status == http.StatusBadRequest && f.Message != "" {
		return social.Errorf(social.CodeRejected, "Google does not take this: %s", said(f))
	}
	return nil
}

// names are all that a failure names as its reason.
func names(f google.Failure) []string {
	var out []string
	for _, d := range f.Details {
		out = append(out, d.Reason)
		for _, w := range d.Errors {
			out = append(out, fmt.Sprint(w.Code))
		}
	}
	return out
}

// exhausted tells the limits apart: that of a profile, that of the app, and that
// of an app which Google has not approved, which may make no calls at all.
// https://developers.google.com/my-business/content/limits
func exhausted(f google.Failure) *social.Error {
	r := statuses()[f.Status]
	e := social.Errorf(r.code, "%s", r.message)
	for _, d := range f.Details {
		if d.Metadata["quota_limit_value"] == "0" {
			return social.Errorf(social.CodeRejected, "Google has not approved the app of this server for the Business Profile APIs: it may make no calls. The operator must ask for access.")
		}
		if strings.HasSuffix(d.Metadata["quota_limit"], "PerProject") {
			e.Scope = social.ScopeApp
		}
	}
	return e
}

// said is what Google says of a failure, fit to be shown.
func said(f google.Failure) string {
	const most = 200
	s := f.Message
	for _, d := range f.Details {
		for _, w := range d.Errors {
			if w.Message != "" {
				s = w.Message
			}
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "it gave no reason."
	}
	if utf8.RuneCountInString(s) > most {
		return string([]rune(s)[:most]) + "…"
	}
	return strings.TrimRight(s, ".") + "."
}
