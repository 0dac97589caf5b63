package bluesky_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCasesFollowTheLexicons holds every request of the cases, and every
// record in one, to the lexicons of the protocol. They are not part of this
// repository: the folder named in CRIER_SPECS has them below bluesky/lexicons,
// as https://github.com/bluesky-social/atproto has below lexicons.
func TestCasesFollowTheLexicons(t *testing.T) {
	t.Parallel()
	root := filepath.Join(os.Getenv("CRIER_SPECS"), "bluesky", "lexicons")
	if _, err := os.Stat(filepath.Join(root, "com")); os.Getenv("CRIER_SPECS") == "" || err != nil {
		t.Skip("CRIER_SPECS names no folder with bluesky/lexicons: requests are not held to the lexicons")
	}
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d cases, %v", len(files), err)
	}
	judged := 0
	for _, f := range files {
		var c struct {
			Exchanges []exchange `json:"exchanges"`
		}
		raw, err := os.ReadFile(f)
		if err == nil {
			err = json.Unmarshal(raw, &c)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Exchanges {
			_, nsid, ok := strings.Cut(e.Request.URL, "/xrpc/")
			if !ok {
				continue
			}
			judged++
			l := lexicons{root: root}
			l.request(nsid, e)
			for _, p := range l.problems {
				t.Errorf("%s: %s %s", filepath.Base(f), e.Request.Method, p)
			}
		}
	}
	if judged == 0 {
		t.Error("no request was judged")
	}
}

func TestLexiconsJudge(t *testing.T) {
	t.Parallel()
	root := filepath.Join(os.Getenv("CRIER_SPECS"), "bluesky", "lexicons")
	if _, err := os.Stat(filepath.Join(root, "com")); os.Getenv("CRIER_SPECS") == "" || err != nil {
		t.Skip("CRIER_SPECS names no folder with bluesky/lexicons")
	}
	for name, record := range map[string]string{
		"no createdAt":   `{"$type":"app.bsky.feed.post","text":"x"}`,
		"unknown field":  `{"$type":"app.bsky.feed.post","text":"x","createdAt":"2026-01-02T03:04:05Z","lang":"en"}`,
		"four languages": `{"$type":"app.bsky.feed.post","text":"x","createdAt":"2026-01-02T03:04:05Z","langs":["a","b","c","d"]}`,
		"no alt":         `{"$type":"app.bsky.feed.post","text":"x","createdAt":"2026-01-02T03:04:05Z","embed":{"$type":"app.bsky.embed.images","images":[{"image":{"$type":"blob","ref":{"$link":"b"},"mimeType":"image/png","size":1}}]}}`,
		"unknown embed":  `{"$type":"app.bsky.feed.post","text":"x","createdAt":"2026-01-02T03:04:05Z","embed":{"$type":"app.bsky.embed.gif"}}`,
		"large image":    `{"$type":"app.bsky.feed.post","text":"x","createdAt":"2026-01-02T03:04:05Z","embed":{"$type":"app.bsky.embed.images","images":[{"alt":"","image":{"$type":"blob","ref":{"$link":"b"},"mimeType":"image/png","size":2000001}}]}}`,
	} {
		var v any
		if err := json.Unmarshal([]byte(record), &v); err != nil {
			t.Fatal(err)
		}
		l := lexicons{root: root}
		l.check("app.bsky.feed.post", l.def("app.bsky.feed.post", "main")["record"], v, "record")
		if len(l.problems) != 1 {
			t.Errorf("%s: got %q, want one problem", name, l.problems)
		}
	}
}

type exchange struct {
	Request struct {
		Method string          `json:"method"`
		URL    string          `json:"url"`
		Body   json.RawMessage `json:"body"`
	} `json:"request"`
}

// lexicons judges by the schema language of https://atproto.com/specs/lexicon,
// as much of it as the records here use.
type lexicons struct {
	root     string
	problems []string
}

type schema = map[string]any

