package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

// Setting is what the tags of one struct field say about its variable.
type Setting struct {
	Name string
	// Kind says in words what a value looks like, such as "a whole number".
	Kind     string
	Doc      string
	Default  string
	Example  string
	Min, Max string
	Enum     []string
	Secret   bool
	Required bool
}

// FileSuffix makes the name of the variable that names a file with the value.
const FileSuffix = "_FILE"

// Group is settings that belong together.
type Group struct {
	Title    string
	Doc      string
	Settings []Setting
}

// SettingOf reads the tags of a field of the Go type that typ spells, such as
// "time.Duration". It is false for a field without a variable.
func SettingOf(tag reflect.StructTag, typ string) (Setting, bool) {
	s := Setting{
		Name: tag.Get("env"), Kind: kindOf(typ), Doc: tag.Get("doc"),
		Default: tag.Get("default"), Example: tag.Get("example"),
		Min: tag.Get("min"), Max: tag.Get("max"),
		Secret: tag.Get("secret") == "true", Required: tag.Get("required") == "true",
	}
	if enum := tag.Get("enum"); enum != "" {
		s.Enum = strings.Split(enum, ",")
	}
	return s, s.Name != "" && s.Name != "-"
}

func kindOf(typ string) string {
	switch typ {
	case "bool":
		return "true or false"
	case "int", "int64":
		return "a whole number"
	case "time.Duration":
		return "a duration such as 30s, 5m or 6h"
	case "config.Size", "Size":
		return "a size such as 512MB or 1GiB"
	case "config.Keys", "Keys":
		return "keys as id:base64,id:base64, each of 32 bytes"
	case "netip.Addr":
		return "an IP address such as 127.0.0.1"
	case "[]netip.Prefix":
		return "address ranges such as 192.168.1.0/24,fd00::/8"
	case "[]string":
		return "a list with commas"
	default:
		return "a text"
	}
}

// Groups lists the settings of Config for documents, in the order of the
// struct.
func Groups() []Group {
	var out []Group
	for f := range reflect.TypeFor[Config]().Fields() {
		if title := f.Tag.Get("group"); title != "" {
			g := Group{Title: title, Doc: f.Tag.Get("doc")}
			for _, s := range slots(reflect.New(f.Type).Elem()) {
				g.Settings = append(g.Settings, s.Setting)
			}
			out = append(out, g)
		}
	}
	return out
}

// slot is a field that a setting is stored in.
type slot struct {
	Setting
	value reflect.Value
}

// slots finds the fields with a variable in the struct v and in the structs
// inside it.
func slots(v reflect.Value) []slot {
	var out []slot
	for f, fv := range v.Fields() {
		if !f.IsExported() {
			continue
		}
		s, ok := SettingOf(f.Tag, f.Type.String())
		switch {
		case ok:
			out = append(out, slot{Setting: s, value: fv})
		case f.Type.Kind() == reflect.Struct:
			out = append(out, slots(fv)...)
		}
	}
	return out
}

// parse reads raw into the field. The error says what is wrong with raw as the
// rest of a sentence that begins with the value, and does not quote a secret.
func (s slot) parse(raw string) error {
	v, err := parseAs(s.value.Type(), raw)
	if err != nil {
		return err
	}
	s.value.Set(v)
	return nil
}

func parseAs(t reflect.Type, raw string) (reflect.Value, error) {
	var v any
	var err error
	switch t {
	case reflect.TypeFor[time.Duration]():
		v, err = parseDuration(raw)
	case reflect.TypeFor[Size]():
		v, err = ParseSize(raw)
	case reflect.TypeFor[Keys]():
		v, err = ParseKeys(raw)
	case reflect.TypeFor[netip.Addr]():
		v, err = parseAddr(raw)
	case reflect.TypeFor[[]netip.Prefix]():
		v, err = parsePrefixes(raw)
	case reflect.TypeFor[[]string]():
		v = parseList(raw)
	default:
		return parseBasic(t, raw)
	}
	if err != nil {
		return reflect.Value{}, err
	}
	return reflect.ValueOf(v), nil
}

// parseBasic reads a text, a number or a truth value, also of a named type.
func parseBasic(t reflect.Type, raw string) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.String:
		v.SetString(raw)
	case reflect.Bool:
		b, err := parseBool(raw)
		if err != nil {
			return v, err
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := parseInt(raw)
		if err != nil {
			return v, err
		}
		v.SetInt(n)
	default:
		panic(fmt.Sprintf("config: a setting cannot be of type %s", t))
	}
	return v, nil
}

// outside reports whether the value that was parsed breaks its bounds.
func (s slot) outside() bool {
	return s.Min != "" && s.compare(s.Min) < 0 || s.Max != "" && s.compare(s.Max) > 0
}

// compare sets the value against a bound that the programmer wrote.
func (s slot) compare(bound string) int {
	b, err := parseAs(s.value.Type(), bound)
	if err != nil {
		panic(fmt.Sprintf("config: the bound %q of %s: %v", bound, s.Name, err))
	}
	switch got, want := s.value.Int(), b.Int(); {
	case got < want:
		return -1
	case got > want:
		return 1
	default:
		return 0
	}
}

// fix says in one sentence what would be right.
func (s Setting) fix() string {
	what := s.Kind
	switch {
	case len(s.Enum) > 0:
		what = "one of " + strings.Join(s.Enum, ", ")
	case s.Min != "" && s.Max != "":
		what += fmt.Sprintf(", from %s to %s", s.Min, s.Max)
	case s.Min != "":
		what += fmt.Sprintf(", at least %s", s.Min)
	}
	return fmt.Sprintf("Write %s.", what)
}
