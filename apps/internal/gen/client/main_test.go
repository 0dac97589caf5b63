package main

import (
	"io"
	"strings"
	"testing"
)

// TestClientIsFresh compares what is in the repository with the code. After a
// change run: make gen.
func TestClientIsFresh(t *testing.T) {
	t.Parallel()
	if err := run("../../../..", true, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestDocumentsThatLeaveThingsOpen(t *testing.T) {
	t.Parallel()
	const ok = `"responses":{"204":{}}`
	for name, tc := range map[string]struct{ operation, want string }{
		"no id":          {`{` + ok + `}`, "GET /x: it has no operationId"},
		"no success":     {`{"operationId":"a","responses":{"400":{}}}`, "it has no answer of success"},
		"nameless body":  {`{"operationId":"a","requestBody":{"content":{"application/json":{"schema":{"type":"object"}}}},` + ok + `}`, "the schema of its body has no name"},
		"nameless reply": {`{"operationId":"a","responses":{"200":{"content":{"application/json":{"schema":{"type":"object"}}}}}}`, "the schema of its answer has no name"},
		"fine":           {`{"operationId":"a",` + ok + `}`, ""},
	} {
		_, err := prepare([]byte(`{"paths":{"/x":{"get":` + tc.operation + `}}}`))
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}
