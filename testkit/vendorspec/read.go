package vendorspec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Read reads the descriptions in files, which are named from Dir, as one. A
// folder stands for all that is in it.
func Read(files ...string) (*Spec, error) {
	out := &Spec{named: object{}, prefixes: []string{""}}
	for _, name := range files {
		err := filepath.WalkDir(filepath.Join(Dir(), name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return out.add(filepath.Base(path), raw)
		})
		if err != nil {
			return nil, fmt.Errorf("the description %s cannot be read: %w", name, err)
		}
	}
	return out, nil
}

// add reads one more description.
func (s *Spec) add(name string, raw []byte) error {
	doc, err := decode(name, raw)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case doc["openapi"] != nil:
		s.openAPI(doc)
	case doc["swagger"] != nil:
		s.swagger(doc)
	case doc["discoveryVersion"] != nil:
		s.discovery(doc)
	case doc["methods"] != nil:
		s.telegram(doc)
	case doc["apis"] != nil:
		s.meta(doc)
	case doc["lexicon"] != nil:
		s.lexicon(doc)
	default:
		return fmt.Errorf("%s is of no kind that is known", name)
	}
	return nil
}

// decode reads a description that is written as JSON, or as YAML if its name
// says so.
func decode(name string, raw []byte) (doc object, err error) {
	if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" {
		return doc, json.Unmarshal(raw, &doc)
	}
	v, err := decodeYAML(raw)
	doc, ok := v.(object)
	if err == nil && !ok {
		err = errors.New("it is no object")
	}
	return doc, err
}

func child(o object, path ...string) object {
	for _, p := range path {
		o, _ = o[p].(object)
	}
	return o
}

// openAPI is https://spec.openapis.org/oas/v3.1.0.
func (s *Spec) openAPI(doc object) {
	for name, schema := range child(doc, "components", "schemas") {
		s.named[name] = schema
	}
	parameters := child(doc, "components", "parameters")
	for _, server := range listOf(doc["servers"]) {
		address, _ := server.(object)["url"].(string)
		if u, err := url.Parse(address); err == nil && u.Path != "" {
			s.prefixes = append(s.prefixes, strings.TrimSuffix(u.Path, "/"))
		}
	}
	s.eachOperation(doc, func(op *operation, item, call object) {
		for _, p := range append(listOf(item["parameters"]), listOf(call["parameters"])...) {
			param, _ := p.(object)
			if ref, ok := param["$ref"].(string); ok {
				param, _ = parameters[ref[strings.LastIndex(ref, "/")+1:]].(object)
			}
			if name, ok := param["name"].(string); ok && param["in"] == "query" {
				op.query[strings.TrimSuffix(name, "[]")] = child(param, "schema")
			}
		}
		op.body = content(call["requestBody"])
		for status, answer := range child(call, "responses") {
			if schema := content(answer); schema != nil {
				op.answers[strings.ToUpper(status)] = schema
			}
		}
	})
}

// content is the schema of the JSON, or else the form, of a body. A body that
// may be written in several ways is any of them.
func content(body any) object {
	b, _ := body.(object)
	var all []any
	for kind, media := range child(b, "content") {
		m, _ := media.(object)
		if schema := child(m, "schema"); schema != nil && (strings.Contains(kind, "json") || strings.Contains(kind, "form")) {
			all = append(all, schema)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0].(object)
	default:
		return object{"anyOf": all}
	}
}

// eachOperation goes through the paths of OpenAPI and Swagger.
func (s *Spec) eachOperation(doc object, read func(op *operation, item, call object)) {
	for path, item := range child(doc, "paths") {
		item, _ := item.(object)
		for method, call := range item {
			call, ok := call.(object)
			if !ok || method == "parameters" {
				continue
			}
			op := operation{method: strings.ToUpper(method), path: path, query: object{}, answers: map[string]object{}}
			read(&op, item, call)
			s.operations = append(s.operations, op)
		}
	}
}

// swagger is https://swagger.io/specification/v2/.
func (s *Spec) swagger(doc object) {
	for name, schema := range child(doc, "definitions") {
		s.named[name] = schema
	}
	if base, ok := doc["basePath"].(string); ok {
		s.prefixes = append(s.prefixes, strings.TrimSuffix(base, "/"))
	}
	s.eachOperation(doc, func(op *operation, _, call object) {
		properties := object{}
		for _, p := range listOf(call["parameters"]) {
			param, _ := p.(object)
			name, _ := param["name"].(string)
			switch param["in"] {
			case "query":
				op.query[name] = param
			case "formData":
				// Written as form or JSON, so that a type says little.
				properties[name] = object{}
				op.query[name] = object{}
			case "body":
				op.body = child(param, "schema")
			}
		}
		if op.body == nil && len(properties) > 0 {
			op.body = object{"properties": properties}
		}
		for status, answer := range child(call, "responses") {
			a, _ := answer.(object)
			if schema := child(a, "schema"); schema != nil {
				op.answers[status] = schema
			}
		}
	})
}

