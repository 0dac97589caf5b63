package tiktok

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// chunk is how much of a video goes into one call. The last one takes what is
// left as well, so it has less than twice as much.
// https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
const chunk = 10 << 20

// chunksOf is the size and the number of the parts that TikTok expects.
func chunksOf(size int64) (of, n int64) {
	if size < chunk {
		return size, 1
	}
	return chunk, size / chunk
}

// begin asks for an upload. TikTok makes nothing of it before the last byte.
func (p *Provider) begin(ctx context.Context, t social.Target, it social.Item, set Settings) (progress, error) {
	m := it.Media[0]
	in := request{SourceInfo: sourceInfo{Source: "FILE_UPLOAD", VideoSize: m.Bytes}}
	in.SourceInfo.ChunkSize, in.SourceInfo.ChunkCount = chunksOf(m.Bytes)
	path := "/v2/post/publish/inbox/video/init/"
	if !set.inbox() {
		path, in.PostInfo = "/v2/post/publish/video/init/", videoInfo(it, set)
	}
	var out begun
	err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: path, JSON: in, Reads: true}, &out)
	if err != nil {
		return progress{}, err
	}
	to, err := url.Parse(out.UploadURL)
	if out.PublishID == "" || err != nil || to.Host == "" {
		return progress{}, social.Errorf(social.CodeUnavailable, "TikTok did not say where to upload the video.")
	}
	return progress{ID: out.PublishID, Upload: out.UploadURL, Size: m.Bytes, Hidden: set.hidden()}, nil
}

// send uploads all parts but the last.
func (p *Provider) send(ctx context.Context, pr progress, m social.Media) (progress, error) {
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	of, n := chunksOf(pr.Size)
	for ; pr.Sent < of*(n-1); pr.Sent += of {
		resp, err := p.put(ctx, pr, parts, m.MIME, of, true)
		if err != nil {
			return pr, &social.Error{
				Code: social.CodeUnavailable, Restart: true, Status: resp.Status, Err: err,
				Message: "The upload to TikTok broke off. It begins anew.",
			}
		}
	}
	return pr, nil
}

// put sends the next n bytes. The address is good by itself, so it gets no token.
func (p *Provider) put(ctx context.Context, pr progress, parts *upload.Parts, mime string, n int64, reads bool) (rest.Response, error) {
	part, err := parts.Part(ctx, pr.Sent, n)
	if err != nil {
		return rest.Response{}, err
	}
	api := rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now}
	return api.Do(ctx, rest.Request{
		Method: http.MethodPut, Path: pr.Upload, Body: part, Type: mime, Size: n, Reads: reads, Secrets: []string{pr.Upload},
		Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", pr.Sent, pr.Sent+n-1, pr.Size)}},
	})
}
