// Package judge holds answers to a vendor's own description of its API: OpenAPI
// 3 or Swagger 2, as JSON. It knows as much of JSON Schema as those use to say
// what an answer looks like: types, members, lists, choices.
package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Description is a description of an API. It is safe for concurrent use.
type Description struct {
	doc object
}

type object = map[string]any

// maxDepth bounds schemas that contain themselves.
const maxDepth = 24

// Read reads a description, or says why it is none.
func Read(raw []byte) (*Description, error) {
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	if _, ok := doc["paths"].(object); !ok {
		return nil, errors.New("judge: this describes no API: it has no paths")
	}
	return &Description{doc: doc}, nil
}

// Answer says what is wrong with the answer to a request; nothing: all is as
// described, or this status is not described. path is the one of the
// description, without that of its server.
func (d *Description) Answer(method, path string, status int, body []byte) []string {
	call := d.call(method, path)
	if call == nil {
		return []string{method + " " + path + ": there is no such call"}
	}
	schema := d.schema(call, status)
	if schema == nil {
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return []string{fmt.Sprintf("%s %s: the answer %d is no JSON", method, path, status)}
	}
	var out []string
	for _, p := range d.check(schema, v, "", 0) {
		out = append(out, fmt.Sprintf("%s %s: %d: %s", method, path, status, p))
	}
	return out
}

// call finds the operation of a path. One with fewer variables is nearer.
func (d *Description) call(method, path string) object {
	var best object
	fewest := math.MaxInt
	for pattern, item := range d.object(d.doc["paths"]) {
		want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
		fits := slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") })
		if call := d.object(d.object(item)[strings.ToLower(method)]); fits && call != nil && strings.Count(pattern, "{") < fewest {
			best, fewest = call, strings.Count(pattern, "{")
		}
	}
	return best
}

// schema is that of the answers with a status; nil: none is described.
func (d *Description) schema(call object, status int) object {
	answers := d.object(call["responses"])
	code := strconv.Itoa(status)
	for _, name := range []string{code, code[:1] + "XX", "default"} {
		answer := d.object(answers[name])
		if answer == nil {
			continue
		}
		if s := d.object(answer["schema"]); s != nil { // Swagger 2
			return s
		}
		content := d.object(answer["content"])
		var ways []any // An error may be told in several ways.
		for _, kind := range slices.Sorted(maps.Keys(content)) {
			if s, ok := d.object(content[kind])["schema"]; ok && strings.Contains(kind, "json") {
				ways = append(ways, s)
			}
		}
		if ways == nil {
			return nil
		}
		return object{"anyOf": ways}
	}
	return nil
}

// object is v as an object, following references; nil: it is none.
func (d *Description) object(v any) object {
	for range maxDepth {
		o, _ := v.(object)
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		v = d.doc
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			in, _ := v.(object)
			v = in[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		}
	}
	return nil
}

// check says what of v is not as s describes it.
func (d *Description) check(raw, v any, at string, depth int) []string {
	s := d.object(raw)
	if s == nil || depth > maxDepth {
		return nil
	}
	if v == nil {
		return d.null(s, at, depth)
	}
	if types := typesOf(s); len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return isType(v, t) }) {
		return []string{fmt.Sprintf("%s is %s, want %s", name(at), brief(v), strings.Join(types, " or "))}
	}
	var out []string
	if enum, ok := s["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return fmt.Sprint(e) == fmt.Sprint(v) }) {
		out = append(out, fmt.Sprintf("%s is %s, want one of %v", name(at), brief(v), enum))
	}
	out = append(out, d.choices(s, v, at, depth)...)
	switch v := v.(type) {
	case object:
		out = append(out, d.members(s, v, at, depth)...)
	case []any:
		for i, e := range v {
			out = append(out, d.check(s["items"], e, fmt.Sprintf("%s[%d]", at, i), depth+1)...)
		}
	}
	return out
}

// null says whether there may be nothing.
func (d *Description) null(s object, at string, depth int) []string {
	types := typesOf(s)
	parts := slices.Concat(list(s["oneOf"]), list(s["anyOf"]), list(s["allOf"]))
	switch {
	case s["nullable"] == true, s["x-nullable"] == true, slices.Contains(types, "null"), len(types) == 0 && len(parts) == 0:
		return nil
	case slices.ContainsFunc(parts, func(p any) bool { return len(d.check(p, nil, at, depth+1)) == 0 }):
		return nil
	}
	return []string{name(at) + " is null"}
}

// choices looks at what a schema is put together from.
func (d *Description) choices(s object, v any, at string, depth int) []string {
	var out []string
	for _, part := range list(s["allOf"]) {
		out = append(out, d.check(part, v, at, depth+1)...)
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		var first []string
		fits := len(list(s[key])) == 0
		for _, part := range list(s[key]) {
			problems := d.check(part, v, at, depth+1)
			fits = fits || len(problems) == 0
			if first == nil {
				first = problems
			}
		}
		if !fits {
			out = append(out, first...)
		}
	}
	return out
}

func (d *Description) members(s, v object, at string, depth int) []string {
	var out []string
	for _, r := range list(s["required"]) {
		if n, _ := r.(string); n != "" {
			if _, ok := v[n]; !ok {
				out = append(out, fmt.Sprintf("%s lacks %s", name(at), n))
			}
		}
	}
	known := d.object(s["properties"])
	for _, n := range slices.Sorted(maps.Keys(v)) {
		member, ok := known[n]
		switch {
		case ok:
			out = append(out, d.check(member, v[n], at+"."+n, depth+1)...)
		case s["additionalProperties"] == false:
			out = append(out, fmt.Sprintf("%s has %s, which is not described", name(at), n))
		}
	}
	return out
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func typesOf(s object) []string {
	if one, ok := s["type"].(string); ok {
		return []string{one}
	}
	var out []string
	for _, t := range list(s["type"]) {
		out = append(out, fmt.Sprint(t))
	}
	return out
}

func isType(v any, want string) bool {
	switch v := v.(type) {
	case object:
		return want == "object"
	case []any:
		return want == "array"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == math.Trunc(v)
	}
	return false
}

func name(at string) string {
	if at == "" {
		return "the answer"
	}
	return strings.TrimPrefix(at, ".")
}

// brief is a value as a message shows it.
func brief(v any) string {
	raw, err := json.Marshal(v)
	if err != nil || len(raw) > 60 {
		return fmt.Sprintf("a %T", v)
	}
	return string(raw)
}
