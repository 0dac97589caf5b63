package slack

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/social"
)

// refusal is the name of a refusal: the cause of errors that have one.
type refusal string

func (r refusal) Error() string { return string(r) }

// says reports whether err is one of these refusals.
func says(err error, names ...refusal) bool {
	r, ok := errors.AsType[refusal](err)
	return ok && slices.Contains(names, r)
}

// rule says what some refusals mean.
type rule struct {
	names   []refusal
	means   social.Code
	message string
}

// rules are the refusals that are known. internal_error and fatal_error are
// not among them: a part of what was asked may have been done.
// https://docs.slack.dev/reference/methods/chat.postMessage#errors
func rules() []rule {
	return []rule{
		{[]refusal{"token_expired"}, social.CodeAuthExpired, "The permission to use this workspace has run out."},
		{[]refusal{"invalid_auth", "not_authed", "token_revoked", "account_inactive"}, social.CodeAuthRevoked, "Slack has ended this connection. Please connect the workspace again."},
		{[]refusal{"missing_scope", "no_permission", "not_allowed_token_type", "no_scopes"}, social.CodeScopeMissing, "The app lacks a permission in this workspace. Please connect it again, and allow all that is asked for."},
		{[]refusal{"ratelimited", "rate_limited"}, social.CodeRateLimited, "Slack asked us to slow down."},
		{[]refusal{"message_limit_exceeded"}, social.CodeQuota, "The workspace has sent too many messages."},
		{[]refusal{"access_denied", "accesslimited", "ekm_access_denied", "enterprise_is_restricted", "org_login_required", "team_access_not_granted", "two_factor_setup_required"}, social.CodeAccountBlocked, "The workspace does not let this app in at the moment. An administrator must look at it."},
		{[]refusal{"service_unavailable", "team_added_to_org", "request_timeout"}, social.CodeUnavailable, "Slack is not available at the moment."},

		{[]refusal{"channel_not_found"}, social.CodeRejected, "The channel is not there, or the bot may not see it. Private channels need an invitation."},
		{[]refusal{"not_in_channel"}, social.CodeRejected, notMember},
		{[]refusal{"is_archived"}, social.CodeRejected, archived},
		{[]refusal{
			"restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
			"restricted_action_non_threadable_channel", "restricted_action_thread_locked", "posting_to_general_channel_denied",
		}, social.CodeRejected, "The workspace does not let this app write here."},
		{[]refusal{"msg_too_long", "msg_blocks_too_long"}, social.CodeRejected, "The text is too long for Slack. Texts that are changed may have at most 4,000 characters."},
		{[]refusal{"no_text"}, social.CodeRejected, "Slack wants a text."},
		{[]refusal{"message_not_found", "thread_not_found"}, social.CodeRejected, gone},
		{[]refusal{"cannot_reply_to_message"}, social.CodeRejected, "Slack takes no answers to this message."},
		{[]refusal{"cant_update_message", "edit_window_closed"}, social.CodeUnsupported, "Slack does not let this message be changed any more."},
		{[]refusal{"cant_delete_message", "compliance_exports_prevent_deletion", "cant_delete_file", "delete_not_allowed", "file_deleting_disabled"}, social.CodeUnsupported, "Slack does not let this message be deleted."},
		{[]refusal{"file_uploads_disabled", "file_uploads_except_images_disabled", "file_type_not_allowed", "blocked_file_type"}, social.CodeRejected, "The workspace does not take files of this kind."},
		{[]refusal{"file_upload_size_restricted", "storage_limit_reached"}, social.CodeRejected, "The workspace has no room for a file of this size."},
		{[]refusal{"alt_txt_too_large"}, social.CodeRejected, "The description of a file is too long: 1,000 characters are allowed."},
	}
}

const (
	gone      = "The message is not there any more."
	archived  = "The channel was archived. Please choose another one."
	notMember = "The bot is not in this channel. Please invite it there, such as with /invite."
)

// failure is an answer that refuses.
type failure struct {
	OK     bool   `json:"ok"`
	Error  string `json:"error"`
	Needed string `json:"needed"`
}

// refused reports whether an answer is none that says that it was done.
func refused(body []byte) bool {
	var f failure
	return json.Unmarshal(body, &f) != nil || !f.OK
}

func classify(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What cannot be read says nothing more than its status.
	for _, r := range rules() {
		if !slices.Contains(r.names, refusal(f.Error)) {
			continue
		}
		e := social.Errorf(r.means, "%s", r.message)
		e.Err = refusal(f.Error)
		if r.means == social.CodeScopeMissing && f.Needed != "" {
			e.Message += " Missing: " + clip(f.Needed) + "."
		}
		return e
	}
	if status >= 300 || f.Error == "" || f.Error == "internal_error" || f.Error == "fatal_error" {
		return nil
	}
	e := social.Errorf(social.CodeRejected, "Slack refused this: %s.", clip(strings.ReplaceAll(f.Error, "_", " ")))
	e.Err = refusal(clip(f.Error))
	return e
}

// classifySignIn reads what a sign-in is refused with: not in the words of
// OAuth, for the most part.
// https://docs.slack.dev/reference/methods/oauth.v2.access#errors
func classifySignIn(_ int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // As above.
	switch f.Error {
	case "invalid_code", "code_already_used", "token_expired", "token_revoked", "invalid_auth":
		return social.Errorf(social.CodeAuthRevoked, "Slack has ended this connection. Please connect the workspace again.")
	case "bad_client_secret", "invalid_client_id", "bad_redirect_uri", "no_scopes":
		return social.Errorf(social.CodeRejected, "Slack does not accept the app of this server. Its operator must look at SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and the redirect URLs of the app.")
	case "ratelimited", "rate_limited":
		return social.Errorf(social.CodeRateLimited, "Slack asked us to slow down.")
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org":
		return social.Errorf(social.CodeUnavailable, "Slack is not available at the moment.")
	}
	return nil
}

// clip makes what Slack says short enough to be shown.
func clip(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
