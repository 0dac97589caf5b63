package discord

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// failure is an error of Discord.
// https://discord.com/developers/docs/reference#error-messages
type failure struct {
	Code       int             `json:"code"`
	Message    string          `json:"message"`
	Errors     json.RawMessage `json:"errors"`
	RetryAfter float64         `json:"retry_after"`
	Global     bool            `json:"global"`
}

// The codes that are asked for by name.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
const (
	unknownChannel = 10003
	unknownGuild   = 10004
	unknownMessage = 10008
	missingAccess  = 50001
	invalidForm    = 50035
	threadExists   = 160004
)

// meaning is what one of the codes stands for.
type meaning struct {
	code    social.Code
	message string
}

func meanings() map[int]meaning {
	const (
		webhookGone = "The webhook is not there any more. Please make a new one in Discord and connect it."
		slow        = "Discord asked us to slow down."
		blocked     = "The rules of the server do not let this message through."
	)
	return map[int]meaning{
		unknownChannel: {social.CodeRejected, "The channel is not there any more, or the bot may not see it."},
		unknownGuild:   {social.CodeAuthRevoked, "The bot is not in the server any more. Please connect it again."},
		unknownMessage: {social.CodeRejected, "The message is not there any more."},
		10015:          {social.CodeAuthRevoked, webhookGone},
		20009:          {social.CodeRejected, "Discord does not send explicit content there."},
		20016:          {social.CodeRateLimited, "The channel is in slow mode."},
		20028:          {social.CodeRateLimited, slow},
		20029:          {social.CodeRateLimited, slow},
		40002:          {social.CodeAccountBlocked, "Discord wants the owner of the account to verify it."},
		40005:          {social.CodeRejected, "A file is too large for Discord, or all of them together are."},
		40067:          {social.CodeRejected, "A post in this forum needs a tag. Please choose one."},
		missingAccess:  {social.CodeRejected, "The bot may not see this channel. Please let it in Discord: View Channel."},
		50005:          {social.CodeUnsupported, "Only the bot's own messages can be changed."},
		50006:          {social.CodeRejected, "Discord does not send an empty message."},
		50008:          {social.CodeRejected, "Nobody can write messages in this channel."},
		50013:          {social.CodeRejected, "The bot lacks a right in this channel, such as Send Messages, Attach Files, Create Polls or Manage Threads. Please give it in Discord."},
		50024:          {social.CodeRejected, "This cannot be done in a channel of this kind."},
		50027:          {social.CodeAuthRevoked, webhookGone},
		50083:          {social.CodeRejected, "The thread is archived."},
		160002:         {social.CodeRejected, "To reply, the bot needs the right Read Message History in this channel."},
		160005:         {social.CodeRejected, "The thread is locked."},
		160006:         {social.CodeRejected, "The server has as many threads as Discord allows. Please close some."},
		200000:         {social.CodeRejected, blocked},
		200001:         {social.CodeRejected, "The rules of the server do not let this title through."},
		220001:         {social.CodeRejected, "A webhook of a forum needs a title for a new post, or the thread to write to."},
		220003:         {social.CodeRejected, "Only a webhook of a forum can open a post with a title."},
		240000:         {social.CodeRejected, "Discord holds a link in the text for harmful."},
		520003:         {social.CodeUnsupported, "Discord does not let a poll be changed."},
	}
}

// classify reads an error answer; nil: its status says it all.
func classify(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // What cannot be read says nothing more than its status.
	if status == http.StatusTooManyRequests {
		return limited(f)
	}
	if m, known := meanings()[f.Code]; known && status < 500 {
		return social.Errorf(m.code, "%s", m.message)
	}
	switch {
	case f.Code == invalidForm && status == http.StatusBadRequest:
		return social.Errorf(social.CodeRejected, "Discord refused this: %s", sentence(firstOf(f.Errors), f.Message))
	case status == http.StatusForbidden && f.Code == 0:
		// It comes from the wall before Discord, which looks at our address alone.
		return social.Errorf(social.CodeUnavailable, "Discord does not let this server in just now.")
	case (status == http.StatusBadRequest || status == http.StatusForbidden || status == http.StatusNotFound) && f.Message != "":
		return social.Errorf(social.CodeRejected, "Discord refused this: %s", sentence(f.Message))
	}
	return nil
}

// limited reads how long to wait, and for whose limit.
// https://discord.com/developers/docs/topics/rate-limits
func limited(f failure) *social.Error {
	e := social.Errorf(social.CodeRateLimited, "Discord asked us to slow down.")
	if m, known := meanings()[f.Code]; known && m.code == social.CodeRateLimited {
		e.Message = m.message
	}
	if f.Global {
		e.Scope = social.ScopeApp
	}
	const week = 7 * 24 * 3600
	if f.RetryAfter > 0 && !math.IsInf(f.RetryAfter, 0) {
		e.RetryAfter = time.Duration(min(f.RetryAfter, week) * float64(time.Second))
	}
	return e
}

// classifyBot is classify for the bot, whose token is the operator's: no person
// can help by connecting again.
func classifyBot(status int, body []byte) *social.Error {
	if status == http.StatusUnauthorized {
		return social.Errorf(social.CodeUnavailable, "Discord does not accept the bot of this server. Its operator must set DISCORD_BOT_TOKEN.")
	}
	return classify(status, body)
}

// classifyPerson is classify for the person who signs in.
func classifyPerson(status int, body []byte) *social.Error {
	if status == http.StatusUnauthorized {
		return nil
	}
	return classify(status, body)
}

// classifyWebhook is classify for webhooks, which have no limit that they share:
// what is global is told of our address.
func classifyWebhook(status int, body []byte) *social.Error {
	e := classify(status, body)
	switch {
	case status == http.StatusUnauthorized:
		return social.Errorf(social.CodeAuthRevoked, "Discord does not know this webhook. Please make a new one and connect it.")
	case e != nil:
		e.Scope = ""
	}
	return e
}

// codeOf is Discord's own code of err; 0: it has none.
func codeOf(err error) int {
	e, ok := errors.AsType[*social.Error](err)
	if !ok {
		return 0
	}
	var f failure
	_ = json.Unmarshal([]byte(e.Evidence), &f) // Only long answers are cut short, and these have other codes.
	return f.Code
}

// absent reports whether err says that the bot is not in a server.
func absent(err error) bool {
	code := codeOf(err)
	return code == unknownGuild || code == missingAccess
}

// firstOf is what is said first of the fields of a form. The tree has the names of
// fields, with lists of faults under "_errors".
func firstOf(raw json.RawMessage) string {
	var faults []struct {
		Message string `json:"message"`
	}
	var tree map[string]json.RawMessage
	if json.Unmarshal(raw, &tree) != nil {
		return ""
	}
	if json.Unmarshal(tree["_errors"], &faults) == nil && len(faults) > 0 {
		return faults[0].Message
	}
	var names []string
	for name := range tree {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if said := firstOf(tree[name]); said != "" {
			return said
		}
	}
	return ""
}

// sentence is the first of texts that says something, fit to be shown.
func sentence(texts ...string) string {
	for _, s := range texts {
		s = strings.Join(strings.Fields(s), " ")
		if r := []rune(s); len(r) > 200 {
			return string(r[:200]) + "…"
		}
		if s != "" {
			return strings.TrimSuffix(s, ".") + "."
		}
	}
	return "It does not say why."
}
