package feed

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// maxDerived is how many characters of a text stand for a title that it lacks.
const maxDerived = 80

// content is the entry as HTML: its text and then its files, with addresses
// that work wherever it is shown.
func (p *Provider) content(account string, e entry) string {
	var b strings.Builder
	for para := range strings.SplitSeq(e.Text, "\n\n") {
		if para = strings.Trim(para, "\n"); para != "" {
			b.WriteString("<p>" + strings.ReplaceAll(marked(para), "\n", "<br>\n") + "</p>\n")
		}
	}
	for _, f := range e.Files {
		b.WriteString(p.figure(account, f) + "\n")
	}
	return b.String()
}

// marked is a text as HTML, with its links.
func marked(s string) string {
	var b strings.Builder
	at := 0
	for _, span := range social.Links(s) {
		target := html.EscapeString(s[span.Start:span.End])
		b.WriteString(html.EscapeString(s[at:span.Start]))
		fmt.Fprintf(&b, `<a href="%s" rel="nofollow noopener">%s</a>`, target, target)
		at = span.End
	}
	b.WriteString(html.EscapeString(s[at:]))
	return b.String()
}

func (p *Provider) figure(account string, f file) string {
	src, alt := html.EscapeString(p.fileURL(account, f)), html.EscapeString(f.Alt)
	switch {
	case f.Kind == domain.MediaImage:
		size := ""
		if f.Width > 0 && f.Height > 0 {
			size = fmt.Sprintf(` width="%d" height="%d"`, f.Width, f.Height)
		}
		return fmt.Sprintf(`<p><img src="%s" alt="%s"%s></p>`, src, alt, size)
	case f.Kind == domain.MediaVideo:
		return fmt.Sprintf(`<p><video src="%s" title="%s" controls preload="metadata"></video></p>`, src, alt)
	case strings.HasPrefix(f.MIME, "audio/"):
		return fmt.Sprintf(`<p><audio src="%s" title="%s" controls preload="metadata"></audio></p>`, src, alt)
	default:
		return fmt.Sprintf(`<p><a href="%s">%s</a></p>`, src, html.EscapeString(f.label()))
	}
}

// label is what a file is called where it is not shown.
func (f file) label() string {
	for _, s := range []string{f.Title, f.Alt} {
		if s != "" {
			return s
		}
	}
	return "Attached file"
}

func (p *Provider) fileURL(account string, f file) string {
	return p.address(account, filesName, f.Name)
}

// heading is the entry's title or, for programs that demand one, what comes
// closest to it.
func (e entry) heading() string {
	for _, s := range []string{e.Title, clip(e.Text), e.Summary} {
		if s != "" {
			return s
		}
	}
	for _, f := range e.Files {
		if f.Alt != "" {
			return clip(f.Alt)
		}
	}
	return e.Published.Format("2 January 2006, 15:04")
}

// clip is the first words of a text, in one line.
func clip(s string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	first = line(first)
	if utf8.RuneCountInString(first) <= maxDerived {
		return first
	}
	cut := string([]rune(first)[:maxDerived])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.-") + "…"
}
