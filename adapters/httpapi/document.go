package httpapi

import (
	"encoding/json"
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
