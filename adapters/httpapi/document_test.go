package httpapi_test

import (
	"strings"
	"testing"

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
