package mastodon

import (
	"html"
	"strings"
)

// plain reads the text out of a post's content. Servers send a few harmless
// elements; whatever else is there counts as a tag without meaning.
// https://docs.joinmastodon.org/spec/activitypub/#sanitization
func plain(content string) string {
	var b strings.Builder
	for content != "" {
		text, rest, tag := strings.Cut(content, "<")
		b.WriteString(html.UnescapeString(text))
		if !tag {
			break
		}
		var name string
		name, content = cutTag(rest)
		switch name {
		case "br":
			b.WriteString("\n")
		case "/p", "/blockquote", "/pre", "/ul", "/ol":
			b.WriteString("\n\n")
		case "/li":
			b.WriteString("\n")
		}
	}
	return strings.TrimSpace(b.String())
}

// cutTag takes a tag whose "<" is gone, up to the ">" outside of quotes. It
// returns its name in lower case, with the slash of an end tag.
func cutTag(s string) (name, rest string) {
	name = s
	if end := tagEnd(s); end >= 0 {
		name, rest = s[:end], s[end+1:]
	}
	name = strings.ToLower(name)
	if i := strings.IndexAny(name, " \t\r\n"); i >= 0 {
		name = name[:i]
	}
	if len(name) > 1 {
		name = strings.TrimSuffix(name, "/")
	}
	return name, rest
}

// tagEnd is where the ">" of a tag is; -1 if it has none.
func tagEnd(s string) int {
	quote := rune(0)
	for i, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && r == '>':
			return i
		}
	}
	return -1
}
