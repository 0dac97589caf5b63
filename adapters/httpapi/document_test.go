package httpapi_test

import (
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/adapters/httpapi"
)

// TestSchemasHavePleasantNames: clients are made from the document, and their
// types are called like its schemas.
func TestSchemasHavePleasantNames(t *testing.T) {
	t.Parallel()
	schemas := httpapi.OpenAPI("x", "1").Components.Schemas.Map()
	for _, want := range []string{"Post", "PostInput", "PostList", "TargetInput", "ApproveRequest", "ValidateAnswer", "Session", "ErrorBody"} {
		if schemas[want] == nil {
			t.Errorf("there is no schema %s", want)
		}
	}
	for name := range schemas {
		if strings.HasSuffix(name, "Body") && name != "ErrorBody" || strings.HasSuffix(name, "Output") {
			t.Errorf("the schema %s is called like a type of Go", name)
		}
	}
}

// TestEveryOperationIsDocumented: what the explorer shows, what the linter asks
// for, and what clients are made from. A finding says what to add to the spec of
// the operation.
func TestEveryOperationIsDocumented(t *testing.T) {
	t.Parallel()
	doc := httpapi.OpenAPI("x", "1")
	tags, ids := map[string]bool{}, map[string]bool{}
	for _, tag := range doc.Tags {
		if tags[tag.Name] = true; tag.Description == "" {
			t.Errorf("the tag %q has no text; add one to tagTexts", tag.Name)
		}
	}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			for _, finding := range undocumented(path, op) {
				t.Errorf("%s %s: %s", method, path, finding)
			}
			if len(op.Tags) != 1 || !tags[op.Tags[0]] || ids[op.OperationID] {
				t.Errorf("%s %s: it has the tags %q and the id %q, want one tag, and an id of its own", method, path, op.Tags, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
}

// undocumented says what is missing in the documentation of an operation.
func undocumented(path string, op *huma.Operation) (findings []string) {
	check := func(ok bool, finding string) {
		if !ok {
			findings = append(findings, finding)
		}
	}
	check(op.OperationID != "", "it has no id")
	check(op.Summary != "", "it has no summary")
	check(strings.HasSuffix(op.Description, "."), "its text is missing, or no sentence")
	check(op.Responses["500"] != nil, "its error 500 is missing")
	check(!strings.Contains(path, "{") || op.Responses["404"] != nil, "its error 404 is missing")
	if op.RequestBody != nil {
		for _, status := range []string{"400", "413", "415"} {
			check(op.Responses[status] != nil, "it takes a body, and its error "+status+" is missing")
		}
		media := op.RequestBody.Content["application/json"]
		check(media == nil || media.Example != nil, "its body has no example; add one to requestExamples")
	}
	success := false
	for status, answer := range op.Responses {
		if strings.HasPrefix(status, "3") {
			continue
		}
		if !strings.HasPrefix(status, "2") {
			check(strings.HasPrefix(answer.Ref, "#/components/responses/"), "its error "+status+" is none of ours")
			continue
		}
		success = true
		media := answer.Content["application/json"]
		check(media == nil || media.Example != nil, "its answer has no example")
		check(status == "202" || status == "204" || len(answer.Content) > 0, "it does not say what its answer "+status+" is")
	}
	check(success, "it has no success")
	return findings
}

func TestUndocumentedOperationsAreFound(t *testing.T) {
	t.Parallel()
	fine := func() *huma.Operation {
		some := func() map[string]*huma.MediaType { return map[string]*huma.MediaType{"application/json": {Example: 1}} }
		e := &huma.Response{Ref: "#/components/responses/X"}
		return &huma.Operation{
			OperationID: "a", Summary: "A", Description: "A.", RequestBody: &huma.RequestBody{Content: some()},
			Responses: map[string]*huma.Response{"200": {Content: some()}, "400": e, "404": e, "413": e, "415": e, "500": e},
		}
	}
	if got := undocumented("/a/{id}", fine()); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
	for name, spoil := range map[string]func(*huma.Operation){
		"no id":          func(op *huma.Operation) { op.OperationID = "" },
		"no summary":     func(op *huma.Operation) { op.Summary = "" },
		"no text":        func(op *huma.Operation) { op.Description = "" },
		"no sentence":    func(op *huma.Operation) { op.Description = "A" },
		"no 400":         func(op *huma.Operation) { delete(op.Responses, "400") },
		"no 404":         func(op *huma.Operation) { delete(op.Responses, "404") },
		"no 500":         func(op *huma.Operation) { delete(op.Responses, "500") },
		"another error":  func(op *huma.Operation) { op.Responses["409"] = &huma.Response{Description: "No."} },
		"no success":     func(op *huma.Operation) { delete(op.Responses, "200") },
		"an open answer": func(op *huma.Operation) { op.Responses["200"].Content = nil },
		"no example":     func(op *huma.Operation) { op.Responses["200"].Content["application/json"] = &huma.MediaType{} },
		"no example of a body": func(op *huma.Operation) {
			op.RequestBody.Content = map[string]*huma.MediaType{"application/json": {}}
		},
	} {
		op := fine()
		spoil(op)
		if got := undocumented("/a/{id}", op); len(got) != 1 {
			t.Errorf("%s: got %q, want one finding", name, got)
		}
	}
}
