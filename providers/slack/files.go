package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// progress is what a Cursor of this provider holds. It is empty for a message
// without files.
type progress struct {
	Files   []file `json:"files"`
	Channel string `json:"channel"`
	// Thread is the message that it answers.
	Thread string `json:"thread,omitempty"`
	// Sent says that the files were shared; the message comes a moment later.
	Sent bool `json:"sent,omitempty"`
}

// sharing is how long Slack is left alone with files before it is asked again.
const sharing = 3 * time.Second

func (pr progress) cursor() (social.Cursor, error) {
	if len(pr.Files) == 0 {
		return social.Cursor{Next: social.StepPublish}, nil
	}
	raw, err := json.Marshal(pr)
	if err != nil {
		return social.Cursor{}, &social.Error{Code: social.CodeRejected, Message: "The progress of this post cannot be kept.", Err: err}
	}
	if pr.Sent {
		return social.Cursor{Next: social.StepCheck, State: raw, After: sharing}, nil
	}
	return social.Cursor{Next: social.StepPublish, State: raw}, nil
}

func progressOf(at social.Cursor) (progress, error) {
	var pr progress
	if len(at.State) == 0 {
		return pr, nil
	}
	if err := json.Unmarshal(at.State, &pr); err != nil {
		return pr, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The progress of this post cannot be read.", Err: err}
	}
	return pr, nil
}

// Prepare implements social.Preparer. It sees to it that the bot is in the
// channel, and uploads the files, which nobody sees yet.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Cursor{}, err
	}
	pr := progress{Channel: channelOf(it, set), Thread: threadOf(it)}
	if it.Root == nil {
		if err := p.enter(ctx, t, pr.Channel); err != nil {
			return social.Cursor{}, err
		}
	} else if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	for _, m := range it.Media {
		f, err := p.upload(ctx, t, m)
		if err != nil {
			return social.Cursor{}, err
		}
		pr.Files = append(pr.Files, f)
	}
	return pr.cursor()
}

// enter joins a public channel that the bot is not in. Nobody can write in a
// channel, or share files there, without being in it.
// https://docs.slack.dev/reference/methods/conversations.join
func (p *Provider) enter(ctx context.Context, t social.Target, channel string) error {
	var out struct {
		Channel conversation `json:"channel"`
	}
	if err := p.get(ctx, t.Credential.Access, "conversations.info", url.Values{"channel": {channel}}, &out); err != nil {
		return err
	}
	switch c := out.Channel; {
	case c.Archived:
		return social.Errorf(social.CodeRejected, "%s", archived)
	case c.Member:
		return nil
	case c.Private:
		return social.Errorf(social.CodeRejected, "%s", notMember)
	}
	return p.repeat(ctx, t.Credential.Access, "conversations.join", rest.Request{JSON: map[string]string{"channel": channel}})
}

// upload hands one file over, at an address that knows what it is for and gets
// no token.
// https://docs.slack.dev/reference/methods/files.getUploadURLExternal
func (p *Provider) upload(ctx context.Context, t social.Target, m social.Media) (file, error) {
	name := cmp.Or(m.Name, "file")
	form := url.Values{"filename": {name}, "length": {strconv.FormatInt(m.Bytes, 10)}}
	if m.Alt != "" {
		form.Set("alt_txt", m.Alt)
	}
	var out struct {
		UploadURL string `json:"upload_url"`
		FileID    string `json:"file_id"`
	}
	err := p.repeat(ctx, t.Credential.Access, "files.getUploadURLExternal", rest.Request{Form: form, Out: &out})
	if err != nil {
		return file{}, err
	}
	if out.FileID == "" || out.UploadURL == "" {
		return file{}, social.Errorf(social.CodeUnavailable, "Slack did not say where to put a file.")
	}
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	body, err := parts.Part(ctx, 0, m.Bytes)
	if err != nil {
		return file{}, err
	}
	store := rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now}
	_, err = store.Do(ctx, rest.Request{
		Method: http.MethodPost, Path: out.UploadURL, Body: body, Type: m.MIME, Size: m.Bytes, Reads: true, Secrets: []string{out.UploadURL},
	})
	if err != nil {
		return file{}, stored(err)
	}
	return file{ID: out.FileID, Title: name}, nil
}

// stored explains what the server said that takes files: it knows nothing of
// the workspace.
func stored(err error) error {
	e := *social.AsError(err)
	if e.Status >= 300 {
		e.Code, e.Message = social.CodeUnavailable, "Slack did not take a file this time."
	}
	return &e
}

// Check implements social.Preparer. Files that were shared become a message
// only after a while: then the first of them tells which one. Of a message
// without files only Find can tell.
// https://docs.slack.dev/reference/methods/files.info
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if len(pr.Files) > 0 {
		ts, err := p.sharedAt(ctx, t, pr)
		if err != nil {
			return social.Outcome{}, err
		}
		if ts != "" {
			return social.Published(p.ref(ctx, t, place{channel: pr.Channel, thread: pr.Thread}, ts, pr.Files)), nil
		}
	}
	next, err := pr.cursor()
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Pending(next), nil
}

// sharedAt is the message that the files are seen in; empty: none yet.
func (p *Provider) sharedAt(ctx context.Context, t social.Target, pr progress) (string, error) {
	var out struct {
		File struct {
			Shares struct {
				Public  map[string][]share `json:"public"`
				Private map[string][]share `json:"private"`
			} `json:"shares"`
		} `json:"file"`
	}
	err := p.get(ctx, t.Credential.Access, "files.info", url.Values{"file": {pr.Files[0].ID}}, &out)
	if err != nil {
		return "", err
	}
	for _, s := range append(out.File.Shares.Public[pr.Channel], out.File.Shares.Private[pr.Channel]...) {
		if s.TS != "" {
			return s.TS, nil
		}
	}
	return "", nil
}
