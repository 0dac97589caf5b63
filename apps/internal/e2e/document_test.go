package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/crierhq/crier/adapters/httpapi"
)

// document is the OpenAPI document as somebody else reads it.
type document struct {
	operations []*operation
	components map[string]any // the schemas
	compiler   *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
}

// operation is one operation of the document.
type operation struct {
	id, method, path string
	public           bool
	match            *regexp.Regexp
	doc              map[string]any
}

func (o *operation) String() string { return o.method + " " + o.path }

const documentName = "file:///openapi.json"

// read is the document that all tests share; it never changes.
var read = sync.OnceValues(func() (*document, error) {
	text, err := json.Marshal(httpapi.OpenAPI(httpapi.Title, httpapi.Version))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	d := &document{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentName, doc); err != nil {
		return nil, err
	}
	root := doc.(map[string]any)
	d.components = root["components"].(map[string]any)["schemas"].(map[string]any)
	paths := root["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			op := item[method].(map[string]any)
			id, _ := op["operationId"].(string)
			pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
			d.operations = append(d.operations, &operation{
				id: id, method: strings.ToUpper(method), path: path, public: op["security"] == nil,
				match: regexp.MustCompile("^" + pattern + "$"), doc: op,
			})
		}
	}
	return d, nil
})

func openDocument(t testing.TB) *document {
	t.Helper()
	d, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// find returns the operation of a request; the one with fewer variables where
// two match, or nil.
func (d *document) find(method, path string) *operation {
	var found *operation
	for _, op := range d.operations {
		if op.method == method && op.match.MatchString(path) && (found == nil || strings.Count(op.path, "{") < strings.Count(found.path, "{")) {
			found = op
		}
	}
	return found
}

// schema compiles the schema at a pointer into the document, once.
func (d *document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.schemas[pointer]; ok {
		return s, nil
	}
	s, err := d.compiler.Compile(documentName + pointer)
	d.schemas[pointer] = s
	return s, err
}

var escape = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")

// check reports what is wrong with an answer: a status, a type or a body that
// the document does not know.
func (d *document) check(op *operation, status int, header http.Header, body []byte) error {
	responses := op.doc["responses"].(map[string]any)
	key := fmt.Sprint(status)
	answer, ok := responses[key].(map[string]any)
	if !ok {
		return fmt.Errorf("the document knows no answer %d of %s; got %.300s", status, op, body)
	}
	pointer := "#/paths/" + escape.Replace(op.path) + "/" + strings.ToLower(op.method) + "/responses/" + key
	if ref, ok := answer["$ref"].(string); ok {
		return d.checkError(ref, status, header, body)
	}
	content, _ := answer["content"].(map[string]any)
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	switch {
	case len(content) == 0 && len(body) == 0:
		return nil
	case content["application/octet-stream"] != nil:
		return nil // the bytes of somebody
	case content[kind] == nil:
		return fmt.Errorf("the document knows no %q in the answer %d of %s", kind, status, op)
	case kind != "application/json":
		return nil
	}
	return d.checkJSON(pointer+"/content/application~1json/schema", body)
}

// checkError reports what is wrong with the answer of a failure.
func (d *document) checkError(ref string, status int, header http.Header, body []byte) error {
	if kind := header.Get("Content-Type"); kind != "application/json" {
		return fmt.Errorf("the failure %d has the type %q: %.300s", status, kind, body)
	}
	if err := d.checkJSON(ref+"/content/application~1json/schema", body); err != nil {
		return err
	}
	var said struct{ StatusCode int }
	if err := json.Unmarshal(body, &said); err != nil || said.StatusCode != status {
		return fmt.Errorf("the failure %d calls itself %d", status, said.StatusCode)
	}
	return nil
}

func (d *document) checkJSON(pointer string, body []byte) error {
	s, err := d.schema(pointer)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %.300s is no JSON: %w", pointer, body, err)
	}
	if err := s.Validate(v); err != nil {
		return fmt.Errorf("%s: %w, in %.300s", pointer, err, body)
	}
	return nil
}

