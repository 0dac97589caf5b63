package linkedin

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// progress is what a Cursor of this provider holds, in the order of the item.
type progress struct {
	Media []uploaded `json:"media"`
}

type uploaded struct {
	URN     string `json:"urn"`
	Pending bool   `json:"pending,omitempty"`
}

// Between two looks at what LinkedIn works on, and how long a file is left alone
// that a member's token cannot look at.
const (
	between = 10 * time.Second
	unseen  = 20 * time.Second
)

func (c common) cursor(pr progress) (social.Cursor, error) {
	if len(pr.Media) == 0 {
		return social.Cursor{Next: social.StepPublish}, nil
	}
	raw, err := json.Marshal(pr)
	if err != nil {
		return social.Cursor{}, &social.Error{Code: social.CodeRejected, Message: "The progress of this post cannot be kept.", Err: err}
	}
	next := social.Cursor{Next: social.StepPublish, State: raw}
	for _, m := range pr.Media {
		if m.Pending {
			next.Next, next.After = social.StepCheck, max(next.After, between)
			if !c.readable(m.URN) {
				next.After = unseen
			}
		}
	}
	return next, nil
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

// readable reports whether the account's token can look at an upload.
func (c common) readable(urn string) bool { return c.page || kindOf(urn) == "videos" }

// kindOf is the collection that an upload is in.
func kindOf(urn string) string {
	switch {
	case strings.HasPrefix(urn, "urn:li:video:"):
		return "videos"
	case strings.HasPrefix(urn, "urn:li:document:"):
		return "documents"
	}
	return "images"
}

// Prepare implements social.Preparer.
func (c common) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	var pr progress
	for _, m := range it.Media {
		urn, err := c.upload(ctx, t, m)
		if err != nil {
			return social.Cursor{}, err
		}
		pr.Media = append(pr.Media, uploaded{URN: urn, Pending: true})
	}
	return c.cursor(pr)
}

// Check implements social.Preparer.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/videos-api
func (c common) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	for i, m := range pr.Media {
		if !m.Pending || !c.readable(m.URN) {
			pr.Media[i].Pending = false
			continue
		}
		var got struct {
			Status string `json:"status"`
			Reason string `json:"processingFailureReason"`
		}
		_, err := c.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/rest/" + kindOf(m.URN) + "/" + escaped(m.URN), Out: &got}, "")
		switch {
		case err != nil:
			return social.Outcome{}, err
		case got.Status == "AVAILABLE":
			pr.Media[i].Pending = false
		case got.Status == "PROCESSING_FAILED":
			return social.Outcome{}, social.Errorf(social.CodeRejected, "LinkedIn could not make use of a file of this post. %s", sentence(failure{Message: got.Reason}))
		case got.Status == "":
			return social.Outcome{}, social.Errorf(social.CodeUnavailable, "LinkedIn did not say what became of a file.")
		}
	}
	next, err := c.cursor(pr)
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Pending(next), nil
}

// initialized is the answer of initializeUpload.
type initialized struct {
	Value struct {
		UploadURL    string `json:"uploadUrl"`
		Image        string `json:"image"`
		Document     string `json:"document"`
		Video        string `json:"video"`
		Token        string `json:"uploadToken"`
		Instructions []struct {
			URL   string `json:"uploadUrl"`
			First int64  `json:"firstByte"`
			Last  int64  `json:"lastByte"`
		} `json:"uploadInstructions"`
	} `json:"value"`
}

// upload hands a file over and returns its URN. An upload that no post has is
// seen by nobody, so a lost answer does no harm.
func (c common) upload(ctx context.Context, t social.Target, m social.Media) (string, error) {
	kind := map[domain.MediaKind]string{
		domain.MediaImage: "images", domain.MediaVideo: "videos", domain.MediaDocument: "documents",
	}[m.Kind]
	request := map[string]any{"owner": c.author(t)}
	if m.Kind == domain.MediaVideo {
		request["fileSizeBytes"], request["uploadCaptions"], request["uploadThumbnail"] = m.Bytes, false, false
	}
	var got initialized
	_, err := c.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/rest/" + kind + "?action=initializeUpload", Reads: true, Out: &got,
		JSON: map[string]any{"initializeUploadRequest": request},
	}, "")
	if err != nil {
		return "", err
	}
	v := got.Value
	urn := slices.MaxFunc([]string{v.Image, v.Document, v.Video}, func(a, b string) int { return len(a) - len(b) })
	if urn == "" || kind == "videos" && len(v.Instructions) == 0 || kind != "videos" && v.UploadURL == "" {
		return "", social.Errorf(social.CodeUnavailable, "LinkedIn did not say where a file must go.")
	}
	file := upload.NewParts(m)
	defer func() { _ = file.Close() }()
	if kind != "videos" {
		_, err := c.put(ctx, v.UploadURL, file, 0, m.Bytes)
		return urn, err
	}
	parts, err := c.parts(ctx, got, file)
	if err != nil {
		return "", err
	}
	_, err = c.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/rest/videos?action=finalizeUpload", Reads: true,
		JSON: map[string]any{"finalizeUploadRequest": map[string]any{"video": urn, "uploadToken": v.Token, "uploadedPartIds": parts}},
	}, "")
	return urn, err
}

// parts sends a video range by range, each to its own address, and returns
// what LinkedIn calls them.
func (c common) parts(ctx context.Context, in initialized, file *upload.Parts) ([]string, error) {
	var out []string
	next := int64(0)
	for _, part := range in.Value.Instructions {
		if part.First != next || part.Last < part.First {
			return nil, social.Errorf(social.CodeUnavailable, "LinkedIn asked for the parts of a video out of order.")
		}
		next = part.Last + 1
		resp, err := c.put(ctx, part.URL, file, part.First, next-part.First)
		if err != nil {
			return nil, err
		}
		tag := strings.Trim(resp.Header.Get("ETag"), `"`)
		if tag == "" {
			return nil, social.Errorf(social.CodeUnavailable, "LinkedIn did not confirm a part of a video.")
		}
		out = append(out, tag)
	}
	return out, nil
}

// put sends a part of a file to an address of LinkedIn's, which is signed: it
// gets no token.
func (c common) put(ctx context.Context, to string, file *upload.Parts, offset, size int64) (rest.Response, error) {
	part, err := file.Part(ctx, offset, size)
	if err != nil {
		return rest.Response{}, err
	}
	return c.do(ctx, rest.Request{
		Method: http.MethodPut, Path: to, Body: part, Type: "application/octet-stream", Size: size, Reads: true,
	})
}
