package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

type object = map[string]any

// skipPointer says to oapi-codegen whether an optional value needs no pointer.
const skipPointer = "x-go-type-skip-optional-pointer"

// prepare makes the document easy to generate pleasant Go from: headers are
// options of every call, what may be written in short is written in full, and
// each operation says to the templates what it sends and answers. It fails where
// the document leaves that open.
func prepare(text []byte) ([]byte, error) {
	var doc object
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	schemas := dig(doc, "components", "schemas")
	full(schemas)
	for name := range schemas {
		for _, p := range dig(schemas, name, "properties") {
			// What is absent is the zero value, except where that says something else.
			if p := p.(object); p["$ref"] != nil || nullable(p) {
				p[skipPointer] = false
			}
		}
	}
	var errs []error
	for path, item := range dig(doc, "paths") {
		for method, op := range item.(object) {
			if op, ok := op.(object); ok {
				full(op)
				if err := prepareOperation(op, method, path, schemas); err != nil {
					errs = append(errs, fmt.Errorf("%s %s: %w", strings.ToUpper(method), path, err))
				}
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

func prepareOperation(op object, method, path string, schemas object) error {
	id, _ := op["operationId"].(string)
	if id == "" {
		return errors.New("it has no operationId")
	}
	op["x-comment"] = comment(goName(id), method, path, op)
	params, _ := op["parameters"].([]any)
	op["parameters"] = slices.DeleteFunc(params, func(p any) bool {
		in := p.(object)["in"]
		return in == "header" || in == "cookie"
	})
	if err := prepareBody(op, method, schemas); err != nil {
		return err
	}
	answer, err := answer(op)
	if err != nil {
		return err
	}
	op["x-answer"] = answer
	if item := listed(schemas, answer); item != "" && paged(op) {
		op["x-item"], op["x-all"] = item, "All"+strings.TrimPrefix(goName(id), "List")
	}
	return nil
}

// prepareBody says what an operation takes: JSON of a schema, another type of
// content, or nothing.
func prepareBody(op object, method string, schemas object) error {
	op["x-media"] = ""
	for kind, media := range dig(op, "requestBody", "content") {
		if kind != "application/json" {
			op["x-media"] = kind
			delete(op, "requestBody") // who calls writes it
			return nil
		}
		name := schemaName(media.(object)["schema"])
		if name == "" {
			return errors.New("the schema of its body has no name")
		}
		if method == "patch" {
			// What is absent stays as it is, which is not what empty means.
			for _, p := range dig(schemas, name, "properties") {
				p.(object)[skipPointer] = false
			}
		}
		op["x-media"], op["x-body"] = "json", goName(name)
	}
	return nil
}

// answer is the name of the schema of success: "raw" for what is no JSON, ""
// for no content.
func answer(op object) (string, error) {
	responses := dig(op, "responses")
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		content := dig(responses, status, "content")
		v, json := content["application/json"].(object)
		switch {
		case len(content) == 0:
			return "", nil
		case !json || len(content) > 1:
			return "raw", nil
		}
		name := schemaName(v["schema"])
		if name == "" {
			return "", errors.New("the schema of its answer has no name")
		}
		return goName(name), nil
	}
	return "", errors.New("it has no answer of success")
}

func nullable(schema object) bool {
	kinds, _ := schema["type"].([]any)
	return slices.Contains(kinds, any("null"))
}

// listed is the name of the schema of the entries of an answer that is a page.
func listed(schemas object, answer string) string {
	if len(dig(schemas, answer, "properties", "page")) == 0 {
		return ""
	}
	return goName(schemaName(dig(schemas, answer, "properties", "data")["items"]))
}

func paged(op object) bool {
	params, _ := op["parameters"].([]any)
	return slices.ContainsFunc(params, func(p any) bool { return p.(object)["name"] == "cursor" })
}

// full replaces what may be written as a text or as an object by the object.
func full(v any) {
	switch v := v.(type) {
	case object:
		if either, ok := v["oneOf"].([]any); ok && len(either) == 2 {
			if ref, ok := either[1].(object)["$ref"]; ok && either[0].(object)["type"] == "string" {
				clear(v)
				v["$ref"] = ref
				return
			}
		}
		for _, e := range v {
			full(e)
		}
	case []any:
		for _, e := range v {
			full(e)
		}
	}
}

// comment is the doc comment of a method, line by line.
func comment(name, method, path string, op object) []any {
	summary, _ := op["summary"].(string)
	text, _ := op["description"].(string)
	out := wrap(fmt.Sprintf("%s is %s %s: %s.", name, strings.ToUpper(method), path, strings.TrimRight(summary, ".?")))
	if text != "" {
		out = append(append(out, ""), wrap(text)...)
	}
	return out
}

// wrap breaks a text into lines of a comment.
func wrap(text string) []any {
	const most = 100
	var out []any
	line := ""
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word) > most {
			out, line = append(out, line), ""
		}
		line += " " + word
	}
	return append(out, line)
}

// initialisms are written in capitals.
var initialisms = map[string]string{"id": "ID", "url": "URL", "api": "API", "totp": "TOTP", "oidc": "OIDC", "csv": "CSV", "qr": "QR"}

// goName is what oapi-codegen calls an id such as get-post.
func goName(id string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(id, "-") {
		if upper, ok := initialisms[part]; ok {
			out.WriteString(upper)
		} else if part != "" {
			out.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return out.String()
}

func schemaName(v any) string {
	schema, _ := v.(object)
	ref, _ := schema["$ref"].(string)
	return strings.TrimPrefix(ref, "#/components/schemas/")
}

// dig follows keys into objects; nil where there are none.
func dig(v object, keys ...string) object {
	for _, k := range keys {
		v, _ = v[k].(object)
	}
	return v
}