// discovery is https://developers.google.com/discovery/v1/reference/apis.
func (s *Spec) discovery(doc object) {
	for name, schema := range child(doc, "schemas") {
		s.named[name] = schema
	}
	common := child(doc, "parameters")
	var walk func(resources object)
	walk = func(resources object) {
		for _, r := range resources {
			r, _ := r.(object)
			for _, m := range child(r, "methods") {
				m, _ := m.(object)
				s.google(m, common)
			}
			walk(child(r, "resources"))
		}
	}
	walk(child(doc, "resources"))
}

func (s *Spec) google(m, common object) {
	method, _ := m["httpMethod"].(string)
	query := object{"uploadType": object{}}
	for name, p := range common {
		query[name] = p
	}
	for name, p := range child(m, "parameters") {
		query[name] = p
	}
	paths := []string{}
	for _, key := range []string{"path", "flatPath"} {
		if p, ok := m[key].(string); ok {
			paths = append(paths, "/"+strings.ReplaceAll(p, "{+", "{"))
		}
	}
	for _, protocol := range child(m, "mediaUpload", "protocols") {
		if p, ok := protocol.(object)["path"].(string); ok {
			paths = append(paths, p)
		}
	}
	for _, p := range paths {
		op := operation{method: method, path: p, query: query, body: child(m, "request"), answers: map[string]object{}}
		if answer := child(m, "response"); answer != nil {
			op.answers["200"] = answer
		}
		s.operations = append(s.operations, op)
	}
}

// telegram is the extract of https://core.telegram.org/bots/api.
func (s *Spec) telegram(doc object) {
	for name, t := range child(doc, "types") {
		t, _ := t.(object)
		if subtypes := listOf(t["subtypes"]); len(subtypes) > 0 {
			var all []any
			for _, sub := range subtypes {
				all = append(all, object{"$ref": sub})
			}
			s.named[name] = object{"anyOf": all}
			continue
		}
		s.named[name] = fieldsOf(t)
	}
	for name, m := range child(doc, "methods") {
		m, _ := m.(object)
		body := fieldsOf(m)
		for _, method := range []string{"GET", "POST"} {
			op := operation{method: method, path: "/bot{token}/" + name, query: child(body, "properties"), body: body, answers: map[string]object{}}
			if returns := listOf(m["returns"]); len(returns) > 0 {
				op.answers["200"] = object{"properties": object{"ok": object{"type": "boolean"}, "result": typeOf(returns)}, "required": []any{"ok"}}
			}
			s.operations = append(s.operations, op)
		}
	}
}

// fieldsOf makes a schema of the fields of a type or method.
func fieldsOf(t object) object {
	properties, required := object{}, []any{}
	for _, f := range listOf(t["fields"]) {
		f, _ := f.(object)
		name, _ := f["name"].(string)
		properties[name] = typeOf(listOf(f["types"]))
		if f["required"] == true {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required}
}

// typeOf makes a schema of the names of types.
func typeOf(names []any) object {
	var all []any
	for _, n := range names {
		name, _ := n.(string)
		if of, ok := strings.CutPrefix(name, "Array of "); ok {
			all = append(all, object{"type": "array", "items": typeOf([]any{of})})
			continue
		}
		simple, ok := map[string]string{"Integer": "integer", "Float": "number", "String": "string", "Boolean": "boolean", "True": "boolean"}[name]
		switch {
		case ok:
			all = append(all, object{"type": simple})
		case name == "InputFile":
			all = append(all, object{"type": "string"})
		default:
			all = append(all, object{"$ref": name})
		}
	}
	if len(all) == 1 {
		return all[0].(object)
	}
	return object{"anyOf": all}
}

// meta is a node of Meta's code generator: its edges, and what they take. Which
// node an id stands for cannot be seen, so an edge of any node is fine.
func (s *Spec) meta(doc object) {
	for _, a := range listOf(doc["apis"]) {
		api, _ := a.(object)
		method, _ := api["method"].(string)
		endpoint, _ := api["endpoint"].(string)
		properties := object{}
		// What every call of the Graph API takes.
		for _, name := range []string{"access_token", "appsecret_proof", "fields", "limit", "after", "before", "since", "until"} {
			properties[name] = object{}
		}
		for _, p := range listOf(api["params"]) {
			param, _ := p.(object)
			name, _ := param["name"].(string)
			properties[name] = object{} // its types are names of a programming language
		}
		path := "/{id}"
		if endpoint != "" {
			path += "/" + endpoint
		}
		merged := false
		for i, op := range s.operations {
			if op.method == method && op.path == path {
				for k, v := range properties {
					s.operations[i].query[k] = v
				}
				merged = true
			}
		}
		if !merged {
			s.operations = append(s.operations, operation{
				method: method, path: path, query: properties, body: object{"properties": properties}, answers: map[string]object{},
			})
		}
	}
}
