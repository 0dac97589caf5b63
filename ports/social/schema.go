package social

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Schema describes the choices an author or an operator has. It is made from a
// Go struct, so that the struct is the one source of truth for decoding,
// validation, forms and docs. The zero Schema has no fields.
type Schema struct {
	fields []Field
}

// Field is one choice.
type Field struct {
	Name string
	// Type is "string", "boolean", "integer", "array" or "object".
	Type     string
	Doc      string
	Required bool
	// Secret fields are typed in blind and never shown again.
	Secret bool
	// Lookup fields take a value that only the platform knows; see OptionLister.
	Lookup bool
	// Default is used where a value is absent; empty: none.
	Default string
	Enum    []string
	// Pattern is a regular expression that the whole text must match.
	Pattern string
	// MinLength and MaxLength bound a text in code points and an array in
	// elements, Minimum and Maximum an integer; nil: no bound.
	MinLength, MaxLength, Minimum, Maximum *int
	// Items describes the elements of an array.
	Items *Field
	// Fields are the members of an object.
	Fields []Field
}

// SchemaOf reads the exported fields of the struct T with the tags json, doc,
// required, secret, lookup, default, enum, pattern, minLength, maxLength, minimum and
// maximum. It panics on a type or tag it cannot express: a mistake of the
// programmer that the first test finds.
func SchemaOf[T any]() Schema {
	return Schema{fields: fieldsOf(reflect.TypeFor[T]())}
}

// Fields lists the choices in the order of the struct.
func (s Schema) Fields() []Field { return slices.Clone(s.fields) }

// MarshalJSON gives the JSON Schema (draft 2020-12).
func (s Schema) MarshalJSON() ([]byte, error) { return json.Marshal(objectDoc(s.fields)) }

// Check reports all that is wrong with raw. Empty raw reads as {}. Paths start
// with at, such as "settings".
func (s Schema) Check(raw json.RawMessage, at string) []Problem {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = json.RawMessage("{}")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return []Problem{{Field: at, Rule: "malformed", Message: "This is not valid JSON."}}
	}
	if _, err := d.Token(); err != io.EOF {
		return []Problem{{Field: at, Rule: "malformed", Message: "There is something after the JSON value."}}
	}
	return checkObject(s.fields, v, at)
}

// CheckValues reports all that is wrong with what was typed into a form. A
// field that was left empty counts as absent.
func (s Schema) CheckValues(values Values, at string) []Problem {
	doc := map[string]any{}
	for k, v := range values {
		if doc[k] = nil; v != "" {
			doc[k] = typed(s.fields, k, v)
		}
	}
	return checkObject(s.fields, doc, at)
}

