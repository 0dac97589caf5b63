package config

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// String lists every setting with its value and where it came from, one per
// line, for the operator. Secrets are not in it.
func (c Config) String() string {
	var b strings.Builder
	for _, s := range slots(reflect.ValueOf(&c).Elem()) {
		origin := c.origins[s.Name]
		if origin == "" {
			origin = "default"
		}
		fmt.Fprintf(&b, "%s = %s (%s)\n", s.Name, s.show(), origin)
	}
	return b.String()
}

// GoString keeps secrets out of %#v.
func (c Config) GoString() string { return c.String() }

// LogValue keeps the configuration out of structured logs.
func (Config) LogValue() slog.Value { return slog.StringValue("[configuration]") }

// show writes the value for a person. Types of secrets hide themselves.
func (s slot) show() string {
	v := s.value.Interface()
	if text, ok := v.(string); ok && s.Secret {
		v = Secret(text)
	}
	switch out := fmt.Sprint(v); out {
	case "", "[]":
		return "not set"
	default:
		return out
	}
}
