package vendorspec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crierhq/crier/testkit/vendorspec"
)

const openAPI = `{"openapi":"3.0.0","servers":[{"url":"https://api.example.com/v1"}],"paths":{
"/posts":{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Post"}}}},
 "responses":{"201":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Made"}}}}}}},
"/posts/{id}":{"get":{"parameters":[{"name":"expand","in":"query"}]}}},
"components":{"schemas":{
"Post":{"type":"object","additionalProperties":false,"required":["text"],"properties":{"text":{"type":"string"},"who":{"enum":["all","some"]},"loud":{"type":"boolean"},
 "media":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"}}}}}},
"Made":{"type":"object","required":["id"],"properties":{"id":{"type":"string"}}}}}}`

const swagger = `{"swagger":"2.0","basePath":"/api","paths":{"/chat.post":{"post":{"parameters":[{"in":"formData","name":"channel"}]}}}}`

const discovery = `{"discoveryVersion":"v1","parameters":{"key":{}},"schemas":{"Video":{"properties":{"title":{"type":"string"}}}},
"resources":{"videos":{"methods":{"insert":{"httpMethod":"POST","path":"v3/videos","parameters":{"part":{"type":"string"}},"request":{"$ref":"Video"},
 "mediaUpload":{"protocols":{"resumable":{"path":"/upload/v3/videos"}}}}}}}}`

const bots = `{"methods":{"sendMessage":{"returns":["Message"],"fields":[{"name":"chat_id","types":["Integer","String"],"required":true},{"name":"text","types":["String"],"required":true}]}},
"types":{"Message":{"fields":[{"name":"message_id","types":["Integer"],"required":true}]}}}`

const nodes = `{"apis":[{"method":"POST","endpoint":"feed","params":[{"name":"message"}]}]}`

const lexicons = `{"lexicon":1,"id":"example.post.create","defs":{"main":{"type":"procedure",
"parameters":{"type":"params","properties":{"validate":{"type":"boolean"}}},
"input":{"schema":{"type":"object","required":["record"],"properties":{"record":{"type":"unknown"}}}},
"output":{"schema":{"type":"ref","ref":"#made"}}},
"made":{"type":"object","required":["uri"],"properties":{"uri":{"type":"string","format":"at-uri"}}}}}`

const record = `{"lexicon":1,"id":"example.post","defs":{"main":{"type":"record","record":{"type":"object","required":["text"],"properties":{
"text":{"type":"string"},"embed":{"type":"union","refs":["#picture"]},"tags":{"type":"array","items":{"type":"string"}}}}},
"picture":{"type":"object","required":["image"],"properties":{"image":{"type":"blob"}}}}}`

const written = `
openapi: 3.0.3
# Comments are nothing.
paths:
  /pins:
    post:
      description: |-
        Makes: a pin.

          - not a list
      requestBody:
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/Pin'
      responses:
        '201': {}
components:
  schemas:
    Pin:
      type: object
      discriminator:
        propertyName: kind
        mapping:
          photo: '#/components/schemas/Photo'
          film: "#/components/schemas/Film"
    Photo:
      properties:
        kind:
          enum:
          - photo   # also without being indented
        link: {}
      required:
        - kind
    Film:
      allOf:
        - type: object
          properties:
            kind:
              type: string
            cover:
              type: string
              description: 'It''s
                what people see: first.'
          required:
            - cover
`

