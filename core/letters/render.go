package letters

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"
)

//go:embed templates
var files embed.FS

// Site is the installation that writes.
type Site struct {
	// Name is what it calls itself.
	Name string
	// URL is its address.
	URL string
}

// Content is a letter as it is sent.
type Content struct {
	Subject string
	Text    string
	HTML    string
}

// page is what the templates see.
type page struct {
	Site    Site
	Subject string
	Letter  Letter
}

// functions are what the templates may call.
var functions = map[string]any{"line": line, "day": day}

// maxLine is how much is shown of what people typed in, in characters.
const maxLine = 80

// line is s as one short line without anything invisible.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cf) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxLine {
		return string(r[:maxLine-1]) + "…"
	}
	return s
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006 at 15:04 UTC") }

// Render writes a letter. Its templates are templates/NAME.txt, which defines
// the subject and the body, and templates/NAME.html.
func Render(l Letter, from Site) (Content, error) {
	from.Name = line(from.Name)
	p := page{Site: from, Letter: l}
	var out Content
	text, err := texttemplate.New("").Funcs(functions).ParseFS(files, "templates/layout.txt", "templates/"+l.Name()+".txt")
	if err != nil {
		return out, fmt.Errorf("letters: %w", err)
	}
	if p.Subject, err = run(text, "subject", p); err != nil {
		return out, err
	}
	p.Subject = line(p.Subject)
	if out.Text, err = run(text, "layout.txt", p); err != nil {
		return out, err
	}
	html, err := htmltemplate.New("").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/"+l.Name()+".html")
	if err != nil {
		return out, fmt.Errorf("letters: %w", err)
	}
	out.Subject = p.Subject
	out.HTML, err = run(html, "layout.html", p)
	return out, err
}

// executor is what both kinds of templates are.
type executor interface {
	ExecuteTemplate(w io.Writer, name string, data any) error
}

func run(t executor, name string, p page) (string, error) {
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, name, p); err != nil {
		return "", fmt.Errorf("letters: %w", err)
	}
	return b.String(), nil
}
