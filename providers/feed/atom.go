package feed

import (
	"encoding/xml"
	"time"
)

// The elements of RFC 4287 and RFC 4685.
type atomFeed struct {
	XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Threads   string      `xml:"xmlns:thr,attr"`
	Language  string      `xml:"xml:lang,attr,omitempty"`
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Subtitle  string      `xml:"subtitle,omitempty"`
	Updated   string      `xml:"updated"`
	Author    atomAuthor  `xml:"author"`
	Links     []atomLink  `xml:"link"`
	Generator string      `xml:"generator"`
	Entries   []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type atomLink struct {
	Rel    string `xml:"rel,attr"`
	Type   string `xml:"type,attr,omitempty"`
	Href   string `xml:"href,attr"`
	Length int64  `xml:"length,attr,omitempty"`
	Title  string `xml:"title,attr,omitempty"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Links      []atomLink     `xml:"link"`
	ReplyTo    *atomReplyTo   `xml:"thr:in-reply-to"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary,omitempty"`
	Content    atomText       `xml:"content"`
}

type atomReplyTo struct {
	Ref  string `xml:"ref,attr"`
	Href string `xml:"href,attr,omitempty"`
	Type string `xml:"type,attr,omitempty"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Body string `xml:",chardata"`
}

// atom writes the feed as RFC 4287 wants it.
func (p *Provider) atom(account string, a about, entries []entry) ([]byte, error) {
	f := atomFeed{
		Threads: "http://purl.org/syndication/thread/1.0", Language: a.Language,
		ID: uuidOf("feed", account), Title: a.Title, Subtitle: a.Description, Updated: stamp(a.ChangedAt),
		Author: atomAuthor{Name: a.author(), URI: a.HomePage}, Generator: "Crier",
		Links: []atomLink{
			{Rel: "self", Type: atomType, Href: p.address(account, atomName)},
			{Rel: "alternate", Type: "text/html", Href: p.Home(account).String()},
			{Rel: "alternate", Type: jsonType, Href: p.address(account, jsonName)},
		},
	}
	if a.Hub != "" {
		f.Links = append(f.Links, atomLink{Rel: "hub", Href: a.Hub})
	}
	for _, e := range entries {
		f.Entries = append(f.Entries, p.atomEntry(account, e))
	}
	raw, err := xml.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(raw, '\n')...), nil
}

func (p *Provider) atomEntry(account string, e entry) atomEntry {
	out := atomEntry{
		ID: e.ID, Title: e.heading(), Published: stamp(e.Published), Updated: stamp(e.Updated),
		Links:   []atomLink{{Rel: "alternate", Type: "text/html", Href: p.address(account, e.slug())}},
		Summary: e.Summary, Content: atomText{Type: "html", Body: p.content(account, e)},
	}
	for _, f := range e.Files {
		out.Links = append(out.Links, atomLink{
			Rel: "enclosure", Type: f.MIME, Href: p.fileURL(account, f), Length: f.Bytes, Title: f.Alt,
		})
	}
	for _, tag := range e.Tags {
		out.Categories = append(out.Categories, atomCategory{Term: tag})
	}
	if e.ReplyTo != nil {
		out.ReplyTo = &atomReplyTo{Ref: e.ReplyTo.ID, Href: e.ReplyTo.URL}
		if e.ReplyTo.URL != "" {
			out.ReplyTo.Type = "text/html"
		}
	}
	return out
}

func (a about) author() string {
	if a.Author != "" {
		return a.Author
	}
	return a.Title
}

// stamp writes a time as RFC 3339 does, to the microsecond where it matters.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
