package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"time"
)

// pageStyle is all that makes the pages look as they do. The policy of a page
// names its hash, so nothing else can style it.
const pageStyle = `
:root { color-scheme: light dark; }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 2rem 1rem; overflow-wrap: anywhere; }
header { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); margin-bottom: 2rem; padding-bottom: 1rem; }
h1 { line-height: 1.2; margin: 0 0 .5rem; }
h2 { line-height: 1.3; margin: 0 0 .5rem; font-size: 1.25rem; }
article { margin: 0 0 2.5rem; }
img, video { max-width: 100%; height: auto; border-radius: .5rem; }
audio { width: 100%; }
.quiet { font-size: .9rem; opacity: .75; }
.quiet a { color: inherit; }
`

const pageText = `<!DOCTYPE html>
<html{{with .Language}} lang="{{.}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{with .Heading}}{{.}} · {{end}}{{.Title}}</title>
{{with .Description}}<meta name="description" content="{{.}}">
{{end}}<link rel="canonical" href="{{.Canonical}}">
<link rel="alternate" type="application/atom+xml" title="{{.Title}} (Atom)" href="{{.Atom}}">
<link rel="alternate" type="application/feed+json" title="{{.Title}} (JSON Feed)" href="{{.JSON}}">
<style>` + pageStyle + `</style>
</head>
<body>
<header>
<h1><a href="{{.Home}}">{{.Title}}</a></h1>
{{with .Description}}<p>{{.}}</p>
{{end}}<p class="quiet">{{with .Author}}By {{.}}. {{end}}{{with .HomePage}}<a href="{{.}}" rel="me">Home page</a>. {{end}}Follow it with a feed reader: <a href="{{.Atom}}">Atom</a> or <a href="{{.JSON}}">JSON Feed</a>.</p>
</header>
<main>
{{range .Entries}}<article>
{{with .Title}}<h2>{{.}}</h2>
{{end}}{{.Content}}<p class="quiet"><a href="{{.URL}}"><time datetime="{{.Published}}">{{.Shown}}</time></a>{{if .Edited}} · edited{{end}}{{with .ReplyTo}} · <a href="{{.}}">in reply to this</a>{{end}}{{range .Tags}} · {{.}}{{end}}</p>
</article>
{{else}}<p>There is nothing here yet.</p>
{{end}}</main>
</body>
</html>
`

var pageTemplate = template.Must(template.New("page").Parse(pageText))

type pageData struct {
	about
	Heading, Canonical, Home, Atom, JSON string
	Entries                              []pageEntry
}

type pageEntry struct {
	Title, URL, Published, Shown, ReplyTo string
	Edited                                bool
	Tags                                  []string
	Content                               template.HTML
}

// page writes what people see: a feed or, with a heading, one of its entries.
func (p *Provider) page(v view, heading string) ([]byte, error) {
	d := pageData{
		about: v.about, Heading: heading, Home: p.Home(v.account).String(),
		Atom: p.address(v.account, atomName), JSON: p.address(v.account, jsonName),
	}
	d.Canonical = d.Home
	for _, e := range v.entries {
		one := pageEntry{
			Title: e.Title, URL: p.address(v.account, e.slug()), Edited: e.Updated.After(e.Published), Tags: e.Tags,
			Published: e.Published.Format(time.RFC3339), Shown: e.Published.Format("2 January 2006, 15:04 MST"),
			Content: template.HTML(p.content(v.account, e)), //nolint:gosec // content escapes every text itself
		}
		if e.ReplyTo != nil {
			one.ReplyTo = e.ReplyTo.URL
		}
		d.Entries = append(d.Entries, one)
	}
	if heading != "" {
		d.Canonical = d.Entries[0].URL
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, d)
	return b.Bytes(), err
}

// pagePolicy lets a page show the files of this server and nothing else.
func (p *Provider) pagePolicy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	here := "'self' " + p.base.Scheme + "://" + p.base.Host
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src " + here +
		"; media-src " + here + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
