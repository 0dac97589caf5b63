package pinterest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// progress is what a Cursor of this provider holds.
type progress struct {
	// Video is the upload of a video; empty: there is none.
	Video string `json:"video,omitempty"`
	// Ready says that the platform is done with it.
	Ready bool `json:"ready,omitempty"`
}

// processing is how long to leave the platform alone with a video.
const processing = 10 * time.Second

func (pr progress) cursor() (social.Cursor, error) {
	if pr.Video == "" {
		return social.Cursor{Next: social.StepPublish}, nil
	}
	raw, err := json.Marshal(pr)
	if err != nil {
		return social.Cursor{}, &social.Error{Code: social.CodeRejected, Message: "The progress of this pin cannot be kept.", Err: err}
	}
	if pr.Ready {
		return social.Cursor{Next: social.StepPublish, State: raw}, nil
	}
	return social.Cursor{Next: social.StepCheck, State: raw, After: processing}, nil
}

func progressOf(at social.Cursor) (progress, error) {
	var pr progress
	if len(at.State) > 0 && json.Unmarshal(at.State, &pr) != nil {
		return pr, social.Errorf(social.CodeRejected, "The progress of this pin cannot be read. Try it again.")
	}
	return pr, nil
}

// Prepare implements social.Preparer: it hands over a video. Pictures are
// fetched by the platform.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	var pr progress
	if video, _ := split(it); video != nil {
		id, err := p.upload(ctx, t, *video)
		if err != nil {
			return social.Cursor{}, err
		}
		pr.Video = id
	}
	return pr.cursor()
}

// upload hands a video over to the address that the platform names, which gets
// no token.
// https://developers.pinterest.com/docs/api/v5/media-create
func (p *Provider) upload(ctx context.Context, t social.Target, m social.Media) (string, error) {
	var out media
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/media", JSON: map[string]string{"media_type": "video"}, Out: &out,
		Reads: true, // An upload that no pin uses is never seen.
	})
	if err != nil {
		return "", err
	}
	if out.MediaID == "" || out.UploadURL == "" {
		return "", social.Errorf(social.CodeUnavailable, "Pinterest did not say where to put the video.")
	}
	var fields []upload.Field
	for _, name := range slices.Sorted(maps.Keys(out.Parameters)) {
		fields = append(fields, upload.Field{Name: name, Value: out.Parameters[name]})
	}
	name := m.Name
	if name == "" {
		name = "file"
	}
	fields = append(fields, upload.Field{Name: "file", FileName: name, Type: m.MIME, Size: m.Bytes, Open: m.Source.Open})
	body, kind, size := upload.Multipart(fields)
	store := rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now}
	_, err = store.Do(ctx, rest.Request{
		Method: http.MethodPost, Path: out.UploadURL, Body: body, Type: kind, Size: size, Reads: true,
		Secrets: slices.Collect(maps.Values(out.Parameters)),
	})
	if err != nil {
		return "", stored(err)
	}
	return out.MediaID, nil
}

// stored explains what the server said that takes files: it knows nothing of
// the account.
func stored(err error) error {
	e := *social.AsError(err)
	if e.Status >= 400 {
		e.Code, e.Message = social.CodeUnavailable, "Pinterest did not take the video this time."
	}
	return &e
}

// Check implements social.Preparer. Whether a pin came of it only Find can tell.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.Video != "" && !pr.Ready {
		var out media
		if err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/media/" + url.PathEscape(pr.Video), Out: &out}); err != nil {
			return social.Outcome{}, err
		}
		if out.Status == "failed" {
			return social.Outcome{}, social.Errorf(social.CodeRejected, "Pinterest could not make use of the video.")
		}
		pr.Ready = out.Status == "succeeded"
	}
	next, err := pr.cursor()
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Pending(next), nil
}

// Publish implements social.Provider.
// https://developers.pinterest.com/docs/api/v5/pins-create
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	source, err := sourceOf(ctx, it, set, pr)
	if err != nil {
		return social.Outcome{}, err
	}
	var out pin
	err = p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/pins", Out: &out,
		JSON: pinRequest{
			BoardID: set.Board, BoardSectionID: set.Section, Title: set.Title, Description: it.Text, Link: set.Link,
			AltText: altOf(it), DominantColor: set.DominantColor, MediaSource: source,
		},
	})
	if err != nil {
		return social.Outcome{}, err
	}
	if out.ID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Pinterest did not say which pin this became.")
	}
	return social.Published(refOf(out.ID, it, set)), nil
}

// altOf describes the pin: it has one description for all of its files.
func altOf(it social.Item) string {
	for _, m := range it.Media {
		if m.Alt != "" {
			return m.Alt
		}
	}
	return ""
}

// sourceOf is what the pin shows.
func sourceOf(ctx context.Context, it social.Item, set Settings, pr progress) (mediaSource, error) {
	video, images := split(it)
	var items []item
	for _, m := range images {
		address, err := m.Source.PublicURL(ctx)
		if err != nil {
			return mediaSource{}, err
		}
		items = append(items, item{URL: address})
	}
	switch {
	case video != nil && pr.Video == "":
		return mediaSource{}, social.Errorf(social.CodeRejected, "The video of this pin was not uploaded. Try it again.")
	case video != nil && len(items) > 0:
		return mediaSource{SourceType: "video_id", MediaID: pr.Video, CoverURL: items[0].URL}, nil
	case video != nil:
		return mediaSource{SourceType: "video_id", MediaID: pr.Video, CoverTime: &set.CoverSeconds}, nil
	case len(items) > 1:
		return mediaSource{SourceType: "multiple_image_urls", Items: items}, nil
	case len(items) == 1:
		return mediaSource{SourceType: "image_url", URL: items[0].URL}, nil
	}
	return mediaSource{}, social.Errorf(social.CodeRejected, "A pin needs a picture or a video.")
}

// extraPrint is the Ref.Extra that tells Edit whether what cannot be changed is
// the same: the files, the colour, the moment of the cover.
const extraPrint = "print"

func refOf(id string, it social.Item, set Settings) social.Ref {
	head := ""
	if set.DominantColor != "" || set.CoverSeconds != 0 {
		head = fmt.Sprintf("%s %d\n", set.DominantColor, set.CoverSeconds)
	}
	return social.Ref{ID: id, URL: site + "/pin/" + id + "/", Extra: map[string]string{extraPrint: upload.Print(head, it.Media)}}
}
