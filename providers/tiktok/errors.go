package tiktok

import (
	"encoding/json"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// rule is what an error means.
type rule struct {
	code    social.Code
	message string
}

// rules are the errors of calls. https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
func rules() map[string]rule {
	return map[string]rule{
		"access_token_invalid":                               {social.CodeAuthExpired, "TikTok no longer accepts our token."},
		"scope_not_authorized":                               {social.CodeScopeMissing, "The account did not grant this permission."},
		"scope_permission_missed":                            {social.CodeScopeMissing, "The account did not grant this permission."},
		"rate_limit_exceeded":                                {social.CodeRateLimited, "TikTok asked us to slow down."},
		"reached_active_user_cap":                            {social.CodeQuota, "The app of this server has posted for as many accounts as TikTok allows it in a day. Once TikTok has audited the app there is no such limit."},
		"spam_risk_too_many_posts":                           {social.CodeQuota, "This account has posted as much through apps as TikTok allows in a day."},
		"spam_risk_too_many_pending_share":                   {social.CodeQuota, "There are five posts in the inbox of this account that nobody has finished. Please finish or delete some of them in the app."},
		"spam_risk":                                          {social.CodeRejected, "TikTok takes this post for spam."},
		"spam_risk_text":                                     {social.CodeRejected, "TikTok takes the text of this post for spam."},
		"spam_risk_user_banned_from_posting":                 {social.CodeAccountBlocked, "TikTok has banned this account from posting."},
		"privacy_level_option_mismatch":                      {social.CodeRejected, "This account may not use the privacy that was chosen. Please choose another."},
		"url_ownership_unverified":                           {social.CodeRejected, "TikTok fetches photos only from addresses that it knows belong to the app. The operator must verify the address of this server in the app's URL properties."},
		"invalid_param":                                      {social.CodeRejected, "TikTok does not take what is said of this post."},
		"invalid_params":                                     {social.CodeRejected, "TikTok does not take what is said of this post."},
		"invalid_file_upload":                                {social.CodeRejected, "TikTok cannot use this file."},
		"app_version_check_failed":                           {social.CodeRejected, "The TikTok app of this account is too old for the inbox. Please update it."},
		"user_has_no_permission":                             {social.CodeRejected, "This account may not do this."},
		"unaudited_client_can_only_post_to_private_accounts": {social.CodeRejected, "TikTok has not audited the app of this server yet. Until then the account must be private in the app, and the post for its owner alone (SELF_ONLY)."},
	}
}

// failures are why TikTok could not make a post of what it got.
// https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
func failures() map[string]rule {
	return map[string]rule{
		"file_format_check_failed":           {social.CodeRejected, "TikTok does not take this format."},
		"duration_check_failed":              {social.CodeRejected, "The video is too short or too long for this account."},
		"frame_rate_check_failed":            {social.CodeRejected, "TikTok takes videos of 23 to 60 pictures a second."},
		"picture_size_check_failed":          {social.CodeRejected, "TikTok does not take pictures of this size: videos have 360 to 4096 pixels a side, photos at most 1080 by 1920."},
		"video_pull_failed":                  {social.CodeUnavailable, "TikTok could not fetch the video from this server."},
		"photo_pull_failed":                  {social.CodeUnavailable, "TikTok could not fetch a photo from this server. Is its public address right?"},
		"publish_cancelled":                  {social.CodeRejected, "The post was cancelled on TikTok."},
		"auth_removed":                       {social.CodeAuthRevoked, "The permission to post was taken back while TikTok worked on the post. Please connect the account again."},
		"spam_risk_too_many_posts":           rules()["spam_risk_too_many_posts"],
		"spam_risk_user_banned_from_posting": rules()["spam_risk_user_banned_from_posting"],
		"spam_risk_text":                     rules()["spam_risk_text"],
		"spam_risk":                          rules()["spam_risk"],
		"internal":                           {social.CodeUnavailable, "Something went wrong inside TikTok."},
	}
}

// codeFine says that a call was not refused.
const codeFine = "ok"

func refused(body []byte) bool {
	var f failure
	return json.Unmarshal(body, &f) == nil && f.Error.Code != "" && f.Error.Code != codeFine
}

// denied is refused for what OAuth says.
func denied(body []byte) bool {
	var f struct {
		Error string `json:"error"`
	}
	return json.Unmarshal(body, &f) == nil && f.Error != ""
}

func classify(_ int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What is no JSON names no code.
	r, known := rules()[f.Error.Code]
	if !known {
		return nil
	}
	e := social.Errorf(r.code, "%s", r.message)
	switch f.Error.Code {
	case "rate_limit_exceeded":
		e.RetryAfter = time.Minute
	case "reached_active_user_cap":
		e.Scope = social.ScopeApp
	}
	return e
}

// failed explains a post that TikTok gave up. What it got is of no more use.
func failed(reason string) error {
	r, known := failures()[reason]
	if !known {
		return social.Errorf(social.CodeRejected, "TikTok could not make a post of this: %s", reason)
	}
	e := social.Errorf(r.code, "%s", r.message)
	e.Restart = r.code != social.CodeRejected
	return e
}
