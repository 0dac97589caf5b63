package bunstore

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// micros is how a time is stored.
func micros(t time.Time) int64 { return domain.Instant(t).UnixMicro() }

// instant is the time that micros made n from.
func instant(n int64) time.Time { return domain.Instant(time.UnixMicro(n)) }

// orNull is micros for a column in which null stands for the zero time.
func orNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := micros(t)
	return &n
}

func orZero(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return instant(*n)
}

// encode is the text of a column that holds JSON; empty for nothing.
func encode(v any) (string, error) {
	if r := reflect.ValueOf(v); r.IsZero() || r.Kind() == reflect.Slice && r.Len() == 0 || r.Kind() == reflect.Map && r.Len() == 0 {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// decode reads what encode wrote into v, a pointer.
func decode(text string, v any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), v)
}

// raw is the JSON of a column that holds it as it came.
func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

var jsonType = reflect.TypeFor[json.RawMessage]()

// storable says, as a fault of kind Invalid, that v holds what a database does
// not take: text that is not UTF-8 or holds a NUL, or JSON that is none.
func storable(v any) error { return storableValue(reflect.ValueOf(v)) }

func storableValue(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		return storableText(v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			if err := storableValue(v.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if v.Type() == jsonType {
			return storableJSON(v.Bytes())
		}
		for i := range v.Len() {
			if err := storableValue(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := storableText(it.Key().String() + it.Value().String()); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type() != locationType {
			return storableValue(v.Elem())
		}
	default:
	}
	return nil
}

// locationType is inside every time; it is not stored.
var locationType = reflect.TypeFor[*time.Location]()

func storableText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return fault.New(fault.Invalid, "bad_text", "A text holds characters that cannot be stored.")
	}
	return nil
}

func storableJSON(b []byte) error {
	if len(b) > 0 && (!json.Valid(b) || !utf8.Valid(b)) {
		return fault.New(fault.Invalid, "not_json", "A value is not JSON.")
	}
	return nil
}
