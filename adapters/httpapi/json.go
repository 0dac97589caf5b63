package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth bounds how deep JSON may be nested.
const maxDepth = 32

// errJSON is what every refusal of strictJSON is.
var errJSON = errors.New("the body cannot be read")

// jsonError is a sentence for the sender of a body.
type jsonError struct{ message string }

func (e *jsonError) Error() string { return e.message }

func (e *jsonError) Is(target error) bool { return target == errJSON }

// strictJSON is JSON as databases can keep it: valid UTF-8, no NUL characters,
// and nothing nested without end.
func strictJSON() huma.Format {
	return huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
}

func unmarshal(data []byte, v any) error {
	// huma reads a body twice: into any to check it, and into its type. Once is
	// enough to look at the bytes.
	if _, first := v.(*any); first {
		if err := checkJSON(data); err != nil {
			return err
		}
	}
	err := json.Unmarshal(data, v)
	if err == nil {
		if _, first := v.(*any); first {
			return checkKeys(data)
		}
		return nil
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &jsonError{fmt.Sprintf("This is not valid JSON: %s (at byte %d).", e, e.Offset)}
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &jsonError{fmt.Sprintf("The value %s at byte %d does not fit here.", e.Value, e.Offset)}
	}
	return &jsonError{"This is not valid JSON."}
}

// checkJSON looks at the bytes before anything is built from them.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return &jsonError{"The text is not valid UTF-8."}
	}
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			if bytes.HasPrefix(data[i:], []byte(`\u0000`)) {
				return &jsonError{"The text holds a NUL character, which cannot be stored."}
			}
			i++
		case !inString:
			depth += levels[c]
		}
		if depth > maxDepth {
			return &jsonError{fmt.Sprintf("This is nested more than %d levels deep.", maxDepth)}
		}
	}
	return nil
}

// levels is how each mark of JSON changes the depth.
var levels = [256]int{'{': 1, '[': 1, '}': -1, ']': -1}

// duplicateField begins what jsonError says of a field that is there twice; the
// path of the field follows.
const duplicateField = "duplicate field "

// checkKeys refuses objects that have a key twice. Readers of JSON do not agree
// about which one counts, so what somebody looked at before need not be what is
// done here. data is valid.
func checkKeys(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if path, twice := duplicateIn(d); twice {
		return &jsonError{duplicateField + strings.TrimPrefix(path, ".")}
	}
	return nil
}

// duplicateIn reads a value and returns the path, from there, of the first key in
// it that is there twice.
func duplicateIn(d *json.Decoder) (path string, twice bool) {
	t, err := d.Token()
	if err != nil {
		return "", false
	}
	switch t {
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			t, _ := d.Token() // data is valid, so this is a key
			key, _ := t.(string)
			if seen[key] {
				return "." + clipPath(key), true
			}
			seen[key] = true
			if path, twice := duplicateIn(d); twice {
				return "." + clipPath(key) + path, true
			}
		}
	case json.Delim('['):
		for i := 0; d.More(); i++ {
			if path, twice := duplicateIn(d); twice {
				return fmt.Sprintf("[%d]%s", i, path), true
			}
		}
	default:
		return "", false
	}
	_, _ = d.Token() // the end of it
	return "", false
}

// clipPath keeps what the sender chose short.
func clipPath(key string) string {
	const most = 100
	if len(key) <= most {
		return key
	}
	return strings.ToValidUTF8(key[:most], "") + "…"
}