// WithDefaults returns values with the defaults of the absent ones.
func (s Schema) WithDefaults(values Values) Values {
	out := Values{}
	for _, f := range s.fields {
		if f.Default != "" {
			out[f.Name] = f.Default
		}
	}
	for k, v := range values {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

// DecodeSettings reads raw into T and refuses fields that T does not have.
// Empty raw gives the zero T.
func DecodeSettings[T any](raw json.RawMessage) (T, error) {
	var v T
	if len(bytes.TrimSpace(raw)) == 0 {
		return v, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, &Error{Code: CodeRejected, Message: "The settings of this channel cannot be read.", Err: err}
	}
	return v, nil
}

func typed(fields []Field, name, v string) any {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return v
	}
	switch fields[i].Type {
	case "integer":
		return json.Number(v)
	case "boolean":
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	return v
}

func checkObject(fields []Field, v any, at string) []Problem {
	obj, ok := v.(map[string]any)
	if !ok {
		return []Problem{{Field: at, Rule: "type", Message: "This must be an object."}}
	}
	var out []Problem
	for _, f := range fields {
		val, given := obj[f.Name]
		switch {
		case given && val != nil && (val != "" || !f.Required):
			out = append(out, f.check(val, at+"."+f.Name)...)
		case f.Required:
			out = append(out, Problem{Field: at + "." + f.Name, Rule: "required", Message: "This is required."})
		}
	}
	var unknown []string
	for name := range obj {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		out = append(out, Problem{Field: at + "." + name, Rule: "unknown", Message: "There is no such field here." + suggest(fields)})
	}
	return out
}

func suggest(fields []Field) string {
	if len(fields) == 0 {
		return ""
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return " Known are: " + strings.Join(names, ", ") + "."
}

func (f Field) check(v any, at string) []Problem {
	one := func(rule, format string, args ...any) []Problem {
		return []Problem{{Field: at, Rule: rule, Message: fmt.Sprintf(format, args...)}}
	}
	switch f.Type {
	case "object":
		return checkObject(f.Fields, v, at)
	case "array":
		return f.checkArray(v, at)
	case "boolean":
		if _, ok := v.(bool); !ok {
			return one("type", "This must be true or false.")
		}
	case "integer":
		return f.checkInteger(v, one)
	default:
		s, ok := v.(string)
		if !ok {
			return one("type", "This must be a text.")
		}
		return f.checkText(s, one)
	}
	return nil
}

func (f Field) checkInteger(v any, one func(rule, format string, args ...any) []Problem) []Problem {
	n, ok := v.(json.Number)
	i, err := strconv.ParseInt(string(n), 10, 64)
	switch {
	case !ok || err != nil:
		return one("type", "This must be a whole number.")
	case f.Minimum != nil && i < int64(*f.Minimum):
		return one("too_small", "This must be at least %d.", *f.Minimum)
	case f.Maximum != nil && i > int64(*f.Maximum):
		return one("too_large", "This must be at most %d.", *f.Maximum)
	}
	return nil
}

func (f Field) checkText(s string, one func(rule, format string, args ...any) []Problem) []Problem {
	n := utf8.RuneCountInString(s)
	switch {
	case s == "" && !f.Required:
		return nil
	case len(f.Enum) > 0 && !slices.Contains(f.Enum, s):
		return one("enum", "This must be one of: %s.", strings.Join(f.Enum, ", "))
	case f.MinLength != nil && n < *f.MinLength:
		return one("too_short", "This must have at least %d characters.", *f.MinLength)
	case f.MaxLength != nil && n > *f.MaxLength:
		return one("too_long", "This has %d characters; %d are allowed.", n, *f.MaxLength)
	case f.Pattern != "" && !regexp.MustCompile(whole(f.Pattern)).MatchString(s):
		return one("pattern", "This does not look right. %s", f.Doc)
	}
	return nil
}

// whole is pattern for the whole of a text.
func whole(pattern string) string {
	if pattern == "" {
		return ""
	}
	return "^(?:" + pattern + ")$"
}

func (f Field) checkArray(v any, at string) []Problem {
	list, ok := v.([]any)
	if !ok {
		return []Problem{{Field: at, Rule: "type", Message: "This must be a list."}}
	}
	var out []Problem
	if f.MinLength != nil && len(list) < *f.MinLength {
		out = append(out, Problem{Field: at, Rule: "too_few", Message: fmt.Sprintf("At least %d are needed.", *f.MinLength)})
	}
	if f.MaxLength != nil && len(list) > *f.MaxLength {
		out = append(out, Problem{Field: at, Rule: "too_many", Message: fmt.Sprintf("There are %d; %d are allowed.", len(list), *f.MaxLength)})
	}
	for i, e := range list {
		out = append(out, f.Items.check(e, fmt.Sprintf("%s[%d]", at, i))...)
	}
	return out
}

func fieldsOf(t reflect.Type) []Field {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("social: a schema is made from a struct, not from %s", t))
	}
	var out []Field
	for sf := range t.Fields() {
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		f := fieldOf(sf.Type)
		f.Name, f.Doc, f.Default = name, sf.Tag.Get("doc"), sf.Tag.Get("default")
		f.Required, f.Secret = sf.Tag.Get("required") == "true", sf.Tag.Get("secret") == "true"
		f.Lookup, f.Pattern = sf.Tag.Get("lookup") == "true", sf.Tag.Get("pattern")
		if f.Pattern != "" {
			regexp.MustCompile(f.Pattern)
		}
		if v := sf.Tag.Get("enum"); v != "" {
			f.Enum = strings.Split(v, ",")
		}
		f.MinLength, f.MaxLength = bound(sf, "minLength"), bound(sf, "maxLength")
		f.Minimum, f.Maximum = bound(sf, "minimum"), bound(sf, "maximum")
		if tag := f.misfit(); tag != "" {
			panic(fmt.Sprintf("social: the tag %s of %s does not fit a field of type %s", tag, sf.Name, f.Type))
		}
		out = append(out, f)
	}
	return out
}

// misfit names a tag that would be ignored, or be wrong, for the type of f.
func (f Field) misfit() string {
	for _, tag := range []struct {
		name  string
		used  bool
		types []string
	}{
		{"enum", len(f.Enum) > 0, []string{"string"}},
		{"pattern", f.Pattern != "", []string{"string"}},
		{"minLength or maxLength", f.MinLength != nil || f.MaxLength != nil, []string{"string", "array"}},
		{"minimum or maximum", f.Minimum != nil || f.Maximum != nil, []string{"integer"}},
		{"lookup", f.Lookup, []string{"string", "array"}},
		{"default", f.Default != "", []string{"string", "integer", "boolean"}},
	} {
		if tag.used && !slices.Contains(tag.types, f.Type) {
			return tag.name
		}
	}
	if f.Default != "" && len(f.check(typedDefault(f), f.Name)) > 0 {
		return "default"
	}
	return ""
}

// typedDefault is the default of f as JSON would give it.
func typedDefault(f Field) any { return typed([]Field{f}, f.Name, f.Default) }

func fieldOf(t reflect.Type) Field {
	switch t.Kind() {
	case reflect.String:
		return Field{Type: "string"}
	case reflect.Bool:
		return Field{Type: "boolean"}
	case reflect.Int, reflect.Int64:
		return Field{Type: "integer"}
	case reflect.Slice:
		items := fieldOf(t.Elem())
		return Field{Type: "array", Items: &items}
	case reflect.Pointer:
		return fieldOf(t.Elem())
	case reflect.Struct:
		return Field{Type: "object", Fields: fieldsOf(t)}
	default:
		panic(fmt.Sprintf("social: a schema cannot hold %s", t))
	}
}

func bound(sf reflect.StructField, tag string) *int {
	v, ok := sf.Tag.Lookup(tag)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		panic(fmt.Sprintf("social: %s of %s: %v", tag, sf.Name, err))
	}
	return &n
}

