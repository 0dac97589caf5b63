package bluesky

import (
	"bytes"
	"context"
	"errors"
	"html"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social"
)

const (
	pageTime  = 10 * time.Second
	pageBytes = 1 << 20
	// thumbBytes is the most that app.bsky.embed.external takes.
	thumbBytes = 1_000_000

	titleBytes       = 300
	descriptionBytes = 1000
)

// thumbTypes are the pictures that clients show on a card.
var thumbTypes = []string{"image/jpeg", "image/png", "image/webp", "image/gif"}

// cardURL is the address that a link card of it shows; empty: none. demanded
// says that the author named it, which is for the first post of a thread: the
// settings are the same for all of them.
func (s Settings) cardURL(it social.Item) (link string, demanded bool) {
	switch {
	case len(it.Media) > 0 || s.LinkCard == cardNone:
		return "", false
	case s.LinkCard != "" && s.LinkCard != cardAuto && it.Parent == nil:
		return s.LinkCard, true
	}
	spans := spansOf(it.Text)
	if i := slices.IndexFunc(spans, func(s span) bool { return s.kind == spanLink }); i >= 0 {
		return spans[i].value, false
	}
	return "", false
}

// prepareCard reads the page of a link card, because clients show only what
// the post says of it. A page that cannot be read costs the post its card, or
// the card its picture and text where the author asked for one; never the post.
func (p *Provider) prepareCard(ctx context.Context, t social.Target, it social.Item, set Settings) (*heldCard, error) {
	link, demanded := set.cardURL(it)
	if link == "" {
		return nil, nil
	}
	pg := p.readPage(ctx, link)
	if err := ctx.Err(); err != nil {
		return nil, stopped(err)
	}
	if pg.title == "" && !demanded {
		return nil, nil
	}
	card := &heldCard{Title: pg.title, Description: pg.description}
	if card.Title == "" {
		card.Title = clip(bareLink(link), titleBytes)
	}
	thumb, kind := p.readThumb(ctx, pg.image)
	if err := ctx.Err(); err != nil {
		return nil, stopped(err)
	}
	if kind == "" {
		return card, nil
	}
	b, err := p.upload(ctx, t, bytes.NewReader(thumb), kind, int64(len(thumb)))
	if e, ok := errors.AsType[*social.Error](err); ok && e.Code == social.CodeRejected {
		return card, nil // the picture is not worth the post
	}
	if err != nil {
		return nil, err
	}
	card.Thumb = &b
	return card, nil
}

// page is what a web page says about itself to those who link to it.
type page struct{ title, description, image string }

// readPage returns the zero page if the address has none for us.
func (p *Provider) readPage(ctx context.Context, link string) page {
	raw, at, kind, err := p.fetch(ctx, link, "text/html", pageBytes)
	if err != nil || kind != "text/html" && kind != "application/xhtml+xml" {
		return page{}
	}
	pg := pageOf(strings.ToValidUTF8(string(raw), ""))
	if pg.image != "" {
		image, err := at.Parse(pg.image)
		pg.image = ""
		if err == nil && isWebURL(image.String()) {
			pg.image = image.String()
		}
	}
	return pg
}

// readThumb returns an empty kind if there is no picture that fits.
func (p *Provider) readThumb(ctx context.Context, link string) (raw []byte, kind string) {
	if link == "" {
		return nil, ""
	}
	raw, _, _, err := p.fetch(ctx, link, "image/*", thumbBytes+1)
	if err != nil || len(raw) > thumbBytes {
		return nil, ""
	}
	if kind = http.DetectContentType(raw); !slices.Contains(thumbTypes, kind) {
		return nil, ""
	}
	return raw, kind
}

// fetch reads at most limit bytes, and says where they were found in the end.
func (p *Provider) fetch(ctx context.Context, link, accept string, limit int64) ([]byte, *url.URL, string, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, nil, "", err
	}
	req.Header.Set("Accept", accept)
	resp, err := p.deps.HTTP.Do(req)
	if err != nil {
		return nil, nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, "", errors.New("the page answered " + resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, nil, "", err
	}
	at := req.URL
	if resp.Request != nil && resp.Request.URL != nil {
		at = resp.Request.URL
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return raw, at, kind, nil
}

var (
	metaTag   = regexp.MustCompile(`(?i)<meta\s(?:[^>"']|"[^"]*"|'[^']*')*>`)
	metaAttr  = regexp.MustCompile(`(?i)([a-z:_-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)
	titleText = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
)

// pageOf reads the Open Graph properties of a page (https://ogp.me), and what
// older pages have instead.
func pageOf(doc string) page {
	meta := map[string]string{}
	for _, tag := range metaTag.FindAllString(doc, -1) {
		var name, content string
		for _, a := range metaAttr.FindAllStringSubmatch(tag, -1) {
			v := html.UnescapeString(a[2] + a[3] + a[4])
			switch strings.ToLower(a[1]) {
			case "property", "name":
				name = strings.ToLower(v)
			case "content":
				content = v
			}
		}
		if name != "" && meta[name] == "" {
			meta[name] = content
		}
	}
	if m := titleText.FindStringSubmatch(doc); m != nil {
		meta["<title>"] = html.UnescapeString(m[1])
	}
	first := func(names ...string) string {
		for _, n := range names {
			if v := oneLine(meta[n]); v != "" {
				return v
			}
		}
		return ""
	}
	return page{
		title:       clip(first("og:title", "twitter:title", "<title>"), titleBytes),
		description: clip(first("og:description", "twitter:description", "description"), descriptionBytes),
		image:       first("og:image:secure_url", "og:image", "og:image:url", "twitter:image"),
	}
}

// oneLine takes off line breaks, runs of spaces and characters that nobody sees.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// bareLink is an address without what a reader does not need.
func bareLink(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	return strings.TrimSuffix(u.Host+u.Path, "/")
}
