package httpapi

import (
	"encoding/json"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// documentPath is where the OpenAPI document is, without its ending.
const documentPath = "/api/openapi"

// registerDocument serves the document in JSON and YAML. It is written at the
// first request, so that it also holds what the host added after Register.
func (a *api) registerDocument() {
	serve := func(ending string, write func(*huma.OpenAPI) ([]byte, error)) {
		text := sync.OnceValues(func() ([]byte, error) { return write(a.huma.OpenAPI()) })
		s := spec{method: "GET", path: documentPath + ending, public: true, anyQuery: true}
		op := &huma.Operation{Method: s.method, Path: s.path}
		enter := a.enter(s)
		a.huma.Adapter().Handle(op, func(ctx huma.Context) {
			enter(ctx, func(ctx huma.Context) {
				b, err := text()
				if err != nil {
					a.writeFailure(requestOf(ctx), err)
					return
				}
				ctx.SetHeader("Content-Type", "application/openapi+"+ending[1:])
				ctx.SetStatus(200)
				_, _ = ctx.BodyWriter().Write(b) // nobody to tell: the client is gone
			})
		})
	}
	serve(".json", func(o *huma.OpenAPI) ([]byte, error) { return json.MarshalIndent(o, "", "  ") })
	serve(".yaml", func(o *huma.OpenAPI) ([]byte, error) { return o.YAML() })
}

// documentContent says what success looks like where huma cannot know, because
// an operation writes its answer itself.
func (a *api) documentContent(op huma.Operation, schemas map[string]*huma.Schema) {
	answer := operationsOf(a.huma.OpenAPI().Paths[op.Path])[op.Method].Responses[strconv.Itoa(op.DefaultStatus)]
	answer.Headers, answer.Content = nil, map[string]*huma.MediaType{}
	for kind, schema := range schemas {
		answer.Content[kind] = &huma.MediaType{Schema: schema}
	}
}
