// Package wild compares what a test got with what its case file wants. In a
// wanted text "*" alone stands for any value that is not empty.
//
// It knows JSON, addresses and texts, and says in a few words where two of
// them part, because a whole document printed twice helps nobody.
package wild

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Any is the wanted text that matches every value but an empty one.
const Any = "*"

// maxShown bounds how much of one value a difference prints, in bytes.
const maxShown = 120

// Text reports whether got is what want says.
func Text(want, got string) bool {
	if want == Any {
		return got != ""
	}
	return want == got
}

// JSON says how the document got differs from want: nothing if they are equal.
// Numbers are equal by value, the order of members does not matter.
func JSON(want, got []byte) []string {
	return compare(want, got, false)
}

// Subset is JSON, but got may have members that want does not name, and the
// names of members are compared without regard to case.
func Subset(want, got []byte) []string {
	return compare(want, got, true)
}

// URL says how the address got differs from want. The order of the query does
// not matter; a segment of the path and a value of the query may be "*".
func URL(want, got string) []string {
	w, err := url.Parse(want)
	if err != nil {
		return []string{"the wanted URL cannot be read: " + want}
	}
	g, err := url.Parse(got)
	if err != nil {
		return []string{"the URL cannot be read: " + Clip(got)}
	}
	var out []string
	if w.Scheme != g.Scheme || w.Host != g.Host || !samePath(w.EscapedPath(), g.EscapedPath()) || w.Fragment != g.Fragment {
		wBase, _, _ := strings.Cut(want, "?")
		gBase, _, _ := strings.Cut(got, "?")
		out = append(out, fmt.Sprintf("URL %s, want %s", Clip(gBase), Clip(wBase)))
	}
	return append(out, Lists("query", w.Query(), g.Query())...)
}

// Lists says how named lists of texts differ, such as the fields of a form.
// what names the thing in the answers.
func Lists(what string, want, got map[string][]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if g, ok := got[k]; !ok {
			out = append(out, fmt.Sprintf("%s %s is missing, want %s", what, k, show(want[k])))
		} else if !slices.EqualFunc(want[k], g, Text) {
			out = append(out, fmt.Sprintf("%s %s is %s, want %s", what, k, show(g), show(want[k])))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			out = append(out, fmt.Sprintf("%s %s is %s, want none", what, k, show(got[k])))
		}
	}
	return out
}

// Clip shortens s for a message.
func Clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + fmt.Sprintf("… (%d bytes)", len(s))
}

func show(list []string) string {
	if len(list) == 1 {
		return Clip(strconv.Quote(list[0]))
	}
	return Clip(fmt.Sprintf("%q", list))
}

func samePath(want, got string) bool {
	if want == "" || got == "" {
		return strings.Trim(want, "/") == strings.Trim(got, "/")
	}
	return slices.EqualFunc(strings.Split(want, "/"), strings.Split(got, "/"), Text)
}

func compare(want, got []byte, subset bool) []string {
	w, err := decode(want)
	if err != nil {
		return []string{"the wanted JSON cannot be read: " + err.Error()}
	}
	g, err := decode(got)
	if err != nil {
		return []string{"not JSON: " + Clip(string(got))}
	}
	var out []string
	walk("", w, g, subset, &out)
	return out
}

func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more than one value")
	}
	return v, nil
}

func walk(at string, want, got any, subset bool, out *[]string) {
	if scalar(want) && want == Any {
		if empty(got) {
			*out = append(*out, fmt.Sprintf("%s is %s, want any value", name(at), brief(got)))
		}
		return
	}
	w, isObject := want.(map[string]any)
	if g, ok := got.(map[string]any); ok && isObject {
		members(at, w, g, subset, out)
		return
	}
	list, isList := want.([]any)
	if g, ok := got.([]any); ok && isList && len(g) == len(list) {
		for i := range list {
			walk(fmt.Sprintf("%s[%d]", at, i), list[i], g[i], subset, out)
		}
		return
	}
	if !same(want, got) {
		*out = append(*out, fmt.Sprintf("%s is %s, want %s", name(at), brief(got), brief(want)))
	}
}

func empty(v any) bool { return v == nil || scalar(v) && v == "" }

// same reports whether two scalars are equal.
func same(want, got any) bool {
	w, ok := want.(json.Number)
	if g, isNumber := got.(json.Number); ok && isNumber {
		return sameNumber(w, g)
	}
	return scalar(want) && scalar(got) && want == got
}

func scalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

func members(at string, want, got map[string]any, subset bool, out *[]string) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[k]
		if !ok && subset {
			g, ok = folded(got, k)
		}
		if !ok {
			*out = append(*out, fmt.Sprintf("%s is missing, want %s", join(at, k), brief(want[k])))
			continue
		}
		walk(join(at, k), want[k], g, subset, out)
	}
	if subset {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			*out = append(*out, fmt.Sprintf("%s is %s, want none", join(at, k), brief(got[k])))
		}
	}
}

func folded(m map[string]any, key string) (any, bool) {
	for k, v := range m {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return nil, false
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	// Two integers beyond the exact range of a float would look alike.
	return errX == nil && errY == nil && x == y && strings.ContainsAny(string(a+b), ".eE")
}

func brief(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return Clip(string(raw))
}

func name(at string) string {
	if at == "" {
		return "the value"
	}
	return at
}

func join(at, k string) string {
	if at == "" {
		return k
	}
	return at + "." + k
}
