package telegram

import (
	"encoding/json"
	"errors"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"

	"github.com/crierhq/crier/testkit/simulator"
)

// input are the parameters of a call, whether they came as JSON or as a form, and
// the files by their fields.
type input struct {
	values map[string]json.RawMessage
	files  map[string]*simulator.Upload
}

func (s *StandIn) read(r *http.Request) (*input, bool) {
	in := &input{values: map[string]json.RawMessage{}, files: map[string]*simulator.Upload{}}
	for name, v := range r.URL.Query() {
		in.set(name, v[0])
	}
	kind, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // Without one, there is nothing to read.
	switch kind {
	case "application/json":
		return in, simulator.Read(r, &in.values)
	case "multipart/form-data":
		return in, s.form(in, multipart.NewReader(r.Body, options["boundary"]))
	}
	return in, true
}

// set keeps a value of a form: texts as texts, and what is JSON as that.
func (in *input) set(name, value string) {
	if value == "true" || value == "false" || strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
		in.values[name] = json.RawMessage(value)
		return
	}
	in.values[name], _ = json.Marshal(value)
}

func (s *StandIn) form(in *input, form *multipart.Reader) bool {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return false
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, 1<<20))
			if err != nil {
				return false
			}
			in.set(part.FormName(), string(value))
			continue
		}
		u := s.m.NewUpload(simulator.Upload{Platform: platform, Type: part.Header.Get("Content-Type"), Extra: map[string]string{"name": part.FileName()}})
		if u.Append(part) != nil {
			return false
		}
		in.files[part.FormName()] = u
	}
}

// text is a parameter that may be a text or a number.
func (in *input) text(name string) string {
	var s string
	if json.Unmarshal(in.values[name], &s) == nil {
		return s
	}
	return string(in.values[name])
}

// into reads a parameter that is an object; what is absent stays as it is.
func (in *input) into(name string, v any) bool {
	raw := in.values[name]
	return len(raw) == 0 || json.Unmarshal(raw, v) == nil
}

// shown is a text without its tags, as people see it and as Telegram counts it. It
// is false for tags that nobody knows, and for those that are not ended.
func shown(text, mode string) (string, bool) {
	if mode != "HTML" {
		return text, true
	}
	var open []string
	for _, m := range someTag.FindAllStringSubmatch(text, -1) {
		switch {
		case m[1] == "":
			open = append(open, m[2])
		case len(open) == 0 || open[len(open)-1] != m[2]:
			return "", false
		default:
			open = open[:len(open)-1]
		}
	}
	plain := someTag.ReplaceAllString(text, "")
	return html.UnescapeString(plain), len(open) == 0 && !strings.ContainsAny(plain, "<>")
}

// someTag is a tag of https://core.telegram.org/bots/api#html-style.
var someTag = regexp.MustCompile(`<(/?)(b|i|u|s|tg-spoiler|a|code|pre|blockquote)(?: (?:href|class)="[^"<>]*")?>`)
