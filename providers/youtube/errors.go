package youtube

import (
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/google"
)

// rule is what a reason means. https://developers.google.com/youtube/v3/docs/errors
type rule struct {
	code    social.Code
	message string
}

func rules() map[string]rule {
	return map[string]rule{
		"authError":                         {social.CodeAuthExpired, "YouTube no longer accepts our token."},
		"youtubeSignupRequired":             {social.CodeRejected, "This Google account has no YouTube channel."},
		"insufficientPermissions":           {social.CodeScopeMissing, "The channel did not grant this permission."},
		"accountClosed":                     {social.CodeAccountBlocked, "The channel is closed."},
		"authenticatedUserAccountClosed":    {social.CodeAccountBlocked, "The channel is closed."},
		"accountSuspended":                  {social.CodeAccountBlocked, "YouTube has suspended this channel."},
		"authenticatedUserAccountSuspended": {social.CodeAccountBlocked, "YouTube has suspended this channel."},
		"quotaExceeded":                     {social.CodeQuota, "The app of this server has used up what YouTube allows it in a day."},
		"dailyLimitExceeded":                {social.CodeQuota, "The app of this server has used up what YouTube allows it in a day."},
		"uploadLimitExceeded":               {social.CodeQuota, "This channel has uploaded as many videos as YouTube allows it in a day."},
		"rateLimitExceeded":                 {social.CodeRateLimited, "YouTube asked us to slow down."},
		"userRateLimitExceeded":             {social.CodeRateLimited, "YouTube asked us to slow down."},
		"accessNotConfigured":               {social.CodeRejected, "The YouTube API is not switched on. The operator must do so on console.cloud.google.com."},
		"invalidTitle":                      {social.CodeRejected, "YouTube does not take this title."},
		"invalidDescription":                {social.CodeRejected, "YouTube does not take this description."},
		"invalidTags":                       {social.CodeRejected, "YouTube does not take these tags."},
		"invalidCategoryId":                 {social.CodeRejected, "YouTube does not know this category."},
		"invalidVideoMetadata":              {social.CodeRejected, "YouTube does not take what is said of this video."},
		"mediaBodyRequired":                 {social.CodeRejected, "YouTube found no video in the upload."},
		"videoNotFound":                     {social.CodeRejected, "The video is not there any more."},
		"commentsDisabled":                  {social.CodeRejected, "Nobody may comment on this video."},
		"commentTextRequired":               {social.CodeRejected, "A comment needs a text."},
		"commentTextTooLong":                {social.CodeRejected, "This is too long for a comment on YouTube."},
		"commentNotFound":                   {social.CodeRejected, "The comment is not there any more."},
		"ineligibleAccount":                 {social.CodeRejected, "This account may not comment on YouTube."},
		"processingFailure":                 {social.CodeRejected, "YouTube could not make use of this comment."},
		"failedPrecondition":                {social.CodeRejected, "YouTube does not do this for this channel or video."},
		"forbidden":                         {social.CodeRejected, "YouTube does not let this channel do this."},
	}
}

// classify reads https://developers.google.com/youtube/v3/docs/core_errors.
func (p *Provider) classify(_ int, body []byte) *social.Error {
	reason := google.FailureOf(body).Reason()
	r, known := rules()[reason]
	if !known {
		return nil
	}
	e := social.Errorf(r.code, "%s", r.message)
	switch reason {
	case "quotaExceeded", "dailyLimitExceeded":
		e.Scope, e.RetryAfter = social.ScopeApp, untilMidnight(p.deps.Now())
	case "uploadLimitExceeded":
		e.RetryAfter = 24 * time.Hour
	}
	return e
}

// untilMidnight is when the quota of an app begins anew: at midnight in
// California. https://developers.google.com/youtube/v3/getting-started#quota
func untilMidnight(now time.Time) time.Duration {
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil { // This program knows no time zones.
		pacific = time.FixedZone("PST", -8*60*60)
	}
	year, month, day := now.In(pacific).Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, pacific).Sub(now)
}
