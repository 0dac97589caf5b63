package slack

import (
	"context"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The extras of a Ref: the channel that the message is in, the message that it
// answers, and the files it has.
const (
	extraChannel = "channel"
	extraThread  = "thread"
	extraFiles   = "files"
)

// place is where a message goes.
type place struct{ channel, thread string }

// channelOf is where an item goes: replies go where the first message is.
func channelOf(it social.Item, set Settings) string {
	if it.Root != nil && it.Root.Extra[extraChannel] != "" {
		return it.Root.Extra[extraChannel]
	}
	return set.Channel
}

// threadOf is the message that an item answers. In Slack all replies answer
// the first message of a thread.
func threadOf(it social.Item) string {
	if it.Root == nil {
		return ""
	}
	return it.Root.ID
}

// Publish implements social.Provider.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	to := place{channel: channelOf(it, set), thread: threadOf(it)}
	if len(it.Media) > 0 {
		return p.share(ctx, t, it, set, to, pr)
	}
	return p.say(ctx, t, it, set, to)
}

// say sends a message without files. Its metadata says which one it is.
// https://docs.slack.dev/reference/methods/chat.postMessage
func (p *Provider) say(ctx context.Context, t social.Target, it social.Item, set Settings, to place) (social.Outcome, error) {
	in := messageRequest{
		Channel: to.channel, Text: textOf(it), Thread: to.thread, Broadcast: set.Broadcast && to.thread != "",
		Username: set.Username, Icon: set.Icon, Metadata: marked(t.Key),
	}
	if set.LinkPreview != "" {
		show := set.LinkPreview == "all"
		in.UnfurlLinks, in.UnfurlMedia = &show, &show
	}
	var out message
	if err := p.post(ctx, t.Credential.Access, "chat.postMessage", in, &out); err != nil {
		return social.Outcome{}, err
	}
	if out.TS == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Slack did not say which message this became.")
	}
	return social.Published(p.ref(ctx, t, to, out.TS, nil)), nil
}

// share makes a message of the files that were uploaded. Slack does so in its
// own time, and Check sees it.
// https://docs.slack.dev/reference/methods/files.completeUploadExternal
func (p *Provider) share(ctx context.Context, t social.Target, it social.Item, set Settings, to place, pr progress) (social.Outcome, error) {
	if len(pr.Files) != len(it.Media) || pr.Sent {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The files of this post were not uploaded."}
	}
	err := p.post(ctx, t.Credential.Access, "files.completeUploadExternal", shareRequest{
		Files: pr.Files, Channel: to.channel, Comment: textOf(it), Thread: to.thread, Username: set.Username, Icon: set.Icon,
	}, nil)
	if says(err, "file_not_found") {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "Slack has thrown the uploaded files away.", Err: err}
	}
	if err != nil {
		return social.Outcome{}, err
	}
	pr.Sent = true
	next, err := pr.cursor()
	if err != nil {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "The files were sent, but this cannot be kept.")
	}
	return social.Pending(next), nil
}

// ref is where a message is. Its link is no reason to fail: the message is out.
// https://docs.slack.dev/reference/methods/chat.getPermalink
func (p *Provider) ref(ctx context.Context, t social.Target, at place, ts string, files []file) social.Ref {
	out := social.Ref{ID: ts, Extra: map[string]string{extraChannel: at.channel}}
	if at.thread != "" {
		out.Extra[extraThread] = at.thread
	}
	if len(files) > 0 {
		var ids []string
		for _, f := range files {
			ids = append(ids, f.ID)
		}
		out.Extra[extraFiles] = strings.Join(ids, ",")
	}
	var link struct {
		Permalink string `json:"permalink"`
	}
	if p.get(ctx, t.Credential.Access, "chat.getPermalink", url.Values{"channel": {at.channel}, "message_ts": {ts}}, &link) == nil {
		out.URL = link.Permalink
	}
	return out
}

// Edit implements social.Editor. It changes the text of a message without
// files.
// https://docs.slack.dev/reference/methods/chat.update
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	if ref.Extra[extraFiles] != "" || len(it.Media) > 0 {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "Slack lets only messages without files be changed.")
	}
	if ref.Extra[extraThread] == "" && set.Channel != ref.Extra[extraChannel] {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "A message cannot be moved to another channel.")
	}
	err = p.repeat(ctx, t.Credential.Access, "chat.update", rest.Request{
		JSON: updateRequest{Channel: ref.Extra[extraChannel], TS: ref.ID, Text: textOf(it), Parse: "none"},
	})
	if err != nil {
		return social.Ref{}, err
	}
	return ref, nil
}

// Delete implements social.Deleter. Files outlive the message that they are
// in, so they are deleted as well.
// https://docs.slack.dev/reference/methods/chat.delete
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	token := t.Credential.Access
	err := p.repeat(ctx, token, "chat.delete", rest.Request{JSON: map[string]string{"channel": ref.Extra[extraChannel], "ts": ref.ID}})
	if err != nil && !says(err, "message_not_found") {
		return err
	}
	if ref.Extra[extraFiles] == "" {
		return nil
	}
	for id := range strings.SplitSeq(ref.Extra[extraFiles], ",") {
		err := p.repeat(ctx, token, "files.delete", rest.Request{JSON: map[string]string{"file": id}})
		if err != nil && !says(err, "file_not_found", "file_deleted") {
			return err
		}
	}
	return nil
}
