package linkedin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/crierhq/crier/providers/kit/text"
)

// mention is a mention as authors write it, which is as LinkedIn wants it.
var mention = regexp.MustCompile(`@\[[^\[\]()]+\]\(urn:li:(organization|person):[A-Za-z0-9_-]+\)`)

// reserved are the characters that mean something in LinkedIn's little text. One
// that is not escaped may cut the post off without a word.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
const reserved = `\|{}@[]()<>#*_~`

// littleText is a plain text as LinkedIn wants it, with mentions and hashtags
// that lead somewhere.
func littleText(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range mention.FindAllStringIndex(s, -1) {
		b.WriteString(tagged(s[at:m[0]]))
		b.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	b.WriteString(tagged(s[at:]))
	return b.String()
}

func tagged(s string) string {
	var b strings.Builder
	at := 0
	for _, tag := range text.Tags(s) {
		b.WriteString(escape(s[at:tag.Start]))
		b.WriteString(`{hashtag|\#|` + escape(s[tag.Start+1:tag.End]) + `}`)
		at = tag.End
	}
	b.WriteString(escape(s[at:]))
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(reserved, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

var template = regexp.MustCompile(`\{hashtag\|\\?#\|((?:\\.|[^}\\])+)\}`)

// bare reduces little text, and plain text, to what both have: letters without
// escapes and white space.
func bare(s string) string {
	s = template.ReplaceAllString(s, "#$1")
	return strings.Join(strings.Fields(strings.ReplaceAll(s, `\`, "")), "")
}

// mentionOf is how an author mentions an organization. What would end the
// name is left out of it.
func mentionOf(o organization) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]()", r) {
			return -1
		}
		return r
	}, o.Name)
	return fmt.Sprintf("@[%s](urn:li:organization:%d)", name, o.ID)
}