// watch is an http.RoundTripper that holds every answer against the document,
// and says once what is wrong with an operation.
type watch struct {
	t    testing.TB
	doc  *document
	next http.RoundTripper
	told sync.Map
}

// RoundTrip implements http.RoundTripper.
func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	op := w.doc.find(r.Method, r.URL.EscapedPath())
	if op == nil {
		w.t.Errorf("%s %s is in no document", r.Method, r.URL.Path)
		return resp, nil
	}
	if err := w.doc.check(op, resp.StatusCode, resp.Header, body); err != nil {
		if _, told := w.told.LoadOrStore(fmt.Sprint(op, resp.StatusCode), true); !told {
			w.t.Errorf("%s: %v", op, err)
		}
	}
	return resp, nil
}

// TestExamplesAreTrue: what the explorer offers to send is valid, and so is what
// it shows as an answer.
func TestExamplesAreTrue(t *testing.T) {
	t.Parallel()
	d := openDocument(t)
	n := 0
	try := func(pointer string, media any) {
		example, ok := media.(map[string]any)["example"]
		if !ok {
			return
		}
		n++
		s, err := d.schema(pointer + "/schema")
		if err == nil {
			err = s.Validate(example)
		}
		if err != nil {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	for _, op := range d.operations {
		base := "#/paths/" + escape.Replace(op.path) + "/" + strings.ToLower(op.method)
		for pointer, part := range map[string]any{base + "/requestBody": op.doc["requestBody"]} {
			for kind, media := range contentOf(part) {
				try(pointer+"/content/"+escape.Replace(kind), media)
			}
		}
		for status, answer := range op.doc["responses"].(map[string]any) {
			for kind, media := range contentOf(answer) {
				try(base+"/responses/"+status+"/content/"+escape.Replace(kind), media)
			}
		}
	}
	if n < 50 {
		t.Errorf("found %d examples, want those of all operations", n)
	}
}

func contentOf(v any) map[string]any {
	part, _ := v.(map[string]any)
	content, _ := part["content"].(map[string]any)
	return content
}

// TestWrongAnswersAreFound: a check that takes everything would find nothing.
func TestWrongAnswersAreFound(t *testing.T) {
	t.Parallel()
	d := openDocument(t)
	op := d.find("GET", "/livez")
	if op == nil || d.find("GET", "/nowhere") != nil || d.find("GET", "/integrations/providers").id != "list-providers" {
		t.Fatal("operations are not found by their path")
	}
	const failure = `{"statusCode":500,"message":"No.","errors":[],"code":"internal"}`
	for name, tc := range map[string]struct {
		status     int
		kind, body string
		ok         bool
	}{
		"right":               {200, "application/json", `{"status":"ok"}`, true},
		"another status":      {201, "application/json", `{"status":"ok"}`, false},
		"another type":        {200, "text/plain", `{"status":"ok"}`, false},
		"no JSON":             {200, "application/json", `{"status":`, false},
		"nothing":             {200, "application/json", ``, false},
		"a missing field":     {200, "application/json", `{}`, false},
		"a new field":         {200, "application/json", `{"status":"ok","more":1}`, false},
		"another word":        {200, "application/json", `{"status":"fine"}`, false},
		"a failure":           {500, "application/json", failure, true},
		"a page of a failure": {500, "text/html", failure, false},
		"another failure":     {500, "application/json", strings.Replace(failure, "500", "400", 1), false},
		"no errors":           {500, "application/json", strings.Replace(failure, "[]", "null", 1), false},
	} {
		err := d.check(op, tc.status, http.Header{"Content-Type": {tc.kind}}, []byte(tc.body))
		if (err == nil) != tc.ok {
			t.Errorf("%s: got %v, want it taken: %t", name, err, tc.ok)
		}
	}
}
