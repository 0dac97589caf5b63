package discord

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// The extras of a Ref: the channel or thread that the message is in, whether it
// is a post of a forum or a poll, what a thread on it would be called, and the
// files it has.
const (
	extraChannel     = "channel"
	extraKind        = "kind"
	extraTitle       = "title"
	extraFiles       = "files"
	extraAttachments = "attachments"
)

// The kinds of messages that are no plain ones.
const (
	kindPost = "post"
	kindPoll = "poll"
)

type object = map[string]any

// body is a message as Discord wants it.
// https://discord.com/developers/docs/resources/message#create-message
func body(it social.Item, st style) object {
	out := object{"allowed_mentions": st.allowed()}
	text := markup.Markdown(it.Text)
	if st.poll != nil {
		out["poll"] = st.poll.request(text.Visible())
	} else if content := text.Discord(); content != "" {
		out["content"] = content
	}
	if flags := st.flags(); flags != 0 {
		out["flags"] = flags
	}
	var files []object
	for i, m := range it.Media {
		one := object{"id": strconv.Itoa(i), "filename": fileName(i, m, st)}
		if m.Alt != "" {
			one["description"] = m.Alt
		}
		files = append(files, one)
	}
	if len(files) > 0 {
		out["attachments"] = files
	}
	return out
}

func (p Poll) request(question string) object {
	var answers []object
	for _, o := range p.Options {
		answers = append(answers, object{"poll_media": object{"text": strings.TrimSpace(o)}})
	}
	out := object{"question": object{"text": strings.TrimSpace(question)}, "answers": answers, "allow_multiselect": p.Multiple}
	if p.Hours > 0 {
		out["duration"] = p.Hours
	}
	return out
}

// fileName is what a file is called there: hidden files are told by their name.
func fileName(i int, m social.Media, st style) string {
	name := m.Name
	if name == "" {
		name = "file" + strconv.Itoa(i)
	}
	if st.spoiler {
		name = "SPOILER_" + name
	}
	return name
}

// request sends payload, together with the files of a message where it has some.
// https://discord.com/developers/docs/reference#uploading-files
func request(payload object, media []social.Media, st style, out any) rest.Request {
	if len(media) == 0 {
		return rest.Request{JSON: payload, Out: out}
	}
	raw, _ := json.Marshal(payload) // Maps of plain values can always be written.
	fields := []upload.Field{{Name: "payload_json", Value: string(raw)}}
	for i, m := range media {
		fields = append(fields, upload.Field{
			Name: fmt.Sprintf("files[%d]", i), FileName: fileName(i, m, st), Type: m.MIME, Size: m.Bytes, Open: m.Source.Open,
		})
	}
	content, contentType, size := upload.Multipart(fields)
	return rest.Request{Body: content, Type: contentType, Size: size, Out: out}
}

// titleOf is the title of a post in a forum, or of a thread.
func titleOf(chosen, text string) string {
	title := strings.TrimSpace(chosen)
	if title == "" {
		title, _, _ = strings.Cut(strings.TrimSpace(markup.Markdown(text).Visible()), "\n")
	}
	if r := []rune(strings.TrimSpace(title)); len(r) > maxTitle {
		return strings.TrimSpace(string(r[:maxTitle-1])) + "…"
	}
	if title = strings.TrimSpace(title); title != "" {
		return title
	}
	return "New post"
}

// refOf is where m is, in a channel of the server guild.
func refOf(guild string, m message, media []social.Media, extra map[string]string) social.Ref {
	out := social.Ref{ID: m.ID, URL: link(guild, m.Channel, m.ID), Extra: map[string]string{extraChannel: m.Channel}}
	for k, v := range extra {
		if v != "" {
			out.Extra[k] = v
		}
	}
	if len(media) > 0 {
		var ids []string
		for _, a := range m.Attachments {
			ids = append(ids, a.ID)
		}
		out.Extra[extraFiles], out.Extra[extraAttachments] = fingerprint(media), strings.Join(ids, ",")
	}
	return out
}

// fingerprint tells whether the files of a message are still the same.
func fingerprint(media []social.Media) string {
	var out []string
	for _, m := range media {
		out = append(out, fmt.Sprintf("%s:%d", m.MIME, m.Bytes))
	}
	return strings.Join(out, " ")
}

// changed is the body that changes the text of a message. What it does not list
// of the files would be taken away.
func changed(ref social.Ref, it social.Item, st style) (object, error) {
	if ref.Extra[extraKind] == kindPoll || st.poll != nil {
		return nil, social.Errorf(social.CodeUnsupported, "Discord does not let a poll be changed.")
	}
	if ref.Extra[extraFiles] != fingerprint(it.Media) {
		return nil, social.Errorf(social.CodeUnsupported, "Only the text of a message can be changed, not its files.")
	}
	out := object{"content": markup.Markdown(it.Text).Discord(), "allowed_mentions": st.allowed()}
	if ids := ref.Extra[extraAttachments]; ids != "" {
		var keep []object
		for id := range strings.SplitSeq(ids, ",") {
			keep = append(keep, object{"id": id})
		}
		out["attachments"] = keep
	}
	return out, nil
}
