package httpapi

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const (
	exampleID      = "01980a5e-7c1f-7b3a-9d52-3f6f1a2b4c5d"
	exampleTime    = "2030-03-29T08:00:00.000Z"
	exampleRequest = "4WQH2T5K7M3R6P8S2V4X6Z8B3D"
)

// requestExamples are the bodies of operations whose schema leaves so much open
// that an example made from it would show nothing.
var requestExamples = map[string]any{
	"create-post":         examplePost(),
	"update-post":         examplePost(),
	"validate-post":       examplePost(),
	"connect-integration": map[string]any{"provider": "example", "fields": map[string]any{"account": "ann"}},
	"preview-post": map[string]any{
		"scheduledAt": "2030-03-29T09:00:00", "timezone": "Europe/Berlin", "recurrence": map[string]any{"rule": "FREQ=WEEKLY;BYDAY=TU,TH"}, "count": 4,
	},
}

func examplePost() map[string]any {
	return map[string]any{
		"content": "We are live!", "integrations": []any{exampleID}, "type": "schedule", "scheduledAt": "2030-03-29T09:00:00+01:00",
	}
}

// examples makes examples from schemas.
type examples struct{ schemas huma.Registry }

// of is an example of what s describes, called name. Of an object that is asked
// for it has what is required and what has an example of its own; of one that is
// answered it has everything that is always there, too.
func (e examples) of(s *huma.Schema, name string, asked bool) any {
	return e.at(s, name, asked, 0)
}

func (e examples) at(s *huma.Schema, name string, asked bool, depth int) any {
	if s.Ref != "" {
		s = e.schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		return e.object(s, asked, depth)
	case huma.TypeArray:
		return e.list(s, name, asked, depth)
	case huma.TypeBoolean:
		return true
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case huma.TypeString:
		return exampleText(s, name)
	}
	return exampleID // either the id of something, or an object with it
}

// maxExampleDepth ends schemas that hold themselves.
const maxExampleDepth = 5

func (e examples) object(s *huma.Schema, asked bool, depth int) map[string]any {
	out := map[string]any{}
	for name, p := range s.Properties {
		required := false
		for _, r := range s.Required {
			required = required || r == name
		}
		if required || depth < maxExampleDepth && len(p.Examples) > 0 || asked && depth == 0 && len(s.Properties) == 1 {
			out[name] = e.at(p, name, asked, depth+1)
		}
	}
	return out
}

func (e examples) list(s *huma.Schema, name string, asked bool, depth int) []any {
	if depth > maxExampleDepth {
		return []any{}
	}
	return []any{e.at(s.Items, strings.TrimSuffix(name, "s"), asked, depth+1)}
}

// exampleText is a text that fits the format, or at least the name.
func exampleText(s *huma.Schema, name string) string {
	if text, ok := formatExamples[s.Format]; ok {
		return text
	}
	name = strings.ToLower(name)
	for _, e := range nameExamples {
		if strings.HasSuffix(name, e.ending) {
			return e.text
		}
	}
	return "text"
}

var formatExamples = map[string]string{
	"date-time": exampleTime, "date": "2030-03-29", "email": "ann@example.org", "uri": "https://example.org/",
}

// nameExamples are texts for fields whose names end so.
var nameExamples = []struct{ ending, text string }{
	{"email", "ann@example.org"},
	{"url", "https://example.org/"},
	{"avatar", "https://example.org/"},
	{"link", "https://example.org/"},
	{"token", "a-long-random-text"},
	{"secret", "a-long-random-text"},
	{"id", exampleID},
	{"post", exampleID},
	{"delivery", exampleID},
	{"integration", exampleID},
	{"account", exampleID},
	{"author", exampleID},
	{"follows", exampleID},
}
