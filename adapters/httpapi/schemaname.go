package httpapi

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// errorSchema is what ErrorBody is called in the document.
const errorSchema = "ErrorBody"

// schemaName is what a type is called in the document, and in clients made from
// it: postBody is Post there, targetObject TargetInput, the body of
// listPostsOutput PostList, and that of approveInput ApproveRequest.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if name == errorSchema {
		return name
	}
	if rest, ok := strings.CutSuffix(name, "OutputBody"); ok {
		if what, ok := strings.CutPrefix(rest, "List"); ok {
			return strings.TrimSuffix(what, "s") + "List"
		}
		return rest + "Answer"
	}
	for _, ending := range [][2]string{{"InputBody", "Request"}, {"Object", "Input"}, {"Body", ""}} {
		if rest, ok := strings.CutSuffix(name, ending[0]); ok && rest != "" {
			return rest + ending[1]
		}
	}
	return name
}
