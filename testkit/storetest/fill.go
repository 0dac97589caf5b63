package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/crierhq/crier/core/domain"
)

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	jsonType     = reflect.TypeFor[json.RawMessage]()
)

// nasty is text that breaks careless quoting and careless columns.
const nasty = " ü 😀 \u202e\u2028 '\" \\ ? ?0 $1 :x %s <&> `\t\n end "

// fill sets every field of v, however deep, to something of its own, so that
// one that is forgotten on the way to the disk and back is seen.
func fill(v any, seed int) {
	n := seed * 1000
	fillValue(reflect.ValueOf(v).Elem(), "", &n)
}

func fillValue(v reflect.Value, path string, n *int) {
	*n++
	switch {
	case v.Type() == timeType:
		// Local, and finer than what is kept.
		t := noon().Add(time.Duration(*n)*time.Minute + time.Duration(*n)*time.Microsecond + 789)
		v.Set(reflect.ValueOf(t.In(time.FixedZone("east", 5*3600+1800))))
		return
	case v.Type() == durationType:
		v.SetInt(int64(*n)*int64(time.Second) + 7)
		return
	case v.Type() == jsonType:
		v.Set(reflect.ValueOf(json.RawMessage(fmt.Sprintf(`{"n":%d,"big":12345678901234567890,"f":1.50,"s":%q}`, *n, "<ü>\u2028"))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d%s", path, *n, nasty))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		fillInside(v, path, n)
	}
}

func fillInside(v reflect.Value, path string, n *int) {
	switch v.Kind() {
	case reflect.Struct:
		for f, fv := range v.Fields() {
			fillValue(fv, f.Name, n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(v.Elem(), path, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillValue(v.Index(i), path, n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			*n++
			key, val := fmt.Sprintf("%s-key-%d%s", path, *n, nasty), fmt.Sprintf("%d%s", *n, nasty)
			v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(val))
		}
	default:
		panic("storetest cannot fill a " + v.Type().String())
	}
}

// hollow sets every field of v that can be empty without being nil to that,
// and every pointer to a zero value.
func hollow(v reflect.Value) {
	switch {
	case v.Type() == timeType:
	case v.Type() == jsonType:
		v.Set(reflect.ValueOf(json.RawMessage(`{}`)))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			hollow(v.Field(i))
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	}
}

// scribble changes what v shares with whoever it came from or went to.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for i := range v.NumField() {
			scribble(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		v.Clear()
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
			v.Elem().SetZero()
		}
	default:
	}
}

// diff lists where got is not what a store must give back for want: the same
// values, times in UTC and to the microsecond, JSON with the same meaning.
// Nothing and empty are the same.
func diff(got, want any) []string {
	var out []string
	diffValue("", reflect.ValueOf(got), reflect.ValueOf(want), &out)
	return out
}

func diffValue(path string, got, want reflect.Value, out *[]string) {
	differ := func(g, w any) { *out = append(*out, fmt.Sprintf("%s: got %v, want %v", path, g, w)) }
	switch {
	case atomic(got.Type()):
		if g, w, same := compare(got.Interface(), want.Interface()); !same {
			differ(g, w)
		}
	case got.Kind() == reflect.Struct:
		for i := range got.NumField() {
			diffValue(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i), out)
		}
	case got.Kind() == reflect.Slice && got.Len() == want.Len():
		for i := range got.Len() {
			diffValue(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i), out)
		}
	case got.Kind() == reflect.Pointer && !got.IsNil() && !want.IsNil():
		diffValue(path, got.Elem(), want.Elem(), out)
	case !sameLeaf(got, want):
		differ(shown(got), shown(want))
	}
}

// atomic are the types that are compared as a whole.
func atomic(t reflect.Type) bool { return t == timeType || t == jsonType }

// compare compares two times or two pieces of JSON, and shows them.
func compare(got, want any) (g, w string, same bool) {
	if raw, ok := got.(json.RawMessage); ok {
		wanted := want.(json.RawMessage)
		return string(raw), string(wanted), sameJSON(raw, wanted)
	}
	have, need := got.(time.Time), domain.Instant(want.(time.Time))
	same = have.Equal(need) && have.Location() == time.UTC && have.IsZero() == need.IsZero()
	return have.Format(time.RFC3339Nano), need.Format(time.RFC3339Nano), same
}

// sameLeaf compares what diffValue does not look into.
func sameLeaf(got, want reflect.Value) bool {
	switch got.Kind() {
	case reflect.Map:
		return got.Len() == want.Len() && (got.Len() == 0 || reflect.DeepEqual(got.Interface(), want.Interface()))
	case reflect.Pointer:
		return got.IsNil() == want.IsNil()
	case reflect.Slice:
		return false // their lengths differ
	default:
		return got.Equal(want)
	}
}

func shown(v reflect.Value) string {
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("&%+v", v.Elem())
}

func sameJSON(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	x, errX := decode(a)
	y, errY := decode(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// decode keeps numbers as they are written.
func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}
