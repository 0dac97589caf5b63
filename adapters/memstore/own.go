package memstore

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// own returns a deep copy of v as a database would give it back: times in UTC
// and cut to microseconds, nothing empty but nil. What no database takes is a
// fault of kind Invalid.
func own[T any](v T) (T, error) {
	err := detach(reflect.ValueOf(&v).Elem(), true)
	return v, err
}

// clone returns a deep copy of a row.
func clone[T any](v T) T {
	_ = detach(reflect.ValueOf(&v).Elem(), false) // it only fails when it checks
	return v
}

var (
	timeType = reflect.TypeFor[time.Time]()
	jsonType = reflect.TypeFor[json.RawMessage]()
)

// detach replaces everything that v shares with others by copies.
func detach(v reflect.Value, check bool) error {
	switch v.Kind() {
	case reflect.Struct:
		return detachStruct(v, check)
	case reflect.String:
		if check {
			return checkText(v.String())
		}
	case reflect.Slice:
		return detachSlice(v, check)
	case reflect.Map:
		return detachMap(v, check)
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(v.Elem())
		v.Set(p)
		return detach(p.Elem(), check)
	default:
	}
	return nil
}

func detachStruct(v reflect.Value, check bool) error {
	if v.Type() == timeType {
		if t := v.Addr().Interface().(*time.Time); check {
			*t = domain.Instant(*t)
		}
		return nil
	}
	for i := range v.NumField() {
		if err := detach(v.Field(i), check); err != nil {
			return err
		}
	}
	return nil
}

func detachSlice(v reflect.Value, check bool) error {
	if v.Len() == 0 {
		v.SetZero()
		return nil
	}
	if v.Type() == jsonType {
		raw := v.Addr().Interface().(*json.RawMessage)
		*raw = slices.Clone(*raw)
		if check && (!json.Valid(*raw) || !utf8.Valid(*raw)) {
			return fault.New(fault.Invalid, "not_json", "A value is not JSON.")
		}
		return nil
	}
	c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(c, v)
	v.Set(c)
	for i := range c.Len() {
		if err := detach(c.Index(i), check); err != nil {
			return err
		}
	}
	return nil
}

func detachMap(v reflect.Value, check bool) error {
	if v.Len() == 0 {
		v.SetZero()
		return nil
	}
	c := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		// The maps of the domain hold text only, which is never shared.
		if check {
			if err := checkText(it.Key().String()); err != nil {
				return err
			}
			if err := checkText(it.Value().String()); err != nil {
				return err
			}
		}
		c.SetMapIndex(it.Key(), it.Value())
	}
	v.Set(c)
	return nil
}

func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return fault.New(fault.Invalid, "bad_text", "A text holds characters that cannot be stored.")
	}
	return nil
}