func (l *lexicons) addf(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

// def returns nil if the lexicon is not at hand.
func (l *lexicons) def(nsid, name string) schema {
	raw, err := os.ReadFile(filepath.Join(l.root, strings.ReplaceAll(nsid, ".", string(filepath.Separator))+".json"))
	if err != nil {
		return nil
	}
	var doc struct {
		Defs map[string]schema `json:"defs"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		l.addf("%s: %v", nsid, err)
	}
	return doc.Defs[name]
}

func (l *lexicons) request(method string, e exchange) {
	nsid, query, _ := strings.Cut(method, "?")
	main := l.def(nsid, "main")
	if main == nil {
		l.addf("%s: there is no such method", nsid)
		return
	}
	want := map[string]string{"query": "GET", "procedure": "POST"}[main["type"].(string)]
	if want != e.Request.Method {
		l.addf("%s: want %s", nsid, want)
	}
	// uploadVideo takes parameters that its lexicon does not name; the
	// documentation does.
	if nsid != "app.bsky.video.uploadVideo" {
		l.query(nsid, main, query)
	}
	input, _ := main["input"].(schema)
	if input == nil || input["schema"] == nil || e.Request.Body == nil {
		return
	}
	var body map[string]any
	if err := json.Unmarshal(e.Request.Body, &body); err != nil {
		l.addf("%s: %v", nsid, err)
		return
	}
	l.check(nsid, input["schema"], body, nsid)
	if record, ok := body["record"].(map[string]any); ok {
		collection, _ := body["collection"].(string)
		l.check(collection, l.def(collection, "main")["record"], record, "record")
	}
}

func (l *lexicons) query(nsid string, main schema, query string) {
	values, err := url.ParseQuery(query)
	if err != nil {
		l.addf("%s: %v", nsid, err)
	}
	params, _ := main["parameters"].(schema)
	obj := map[string]any{}
	for k, v := range values {
		obj[k] = v[0]
	}
	l.fields(nsid, params, obj, nsid+"?", func(string, any, any) {})
}

// fields checks the names of an object's members, and each value with check.
func (l *lexicons) fields(nsid string, s schema, obj map[string]any, at string, check func(name string, s, v any)) {
	props, _ := s["properties"].(schema)
	required, _ := s["required"].([]any)
	for _, r := range required {
		if _, ok := obj[r.(string)]; !ok {
			l.addf("%s lacks %s of %s", at, r, nsid)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(obj)) {
		if props[k] == nil && k != "$type" {
			l.addf("%s has %s, which %s does not", at, k, nsid)
		} else if k != "$type" {
			check(k, props[k], obj[k])
		}
	}
}

func (l *lexicons) check(nsid string, raw, v any, at string) {
	s, ok := raw.(schema)
	if !ok {
		return // of a lexicon that is not at hand
	}
	switch s["type"] {
	case "object":
		obj, ok := v.(map[string]any)
		if !ok {
			l.addf("%s must be an object", at)
			return
		}
		l.fields(nsid, s, obj, at, func(k string, s, v any) { l.check(nsid, s, v, at+"."+k) })
	case "ref":
		id, name := target(nsid, s["ref"].(string))
		l.check(id, any(l.def(id, name)), v, at)
	case "union":
		l.union(nsid, s, v, at)
	case "array":
		l.array(nsid, s, v, at)
	case "string":
		text, ok := v.(string)
		if most, has := s["maxLength"].(float64); !ok || has && len(text) > int(most) {
			l.addf("%s must be a text of at most %v bytes", at, s["maxLength"])
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != float64(int64(n)) || s["minimum"] != nil && n < s["minimum"].(float64) {
			l.addf("%s must be an integer of at least %v", at, s["minimum"])
		}
	case "blob":
		b, _ := v.(map[string]any)
		size, _ := b["size"].(float64)
		if b["$type"] != "blob" || b["mimeType"] == nil || b["ref"] == nil || size <= 0 || s["maxSize"] != nil && size > s["maxSize"].(float64) {
			l.addf("%s must be a blob of at most %v bytes", at, s["maxSize"])
		}
	}
}

func (l *lexicons) array(nsid string, s schema, v any, at string) {
	list, ok := v.([]any)
	if most, has := s["maxLength"].(float64); !ok || has && len(list) > int(most) {
		l.addf("%s must be a list of at most %v", at, s["maxLength"])
	}
	for i, e := range list {
		l.check(nsid, s["items"], e, fmt.Sprintf("%s[%d]", at, i))
	}
}

func (l *lexicons) union(nsid string, s schema, v any, at string) {
	obj, _ := v.(map[string]any)
	kind, _ := obj["$type"].(string)
	for _, r := range s["refs"].([]any) {
		id, name := target(nsid, r.(string))
		full := id
		if name != "main" {
			full += "#" + name
		}
		if full == kind {
			l.check(id, any(l.def(id, name)), v, at)
			return
		}
	}
	l.addf("%s has $type %q, want one of %v", at, kind, s["refs"])
}

func target(nsid, ref string) (id, name string) {
	id, name, ok := strings.Cut(ref, "#")
	if !ok {
		name = "main"
	}
	if id == "" {
		id = nsid
	}
	return id, name
}
