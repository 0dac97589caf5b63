package discord

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// userAgent has the form that Discord demands:
// https://discord.com/developers/docs/reference#user-agent.
const userAgent = "DiscordBot (https://github.com/crierhq/crier, 1)"

// api is what both providers share.
type api struct {
	base string
	deps social.Deps
}

// do makes a call. read turns an error answer into its meaning.
func (a api) do(ctx context.Context, r rest.Request, read rest.Classify) (rest.Response, error) {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("User-Agent", userAgent)
	client := rest.Client{HTTP: a.deps.HTTP, Base: a.base, Classify: read, Now: a.deps.Now, Rates: social.ScopeAccount}
	return client.Do(ctx, r)
}

// bot makes a call as the bot.
func (p *Provider) bot(ctx context.Context, method, path string, r rest.Request) error {
	r.Method, r.Path, r.Secrets = method, path, []string{p.cfg.BotToken}
	r.Header = http.Header{"Authorization": {"Bot " + p.cfg.BotToken}}
	_, err := p.do(ctx, r, classifyBot)
	return err
}

// get reads something as the bot.
func (p *Provider) get(ctx context.Context, path string, query url.Values, out any) error {
	return p.bot(ctx, http.MethodGet, path, rest.Request{Query: query, Out: out})
}

// The types of channels.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-types
const (
	channelText         = 0
	channelVoice        = 2
	channelCategory     = 4
	channelAnnouncement = 5
	threadAnnouncement  = 10
	threadPublic        = 11
	threadPrivate       = 12
	channelStage        = 13
	channelForum        = 15
	channelMedia        = 16
)

type channel struct {
	ID       string `json:"id"`
	Type     int    `json:"type"`
	Guild    string `json:"guild_id"`
	Name     string `json:"name"`
	Parent   string `json:"parent_id"`
	Owner    string `json:"owner_id"`
	Position int    `json:"position"`
	Tags     []struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Moderated bool   `json:"moderated"`
	} `json:"available_tags"`
	// Message is the first one, where the answer is that to a new thread.
	Message *message `json:"message"`
}

// takesPosts reports whether every message opens a thread of its own there.
func (c channel) takesPosts() bool { return c.Type == channelForum || c.Type == channelMedia }

// isThread reports whether c is a thread, in which no other can be opened.
func (c channel) isThread() bool {
	return c.Type == threadAnnouncement || c.Type == threadPublic || c.Type == threadPrivate
}

// takesMessages reports whether messages can be sent there.
func (c channel) takesMessages() bool {
	switch c.Type {
	case channelText, channelVoice, channelAnnouncement, channelStage:
		return true
	}
	return c.isThread()
}

type user struct {
	ID         string `json:"id"`
	Username   string `json:"username"`
	GlobalName string `json:"global_name"`
	Avatar     string `json:"avatar"`
}

type message struct {
	ID          string    `json:"id"`
	Channel     string    `json:"channel_id"`
	Content     string    `json:"content"`
	Timestamp   time.Time `json:"timestamp"`
	Author      user      `json:"author"`
	Attachments []struct {
		ID   string `json:"id"`
		Size int64  `json:"size"`
	} `json:"attachments"`
	Reference struct {
		Message string `json:"message_id"`
	} `json:"message_reference"`
	Reactions []struct {
		Count int64 `json:"count"`
	} `json:"reactions"`
	Poll struct {
		Question struct {
			Text string `json:"text"`
		} `json:"question"`
	} `json:"poll"`
	Thread *struct {
		Count int64 `json:"message_count"`
	} `json:"thread"`
}

// link is where people see a message.
func link(guild, channel, message string) string {
	out := site + "/channels/" + guild + "/" + channel
	if message != "" {
		out += "/" + message
	}
	return out
}

func channelPath(id string) string { return "/channels/" + url.PathEscape(id) }

func messagePath(channel, id string) string {
	return channelPath(channel) + "/messages/" + url.PathEscape(id)
}

func guildPath(id string) string { return "/guilds/" + url.PathEscape(id) }

// epoch is what the time in an id begins at.
// https://discord.com/developers/docs/reference#snowflakes
const epoch = 1_420_070_400_000

// idOf is the first id of a moment.
func idOf(t time.Time) string {
	return strconv.FormatInt(max(0, t.UnixMilli()-epoch)<<22, 10)
}
