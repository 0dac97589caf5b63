package feed

import (
	"bytes"
	"encoding/json"

	"github.com/crierhq/crier/core/domain"
)

// The objects of JSON Feed 1.1.
type jsonFeed struct {
	Version     string       `json:"version"`
	Title       string       `json:"title"`
	HomePage    string       `json:"home_page_url"`
	FeedURL     string       `json:"feed_url"`
	Description string       `json:"description,omitempty"`
	Language    string       `json:"language,omitempty"`
	Authors     []jsonAuthor `json:"authors"`
	Hubs        []jsonHub    `json:"hubs,omitempty"`
	Items       []jsonItem   `json:"items"`
}

type jsonAuthor struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type jsonHub struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type jsonItem struct {
	ID          string           `json:"id"`
	URL         string           `json:"url"`
	Title       string           `json:"title,omitempty"`
	ContentHTML string           `json:"content_html"`
	ContentText string           `json:"content_text,omitempty"`
	Summary     string           `json:"summary,omitempty"`
	Image       string           `json:"image,omitempty"`
	Published   string           `json:"date_published"`
	Modified    string           `json:"date_modified,omitempty"`
	Tags        []string         `json:"tags,omitempty"`
	Attachments []jsonAttachment `json:"attachments,omitempty"`
	Crier       *jsonExtension   `json:"_crier,omitempty"`
}

type jsonAttachment struct {
	URL   string `json:"url"`
	MIME  string `json:"mime_type"`
	Title string `json:"title,omitempty"`
	Bytes int64  `json:"size_in_bytes,omitempty"`
}

// jsonExtension says what JSON Feed has no words for.
type jsonExtension struct {
	About   string `json:"about"`
	ReplyTo *link  `json:"in_reply_to"`
}

// json writes the feed as https://www.jsonfeed.org/version/1.1 wants it.
func (p *Provider) json(account string, a about, entries []entry) ([]byte, error) {
	f := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: a.Title, Description: a.Description, Language: a.Language,
		HomePage: p.Home(account).String(), FeedURL: p.address(account, jsonName),
		Authors: []jsonAuthor{{Name: a.author(), URL: a.HomePage}}, Items: []jsonItem{},
	}
	if a.Hub != "" {
		f.Hubs = []jsonHub{{Type: "WebSub", URL: a.Hub}}
	}
	for _, e := range entries {
		f.Items = append(f.Items, p.jsonItem(account, e))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it is served as JSON, never inside a page
	enc.SetIndent("", "  ")
	err := enc.Encode(f)
	return b.Bytes(), err
}

func (p *Provider) jsonItem(account string, e entry) jsonItem {
	out := jsonItem{
		ID: e.ID, URL: p.address(account, e.slug()), Title: e.Title, Summary: e.Summary, Tags: e.Tags,
		ContentHTML: p.content(account, e), ContentText: e.Text, Published: stamp(e.Published),
	}
	if e.Updated.After(e.Published) {
		out.Modified = stamp(e.Updated)
	}
	for _, f := range e.Files {
		at := p.fileURL(account, f)
		if out.Image == "" && f.Kind == domain.MediaImage {
			out.Image = at
		}
		out.Attachments = append(out.Attachments, jsonAttachment{URL: at, MIME: f.MIME, Title: f.Alt, Bytes: f.Bytes})
	}
	if e.ReplyTo != nil {
		out.Crier = &jsonExtension{About: "https://github.com/crierhq/crier/tree/main/providers/feed", ReplyTo: e.ReplyTo}
	}
	return out
}
