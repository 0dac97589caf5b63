package graph

import (
	"context"
	"net/http"
	"strconv"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// Upload hands over all bytes of m at once, to the address of an upload that
// was begun. It may be repeated: nobody sees the file before it is published.
// https://developers.facebook.com/docs/video-api/guides/reels-publishing
func (a API) Upload(ctx context.Context, token, address string, m social.Media) error {
	parts := upload.NewParts(m)
	defer func() { _ = parts.Close() }()
	file, err := parts.Part(ctx, 0, m.Bytes)
	if err != nil {
		return err
	}
	var out struct {
		Success bool `json:"success"`
	}
	_, err = a.client(true).Do(ctx, rest.Request{
		Method: http.MethodPost, Path: address, Body: file, Type: "application/octet-stream", Size: m.Bytes, Reads: true, Out: &out,
		Header: http.Header{
			"Authorization": {"OAuth " + token}, "offset": {"0"}, "file_size": {strconv.FormatInt(m.Bytes, 10)},
		},
	})
	if err == nil && !out.Success {
		err = social.Errorf(social.CodeUnavailable, "%s did not say what became of a file.", a.Name)
	}
	return err
}
