package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
