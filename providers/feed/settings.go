package feed

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

// Settings are the choices an author has for one entry.
type Settings struct {
	Title   string   `json:"title,omitempty" maxLength:"200" doc:"Title of the entry. Without one, readers show the first words of the text."`
	Summary string   `json:"summary,omitempty" maxLength:"1000" doc:"A short summary that readers may show in place of the text."`
	Tags    []string `json:"tags,omitempty" maxLength:"20" doc:"Words that the entry is filed under."`
}

const maxTag = 64

// Validate implements social.Provider. It checks what the schema cannot say of
// the tags.
func (*Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	s, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil // the check against the schema says so
	}
	var out []social.Problem
	for i, tag := range s.Tags {
		at := fmt.Sprintf("settings.tags[%d]", i)
		switch n := utf8.RuneCountInString(tag); {
		case strings.TrimSpace(tag) == "":
			out = append(out, social.Problem{Field: at, Rule: "required", Message: "A tag cannot be empty."})
		case n > maxTag:
			out = append(out, social.Problem{
				Field: at, Rule: "too_long", Message: fmt.Sprintf("This tag has %d characters; %d are allowed.", n, maxTag),
			})
		case slices.Contains(s.Tags[:i], tag):
			out = append(out, social.Problem{Field: at, Rule: "repeated", Message: "This tag is there twice."})
		}
	}
	return out
}

// clean takes out what no XML can hold, and makes every line end the same.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF:
			return -1
		default:
			return r
		}
	}, s)
}

// line is clean, in one line without space around it.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
