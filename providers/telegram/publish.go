package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// The extras of a Ref: the messages of an album, what the message is, and the
// files it has.
const (
	extraMessages = "messages"
	extraKind     = "kind"
	extraFiles    = "files"
)

// The kinds of messages, which are changed by different methods.
const (
	kindText  = "text"
	kindFiles = "files"
	kindPoll  = "poll"
)

const gif = "image/gif"

// methodOf is how a single file is sent, and the name of the field for it.
func methodOf(m social.Media) (method, field string) {
	switch {
	case m.MIME == gif:
		return "sendAnimation", "animation"
	case m.Kind == domain.MediaVideo:
		return "sendVideo", "video"
	case m.Kind == domain.MediaDocument:
		return "sendDocument", "document"
	}
	return "sendPhoto", "photo"
}

type message struct {
	ID int64 `json:"message_id"`
}

// Publish implements social.Provider. Telegram has no way to upload first and
// publish later, so a message goes out with its files.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	sent, kind, err := p.send(ctx, t, it, set)
	if err != nil {
		return social.Outcome{}, err
	}
	if len(sent) == 0 || sent[0].ID == 0 {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Telegram did not say which message this became.")
	}
	out := social.Published(p.ref(t, sent, kind, it.Media))
	if set.Pin {
		out = out.But(p.pin(ctx, t, sent[0], set))
	}
	return out, nil
}

// send makes the call that the public sees.
func (p *Provider) send(ctx context.Context, t social.Target, it social.Item, set Settings) ([]message, string, error) {
	token := t.Credential.Access
	args := argsOf(t, it, set)
	text := markup.Markdown(it.Text)
	if len(it.Media) > 1 {
		var out answer[[]message]
		err := p.call(ctx, token, "sendMediaGroup", album(args, it.Media, text, set, &out))
		return out.Result, kindFiles, err
	}
	var out answer[message]
	method, kind, r := "sendMessage", kindText, rest.Request{JSON: args, Out: &out}
	switch {
	case len(it.Media) == 1:
		var field string
		method, field = methodOf(it.Media[0])
		kind, r = kindFiles, single(args, field, it.Media[0], text, set, &out)
	case set.Poll != nil:
		method, kind = "sendPoll", kindPoll
		args["question"] = text.Visible()
		args["options"] = pollOptions(set.Poll.Options)
		args["is_anonymous"], args["allows_multiple_answers"] = !set.Poll.Public, set.Poll.Multiple
	default:
		args["text"], args["parse_mode"] = text.TelegramHTML(), "HTML"
		if preview := previewOf(set); preview != nil {
			args["link_preview_options"] = preview
		}
	}
	err := p.call(ctx, token, method, r)
	return []message{out.Result}, kind, err
}

// argsOf are the arguments that all methods share.
func argsOf(t social.Target, it social.Item, set Settings) map[string]any {
	out := map[string]any{"chat_id": t.Account}
	if set.Silent {
		out["disable_notification"] = true
	}
	if set.Protect {
		out["protect_content"] = true
	}
	if set.Topic > 0 {
		out["message_thread_id"] = set.Topic
	}
	if it.Parent != nil {
		out["reply_parameters"] = map[string]any{"message_id": messageID(it.Parent.ID)}
	}
	return out
}

func pollOptions(options []string) []map[string]string {
	var out []map[string]string
	for _, o := range options {
		out = append(out, map[string]string{"text": strings.TrimSpace(o)})
	}
	return out
}

func previewOf(set Settings) map[string]bool {
	switch set.LinkPreview {
	case "none":
		return map[string]bool{"is_disabled": true}
	case "small":
		return map[string]bool{"prefer_small_media": true}
	case "large":
		return map[string]bool{"prefer_large_media": true}
	case "above":
		return map[string]bool{"show_above_text": true}
	}
	return nil
}

// single is the request for a message with one file.
func single(args map[string]any, field string, m social.Media, text markup.Doc, set Settings, out any) rest.Request {
	if caption := text.TelegramHTML(); caption != "" {
		args["caption"], args["parse_mode"] = caption, "HTML"
	}
	if set.Spoiler && field != "document" {
		args["has_spoiler"] = true
	}
	if field == "video" {
		args["supports_streaming"] = true
	}
	return multipart(args, []upload.Field{file(field, m)}, out)
}

// album is the request for a message with several files. Its text is that of the
// first file, which is shown below all of them; documents have it on the last.
func album(args map[string]any, media []social.Media, text markup.Doc, set Settings, out any) rest.Request {
	var list []map[string]any
	var files []upload.Field
	for i, m := range media {
		_, kind := methodOf(m)
		name := "file" + strconv.Itoa(i)
		one := map[string]any{"type": kind, "media": "attach://" + name}
		captioned := i == 0
		if kind == "document" {
			captioned = i == len(media)-1
		}
		if caption := text.TelegramHTML(); captioned && caption != "" {
			one["caption"], one["parse_mode"] = caption, "HTML"
		}
		if set.Spoiler && kind != "document" {
			one["has_spoiler"] = true
		}
		list = append(list, one)
		files = append(files, file(name, m))
	}
	args["media"] = list
	return multipart(args, files, out)
}

