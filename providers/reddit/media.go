package reddit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// file is a file that was handed over. Posts of one file name it by its address,
// galleries by its id.
type file struct {
	URL   string `json:"url,omitempty"`
	Asset string `json:"asset,omitempty"`
}

// upload hands the files of an item over. A video comes with the picture that is
// shown before it plays.
func (p *Provider) upload(ctx context.Context, t social.Target, it social.Item) (progress, error) {
	var pr progress
	video, images := split(it)
	if video != nil {
		done, err := p.handOver(ctx, t, *video)
		if err != nil {
			return pr, err
		}
		poster := plain(*video)
		if len(images) > 0 {
			poster = images[0]
		}
		first, err := p.handOver(ctx, t, poster)
		pr.File, pr.Poster = done.URL, first.URL
		return pr, err
	}
	for _, m := range images {
		done, err := p.handOver(ctx, t, m)
		if err != nil {
			return pr, err
		}
		if len(images) == 1 {
			pr.File = done.URL
			return pr, nil
		}
		pr.Gallery = append(pr.Gallery, done.Asset)
	}
	return pr, nil
}

// handOver asks where a file goes, and puts it there.
func (p *Provider) handOver(ctx context.Context, t social.Target, m social.Media) (file, error) {
	name := cmp.Or(m.Name, "file")
	var to lease
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/api/media/asset.json", Form: url.Values{"filepath": {name}, "mimetype": {m.MIME}}, Out: &to,
		Reads: true, // A file that no post uses is never seen.
	})
	if err == nil {
		err = to.refusal()
	}
	if err != nil {
		return file{}, err
	}
	if to.Args.Action == "" || to.Asset.ID == "" {
		return file{}, social.Errorf(social.CodeUnavailable, "Reddit did not say where to put a file.")
	}
	return p.store(ctx, to, name, m)
}

// store puts a file where it was told to. That server knows nothing of the
// account, and gets no token.
func (p *Provider) store(ctx context.Context, to lease, name string, m social.Media) (file, error) {
	address := to.Args.Action
	if strings.HasPrefix(address, "//") {
		address = "https:" + address
	}
	var fields []upload.Field
	var secrets []string
	key := ""
	for _, f := range to.Args.Fields {
		fields = append(fields, upload.Field{Name: f.Name, Value: f.Value})
		secrets = append(secrets, f.Value)
		if f.Name == "key" {
			key = f.Value
		}
	}
	fields = append(fields, upload.Field{Name: "file", FileName: name, Type: m.MIME, Size: m.Bytes, Open: m.Source.Open})
	content, kind, size := upload.Multipart(fields)
	store := rest.Client{HTTP: p.deps.HTTP, Header: p.named(), Now: p.deps.Now}
	resp, err := store.Do(ctx, rest.Request{
		Method: http.MethodPost, Path: address, Body: content, Type: kind, Size: size, Reads: true, Secrets: secrets,
	})
	if err != nil {
		return file{}, stored(err, resp.Body)
	}
	var said struct {
		Location string `xml:"Location"`
	}
	_ = xml.Unmarshal(resp.Body, &said) // Without it, the address is made of the key.
	return file{URL: cmp.Or(said.Location, strings.TrimRight(address, "/")+"/"+key), Asset: to.Asset.ID}, nil
}

// stored explains what the server said that takes files.
func stored(err error, said []byte) error {
	e := *social.AsError(err)
	switch {
	case bytes.Contains(said, []byte("EntityTooLarge")):
		e.Code, e.Message = social.CodeRejected, "Reddit does not take files of this size."
	case e.Status >= 400:
		e.Code, e.Message = social.CodeUnavailable, "Reddit did not take the file this time."
	}
	return &e
}

// plain is the picture before a video that has none: it is dark.
func plain(video social.Media) social.Media {
	w, h := 640, 360
	if video.Height > video.Width {
		w, h = h, w
	}
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))) // Nothing is wrong with a small picture in memory.
	return social.Media{MIME: "image/png", Name: "poster.png", Bytes: int64(b.Len()), Source: still(b.Bytes())}
}

// still is a file in memory.
type still []byte

// Open implements social.Source.
func (s still) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(s)), nil
}

// PublicURL implements social.Source.
func (still) PublicURL(context.Context) (string, error) {
	return "", social.Errorf(social.CodeUnsupported, "This file has no address.")
}