// spec puts the descriptions above into dir, and reads them.
func spec(t *testing.T, dir string) *vendorspec.Spec {
	t.Helper()
	var names []string
	for name, text := range map[string]string{"a.json": openAPI, "b.json": swagger, "c.json": discovery, "d.json": bots, "e.json": nodes, "f/g.json": lexicons, "f/h.json": record, "i.yaml": written} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if name = strings.TrimSuffix(name, "/h.json"); name != "f/g.json" { // the folder f stands for both
			names = append(names, name)
		}
	}
	s, err := vendorspec.Read(names...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type m = map[string]any

func TestRequests(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CRIER_SPECS", dir)
	s := spec(t, dir)
	for name, tc := range map[string]struct {
		request vendorspec.Request
		want    string // a part of the one finding; empty: none
	}{
		"right":             {vendorspec.Request{Method: "POST", URL: "https://api.example.com/v1/posts", Body: m{"text": "a", "who": "all", "loud": true, "media": []any{m{"id": "1"}}}}, ""},
		"behind a proxy":    {vendorspec.Request{Method: "POST", URL: "http://127.0.0.1:8090/api.example.com/v1/posts", Body: m{"text": "a"}}, ""},
		"no such call":      {vendorspec.Request{Method: "PUT", URL: "https://api.example.com/v1/posts"}, "there is no call"},
		"unknown parameter": {vendorspec.Request{Method: "GET", URL: "https://api.example.com/v1/posts/7?expnd=1"}, "no parameter expnd"},
		"unknown field":     {vendorspec.Request{Method: "POST", URL: "https://api.example.com/v1/posts", Body: m{"text": "a", "txt": "b"}}, "no field body.txt"},
		"missing field":     {vendorspec.Request{Method: "POST", URL: "https://api.example.com/v1/posts", Body: m{}}, "body.text is required"},
		"wrong type":        {vendorspec.Request{Method: "POST", URL: "https://api.example.com/v1/posts", Body: m{"text": 7.0}}, "body.text is 7"},
		"unknown value":     {vendorspec.Request{Method: "POST", URL: "https://api.example.com/v1/posts", Body: m{"text": "a", "who": "none"}}, "want one of"},
		"deep":              {vendorspec.Request{Method: "POST", URL: "https://api.example.com/v1/posts", Body: m{"text": "a", "media": []any{m{"id": 1.0}}}}, "body.media[0].id is 1"},
		"form":              {vendorspec.Request{Method: "POST", URL: "https://api.example.com/v1/posts", Body: m{"text": "a", "loud": "true"}, Form: true}, ""},
		"swagger":           {vendorspec.Request{Method: "POST", URL: "https://x.example/api/chat.post", Body: m{"chanel": "a"}}, "no field body.chanel"},
		"discovery":         {vendorspec.Request{Method: "POST", URL: "https://x.example/upload/v3/videos?part=snippet&key=1", Body: m{"titel": "a"}}, "no field body.titel"},
		"bots":              {vendorspec.Request{Method: "POST", URL: "https://x.example/bot123:abc/sendMessage", Body: m{"chat_id": "@a"}}, "body.text is required"},
		"bots, a choice":    {vendorspec.Request{Method: "POST", URL: "https://x.example/bot123:abc/sendMessage", Body: m{"chat_id": true, "text": "a"}}, "body.chat_id"},
		"nodes":             {vendorspec.Request{Method: "POST", URL: "https://x.example/v25.0/77/feed", Body: m{"massage": "a"}}, "no field body.massage"},
		"yaml":              {vendorspec.Request{Method: "POST", URL: "https://x.example/pins", Body: m{"kind": "photo", "link": "a"}}, ""},
		"yaml, a kind":      {vendorspec.Request{Method: "POST", URL: "https://x.example/pins", Body: m{"kind": "film", "cover": "a"}}, ""},
		"yaml, no kind":     {vendorspec.Request{Method: "POST", URL: "https://x.example/pins", Body: m{"kind": "photo", "lnk": "a"}}, "no field body.lnk"},
		"lexicon":           {vendorspec.Request{Method: "POST", URL: "https://x.example/xrpc/example.post.create?validate=true", Body: m{"record": m{"$type": "example.post", "text": "a"}}}, ""},
		"lexicon, inside":   {vendorspec.Request{Method: "POST", URL: "https://x.example/xrpc/example.post.create", Body: m{"record": m{"$type": "example.post", "text": "a", "tag": "b"}}}, "no field body.record.tag"},
		"lexicon, a union":  {vendorspec.Request{Method: "POST", URL: "https://x.example/xrpc/example.post.create", Body: m{"record": m{"$type": "example.post", "text": "a", "embed": m{"$type": "example.post#picture", "image": m{"$type": "blob", "ref": m{}, "mimeType": "a"}}}}}, "image.size is required"},
		"lexicon, others":   {vendorspec.Request{Method: "POST", URL: "https://x.example/xrpc/example.post.create", Body: m{"record": m{"$type": "other.post", "what": "ever"}}}, ""},
	} {
		got := s.Request(tc.request)
		switch {
		case tc.want == "" && len(got) > 0:
			t.Errorf("%s: got %q, want nothing", name, got)
		case tc.want != "" && (len(got) != 1 || !strings.Contains(got[0], tc.want)):
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CRIER_SPECS", dir)
	s := spec(t, dir)
	const posts = "https://api.example.com/v1/posts"
	if got := s.Answer("POST", posts, 201, m{"id": "1", "more": true}); len(got) > 0 {
		t.Errorf("got %q for a right answer", got)
	}
	if got := s.Answer("POST", posts, 201, m{"id": 1.0}); len(got) != 1 {
		t.Errorf("got %q for a number", got)
	}
	if got := s.Answer("POST", posts, 201, m{}); len(got) != 1 {
		t.Errorf("got %q for an answer without an id", got)
	}
	if got := s.Answer("POST", posts, 400, m{}); len(got) > 0 {
		t.Errorf("got %q for a status that nothing is said of", got)
	}
	if got := s.Answer("POST", "https://x.example/xrpc/example.post.create", 200, m{"uri": 1.0}); len(got) != 1 {
		t.Errorf("got %q for an answer of a lexicon with a number", got)
	}
	if got := s.Answer("POST", "https://x.example/bot1/sendMessage", 200, m{"ok": true, "result": m{"message_id": "1"}}); len(got) != 1 {
		t.Errorf("got %q for a message whose id is a text", got)
	}
}

func TestDescriptionsThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CRIER_SPECS", dir)
	for name, text := range map[string]string{
		"absent": "", "broken": "{", "unknown": "{}", "list.yaml": "- a", "empty.yaml": "# nothing", "anchor.yaml": "openapi: &a 3", "flow.yaml": "openapi: [3]",
		"deeper.yaml": "openapi: 3\n  info: 4\n   x: 5\n a: 1", "quote.yaml": "openapi: 'a\nb: c", "escape.yaml": `openapi: "\q"`, "word.yaml": "openapi: 3\nwhat",
	} {
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := vendorspec.Read(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error with its name", name, err)
		}
	}
}
