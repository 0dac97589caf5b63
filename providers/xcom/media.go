package xcom

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// segment is how much of a file goes into one call. X takes a thousand of them.
const segment = 4 << 20

// progress is what a Cursor of this provider holds, in the order of the item.
type progress struct {
	Media []uploaded `json:"media"`
}

type uploaded struct {
	ID      string `json:"id"`
	Key     string `json:"key,omitempty"`
	Pending bool   `json:"pending,omitempty"`
}

// cursor waits for what is pending, or is ready to publish.
func (pr progress) cursor(after time.Duration) (social.Cursor, error) {
	if len(pr.Media) == 0 {
		return social.Cursor{Next: social.StepPublish}, nil
	}
	raw, err := json.Marshal(pr)
	if err != nil {
		return social.Cursor{}, &social.Error{Code: social.CodeRejected, Message: "The progress of this post cannot be kept.", Err: err}
	}
	for _, m := range pr.Media {
		if m.Pending {
			return social.Cursor{Next: social.StepCheck, State: raw, After: max(after, time.Second)}, nil
		}
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

// Prepare implements social.Preparer. An upload that no post has is gone a day
// later. https://docs.x.com/x-api/media/quickstart/media-upload-chunked
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	var pr progress
	var after time.Duration
	for _, m := range it.Media {
		got, err := p.upload(ctx, t, m)
		if err != nil {
			return social.Cursor{}, err
		}
		ready, wait, err := got.state()
		if err != nil {
			return social.Cursor{}, err
		}
		if m.Alt != "" && m.Kind == domain.MediaImage {
			if err := p.describe(ctx, t, got.ID, m.Alt); err != nil {
				return social.Cursor{}, err
			}
		}
		pr.Media = append(pr.Media, uploaded{ID: got.ID, Key: got.Key, Pending: !ready})
		after = max(after, wait)
	}
	return pr.cursor(after)
}

// Check implements social.Preparer. Nothing is pending any more where it is
// asked whether a Publish took effect: the post that has the uploads is ours.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	pending := slices.ContainsFunc(pr.Media, func(m uploaded) bool { return m.Pending })
	if len(pr.Media) > 0 && !pending {
		ref, err := p.withUploads(ctx, t, pr)
		if err != nil || ref != nil {
			return social.Outcome{Ref: ref}, err
		}
	}
	var after time.Duration
	for i, m := range pr.Media {
		if !m.Pending {
			continue
		}
		var out data[media]
		if _, err := p.call(ctx, t, rest.Request{
			Method: http.MethodGet, Path: "/2/media/upload", Out: &out,
			Query: url.Values{"command": {"STATUS"}, "media_id": {m.ID}},
		}); err != nil {
			return social.Outcome{}, err
		}
		if out.Data.ID == "" {
			return social.Outcome{}, social.Errorf(social.CodeUnavailable, "X did not say what became of a file.")
		}
		ready, wait, err := out.Data.state()
		if err != nil {
			return social.Outcome{}, err
		}
		pr.Media[i].Pending, after = !ready, max(after, wait)
	}
	next, err := pr.cursor(after)
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Pending(next), nil
}

// state reads how far X is with a file. One without processing is ready.
func (m media) state() (ready bool, after time.Duration, err error) {
	if m.Processing == nil {
		return true, 0, nil
	}
	switch m.Processing.State {
	case "succeeded":
		return true, 0, nil
	case "failed":
		text := "X could not make use of a file of this post."
		if why := m.Processing.Error.Message; why != "" {
			text = "X could not make use of a file of this post: " + sentence(problem{Message: why})
		}
		return false, 0, social.Errorf(social.CodeRejected, "%s", text)
	}
	return false, time.Duration(min(max(m.Processing.CheckAfter, 1), 600)) * time.Second, nil
}

// upload hands a file over: a picture in one call, all else in segments.
func (p *Provider) upload(ctx context.Context, t social.Target, m social.Media) (media, error) {
	category := "tweet_image"
	switch {
	case m.Kind == domain.MediaVideo:
		category = "tweet_video"
	case m.MIME == mimeGIF:
		category = "tweet_gif"
	}
	if category == "tweet_image" {
		return p.send(ctx, t, "/2/media/upload", []upload.Field{
			{Name: "media_category", Value: category},
			{Name: "media", FileName: "media", Type: m.MIME, Size: m.Bytes, Open: m.Source.Open},
		})
	}
	started, err := p.media(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/2/media/upload/initialize", JSON: initMedia{Type: m.MIME, Bytes: m.Bytes, Category: category},
	})
	if err != nil {
		return media{}, err
	}
	if err := p.segments(ctx, t, started.ID, m); err != nil {
		return media{}, err
	}
	done, err := p.media(ctx, t, rest.Request{Method: http.MethodPost, Path: "/2/media/upload/" + started.ID + "/finalize"})
	if done.Key == "" {
		done.Key = started.Key
	}
	return done, err
}

// segments sends the file piece by piece.
func (p *Provider) segments(ctx context.Context, t social.Target, id string, m social.Media) error {
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	for i := int64(0); i*segment < m.Bytes; i++ {
		n := min(m.Bytes-i*segment, segment)
		part, err := parts.Part(ctx, i*segment, n)
		if err != nil {
			return err
		}
		_, err = p.post(ctx, t, "/2/media/upload/"+id+"/append", []upload.Field{
			{Name: "segment_index", Value: strconv.FormatInt(i, 10)},
			{Name: "media", FileName: "media", Type: "application/octet-stream", Size: n, Open: func(context.Context) (io.ReadCloser, error) {
				return part, nil
			}},
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// describe sets the text for people who do not see a picture.
func (p *Provider) describe(ctx context.Context, t social.Target, id, alt string) error {
	in := metadata{ID: id}
	in.Metadata.Alt.Text = alt
	_, err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: "/2/media/metadata", JSON: in, Reads: true})
	return err
}

func (p *Provider) send(ctx context.Context, t social.Target, path string, fields []upload.Field) (media, error) {
	var out data[media]
	_, err := p.post(ctx, t, path, fields, &out)
	return named(out.Data, err)
}

func (p *Provider) post(ctx context.Context, t social.Target, path string, fields []upload.Field, out any) (rest.Response, error) {
	body, kind, size := upload.Multipart(fields)
	return p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: path, Body: body, Type: kind, Size: size, Out: out, Reads: true})
}

func (p *Provider) media(ctx context.Context, t social.Target, r rest.Request) (media, error) {
	var out data[media]
	r.Out, r.Reads = &out, true
	_, err := p.call(ctx, t, r)
	return named(out.Data, err)
}

// named demands that X says which upload it speaks of.
func named(m media, err error) (media, error) {
	if err == nil && !digits.MatchString(m.ID) {
		err = social.Errorf(social.CodeUnavailable, "X did not say what became of a file.")
	}
	return m, err
}
