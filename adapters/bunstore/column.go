package bunstore

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
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

// object is a column that holds a T as JSON; empty for nothing.
type object[T any] struct{ of T }

// Value implements driver.Valuer.
func (o object[T]) Value() (driver.Value, error) {
	if v := reflect.ValueOf(o.of); v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0 {
		return "", nil
	}
	b, err := json.Marshal(o.of)
	return string(b), err
}

// Scan implements sql.Scanner.
func (o *object[T]) Scan(src any) error {
	o.of = *new(T)
	switch text := src.(type) {
	case string:
		return o.read([]byte(text))
	case []byte:
		return o.read(text)
	default:
		return fmt.Errorf("a JSON column holds a %T", src)
	}
}

func (o *object[T]) read(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, &o.of)
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
		return storableAll(v.NumField(), v.Field)
	case reflect.Slice:
		if v.Type() == jsonType {
			return storableJSON(v.Bytes())
		}
		return storableAll(v.Len(), v.Index)
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

func storableAll(n int, at func(int) reflect.Value) error {
	for i := range n {
		if err := storableValue(at(i)); err != nil {
			return err
		}
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
