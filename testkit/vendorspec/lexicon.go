package vendorspec

import "strings"

// itself is the schema of a value that names its own type, in its member $type.
const itself = "x-itself"

// lexicon is https://atproto.com/specs/lexicon.
func (s *Spec) lexicon(doc object) {
	id, _ := doc["id"].(string)
	for name, def := range child(doc, "defs") {
		def, _ := def.(object)
		at := id
		if name != "main" {
			at += "#" + name
		}
		op := operation{method: "GET", path: "/xrpc/" + id, query: object{}, answers: map[string]object{}}
		switch def["type"] {
		case "record":
			s.named[at] = lexiconType(id, child(def, "record"))
		case "procedure":
			op.method = "POST"
			fallthrough
		case "query":
			op.query = child(lexiconType(id, child(def, "parameters")), "properties")
			if body := child(def, "input", "schema"); body != nil {
				op.body = lexiconType(id, body)
			}
			if answer := child(def, "output", "schema"); answer != nil {
				op.answers["200"] = lexiconType(id, answer)
			}
			s.operations = append(s.operations, op)
		default:
			s.named[at] = lexiconType(id, def)
		}
	}
}

// lexiconType makes a schema of a type of the document id. Unions are open, so
// what they do not name is fine.
func lexiconType(id string, def object) object {
	switch def["type"] {
	case "ref":
		ref, _ := def["ref"].(string)
		if strings.HasPrefix(ref, "#") {
			ref = id + ref
		}
		return object{"$ref": strings.TrimSuffix(ref, "#main")}
	case "union", "unknown":
		return object{itself: true}
	case "array":
		item, _ := def["items"].(object)
		return object{"type": "array", "items": lexiconType(id, item)}
	case "object", "params":
		properties := object{"$type": object{"type": "string"}}
		for name, p := range child(def, "properties") {
			p, _ := p.(object)
			properties[name] = lexiconType(id, p)
		}
		return object{"type": "object", "properties": properties, "required": def["required"]}
	case "blob":
		return object{"type": "object", "required": []any{"$type", "ref", "mimeType", "size"}, "properties": object{
			"$type": object{"enum": []any{"blob"}}, "ref": object{"type": "object"},
			"mimeType": object{"type": "string"}, "size": object{"type": "integer"},
		}}
	case "string", "integer", "boolean":
		out := object{"type": def["type"]}
		if enum, ok := def["enum"]; ok {
			out["enum"] = enum
		}
		return out
	case "token":
		return object{"type": "string"}
	default: // bytes and links to content
		return object{}
	}
}

// of is the schema that v says it follows; none for a type that nobody
// describes.
func (s *Spec) of(v any) object {
	o, _ := v.(object)
	name, _ := o["$type"].(string)
	schema, _ := s.named[strings.TrimSuffix(name, "#main")].(object)
	return schema
}
