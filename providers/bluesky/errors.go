package bluesky

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/crierhq/crier/ports/social"
)

// xrpcError is the body of every error answer:
// https://atproto.com/specs/xrpc#error-responses.
type xrpcError struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

// rules give the error field its consequence. What is not here is judged by
// the HTTP status.
var rules = map[string]social.Code{
	// An access token that ended is a 400 with one of these.
	"ExpiredToken": social.CodeAuthExpired,
	"InvalidToken": social.CodeAuthExpired,

	"AuthenticationRequired": social.CodeAuthRevoked,
	"AuthMissing":            social.CodeAuthRevoked,
	"AccountNotFound":        social.CodeAuthRevoked,

	"AccountTakedown":    social.CodeAccountBlocked,
	"AccountSuspended":   social.CodeAccountBlocked,
	"AccountDeactivated": social.CodeAccountBlocked,
	"RepoTakendown":      social.CodeAccountBlocked,
	"RepoSuspended":      social.CodeAccountBlocked,
	"RepoDeactivated":    social.CodeAccountBlocked,
	"UploadForbidden":    social.CodeAccountBlocked,

	"RateLimitExceeded":  social.CodeRateLimited,
	"TooManyOpenUploads": social.CodeRateLimited,
	"DailyLimitExceeded": social.CodeQuota,

	"InvalidRequest":         social.CodeRejected,
	"InvalidMimeType":        social.CodeRejected,
	"BlobTooLarge":           social.CodeRejected,
	"PayloadTooLarge":        social.CodeRejected,
	"UnsupportedContentType": social.CodeRejected,
	"VideoTooLarge":          social.CodeRejected,
	"VideoTooLong":           social.CodeRejected,
	"BadAspectRatio":         social.CodeRejected,

	// The repository moved on under the request, which wrote nothing.
	"InvalidSwap":       social.CodeUnavailable,
	"ServiceOverloaded": social.CodeUnavailable,
}

var messages = map[social.Code]string{
	social.CodeAuthExpired:    "Bluesky no longer accepts our token.",
	social.CodeAuthRevoked:    "Bluesky ended our access. Please connect the account again.",
	social.CodeAccountBlocked: "The account is suspended, deactivated or taken down.",
	social.CodeRateLimited:    "Bluesky asked us to slow down.",
	social.CodeQuota:          "The account has used up what Bluesky allows it in a day.",
	social.CodeUnavailable:    "Bluesky could not take the request just now.",
}

// classify implements rest.Classify.
func classify(status int, body []byte) *social.Error {
	var x xrpcError
	_ = json.Unmarshal(body, &x) // what is no such answer stays empty, and has no rule
	if blobGone(x) {
		return &social.Error{
			Code: social.CodeUnavailable, Restart: true,
			Message: "Bluesky no longer has the uploaded files; they are uploaded again.",
		}
	}
	code, ok := rules[x.Error]
	if !ok || status >= 500 {
		// Whatever a failing server calls it, the write may have been made.
		return nil
	}
	e := &social.Error{Code: code, Message: messages[code]}
	if s := sentence(x.Message); code == social.CodeRejected && s != "" {
		e.Message = "Bluesky refused this: " + s
	}
	return e
}

// blobGone reports whether a record refers to a file that the server dropped,
// as it does some time after an upload that no record refers to. Older servers
// have only the text.
func blobGone(x xrpcError) bool {
	return x.Error == "BlobNotFound" || x.Error == "InvalidRequest" && strings.HasPrefix(x.Message, "Could not find blob")
}

// missing reports whether err says that there is no such record. Older servers
// have only the text.
func missing(body []byte) bool {
	var x xrpcError
	return json.Unmarshal(body, &x) == nil &&
		(x.Error == "RecordNotFound" || strings.HasPrefix(x.Message, "Could not locate record"))
}

// sentence makes the platform's own words fit to be shown.
func sentence(s string) string {
	const most = 300
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	s = clip(s, most)
	if s != "" && !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// clip shortens s to at most n bytes without cutting a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
