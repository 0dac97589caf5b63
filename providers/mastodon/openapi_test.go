package mastodon_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exchange is what is judged of an exchange in a case.
type exchange struct {
	Request struct {
		Method    string         `json:"method"`
		URL       string         `json:"url"`
		Body      map[string]any `json:"body"`
		Form      map[string]any `json:"form"`
		Multipart map[string]any `json:"multipart"`
	} `json:"request"`
}

// TestCasesFollowTheSpecification holds every request of the cases to a
// description of the API that others made from Mastodon's documentation. It is
// not part of this repository: the folder named in CRIER_SPECS has it as
// mastodon.openapi.json, from https://github.com/abraham/mastodon-openapi.
func TestCasesFollowTheSpecification(t *testing.T) {
	t.Parallel()
	doc := readSpecification(t)
	files, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d cases, %v", len(files), err)
	}
	for _, f := range files {
		var c struct {
			Exchanges []exchange `json:"exchanges"`
		}
		raw, err := os.ReadFile(f)
		if err == nil {
			err = json.Unmarshal(raw, &c)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Exchanges {
			for _, p := range doc.judge(e) {
				t.Errorf("%s: %s %s: %s", filepath.Base(f), e.Request.Method, e.Request.URL, p)
			}
		}
	}
}

func TestSpecificationJudges(t *testing.T) {
	t.Parallel()
	doc := readSpecification(t)
	for name, request := range map[string]string{
		"no such call":    `{"method":"POST","url":"https://m.example/api/v1/toots"}`,
		"wrong method":    `{"method":"PUT","url":"https://m.example/api/v1/statuses"}`,
		"unknown query":   `{"method":"GET","url":"https://m.example/api/v1/accounts/1/statuses?max=3"}`,
		"unknown field":   `{"method":"POST","url":"https://m.example/api/v1/statuses","body":{"text":"x"}}`,
		"wrong type":      `{"method":"POST","url":"https://m.example/api/v1/statuses","body":{"sensitive":"yes"}}`,
		"unknown value":   `{"method":"POST","url":"https://m.example/api/v1/statuses","body":{"visibility":"secret"}}`,
		"field of a poll": `{"method":"POST","url":"https://m.example/api/v1/statuses","body":{"poll":{"expiresIn":1}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e exchange
			if err := json.Unmarshal([]byte(request), &e.Request); err != nil {
				t.Fatal(err)
			}
			if got := doc.judge(e); len(got) != 1 {
				t.Errorf("got %q, want one problem", got)
			}
		})
	}
}

// object is a JSON object.
type object = map[string]any

type specification struct {
	Paths      map[string]object `json:"paths"`
	Components struct {
		Schemas object `json:"schemas"`
	} `json:"components"`
}

func readSpecification(t *testing.T) specification {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(os.Getenv("CRIER_SPECS"), "mastodon.openapi.json"))
	if os.Getenv("CRIER_SPECS") == "" || err != nil {
		t.Skip("CRIER_SPECS names no folder with mastodon.openapi.json: requests are not held to it")
	}
	var s specification
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s specification) judge(e exchange) []string {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return []string{err.Error()}
	}
	call := s.operation(e.Request.Method, u.Path)
	if call == nil {
		return []string{"there is no such call"}
	}
	var out []string
	params, _ := call["parameters"].([]any)
	for name := range u.Query() {
		if !slices.ContainsFunc(params, func(p any) bool { return p.(object)["name"] == name }) {
			out = append(out, "there is no parameter "+name)
		}
	}
	schema := bodyOf(call)
	for _, body := range []object{e.Request.Body, e.Request.Form, e.Request.Multipart} {
		out = append(out, s.members(schema, body, "")...)
	}
	return out
}

func (s specification) operation(method, path string) object {
	for pattern, item := range s.Paths {
		want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
		same := slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") })
		if call, ok := item[strings.ToLower(method)].(object); ok && same {
			return call
		}
	}
	return nil
}

func bodyOf(call object) object {
	body, _ := call["requestBody"].(object)
	content, _ := body["content"].(object)
	for _, media := range content {
		schema, _ := media.(object)["schema"].(object)
		return schema
	}
	return nil
}

// fields are the properties of a schema, with those of all it is made of.
func (s specification) fields(schema object) object {
	out := object{}
	add := func(more object) {
		for k, v := range more {
			out[k] = v
		}
	}
	if ref, ok := schema["$ref"].(string); ok {
		named, _ := s.Components.Schemas[ref[strings.LastIndex(ref, "/")+1:]].(object)
		add(s.fields(named))
	}
	for _, group := range []string{"allOf", "oneOf", "anyOf"} {
		parts, _ := schema[group].([]any)
		for _, p := range parts {
			add(s.fields(p.(object)))
		}
	}
	properties, _ := schema["properties"].(object)
	add(properties)
	return out
}

func (s specification) members(schema, body object, at string) []string {
	var out []string
	known := s.fields(schema)
	for name, v := range body {
		field, ok := known[name].(object)
		if !ok {
			// The documentation writes lists of objects as forms do.
			field, ok = known[name+"[]"].(object)
			if list, isList := v.([]any); ok && isList && len(list) > 0 {
				continue
			}
		}
		switch nested, isObject := v.(object); {
		case !ok:
			out = append(out, "there is no field "+at+name)
		case isObject && field["properties"] != nil:
			out = append(out, s.members(field, nested, at+name+".")...)
		default:
			out = append(out, s.value(field, v, at+name)...)
		}
	}
	return out
}

func (s specification) value(field object, v any, at string) []string {
	if ref, ok := field["$ref"].(string); ok {
		field, _ = s.Components.Schemas[ref[strings.LastIndex(ref, "/")+1:]].(object)
	}
	if enum, ok := field["enum"].([]any); ok && !slices.Contains(enum, v) {
		return []string{fmt.Sprintf("%s is %v, want one of %v", at, v, enum)}
	}
	ok := true
	switch field["type"] {
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		_, ok = v.(float64)
	case "array":
		_, list := v.([]any)
		_, one := v.(string) // a form field that is there once
		ok = list || one
	}
	if !ok {
		return []string{fmt.Sprintf("%s is %v, want %v", at, v, field["type"])}
	}
	return nil
}
