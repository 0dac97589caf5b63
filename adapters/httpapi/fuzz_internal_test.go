package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// FuzzCursor: whatever is taken for a cursor is one that we would write.
func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(encodeCursor(store.Position{At: time.Unix(1, 2000), ID: "a"}))
	f.Add("MS54")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := decodeCursor(s)
		if err != nil {
			if bodyOf(err).StatusCode != 400 {
				t.Errorf("%q: got %v, want a fault of the input", s, err)
			}
			return
		}
		if s != "" && encodeCursor(p) != s {
			t.Errorf("%q: got %+v, which is written %q", s, p, encodeCursor(p))
		}
	})
}

func TestCursorsKeepPositions(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]store.Position{
		"now":         {At: time.Date(2026, 3, 1, 1, 2, 3, 456789000, time.UTC), ID: "01900000-0000-7000-8000-000000000000"},
		"before 1970": {At: time.Date(1900, 1, 1, 0, 0, 0, 1000, time.UTC), ID: "a.b"},
		"far off":     {At: time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC), ID: "x"},
	} {
		got, err := decodeCursor(encodeCursor(p))
		if err != nil || got != p {
			t.Errorf("%s: got %+v %v, want %+v", name, got, err, p)
		}
	}
}

// FuzzToken: only what was signed with our key is taken.
func FuzzToken(f *testing.F) {
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	ours := tokens{key: []byte(strings.Repeat("k", 32)), now: now}
	theirs := tokens{key: []byte(strings.Repeat("t", 32)), now: now}
	good, err := ours.issue(domain.User{ID: "u", Email: "e"}, "o", "s")
	if err != nil {
		f.Fatal(err)
	}
	other, err := theirs.issue(domain.User{ID: "u", Email: "e"}, "o", "s")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(other)
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := ours.verify(s); err == nil && s != good {
			t.Errorf("%q was taken", s)
		} else if err != nil && bodyOf(err).StatusCode != 401 {
			t.Errorf("%q: got %v, want 401", s, err)
		}
	})
}

// FuzzJSON: what passes holds no NUL and is not too deep, and nothing that is
// fine is refused.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":"\\u0000"}`, `{"a":"\u0000"}`, `"\\\u0000"`, `["\"[[["]`, `"\ud800"`, strings.Repeat("[", 33), "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, plain any
		err := unmarshal(data, &v)
		refused := json.Unmarshal(data, &plain) != nil
		if refused && err == nil {
			t.Errorf("%q was taken", data)
		}
		if err != nil {
			return
		}
		if depth(v) > maxDepth || nul(v) {
			t.Errorf("%q was taken", data)
		}
	})
}

func depth(v any) int {
	most := 0
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			most = max(most, depth(e))
		}
		return most + 1
	case []any:
		for _, e := range v {
			most = max(most, depth(e))
		}
		return most + 1
	}
	return 0
}

func nul(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case map[string]any:
		for k, e := range v {
			if strings.ContainsRune(k, 0) || nul(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if nul(e) {
				return true
			}
		}
	}
	return false
}
