package facebook

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// maxParts bounds how often the platform may ask for more of a video.
const maxParts = 20000

// photo hands over a picture that nobody sees yet.
// https://developers.facebook.com/docs/graph-api/reference/page/photos
func (p *Provider) photo(ctx context.Context, t social.Target, m social.Media) (string, error) {
	fields := []upload.Field{{Name: "published", Value: "false"}}
	if m.Alt != "" {
		fields = append(fields, upload.Field{Name: "alt_text_custom", Value: m.Alt})
	}
	fields = append(fields, upload.Field{Name: "source", FileName: fileName(m), Type: m.MIME, Size: m.Bytes, Open: m.Source.Open})
	body, kind, size := upload.Multipart(fields)
	var out struct {
		ID string `json:"id"`
	}
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: edge(t.Account, "photos"), Body: body, Type: kind, Size: size, Out: &out,
		Reads: true, // A photo that no post uses is gone a day later.
	})
	if err == nil && out.ID == "" {
		err = lostFile()
	}
	return out.ID, err
}

// reel begins an upload of a reel or of a story and hands over the bytes.
func (p *Provider) reel(ctx context.Context, t social.Target, m social.Media, to string) (string, error) {
	out, err := p.phase(ctx, t, "", to, videoRequest{UploadPhase: "start"}, true)
	if err == nil && out.VideoID == "" {
		err = lostFile()
	}
	if err != nil {
		return "", err
	}
	// The answer names the address as well. It is not used, so that no answer
	// can send a token elsewhere.
	address := p.cfg.UploadURL + "/video-upload/" + p.cfg.APIVersion + "/" + url.PathEscape(out.VideoID)
	return out.VideoID, p.api().Upload(ctx, t.Credential.Access, address, m)
}

// video hands over a video in the parts that the platform asks for.
// https://developers.facebook.com/docs/graph-api/video-uploads
func (p *Provider) video(ctx context.Context, t social.Target, m social.Media) (id, session string, err error) {
	out, err := p.phase(ctx, t, p.cfg.VideoURL, "videos", videoRequest{UploadPhase: "start", FileSize: strconv.FormatInt(m.Bytes, 10)}, true)
	if err == nil && (out.VideoID == "" || out.UploadSessionID == "") {
		err = lostFile()
	}
	if err != nil {
		return "", "", err
	}
	id, session = out.VideoID, out.UploadSessionID
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	var at int64
	for range maxParts {
		start, end, ok := out.part()
		switch {
		case !ok || start != at || end > m.Bytes:
			return "", "", lostFile()
		case start == end:
			return id, session, nil
		}
		part, err := parts.Part(ctx, start, end-start)
		if err != nil {
			return "", "", err
		}
		if out, err = p.transfer(ctx, t, session, m, start, part, end-start); err != nil {
			return "", "", err
		}
		at = end
	}
	return "", "", lostFile()
}

func (p *Provider) transfer(ctx context.Context, t social.Target, session string, m social.Media, start int64, part io.ReadCloser, size int64) (videoAnswer, error) {
	body, kind, length := upload.Multipart([]upload.Field{
		{Name: "upload_phase", Value: "transfer"},
		{Name: "upload_session_id", Value: session},
		{Name: "start_offset", Value: strconv.FormatInt(start, 10)},
		{Name: "video_file_chunk", FileName: fileName(m), Type: m.MIME, Size: size, Open: func(context.Context) (io.ReadCloser, error) {
			return part, nil
		}},
	})
	var out videoAnswer
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: p.cfg.VideoURL + "/" + p.cfg.APIVersion + edge(t.Account, "videos"),
		Body: body, Type: kind, Size: length, Out: &out, Reads: true,
	})
	return out, err
}

// phase begins or ends an upload on an edge of the page. host is that of the
// API where it is empty.
func (p *Provider) phase(ctx context.Context, t social.Target, host, to string, in videoRequest, reads bool) (videoAnswer, error) {
	path := edge(t.Account, to)
	if host != "" {
		path = host + "/" + p.cfg.APIVersion + path
	}
	var out videoAnswer
	err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: path, JSON: in, Out: &out, Reads: reads})
	return out, err
}

func edge(id, name string) string { return "/" + url.PathEscape(id) + "/" + name }

func fileName(m social.Media) string {
	if m.Name == "" {
		return "file"
	}
	return m.Name
}

func lostFile() error {
	return social.Errorf(social.CodeUnavailable, "Facebook did not say what became of a file.")
}

// extraPrint is the Ref.Extra that tells Edit whether what cannot be changed is
// still the same: the files, the link, the title and the background.
const extraPrint = "print"

// printOf is short, and the same for the same files and settings.
func printOf(it social.Item, set Settings) string {
	head := fmt.Sprintf("%s %s\n", set.kind(), set.Link)
	if set.Title != "" || set.Preset != "" {
		head += fmt.Sprintf("%q %s\n", set.Title, set.Preset)
	}
	return upload.Print(head, it.Media)
}
