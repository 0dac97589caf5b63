package httpapi

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// object is a JSON object that is handed on as it is: the settings of a
// platform, or a schema.
type object json.RawMessage

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("null"), nil
	}
	return o, nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *object) UnmarshalJSON(b []byte) error {
	*o = nil
	if string(b) != "null" {
		*o = bytes.Clone(b)
	}
	return nil
}

// Schema implements huma.SchemaProvider.
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// either is a value that may be written in short as an id, or in full as an
// object of type T.
type either[T any] struct {
	short bool
	id    string
	full  T
	given any
}

// UnmarshalJSON implements json.Unmarshaler. What does not fit is found by
// check, which knows the path.
func (e *either[T]) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &e.id) == nil && len(b) > 0 && b[0] == '"' {
		e.short = true
		return nil
	}
	_ = json.Unmarshal(b, &e.full) // said by check
	return json.Unmarshal(b, &e.given)
}

// check reports what is wrong with the value at path. huma cannot do it: of a
// schema with alternatives it only says that none fits.
func (e *either[T]) check(ctx huma.Context, path *huma.PathBuffer) []error {
	var res huma.ValidateResult
	if e.short {
		if e.id == "" {
			res.Add(path, nil, "expected length >= 1")
		}
		return res.Errors
	}
	reg := requestOf(ctx).api.huma.OpenAPI().Components.Schemas
	huma.Validate(reg, reg.Schema(reflect.TypeFor[T](), true, ""), path, huma.ModeWriteToServer, e.given, &res)
	return res.Errors
}

// eitherSchema documents the two ways to write T, without asking huma to check
// them.
func eitherSchema[T any](r huma.Registry, what string) *huma.Schema {
	return &huma.Schema{Description: what, Extensions: map[string]any{"oneOf": []*huma.Schema{
		{Type: huma.TypeString}, r.Schema(reflect.TypeFor[T](), true, ""),
	}}}
}
