// Package vendorspec judges requests and answers by what a vendor says of its
// own API: OpenAPI 3 (as JSON or YAML), Swagger 2, Google's discovery documents, the extract of
// Telegram's page, the nodes of Meta's code generator and the lexicons of AT
// Protocol.
//
// The descriptions are not a part of this repository. Dir says where they are,
// and a test without them says so and goes on.
package vendorspec

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dir is the folder with the descriptions: what the variable CRIER_SPECS names,
// or shared/specs beside the repository; empty: there is none.
func Dir() string {
	if dir := os.Getenv("CRIER_SPECS"); dir != "" { //nolint:forbidigo // it is about tests alone
		return dir
	}
	at, err := os.Getwd()
	for err == nil && at != filepath.Dir(at) {
		if _, missing := os.Stat(filepath.Join(at, "go.mod")); missing == nil {
			dir := filepath.Join(filepath.Dir(at), "shared", "specs")
			if _, missing := os.Stat(dir); missing == nil {
				return dir
			}
			return ""
		}
		at = filepath.Dir(at)
	}
	return ""
}

// object is a JSON object.
type object = map[string]any

// operation is one call that there is.
type operation struct {
	method string
	// path has {names} for what differs.
	path string
	// query are the parameters; open: there may be others.
	query object
	open  bool
	// body is the schema of what is sent, and answers of what comes back, by
	// status; nil: nothing is said of it.
	body    object
	answers map[string]object
}

// Spec is the description of one API.
type Spec struct {
	operations []operation
	// named are the schemas that others refer to.
	named object
	// prefix is before every path, such as the version.
	prefixes []string
}

// Request is what is judged of a request.
type Request struct {
	Method string
	// URL is the whole address.
	URL string
	// Body is decoded JSON, or the fields of a form.
	Body any
	// Form says that Body was a form, where every value is a text.
	Form bool
}

// Request says what the description has against r; nothing: it follows it.
func (s *Spec) Request(r Request) []string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return []string{err.Error()}
	}
	op := s.find(r.Method, u.Path)
	if op == nil {
		return []string{fmt.Sprintf("there is no call %s %s", r.Method, u.Path)}
	}
	var out []string
	for name := range u.Query() {
		if _, ok := op.query[strings.TrimSuffix(name, "[]")]; !ok && !op.open {
			out = append(out, "there is no parameter "+name)
		}
	}
	body, ok := r.Body.(object)
	if !ok || op.body == nil {
		return sorted(out)
	}
	return sorted(append(out, s.value(op.body, body, "body", r.Form, true)...))
}

// Answer says what the description has against a JSON answer. Members that it
// does not know are fine there: platforms add them.
func (s *Spec) Answer(method, address string, status int, body any) []string {
	u, err := url.Parse(address)
	if err != nil {
		return []string{err.Error()}
	}
	op := s.find(method, u.Path)
	if op == nil {
		return []string{fmt.Sprintf("there is no call %s %s", method, u.Path)}
	}
	for _, key := range []string{fmt.Sprint(status), fmt.Sprintf("%dXX", status/100), "default"} {
		if schema, ok := op.answers[key]; ok {
			return sorted(s.value(schema, body, "answer", false, false))
		}
	}
	return nil
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// find returns the operation with the fewest variables that matches.
func (s *Spec) find(method, path string) *operation {
	var best *operation
	for i, op := range s.operations {
		if op.method == method && slices.ContainsFunc(s.prefixes, func(p string) bool { return matches(p+op.path, path) }) {
			if best == nil || strings.Count(op.path, "{") < strings.Count(best.path, "{") {
				best = &s.operations[i]
			}
		}
	}
	return best
}

// matches compares a path with a pattern, from the end: a stand-in or a proxy
// may put something before it.
func matches(pattern, path string) bool {
	want, got := strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	if len(got) < len(want) {
		return false
	}
	return slices.EqualFunc(want, got[len(got)-len(want):], func(w, g string) bool {
		before, rest, variable := strings.Cut(w, "{")
		if !variable {
			return w == g
		}
		_, after, _ := strings.Cut(rest, "}")
		return g != "" && strings.HasPrefix(g, before) && strings.HasSuffix(g, after)
	})
}

// resolve follows references.
func (s *Spec) resolve(schema object) object {
	for range 20 {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		schema, _ = s.named[ref[strings.LastIndex(ref, "/")+1:]].(object)
	}
	return schema
}

// value judges v. texts says that it comes from a form; strict that unknown
// members are a mistake.
func (s *Spec) value(schema object, v any, at string, texts, strict bool) []string {
	schema = s.resolve(schema)
	if schema[itself] == true {
		schema = s.resolve(s.of(v))
	}
	if list := alternatives(schema); list != nil {
		return s.oneOf(list, v, at, texts, strict)
	}
	if v == nil {
		return nil
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return fmt.Sprint(e) == fmt.Sprint(v) }) {
		return []string{fmt.Sprintf("%s is %v, want one of %v", at, v, enum)}
	}
	switch body := v.(type) {
	case object:
		return s.members(schema, body, at, texts, strict)
	case []any:
		items, ok := schema["items"].(object)
		if !ok {
			return wrongType(schema, v, at, texts)
		}
		var out []string
		for i, e := range body {
			out = append(out, s.value(items, e, fmt.Sprintf("%s[%d]", at, i), texts, strict)...)
		}
		return out
	}
	return wrongType(schema, v, at, texts)
}