func file(field string, m social.Media) upload.Field {
	name := m.Name
	if name == "" {
		name = "file"
	}
	return upload.Field{Name: field, FileName: name, Type: m.MIME, Size: m.Bytes, Open: m.Source.Open}
}

// multipart sends args as fields, in an order that is always the same, and then
// the files.
func multipart(args map[string]any, files []upload.Field, out any) rest.Request {
	var fields []upload.Field
	for _, name := range []string{
		"chat_id", "message_thread_id", "caption", "parse_mode", "has_spoiler", "supports_streaming", "media",
		"disable_notification", "protect_content", "reply_parameters",
	} {
		v, ok := args[name]
		if !ok {
			continue
		}
		text, isText := v.(string)
		if !isText {
			raw, _ := json.Marshal(v) // Maps of plain values can always be written.
			text = string(raw)
		}
		fields = append(fields, upload.Field{Name: name, Value: text})
	}
	body, contentType, size := upload.Multipart(append(fields, files...))
	return rest.Request{Body: body, Type: contentType, Size: size, Out: out}
}

// pin is of no account for whether the message is out. It returns what the
// author hears if it does not work.
func (p *Provider) pin(ctx context.Context, t social.Target, m message, set Settings) string {
	args := map[string]any{"chat_id": t.Account, "message_id": m.ID, "disable_notification": set.Silent}
	if err := p.call(ctx, t.Credential.Access, "pinChatMessage", rest.Request{JSON: args}); err != nil {
		return "It was not pinned: " + social.AsError(err).Message
	}
	return ""
}

func (p *Provider) ref(t social.Target, sent []message, kind string, media []social.Media) social.Ref {
	var ids []string
	for _, m := range sent {
		ids = append(ids, strconv.FormatInt(m.ID, 10))
	}
	out := social.Ref{ID: ids[0], URL: p.link(t, ids[0]), Extra: map[string]string{extraKind: kind}}
	if len(ids) > 1 {
		out.Extra[extraMessages] = strings.Join(ids, ",")
	}
	if len(media) > 0 {
		out.Extra[extraFiles] = fingerprint(media)
	}
	return out
}

// link is where people see a message; small groups have no such place.
func (p *Provider) link(t social.Target, id string) string {
	if name := t.Traits[traitUsername]; name != "" {
		return p.cfg.WebURL + "/" + name + "/" + id
	}
	if number, ok := strings.CutPrefix(t.Account, "-100"); ok {
		return p.cfg.WebURL + "/c/" + number + "/" + id
	}
	return ""
}

// fingerprint tells whether the files of a message are still the same.
func fingerprint(media []social.Media) string {
	var out []string
	for _, m := range media {
		out = append(out, fmt.Sprintf("%s:%d", m.MIME, m.Bytes))
	}
	return strings.Join(out, " ")
}

func messageID(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64)
	return n
}

// Edit implements social.Editor. It changes the text.
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	kind := ref.Extra[extraKind]
	if kind == kindPoll || set.Poll != nil {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "Telegram does not let a poll be changed.")
	}
	was := ref.Extra[extraFiles]
	if was != "" && was != fingerprint(it.Media) || was == "" && len(it.Media) > 0 {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "Only the text of a message can be changed, not its files.")
	}
	text := markup.Markdown(it.Text).TelegramHTML()
	args := map[string]any{"chat_id": t.Account, "message_id": captioned(ref, it.Media), "parse_mode": "HTML"}
	method, field := "editMessageText", "text"
	if kind == kindFiles {
		method, field = "editMessageCaption", "caption"
	} else if preview := previewOf(set); preview != nil {
		args["link_preview_options"] = preview
	}
	args[field] = text
	err = p.call(ctx, t.Credential.Access, method, rest.Request{JSON: args, Reads: true})
	if says(err, "message is not modified") {
		return ref, nil
	}
	if says(err, "message to edit not found") {
		return social.Ref{}, social.Errorf(social.CodeRejected, "The message is not there any more.")
	}
	return ref, err
}

// captioned is the message of an album that has the text.
func captioned(ref social.Ref, media []social.Media) int64 {
	ids := messagesOf(ref)
	if len(media) > 1 && media[0].Kind == domain.MediaDocument {
		return ids[len(ids)-1]
	}
	return ids[0]
}

// messagesOf are the messages that a Ref is of.
func messagesOf(ref social.Ref) []int64 {
	if ref.Extra[extraMessages] == "" {
		return []int64{messageID(ref.ID)}
	}
	var out []int64
	for id := range strings.SplitSeq(ref.Extra[extraMessages], ",") {
		out = append(out, messageID(id))
	}
	return out
}

// Delete implements social.Deleter. Of several messages Telegram passes over
// those that are gone.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	ids := messagesOf(ref)
	method, args := "deleteMessage", map[string]any{"chat_id": t.Account, "message_id": ids[0]}
	if len(ids) > 1 {
		method, args = "deleteMessages", map[string]any{"chat_id": t.Account, "message_ids": ids}
	}
	err := p.call(ctx, t.Credential.Access, method, rest.Request{JSON: args, Reads: true})
	if says(err, "message to delete not found") {
		return nil
	}
	return err
}
