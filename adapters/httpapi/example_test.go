package httpapi_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/mempassword"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/social"
)

// The API goes below a path of the host's own mux.
func ExampleRegister() {
	engine, err := newEngine()
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", httpapi.NotFound)
	api := humago.NewWithPrefix(mux, "/crier", httpapi.NewConfig("My API", "1.0.0"))
	err = httpapi.Register(api, engine, httpapi.Config{
		Secret:    []byte("at least thirty-two bytes of randomness"),
		PublicURL: "https://example.org/crier",
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := httpapi.Middleware(httpapi.MiddlewareConfig{})(mux)

	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/crier/auth/register",
		strings.NewReader(`{"email":"ann@example.org","password":"long enough"}`)))
	fmt.Println(answer.Code, strings.Contains(answer.Body.String(), "accessToken"))
	// Output: 201 true
}

// newEngine returns an engine that keeps everything in memory.
func newEngine() (*core.Engine, error) {
	blobs, err := memblob.New(time.Now)
	if err != nil {
		return nil, err
	}
	sealer, err := memseal.New()
	if err != nil {
		return nil, err
	}
	hasher, err := mempassword.New(mempassword.Config{})
	if err != nil {
		return nil, err
	}
	return core.New(core.Config{
		Store: memstore.New(), Blobs: blobs, Sealer: sealer, Hasher: hasher, Providers: []social.Provider{formPlatform{}},
	})
}