func objectDoc(fields []Field) map[string]any {
	props, required := map[string]any{}, []string{}
	for _, f := range fields {
		props[f.Name] = f.doc()
		if f.Required {
			required = append(required, f.Name)
		}
	}
	doc := map[string]any{"type": "object", "additionalProperties": false, "properties": props}
	if len(required) > 0 {
		doc["required"] = required
	}
	return doc
}

func (f Field) doc() map[string]any {
	doc := map[string]any{"type": f.Type}
	switch f.Type {
	case "object":
		doc = objectDoc(f.Fields)
	case "array":
		doc["items"] = f.Items.doc()
	}
	lengths := [2]string{"minLength", "maxLength"}
	if f.Type == "array" {
		lengths = [2]string{"minItems", "maxItems"}
	}
	for key, n := range map[string]*int{lengths[0]: f.MinLength, lengths[1]: f.MaxLength, "minimum": f.Minimum, "maximum": f.Maximum} {
		if n != nil {
			doc[key] = *n
		}
	}
	for key, v := range map[string]string{"description": f.Doc, "pattern": whole(f.Pattern)} {
		if v != "" {
			doc[key] = v
		}
	}
	if f.Default != "" {
		doc["default"] = typedDefault(f)
	}
	if len(f.Enum) > 0 {
		doc["enum"] = f.Enum
	}
	if f.Lookup {
		doc["x-lookup"] = true
	}
	if f.Secret {
		doc["writeOnly"], doc["format"] = true, "password"
	}
	return doc
}
