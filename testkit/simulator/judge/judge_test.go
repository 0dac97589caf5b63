package judge_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/testkit/simulator/judge"
)

const described = `{
	"paths": {
		"/posts/{id}": {"get": {"responses": {
			"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Post"}}}},
			"204": {},
			"409": {"content": {
				"application/json": {"schema": {"type": "object", "required": ["error"]}},
				"application/problem+json": {"schema": {"type": "object", "required": ["title"]}}
			}},
			"4XX": {"content": {"application/json": {"schema": {"type": "object", "required": ["error"]}}}}
		}}},
		"/posts/mine": {"get": {"responses": {"200": {"schema": {"type": "array", "items": {"type": "integer"}}}}}}
	},
	"components": {"schemas": {
		"Post": {"type": "object", "required": ["id"], "additionalProperties": false, "properties": {
			"id": {"type": "string"}, "likes": {"type": "integer"}, "state": {"type": "string", "enum": ["out", "gone"]},
			"parent": {"anyOf": [{"$ref": "#/components/schemas/Post"}, {"type": "null"}]},
			"tags": {"type": ["array", "null"], "items": {"type": "string"}}, "title": {"type": "string", "nullable": true}
		}}
	}}
}`

func TestAnswer(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		method, path string
		status       int
		body         string
		want         string // empty: nothing is wrong
	}{
		"as described":      {"GET", "/posts/1", 200, `{"id":"1","likes":3,"state":"out","parent":{"id":"0"},"tags":["a"],"title":null}`, ""},
		"nothing at all":    {"GET", "/posts/1", 200, `{"id":"1","parent":null,"tags":null}`, ""},
		"nearer path":       {"GET", "/posts/mine", 200, `[1,2]`, ""},
		"no schema":         {"GET", "/posts/1", 204, ``, ""},
		"not described":     {"GET", "/posts/1", 503, `{}`, ""},
		"no such call":      {"GET", "/post/1", 200, `{}`, "there is no such call"},
		"wrong method":      {"PUT", "/posts/1", 200, `{}`, "there is no such call"},
		"no JSON":           {"GET", "/posts/1", 200, `<html>`, "is no JSON"},
		"lacks a member":    {"GET", "/posts/1", 200, `{}`, "the answer lacks id"},
		"wrong type":        {"GET", "/posts/1", 200, `{"id":1}`, "id is 1, want string"},
		"no integer":        {"GET", "/posts/1", 200, `{"id":"1","likes":1.5}`, "likes is 1.5, want integer"},
		"no such choice":    {"GET", "/posts/1", 200, `{"id":"1","state":"lost"}`, "state is \"lost\", want one of"},
		"unknown member":    {"GET", "/posts/1", 200, `{"id":"1","name":"x"}`, "has name"},
		"null":              {"GET", "/posts/1", 200, `{"id":null}`, "id is null"},
		"inside a choice":   {"GET", "/posts/1", 200, `{"id":"1","parent":{}}`, "parent lacks id"},
		"inside a list":     {"GET", "/posts/mine", 200, `[1,"2"]`, "[1] is \"2\", want integer"},
		"another way":       {"GET", "/posts/1", 409, `{"title":"x"}`, ""},
		"no way":            {"GET", "/posts/1", 409, `{}`, "lacks error"},
		"range of statuses": {"GET", "/posts/1", 404, `{}`, "lacks error"},
	}
	d, err := judge.Read([]byte(described))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := d.Answer(c.method, c.path, c.status, []byte(c.body))
			if c.want == "" && len(got) != 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{"no JSON": `paths:`, "no API": `{"definitions":{}}`} {
		if _, err := judge.Read([]byte(raw)); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}