// alternatives are the schemas of which one is enough; nil: there is but one.
func alternatives(schema object) []any {
	var out []any
	for _, ref := range child(schema, "discriminator", "mapping") {
		out = append(out, object{"$ref": ref})
	}
	return slices.Concat(out, listOf(schema["oneOf"]), listOf(schema["anyOf"]))
}

// oneOf takes the alternative that has least against v.
func (s *Spec) oneOf(list []any, v any, at string, texts, strict bool) []string {
	var best []string
	for i, alt := range list {
		schema, _ := alt.(object)
		if got := s.value(schema, v, at, texts, strict); i == 0 || len(got) < len(best) {
			best = got
		}
	}
	return best
}

// members judges an object.
func (s *Spec) members(schema, body object, at string, texts, strict bool) []string {
	known, required, open := s.fields(schema)
	if len(known) == 0 {
		return wrongType(schema, body, at, texts)
	}
	var out []string
	for name, v := range body {
		field, ok := known[name].(object)
		if !ok {
			// Some describe lists as forms write them.
			if field, ok = known[name+"[]"].(object); ok {
				continue
			}
		}
		switch {
		case ok:
			out = append(out, s.value(field, v, at+"."+name, texts, strict)...)
		case strict && !open:
			out = append(out, "there is no field "+at+"."+name)
		}
	}
	for _, name := range required {
		if _, ok := body[name]; !ok {
			out = append(out, at+"."+name+" is required")
		}
	}
	return out
}

// fields are the members of a schema, with those of all that it is made of.
func (s *Spec) fields(schema object) (known object, required []string, open bool) {
	schema = s.resolve(schema)
	known = object{}
	for _, part := range listOf(schema["allOf"]) {
		p, _ := part.(object)
		more, need, o := s.fields(p)
		for k, v := range more {
			known[k] = v
		}
		required, open = append(required, need...), open || o
	}
	properties, _ := schema["properties"].(object)
	for k, v := range properties {
		known[k] = v
	}
	for _, r := range listOf(schema["required"]) {
		if name, ok := r.(string); ok {
			required = append(required, name)
		}
	}
	switch extra := schema["additionalProperties"].(type) {
	case bool:
		open = open || extra
	case object:
		open = true
	}
	return known, required, open
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// wrongType compares the JSON type of v with that of a schema.
func wrongType(schema object, v any, at string, texts bool) []string {
	types := listOf(schema["type"])
	if one, ok := schema["type"].(string); ok {
		types = []any{one}
	}
	if len(types) == 0 || slices.ContainsFunc(types, func(t any) bool { return isA(fmt.Sprint(t), v, texts) }) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s, want %v", at, clip(v), types)}
}

func isA(kind string, v any, texts bool) bool {
	_, text := v.(string)
	if texts && text {
		return true // every value of a form is one
	}
	switch kind {
	case "string":
		return text
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "integer", "number":
		_, ok := v.(float64)
		return ok
	case "array":
		_, ok := v.([]any)
		return ok
	case "object":
		_, ok := v.(object)
		return ok
	case "null":
		return v == nil
	}
	return true
}

func clip(v any) string {
	raw, _ := json.Marshal(v) // it was JSON
	if len(raw) > 60 {
		return string(raw[:60]) + "…"
	}
	return string(raw)
}
