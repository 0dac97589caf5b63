package telegram

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The traits of an account: what sort of chat it is, and its name in links,
// which not every chat has.
const (
	traitType     = "type"
	traitUsername = "username"
)

type connectForm struct {
	Token string `json:"token" required:"true" secret:"true" doc:"The token of your bot, which @BotFather on Telegram gave you when you made the bot."`
	Chat  string `json:"chat" required:"true" doc:"The channel or group to publish to: its @name, a link such as https://t.me/name, or its number, such as -1001234567890. The bot must be in it, and in a channel be an administrator that may post."`
}

// ConnectForm implements social.FormConnector.
func (*Provider) ConnectForm() social.Schema { return social.SchemaOf[connectForm]() }

type user struct {
	ID int64 `json:"id"`
}

type chat struct {
	ID       int64  `json:"id"`
	Type     string `json:"type"`
	Title    string `json:"title"`
	Username string `json:"username"`
}

type member struct {
	Status   string `json:"status"`
	CanPost  bool   `json:"can_post_messages"`
	CanSend  *bool  `json:"can_send_messages"`
	IsMember *bool  `json:"is_member"`
}

// ConnectWith implements social.FormConnector. It asks whether the bot may
// publish. The picture of a chat is left out: its address holds the token.
func (p *Provider) ConnectWith(ctx context.Context, values social.Values) (social.Connection, error) {
	token := strings.TrimSpace(values["token"])
	var me answer[user]
	if err := p.call(ctx, token, "getMe", rest.Request{Reads: true, Out: &me}); err != nil {
		if e := social.AsError(err); e.Code == social.CodeAuthRevoked {
			e.Code, e.Message = social.CodeRejected, "Telegram does not know this token. Please copy the whole of it from @BotFather."
		}
		return social.Connection{}, err
	}
	var in answer[chat]
	if err := p.call(ctx, token, "getChat", rest.Request{JSON: map[string]string{"chat_id": typedChat(values["chat"])}, Reads: true, Out: &in}); err != nil {
		return social.Connection{}, err
	}
	var as answer[member]
	ask := map[string]any{"chat_id": strconv.FormatInt(in.Result.ID, 10), "user_id": me.Result.ID}
	if err := p.call(ctx, token, "getChatMember", rest.Request{JSON: ask, Reads: true, Out: &as}); err != nil {
		return social.Connection{}, err
	}
	c := in.Result
	switch {
	case c.ID == 0 || me.Result.ID == 0:
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "Telegram sent an answer that we cannot read.")
	case c.Type == "private":
		return social.Connection{}, social.Errorf(social.CodeRejected, "This is a person. Please name a channel or a group.")
	case !mayPost(c, as.Result):
		return social.Connection{}, social.Errorf(social.CodeRejected,
			"The bot may not publish there. In a channel make it an administrator that may post messages; to a group add it as a member that may send messages.")
	}
	out := social.Connection{
		Account: strconv.FormatInt(c.ID, 10), Name: cmp.Or(c.Title, c.Username),
		Traits: social.Traits{traitType: c.Type}, Credential: social.Credential{Access: token},
	}
	if c.Username != "" {
		out.Handle, out.URL = "@"+c.Username, p.cfg.WebURL+"/"+c.Username
		out.Traits[traitUsername] = c.Username
	}
	return out, nil
}

func mayPost(c chat, m member) bool {
	switch m.Status {
	case "creator":
		return true
	case "administrator":
		return c.Type != "channel" || m.CanPost
	case "member":
		return c.Type != "channel"
	case "restricted":
		return m.CanSend != nil && *m.CanSend && m.IsMember != nil && *m.IsMember
	}
	return false
}

// typedChat reads what people write for a chat.
func typedChat(s string) string {
	s = strings.TrimSpace(s)
	if u, err := url.Parse(s); err == nil && (u.Host == "t.me" || u.Host == "telegram.me") {
		s, _, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
	}
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return s
	}
	return "@" + strings.TrimPrefix(s, "@")
}

// AccountMetrics implements social.AccountMeter: how many people are in the chat
// now, which is all that a bot is told.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	out := social.Series{}
	today, in := period.Today(p.deps.Now())
	if !in {
		return out, nil
	}
	var n answer[*int64]
	if err := p.call(ctx, t.Credential.Access, "getChatMemberCount", rest.Request{JSON: map[string]string{"chat_id": t.Account}, Reads: true, Out: &n}); err != nil {
		return nil, err
	}
	out.Add(social.MetricFollowers, today, n.Result)
	return out, nil
}
