package telegram

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// failure is an error of the Bot API, whose codes are those of HTTP. What is
// wrong is said in words alone.
// https://core.telegram.org/bots/api#making-requests
type failure struct {
	Description string `json:"description"`
	Parameters  struct {
		RetryAfter int64 `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// rule reads one refusal by its status and a part of what is said, in small
// letters. What is empty stands for all.
type rule struct {
	status  int
	part    string
	code    social.Code
	message string
}

// rules is read from the top; the first that fits applies.
func rules() []rule {
	const gone = "Telegram does not know the bot's token any more. Please connect again with the new one."
	return []rule{
		{http.StatusUnauthorized, "", social.CodeAuthRevoked, gone},
		{http.StatusNotFound, "", social.CodeAuthRevoked, gone},
		{http.StatusForbidden, "kicked", social.CodeAuthRevoked, "The bot was removed from the chat. Please add it again and connect again."},
		{http.StatusForbidden, "not a member", social.CodeAuthRevoked, "The bot is not in the chat any more. Please add it again and connect again."},
		{http.StatusForbidden, "", social.CodeScopeMissing, "The bot may not do this in the chat. Please give it the right to post there."},
		{http.StatusBadRequest, "chat not found", social.CodeAuthRevoked, "The chat is not there, or the bot is not in it. Please check the name, and add the bot to it."},
		{http.StatusBadRequest, "not enough rights", social.CodeScopeMissing, "The bot lacks a right in the chat. Please make it an administrator that may do this."},
		{http.StatusBadRequest, "need administrator rights", social.CodeScopeMissing, "The bot lacks a right in the chat. Please make it an administrator that may do this."},
		{http.StatusBadRequest, "chat_write_forbidden", social.CodeScopeMissing, "The bot may not write in the chat. Please give it the right to post there."},
		{http.StatusBadRequest, "too long", social.CodeRejected, "The text is too long for Telegram."},
		{http.StatusBadRequest, "message to be replied not found", social.CodeRejected, "The message that this one answers is not there any more."},
		{http.StatusBadRequest, "message thread not found", social.CodeRejected, "There is no topic with this number in the group."},
		{http.StatusBadRequest, "photo_invalid_dimensions", social.CodeRejected, "Telegram does not take a picture of this size and shape."},
		{http.StatusBadRequest, "image_process_failed", social.CodeRejected, "Telegram cannot read this picture."},
		{http.StatusBadRequest, "message can't be edited", social.CodeUnsupported, "Telegram does not let this message be changed any more."},
		{http.StatusBadRequest, "message can't be deleted", social.CodeUnsupported, "Telegram does not let the bot delete this message any more."},
		{http.StatusRequestEntityTooLarge, "", social.CodeRejected, "A file is too large for Telegram."},
	}
}

func classify(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What cannot be read says nothing more than its status.
	if status == http.StatusTooManyRequests {
		e := social.Errorf(social.CodeRateLimited, "Telegram asked us to slow down.")
		e.RetryAfter = time.Duration(min(max(f.Parameters.RetryAfter, 0), 7*24*3600)) * time.Second
		return e
	}
	if f.Parameters.MigrateTo != 0 {
		return social.Errorf(social.CodeAuthRevoked, "The group became a supergroup and has a new number. Please connect it again.")
	}
	said := strings.ToLower(f.Description)
	for _, r := range rules() {
		if r.status == status && strings.Contains(said, r.part) {
			return social.Errorf(r.code, "%s", r.message)
		}
	}
	return nil
}

// says reports whether err is a refusal in which Telegram says part.
func says(err error, part string) bool {
	if err == nil {
		return false
	}
	e := social.AsError(err)
	return e.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.Evidence), part)
}
